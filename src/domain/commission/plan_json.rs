//! The plan as JSON, read strictly and written so that the same plan is always the same bytes.

use rust_decimal::Decimal;

use super::{
    json::{Fault, Fields, Node, Place, Refused},
    plan::{
        Axis, Component, Condition, Curve, Measure, MeasuringPeriod, Mode, Per, Plan, Point, Schedule, Step, StepPays,
        Tiers,
    },
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

impl Plan {
    /// Reads a plan (docs/commission-plans.md). Unknown keys, numbers that are not text and every broken rule are
    /// refused with their place and a remedy.
    pub fn from_json(text: &str) -> Result<Self, Refused> {
        Self::from_node(&Node::parse(text)?)
    }

    /// Reads a plan from a JSON value, like one that the database holds.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, Refused> {
        Self::from_json(&value.to_string())
    }

    /// The plan as JSON that [`Plan::from_json`] reads again. The same plan gives the same bytes.
    pub fn to_json(&self) -> String {
        self.node().to_string()
    }

    fn from_node(node: &Node<'_>) -> Result<Self, Refused> {
        let mut faults = Vec::new();
        let plan = read_plan(node, &mut faults);
        Refused::unless(faults, plan)
    }

    fn node(&self) -> Node<'_> {
        let amount = |amount: Money| Node::text(self.currency.plain(amount));
        Node::object()
            .with("name", Node::text(&self.name))
            .with("currency", Node::text(self.currency.code().to_owned()))
            .with("period", Node::text(self.period.as_str()))
            .with("components", Node::List(self.components.iter().map(|c| c.node(self.currency)).collect()))
            .with("cap", self.cap.map(amount))
            .with("floor", self.floor.map(amount))
    }
}

fn read_plan(node: &Node<'_>, faults: &mut Vec<Fault>) -> Option<Plan> {
    const KNOWN: [&str; 6] = ["name", "currency", "period", "components", "cap", "floor"];
    let fields = Fields::read(node, Place::Root, &KNOWN, &["draw", "scope"], faults)?;
    let name = fields.need_text("name", faults).map(|name| name.trim().to_owned());
    let period = fields.need_text("period", faults).and_then(|word| {
        choose(word, &fields.place().key("period"), &MeasuringPeriod::ALL.map(|p| (p.as_str(), p)), faults)
    });
    let currency = fields.need_text("currency", faults).and_then(|code| {
        Currency::parse(code).map_err(|error| fields.place().key("currency").fault(faults, error.to_string())).ok()
    });
    fields.need("components", faults);
    // Without a currency no amount can be read: what else is wrong is told once it is known.
    let currency = currency?;
    let list = fields.place().key("components");
    let mut components = Vec::new();
    for (i, node) in fields.list("components", faults).unwrap_or_default().iter().enumerate() {
        let place = list.item(i);
        if let Some(component) = read_component(node, &place, currency, faults) {
            component.check(&place, faults);
            components.push(component);
        }
    }
    let cap = fields.money("cap", currency, faults);
    let floor = fields.money("floor", currency, faults);
    let plan = Plan { name: name?, currency, period: period?, components, cap, floor };
    if faults.is_empty() || !plan.components.is_empty() {
        plan.check_own(faults);
    }
    Some(plan)
}

impl MeasuringPeriod {
    /// Every measuring period.
    pub const ALL: [Self; 3] = [Self::Month, Self::Quarter, Self::Year];

    /// The word in plans and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }
}

fn read_component(
    node: &Node<'_>,
    place: &Place<'_>,
    currency: Currency,
    faults: &mut Vec<Fault>,
) -> Option<Component> {
    const KNOWN: [&str; 6] = ["name", "measure", "pays", "gate", "cap", "floor"];
    let fields = Fields::read(node, *place, &KNOWN, &["modifier", "scope"], faults)?;
    let name = fields.need_text("name", faults).map(|name| name.trim().to_owned());
    let measure = fields.need("measure", faults).and_then(|node| read_measure(node, &place.key("measure"), faults));
    let pays = fields.need("pays", faults).and_then(|node| read_schedule(node, &place.key("pays"), currency, faults));
    let cap = fields.money("cap", currency, faults);
    let floor = fields.money("floor", currency, faults);
    let gate_place = place.key("gate");
    let conditions = fields.list("gate", faults).unwrap_or_default();
    let gate: Vec<Condition> = conditions
        .iter()
        .enumerate()
        .filter_map(|(i, node)| read_condition(node, &gate_place.item(i), faults))
        .collect();
    // A condition that could not be read would move the places of those after it.
    (gate.len() == conditions.len()).then_some(())?;
    Some(Component { name: name?, measure: measure?, pays: pays?, gate, cap, floor })
}

fn read_measure(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Measure> {
    if let Node::Text(word) = node {
        return read_metric(word, place, faults).map(Measure::Metric);
    }
    let fields = Fields::read(node, *place, &["attainment"], &["scorecard"], faults)?;
    if fields.get("scorecard").is_some() {
        return None;
    }
    let word = fields.need_text("attainment", faults)?;
    read_metric(word, &place.key("attainment"), faults).map(Measure::Attainment)
}

/// Metrics that docs/definitions.md names and that this version does not measure yet.
const LATER_METRICS: [&str; 12] = [
    "visit_minimum",
    "gross_margin",
    "growth_from_new",
    "growth_from_existing",
    "cross_sell_sales",
    "cross_sell_count",
    "loss_rate",
    "time_on_a",
    "concentration",
    "contribution",
    "earnings",
    "scorecard",
];

/// A metric by its word.
pub(super) fn read_metric(word: &str, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Metric> {
    let metric = Metric::parse(word);
    if metric.is_none() {
        let known = Metric::ALL.map(Metric::as_str).join(", ");
        let what = if LATER_METRICS.contains(&word) { "is not supported yet" } else { "is no metric" };
        place.fault(faults, format!("“{word}” {what}; use one of {known}"));
    }
    metric
}

fn read_schedule(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Schedule> {
    const KNOWN: [&str; 5] = ["rate", "per_unit", "tiers", "curve", "bonus"];
    let fields = Fields::read(node, *place, &KNOWN, &[], faults)?;
    if KNOWN.iter().filter(|key| fields.get(key).is_some()).count() != 1 {
        place.fault(faults, format!("write exactly one of {} here", KNOWN.join(", ")));
        return None;
    }
    if fields.get("rate").is_some() {
        fields.decimal("rate", faults).map(Schedule::Rate)
    } else if fields.get("per_unit").is_some() {
        fields.money("per_unit", currency, faults).map(Schedule::PerUnit)
    } else if let Some(tiers) = fields.get("tiers") {
        read_tiers(tiers, &place.key("tiers"), currency, faults).map(Schedule::Tiers)
    } else if let Some(curve) = fields.get("curve") {
        read_curve(curve, &place.key("curve"), currency, faults).map(Schedule::Curve)
    } else {
        fields.money("bonus", currency, faults).map(Schedule::Bonus)
    }
}

fn read_tiers(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Tiers> {
    let fields = Fields::read(node, *place, &["mode", "axis", "per", "steps"], &[], faults)?;
    let mode = fields.need_text("mode", faults).and_then(|word| {
        choose(word, &place.key("mode"), &[("marginal", Mode::Marginal), ("whole", Mode::Whole)], faults)
    });
    let axis = fields.need_text("axis", faults).and_then(|word| {
        let axes = [("amount", Axis::Amount), ("count", Axis::Count), ("attainment", Axis::Attainment)];
        choose(word, &place.key("axis"), &axes, faults)
    });
    let per = match fields.text("per", faults) {
        Some("year_to_date") => {
            place.key("per").fault(faults, "“year_to_date” is not supported yet: use \"period\" or \"deal\"");
            None
        }
        Some(word) => choose(word, &place.key("per"), &[("deal", Per::Deal), ("period", Per::Period)], faults),
        None => Some(Per::Period),
    };
    fields.need("steps", faults)?;
    let list = fields.list("steps", faults)?;
    let steps_place = place.key("steps");
    let axis = axis?;
    let steps: Vec<Step> = list
        .iter()
        .enumerate()
        .filter_map(|(i, node)| read_step(node, &steps_place.item(i), axis, currency, faults))
        .collect();
    (steps.len() == list.len()).then_some(())?;
    Some(Tiers { mode: mode?, axis, per: per?, steps })
}

fn read_step(
    node: &Node<'_>,
    place: &Place<'_>,
    axis: Axis,
    currency: Currency,
    faults: &mut Vec<Fault>,
) -> Option<Step> {
    let fields = Fields::read(node, *place, &["from", "rate", "per_unit"], &["bonus"], faults)?;
    let from = match axis {
        Axis::Amount => fields.need_money("from", currency, faults).map(|edge| currency.major(edge).normalize()),
        Axis::Count | Axis::Attainment => fields.need_decimal("from", faults),
    };
    let pays = match (fields.get("rate").is_some(), fields.get("per_unit").is_some()) {
        (true, false) => fields.decimal("rate", faults).map(StepPays::Rate),
        (false, true) => fields.money("per_unit", currency, faults).map(StepPays::PerUnit),
        _ => {
            let key = if axis == Axis::Count { "per_unit" } else { "rate" };
            place.fault(faults, format!("say what the step pays: give it \"{key}\", and only that"));
            None
        }
    };
    Some(Step { from: from?, pays: pays? })
}

fn read_curve(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Curve> {
    let fields = Fields::read(node, *place, &["on_target", "points"], &[], faults)?;
    let on_target = fields.need_money("on_target", currency, faults);
    fields.need("points", faults)?;
    let list = fields.list("points", faults)?;
    let points_place = place.key("points");
    let points: Vec<Point> = list
        .iter()
        .enumerate()
        .filter_map(|(i, node)| {
            let fields = Fields::read(node, points_place.item(i), &["at", "pays"], &[], faults)?;
            let (at, pays) = (fields.need_decimal("at", faults), fields.need_decimal("pays", faults));
            Some(Point { at: at?, pays: pays? })
        })
        .collect();
    (points.len() == list.len()).then_some(())?;
    Some(Curve { on_target: on_target?, points })
}

fn read_condition(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Condition> {
    let fields = Fields::read(node, *place, &["metric", "attainment", "at_least", "at_most"], &[], faults)?;
    let of = match (fields.text("metric", faults), fields.text("attainment", faults)) {
        (Some(word), None) => read_metric(word, &place.key("metric"), faults).map(Measure::Metric),
        (None, Some(word)) => read_metric(word, &place.key("attainment"), faults).map(Measure::Attainment),
        _ => {
            place.fault(faults, "say what is compared: give either \"metric\" or \"attainment\"");
            None
        }
    };
    let (at_least, at_most) = (fields.decimal("at_least", faults), fields.decimal("at_most", faults));
    Some(Condition { of: of?, at_least, at_most })
}

fn choose<T: Copy>(word: &str, place: &Place<'_>, choices: &[(&str, T)], faults: &mut Vec<Fault>) -> Option<T> {
    let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        place.fault(faults, format!("“{word}” is not known here: use {}", known.join(" or ")));
    }
    found
}

impl Component {
    fn node(&self, currency: Currency) -> Node<'_> {
        let amount = |amount: Money| Node::text(currency.plain(amount));
        let gate: Vec<Node<'_>> = self.gate.iter().map(Condition::node).collect();
        Node::object()
            .with("name", Node::text(&self.name))
            .with("measure", self.measure.node())
            .with("pays", self.pays.node(currency))
            .with("gate", (!gate.is_empty()).then_some(Node::List(gate)))
            .with("cap", self.cap.map(amount))
            .with("floor", self.floor.map(amount))
    }
}

impl Measure {
    fn node<'a>(self) -> Node<'a> {
        let word = Node::Text(self.metric().as_str().into());
        match self {
            Self::Metric(_) => word,
            Self::Attainment(_) => Node::object().with("attainment", word),
        }
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
        let step = |step: &Step| match step.pays {
            StepPays::Rate(rate) => Node::object().with("from", decimal(step.from)).with("rate", decimal(rate)),
            StepPays::PerUnit(each) => {
                Node::object().with("from", decimal(step.from)).with("per_unit", Node::text(currency.plain(each)))
            }
        };
        Node::object()
            .with("mode", Node::text(if self.mode == Mode::Marginal { "marginal" } else { "whole" }))
            .with("axis", Node::text(self.axis.as_str()))
            .with("per", Node::text(if self.per == Per::Deal { "deal" } else { "period" }))
            .with("steps", Node::List(self.steps.iter().map(step).collect()))
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
        let word = Node::text(self.of.metric().as_str());
        let key = if matches!(self.of, Measure::Metric(_)) { "metric" } else { "attainment" };
        Node::object()
            .with(key, word)
            .with("at_least", self.at_least.map(decimal))
            .with("at_most", self.at_most.map(decimal))
    }
}

fn decimal<'a>(number: Decimal) -> Node<'a> {
    Node::text(number.to_string())
}
