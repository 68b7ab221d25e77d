//! What a page is on paper: whole, without what only a screen needs, on sheets of A4.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::{chromium::Chromium, look::strings};

/// What a sheet of A4 leaves between margins of 14 mm, in CSS pixels.
const SHEET: (u32, u32) = (688, 1000);

/// The mistakes of the page when it is printed. Leaves it on the screen.
pub async fn over(chromium: &Chromium) -> Vec<String> {
    chromium.resize(SHEET.0, SHEET.1).await;
    chromium.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    let script = "
        const short = (e) => e.outerHTML.replace(/\\s+/g, ' ').slice(0, 90);
        const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })
            && e.getBoundingClientRect().height > 0;
        const found = [];
        for (const e of document.querySelectorAll('nav, header.topbar, .no-print, button, summary'))
            if (seen(e)) found.push('only for the screen: ' + short(e));
        for (const details of document.querySelectorAll('main details')) {
            const end = details.getBoundingClientRect().bottom + 1;
            const lost = [...details.querySelectorAll('tr, p, li')].filter((e) => !seen(e) || e.getBoundingClientRect().bottom > end);
            if (lost.length) found.push(`${lost.length} hidden, first: ` + short(lost[0]));
        }
        for (const e of document.querySelectorAll('main *')) {
            const style = getComputedStyle(e);
            if (e.scrollHeight > e.clientHeight + 1 && ['auto', 'scroll', 'hidden'].includes(style.overflowY) && seen(e) && style.position !== 'absolute')
                found.push('cut off: ' + short(e));
        }
        const page = document.documentElement;
        if (page.scrollWidth > page.clientWidth) found.push(`${page.scrollWidth} wide on ${page.clientWidth}`);
        return found;";
    let mut findings = strings(&chromium.client.execute(script, vec![]).await.unwrap());
    let printed = json!({ "preferCSSPageSize": true });
    let answer = chromium.devtools("Page.printToPDF", printed).await;
    findings.extend(
        sheets(&answer).into_iter().filter(|size| size != "595 × 842").map(|size| format!("a sheet of {size}")),
    );
    chromium.devtools("Emulation.setEmulatedMedia", json!({ "media": "" })).await;
    findings
}

/// The sizes of the sheets of a PDF file, in points.
fn sheets(answer: &Value) -> Vec<String> {
    let file = BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
    let text = String::from_utf8_lossy(&file);
    let sizes: Vec<String> = text
        .split("/MediaBox")
        .skip(1)
        .map(|after| {
            let numbers = after.split(['[', ']']).nth(1).unwrap_or_default().split_whitespace().skip(2);
            let rounded = numbers.map(|number| format!("{:.0}", number.parse::<f64>().unwrap_or_default()));
            rounded.collect::<Vec<_>>().join(" × ")
        })
        .collect();
    assert!(!sizes.is_empty(), "no sheet in the file");
    sizes
}
