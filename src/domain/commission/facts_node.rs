//! The facts written as JSON: the same facts are always the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{
    facts::{Adjustment, Credit, Deal, Facts, Figures, LostAgain, Member, RepParts, Team, TrueUp},
    json::Node,
    measure::What,
};
use crate::domain::{
    deal::Stage,
    metric::{Metric, Unit},
    money::{Currency, Money},
};

impl Facts {
    /// The facts as JSON that [`Facts::from_json`] reads again. The same facts give the same bytes.
    pub fn to_json(&self, currency: Currency) -> String {
        self.node(currency).to_string()
    }

    /// The same as a value.
    ///
    /// # Errors
    ///
    /// If a part is no JSON, which is a fault of the program.
    pub fn to_value(&self, currency: Currency) -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(self.node(currency))
    }

    fn node(&self, currency: Currency) -> Node<'_> {
        let amount = |amount: Money| (amount != Money::ZERO).then(|| Node::text(currency.plain(amount)));
        let none = BTreeSet::new();
        let earned = self.team_earnings.as_ref().map(|earned| {
            let one = |one: &'_ super::facts::Earned| {
                Node::object()
                    .with("rep", Node::text(one.rep.clone()))
                    .with("amount", Node::text(currency.plain(one.amount)))
            };
            Node::List(earned.iter().map(one).collect())
        });
        let adjustments: Vec<Node<'_>> = self.adjustments.iter().map(|one| one.node(currency)).collect();
        let hold = |one: &super::facts::Hold| {
            Node::object()
                .with("component", Node::text(one.component.clone()))
                .with("reason", one.reason.clone().map(Node::text))
        };
        let holds: Vec<Node<'_>> = self.holds.iter().map(hold).collect();
        Node::object()
            .with("rep", Node::text(&self.rep))
            .with("period", Node::text(&self.period))
            .with("metrics", values_node(&self.metrics, &self.no_value, currency))
            .with("targets", values_node(&self.targets, &none, currency))
            .with("deals", self.deals_node(currency))
            .with("year_to_date", values_node(&self.year_to_date, &none, currency))
            .with("year_targets", self.year_targets.as_ref().map(|all| all_values(all, &none, currency)))
            .with("period_on_plan", self.period_on_plan.map(|number| Node::text(number.to_string())))
            .with("draw_balance", amount(self.draw_balance))
            .with("balance", amount(self.balance))
            .with("team", self.team.as_ref().map(|team| team.node(currency)))
            .with("team_earnings", earned)
            .with("adjustments", (!adjustments.is_empty()).then_some(Node::List(adjustments)))
            .with("holds", (!holds.is_empty()).then_some(Node::List(holds)))
            .with("true_up", self.true_up.as_ref().map(|longer| longer.node(currency)))
            .with("lost_again", LostAgain::nodes(&self.lost_again))
            .with("off_plan", self.off_plan.then_some(Node::Bool(true)))
    }

    fn deals_node(&self, currency: Currency) -> Option<Node<'_>> {
        self.deals.as_ref().map(|deals| Node::List(deals.iter().map(|deal| deal.node(currency)).collect()))
    }
}

impl LostAgain {
    fn nodes(all: &[Self]) -> Option<Node<'_>> {
        let node = |one: &'_ Self| {
            Node::object()
                .with("customer", (!one.customer.is_empty()).then(|| Node::text(one.customer.clone())))
                .with("after", Node::text(one.after.to_string()))
        };
        (!all.is_empty()).then(|| Node::List(all.iter().map(node).collect()))
    }
}

impl Figures {
    fn with<'a>(&self, node: Node<'a>, currency: Currency) -> Node<'a> {
        node.with("metrics", values_node(&self.metrics, &self.no_value, currency))
            .with("targets", values_node(&self.targets, &BTreeSet::new(), currency))
    }
}

impl Team {
    fn node(&self, currency: Currency) -> Node<'_> {
        let rep = |one: &Member| one.figures.with(Node::object().with("rep", Node::text(one.rep.clone())), currency);
        let reps = Node::List(self.reps.iter().map(rep).collect());
        self.figures.with(Node::object(), currency).with("reps", reps)
    }
}

impl Adjustment {
    fn node(&self, currency: Currency) -> Node<'_> {
        Node::object()
            .with("component", Node::text(&self.component))
            .with("period", Node::text(&self.period))
            .with("old", Node::text(currency.plain(self.old)))
            .with("new", Node::text(currency.plain(self.new)))
            .with("reason", self.reason.as_ref().map(Node::text))
    }
}

impl TrueUp {
    fn node(&self, currency: Currency) -> Node<'_> {
        let paid = self.paid.iter();
        let paid = paid.map(|(name, amount)| (name.as_str().into(), Node::text(currency.plain(*amount)))).collect();
        Node::object()
            .with("period", Node::text(&self.facts.period))
            .with("periods", self.periods.map(|number| Node::text(number.to_string())))
            .with("metrics", values_node(&self.facts.metrics, &self.facts.no_value, currency))
            .with("targets", values_node(&self.facts.targets, &BTreeSet::new(), currency))
            .with("deals", self.facts.deals_node(currency))
            .with("lost_again", LostAgain::nodes(&self.facts.lost_again))
            .with("team", self.facts.team.as_ref().map(|team| team.node(currency)))
            .with("paid", Node::Object(paid))
    }
}

impl Deal {
    pub(super) fn node(&self, currency: Currency) -> Node<'_> {
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
            .with("rep", self.rep.as_ref().map(Node::text))
            .with("overlay", self.overlay.then_some(Node::Bool(true)))
            .with("hold", self.hold.as_ref().map(|why| if why.is_empty() { Node::Bool(true) } else { Node::text(why) }))
            .with("customer_since", self.customer_since.map(|date| Node::text(date.to_string())))
            .with("new_customer", self.new_customer.then_some(Node::Bool(true)))
            .with("cross_sell", self.cross_sell.then_some(Node::Bool(true)))
            .with("primary", (!self.primary).then_some(Node::Bool(false)))
            .with("lost_after", self.lost_after.map(|days| Node::text(days.to_string())))
    }
}

impl RepParts {
    fn node(&self) -> Node<'_> {
        Node::object()
            .with("rep", Node::text(&self.rep))
            .with("parts", Node::Int(i64::from(self.parts)))
            .with("overlay", self.overlay.then_some(Node::Bool(true)))
    }
}

/// Values as the form has them: money in major units, `null` where there is no value.
fn values_node<'a>(
    values: &BTreeMap<Metric, Decimal>,
    none: &BTreeSet<Metric>,
    currency: Currency,
) -> Option<Node<'a>> {
    (!values.is_empty() || !none.is_empty()).then(|| all_values(values, none, currency))
}

/// The same where nothing is said by an empty object, too.
fn all_values<'a>(values: &BTreeMap<Metric, Decimal>, none: &BTreeSet<Metric>, currency: Currency) -> Node<'a> {
    let written =
        |(metric, value): (&Metric, &Decimal)| (*metric, Node::text(as_written(*metric, *value, currency).to_string()));
    let mut nodes: BTreeMap<Metric, Node<'a>> = values.iter().map(written).collect();
    nodes.extend(none.iter().map(|metric| (*metric, Node::Null)));
    Node::Object(nodes.into_iter().map(|(metric, node)| (metric.as_str().into(), node)).collect())
}

/// A value in the metric's own unit as forms and statements write it: money in major units with the currency's
/// decimals. Equal values are written alike, however many zeros they came with.
pub(super) fn as_written(of: impl Into<What>, value: Decimal, currency: Currency) -> Decimal {
    let value = value.normalize();
    if of.into().unit() != Unit::Money {
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
