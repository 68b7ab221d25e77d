//! The journey: an administrator follows the first steps to an approved statement; a rep sells and reads why.

use std::time::Duration;

use attain::App;
use fantoccini::key::Key;

use crate::window::Window;

/// How long the way to a first statement may take a person.
const GUIDE: Duration = Duration::from_mins(15);
const PASSWORD: &str = "tuba paraffin nebel kran";

/// Who works at Nordlys: name, address, role. Astrid takes the steps, and has the roles for it.
const ADMIN: (&str, &str) = ("Astrid Lunde", "astrid@nordlys.example");
const INGRID: Person = Person { name: "Ingrid Dahl", email: "ingrid@nordlys.example", role: "Rep" };
const JONAS: Person = Person { name: "Jonas Berg", email: "jonas@nordlys.example", role: "Rep" };
const APPROVER: Person = Person { name: "Freya Holm", email: "freya@nordlys.example", role: "Finance" };

struct Person {
    name: &'static str,
    email: &'static str,
    role: &'static str,
}

/// The day of what is entered: in the month that is over, as the guide says.
const SOLD: &str = "2026-10-28";

/// Goes all the way. What does not belong to the way to a first statement stands aside of it.
pub async fn go(window: &mut Window, app: &App) {
    set_up(window, &app.setup.path()).await;
    take_roles(window).await;
    let mut links = vec![invite(window, &INGRID).await, invite(window, &APPROVER).await];
    make_team(window).await;
    window.pace.aside(true);
    links.push(invite(window, &JONAS).await);
    look_at_people(window).await;
    window.pace.aside(false);
    add_customer(window).await;
    window.pace.aside(true);
    assert_eq!(net_sales_on_the_board(window).await, "€0");
    window.pace.aside(false);
    enter_deal(window).await;
    accept_all(window, &links).await;
    window.pace.aside(true);
    sell(window).await;
    window.change_person(ADMIN.1, PASSWORD).await;
    assert_eq!(net_sales_on_the_board(window).await, "€12,000", "2/3 of 9,000, and 10,000 without the returned 4,000");
    window.pace.aside(false);
    confirm_deals(window).await;
    set_targets(window).await;

    make_plan(window).await;
    calculate(window).await;
    approve(window).await;
    read_statement(window).await;
    let (time, words) = window.pace.time();
    println!("From an empty database to a first statement: {words}");
    assert!(time < GUIDE, "from an empty database to a first statement: {words}");
    finish_first_steps(window).await;
}

async fn set_up(window: &mut Window, path: &str) {
    window.open("/").await;
    window.sees("token").await;
    window.look_over("set-up without the token").await;
    window.open(path).await;
    window.is_at("Set up Attain").await;
    window.look_over("set-up").await;
    window.fill("Company", "Nordlys").await;
    window.choose("Time zone", "Europe/Oslo").await;
    window.fill("Your name", ADMIN.0).await;
    window.fill("E-mail", ADMIN.1).await;
    window.fill("Password", PASSWORD).await;
    window.fill("The same again", PASSWORD).await;
    window.click("Set up").await;
    window.is_at("First steps").await;
    window.sees("lead through October 2026").await;
    window.look_over("first steps").await;
    window.pace.aside(true);
    try_sample_data(window).await;
    window.pace.aside(false);
}

/// Looks at made-up numbers for a moment, and takes all of them back.
async fn try_sample_data(window: &mut Window) {
    window.click("Fill in sample data").await;
    window.sees("Sample data is here").await;
    window.look_over("first steps with sample data").await;
    window.click("Take it back").await;
    window.is_at("Import").await;
    window.look_over("import that was done").await;
    window.click("Take the import back").await;
    window.sees("The import is taken back").await;
    window.look_over("import that was taken back").await;
}

/// Astrid does everything herself that one person may do.
async fn take_roles(window: &mut Window) {
    window.take_step("Your own roles").await;
    window.is_at(ADMIN.0).await;
    window.tick("Manager").await;
    window.tick("Finance").await;
    window.click("Save roles").await;
    // Whose roles change begins anew with them.
    window.is_at("Sign in").await;
    window.look_over("sign in").await;
    window.sign_in(ADMIN.1, PASSWORD).await;
}

/// Adds a person, and copies the link from the page.
async fn invite(window: &mut Window, person: &Person) -> String {
    window.take_step("Add a person").await;
    window.is_at("Add a person").await;
    if person.name == INGRID.name {
        window.look_over("add a person").await;
    }
    window.fill("Name", person.name).await;
    window.fill("E-mail", person.email).await;
    if person.role != "Rep" {
        window.tick("Rep").await; // it is ticked
        window.tick(person.role).await;
    }
    if person.name == JONAS.name {
        window.choose("Team", "North").await; // it is there by now
    }
    window.click("Add person").await;
    window.is_at(person.name).await;
    if person.name == INGRID.name {
        window.look_over("person with an invitation").await;
    }
    window.value("Link").await
}

/// A team with its manager, and Ingrid in it.
async fn make_team(window: &mut Window) {
    window.take_step("Teams").await;
    window.is_at("Teams").await;
    window.look_over("teams").await;
    window.fill("Name", "North").await;
    window.click("Create team").await;
    window.sees("Team North created").await;
    window.choose("Manager", ADMIN.0).await;
    window.click("Add manager").await;
    window.sees("Manager saved").await;
    window.look_over("team").await;
    window.take_step("People").await;
    window.is_at("People").await;
    window.look_over("people").await;
    window.click(INGRID.name).await;
    window.is_at(INGRID.name).await;
    window.choose("New team", "North").await;
    window.fill("From", "").await; // from the beginning
    window.click("Save team").await;
    window.sees("Team of Ingrid Dahl saved").await;
}

async fn look_at_people(window: &mut Window) {
    window.go("People").await;
    window.sees(INGRID.email).await;
    window.go_by_menu("Settings").await;
    window.is_at("Settings").await;
    window.fill("Lost after", "170").await;
    window.click("Preview the limit").await;
    window.sees("nothing is saved yet").await;
    window.look_over("preview of a limit").await;
    window.click("Apply the change").await;
    window.sees("Limit saved").await;
    window.look_over("settings").await;
    window.go_by_menu("Customers").await;
    window.sees("No customers yet").await;
    window.look_over("no customers").await;
}

/// One customer is enough for a first statement.
async fn add_customer(window: &mut Window) {
    window.take_step("Add a customer").await;
    window.is_at("Add a customer").await;
    window.look_over("add a customer").await;
    window.fill("Name", "Bergen Bakery").await;
    window.fill("City", "Bergen").await;
    window.choose("Owner", INGRID.name).await;
    window.click("Save customer").await;
    window.is_at("Bergen Bakery").await;
    window.look_over("new customer").await;
}

/// A deal of Ingrid's.
async fn enter_deal(window: &mut Window) {
    window.take_step("Enter a deal").await;
    window.is_at("Enter a deal").await;
    window.look_over("enter a deal").await;
    window.fill("Another customer", "Bergen Bakery").await;
    window.fill_day("Day of the win", SOLD).await;
    window.fill("Line 1: Product or text", "Oven").await;
    window.fill("Line 1: Net, €", "10000").await;
    window.choose("Credit 1: Rep", INGRID.name).await;
    window.click("Save deal").await;
    window.is_at("Deal 1").await;
}

/// Everybody chooses a password.
async fn accept_all(window: &mut Window, links: &[String]) {
    for (person, link) in [&INGRID, &APPROVER, &JONAS].into_iter().zip(links) {
        // They do it at the same time, each for themselves; one is counted.
        window.pace.aside(person.name != INGRID.name);
        window.open(link).await;
        window.is_at(&format!("Welcome, {}", person.name)).await;
        if person.name == INGRID.name {
            window.look_over("invitation").await;
        }
        window.fill("New password", PASSWORD).await;
        window.fill("The same again", PASSWORD).await;
        window.click("Save password").await;
        window.is_signed_in(person.name).await;
    }
}

async fn set_targets(window: &mut Window) {
    window.take_step("Targets").await;
    window.is_at("Targets for October 2026").await;
    let cell = |rep: &Person, metric: &str| format!("{}, {metric}", rep.name);
    // As in a spreadsheet: a block is pasted, a value goes down, and one goes to the right and is taken back.
    window.paste(&cell(&INGRID, "net sales"), "20000\t2\r\n15000\r\n").await;
    window.control(&cell(&JONAS, "new customers"), "d").await;
    window.fill(&cell(&INGRID, "visits"), "20").await;
    window.control(&cell(&JONAS, "visits"), "d").await;
    window.control(&cell(&JONAS, "stranger visits"), "r").await;
    // The arrows go from cell to cell.
    window.pace.aside(true);
    window.press_key(Key::Up).await;
    assert_eq!(window.at_keyboard().await, cell(&INGRID, "stranger visits"));
    window.press_key(Key::Down).await;
    assert_eq!(window.at_keyboard().await, cell(&JONAS, "stranger visits"));
    window.press_key(Key::Left).await;
    assert_eq!(window.at_keyboard().await, cell(&JONAS, "visits"));
    window.press_key(Key::Right).await;
    assert_eq!(window.at_keyboard().await, cell(&JONAS, "stranger visits"));
    window.press_key(Key::Left).await;
    window.press_key(Key::Up).await;
    window.press_key(Key::Enter).await;
    assert_eq!(window.at_keyboard().await, cell(&JONAS, "visits"), "Enter goes down");
    window.sees("7 cells changed").await;
    assert_eq!(window.value(&cell(&JONAS, "stranger visits")).await, "20");
    window.fill(&cell(&JONAS, "stranger visits"), " ").await;
    window.sees("6 cells changed").await;
    window.look_over("targets").await;
    assert_eq!(window.covered("table.grid input").await, [""; 0]);
    window.pace.aside(false);
    window.click("Save targets").await;
    window.sees("6 targets for October 2026 saved").await;
    fill_and_undo(window).await;
    assert_eq!(window.words("#sum-net_sales").await, "35,000");
}

/// A value fills the column below it, and all of it goes back before it is saved.
async fn fill_and_undo(window: &mut Window) {
    let aside = window.pace.aside(true);
    let cell = |rep: &Person| format!("{}, visits", rep.name);
    window.fill(&cell(&INGRID), "25").await;
    window.click("Fill down").await;
    assert_eq!(window.value(&cell(&JONAS)).await, "25");
    assert_eq!(window.words("#sum-visits").await, "50");
    window.sees("2 cells changed").await;
    window.click("Undo all").await;
    assert_eq!([window.value(&cell(&INGRID)).await, window.value(&cell(&JONAS)).await], ["20", "20"]);
    assert_eq!(window.words("#sum-visits").await, "40");
    window.pace.aside(aside);
}

/// What the scoreboard of the manager says about Ingrid.
async fn net_sales_on_the_board(window: &mut Window) -> String {
    window.go("Team").await;
    window.sees("Reps ranked by scorecard, November 2026").await;
    window.click("October 2026").await;
    window.sees("Reps ranked by scorecard, October 2026").await;
    window.look_over("scoreboard").await;
    window.words_at("//table[contains(@class, 'board')]//tr[.//a='Ingrid Dahl']//a[@data-metric='net_sales']").await
}

async fn sell(window: &mut Window) {
    window.change_person(INGRID.email, PASSWORD).await;
    window.sees("Everything counted").await;
    window.look_over("my month before").await;
    add_another_customer(window).await;
    log_visit(window).await;
    share_deal(window).await;
    return_a_part(window).await;
    window.go("My month").await;
    window.click("October 2026").await;
    window.sees("€12,000").await;
    window.look_over("my month").await;
}

/// Whom Ingrid enters is her own.
async fn add_another_customer(window: &mut Window) {
    window.go("Customers").await;
    window.sees("Your customers: 1 customer").await;
    window.click("Add a customer").await;
    window.fill("Name", "Fjord Foods").await;
    window.fill("City", "Ålesund").await;
    window.click("Save customer").await;
    window.is_at("Fjord Foods").await;
    window.go("Customers").await;
    window.sees("Your customers: 2 customers").await;
    window.look_over("customers").await;
    // The keys: "?" tells them, "/" goes to a search field.
    window.press_key('?').await;
    window.sees("Search, or anything that you can do").await;
    window.press_key(Key::Escape).await;
    window.press_key('/').await;
    assert_eq!(window.at_keyboard().await, "Search everything");
    window.fill("Search", "Oslo").await;
    window.click("Filter").await;
    window.sees("Nothing matches").await;
    window.look_over("no customer matches").await;
}

/// On a phone.
async fn log_visit(window: &mut Window) {
    window.chromium.resize(390, 844).await;
    window.click("Log visit").await;
    window.is_at("Log a visit").await;
    window.look_over("log a visit").await;
    window.chromium.resize(390, 844).await;
    window.fill("Another customer", "Bergen Bakery").await;
    window.tick("Order").await;
    window.click("In person, today").await;
    window.fill_day("Day", SOLD).await;
    window.click("Save visit").await;
    window.sees("Visit to Bergen Bakery saved").await;
    window.chromium.resize(1280, 900).await;
    window.go("Visits").await;
    window.is_at("Visits").await;
    window.look_over("visits").await;
    window.click("Bergen Bakery").await;
    window.sees("Order").await;
    window.look_over("visit").await;
}

/// A deal in which Jonas has a third.
async fn share_deal(window: &mut Window) {
    window.go("Deals").await;
    window.click("Enter a deal").await;
    window.fill("Another customer", "Fjord Foods").await;
    window.fill_day("Day of the win", SOLD).await;
    window.fill("Line 1: Product or text", "Cold store").await;
    window.fill("Line 1: Net, €", "9000").await;
    window.choose("Credit 1: Rep", INGRID.name).await;
    window.fill("Credit 1: Parts", "2").await;
    window.choose("Credit 2: Rep", JONAS.name).await;
    window.fill("Credit 2: Parts", "1").await;
    window.click("Save deal").await;
    window.is_at("Deal 2").await;
    window.sees("€6,000.00").await;
    window.sees("€3,000.00").await;
    window.look_over("deal").await;
}

async fn return_a_part(window: &mut Window) {
    window.go("Deals").await;
    window.look_over("deals").await;
    window.click("Bergen Bakery").await;
    window.is_at("Deal 1").await;
    window.click("Return").await;
    window.is_at("Return deal 1").await;
    window.look_over("return a deal").await;
    window.fill_day("Day of the return", SOLD).await;
    window.tick("By line").await;
    window.fill("Oven €10,000.00 left of €10,000.00", "4000").await;
    window.click("Save return").await;
    window.sees("Return of €4,000.00 saved").await;
    window.look_over("returned deal").await;
    window.go("Customers").await;
    window.click("Bergen Bakery").await;
    window.sees("Return 3,").await;
    window.look_over("customer").await;
    for (path, name) in [("/visits/plan", "plan of the day"), ("/products", "products"), ("/profile", "profile")] {
        window.open(path).await;
        window.look_over(name).await;
    }
    window.open("/nowhere").await;
    window.is_at("Not found").await;
    window.look_over("not found").await;
}

/// The manager, who is credited on none of them, confirms what Ingrid has entered: a deal and a return.
async fn confirm_deals(window: &mut Window) {
    window.take_step("Deals to confirm").await;
    window.is_at("Deals to confirm").await;
    window.look_over("deals to confirm").await;
    for nth in 0..2 {
        window.pace.aside(nth > 0);
        window.click("Confirm").await;
        window.sees("confirmed").await;
    }
    window.sees("Nothing to confirm").await;
    window.pace.aside(false);
}

/// Three percent of net sales for both reps, from October on: the month that is over is offered.
async fn make_plan(window: &mut Window) {
    window.pace.aside(true);
    window.go("Plans").await;
    window.is_at("Plans").await;
    window.look_over("plans").await;
    window.click("New plan").await;
    window.is_at("New plan").await;
    window.look_over("templates of plans").await;
    window.pace.aside(false);
    window.take_step("Begin with a template").await;
    window.sees("Would pay").await;
    window.look_over("form of a plan").await;
    assert_eq!(window.value("Holds from").await, "2026-10");
    window.click("Save plan").await;
    window.is_at("Starter").await;
    for rep in [INGRID.name, JONAS.name] {
        window.pace.aside(rep != INGRID.name);
        window.choose("Rep", rep).await;
        window.click("Put on this plan").await;
        window.words_at(&format!("//th[@scope='row'][normalize-space(.)={rep:?}]")).await;
    }
    window.look_over("plan").await;
    window.pace.aside(false);
}

/// Calculates October, which is offered, reads it and submits it.
async fn calculate(window: &mut Window) {
    window.take_step("Commission").await;
    window.is_at("Commission runs").await;
    window.look_over("runs").await;
    assert_eq!(window.value("Period").await, "2026-10");
    window.click("Calculate").await;
    window.is_at("Commission, October 2026").await;
    window.sees("€450.00").await;
    window.click("Submit for approval").await;
    window.sees("Submitted for approval").await;
    window.sees("Waits for somebody else").await;
    window.look_over("run").await;
}

/// Somebody else signs, whom a notice leads to it.
async fn approve(window: &mut Window) {
    window.change_person(APPROVER.email, PASSWORD).await;
    window.click_at("//a[@href='/notices'][.//*[contains(., 'new')]]").await;
    window.is_at("Notices").await;
    window.look_over("notices").await;
    window.click("The run of October 2026 waits for your approval").await;
    window.is_at("Commission, October 2026").await;
    window.click("Approve 2 statements").await;
    window.sees("Approved. The period is locked").await;
    window.look_over("approved run").await;
}

/// The guide has led all the way.
async fn finish_first_steps(window: &mut Window) {
    window.change_person(ADMIN.1, PASSWORD).await;
    window.go_by_menu("First steps").await;
    window.sees("Everything is in place").await;
    window.look_over("finished first steps").await;
}

async fn read_statement(window: &mut Window) {
    window.change_person(INGRID.email, PASSWORD).await;
    window.go("Commission").await;
    window.is_at("Statements").await;
    window.look_over("statements").await;
    window.click("October 2026").await;
    window.is_at("Commission, October 2026").await;
    window.sees(&format!("by {}", APPROVER.name)).await;
    assert_eq!(window.words(".total").await, "€360.00", "3 % of 12,000");
    window.look_over("statement").await;
}
