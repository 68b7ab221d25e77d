//! The facts as JSON, read strictly and written so that the same facts are always the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use time::{Date, format_description::BorrowedFormatItem, macros::format_description};

use super::{
    facts::{Credit, Deal, Facts, RepParts},
    json::{Fault, Fields, Node, Place, Refused, decimal, money},
    plan_json::read_metric,
};
use crate::domain::{
    deal::Stage,
    metric::{Metric, Unit},
    money::{Currency, Money},
};

/// How dates are written: `2026-10-02`.
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

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

    /// The facts as JSON that [`Facts::from_json`] reads again. The same facts give the same bytes.
    pub fn to_json(&self, currency: Currency) -> String {
        let deals = self.deals.as_ref().map(|deals| Node::List(deals.iter().map(|d| d.node(currency)).collect()));
        Node::object()
            .with("rep", Node::text(&self.rep))
            .with("period", Node::text(&self.period))
            .with("metrics", values_node(&self.metrics, &self.no_value, currency))
            .with("targets", values_node(&self.targets, &BTreeSet::new(), currency))
            .with("deals", deals)
            .to_string()
    }
}

fn read_facts(node: &Node<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Facts> {
    const KNOWN: [&str; 5] = ["rep", "period", "metrics", "targets", "deals"];
    const LATER: [&str; 4] = ["year_to_date", "draw_balance", "team_earnings", "adjustments"];
    let fields = Fields::read(node, Place::Root, &KNOWN, &LATER, faults)?;
    let rep = fields.need_text("rep", faults).map(str::to_owned);
    let period = fields.need_text("period", faults).map(str::to_owned);
    let (metrics, no_value) = read_values(&fields, "metrics", currency, faults);
    let (targets, _) = read_values(&fields, "targets", currency, faults);
    let list = fields.place().key("deals");
    let deals = fields.list("deals", faults).map(|nodes| {
        nodes.iter().enumerate().filter_map(|(i, node)| read_deal(node, &list.item(i), currency, faults)).collect()
    });
    Some(Facts { rep: rep?, period: period?, metrics, no_value, targets, deals })
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
    let Some(fields) = Fields::read(node, place, &known, &[], faults) else { return (values, without) };
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
    const KNOWN: [&str; 10] =
        ["number", "booked_on", "customer", "amount", "returns", "share", "credits", "part", "stage", "confirmed"];
    let fields = Fields::read(node, *place, &KNOWN, &["rep"], faults)?;
    let number = fields.need_whole("number", faults);
    let booked_on = fields.text("booked_on", faults).and_then(|text| {
        let date = Date::parse(text, DATE).ok();
        if date.is_none() {
            place.key("booked_on").fault(faults, format!("“{text}” is no date: write it like 2026-10-02"));
        }
        date
    });
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
    let confirmed = match fields.get("confirmed") {
        None => true,
        Some(Node::Bool(confirmed)) => *confirmed,
        Some(_) => {
            place.key("confirmed").fault(faults, "write true or false here");
            return None;
        }
    };
    Some(Deal {
        number: number?,
        booked_on,
        customer,
        amount: amount?,
        credit: credit?,
        returns,
        stage: stage?,
        confirmed,
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
    let fields = Fields::read(node, *place, &["rep", "parts"], &[], faults)?;
    let rep = fields.need_text("rep", faults).map(str::to_owned);
    let parts = fields.need_whole("parts", faults).and_then(|parts| {
        let parts = u32::try_from(parts).ok().filter(|parts| *parts <= 1_000_000);
        if parts.is_none() {
            place.key("parts").fault(faults, "parts are whole numbers from 0 to 1000000");
        }
        parts
    });
    Some(RepParts { rep: rep?, parts: parts? })
}

impl Deal {
    fn node(&self, currency: Currency) -> Node<'_> {
        let node = Node::object()
            .with("number", Node::Int(self.number))
            .with("booked_on", self.booked_on.map(|date| Node::text(date.to_string())))
            .with("customer", (!self.customer.is_empty()).then(|| Node::text(&self.customer)))
            .with("amount", Node::text(currency.plain(self.amount)))
            .with("returns", self.returns.map(Node::Int));
        let node = match &self.credit {
            Credit::Unstated => node,
            Credit::Share(share) => node.with("share", Node::text(share.to_string())),
            Credit::Part(part) => node.with("part", Node::text(currency.plain(*part))),
            Credit::Parts(credits) => node.with("credits", Node::List(credits.iter().map(RepParts::node).collect())),
        };
        node.with("stage", (self.stage != Stage::Won).then(|| Node::text(self.stage.as_str())))
            .with("confirmed", (!self.confirmed).then_some(Node::Bool(false)))
    }
}

impl RepParts {
    fn node(&self) -> Node<'_> {
        Node::object().with("rep", Node::text(&self.rep)).with("parts", Node::Int(i64::from(self.parts)))
    }
}

/// Values as the form has them: money in major units, `null` where there is no value.
fn values_node<'a>(
    values: &BTreeMap<Metric, Decimal>,
    none: &BTreeSet<Metric>,
    currency: Currency,
) -> Option<Node<'a>> {
    let written =
        |(metric, value): (&Metric, &Decimal)| (*metric, Node::text(as_written(*metric, *value, currency).to_string()));
    let mut nodes: BTreeMap<Metric, Node<'a>> = values.iter().map(written).collect();
    nodes.extend(none.iter().map(|metric| (*metric, Node::Null)));
    let entries: Vec<_> = nodes.into_iter().map(|(metric, node)| (metric.as_str().into(), node)).collect();
    (!entries.is_empty()).then_some(Node::Object(entries))
}

/// A value in the metric's own unit as forms and statements write it: money in major units with the currency's
/// decimals. Equal values are written alike, however many zeros they came with.
pub(super) fn as_written(metric: Metric, value: Decimal, currency: Currency) -> Decimal {
    let value = value.normalize();
    if metric.unit() != Unit::Money {
        return value;
    }
    let mut major = value;
    if major.set_scale(value.scale() + u32::from(currency.decimals())).is_err() {
        major = value / Decimal::from(10_i64.pow(u32::from(currency.decimals())));
    }
    with_decimals(major, currency)
}

/// The number with the currency's decimals, or as many more as it needs: 285 is written 285.00.
pub(super) fn with_decimals(number: Decimal, currency: Currency) -> Decimal {
    let mut number = number.normalize();
    number.rescale(number.scale().max(u32::from(currency.decimals())));
    number
}
