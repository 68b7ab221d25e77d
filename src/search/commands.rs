//! What a search offers beside records: places to go, things to do, and the pages of a month.

use time::{Date, Month};

use crate::{
    domain::{
        access::{Permission, Role},
        period::{Period, PeriodKind, add_months},
    },
    web::auth::Viewer,
};

/// A place to go, or a thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// "Log a visit".
    pub label: String,
    /// Where.
    pub href: String,
    /// A name in `static/icons.svg`.
    pub icon: &'static str,
}

/// What this person may do and where the person may go, of which each typed word begins a word.
pub fn matching(me: &Viewer, typed: &str) -> Vec<Command> {
    let all = fixed(me).into_iter().chain(if typed.is_empty() { vec![] } else { monthly(me) });
    all.filter(|command| fits(&command.label, typed)).take(if typed.is_empty() { 40 } else { 8 }).collect()
}

/// Whether each typed word begins a word of the label.
fn fits(label: &str, typed: &str) -> bool {
    let label = label.to_lowercase();
    typed.to_lowercase().split_whitespace().all(|word| label.split_whitespace().any(|known| known.starts_with(word)))
}

fn fixed(me: &Viewer) -> Vec<Command> {
    use Permission::{
        ApproveCommission, ConfirmDeals, ImportRecords, ManagePeople, PrepareCommission, ReadAudit, ReadSales,
        ReadStatements, RecordSales, SetTargets,
    };
    let (rep, leads) = (me.is(Role::Rep), me.roles.iter().any(|role| *role != Role::Rep));
    [
        (me.may(RecordSales), "Log a visit", "/visits/new", "plus"),
        (me.may(RecordSales), "Plan visits", "/visits/plan", "calendar"),
        (me.may(RecordSales), "Enter a deal", "/deals/new", "handshake"),
        (me.may(RecordSales), "Enter a credit note without its deal", "/deals/credit-note", "rotate-ccw"),
        (me.may(RecordSales), "Add a customer", "/customers/new", "users"),
        (rep, "My month", "/my-month", "house"),
        (rep, "My commission so far", "/statements/so-far", "receipt"),
        (rep, "What if I win this deal", "/statements/what-if", "receipt"),
        (leads, "Scoreboard of the team", "/scoreboard", "trophy"),
        (me.may(ConfirmDeals), "Deals to confirm", "/deals?unconfirmed=1", "badge-check"),
        (me.may(SetTargets), "Set targets", "/targets", "target"),
        (me.may(ReadSales), "Customers", "/customers", "users"),
        (me.may(ReadSales), "Visits", "/visits", "footprints"),
        (me.may(ReadSales), "Deals", "/deals", "handshake"),
        (me.may(ReadSales), "Pipeline: open deals by month", "/deals/pipeline", "clock"),
        (me.may(ReadSales), "Products", "/products", "box"),
        (me.may(ReadSales), "Exchange rates", "/exchange-rates", "arrow-up-down"),
        (me.may(ReadStatements), "Commission statements", "/statements", "receipt"),
        (me.may(ReadStatements), "Disputes: questions about pay", "/disputes", "message-square"),
        (me.may(PrepareCommission), "Calculate commission", "/commission-runs", "badge-check"),
        (me.may(ApproveCommission), "Approve commission runs", "/commission-runs", "badge-check"),
        (me.may(PrepareCommission), "Commission plans", "/plans", "percent"),
        (me.may(PrepareCommission), "Write a plan", "/plans/new", "percent"),
        (me.may(ManagePeople), "People", "/users", "users"),
        (me.may(ManagePeople), "Add a person", "/users/new", "user-plus"),
        (me.may(ManagePeople), "Teams", "/teams", "network"),
        (me.may(ManagePeople), "Settings, holidays and limits", "/settings", "settings"),
        (me.may(ImportRecords), "Import: customers, deals and more from files", "/imports", "upload"),
        (me.may(ReadAudit), "Audit: who did what", "/audit", "eye"),
        (true, "Profile: change my password", "/profile", "key-round"),
        (true, "Profile: where I am signed in", "/profile", "lock"),
        (true, "Help: keyboard", "/help/keys", "keyboard"),
    ]
    .into_iter()
    .filter(|(shown, ..)| *shown)
    .map(|(_, label, href, icon)| Command { label: label.to_owned(), href: href.to_owned(), icon })
    .collect()
}

/// The pages of a month, from the next quarter back through a year.
fn monthly(me: &Viewer) -> Vec<Command> {
    let leads = me.roles.iter().any(|role| *role != Role::Rep);
    let kinds = [
        (me.may(Permission::SetTargets), "Targets of", "/targets/", "target"),
        (me.is(Role::Rep), "My month,", "/my-month?period=", "house"),
        (leads, "Scoreboard of", "/scoreboard?period=", "trophy"),
    ];
    let months: Vec<Period> = [1, 0, 2, 3]
        .into_iter()
        .chain((1..=12).map(|back| -back))
        .map(|months| Period::month(add_months(me.today, months), me.company.fiscal_start))
        .collect();
    kinds
        .into_iter()
        .filter(|(shown, ..)| *shown)
        .flat_map(|(_, words, address, icon)| {
            months.iter().filter(move |month| address == "/targets/" || month.from() <= me.today).map(move |month| {
                Command { label: format!("{words} {}", month.label()), href: format!("{address}{month}"), icon }
            })
        })
        .collect()
}

/// The month that a text names: "2026-10", "October 2026", "oct"; without a year the last one that has begun.
pub fn month(typed: &str, today: Date) -> Option<Date> {
    if let Ok(period) = Period::parse(typed, Month::January)
        && period.kind() == PeriodKind::Month
    {
        return Some(period.from());
    }
    let mut words = typed.split_whitespace();
    let name = words.next()?.to_lowercase();
    let year = words.next().map(str::parse::<i32>);
    if name.len() < 3 || words.next().is_some() {
        return None;
    }
    let month = (1..=12_u8)
        .filter_map(|number| Month::try_from(number).ok())
        .find(|month| month.to_string().to_lowercase().starts_with(&name))?;
    if let Some(year) = year {
        let year = year.ok().filter(|year| (1900..3000).contains(year))?;
        return Date::from_calendar_date(year, month, 1).ok();
    }
    let first = Date::from_calendar_date(today.year(), month, 1).ok()?;
    Some(if first > today { add_months(first, -12) } else { first })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn each_typed_word_begins_a_word() {
        for (typed, found) in
            [("log", true), ("VIS lo", true), ("a visit log", true), ("isit", false), ("log deal", false), ("", true)]
        {
            assert_eq!(fits("Log a visit", typed), found, "{typed}");
        }
    }

    #[test]
    fn months_are_understood_as_people_type_them() {
        let today = date!(2026 - 11 - 19);
        for (typed, expected) in [
            ("2026-10", Some(date!(2026 - 10 - 01))),
            ("October 2025", Some(date!(2025 - 10 - 01))),
            ("nov", Some(date!(2026 - 11 - 01))),
            ("dec", Some(date!(2025 - 12 - 01))),
            ("2026", None),
            ("2026-Q1", None),
            ("de", None),
            ("dec 99999999999", None),
            ("Decanter", None),
            ("may be that", None),
        ] {
            assert_eq!(month(typed, today), expected, "{typed}");
        }
    }
}
