//! What every page must be: without barriers (WCAG 2.2 AA, as far as axe sees them) on a phone and on a desktop, in the
//! light and in the dark; no wider than a narrow phone; and silent in the console.

use serde_json::Value;

use crate::chromium::Chromium;

const AXE: &str = include_str!("../vendor/axe-core-4.14.1/axe.min.js");

const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const NARROW_PHONE: (u32, u32) = (320, 640);

/// Makes the window what it is between looks, after something else has changed it.
pub async fn leave_paper(chromium: &Chromium) {
    chromium.resize(DESKTOP.0, DESKTOP.1).await;
    chromium.prefer("light").await;
}

/// The mistakes of the page that the browser shows. Leaves it on the desktop, in the light.
pub async fn over(chromium: &Chromium) -> Vec<String> {
    let mut findings = Vec::new();
    // In the dark only colours change: the other rules need no second look there.
    for (size, scheme, rules) in [
        (PHONE, "light", ALL_RULES),
        (NARROW_PHONE, "light", ALL_RULES),
        (PHONE, "dark", COLOUR_RULES),
        (DESKTOP, "dark", COLOUR_RULES),
        (DESKTOP, "light", ALL_RULES),
    ] {
        chromium.resize(size.0, size.1).await;
        chromium.prefer(scheme).await;
        let barriers = barriers(chromium, rules).await;
        findings.extend(barriers.into_iter().map(|barrier| format!("{} px, {scheme}: {barrier}", size.0)));
    }
    for (width, height) in [PHONE, NARROW_PHONE] {
        chromium.resize(width, height).await;
        findings.extend(sticking_out(chromium).await.into_iter().map(|words| format!("{width} px: {words}")));
    }
    chromium.resize(DESKTOP.0, DESKTOP.1).await;
    let errors = chromium.console_errors().await.into_iter().filter(|error| !is_refusal(error));
    findings.extend(errors.map(|error| format!("console: {error}")));
    findings
}

const ALL_RULES: &str =
    "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";
const COLOUR_RULES: &str = "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }";

async fn barriers(chromium: &Chromium, rules: &str) -> Vec<String> {
    if chromium.client.execute("return !window.axe", vec![]).await.unwrap() == Value::Bool(true) {
        chromium.client.execute(AXE, vec![]).await.unwrap();
    }
    let script = format!(
        "const done = arguments[arguments.length - 1];
        const words = (node) => node.target.join(' ') + ' (' + node.failureSummary.replace(/\\s+/g, ' ') + ')';
        axe.run({{ runOnly: {rules}, resultTypes: ['violations'] }}).then(
            (found) => done(found.violations.map((rule) => rule.id + ' at ' + rule.nodes.slice(0, 5).map(words).join('; '))),
            (error) => done(['axe failed: ' + error]));"
    );
    strings(&chromium.client.execute_async(&script, vec![]).await.unwrap())
}

/// What makes the page wider than the window, if something does.
async fn sticking_out(chromium: &Chromium) -> Vec<String> {
    let script = "const page = document.documentElement;
        if (page.scrollWidth <= page.clientWidth) return [];
        const wide = [...document.body.querySelectorAll('*')]
            .filter((e) => !e.closest('.scroll') && e.getBoundingClientRect().right > page.clientWidth + 0.5);
        return [`${page.scrollWidth} wide; too far right: ` + wide.slice(0, 4).map((e) => e.outerHTML.slice(0, 90)).join('; ')];";
    strings(&chromium.client.execute(script, vec![]).await.unwrap())
}

/// A form with mistakes (422), a question for the password (403) and a page that is not there (404) are answers that
/// the console reports, too.
fn is_refusal(error: &str) -> bool {
    ["status of 403", "status of 404", "status of 422"].iter().any(|status| error.contains(status))
}

/// A list of texts.
pub fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect()
}
