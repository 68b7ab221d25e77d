//! The plan editor's form as typed: components with their steps, points and conditions as rows, and what its buttons do.

use std::collections::BTreeMap;

use super::{account::AccountForm, more::MoreForm};
use crate::domain::{
    commission::plan::{Component, MOST_COMPONENTS, MOST_ROWS, Plan},
    metric::Metric,
};

/// A plan as typed. Fields of rows carry their numbers: `c0_name`, `c0_s1_from`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanForm {
    /// The plan's name.
    pub name: String,
    /// The month from which it holds: `2026-11`.
    pub from: String,
    /// month, quarter or year.
    pub period: String,
    /// The most that all components pay together.
    pub cap: String,
    /// The least.
    pub floor: String,
    /// The number of the version that the form began with; empty for a new plan.
    pub version: String,
    /// What it pays for.
    pub components: Vec<ComponentForm>,
    /// The example to try it with.
    pub example: ExampleForm,
    /// What is paid in advance and taken back.
    pub account: AccountForm,
    /// Whether components or rows were sent that no plan has room for: they are not here.
    pub beyond: bool,
    /// For what it has room.
    pub room: Room,
}

/// How many components, and rows of each kind in a component, a form has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    components: usize,
    rows: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { components: MOST_COMPONENTS, rows: MOST_ROWS }
    }
}

impl Room {
    /// Room for any plan and for this one, which may be older than the limits: it is shown whole, to be made smaller.
    pub fn of(plan: &Plan) -> Self {
        let factors = |component: &Component| component.modifier.as_ref().map_or(0, |one| one.steps.len());
        let longest = plan.components.iter().map(|component| component.rows().max(factors(component))).max();
        let rows = longest.unwrap_or_default().max(plan.draw.len());
        Self { components: MOST_COMPONENTS.max(plan.components.len()), rows: MOST_ROWS.max(rows) }
    }
}

/// A component as typed. What its way to pay does not ask for is kept and not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentForm {
    /// Its name.
    pub name: String,
    /// A metric's word, `%` and the word for its attainment, `deals`, `earnings` or `scorecard`.
    pub measure: String,
    /// rate, unit, tiers, curve or bonus.
    pub pays: String,
    /// Percent of the money.
    pub rate: String,
    /// Money for each.
    pub each: String,
    /// Money if the conditions hold.
    pub bonus: String,
    /// Money that a curve pays on target.
    pub on_target: String,
    /// What the steps are over: amount, deal, count or attainment; with `year_` before it, of the year so far.
    pub over: String,
    /// marginal or whole.
    pub mode: String,
    /// The steps of tiers: from, what it pays, and an amount for reaching it.
    pub steps: Vec<[String; 3]>,
    /// The points of a curve: percent of target, and percent of the on-target amount.
    pub points: Vec<[String; 2]>,
    /// The conditions: what is compared, at least, at most, and whose it is.
    pub gate: Vec<[String; 4]>,
    /// The scorecard's metrics, each with its weight.
    pub weights: Vec<[String; 2]>,
    /// The most that it pays.
    pub cap: String,
    /// The least.
    pub floor: String,
    /// What few components say.
    pub more: MoreForm,
}

/// The example as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExampleForm {
    /// The metric along which the chart is drawn.
    pub along: String,
    /// In how many deals net sales were made.
    pub deals: String,
    /// Target and what was reached, metric by metric.
    pub rows: BTreeMap<Metric, [String; 2]>,
}

/// The kinds of rows that a component has, with their letter and the fields of a row.
const ROWS: [(&str, &str, &[&str]); 5] = [
    ("step", "s", &["from", "pays", "bonus"]),
    ("point", "p", &["at", "pays"]),
    ("gate", "g", &["of", "least", "most", "who"]),
    ("weight", "w", &["metric", "weight"]),
    ("factor", "m", &["from", "times"]),
];

impl PlanForm {
    /// What a browser sent, in any order; what the form does not have is ignored, and of two fields of one name the
    /// first counts.
    pub fn read(sent: &[(String, String)]) -> Self {
        Self::read_within(sent, Room::default())
    }

    /// As [`Self::read`], with room for a plan that is there.
    pub fn read_within(sent: &[(String, String)], room: Room) -> Self {
        let mut form = Self { room, ..Self::default() };
        for (name, value) in sent.iter().rev() {
            if let Some(slot) = form.slot(name) {
                slot.clone_from(value);
            } else {
                form.beyond |= is_beyond(name, room);
            }
        }
        form
    }

    fn slot(&mut self, name: &str) -> Option<&mut String> {
        match name {
            "name" => return Some(&mut self.name),
            "from" => return Some(&mut self.from),
            "period" => return Some(&mut self.period),
            "cap" => return Some(&mut self.cap),
            "floor" => return Some(&mut self.floor),
            "version" => return Some(&mut self.version),
            "recovery" => return Some(&mut self.account.recovery),
            "ramp" => return Some(&mut self.account.ramp),
            _ => {}
        }
        let (group, field) = name.split_once('_')?;
        if let Some(k) = numbered(group, "d") {
            let column = ["amount", "back", "through"].iter().position(|known| *known == field)?;
            return at(&mut self.account.draws, k, self.room.rows)?.get_mut(column);
        }
        if group == "x" {
            return self.example.slot(field);
        }
        let component = numbered(group, "c").and_then(|i| at(&mut self.components, i, self.room.components))?;
        component.slot(field, self.room.rows)
    }

    /// Presses a button: adds, removes or moves. False for a button that it does not have.
    pub fn press(&mut self, act: &str) -> bool {
        let mut words = act.split('-');
        let what = words.next().unwrap_or_default();
        let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
        let (i, k) = (number(), number());
        let components = &mut self.components;
        let held = |i: &usize| *i < components.len();
        match (what, i.filter(held), k) {
            ("add", ..) if components.len() < MOST_COMPONENTS => components.push(ComponentForm::empty()),
            ("add", ..) => return false,
            ("draw", ..) => return add(&mut self.account.draws),
            ("undraw", ..) => return remove(&mut self.account.draws, i),
            ("remove", Some(i), _) => drop(components.remove(i)),
            ("up", Some(i), _) if i > 0 => components.swap(i, i - 1),
            ("down", Some(i), _) if i + 1 < components.len() => components.swap(i, i + 1),
            (_, Some(i), k) => return components.get_mut(i).is_some_and(|component| component.press(what, k)),
            _ => return false,
        }
        true
    }
}

impl ComponentForm {
    /// A component that pays a share of net sales, with rows to fill in for other ways to pay.
    pub fn empty() -> Self {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let step = |from: &str| [from.to_owned(), String::new(), String::new()];
        Self {
            measure: Metric::NetSales.as_str().to_owned(),
            pays: "rate".to_owned(),
            over: "attainment".to_owned(),
            mode: "marginal".to_owned(),
            steps: vec![step("0"), step("")],
            points: vec![row("", ""), row("100%", "100%")],
            weights: vec![row("", ""), row("", "")],
            more: MoreForm { factors: vec![row("0", ""), row("", "")], ..MoreForm::default() },
            ..Self::default()
        }
    }

    fn slot(&mut self, field: &str, most: usize) -> Option<&mut String> {
        let simple = match field {
            "name" => &mut self.name,
            "measure" => &mut self.measure,
            "pays" => &mut self.pays,
            "rate" => &mut self.rate,
            "each" => &mut self.each,
            "bonus" => &mut self.bonus,
            "target" => &mut self.on_target,
            "over" => &mut self.over,
            "mode" => &mut self.mode,
            "cap" => &mut self.cap,
            "floor" => &mut self.floor,
            _ if self.more.slot(field).is_some() => return self.more.slot(field),
            _ => return self.cell(field, most),
        };
        Some(simple)
    }

    /// A field of a row: `s1_from`.
    fn cell(&mut self, field: &str, most: usize) -> Option<&mut String> {
        let (row, field) = field.split_once('_')?;
        let (kind, letter, fields) = ROWS.into_iter().find(|(_, letter, _)| row.starts_with(letter))?;
        let k = numbered(row, letter)?;
        let column = fields.iter().position(|known| *known == field)?;
        match kind {
            "step" => at(&mut self.steps, k, most)?.get_mut(column),
            "point" => at(&mut self.points, k, most)?.get_mut(column),
            "weight" => at(&mut self.weights, k, most)?.get_mut(column),
            "factor" => at(&mut self.more.factors, k, most)?.get_mut(column),
            _ => at(&mut self.gate, k, most)?.get_mut(column),
        }
    }

    fn press(&mut self, what: &str, k: Option<usize>) -> bool {
        match what {
            "step" => add(&mut self.steps),
            "point" => add(&mut self.points),
            "gate" => add(&mut self.gate),
            "weight" => add(&mut self.weights),
            "factor" => add(&mut self.more.factors),
            "unstep" => remove(&mut self.steps, k),
            "unpoint" => remove(&mut self.points, k),
            "ungate" => remove(&mut self.gate, k),
            "unweight" => remove(&mut self.weights, k),
            "unfactor" => remove(&mut self.more.factors, k),
            _ => false,
        }
    }
}

impl ExampleForm {
    fn slot(&mut self, field: &str) -> Option<&mut String> {
        match field {
            "along" => return Some(&mut self.along),
            "deals" => return Some(&mut self.deals),
            _ => {}
        }
        let (metric, column) = field.rsplit_once('_')?;
        let row = self.rows.entry(Metric::parse(metric)?).or_default();
        row.get_mut(["target", "reached"].iter().position(|known| *known == column)?)
    }
}

/// Whether a field has the number of a component or row that no plan has room for.
fn is_beyond(name: &str, room: Room) -> bool {
    let over = |text: &str, letter: &str, most: usize| {
        let digits = text.strip_prefix(letter).filter(|digits| !digits.is_empty());
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits.is_some_and(|digits| digits.parse::<usize>().ok().is_none_or(|number| number >= most))
    };
    let Some((group, field)) = name.split_once('_') else { return false };
    let row = field.split_once('_').map(|(row, _)| row).filter(|_| numbered(group, "c").is_some());
    over(group, "c", room.components)
        || over(group, "d", room.rows)
        || row.is_some_and(|row| ROWS.iter().any(|(_, letter, _)| over(row, letter, room.rows)))
}

/// The number behind a letter: 12 of `c12`.
fn numbered(text: &str, letter: &str) -> Option<usize> {
    let digits = text.strip_prefix(letter)?;
    (digits.len() <= 4).then(|| digits.parse().ok()).flatten()
}

/// The entry of this number; those before it that nobody sent are empty.
fn at<T: Default>(list: &mut Vec<T>, number: usize, most: usize) -> Option<&mut T> {
    if number >= most {
        return None;
    }
    while list.len() <= number {
        list.push(T::default());
    }
    list.get_mut(number)
}

fn add<T: Default>(list: &mut Vec<T>) -> bool {
    let room = list.len() < MOST_ROWS;
    if room {
        list.push(T::default());
    }
    room
}

fn remove<T>(list: &mut Vec<T>, number: Option<usize>) -> bool {
    let held = number.filter(|number| *number < list.len());
    held.map(|number| list.remove(number)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(form: &PlanForm, act: &str) -> PlanForm {
        let mut form = form.clone();
        assert!(form.press(act), "{act}");
        form
    }

    fn named(names: &[&str]) -> PlanForm {
        let component = |name: &&str| ComponentForm { name: (*name).to_owned(), ..ComponentForm::empty() };
        PlanForm { components: names.iter().map(component).collect(), ..PlanForm::default() }
    }

    fn names(form: &PlanForm) -> Vec<&str> {
        form.components.iter().map(|component| component.name.as_str()).collect()
    }

    #[test]
    fn what_was_sent_finds_its_place() {
        let sent = [
            ("name", "Field"),
            ("c1_name", "Second"),
            ("c1_s1_from", "100%"),
            ("c1_s1_pays", "6%"),
            ("c1_s1_bonus", "€50"),
            ("c1_g0_least", "20"),
            ("c1_g0_who", "team"),
            ("c1_w0_metric", "visits"),
            ("c1_months_below", "12"),
            ("c1_times", "lost_customers"),
            ("c1_m0_times", "1.2"),
            ("d1_back", "yes"),
            ("d1_through", "6"),
            ("d_amount", "no number"),
            ("recovery", "50"),
            ("ramp", "25; 50"),
            ("x_net_sales_target", "50000"),
            ("name", "twice"),
            ("c0_colour", "unknown"),
            ("x_colour_target", "unknown"),
            ("c_name", "no number"),
        ];
        let sent: Vec<(String, String)> = sent.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let form = PlanForm::read(&sent);
        assert_eq!(form.name, "Field", "the first of two counts");
        assert_eq!(names(&form), ["", "Second"]);
        assert_eq!(form.components[1].steps, [["", "", ""], ["100%", "6%", "€50"]].map(|row| row.map(str::to_owned)));
        assert_eq!(form.components[1].gate, [["", "20", "", "team"].map(str::to_owned)]);
        assert_eq!(form.components[1].weights, [["visits", ""].map(str::to_owned)]);
        let more = &form.components[1].more;
        assert_eq!((more.months_below.as_str(), more.times.as_str()), ("12", "lost_customers"));
        assert_eq!(more.factors, [["", "1.2"].map(str::to_owned)]);
        assert_eq!(form.account.draws, [["", "", ""], ["", "yes", "6"]].map(|row| row.map(str::to_owned)));
        assert_eq!((form.account.recovery.as_str(), form.account.ramp.as_str()), ("50", "25; 50"));
        assert_eq!(form.example.rows[&Metric::NetSales], ["50000".to_owned(), String::new()]);
        assert!(!form.beyond);
    }

    #[test]
    fn what_has_no_room_is_noted() {
        let beyond = |name: &str| PlanForm::read(&[(name.to_owned(), "x".to_owned())]).beyond;
        for name in [
            "c20_name",
            "c99_s0_from",
            "c100_name",
            "c0_s30_from",
            "c19_p30_at",
            "c1_g99999999999999999999_of",
            "c0_m30_from",
            "c0_w30_metric",
            "d30_amount",
        ] {
            assert!(beyond(name), "{name}");
        }
        for name in [
            "c19_name",
            "c0_s29_from",
            "c19_g29_most",
            "c0_colour",
            "c_name",
            "x_colour_target",
            "act",
            "c0_t40_x",
            "d29_back",
        ] {
            assert!(!beyond(name), "{name}");
        }
    }

    #[test]
    fn buttons_add_remove_and_move() {
        let form = named(&["a", "b", "c"]);
        assert_eq!(names(&pressed(&form, "up-2")), ["a", "c", "b"]);
        assert_eq!(names(&pressed(&form, "down-0")), ["b", "a", "c"]);
        assert_eq!(names(&pressed(&form, "remove-1")), ["a", "c"]);
        assert_eq!(names(&pressed(&form, "add")), ["a", "b", "c", ""]);
        assert_eq!(pressed(&form, "step-1").components[1].steps.len(), 3);
        assert_eq!(pressed(&form, "unstep-1-0").components[1].steps.len(), 1);
        assert_eq!(pressed(&form, "gate-0").components[0].gate.len(), 1);
        assert_eq!(pressed(&form, "unpoint-2-1").components[2].points.len(), 1);
        assert_eq!(pressed(&form, "weight-0").components[0].weights.len(), 3);
        assert_eq!(pressed(&form, "unfactor-0-1").components[0].more.factors.len(), 1);
        let drawn = pressed(&pressed(&form, "draw"), "draw");
        assert_eq!((drawn.account.draws.len(), pressed(&drawn, "undraw-1").account.draws.len()), (2, 1));
        let mut form = form;
        for act in [
            "up-0",
            "down-2",
            "remove-3",
            "unstep-0-9",
            "ungate-0",
            "step-7",
            "fly",
            "remove",
            "up-x",
            "step",
            "undraw-0",
            "undraw",
        ] {
            assert!(!form.press(act), "{act}");
        }
        while form.press("add") {}
        assert_eq!(form.components.len(), MOST_COMPONENTS);
    }
}
