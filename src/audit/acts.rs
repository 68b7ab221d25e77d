//! The log of everything in sentences: "Ingrid confirmed deal 12, Nordlys Catering".

use serde_json::Value;
use time::PrimitiveDateTime;

use super::{
    db::Entry,
    list_db::Row,
    words::{self, Change},
};
use crate::{
    domain::{access::Permission, id::UserId, metric::Metric, period::Period},
    targets::draw,
    web::{auth::Viewer, format, ui::Choice},
};

/// What can be done, in the order of the filter: the word, what a sentence says of it, and what the filter calls it.
const ACTS: &[(&str, &str, &str)] = &[
    ("visit.logged", "logged", "Visits: logged"),
    ("visit.planned", "planned", "Visits: planned"),
    ("visit.done", "did the planned", "Visits: planned one done"),
    ("visit.corrected", "corrected", "Visits: corrected"),
    ("visit.moved", "moved", "Visits: moved to another day"),
    ("visit.given", "gave away", "Visits: given to another rep"),
    ("visit.missed", "missed", "Visits: missed"),
    ("visit.voided", "took back", "Visits: did not take place after all"),
    ("visit.removed", "took off the plan", "Visits: taken off the plan"),
    ("visit.undone", "undid", "Visits: undone"),
    ("visit.changed", "changed", "Visits: changed by an import"),
    ("visit.exported", "downloaded", "Visits: list downloaded"),
    ("deal.entered", "entered", "Deals: entered"),
    ("deal.changed", "changed", "Deals: changed"),
    ("deal.given", "gave away", "Deals: given to another rep"),
    ("deal.won", "won", "Deals: won"),
    ("deal.win_undone", "took back the win of", "Deals: win taken back"),
    ("deal.expected", "moved the expected day of", "Deals: expected day moved"),
    ("deal.lost", "lost", "Deals: lost"),
    ("deal.cancelled", "cancelled", "Deals: cancelled"),
    ("deal.reopened", "reopened", "Deals: reopened"),
    ("deal.returned", "entered a return of", "Deals: returned"),
    ("deal.credit_note", "entered the credit note", "Deals: credit note entered"),
    ("deal.confirmed", "confirmed", "Deals: confirmed"),
    ("deal.confirmation_undone", "took back the confirmation of", "Deals: confirmation taken back"),
    ("deal.exported", "downloaded", "Deals: list downloaded"),
    ("rate.entered", "entered a rate in", "Exchange rates: entered"),
    ("rate.rerated", "re-rated deals in", "Exchange rates: deals re-rated"),
    ("customer.added", "added", "Customers: added"),
    ("customer.changed", "changed", "Customers: changed"),
    ("customer.handed_over", "handed over", "Customers: handed over"),
    ("customer.ownership_replaced", "replaced the owners of", "Customers: owners replaced"),
    ("customer.noted", "wrote a note about", "Customers: note written"),
    ("customer.note_removed", "removed a note about", "Customers: note removed"),
    ("customer.note_restored", "put back a note about", "Customers: note put back"),
    ("customer.ended", "noted the end of", "Customers: ended"),
    ("customer.end_proposed", "proposed the end of", "Customers: end proposed"),
    ("customer.end_confirmed", "confirmed the end of", "Customers: end confirmed"),
    ("customer.end_rejected", "rejected the end of", "Customers: end rejected"),
    ("customer.end_taken_back", "took back the proposed end of", "Customers: proposed end taken back"),
    ("customer.merged", "merged", "Customers: merged"),
    ("customer.merge_undone", "took back the merge of", "Customers: merge taken back"),
    ("customer.ending_withdrawn", "took back the end of", "Customers: end taken back"),
    ("customer.exported", "downloaded", "Customers: list downloaded"),
    ("figures.exported", "downloaded", "Figures: downloaded"),
    ("target.downloaded", "downloaded the targets of", "Targets: downloaded"),
    ("target.set", "set targets of", "Targets: set"),
    ("target.accepted", "accepted the own targets of", "Targets: accepted"),
    ("plan.version", "wrote a version of", "Plans: version written"),
    ("plan.assigned", "changed who is on", "Plans: assigned"),
    ("plan.imported", "imported", "Plans: imported"),
    ("plan.downloaded", "downloaded a simulation of", "Plans: simulation downloaded"),
    ("letter.published", "published the letters of", "Plan letters: published"),
    ("letter.reminded", "reminded of the letters of", "Plan letters: reminded"),
    ("letter.accepted", "accepted", "Plan letters: accepted"),
    ("letter.asked", "asked about", "Plan letters: asked"),
    ("letter.answered", "answered about", "Plan letters: answered"),
    ("run.calculated", "calculated", "Commission: calculated"),
    ("run.held", "held pay in", "Commission: held"),
    ("run.released", "released pay in", "Commission: released"),
    ("run.adjusted", "adjusted pay in", "Commission: adjusted"),
    ("run.adjustment_withdrawn", "withdrew an adjustment in", "Commission: adjustment withdrawn"),
    ("run.noted", "wrote a note in", "Commission: noted"),
    ("run.submitted", "submitted", "Commission: submitted"),
    ("run.approved", "approved", "Commission: run approved"),
    ("run.paid", "marked as paid", "Commission: paid"),
    ("run.downloaded", "downloaded a file of", "Commission: file downloaded"),
    ("organization.payroll_columns", "chose the columns of", "Payroll file: columns chosen"),
    ("statement.approved", "approved", "Commission: statement approved"),
    ("statement.exported", "downloaded", "Commission: list of statements downloaded"),
    ("dispute.opened", "opened", "Disputes: opened"),
    ("dispute.written", "wrote in", "Disputes: written in"),
    ("dispute.accepted", "accepted", "Disputes: accepted"),
    ("dispute.refused", "refused", "Disputes: refused"),
    ("dispute.withdrawn", "withdrew", "Disputes: withdrawn"),
    ("user.created", "added", "People: added"),
    ("user.changed", "changed", "People: changed"),
    ("user.roles_changed", "changed the roles of", "People: roles changed"),
    ("user.team_changed", "changed the team of", "People: team changed"),
    ("user.left", "noted the leaving of", "People: left"),
    ("user.deactivated", "deactivated", "People: deactivated"),
    ("user.activated", "activated", "People: activated"),
    ("user.invited", "made an invitation link for", "People: invited"),
    ("user.invitation_accepted", "took the invitation of", "People: invitation taken"),
    ("user.reset_link_made", "made a link for a new password for", "People: password link made"),
    ("user.password_reset", "used the password link of", "People: password link used"),
    ("user.password_changed", "changed the password of", "People: password changed"),
    ("user.password_set", "set the password of", "People: password set"),
    ("user.signed_out", "ended all sessions of", "People: sessions ended"),
    ("user.signed_out_elsewhere", "ended the other sessions of", "People: other sessions ended"),
    ("user.session_ended", "ended one session of", "People: one session ended"),
    ("user.formats_chosen", "chose how numbers are written for", "People: form of numbers chosen"),
    ("user.leave_added", "entered leave of", "People: leave entered"),
    ("user.leave_ended", "ended leave of", "People: leave ended"),
    ("user.leave_removed", "removed leave of", "People: leave removed"),
    ("user.leave_restored", "put back leave of", "People: leave put back"),
    ("user.second_factor_on", "turned on the second factor of", "People: second factor on"),
    ("user.second_factor_off", "turned off the second factor of", "People: second factor off"),
    ("user.second_factor_taken_off", "took off the second factor of", "People: second factor taken off"),
    ("user.second_factor_wrong", "gave a wrong code for the sign-in of", "People: wrong code"),
    ("user.recovery_codes_made", "made new recovery codes of", "People: recovery codes made"),
    ("user.recovery_code_used", "used a recovery code of", "People: recovery code used"),
    ("user.exported", "downloaded", "People: list downloaded"),
    ("user.viewing_started", "began to view as", "People: viewed as"),
    ("user.viewing_ended", "stopped viewing as", "People: viewing ended"),
    ("team.created", "created", "Teams: created"),
    ("team.changed", "changed", "Teams: changed"),
    ("team.manager_added", "added a manager to", "Teams: manager added"),
    ("team.manager_ended", "ended a manager of", "Teams: manager ended"),
    ("settings.changed", "changed", "Settings: changed"),
    ("settings.limit_set", "set a limit in", "Settings: limit set"),
    ("settings.limit_removed", "removed a limit from", "Settings: limit removed"),
    ("settings.minimum_set", "set a minimum of visits in", "Settings: minimum of visits set"),
    ("settings.minimum_removed", "removed a minimum of visits from", "Settings: minimum of visits removed"),
    ("settings.minimum_restored", "put back a minimum of visits in", "Settings: minimum of visits put back"),
    ("settings.levels_changed", "changed the levels in", "Settings: levels"),
    ("settings.proration_changed", "changed which targets are in proportion in", "Settings: targets in proportion"),
    ("settings.holiday_added", "added a holiday to", "Settings: holiday added"),
    ("settings.holiday_renamed", "renamed a holiday in", "Settings: holiday renamed"),
    ("settings.holiday_removed", "removed a holiday from", "Settings: holiday removed"),
    ("settings.holiday_restored", "put back a holiday in", "Settings: holiday put back"),
    ("settings.holidays_taken", "took holidays of a calendar into", "Settings: holidays of a calendar"),
    ("product.added", "added to", "Products: added"),
    ("product.changed", "changed", "Products: changed"),
    ("product.retired", "retired one of", "Products: no longer offered"),
    ("product.offered", "offered again one of", "Products: offered again"),
    ("organization.created", "created", "Company: created"),
    ("import.done", "imported", "Imports"),
    ("import.undone", "took back", "Imports: taken back"),
    ("audit.exported", "downloaded", "Audit log: downloaded"),
];

/// What belongs together: the first part of the word, and what the filter calls all of it.
const KINDS: [(&str, &str); 17] = [
    ("visit", "All of visits"),
    ("deal", "All of deals"),
    ("customer", "All of customers"),
    ("figures", "All of figures"),
    ("target", "All of targets"),
    ("plan", "All of plans"),
    ("letter", "All of plan letters"),
    ("run", "All of commission runs"),
    ("statement", "All of statements"),
    ("dispute", "All of disputes"),
    ("user", "All of people"),
    ("team", "All of teams"),
    ("settings", "All of settings"),
    ("product", "All of products"),
    ("rate", "All of exchange rates"),
    ("import", "All of imports"),
    ("audit", "All of the audit log"),
];

/// The choices of the filter: kinds first, then single acts.
pub fn choices() -> Vec<Choice> {
    let kinds = KINDS.iter().map(|(kind, label)| Choice::new(kind, *label));
    kinds.chain(ACTS.iter().map(|(act, _, label)| Choice::new(act, *label))).collect()
}

/// What a choice of the filter finds: the beginning of the acts' words. Nothing for a word that no act begins with.
pub fn beginning(choice: &str) -> Option<String> {
    let is_word = !choice.is_empty() && choice.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.');
    is_word.then(|| if choice.contains('.') { choice.to_owned() } else { format!("{choice}.") })
}

/// An act as the log tells it.
#[derive(Clone, Debug)]
pub struct Line {
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who.
    pub who: String,
    /// "confirmed".
    pub did: String,
    /// "deal 12, Nordlys Catering".
    pub thing: String,
    /// The page of the thing, where the viewer may open it; else empty.
    pub href: String,
    /// The path by which the log finds what else was done to the thing.
    pub object: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// Why, if a reason was given.
    pub reason: String,
}

/// The numbers of the people whom details tell by number.
pub fn people_in(rows: &[Row]) -> Vec<i64> {
    fn collect(value: &Value, found: &mut Vec<i64>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_i64() {
                        Some(id) if PERSON.contains(&name.as_str()) => found.push(id),
                        _ => collect(value, found),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = vec![];
    for row in rows {
        collect(&row.detail, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The fields of details that hold a person's number.
const PERSON: [&str; 4] = ["rep", "user", "owner", "owner_id"];

/// Tells the acts. `names` are those of [`people_in`].
pub fn told(rows: Vec<Row>, names: &[(UserId, String)], me: &Viewer) -> Vec<Line> {
    rows.into_iter().map(|row| line(row, names, me)).collect()
}

fn line(row: Row, names: &[(UserId, String)], me: &Viewer) -> Line {
    let (thing, href) = thing(&row, me);
    let act = ACTS.iter().find(|(act, ..)| *act == row.action);
    let did = act.map_or_else(
        || row.action.split_once('.').map_or(&*row.action, |(_, act)| act).replace('_', " "),
        |(_, did, _)| (*did).to_owned(),
    );
    // What a plan pays is for those who keep plans.
    let hidden = row.action.starts_with("plan.") && !me.may(Permission::PrepareCommission);
    let own = if hidden { vec![] } else { particulars(&row, names, me) };
    let entry = Entry { at: row.at, who: row.who, user_id: row.user_id, action: row.action, detail: row.detail };
    let act = words::told(vec![entry], me.company.currency).pop();
    let (who, changes, reason) = act.map_or_else(Default::default, |act| (act.who, act.changes, act.reason));
    let changes = if hidden || !own.is_empty() { own } else { changes };
    Line { at: row.at, who: format::capital(&who), did, thing, href, object: row.object, changes, reason }
}

/// What the details of some acts tell in a way of their own.
fn particulars(row: &Row, names: &[(UserId, String)], me: &Viewer) -> Vec<Change> {
    let name = |value: Option<&Value>| {
        let id = value.and_then(Value::as_i64);
        let known = id.and_then(|id| names.iter().find(|(known, _)| known.0 == id));
        known.map(|(_, name)| name.clone()).unwrap_or_default()
    };
    let text = |field: &str| row.detail.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let now = |label: &str, new: String| Change { label: label.to_owned(), old: String::new(), new };
    let one = |change: Change| if change.new.is_empty() && change.old.is_empty() { vec![] } else { vec![change] };
    match row.action.as_str() {
        "target.set" => {
            let changes = row.detail.get("changes").and_then(Value::as_array);
            let target = |change: &Value| {
                let metric = Metric::parse(change.get("metric")?.as_str()?)?;
                let value = |field: &str| change.get(field).and_then(decimal);
                let shown = |field: &str| draw::words(metric, value(field), me.company.currency);
                let group = change.get("whose").and_then(Value::as_str).map(str::to_owned);
                let whose = group.unwrap_or_else(|| name(change.get("rep")));
                let label = format!("{whose}, {}", metric.label().to_lowercase());
                Some(Change { label, old: shown("old"), new: shown("new") })
            };
            changes.map(|changes| changes.iter().filter_map(target).collect()).unwrap_or_default()
        }
        "customer.handed_over" | "customer.ownership_replaced" => {
            let rep = |side: &str| match row.detail.get(side) {
                Some(Value::Array(stretches)) => {
                    stretches.iter().map(|stretch| name(stretch.get("rep"))).collect::<Vec<_>>().join(", ")
                }
                values => name(values.and_then(|values| values.get("rep"))),
            };
            one(Change { label: "Owner".to_owned(), old: rep("old"), new: rep("new") })
        }
        "team.manager_added" => one(now("Manager", name(row.detail.get("user")))),
        "team.manager_ended" => {
            one(Change { label: "Manager".to_owned(), old: name(row.detail.get("user")), new: String::new() })
        }
        "plan.assigned" => match row.detail.get("on").and_then(Value::as_bool) {
            Some(false) => one(Change { label: "Rep".to_owned(), old: text("rep"), new: String::new() }),
            _ => one(now(
                "Rep",
                Some(text("rep")).filter(|rep| !rep.is_empty()).unwrap_or_else(|| name(row.detail.get("rep"))),
            )),
        },
        "organization.payroll_columns" => {
            one(Change { label: "Columns".to_owned(), old: text("old"), new: text("new") })
        }
        "run.paid" => one(now("Paid on", row.detail.get("paid_on").map(words::words).unwrap_or_default())),
        "product.added" => {
            let new = row.detail.get("new").unwrap_or(&row.detail);
            one(now("Name", new.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()))
        }
        act if act.ends_with(".exported") || act.ends_with(".downloaded") => {
            let rows = row.detail.get("rows").and_then(Value::as_i64).map(format::count).unwrap_or_default();
            vec![now("File", text("file")), now("Rows", rows)]
        }
        "import.done" => {
            let count =
                |made: &Value, what: &str| made.get(what).and_then(Value::as_i64).map(|n| format!("{n} {what}"));
            let files = row.detail.as_object().into_iter().flatten();
            files
                .map(|(file, made)| {
                    let counts = ["created", "updated", "unchanged"].iter().filter_map(|what| count(made, what));
                    now(file, counts.collect::<Vec<_>>().join(", "))
                })
                .collect()
        }
        _ => vec![],
    }
}

fn decimal(value: &Value) -> Option<rust_decimal::Decimal> {
    value.as_str().map_or_else(|| value.to_string().parse().ok(), |text| text.parse().ok())
}

/// What a thing is called, and its page where the viewer may open it.
fn thing(row: &Row, me: &Viewer) -> (String, String) {
    let here = || row.object.clone();
    let period = || {
        let (kind, start) = (row.period_kind?, row.period_start?);
        Some(format::period(Period::containing(kind, start, me.company.fiscal_start)))
    };
    let link = |shown: bool| if shown { here() } else { String::new() };
    let name = || row.name.clone().unwrap_or_default();
    let customer = || row.customer.clone().unwrap_or_default();
    match row.object.split('/').nth(1).unwrap_or_default() {
        list if row.action.ends_with(".exported") => (exported(&row.object, list), here()),
        "customers" if row.customer.is_some() => (customer(), here()),
        "deals" => match row.deal {
            Some(number) => (format!("deal {number}, {}", customer()), here()),
            None => ("a deal".to_owned(), String::new()),
        },
        "visits" => match row.visited_on {
            Some(day) => (format!("visit to {} of {}", customer(), format::date(day)), here()),
            None => ("a visit".to_owned(), String::new()),
        },
        "users" if row.name.is_some() => (name(), link(me.may(Permission::ManagePeople))),
        "teams" if row.name.is_some() => (format!("team {}", name()), link(me.may(Permission::ManagePeople))),
        "plans" if row.name.is_some() => (format!("plan {}", name()), link(me.may(Permission::PrepareCommission))),
        "commission-runs" if row.object.ends_with("/payroll") => {
            ("the payroll file".to_owned(), link(me.may(Permission::PrepareCommission)))
        }
        "commission-runs" => {
            let may = me.may(Permission::PrepareCommission) || row.submitted && me.may(Permission::ApproveCommission);
            (period().map_or("a run".to_owned(), |period| format!("the run of {period}")), link(may))
        }
        "statements" => {
            let words =
                period().map_or("a statement".to_owned(), |period| format!("the statement of {} for {period}", name()));
            (words, link(row.submitted && me.may(Permission::ReadStatements)))
        }
        "disputes" => {
            let number = row.object.rsplit('/').next().unwrap_or_default();
            (format!("dispute {number}"), link(me.may(Permission::ReadStatements)))
        }
        "plan-letters" => ("a plan letter".to_owned(), link(me.may(Permission::ReadStatements))),
        "targets" => {
            let word = row.object.split('/').nth(2).unwrap_or_default();
            let words = Period::parse(word, me.company.fiscal_start).map_or_else(|_| word.to_owned(), Period::label);
            (words, link(me.may(Permission::SetTargets)))
        }
        "settings" => ("the settings".to_owned(), link(me.may(Permission::ManagePeople))),
        "products" => ("the products".to_owned(), here()),
        "exchange-rates" => ("the exchange rates".to_owned(), here()),
        "imports" => ("files".to_owned(), link(me.may(Permission::ImportRecords))),
        "users" => ("the company".to_owned(), String::new()),
        _ => (row.object.clone(), String::new()),
    }
}

/// What a file is of.
fn exported(object: &str, list: &str) -> String {
    match object {
        "/audit" => "the audit log".to_owned(),
        "/users" => "the list of people".to_owned(),
        "/deals/pipeline" => "the pipeline".to_owned(),
        "/scoreboard" => "the scoreboard".to_owned(),
        "/growth" => "the growth of customers".to_owned(),
        _ if list == "metrics" => "what is behind a number".to_owned(),
        _ => format!("the list of {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_belongs_to_a_kind_and_has_a_choice() {
        for (act, did, label) in ACTS {
            let kind = act.split('.').next().unwrap();
            assert!(KINDS.iter().any(|(known, _)| *known == kind) || kind == "organization", "{act}");
            assert!(!did.is_empty() && !label.is_empty());
        }
        assert_eq!(beginning("deal").as_deref(), Some("deal."));
        assert_eq!(beginning("deal.won").as_deref(), Some("deal.won"));
        assert_eq!(beginning("' or 1=1"), None);
    }
}
