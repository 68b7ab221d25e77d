//! Two journeys of pay through the demo company: finance from late facts to a paid run, and a rep from a statement to a
//! dispute and back.

use attain::demo::fill::PASSWORD;
use fantoccini::Locator;

use crate::{Sites, window::Window};

const LUC: &str = "luc@nordlys.example";
/// Luc's manager.
const WILLEM: &str = "willem@nordlys.example";
const FREJA: &str = "freja@nordlys.example";
const FARID: &str = "farid@nordlys.example";

/// September is approved when Luc's manager finds a deal of it: October pays what September lacked.
pub async fn late_facts(window: &mut Window, sites: &Sites) {
    window.open("/sign-in").await;
    window.sign_in(WILLEM, PASSWORD).await;
    enter_late(window).await;
    window.change_person(FREJA, PASSWORD).await;
    read_as_known_now(window).await;
    let (run, statement, total) = calculate_again(window).await;
    approve(window, sites, &run).await;
    pay(window, &total).await;
    verify(window, &statement).await;
}

/// A deal of a locked month is entered, and changed with a reason.
async fn enter_late(window: &mut Window) {
    window.open("/statements").await;
    window.click_at("//tr[td[.='Luc Moreau']]//a[starts-with(normalize-space(.), 'September 2026')]").await;
    window.is_at("Commission, September 2026").await;
    window.click_at("//div[@id='line-1']//summary").await;
    let customer = window.words_at("//div[@id='line-1']//tbody/tr/th").await;
    window.go("Deals").await;
    window.click("Enter a deal").await;
    window.fill("Another customer", &customer).await;
    window.fill("Day of the win", "09242026").await;
    window.fill("Line 1: Product or text", "Order found in a mail").await;
    window.fill("Line 1: Net", "9000").await;
    window.choose("Credit 1: Rep", "Luc Moreau").await;
    window.click("Save deal").await;
    window.sees("Its period is locked").await;
    window.click("Change").await;
    window.sees("The period of this deal is locked").await;
    window.look_over("change of a deal in a locked period").await;
    window.fill("Line 1: Net", "10000").await;
    window.fill("Reason", "The order form says so").await;
    window.click("Save deal").await;
    window.sees("The order form says so").await;
    window.sees("€10,000.00").await;
}

async fn read_as_known_now(window: &mut Window) {
    window.go("Runs").await;
    window.click("September 2026").await;
    window.is_at("Commission, September 2026").await;
    let now = window.words("section[aria-labelledby=now]").await;
    for (rep, difference) in [("Luc Moreau Sales", "+€300.00"), ("Willem Bakker Team sales", "+€50.00")] {
        let told = now.lines().any(|line| line.starts_with(rep) && line.ends_with(difference));
        assert!(told, "{rep} {difference} is not in:\n{now}");
    }
    window.look_over("locked run with late facts").await;
}

/// Calculates October with what came late: the paths of its run and of Luc's statement, and what that pays.
async fn calculate_again(window: &mut Window) -> (String, String, String) {
    window.go("Runs").await;
    window.choose("Period", "October 2026").await;
    window.click("Calculate").await;
    window.sees("Submit for approval").await;
    let run = window.path().await;
    window.look_over("run that takes up late facts").await;
    window.click_at("//th/a[.='Luc Moreau']").await;
    window.sees("Sales of 2026-09 was paid as").await;
    let adjusted = window.words("section[aria-labelledby=adjustments]").await;
    assert!(adjusted.contains("Sales, 2026-09") && adjusted.contains("€300.00"), "{adjusted}");
    window.look_over("statement with an adjustment").await;
    let statement = window.path().await;
    let total = window.words(".total").await;
    window.open(&run).await;
    window.click("Submit for approval").await;
    window.sees("Waits for somebody else").await;
    (run, statement, total)
}

/// The other one of finance has been away for a while: so the password is asked for again.
async fn approve(window: &mut Window, sites: &Sites, run: &str) {
    window.change_person(FARID, PASSWORD).await;
    window.site.clone_from(&sites.minutes_later);
    window.open(run).await;
    window.click("Approve 14 statements").await;
    window.is_at("Confirm that it is you").await;
    window.look_over("password again").await;
    window.fill("Password", PASSWORD).await;
    window.click("Confirm and go on").await;
    window.sees("Approved. The period is locked").await;
}

/// The file for payroll has the corrected amount.
async fn pay(window: &mut Window, total: &str) {
    window.click("Payroll, CSV").await;
    let file = window.chromium.downloaded(".csv").await;
    let plain = total.replace(['€', ','], "");
    let row = file.lines().find(|line| line.contains("Luc Moreau")).unwrap_or_default();
    assert!(row.split(',').any(|cell| cell == plain), "{total} is not in {row}:\n{file}");
    window.click("Mark as paid").await;
    window.sees("Marked as paid").await;
    window.look_over("paid run").await;
}

/// What is paid is verified, and printed.
async fn verify(window: &mut Window, statement: &str) {
    window.open(statement).await;
    window.sees("by Farid Amiri").await;
    window.click("Verify").await;
    window.sees("the same to the last letter").await;
    window.look_over("statement that was verified").await;
    // As it is sent to others: its lines opened, and nothing of the page around it.
    window.open(statement).await;
    assert!(window.chromium.client.find_all(Locator::Css("main details tbody tr")).await.unwrap().len() > 3);
    window.print_over("statement").await;
}

/// Luc disputes a line of that statement; what finance accepts comes with November.
pub async fn a_dispute(window: &mut Window) {
    window.change_person(LUC, PASSWORD).await;
    ask(window).await;
    window.change_person(FREJA, PASSWORD).await;
    accept(window).await;
    window.change_person(LUC, PASSWORD).await;
    read_the_answer(window).await;
    accept_the_plan(window).await;
}

async fn ask(window: &mut Window) {
    window.go("Commission").await;
    window.click("October 2026").await;
    window.is_at("Commission, October 2026").await;
    let pays = window.words("#line-1 .amt").await;
    window.click_at("//div[@id='line-1']//a[.='Ask or dispute']").await;
    window.is_at("Ask or dispute").await;
    window.look_over("ask or dispute").await;
    window.fill("What is wrong, or what you want to know", "The fair in Molde is missing.").await;
    let cents: i64 = pays.replace(['€', ',', '.'], "").parse().unwrap();
    window.fill("What it should pay", &format!("{}.{:02}", (cents + 4_500) / 100, (cents + 4_500) % 100)).await;
    window.click("Send").await;
    window.sees("Sent. You are told here of each answer").await;
    window.is_at("Sales, October 2026").await;
    window.look_over("own dispute").await;
}

/// Finance is told, answers and accepts.
async fn accept(window: &mut Window) {
    window.open("/notices").await;
    window.sees("Luc Moreau disputes Sales, October 2026").await;
    window.click_at("//nav[@aria-label='Main']//a[starts-with(normalize-space(.), 'Disputes')]").await;
    window.sees("Two disputes wait for an answer").await;
    window.look_over("queue of disputes").await;
    window.click("Sales, October 2026").await;
    window.is_at("Sales, October 2026").await;
    window.fill("Message", "Which order is it?").await;
    window.click("Send").await;
    window.sees("Message sent").await;
    assert_eq!(window.value("What is paid on top").await, "45.00");
    window.look_over("dispute to decide").await;
    window.fill("Reason", "The fair in Molde").await;
    window.click("Accept and pay").await;
    window.sees("Accepted: €45.00 comes with November 2026").await;
}

async fn read_the_answer(window: &mut Window) {
    window.open("/notices").await;
    window.sees("Freja Aune answered your dispute about Sales, October 2026").await;
    window.look_over("notices").await;
    window.click("Freja Aune accepted your dispute about Sales, October 2026").await;
    window.is_at("Sales, October 2026").await;
    window.sees("Accepted, €45.00 comes with November 2026").await;
    window.look_over("dispute that was accepted").await;
    window.go("Commission").await;
    window.click("Commission so far").await;
    window.is_at("Commission so far, November 2026").await;
    let adjusted = window.words("section[aria-labelledby=adjustments]").await;
    assert!(adjusted.contains("The fair in Molde") && adjusted.contains("€45.00"), "{adjusted}");
    window.look_over("commission so far with an adjustment").await;
}

/// Luc's letter has waited for him.
async fn accept_the_plan(window: &mut Window) {
    window.open("/my-plan").await;
    window.look_over("my plan").await;
    window.click("Starter, version 1").await;
    window.is_at("Starter").await;
    window.look_over("plan letter").await;
    window.fill("Your name", "Luc Moreau").await;
    window.click("Accept").await;
    window.sees("Starter accepted").await;
    window.change_person(FREJA, PASSWORD).await;
    window.go("Plans").await;
    window.click("Starter").await;
    window.click("Letter").await;
    window.sees("by Luc Moreau").await;
    window.look_over("letters of a plan").await;
}
