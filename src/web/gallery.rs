//! Every piece of the kit on one page, rendered and checked: what the templates of features build on.

use askama::Template;
use rust_decimal::Decimal;
use scraper::{Html, Selector};
use time::{Date, OffsetDateTime, macros::date};

use super::{
    auth::Viewer,
    chart::{Bar, Bars, Bridge, Bullet, PaceLine, PaceLineData, PayLine, PayPoint, Spark, Step},
    form::Errors,
    page::Page,
    toast::Toast,
    ui::{Badge, Choice, Pager, Sort, Stat, Switch, Tone},
};
use crate::domain::{
    access::{Bearer, Reach, Role, Scope},
    company::{Company, GrowthBase, GrowthBasis},
    id::{OrgId, UserId},
    locale::Locale,
    money::{Currency, Money},
};

#[derive(Template)]
#[template(path = "gallery.html")]
struct Gallery {
    page: Page,
    errors: Errors,
    no_errors: Errors,
    switches: Vec<Switch>,
    stats: Vec<Stat>,
    badge: Badge,
    by_name: Option<Sort>,
    by_pace: Option<Sort>,
    rows: Vec<(&'static str, &'static str, Badge, Bullet)>,
    pager: Pager,
    choices: Vec<Choice>,
    amount: Money,
    day: Date,
    currency: Currency,
    pace_line: PaceLine,
    pay_line: PayLine,
    bars: Bars,
    spark: Spark,
    bridge: Bridge,
}

fn viewer(roles: &[Role]) -> Viewer {
    Viewer {
        bearer: Bearer { id: UserId(1), roles: roles.to_vec(), members: vec![], teams: vec![] },
        id: UserId(1),
        name: "Ingrid Solberg".to_owned(),
        roles: roles.to_vec(),
        scope: Scope { org: OrgId(1), reach: Reach::All },
        company: Company {
            name: "Nordlys & Sønner".to_owned(),
            currency: Currency::parse("EUR").unwrap(),
            time_zone: "Europe/Oslo".to_owned(),
            fiscal_start: time::Month::January,
            workdays: vec![1, 2, 3, 4, 5],
            growth_base: GrowthBase::LastYear,
            growth_basis: GrowthBasis::Credited,
            late_entry_days: 3,
            confirm_deals: true,
        },
        today: date!(2026 - 11 - 19),
        now: OffsetDateTime::UNIX_EPOCH,
        auth_at: OffsetDateTime::UNIX_EPOCH,
        session: [0; 32],
        behind: None,
        locale: Locale::En,
        own_locale: None,
        second_factor: false,
        second_factor_required: false,
        mark: None,
    }
}

fn bullet(actual: i64, target: i64, pace: i64, tone: Tone) -> Bullet {
    Bullet::new(actual, format!("{actual} of {target}; {pace} expected by today")).target(target).pace(pace).tone(tone)
}

fn stat(label: &str, value: &str, of: &str, badge: Badge, bullet: Bullet) -> Stat {
    Stat {
        label: label.to_owned(),
        href: "/visits".to_owned(),
        value: value.to_owned(),
        of: of.to_owned(),
        badge: Some(badge),
        bullet: Some(bullet),
        foot: "64 expected by today".to_owned(),
        foot_end: "4 a day from now".to_owned(),
        ..Stat::default()
    }
}

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn pay_line() -> PayLine {
    let point = |(share, pays)| PayPoint { share: Decimal::new(share, 2), pays: Money(pays) };
    let points = [(0, 0), (80, 0), (80, 100_000), (120, 260_000), (200, 260_000)].map(point);
    let label = "Pay against the attainment of net sales: nothing below 80%, €2,000.00 at 105%";
    PayLine::new(Currency::parse("EUR").unwrap(), &points, &point((105, 200_000)), label)
}

fn pace_line() -> PaceLine {
    let sums: Vec<Money> = (1..=14).map(|day| Money(day * 508_857 - (day % 3) * 90_000)).collect();
    let data = PaceLineData {
        currency: euro(),
        sums: &sums,
        days: 21,
        target: Some(Money(10_805_400)),
        ends: ["2 Nov".to_owned(), "30 Nov".to_owned()],
    };
    PaceLine::new(&data, "Sales this month: €71,240 after 14 of 21 working days; the target is €108,054")
}

fn bars() -> Bars {
    let months = [
        "December",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
    ];
    let amounts = [290, 320, 300, 360, 340, 380, -60, 350, 330, 220, 348, 0];
    let bars: Vec<Bar> = months
        .into_iter()
        .zip(amounts)
        .map(|(name, amount)| Bar {
            name: name.to_owned(),
            amount: Money(amount * 1_000),
            marked: matches!(name, "October" | "November"),
            tone: if amount == 0 { Tone::Warn } else { Tone::Plain },
        })
        .collect();
    Bars::new(euro(), &bars, "Sales per month over 12 months: €3,480 in October, nothing yet in November")
}

fn bridge() -> Bridge {
    let steps = [
        ("New", 900_000),
        ("Returned", 120_000),
        ("Expansion", 640_000),
        ("Contraction", -410_000),
        ("Paused", -230_000),
    ]
    .map(|(name, change)| Step { name: name.to_owned(), change: Money(change) });
    let names = ["November 2025", "November 2026"];
    Bridge::new(euro(), names, Money(6_670_000), &steps, "From €66,700 to €76,900")
}

fn gallery(roles: &[Role], errors: Errors) -> Gallery {
    let toast = Toast::new("Visit to Nordlys Catering saved").undo("/visits/1/undo");
    Gallery {
        page: Page::new("/my-month", Some(&viewer(roles)), Some(toast)),
        errors,
        no_errors: Errors::new(),
        switches: vec![
            Switch::new("Week", "?period=week", false),
            Switch::new("Month", "?period=month", true).count("12"),
            Switch::new("Quarter", "?period=quarter", false),
        ],
        stats: vec![
            stat("Visits", "61", "of 96", Badge::new(Tone::Warn, "3 behind"), bullet(61, 96, 64, Tone::Warn)),
            stat(
                "New customers",
                "5",
                "of 6",
                Badge::new(Tone::Good, "1 ahead").icon("trending-up"),
                bullet(5, 6, 4, Tone::Plain),
            ),
            stat(
                "Sales growth",
                "−4.2%",
                "of +8%",
                Badge::new(Tone::Bad, "€9,012 behind"),
                bullet(-42, 80, 80, Tone::Bad),
            ),
            stat(
                "Lost customers",
                "1",
                "limit 2",
                Badge::new(Tone::Good, "Within limit"),
                Bullet::new(1, "1 lost, limit 2").target(2),
            ),
        ],
        badge: Badge::new(Tone::Good, "Logged"),
        by_name: Some(Sort { href: "?sort=name".to_owned(), descending: None }),
        by_pace: Some(Sort { href: "?sort=-pace".to_owned(), descending: Some(true) }),
        rows: vec![
            ("Amina Yusuf", "+11.2%", Badge::new(Tone::Good, "Ahead"), bullet(112, 80, 80, Tone::Good).mini()),
            ("Piet van Dam", "+5.9%", Badge::new(Tone::Warn, "Behind"), bullet(59, 80, 80, Tone::Warn).mini()),
            ("Luc Moreau", "−1.4%", Badge::new(Tone::Bad, "At risk"), bullet(-14, 80, 80, Tone::Bad).mini()),
            ("Hana Novák", "−60.0%", Badge::new(Tone::Bad, "At risk"), bullet(-600, 80, 80, Tone::Bad).mini()),
        ],
        pager: Pager {
            previous: Some("?before=9".to_owned()),
            next: Some("?after=59".to_owned()),
            words: "50 of 1,203 visits".to_owned(),
        },
        choices: vec![
            Choice::new(1, "Havn & Hage").hint("Last visit 23 Oct").icon("shopping-bag"),
            Choice::new(2, "Bakeriet på Hjørnet"),
        ],
        amount: Money(146_860),
        day: date!(2026 - 10 - 23),
        currency: Currency::parse("EUR").unwrap(),
        pace_line: pace_line(),
        pay_line: pay_line(),
        bars: bars(),
        spark: Spark::new(&[3, 5, 4, 7, 9].map(|n: i64| Some(n.into())), "Sales of five months, rising"),
        bridge: bridge(),
    }
}

fn mistakes() -> Errors {
    let mut errors = Errors::new();
    errors.add("amount", "−4 is below zero. Use 0 or more.");
    errors.add("name", "Name is missing.");
    errors.add("customer", "Choose a customer.");
    errors
}

fn count(page: &Html, selector: &str) -> usize {
    page.select(&Selector::parse(selector).unwrap()).count()
}

#[test]
fn every_macro_renders() {
    let text = gallery(&[Role::Rep], Errors::new()).render().unwrap();
    let page = Html::parse_document(&text);
    assert_eq!(count(&page, "h1"), 1);
    assert_eq!(count(&page, "title"), 1);
    assert_eq!(count(&page, ".summary-error, [aria-invalid]"), 0);
    assert_eq!(count(&page, ".tabbar a"), 5, "four places and Log visit");
    assert_eq!(count(&page, ".nav a[aria-current=page]"), 1);
    assert!(text.contains("Ingrid &#60;Solberg&#62;") && text.contains("Nordlys &#38; Sønner"), "text is escaped");
    assert!(!text.contains("/static/missing"), "every asset exists");
    for control in page.select(
        &Selector::parse("input:not([type=hidden]):not([type=radio]):not([type=checkbox]), select, textarea").unwrap(),
    ) {
        let id = control.value().id().unwrap_or_default();
        let labelled = control.value().attr("aria-label").is_some() || count(&page, &format!("label[for='{id}']")) == 1;
        assert!(labelled, "a control has one visible label: {:?}", control.value());
    }
    for form in page.select(&Selector::parse("form[method=post]").unwrap()) {
        let once = form.select(&Selector::parse("input[name=once]").unwrap()).count();
        assert_eq!(once, 1, "a form that posts carries its key");
    }
}

#[test]
fn mistakes_stand_above_and_beside_their_fields() {
    let page = Html::parse_document(&gallery(&[Role::Manager], mistakes()).render().unwrap());
    let text = |selector: &str| {
        page.select(&Selector::parse(selector).unwrap())
            .next()
            .map(|e| e.text().collect::<String>())
            .unwrap_or_default()
    };
    assert!(text("title").starts_with("Error: "));
    assert_eq!(count(&page, ".summary-error a"), 3);
    for field in ["amount", "name", "customer"] {
        assert_eq!(count(&page, &format!(".summary-error a[href='#{field}']")), 1);
        assert_eq!(count(&page, &format!("#{field}")), 1, "the link leads to a field");
        assert_eq!(count(&page, &format!("[aria-invalid=true][aria-describedby~='{field}-error']")), 1);
        assert!(!text(&format!("#{field}-error")).is_empty());
    }
    assert_eq!(count(&page, "#name[value='Ingrid <Solberg>']"), 1, "what was typed stays");
}

#[test]
fn ids_are_unique() {
    let page = Html::parse_document(&gallery(&Role::ALL, mistakes()).render().unwrap());
    let mut ids: Vec<&str> =
        page.select(&Selector::parse("[id]").unwrap()).filter_map(|element| element.value().id()).collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(all, ids.len());
}
