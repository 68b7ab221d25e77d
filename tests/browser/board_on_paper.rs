//! The scoreboard on paper: A4, no wider than the sheet, and without what only a screen can use.

use attain::demo::fill::PASSWORD;

use crate::window::Window;

const MANAGER: &str = "kari@nordlys.example";
/// The width that the margins of the style sheet leave of an A4 sheet: 210 mm less twice 14 mm, at 96 pixels an inch.
const PAPER: u32 = 687;
/// What of a board is cut off or on top of something else, and what of the screen is left: told by the browser itself.
const WRONG: &str = "
    const right = document.documentElement.clientWidth, wrong = [];
    const shown = (element) => element.checkVisibility();
    const words = (element) => (element.innerText || element.className || element.tagName).trim().slice(0, 30);
    for (const element of document.querySelectorAll('main :is(p, dl, section, table, tr:first-child > *)')) {
        const box = element.getBoundingClientRect();
        if (shown(element) && box.right > right + 1)
            wrong.push('past the sheet by ' + Math.ceil(box.right - right) + ' px: ' + words(element));
    }
    for (const box of document.querySelectorAll('main .scroll'))
        if (box.scrollWidth > box.clientWidth + 1) wrong.push('cut: ' + words(box));
    for (const cell of document.querySelectorAll('.board :is(th, td)'))
        if (cell.scrollWidth > cell.clientWidth + 1) wrong.push('too wide for its column: ' + words(cell));
    for (const control of document.querySelectorAll('nav, form, button, select, .seg, .topbar, .tabbar, .toast, .btn'))
        if (shown(control)) wrong.push('nothing for paper: ' + words(control));
    if (![...document.querySelectorAll('table.board')].some(shown)) wrong.push('no board');
    return wrong;";

/// Prints boards of several widths.
pub async fn boards(window: &mut Window) {
    window.open("/sign-in").await;
    window.sign_in(MANAGER, PASSWORD).await;
    for path in [
        "/scoreboard?period=2026-11",
        "/scoreboard?period=2026-11&compare=before",
        "/scoreboard?period=2026",
        "/scoreboard?period=2026-10&compare=year",
    ] {
        window.open(path).await;
        window.sees("Reps ranked by scorecard").await;
        let heads = window.words("table.board thead").await.replace("?\n", "");
        window.chromium.on_paper(Some(PAPER)).await;
        let wrong = window.chromium.client.execute(WRONG, vec![]).await.unwrap();
        let wrong = wrong.as_array().unwrap().iter().map(|one| format!("{path} on paper: {}", one.as_str().unwrap()));
        window.findings.extend(wrong);
        assert_eq!(window.words("table.board thead").await, heads, "every column is printed");
        let printed = window.chromium.print().await;
        window.chromium.on_paper(None).await;
        let text = String::from_utf8_lossy(&printed);
        let sheets: Vec<&str> = text.match_indices("/MediaBox").map(|(at, _)| &text[at..]).collect();
        assert!(!sheets.is_empty() && sheets.iter().all(|sheet| is_a4(sheet)), "{path}: {:?}", sheets.first());
    }
}

/// Whether a sheet is 210 mm by 297 mm: 595 by 842 points.
fn is_a4(sheet: &str) -> bool {
    let numbers = sheet.split_once('[').and_then(|(_, rest)| rest.split_once(']')).unwrap().0;
    let rounded = |number: &str| format!("{:.0}", number.parse::<f64>().unwrap());
    numbers.split_whitespace().map(rounded).eq(["0", "0", "595", "842"])
}
