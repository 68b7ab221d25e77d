//! Every form that pages show, each with every field that it has, and what must have happened for some to be shown.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{Method, Request},
};
use scraper::{ElementRef, Html, Selector};
use time::Duration;
use uuid::Uuid;

use attain::domain::access::Role;

use crate::{
    access::World,
    second_factor,
    support::{Answer, Client, PASSWORD, TestApp, email},
};

/// Pages that have forms only with a query.
const MORE_PAGES: [&str; 3] = ["/plans/new?template=hunter", "/plans/new?template=newcomer", "/visits/new?again=1"];
/// A box that, once ticked, leads finance and administrators away from every form: `second_factor` has its own test.
const UNTICKED: &str = "second_factor_required";

/// What stands in a field for an e-mail address.
pub const EMAIL: &str = "somebody@example.com";

/// What somebody would enter where the kind of a field does not say it.
const ENTERED: [(&str, &str); 9] = [
    ("counts", "split"),
    ("currency", "SEK"),
    ("day", "2026-12-18"),
    ("expected_on", "2026-12-18"),
    ("last", "2026-11-19"),
    ("next", "2026-12-18"),
    ("next_at", "09:30"),
    ("parts", "1"),
    ("until", "2026-12-18"),
];

/// A form as a page shows it.
pub struct Form {
    /// The page that shows it.
    pub page: String,
    /// Where it is sent.
    pub path: String,
    /// What it holds.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Clone)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds, or what somebody might sensibly enter.
    pub value: String,
    /// Whether a page shows again what was typed: not where it is a secret.
    pub shown: bool,
    /// Whether any text may be written there.
    pub is_free: bool,
    /// Whether the page says what it holds.
    is_held: bool,
    /// Whether it is a box or a button, which several may share a name.
    offered: bool,
    /// What it offers, if nothing else may be chosen.
    pub options: Vec<String>,
}

impl Form {
    /// Whether it ends the session that sends it, or makes it somebody else's. Such forms come last.
    pub fn ends(&self) -> bool {
        ["/sign-out", "/profile/sign-out-elsewhere", "/viewing/end"].contains(&&*self.path)
            || self.path.ends_with("/viewing")
            || self.path.starts_with("/profile/sessions/")
    }

    /// The form as a browser would send it, one field with another value. Its key is fresh, unless that is the field.
    pub fn filled(&self, name: &str, value: &str) -> String {
        self.with(|field| (field.name == name).then_some(value))
    }

    /// The same with other values where there are some.
    pub fn with<'a>(&self, other: impl Fn(&Field) -> Option<&'a str>) -> String {
        let once = Uuid::new_v4().to_string();
        let sent = self.fields.iter().map(|field| {
            let held = if field.name == "once" { &once } else { &field.value };
            (&*field.name, other(field).map_or_else(|| held.clone(), str::to_owned))
        });
        serde_html_form::to_string(sent.collect::<Vec<_>>()).unwrap()
    }
}

/// Every form of every page that somebody of each role may open, each once.
/// The form of a set-up comes from an empty database beside.
pub async fn forms(world: &World, empty: &TestApp) -> Vec<(Client, Form)> {
    let mut found: BTreeMap<String, (Client, Form)> = BTreeMap::new();
    let key = |form: &Form| {
        let names: Vec<&String> = form.fields.iter().map(|field| &field.name).collect();
        format!("{} {names:?}", form.path)
    };
    let routes = attain::routes();
    let gets = routes.listed().iter().filter(|(method, _)| *method == Method::GET).map(|(_, path)| *path);
    let pages: BTreeSet<String> =
        gets.map(|path| world.path(path)).chain(MORE_PAGES.into_iter().map(str::to_owned)).collect();
    for browser in &mut world.browsers().await {
        for page in &pages {
            let answer = browser.get(page).await;
            if answer.status == 200 && answer.header("content-type").starts_with("text/html") {
                for form in forms_of(&answer) {
                    found.entry(key(&form)).or_insert_with(|| (browser.clone(), form));
                }
            }
        }
    }
    // What is arranged comes last: it locks months, and gives away what the pages above show. Its forms are the fresh ones.
    for (browser, answer) in arranged(world, empty).await {
        for form in forms_of(&answer) {
            found.insert(key(&form), (browser.clone(), form));
        }
    }
    let mut forms: Vec<(Client, Form)> = found.into_values().collect();
    // People last: who is no longer there can be chosen nowhere.
    forms.sort_by_key(|(_, form)| (form.ends(), form.path.starts_with("/users/")));
    forms
}

fn forms_of(page: &Answer) -> Vec<Form> {
    forms_by(page, "form[method=post]")
}

/// The forms of a page that ask for another one: filters, and whatever else stands in an address.
pub fn filters_of(page: &Answer) -> Vec<Form> {
    forms_by(page, "form[method=get]")
}

fn forms_by(page: &Answer, selector: &str) -> Vec<Form> {
    let posts = Selector::parse(selector).unwrap();
    let named = Selector::parse("input[name], select[name], textarea[name]").unwrap();
    let named_or_button = Selector::parse("input[name], select[name], textarea[name], button[name]").unwrap();
    let plain_button = Selector::parse("button:not([name])").unwrap();
    let html = Html::parse_document(&page.body());
    html.select(&posts)
        .map(|form| Form {
            page: page.path.clone(),
            path: form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&page.path).to_owned(),
            // The plain button saves; those beside it add a line or leave.
            fields: match form.select(&plain_button).next() {
                Some(_) => form.select(&named).fold(vec![], |fields, element| gather(&html, fields, element)),
                None => form.select(&named_or_button).fold(vec![], |fields, element| gather(&html, fields, element)),
            },
        })
        .collect()
}

/// Boxes and buttons of one name are one field with several offers; lines of a deal are fields of their own.
fn gather(page: &Html, mut fields: Vec<Field>, element: ElementRef<'_>) -> Vec<Field> {
    let new = field(page, element);
    let offers = |field: &Field| field.name == new.name && field.offered;
    // A second line is there to be left empty, and another customer would be taken instead of the chosen one.
    let instead = |field: &Field| new.name == "other" && field.name == "customer";
    let is_left = !new.is_held && fields.iter().any(|field| field.name == new.name || instead(field));
    match fields.iter_mut().find(|field| offers(field)) {
        Some(known) if new.offered => known.options.extend(new.options),
        _ if new.name == UNTICKED => {}
        _ if is_left => fields.push(Field { value: String::new(), ..new }),
        _ => fields.push(new),
    }
    fields
}

fn field(page: &Html, element: ElementRef<'_>) -> Field {
    let kind = element.attr("type").unwrap_or("text");
    let option = Selector::parse("option").unwrap();
    let value = |option: ElementRef<'_>| option.attr("value").map_or_else(|| option.text().collect(), str::to_owned);
    let offered = matches!(kind, "radio" | "checkbox" | "submit") || element.value().name() == "button";
    let mut options: Vec<String> = element.select(&option).map(value).collect();
    options.extend(element.attr("value").filter(|_| offered).map(str::to_owned));
    let chosen = element.select(&option).find(|option| option.attr("selected").is_some()).map(value);
    let held = match element.value().name() {
        "select" => chosen,
        "textarea" => Some(element.text().collect()),
        _ => element.attr("value").map(str::to_owned),
    };
    let held = held.filter(|held| offered || !held.is_empty());
    let name = element.attr("name").unwrap_or_default();
    let entered = ENTERED.iter().find(|(known, _)| *known == name).map(|(_, entered)| (*entered).to_owned());
    let entered = entered.filter(|entered| kind != "hidden" && (options.is_empty() || options.contains(entered)));
    let last = options.iter().rfind(|option| !option.is_empty()).cloned();
    let listed = element.attr("list").map(|list| Selector::parse(&format!("datalist#{list} option[value]")).unwrap());
    let known = listed.and_then(|listed| page.select(&listed).next()?.attr("value").map(str::to_owned));
    let sensible = match (kind, element.attr("inputmode")) {
        ("date", _) => "2026-11-18",
        ("month", _) => "2026-12",
        ("time", _) => "10:30",
        ("email", _) => EMAIL,
        ("number", _) | (_, Some("numeric" | "decimal")) => "10",
        ("hidden", _) => "",
        _ => "Something",
    };
    let is_code = element.attr("autocomplete") == Some("one-time-code");
    Field {
        name: name.to_owned(),
        is_held: held.is_some(),
        value: held.or(entered).or(last).or(known).unwrap_or_else(|| sensible.to_owned()),
        shown: !["hidden", "password"].contains(&kind) && element.value().name() != "button" && !is_code,
        is_free: element.value().name() == "textarea"
            || (element.value().name() == "input"
                && matches!((kind, element.attr("inputmode")), ("text", None))
                && !is_code),
        offered,
        options,
    }
}

/// A form that is sent there, as its page has it now.
pub async fn offered(browser: &mut Client, form: &Form) -> Option<Form> {
    forms_of(&browser.get(&form.page).await).into_iter().find(|offered| offered.path == form.path)
}

/// Gives a form the version that its page has now: what was done meanwhile has made it stale.
pub async fn renew(browser: &mut Client, form: &mut Form) {
    let is_version = |field: &Field| ["version", "seen"].contains(&&*field.name) && field.is_held;
    if form.fields.iter().any(is_version)
        && let Some(fresh) = offered(browser, form).await
    {
        for field in form.fields.iter_mut().filter(|field| is_version(field)) {
            if let Some(held) = fresh.fields.iter().find(|held| held.name == field.name) {
                field.value.clone_from(&held.value);
            }
        }
    }
}

/// Pages with the browser that they were shown to.
#[derive(Default)]
struct Shown(Vec<(Client, Answer)>);

impl Shown {
    /// Opens a page.
    async fn open(&mut self, browser: &mut Client, path: &str) -> Answer {
        let answer = browser.get(path).await.expect(200);
        self.keep(browser, answer)
    }

    /// Opens the page to which an answer leads: with its toast, which undoes.
    async fn follow(&mut self, browser: &mut Client, answer: Answer) -> Answer {
        let answer = browser.follow(&answer.expect(303)).await.expect(200);
        self.keep(browser, answer)
    }

    fn keep(&mut self, browser: &Client, answer: Answer) -> Answer {
        self.0.push((browser.clone(), answer.clone()));
        answer
    }
}

/// Pages whose forms are there only after something has happened.
async fn arranged(world: &World, empty: &TestApp) -> Vec<(Client, Answer)> {
    let mut shown = Shown::default();
    deals(world, &mut shown).await;
    visits(world, &mut shown).await;
    targets(world, &mut shown).await;
    customers(world, &mut shown).await;
    company(world, &mut shown).await;
    shown.open(&mut empty.visitor(), &empty.app.setup.path()).await;
    pay(world, &mut shown).await;
    people(world, &mut shown).await;
    second_factors(world, &mut shown).await;
    shown.0
}

async fn deals(world: &World, shown: &mut Shown) {
    let mut rep = world.app.client(world.people[0]).await;
    let mut manager = world.app.client(world.people[1]).await;
    let mut finance = world.app.client(world.people[2]).await;
    let customer = world.customers[0].to_string();
    let enter = async |rep: &mut Client, stage: &str, currency: &str| {
        let form = [
            ("customer", &*customer),
            ("stage", stage),
            ("booked_on", "2026-11-18"),
            ("currency", currency),
            ("item", "Coffee"),
            ("amount", "100"),
        ];
        rep.post("/deals", &form).await.expect(303).location().to_owned()
    };
    let open = enter(&mut rep, "open", "").await;
    shown.open(&mut rep, &open).await;
    let lost = enter(&mut rep, "open", "").await;
    let page = rep.get(&lost).await;
    let answer = rep.submit(&page, "form[action$='/lose']", &[]).await;
    shown.follow(&mut rep, answer).await;
    let given = enter(&mut rep, "open", "").await;
    let page = rep.get(&given).await;
    let to = page.attributes("form[action$='/give'] option", "value").into_iter().find(|to| !to.is_empty()).unwrap();
    let answer = rep.submit(&page, "form[action$='/give']", &[("to", &to), ("given_reason", "Leave")]).await;
    shown.follow(&mut rep, answer).await;
    let won = enter(&mut rep, "open", "").await;
    let page = rep.get(&won).await;
    let answer = rep.submit(&page, "form[action$='/win']", &[]).await;
    shown.follow(&mut rep, answer).await;
    let page = manager.get(&won).await;
    let answer = manager.submit(&page, "form[action*='/confirm']", &[]).await;
    shown.follow(&mut manager, answer).await;
    let sold = enter(&mut rep, "won", "").await;
    let page = rep.get(&format!("{sold}/return")).await;
    let returned = rep.submit(&page, "main form", &[("whole", "all")]).await.expect(303);
    shown.open(&mut rep, &format!("{}/edit", returned.location())).await;
    // Won with a rate that was mistyped.
    let rate = |rate| [("currency", "SEK"), ("from", "2026-11-01"), ("rate", rate)];
    finance.post("/exchange-rates", &rate("0.9")).await.expect(303);
    enter(&mut rep, "won", "SEK").await;
    finance.post("/exchange-rates", &rate("0.09")).await.expect(303);
    let due = finance.get("/exchange-rates").await.attribute("[aria-labelledby=due] a", "href");
    shown.open(&mut finance, &due).await;
}

async fn visits(world: &World, shown: &mut Shown) {
    let mut rep = world.app.client(world.people[0]).await;
    let customer = format!("Customer of {}", world.people[0].id);
    let plan = async |rep: &mut Client, day: &str, repeat: &str| {
        let typed = [("other", &*customer), ("visited_on", day), ("repeat", repeat), ("until", "2026-12-31")];
        let page = rep.get("/visits/plan").await.expect(200);
        rep.submit(&page, "main form[action='/visits/plan']", &typed).await
    };
    let newest = async || {
        let id = sqlx::query_scalar!(r#"select max(id) as "id!" from visits where state = 'planned'"#);
        format!("/visits/{}", id.fetch_one(&world.app.db).await.unwrap())
    };
    // Of today, with its buttons; marked as missed.
    let planned = plan(&mut rep, "2026-11-19", "").await;
    shown.follow(&mut rep, planned).await;
    let today = newest().await;
    shown.open(&mut rep, &format!("{today}/done")).await;
    shown.open(&mut rep, &today).await;
    let planned = plan(&mut rep, "2026-11-19", "").await.expect(303);
    rep.follow(&planned).await;
    let page = rep.get(&newest().await).await;
    let missed = rep.submit(&page, "form[action$='/missed']", &[]).await;
    shown.follow(&mut rep, missed).await;
    // One of a series.
    let series = plan(&mut rep, "2026-11-23", "1").await;
    shown.follow(&mut rep, series).await;
    shown.open(&mut rep, &newest().await).await;
}

async fn targets(world: &World, shown: &mut Shown) {
    let mut manager = world.app.client(world.people[1]).await;
    let page = manager.get("/targets/2026-11").await.expect(200);
    let cell = page.attributes("table.grid input[name*=visits]", "name").remove(0);
    let saved = manager.submit(&page, "main form[action='/targets/2026-11']", &[(&cell, "20")]).await;
    shown.follow(&mut manager, saved).await;
    let mut rep = world.app.client(world.people[0]).await;
    shown.open(&mut rep, "/my-month").await;
}

async fn customers(world: &World, shown: &mut Shown) {
    let mut admin = world.app.client(world.people[3]).await;
    let [rep, beside, _] = world.reps;
    let path = format!("/customers/handover?of={}", beside.id);
    let page = admin.get(&path).await.expect(200);
    let preview = admin.submit(&page, "main form", &[("to", &rep.id.to_string()), ("from", "2026-12-01")]).await;
    shown.keep(&admin, preview.expect(200));
    // A note that was removed.
    let mut keeper = world.app.client(world.people[0]).await;
    let path = format!("/customers/{}", world.customers[0]);
    keeper.post(&format!("{path}/notes"), &[("note", "Likes tea")]).await.expect(303);
    let page = keeper.get(&path).await.expect(200);
    let removed = keeper.submit(&page, "form[action*='/notes/'][action$='/remove']", &[]).await;
    shown.follow(&mut keeper, removed).await;
    // Two records of one customer.
    keeper.post("/customers", &[("name", "Twice entered")]).await.expect(303);
    let path = format!("/customers/{}/merge", world.customers[0]);
    let page = admin.get(&path).await.expect(200);
    let look = [("other", "Twice entered")];
    let page = admin.submit(&page, "main form[method=get]", &look).await.expect(200);
    shown.keep(&admin, page.clone());
    let done = admin.submit(&page, "main form[method=post]", &[]).await;
    shown.follow(&mut admin, done).await;
}

/// The pages about what is set up: a company's beginning, files, holidays.
async fn company(world: &World, shown: &mut Shown) {
    let mut admin = world.app.client(world.people[3]).await;
    let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\n\
                    END:VCALENDAR\r\n";
    let preview = send_file(&mut admin, "/settings/holidays/file", "file", "days.ics", calendar).await;
    shown.keep(&admin, preview.expect(200));
    let waits = send_file(&mut admin, "/imports", "files", "reps.csv", "external_id,Navn\nR1,Ingrid\n").await;
    shown.follow(&mut admin, waits).await;
    // A product that is no longer offered.
    admin.post("/products", &[("name", "Cocoa"), ("category", "Drinks")]).await.expect(303);
    let product = admin.get("/products").await.expect(200).attribute("main a[href^='/products/']", "href");
    let page = admin.get(&product).await.expect(200);
    let retired = admin.submit(&page, "form[action$='/retirement']", &[]).await;
    shown.follow(&mut admin, retired).await;
    // Taken away, with an undo each.
    admin.post("/settings/holidays", &[("on", "2026-12-26"), ("holiday", "Boxing Day")]).await.expect(303);
    let removed = admin.post("/settings/holidays/2026-12-26/remove", &[]).await;
    shown.follow(&mut admin, removed).await;
    let minimum = [("visits", "3"), ("per", "week"), ("counts", "all"), ("from", "2027-01-04")];
    let saved = admin.post("/settings/minimums", &minimum).await.expect(303);
    let remove = admin.follow(&saved).await.attribute(".toast form", "action");
    let removed = admin.post(&remove, &[]).await;
    shown.follow(&mut admin, removed).await;
    let empty = world.app.company("Tom").await;
    let mut beginner = world.app.client(world.app.user(empty, "Tora", &[Role::Admin]).await).await;
    shown.open(&mut beginner, "/first-steps").await;
}

async fn send_file(browser: &mut Client, path: &str, field: &str, name: &str, content: &str) -> Answer {
    let once = Uuid::new_v4();
    let body = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n{once}\r\n\
         --XX\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: text/plain\r\n\r\n{content}\r\n--XX--\r\n"
    );
    let request = Request::post(path)
        .header("content-type", "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body));
    browser.send(request.unwrap()).await
}

async fn pay(world: &World, shown: &mut Shown) {
    let mut rep = world.app.client(world.people[0]).await;
    let mut manager = world.app.client(world.people[1]).await;
    let mut finance = world.app.client(world.people[2]).await;
    let mut admin = world.app.client(world.people[3]).await;
    let calculate = async |finance: &mut Client, period: &str| {
        let page = finance.get("/commission-runs").await.expect(200);
        finance.submit(&page, "main form", &[("period", period)]).await.expect(303).location().to_owned()
    };
    // Approved: to be paid, and to be disputed.
    let run = calculate(&mut finance, "2026-07").await;
    finance.post(&format!("{run}/submission"), &[]).await.expect(303);
    for approver in [&mut manager, &mut admin] {
        approver.post(&format!("{run}/approval"), &[]).await.expect(303);
    }
    shown.open(&mut finance, &run).await;
    shown.open(&mut finance, "/statements").await;
    let list = rep.get("/statements").await.expect(200);
    let own = list.attribute("main a[href^='/statements/']:not([href*='so-far']):not([href*='what-if'])", "href");
    shown.open(&mut rep, &format!("{own}/lines/1/dispute")).await;
    // Submitted: to be approved, as a whole and one by one.
    let run = calculate(&mut finance, "2026-08").await;
    finance.post(&format!("{run}/submission"), &[]).await.expect(303);
    let page = shown.open(&mut manager, &run).await;
    shown.open(&mut manager, &page.attribute("tbody a[href^='/statements/']", "href")).await;
    // Calculated: something is held and something adjusted.
    let mut run = calculate(&mut finance, "2026-09").await;
    for more in [vec![("what", "hold")], vec![("what", "adjust"), ("amount", "5"), ("about", "2026-08")]] {
        let path = format!("{run}/reps/{}", world.people[0].id);
        let page = finance.get(&path).await.expect(200);
        let line = page.attributes("select#line option", "value").into_iter().find(|line| !line.is_empty()).unwrap();
        let form: Vec<_> = more.into_iter().chain([("line", &*line), ("reason", "To be checked")]).collect();
        let done = finance.submit(&page, "section[aria-labelledby=act] form", &form).await.expect(303);
        done.location().split("/reps/").next().unwrap().clone_into(&mut run);
    }
    shown.open(&mut finance, &format!("{run}/reps/{}", world.people[0].id)).await;
    // A plan whose letters nobody has published.
    let page = finance.get("/plans/new?template=hunter").await.expect(200);
    let plan = finance.submit(&page, "main form", &[("name", "Hunter"), ("from", "2026-12")]).await.expect(303);
    let page = finance.follow(&plan).await.expect(200);
    let assigned = [("rep", &*world.people[0].id.to_string()), ("from", "2026-12"), ("act", "on")];
    finance.submit(&page, "main form", &assigned).await.expect(303);
    shown.open(&mut finance, &format!("{}/letter", plan.location())).await;
}

/// A second factor that is being turned on, and one that is on and asked for.
async fn second_factors(world: &World, shown: &mut Shown) {
    let (app, org) = (&world.app, world.people[3].org);
    let beginning = app.user_with_password(org, "Tove", &[Role::Rep]).await;
    let mut tove = app.client(beginning).await;
    let page = tove.get("/profile/second-factor").await.expect(200);
    let begun = tove.submit(&page, "main form", &[]).await;
    shown.follow(&mut tove, begun).await;
    let careful = app.user_with_password(org, "Rune", &[Role::Rep]).await;
    let mut rune = app.client(careful).await;
    second_factor::turn_on(&mut rune, app.now()).await;
    shown.open(&mut rune, "/profile/second-factor").await;
    shown.open(&mut app.client(world.people[3]).await, &format!("/users/{}", careful.id)).await;
    let mut owing = app.visitor();
    let password = [("email", &*email(org, "Rune")), ("password", PASSWORD)];
    let asked = owing.post("/sign-in", &password).await;
    shown.follow(&mut owing, asked).await;
}

async fn people(world: &World, shown: &mut Shown) {
    let mut admin = world.app.client(world.people[3]).await;
    let org = world.people[3].org;
    // Somebody who can be signed out, viewed as and asked for the password again.
    let able = world.app.user_with_password(org, "Siri", &[Role::Rep]).await;
    let mut siri = world.app.client(able).await;
    shown.open(&mut admin, &format!("/users/{}", able.id)).await;
    world.app.client(able).await;
    shown.open(&mut siri, "/profile").await;
    let later = world.app.later(Duration::minutes(15));
    let mut stale = admin.on(&later);
    let page = stale.get(&format!("/users/{}", able.id)).await.expect(200);
    let asked = stale.submit(&page, "form[action$='/roles']", &[]).await.expect(403);
    shown.keep(&stale, asked);
    let gone = world.app.user_with_password(org, "Geir", &[Role::Rep]).await;
    let page = admin.get(&format!("/users/{}", gone.id)).await.expect(200);
    let done = admin.submit(&page, "form[action$='/deactivation']", &[]).await;
    shown.follow(&mut admin, done).await;
    let invited = world.app.user(org, "Nina", &[Role::Rep]).await;
    let page = admin.get(&format!("/users/{}", invited.id)).await.expect(200);
    let link = admin.submit(&page, "form[action$='/invitation']", &[]).await.expect(200);
    let link = link.attribute("input#link", "value").replace("http://127.0.0.1:8080", "");
    shown.open(&mut world.app.visitor(), &link).await;
    // On leave since before today.
    let away = format!("/users/{}/leave", able.id);
    let page = admin.get(&away).await.expect(200);
    let since = [("kind", "vacation"), ("from", "2026-11-02"), ("last", "")];
    let saved = admin.submit(&page, "main form[action$='/leave']", &since).await;
    shown.follow(&mut admin, saved).await;
    let away = format!("/users/{}/leave", invited.id);
    let saved =
        admin.post(&away, &[("kind", "sick"), ("from", "2026-11-02"), ("last", "2026-11-03")]).await.expect(303);
    let remove = admin.follow(&saved).await.attribute(".toast form", "action");
    let removed = admin.post(&remove, &[]).await;
    shown.follow(&mut admin, removed).await;
    let mut viewing = world.app.client(world.people[3]).await;
    let page = viewing.get(&format!("/users/{}", able.id)).await.expect(200);
    viewing.submit(&page, "form[action$='/viewing']", &[]).await.expect(303);
    shown.open(&mut viewing, "/profile").await;
}
