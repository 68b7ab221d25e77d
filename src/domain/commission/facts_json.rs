//! The facts as JSON, read strictly: every mistake with its place.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{
    facts::{Adjustment, Credit, Deal, Earned, Facts, Figures, Hold, LostAgain, Member, RepParts, Team, TrueUp},
    json::{Fault, Fields, Node, Place, Refused, decimal, money},
    plan_json::read_metric,
};
use crate::domain::{
    deal::Stage,
    metric::{Metric, Unit},
    money::{Currency, Money},
};

impl Facts {
    /// Reads facts (docs/commission-plans.md); amounts are in major units of this currency, the plan's.
    pub fn from_json(text: &str, currency: Currency) -> Result<Self, Refused> {
        let node = Node::parse(text)?;
        let mut faults = Vec::new();
        let facts = read_facts(&node, currency, &mut faults);
        if let (Some(facts), true) = (&facts, faults.is_empty()) {
            faults = facts.faults();
        }
        Refused::unless(faults, facts)
    }

    /// Reads facts from a JSON value, like one that the database holds.
    pub fn from_value(value: &serde_json::Value, currency: Currency) -> Result<Self, Refused> {
        Self::from_json(&value.to_string(), currency)
    }
}

fn read_facts(node: &Node<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Facts> {
    const KNOWN: [&str; 17] = [
        "rep",
        "period",
        "metrics",
        "targets",
        "deals",
        "year_to_date",
        "year_targets",
        "period_on_plan",
        "draw_balance",
        "balance",
        "team",
        "team_earnings",
        "adjustments",
        "holds",
        "true_up",
        "lost_again",
        "off_plan",
    ];
    let fields = Fields::read(node, Place::Root, &KNOWN, faults)?;
    let rep = fields.need_text("rep", faults).map(str::to_owned);
    let period = fields.need_text("period", faults).map(str::to_owned);
    let Figures { metrics, no_value, targets } = read_figures(&fields, currency, faults);
    let deals = read_deals(&fields, currency, faults);
    let (year_to_date, _) = read_values(&fields, "year_to_date", currency, faults);
    let year_targets = fields.get("year_targets").map(|_| read_values(&fields, "year_targets", currency, faults).0);
    let period_on_plan = fields.count("period_on_plan", faults);
    let draw_balance = fields.money("draw_balance", currency, faults).unwrap_or_default();
    let balance = fields.money("balance", currency, faults).unwrap_or_default();
    let team = fields.get("team").and_then(|node| read_team(node, &fields.place().key("team"), currency, faults));
    let team_earnings = read_list(&fields, "team_earnings", faults, |node, place, faults| {
        let fields = Fields::read(node, place, &["rep", "amount"], faults)?;
        let rep = fields.need_text("rep", faults).map(str::to_owned);
        let amount = fields.need_money("amount", currency, faults);
        Some(Earned { rep: rep?, amount: amount? })
    });
    let adjustments = read_list(&fields, "adjustments", faults, |node, place, faults| {
        let fields = Fields::read(node, place, &["component", "period", "old", "new", "reason"], faults)?;
        let component = fields.need_text("component", faults).map(str::to_owned);
        let period = fields.need_text("period", faults).map(str::to_owned);
        let (old, new) = (fields.need_money("old", currency, faults), fields.need_money("new", currency, faults));
        let reason = fields.text("reason", faults).map(str::to_owned);
        Some(Adjustment { component: component?, period: period?, old: old?, new: new?, reason })
    });
    let holds = read_list(&fields, "holds", faults, |node, place, faults| {
        let fields = Fields::read(node, place, &["component", "reason"], faults)?;
        let component = fields.need_text("component", faults).map(str::to_owned);
        let reason = fields.text("reason", faults).map(str::to_owned);
        Some(Hold { component: component?, reason })
    });
    let lost_again = read_lost_again(&fields, faults);
    let off_plan = fields.bool("off_plan", faults).unwrap_or(false);
    let rep = rep?;
    let longer = fields.place().key("true_up");
    let true_up = fields.get("true_up").and_then(|node| read_true_up(node, longer, &rep, currency, faults));
    Some(Facts {
        rep,
        period: period?,
        metrics,
        no_value,
        targets,
        deals,
        year_to_date,
        year_targets,
        period_on_plan,
        draw_balance,
        balance,
        team,
        team_earnings,
        adjustments: adjustments.unwrap_or_default(),
        holds: holds.unwrap_or_default(),
        true_up,
        lost_again,
        off_plan,
    })
}

fn read_lost_again(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Vec<LostAgain> {
    let read = read_list(fields, "lost_again", faults, |node, place, faults| {
        let fields = Fields::read(node, place, &["customer", "after"], faults)?;
        fields.need("after", faults);
        let customer = fields.text("customer", faults).unwrap_or_default().to_owned();
        Some(LostAgain { customer, after: fields.count("after", faults)? })
    });
    read.unwrap_or_default()
}

/// Every entry of a list that can be read; none where there is no such list.
fn read_list<'n, T>(
    fields: &Fields<'n>,
    key: &'static str,
    faults: &mut Vec<Fault>,
    mut read: impl FnMut(&'n Node<'n>, Place<'_>, &mut Vec<Fault>) -> Option<T>,
) -> Option<Vec<T>> {
    let list = fields.place().key(key);
    let nodes = fields.list(key, faults)?;
    Some(nodes.iter().enumerate().filter_map(|(i, node)| read(node, list.item(i), faults)).collect())
}

fn read_figures(fields: &Fields<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Figures {
    let (metrics, no_value) = read_values(fields, "metrics", currency, faults);
    let (targets, _) = read_values(fields, "targets", currency, faults);
    Figures { metrics, no_value, targets }
}

fn read_deals(fields: &Fields<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Vec<Deal>> {
    let list = fields.place().key("deals");
    let nodes = fields.list("deals", faults)?;
    Some(nodes.iter().enumerate().filter_map(|(i, node)| read_deal(node, &list.item(i), currency, faults)).collect())
}

fn read_team(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Team> {
    let fields = Fields::read(node, *place, &["metrics", "targets", "reps"], faults)?;
    let figures = read_figures(&fields, currency, faults);
    let list = place.key("reps");
    let mut reps = Vec::new();
    for (i, node) in fields.list("reps", faults).unwrap_or_default().iter().enumerate() {
        let Some(fields) = Fields::read(node, list.item(i), &["rep", "metrics", "targets"], faults) else { continue };
        let rep = fields.need_text("rep", faults).map(str::to_owned);
        let figures = read_figures(&fields, currency, faults);
        reps.extend(rep.map(|rep| Member { rep, figures }));
    }
    Some(Team { figures, reps })
}

fn read_true_up(
    node: &Node<'_>,
    place: Place<'_>,
    rep: &str,
    currency: Currency,
    faults: &mut Vec<Fault>,
) -> Option<TrueUp> {
    const KNOWN: [&str; 8] = ["period", "periods", "metrics", "targets", "deals", "lost_again", "team", "paid"];
    let fields = Fields::read(node, place, &KNOWN, faults)?;
    let period = fields.need_text("period", faults).map(str::to_owned);
    let periods = fields.count("periods", faults);
    let Figures { metrics, no_value, targets } = read_figures(&fields, currency, faults);
    let deals = read_deals(&fields, currency, faults);
    let lost_again = read_lost_again(&fields, faults);
    let team = fields.get("team").and_then(|node| read_team(node, &place.key("team"), currency, faults));
    let mut paid = BTreeMap::new();
    let place = place.key("paid");
    if let Some(Node::Object(entries)) = fields.need("paid", faults) {
        for (name, node) in entries {
            paid.extend(money(node, &place.key(name), currency, faults).map(|amount| (name.to_string(), amount)));
        }
    } else if fields.get("paid").is_some() {
        place.fault(faults, "write what each component paid, like { \"Sales\": \"120.00\" }");
    }
    let (rep, period) = (rep.to_owned(), period?);
    let facts = Facts { rep, period, metrics, no_value, targets, deals, team, lost_again, ..Facts::default() };
    Some(TrueUp { periods, facts: Box::new(facts), paid })
}

/// The values of metrics, and which of them are `null`: without a value.
fn read_values(
    fields: &Fields<'_>,
    key: &'static str,
    currency: Currency,
    faults: &mut Vec<Fault>,
) -> (BTreeMap<Metric, Decimal>, BTreeSet<Metric>) {
    let (mut values, mut without) = (BTreeMap::new(), BTreeSet::new());
    let Some(node) = fields.get(key) else { return (values, without) };
    let place = fields.place().key(key);
    let known: Vec<&str> = match node {
        Node::Object(entries) => entries.iter().map(|(key, _)| key.as_ref()).collect(),
        _ => Vec::new(),
    };
    let Some(fields) = Fields::read(node, place, &known, faults) else { return (values, without) };
    for (word, node) in fields.entries() {
        let here = place.key(word);
        let Some(metric) = read_metric(word, &here, faults) else { continue };
        if *node == Node::Null {
            without.insert(metric);
            continue;
        }
        let value = match metric.unit() {
            Unit::Money => money(node, &here, currency, faults).map(Money::exact),
            Unit::Count | Unit::Fraction => decimal(node, &here, faults),
        };
        if let Some(value) = value {
            values.insert(metric, value);
        }
    }
    (values, without)
}

fn read_deal(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Deal> {
    const KNOWN: [&str; 18] = [
        "number",
        "booked_on",
        "customer",
        "amount",
        "returns",
        "share",
        "credits",
        "part",
        "stage",
        "confirmed",
        "rep",
        "overlay",
        "hold",
        "customer_since",
        "new_customer",
        "cross_sell",
        "primary",
        "lost_after",
    ];
    let fields = Fields::read(node, *place, &KNOWN, faults)?;
    let number = fields.need_whole("number", faults);
    let booked_on = fields.date("booked_on", faults);
    let customer = fields.text("customer", faults).unwrap_or_default().to_owned();
    let amount = fields.need_money("amount", currency, faults);
    let returns = fields.whole("returns", faults);
    let credit = read_credit(&fields, currency, faults);
    let stage = match fields.text("stage", faults) {
        None => Some(Stage::Won),
        Some(word) => {
            let stage = Stage::parse(word);
            if stage.is_none() {
                place.key("stage").fault(faults, format!("“{word}” is no stage: use open, won, lost or cancelled"));
            }
            stage
        }
    };
    let confirmed = fields.bool("confirmed", faults).unwrap_or(true);
    let hold = match fields.get("hold") {
        None | Some(Node::Bool(false)) => None,
        Some(Node::Bool(true)) => Some(String::new()),
        Some(_) => fields.text("hold", faults).map(str::to_owned),
    };
    let mut yes = |key| fields.bool(key, faults).unwrap_or(false);
    let (overlay, new_customer, cross_sell) = (yes("overlay"), yes("new_customer"), yes("cross_sell"));
    let primary = fields.bool("primary", faults).unwrap_or(true);
    let customer_since = fields.date("customer_since", faults);
    let lost_after = fields.count("lost_after", faults);
    let rep = fields.text("rep", faults).map(str::to_owned);
    Some(Deal {
        number: number?,
        booked_on,
        customer,
        amount: amount?,
        credit: credit?,
        returns,
        stage: stage?,
        confirmed,
        rep,
        overlay,
        hold,
        customer_since,
        new_customer,
        cross_sell,
        primary,
        lost_after,
    })
}

fn read_credit(fields: &Fields<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Credit> {
    const WAYS: [&str; 3] = ["share", "credits", "part"];
    let given: Vec<&str> = WAYS.into_iter().filter(|key| fields.get(key).is_some()).collect();
    match given.as_slice() {
        [] => Some(Credit::Unstated),
        ["share"] => fields.decimal("share", faults).map(Credit::Share),
        ["part"] => fields.money("part", currency, faults).map(Credit::Part),
        ["credits"] => {
            let list = fields.place().key("credits");
            let nodes = fields.list("credits", faults)?;
            let credits: Vec<RepParts> =
                nodes.iter().enumerate().filter_map(|(i, node)| read_parts(node, &list.item(i), faults)).collect();
            (credits.len() == nodes.len()).then_some(Credit::Parts(credits))
        }
        _ => {
            fields.place().fault(faults, format!("say once whose deal it is: keep one of {}", given.join(", ")));
            None
        }
    }
}

fn read_parts(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<RepParts> {
    let fields = Fields::read(node, *place, &["rep", "parts", "overlay"], faults)?;
    let rep = fields.need_text("rep", faults).map(str::to_owned);
    let parts = fields.need_whole("parts", faults).and_then(|parts| {
        let parts = u32::try_from(parts).ok().filter(|parts| *parts <= 1_000_000);
        if parts.is_none() {
            place.key("parts").fault(faults, "parts are whole numbers from 0 to 1000000");
        }
        parts
    });
    let overlay = fields.bool("overlay", faults).unwrap_or(false);
    Some(RepParts { rep: rep?, parts: parts?, overlay })
}
