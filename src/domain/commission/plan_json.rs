//! The plan as JSON, read strictly and written so that the same plan is always the same bytes.

use rust_decimal::Decimal;

use super::{
    json::{Fault, Fields, Node, Place, Refused, decimal},
    plan::{
        Axis, Component, Condition, CreditKind, Curve, Days, Draw, Factor, Measure, MeasuringPeriod, Mode, Modifier,
        Months, Only, Per, Plan, Point, Schedule, Scope, Step, StepPays, Tiers, Weight, Who,
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
}

fn read_plan(node: &Node<'_>, faults: &mut Vec<Fault>) -> Option<Plan> {
    const KNOWN: [&str; 10] =
        ["name", "currency", "period", "components", "cap", "floor", "draw", "recovery_cap", "ramp", "scope"];
    let fields = Fields::read(node, Place::Root, &KNOWN, faults)?;
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
    // Said once for the plan, it holds for each component.
    let scope = read_scope(&fields, faults);
    let mut components = Vec::new();
    for (i, node) in fields.list("components", faults).unwrap_or_default().iter().enumerate() {
        let place = list.item(i);
        if let Some(component) = read_component(node, &place, currency, scope, faults) {
            // Without a period nothing is known of what is longer: the period is told first.
            component.check(period.unwrap_or(MeasuringPeriod::Month), &place, faults);
            components.push(component);
        }
    }
    let cap = fields.money("cap", currency, faults);
    let floor = fields.money("floor", currency, faults);
    let recovery_cap = fields.decimal("recovery_cap", faults);
    let ramp = read_ramp(&fields, faults);
    let draw = read_draws(&fields, currency, faults)?;
    let plan = Plan { name: name?, currency, period: period?, components, cap, floor, draw, recovery_cap, ramp };
    if faults.is_empty() || !plan.components.is_empty() {
        plan.check_own(faults);
    }
    Some(plan)
}

fn read_scope(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Option<Scope> {
    let word = fields.text("scope", faults)?;
    choose(word, &fields.place().key("scope"), &[("own", Scope::Own), ("team", Scope::Team)], faults)
}

/// What of the targets counts in each of a rep's first periods on the plan.
fn read_ramp(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Vec<Decimal> {
    let place = fields.place().key("ramp");
    let nodes = fields.list("ramp", faults).unwrap_or_default();
    nodes.iter().enumerate().filter_map(|(i, node)| decimal(node, &place.item(i), faults)).collect()
}

/// One draw, or a list of draws that follow each other.
fn read_draws(fields: &Fields<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Vec<Draw>> {
    let place = fields.place().key("draw");
    let Some(node) = fields.get("draw") else { return Some(Vec::new()) };
    let Node::List(nodes) = node else { return Some(vec![read_draw(node, &place, currency, faults)?]) };
    let draws: Vec<Draw> =
        nodes.iter().enumerate().filter_map(|(i, node)| read_draw(node, &place.item(i), currency, faults)).collect();
    (draws.len() == nodes.len()).then_some(draws)
}

fn read_draw(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Draw> {
    let fields = Fields::read(node, *place, &["amount", "recoverable", "through"], faults)?;
    let amount = fields.need_money("amount", currency, faults);
    fields.need("recoverable", faults);
    let recoverable = fields.bool("recoverable", faults);
    let through = fields.count("through", faults);
    Some(Draw { amount: amount?, recoverable: recoverable?, through })
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
    scope: Option<Scope>,
    faults: &mut Vec<Fault>,
) -> Option<Component> {
    const KNOWN: [&str; 12] = [
        "name",
        "measure",
        "pays",
        "gate",
        "cap",
        "floor",
        "modifier",
        "scope",
        "credit",
        "only",
        "clawback_days",
        "true_up",
    ];
    let fields = Fields::read(node, *place, &KNOWN, faults)?;
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
    let before = faults.len();
    let said = read_scope(&fields, faults);
    let credit = fields.text("credit", faults).and_then(|word| {
        let kinds = [("split", CreditKind::Split), ("overlay", CreditKind::Overlay)];
        choose(word, &place.key("credit"), &kinds, faults)
    });
    let only = fields.get("only").and_then(|node| read_only(node, &place.key("only"), faults));
    let modifier = fields.get("modifier").and_then(|node| read_modifier(node, &place.key("modifier"), faults));
    let clawback_days = fields.count("clawback_days", faults);
    let true_up = fields.text("true_up", faults).and_then(|word| {
        let longer = [("quarter", MeasuringPeriod::Quarter), ("year", MeasuringPeriod::Year)];
        choose(word, &place.key("true_up"), &longer, faults)
    });
    (faults.len() == before).then_some(())?;
    let measure = measure?;
    // Earnings are only known of a team; said otherwise, the check tells.
    let usual = if measure == Measure::Earnings { Scope::Team } else { scope.unwrap_or_default() };
    let scope = said.unwrap_or(usual);
    let credit = credit.unwrap_or_default();
    Some(Component {
        name: name?,
        scope,
        credit,
        measure,
        only,
        pays: pays?,
        gate,
        modifier,
        cap,
        floor,
        clawback_days,
        true_up,
    })
}

fn read_only(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Only> {
    let fields = Fields::read(node, *place, &["customer_months", "booked", "new_customer", "cross_sell"], faults)?;
    let customer_months = fields.get("customer_months").and_then(|node| {
        let fields = Fields::read(node, place.key("customer_months"), &["from", "below"], faults)?;
        Some(Months { from: fields.count("from", faults).unwrap_or(0), below: fields.count("below", faults) })
    });
    let booked = fields.get("booked").and_then(|node| {
        let fields = Fields::read(node, place.key("booked"), &["from", "through"], faults)?;
        Some(Days { from: fields.date("from", faults), through: fields.date("through", faults) })
    });
    let (new_customer, cross_sell) = (fields.bool("new_customer", faults), fields.bool("cross_sell", faults));
    Some(Only { customer_months, booked, new_customer, cross_sell })
}

fn read_modifier(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Modifier> {
    let fields = Fields::read(node, *place, &["metric", "attainment", "scorecard", "steps"], faults)?;
    let of = read_compared(&fields, "looked up", faults);
    fields.need("steps", faults);
    let list = fields.list("steps", faults)?;
    let steps_place = place.key("steps");
    let steps: Vec<Factor> = list
        .iter()
        .enumerate()
        .filter_map(|(i, node)| {
            let fields = Fields::read(node, steps_place.item(i), &["from", "times"], faults)?;
            let (from, times) = (fields.need_decimal("from", faults), fields.need_decimal("times", faults));
            Some(Factor { from: from?, times: times? })
        })
        .collect();
    (steps.len() == list.len()).then_some(())?;
    Some(Modifier { of: of?, steps })
}

/// What a condition compares, or a modifier looks up: one of `metric`, `attainment` and `scorecard`.
fn read_compared(fields: &Fields<'_>, done: &str, faults: &mut Vec<Fault>) -> Option<Measure> {
    let place = fields.place();
    match (fields.get("metric"), fields.get("attainment"), fields.get("scorecard")) {
        (Some(_), None, None) => {
            read_metric(fields.text("metric", faults)?, &place.key("metric"), faults).map(Measure::Metric)
        }
        (None, Some(_), None) => {
            read_metric(fields.text("attainment", faults)?, &place.key("attainment"), faults).map(Measure::Attainment)
        }
        (None, None, Some(_)) => read_scorecard(fields, faults),
        _ => {
            place.fault(faults, format!("say what is {done}: give either \"metric\" or \"attainment\""));
            None
        }
    }
}

fn read_scorecard(fields: &Fields<'_>, faults: &mut Vec<Fault>) -> Option<Measure> {
    let nodes = fields.list("scorecard", faults)?;
    let list = fields.place().key("scorecard");
    let weights: Vec<Weight> = nodes
        .iter()
        .enumerate()
        .filter_map(|(i, node)| {
            let place = list.item(i);
            let fields = Fields::read(node, place, &["metric", "weight"], faults)?;
            let word = fields.need_text("metric", faults);
            let metric = word.and_then(|word| read_metric(word, &place.key("metric"), faults));
            let weight = fields.need_decimal("weight", faults);
            Some(Weight { metric: metric?, weight: weight? })
        })
        .collect();
    (weights.len() == nodes.len()).then_some(Measure::Scorecard(weights))
}

fn read_measure(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Measure> {
    match node {
        Node::Text(word) if word == "deals" => return Some(Measure::Deals),
        Node::Text(word) if word == "earnings" => return Some(Measure::Earnings),
        Node::Text(word) => return read_metric(word, place, faults).map(Measure::Metric),
        _ => {}
    }
    let fields = Fields::read(node, *place, &["attainment", "scorecard"], faults)?;
    if fields.get("scorecard").is_some() && fields.get("attainment").is_none() {
        return read_scorecard(&fields, faults);
    }
    if fields.get("scorecard").is_some() {
        place.fault(faults, "write either attainment or scorecard here");
        return None;
    }
    let word = fields.need_text("attainment", faults)?;
    read_metric(word, &place.key("attainment"), faults).map(Measure::Attainment)
}

/// A metric by its word.
pub(super) fn read_metric(word: &str, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Metric> {
    let metric = Metric::parse(word);
    if metric.is_none() {
        let known = Metric::ALL.map(Metric::as_str).join(", ");
        place.fault(faults, format!("“{word}” is no metric; use one of {known}"));
    }
    metric
}

fn read_schedule(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Schedule> {
    const KNOWN: [&str; 5] = ["rate", "per_unit", "tiers", "curve", "bonus"];
    let fields = Fields::read(node, *place, &KNOWN, faults)?;
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
    let fields = Fields::read(node, *place, &["mode", "axis", "per", "steps"], faults)?;
    let mode = fields.need_text("mode", faults).and_then(|word| {
        choose(word, &place.key("mode"), &[("marginal", Mode::Marginal), ("whole", Mode::Whole)], faults)
    });
    let axis = fields.need_text("axis", faults).and_then(|word| {
        let axes = [("amount", Axis::Amount), ("count", Axis::Count), ("attainment", Axis::Attainment)];
        choose(word, &place.key("axis"), &axes, faults)
    });
    let per = match fields.text("per", faults) {
        Some(word) => {
            let pers = [("deal", Per::Deal), ("period", Per::Period), ("year_to_date", Per::YearToDate)];
            choose(word, &place.key("per"), &pers, faults)
        }
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
    let fields = Fields::read(node, *place, &["from", "rate", "per_unit", "bonus"], faults)?;
    let from = match axis {
        Axis::Amount => fields.need_money("from", currency, faults).map(|edge| currency.major(edge).normalize()),
        Axis::Count | Axis::Attainment => fields.need_decimal("from", faults),
    };
    let pays = match (fields.get("rate").is_some(), fields.get("per_unit").is_some()) {
        (true, false) => fields.decimal("rate", faults).map(StepPays::Rate),
        (false, true) => fields.money("per_unit", currency, faults).map(StepPays::PerUnit),
        (false, false) if fields.get("bonus").is_some() && axis == Axis::Count => Some(StepPays::PerUnit(Money::ZERO)),
        (false, false) if fields.get("bonus").is_some() => Some(StepPays::Rate(Decimal::ZERO)),
        _ => {
            let key = if axis == Axis::Count { "per_unit" } else { "rate" };
            place.fault(faults, format!("say what the step pays: give it \"{key}\", and only that"));
            None
        }
    };
    let before = faults.len();
    let bonus = fields.money("bonus", currency, faults);
    (faults.len() == before).then_some(())?;
    Some(Step { from: from?, pays: pays?, bonus })
}

fn read_curve(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Curve> {
    let fields = Fields::read(node, *place, &["on_target", "points"], faults)?;
    let on_target = fields.need_money("on_target", currency, faults);
    fields.need("points", faults)?;
    let list = fields.list("points", faults)?;
    let points_place = place.key("points");
    let points: Vec<Point> = list
        .iter()
        .enumerate()
        .filter_map(|(i, node)| {
            let fields = Fields::read(node, points_place.item(i), &["at", "pays"], faults)?;
            let (at, pays) = (fields.need_decimal("at", faults), fields.need_decimal("pays", faults));
            Some(Point { at: at?, pays: pays? })
        })
        .collect();
    (points.len() == list.len()).then_some(())?;
    Some(Curve { on_target: on_target?, points })
}

fn read_condition(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Condition> {
    const KNOWN: [&str; 6] = ["metric", "attainment", "scorecard", "who", "at_least", "at_most"];
    let fields = Fields::read(node, *place, &KNOWN, faults)?;
    let of = read_compared(&fields, "compared", faults);
    let who = match fields.text("who", faults) {
        None => Some(Who::Rep),
        Some(word) => choose(word, &place.key("who"), &Who::ALL.map(|who| (who.as_str(), who)), faults),
    };
    let (at_least, at_most) = (fields.decimal("at_least", faults), fields.decimal("at_most", faults));
    Some(Condition { of: of?, who: who?, at_least, at_most })
}

impl Who {
    /// Every one whose number a condition can look at.
    pub const ALL: [Self; 3] = [Self::Rep, Self::Team, Self::EveryRep];

    /// The word in plans.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rep => "rep",
            Self::Team => "team",
            Self::EveryRep => "every_rep",
        }
    }
}

fn choose<T: Copy>(word: &str, place: &Place<'_>, choices: &[(&str, T)], faults: &mut Vec<Fault>) -> Option<T> {
    let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        place.fault(faults, format!("“{word}” is not known here: use {}", known.join(" or ")));
    }
    found
}
