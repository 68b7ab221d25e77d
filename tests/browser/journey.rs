//! The journey: an administrator invites, a manager sets targets, reps sell, finance pays, a rep reads why.

use std::time::Duration;

use attain::App;
use fantoccini::key::Key;

use crate::window::Window;

/// How long the way to a first statement may take a person.
const GUIDE: Duration = Duration::from_mins(15);
const PASSWORD: &str = "tuba paraffin nebel kran";

/// Who works at Nordlys: name, address, role.
const ADMIN: (&str, &str) = ("Astrid Lunde", "astrid@nordlys.example");
const MANAGER: Person = Person { name: "Magnus Vik", email: "magnus@nordlys.example", role: "Manager" };
const INGRID: Person = Person { name: "Ingrid Dahl", email: "ingrid@nordlys.example", role: "Rep" };
const JONAS: Person = Person { name: "Jonas Berg", email: "jonas@nordlys.example", role: "Rep" };
const PREPARER: Person = Person { name: "Felix Moe", email: "felix@nordlys.example", role: "Finance" };
const APPROVER: Person = Person { name: "Freya Holm", email: "freya@nordlys.example", role: "Finance" };

struct Person {
    name: &'static str,
    email: &'static str,
    role: &'static str,
}

/// The day of what is entered: in the month that is over, as the guide says.
const SOLD: &str = "2026-10-28";

/// Goes all the way.
pub async fn go(window: &mut Window, app: &App) {
    set_up(window, &app.setup.path()).await;
    create_team(window).await;
    let mut links = vec![];
    for person in [&INGRID, &JONAS, &PREPARER, &APPROVER, &MANAGER] {
        // A second rep is for the tests of shares.
        window.pace.aside(person.name == JONAS.name);
        links.push(invite(window, person).await);
    }
    window.pace.aside(false);
    look_at_people(window).await;
    accept_all(window, &links).await;
    set_targets(window).await;
    window.pace.aside(true);
    let before = net_sales_on_the_board(window).await;
    window.pace.aside(false);
    assert_eq!(before, "€0");
    sell(window).await;
    window.change_person(MANAGER.email, PASSWORD).await;
    window.pace.aside(true);
    assert_eq!(net_sales_on_the_board(window).await, "€12,000", "2/3 of 9,000, and 10,000 without the returned 4,000");
    window.pace.aside(false);
    confirm_deals(window).await;

    make_plan(window).await;
    let run = calculate(window).await;
    approve(window, &run).await;
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

/// The way that the guide shows.
async fn create_team(window: &mut Window) {
    window.take_step("Teams").await;
    window.is_at("Teams").await;
    window.look_over("teams").await;
    window.fill("Name", "North").await;
    window.click("Create team").await;
    window.sees("Team North created").await;
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
    if person.role == "Rep" {
        window.choose("Team", "North").await; // the role is ticked
    } else {
        window.tick("Rep").await;
        window.tick(person.role).await;
    }
    window.click("Add person").await;
    window.is_at(person.name).await;
    if person.name == INGRID.name {
        window.look_over("person with an invitation").await;
    }
    window.value("Link").await
}

/// Gives the team its manager, too.
async fn look_at_people(window: &mut Window) {
    window.pace.aside(true);
    window.go("People").await;
    window.sees(MANAGER.email).await;
    window.look_over("people").await;
    window.go("Settings").await;
    window.is_at("Settings").await;
    window.fill("Lost after", "170").await;
    window.click("Preview the limit").await;
    window.sees("nothing is saved yet").await;
    window.look_over("preview of a limit").await;
    window.click("Apply the change").await;
    window.sees("Limit saved").await;
    window.look_over("settings").await;
    window.pace.aside(false);
    window.go("Teams").await;
    window.click("North").await;
    window.is_at("North").await;
    window.choose("Manager", MANAGER.name).await;
    window.click("Add manager").await;
    window.sees("Manager saved").await;
    window.look_over("team").await;
}

/// Everybody chooses a password. The manager, who is the last one, stays signed in.
async fn accept_all(window: &mut Window, links: &[String]) {
    for (person, link) in [&INGRID, &JONAS, &PREPARER, &APPROVER, &MANAGER].into_iter().zip(links) {
        // They do it at the same time, each for themselves; one is counted.
        window.pace.aside(person.name != MANAGER.name);
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
    window.go("Targets").await;
    window.is_at("Targets for November 2026").await;
    window.click("October 2026").await;
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
    window.sees("7 cells changed").await;
    assert_eq!(window.value(&cell(&JONAS, "stranger visits")).await, "20");
    window.fill(&cell(&JONAS, "stranger visits"), " ").await;
    window.sees("6 cells changed").await;
    window.look_over("targets").await;
    assert_eq!(window.covered("table.grid input").await, [""; 0]);
    window.pace.aside(false);
    window.click("Save targets").await;
    window.sees("6 targets for October 2026 saved").await;
    assert_eq!(window.words("#sum-net_sales").await, "35,000");
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
    add_customers(window).await;
    log_visit(window).await;
    enter_deals(window).await;
    return_a_part(window).await;
    window.go("My month").await;
    window.click("October 2026").await;
    window.sees("€12,000").await;
    window.look_over("my month").await;
}

/// Whom Ingrid enters is her own.
async fn add_customers(window: &mut Window) {
    window.go("Customers").await;
    window.sees("No customers yet").await;
    window.look_over("no customers").await;
    for (name, city) in [("Bergen Bakery", "Bergen"), ("Fjord Foods", "Ålesund")] {
        // One customer is enough for a first statement.
        window.pace.aside(name != "Bergen Bakery");
        window.go("Customers").await;
        window.click("Add a customer").await;
        window.is_at("Add a customer").await;
        if name == "Bergen Bakery" {
            window.look_over("add a customer").await;
        }
        window.fill("Name", name).await;
        window.fill("City", city).await;
        window.click("Save customer").await;
        window.is_at(name).await;
    }
    window.look_over("new customer").await;
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
    window.pace.aside(false);
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
    window.pace.aside(true);
    window.go("Visits").await;
    window.is_at("Visits").await;
    window.look_over("visits").await;
    window.click("Bergen Bakery").await;
    window.sees("Order").await;
    window.look_over("visit").await;
    window.pace.aside(false);
}

/// One deal alone, and one in which Jonas has a third.
async fn enter_deals(window: &mut Window) {
    window.go("Deals").await;
    window.click("Enter a deal").await;
    window.is_at("Enter a deal").await;
    window.look_over("enter a deal").await;
    window.fill("Another customer", "Bergen Bakery").await;
    window.fill_day("Day of the win", SOLD).await;
    window.fill("Line 1: Product or text", "Oven").await;
    window.fill("Line 1: Net, €", "10000").await;
    window.click("Save deal").await;
    window.is_at("Deal 1").await;

    window.pace.aside(true);
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
    window.pace.aside(false);
}

async fn return_a_part(window: &mut Window) {
    window.pace.aside(true);
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
    window.pace.aside(false);
}

/// The manager, who is credited on none of them, confirms the deals and the return.
async fn confirm_deals(window: &mut Window) {
    window.go("Deals").await;
    window.click("To confirm").await;
    window.is_at("Deals to confirm").await;
    window.look_over("deals to confirm").await;
    for nth in 0..3 {
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
    window.click_at("//details[@class='menu']/summary").await;
    window.click("Sign out").await;
    window.is_at("Sign in").await;
    window.look_over("sign in").await;
    window.sign_in(PREPARER.email, PASSWORD).await;
    window.pace.aside(false);
    window.go("Plans").await;
    window.is_at("Plans").await;
    window.look_over("plans").await;
    window.click("New plan").await;
    window.is_at("New plan").await;
    window.look_over("templates of plans").await;
    window.click("Begin with this template: Starter").await;
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

/// Calculates October, which is offered, reads it, submits it; says where the run is.
async fn calculate(window: &mut Window) -> String {
    window.go("Runs").await;
    window.is_at("Commission runs").await;
    window.look_over("runs").await;
    assert_eq!(window.value("Period").await, "2026-10");
    window.click("Calculate").await;
    window.is_at("Commission, October 2026").await;
    window.sees("€450.00").await;
    let run = window.path().await;
    window.click("Submit for approval").await;
    window.sees("Submitted for approval").await;
    window.sees("Waits for somebody else").await;
    window.look_over("run").await;
    run
}

/// The other one signs.
async fn approve(window: &mut Window, run: &str) {
    window.change_person(APPROVER.email, PASSWORD).await;
    window.open(run).await;
    window.click("Approve 2 statements").await;
    window.sees("Approved. The period is locked").await;
    window.look_over("approved run").await;
}

/// The guide has led all the way.
async fn finish_first_steps(window: &mut Window) {
    window.change_person(ADMIN.1, PASSWORD).await;
    window.open("/first-steps").await;
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
