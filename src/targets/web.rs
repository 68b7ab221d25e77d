//! `/targets`: the grid in which a manager sets what is expected of each rep in a period.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    accept, accept_db, changes,
    db::{self, NewTarget, Rep, Target},
    draw::{self, Group, Loaded},
    expected::Presences,
    export, fill,
    grid::{self, Cell, Change, Outcome},
    levels, levels_db, minimums, proration, undo,
};
use crate::{
    App, audit,
    domain::{
        access::{Reach, Role},
        id::{TargetId, TeamId, UserId},
        metric::Metric,
        money::Currency,
        period::{Period, PeriodKind},
        subject::{Subject, Subjects},
        suggestion::Percentile,
    },
    period_locks,
    postgres::tx::{self, Read},
    scorecards::{more, more_db::Pays},
    teams::{self, db::Team},
    users::reps_db,
    web::{
        auth::{Allowed, SetTargets, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        format, once,
        page::{self, Page, answer},
        periods::{self, Asked},
        routes::Routes,
        toast::Toast,
        ui::Choice,
    },
};

/// The routes of targets.
pub fn routes() -> Routes {
    Routes::new()
        .get("/targets", current)
        .get("/targets/{period}", index)
        .post("/targets/{period}", save)
        .get("/targets/{period}/targets.csv", export::export)
        .get("/targets/{period}/changes", changes::index)
        .post("/targets/{period}/undo/{rows}", undo::undo)
        .post("/targets/{period}/acceptance", accept::accept)
        .get(levels::PATH, levels::index)
        .post(levels::PATH, levels::save)
        .get(minimums::PATH, minimums::index)
        .post(minimums::PATH, minimums::set)
        .post("/settings/minimums/{id}/remove", minimums::remove)
        .post("/settings/minimums/{id}/restore", minimums::restore)
        .get(proration::PATH, proration::index)
        .post(proration::PATH, proration::save)
}

/// What the address of a grid asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asks {
    /// Only this team and the teams below it.
    #[serde(default)]
    team: Option<String>,
    /// Only these metrics, by their words.
    #[serde(default)]
    metrics: Vec<String>,
    /// `previous`: begin with the targets of the period before; `levels`: with what the reps' levels usually reach.
    #[serde(default)]
    pub fill: Option<String>,
    /// Begin with counts and amounts raised by so many percent.
    #[serde(default)]
    pub raise: Option<String>,
    /// Begin with this percentile of what each rep did before.
    #[serde(default)]
    suggest: Option<String>,
}

impl Asks {
    /// The team that the grid is narrowed to.
    pub fn team(&self) -> Option<TeamId> {
        self.team.as_deref().and_then(|team| team.parse().ok())
    }

    /// The metrics that the address names; none: the usual ones.
    fn metrics(&self) -> Vec<Metric> {
        let named: BTreeSet<Metric> =
            self.metrics.iter().flat_map(|list| list.split(',')).filter_map(Metric::parse).collect();
        Metric::ALL.into_iter().filter(|metric| named.contains(metric)).collect()
    }

    /// Team and metrics as they stand in an address.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let metrics: Vec<&str> = self.metrics().into_iter().map(Metric::as_str).collect();
        let team = self.team().map(|team| ("team".to_owned(), team.to_string()));
        let metrics = (!metrics.is_empty()).then(|| ("metrics".to_owned(), metrics.join(",")));
        team.into_iter().chain(metrics).collect()
    }

    /// Also what the grid is filled with.
    pub fn with_filling(&self) -> Vec<(String, String)> {
        let said = [("fill", &self.fill), ("suggest", &self.suggest)];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        self.pairs().into_iter().chain(said).collect()
    }

    /// The address of a period's grid with the same team and metrics.
    pub fn href(&self, period: Period) -> String {
        address(&format!("/targets/{period}"), &self.pairs())
    }

    /// How ambitious the suggestion is that the address asks for.
    pub fn suggest(&self) -> Option<Percentile> {
        Percentile::parse(self.suggest.as_deref()?)
    }

    /// The address of the grid that begins with the targets of the period before (`previous`) or of levels (`levels`).
    pub fn filling(&self, period: Period, what: &str) -> String {
        let mut pairs = self.pairs();
        pairs.push(("fill".to_owned(), what.to_owned()));
        address(&format!("/targets/{period}"), &pairs)
    }
}

fn address(path: &str, pairs: &[(String, String)]) -> String {
    match serde_html_form::to_string(pairs) {
        Ok(query) if !query.is_empty() => format!("{path}?{query}"),
        _ => path.to_owned(),
    }
}

/// `GET /targets`: this month's grid, or that of the period around a date.
async fn current(
    me: Allowed<SetTargets>,
    Query(asked): Query<Asked>,
    Query(asks): Query<Asks>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    Ok(Redirect::to(&asks.href(period)).into_response())
}

/// `GET /targets/2026-11`: the grid.
async fn index(
    State(app): State<App>,
    me: Allowed<SetTargets>,
    page: Page,
    Path(word): Path<String>,
    Query(asks): Query<Asks>,
) -> Result<Response, Error> {
    let period = periods::parse(&word, &me)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut loaded = load(&mut read, &me, period, &asks).await?;
    if let Some(percentile) = asks.suggest().filter(|_| loaded.locked_at.is_none()) {
        let history = fill::history(&mut read, &me, period, &loaded.reps, &loaded.metrics).await?;
        loaded.suggest(&history, percentile, me.company.currency);
    }
    loaded.fill(&asks, me.company.currency)?;
    page::html(loaded.grid(page, &me, &asks))
}

/// `POST /targets/2026-11`: all changed cells or none.
async fn save(
    State(app): State<App>,
    me: Allowed<SetTargets>,
    page: Page,
    Path(word): Path<String>,
    Query(asks): Query<Asks>,
    form: Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let period = periods::parse(&word, &me)?;
    let sent = Sent::read(&form.fields)?;
    let mut write = once::begin_alone(&app, &me, form.once).await?;
    let open = period_locks::db::locked_at(&mut write, me.scope.org, period).await?.is_none();
    let may = may_set(&mut write, &me, period).await?;
    if let Some(own) = own(&me)
        && sent.cells.iter().any(|((whose, _), _)| *whose == Subject::Rep(own))
    {
        return Err(Error::Conflict(OWN));
    }
    if !sent.cells.iter().all(|((whose, _), _)| may.contains(*whose)) {
        return Err(Error::NotFound);
    }
    let whose = Subjects::of(sent.cells.iter().map(|((whose, _), _)| *whose).collect::<BTreeSet<_>>());
    let now = db::latest(&mut write, me.scope.org, &whose, &[period], None).await?;
    let drawn = db::latest(&mut write, me.scope.org, &whose, &[period], Some(sent.seen)).await?;
    let outcome = grid::compare(&sent.cells, &drawn, &now, me.company.currency);
    let mut errors = Errors::new();
    let reason = errors.optional_text("reason", &sent.reason, "The reason", 500);
    if !open || !outcome.errors.is_empty() || !outcome.conflicts.is_empty() || !errors.is_empty() {
        drop(write); // nothing was written
        return refuse(&app, &me, page, (period, &asks), Refused { sent, outcome, errors, drawn }).await;
    }
    let targets: Vec<NewTarget> = outcome
        .changes
        .iter()
        .map(|change| NewTarget { whose: change.cell.0, metric: change.cell.1, value: change.new })
        .collect();
    if targets.is_empty() {
        return write.done_saying(&asks.href(period), &Toast::new("Nothing was changed")).await;
    }
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let rows = db::insert(&mut write, period, &targets, reason.as_deref()).await?;
    let told = told(&mut write, &me, &outcome.changes).await?;
    let detail = json!({ "changes": told, "reason": reason });
    audit::db::record(&mut write, "target.set", &format!("/targets/{period}"), detail).await?;
    let words = format!(
        "{} for {} saved",
        format::counted(i64::try_from(targets.len()).unwrap_or(0), "target", "targets"),
        format::period(period)
    );
    let toast = Toast::new(words);
    let toast = match rows {
        Some(rows) => toast.undo(undo::path(period, rows)),
        None => toast,
    };
    write.done_saying(&asks.href(period), &toast).await
}

/// What stands beside the own targets of a manager who sells.
pub const OWN: &str =
    "Your own targets decide your own pay: the manager above you sets them, or an administrator who manages your team.";

/// Whose own targets are not set by themselves: everybody's, except who may do everything.
fn own(me: &Viewer) -> Option<UserId> {
    (!me.is(Role::Admin)).then_some(me.id)
}

/// Whose targets somebody sets in a period.
pub struct May {
    reps: BTreeSet<UserId>,
    teams: BTreeSet<TeamId>,
    company: bool,
}

impl May {
    /// Whether this one's are among them.
    pub fn contains(&self, whose: Subject) -> bool {
        match whose {
            Subject::Rep(rep) => self.reps.contains(&rep),
            Subject::Team(team) => self.teams.contains(&team),
            Subject::Company => self.company,
        }
    }
}

/// Whose targets the viewer sets in a period: of the reps and teams in reach but not the own ones, and of a company that the
/// viewer leads.
pub async fn may_set(db: &mut PgConnection, me: &Viewer, period: Period) -> Result<May, Error> {
    let reps = db::reps(db, &me.scope, period, None, draw::day_of_teams(period, me.today)).await?;
    let teams = match &me.scope.reach {
        Reach::Some { teams, .. } => teams.iter().copied().collect(),
        Reach::All => BTreeSet::new(),
    };
    let company = db::leads_company(db, &me.scope).await?;
    Ok(May { reps: reps.into_iter().map(|rep| rep.id).filter(|rep| own(me) != Some(*rep)).collect(), teams, company })
}

/// The fields of a sent grid.
struct Sent {
    /// The typed cells.
    cells: Vec<(Cell, String)>,
    /// The last change that the page knew of.
    seen: TargetId,
    /// Why, as typed.
    reason: String,
}

impl Sent {
    fn read(fields: &[(String, String)]) -> Result<Self, Error> {
        let incomplete = Error::BadRequest("The form is incomplete. Open the page again.");
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let seen = field("seen").and_then(|seen| seen.parse().ok()).ok_or(incomplete)?;
        let mut cells = vec![];
        let mut known = BTreeSet::new();
        for (name, typed) in fields {
            if ["once", "seen", "reason"].contains(&name.as_str()) {
                continue;
            }
            let cell = grid::parse_field(name).ok_or(Error::BadRequest("The form names a cell that is not there."))?;
            if !known.insert(cell) {
                return Err(Error::BadRequest("A field of the form came twice."));
            }
            cells.push((cell, typed.clone()));
        }
        Ok(Self { cells, seen, reason: field("reason").unwrap_or_default().to_owned() })
    }
}

/// What a grid that cannot be saved is drawn from.
struct Refused {
    sent: Sent,
    outcome: Outcome,
    errors: Errors,
    drawn: Vec<Target>,
}

/// The same page with every typed value: 422 where a cell cannot be read, 409 where somebody else was faster or the
/// period is locked.
async fn refuse(
    app: &App,
    me: &Viewer,
    page: Page,
    (period, asks): (Period, &Asks),
    refused: Refused,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut loaded = load(&mut read, me, period, asks).await?;
    let status = if loaded.locked_at.is_none() && !(refused.outcome.errors.is_empty() && refused.errors.is_empty()) {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::CONFLICT
    };
    loaded.keep(refused, me.company.currency);
    answer(status, loaded.grid(page, me, asks))
}

/// Everything that a grid shows.
pub(super) async fn load(read: &mut Read, me: &Viewer, period: Period, asks: &Asks) -> Result<Loaded, Error> {
    let org = me.scope.org;
    let on = draw::day_of_teams(period, me.today);
    let reps = db::reps(read, &me.scope, period, asks.team(), on).await?;
    let ids: Vec<UserId> = reps.iter().map(|rep| rep.id).collect();
    let tree = teams::db::tree(read, &me.scope, me.today).await?;
    let company = asks.team().is_none() && db::leads_company(read, &me.scope).await?;
    let groups = groups(&tree, &reps, me, asks.team(), company);
    let whose = Subjects::of(ids.iter().map(|&rep| Subject::Rep(rep)).chain(groups.iter().map(|group| group.whose)));
    let previous = period.previous();
    let targets = db::latest(read, org, &whose, &[period, previous], None).await?;
    let (now, before): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| target.period_start == period.from());
    let mut metrics = asks.metrics();
    if metrics.is_empty() {
        let set = |metric: &Metric| now.iter().any(|target| target.metric == *metric && target.value.is_some());
        let more = Metric::ALL.into_iter().filter(|metric| !draw::USUAL.contains(metric) && set(metric));
        metrics = draw::USUAL.into_iter().chain(more).collect();
    }
    let (growth_base, today) = (me.company.growth_base, me.today);
    let pays = Pays::default();
    let asked = more::Asked { org, subjects: &whose, periods: &[previous], growth_base, today, paying: false, pays };
    let facts = more::facts(read, &asked, &metrics.iter().copied().collect()).await?;
    let mut parts = vec![];
    for kind in draw::parts_of(period.kind()) {
        let within = Period::overlapping(*kind, period.dates(), me.company.fiscal_start);
        let targets = db::in_force(read, org, &whose, &within).await?;
        parts.push(draw::Parts { kind: *kind, count: within.len(), targets });
    }
    let accepted = accept_db::of_period(read, &me.scope, period).await?;
    let presences = Presences::load(read, org, &ids, period.dates()).await?;
    Ok(Loaded {
        period,
        metrics,
        seen: now.iter().map(|target| target.id).max().unwrap_or(TargetId(0)),
        actuals: facts.into_iter().map(|((_, whose), facts)| (whose, facts)).collect(),
        levels: levels_db::of_kind(read, org, period.kind()).await?.0,
        suggested: None,
        accepted,
        parts,
        reps,
        groups,
        now,
        before,
        locked_at: period_locks::db::locked_at(read, org, period).await?,
        working_days: presences.calendar().working_days(period.dates()),
        own: own(me),
        teams: choices(&tree, me),
        presences,
        typed: BTreeMap::new(),
        filled: HashMap::new(),
        errors: Errors::new(),
        conflict: false,
        reason: String::new(),
    })
}

/// The teams in sight (of one: it and those below it), and the company where the viewer leads all of it.
fn groups(tree: &[Team], reps: &[Rep], me: &Viewer, only: Option<TeamId>, company: bool) -> Vec<Group> {
    let below = |root: TeamId| {
        let mut below = BTreeSet::from([root]);
        // Every team stands after the one above it.
        for team in tree {
            if team.parent.is_some_and(|parent| below.contains(&parent)) {
                below.insert(team.id);
            }
        }
        below
    };
    let only = only.map(below);
    let shown = tree.iter().filter(|team| me.scope.sees_team(team.id));
    let shown = shown.filter(|team| only.as_ref().is_none_or(|only| only.contains(&team.id)));
    let directly = |above: Option<TeamId>| {
        tree.iter().filter(|team| team.parent == above).map(|team| Subject::Team(team.id)).collect::<Vec<_>>()
    };
    let mut groups: Vec<Group> = shown
        .map(|team| {
            let teams = below(team.id);
            let of = reps.iter().filter(|rep| rep.team_id.is_some_and(|team| teams.contains(&team)));
            let reps = of.map(|rep| rep.id).collect();
            Group { whose: Subject::Team(team.id), name: team.path.clone(), reps, teams: directly(Some(team.id)) }
        })
        .collect();
    if company {
        let reps = reps.iter().map(|rep| rep.id).collect();
        groups.push(Group { whose: Subject::Company, name: me.company.name.clone(), reps, teams: directly(None) });
    }
    groups
}

/// The teams that the viewer may narrow the grid to, if there are several.
fn choices(tree: &[Team], me: &Viewer) -> Vec<Choice> {
    if matches!(&me.scope.reach, Reach::Some { teams, .. } if teams.len() < 2) {
        return vec![];
    }
    let seen = tree.iter().filter(|team| me.scope.sees_team(team.id));
    seen.map(|team| Choice::new(team.id, team.name.clone())).collect()
}

impl Loaded {
    /// Keeps what was typed, with the words beside each cell that cannot be saved.
    fn keep(&mut self, refused: Refused, currency: Currency) {
        let Refused { sent, outcome, errors, drawn } = refused;
        self.errors = errors;
        let name = |cell: &Cell| {
            let rep = self.reps.iter().find(|rep| Subject::Rep(rep.id) == cell.0).map(|rep| rep.name.as_str());
            let group = self.groups.iter().find(|group| group.whose == cell.0).map(|group| group.name.as_str());
            format!("{}, {}", rep.or(group).unwrap_or_default(), cell.1.label().to_lowercase())
        };
        if let Some(at) = self.locked_at {
            self.errors.add(
                "",
                format!("Nothing was saved: {} was locked on {}.", format::period(self.period), format::minute(at)),
            );
            return;
        }
        for (cell, words) in &outcome.errors {
            self.errors.add(grid::field(*cell), format!("{}: {words}", name(cell)));
        }
        self.conflict = self.errors.is_empty();
        for conflict in &outcome.conflicts {
            let (cell, theirs) = (&conflict.cell, &conflict.theirs);
            let words = |value| draw::words(cell.1, value, currency);
            let who = theirs.set_by.as_deref().unwrap_or("An import");
            let words = format!(
                "{}: you typed {}; {who} set {} on {}. Save again to put yours in its place.",
                name(cell),
                words(conflict.mine),
                words(theirs.value),
                format::minute(theirs.set_at),
            );
            self.errors.add(grid::field(*cell), words);
        }
        self.reason = sent.reason;
        if !self.conflict {
            self.seen = sent.seen; // who has changed what meanwhile is told once everything can be read
        }
        let left_alone = |cell: &Cell, text: &str| {
            let was =
                drawn.iter().find(|target| (target.whose, target.metric) == *cell).and_then(|target| target.value);
            text.trim() == was.map_or_else(String::new, |was| draw::plain(cell.1, was, currency))
        };
        let conflict = self.conflict;
        self.typed = sent.cells.into_iter().filter(|(cell, text)| !(conflict && left_alone(cell, text))).collect();
    }
}

/// What the audit keeps of each changed cell: whose and of what, old and new.
pub async fn told(db: &mut PgConnection, me: &Viewer, changes: &[Change]) -> Result<Vec<Value>, Error> {
    let mut told = Vec::with_capacity(changes.len());
    for change in changes {
        let (whose, metric) = change.cell;
        let mut change = json!({ "metric": metric, "old": change.old, "new": change.new });
        match whose {
            Subject::Rep(rep) => change["rep"] = json!(rep),
            Subject::Team(team) => change["whose"] = json!(reps_db::team_name(db, me.scope.org, team).await?),
            Subject::Company => change["whose"] = json!(me.company.name),
        }
        told.push(change);
    }
    Ok(told)
}
