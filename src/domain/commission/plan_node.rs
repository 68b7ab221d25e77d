//! The plan written as JSON: the same plan is always the same bytes.

use rust_decimal::Decimal;

use super::{
    json::Node,
    plan::{
        Axis, Component, Condition, CreditKind, Draw, Factor, Measure, Mode, Modifier, Only, Per, Plan, Point,
        Schedule, Scope, Step, StepPays, Tiers, Weight, Who,
    },
};
use crate::domain::money::{Currency, Money};

impl Plan {
    pub(super) fn node(&self) -> Node<'_> {
        let amount = |amount: Money| Node::text(self.currency.plain(amount));
        let node = Node::object()
            .with("name", Node::text(&self.name))
            .with("currency", Node::text(self.currency.code().to_owned()))
            .with("period", Node::text(self.period.as_str()))
            .with("components", Node::List(self.components.iter().map(|c| c.node(self.currency)).collect()))
            .with("cap", self.cap.map(amount))
            .with("floor", self.floor.map(amount));
        self.account_node(node)
    }

    /// The object with the draws, the cap of recovery and the ramp.
    pub(super) fn account_node<'a>(&self, node: Node<'a>) -> Node<'a> {
        let draw = match self.draw.as_slice() {
            [] => None,
            [one] => Some(one.node(self.currency)),
            several => Some(Node::List(several.iter().map(|one| one.node(self.currency)).collect())),
        };
        let ramp = self.ramp.iter().copied().map(decimal).collect::<Vec<_>>();
        node.with("draw", draw)
            .with("recovery_cap", self.recovery_cap.map(decimal))
            .with("ramp", (!ramp.is_empty()).then_some(Node::List(ramp)))
    }
}

impl Draw {
    fn node<'a>(&self, currency: Currency) -> Node<'a> {
        Node::object()
            .with("amount", Node::text(currency.plain(self.amount)))
            .with("recoverable", Node::Bool(self.recoverable))
            .with("through", self.through.map(number))
    }
}

impl Component {
    pub(super) fn node(&self, currency: Currency) -> Node<'_> {
        let amount = |amount: Money| Node::text(currency.plain(amount));
        let gate: Vec<Node<'_>> = self.gate.iter().map(Condition::node).collect();
        let team = self.scope == Scope::Team && self.measure != Measure::Earnings;
        Node::object()
            .with("name", Node::text(&self.name))
            .with("scope", team.then(|| Node::text("team")))
            .with("credit", (self.credit == CreditKind::Overlay).then(|| Node::text("overlay")))
            .with("measure", self.measure.node())
            .with("only", self.only.map(|only| only.node()))
            .with("pays", self.pays.node(currency))
            .with("gate", (!gate.is_empty()).then_some(Node::List(gate)))
            .with("modifier", self.modifier.as_ref().map(Modifier::node))
            .with("cap", self.cap.map(amount))
            .with("floor", self.floor.map(amount))
            .with("clawback_days", self.clawback_days.map(number))
            .with("true_up", self.true_up.map(|longer| Node::text(longer.as_str())))
    }
}

impl Measure {
    fn node<'a>(&self) -> Node<'a> {
        match self {
            Self::Metric(_) | Self::Deals | Self::Earnings => Node::text(self.word()),
            Self::Attainment(_) | Self::Scorecard(_) => self.named(),
        }
    }

    /// As conditions and modifiers write it: with its kind as the key.
    fn named<'a>(&self) -> Node<'a> {
        match self {
            Self::Attainment(metric) => Node::object().with("attainment", Node::text(metric.as_str())),
            Self::Scorecard(weights) => {
                Node::object().with("scorecard", Node::List(weights.iter().map(Weight::node).collect()))
            }
            Self::Metric(_) | Self::Deals | Self::Earnings => Node::object().with("metric", Node::text(self.word())),
        }
    }
}

impl Weight {
    fn node<'a>(&self) -> Node<'a> {
        Node::object().with("metric", Node::text(self.metric.as_str())).with("weight", decimal(self.weight))
    }
}

impl Only {
    fn node<'a>(&self) -> Node<'a> {
        let months = self.customer_months.map(|months| {
            let from = (months.from > 0 || months.below.is_none()).then(|| number(months.from));
            Node::object().with("from", from).with("below", months.below.map(number))
        });
        let booked = self.booked.map(|days| {
            let day = |day: Option<time::Date>| day.map(|day| Node::text(day.to_string()));
            Node::object().with("from", day(days.from)).with("through", day(days.through))
        });
        Node::object()
            .with("customer_months", months)
            .with("booked", booked)
            .with("new_customer", self.new_customer.map(Node::Bool))
            .with("cross_sell", self.cross_sell.map(Node::Bool))
    }
}

impl Modifier {
    fn node<'a>(&self) -> Node<'a> {
        let step = |step: &Factor| Node::object().with("from", decimal(step.from)).with("times", decimal(step.times));
        self.of.named().with("steps", Node::List(self.steps.iter().map(step).collect()))
    }
}

impl Schedule {
    fn node<'a>(&self, currency: Currency) -> Node<'a> {
        let amount = |amount: Money| Node::text(currency.plain(amount));
        match self {
            Self::Rate(rate) => Node::object().with("rate", decimal(*rate)),
            Self::PerUnit(each) => Node::object().with("per_unit", amount(*each)),
            Self::Bonus(bonus) => Node::object().with("bonus", amount(*bonus)),
            Self::Curve(curve) => {
                let point = |p: &Point| Node::object().with("at", decimal(p.at)).with("pays", decimal(p.pays));
                let points = Node::List(curve.points.iter().map(point).collect());
                let curve = Node::object().with("on_target", amount(curve.on_target)).with("points", points);
                Node::object().with("curve", curve)
            }
            Self::Tiers(tiers) => Node::object().with("tiers", tiers.node(currency)),
        }
    }
}

impl Tiers {
    fn node<'a>(&self, currency: Currency) -> Node<'a> {
        let step = |step: &Step| {
            let node = Node::object().with("from", decimal(step.from));
            let node = match step.pays {
                StepPays::Rate(rate) => node.with("rate", decimal(rate)),
                StepPays::PerUnit(each) => node.with("per_unit", Node::text(currency.plain(each))),
            };
            node.with("bonus", step.bonus.map(|bonus| Node::text(currency.plain(bonus))))
        };
        Node::object()
            .with("mode", Node::text(if self.mode == Mode::Marginal { "marginal" } else { "whole" }))
            .with("axis", Node::text(self.axis.as_str()))
            .with("per", Node::text(self.per.as_str()))
            .with("steps", Node::List(self.steps.iter().map(step).collect()))
    }
}

impl Per {
    fn as_str(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Period => "period",
            Self::YearToDate => "year_to_date",
        }
    }
}

impl Axis {
    fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Count => "count",
            Self::Attainment => "attainment",
        }
    }
}

impl Condition {
    fn node<'a>(&self) -> Node<'a> {
        self.of
            .named()
            .with("who", (self.who != Who::Rep).then(|| Node::text(self.who.as_str())))
            .with("at_least", self.at_least.map(decimal))
            .with("at_most", self.at_most.map(decimal))
    }
}

fn decimal<'a>(number: Decimal) -> Node<'a> {
    Node::text(number.to_string())
}

/// A whole number, as text.
fn number<'a>(number: u32) -> Node<'a> {
    Node::text(number.to_string())
}
