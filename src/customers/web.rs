//! The pages of customers: the list, and the events behind a number.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;
use time::Date;

use super::{
    classes::Classes,
    edit, endings, export, handover,
    list_db::{self, Filter, Row},
    merge, notes, proposals, show,
    timeline_db::{self, EventFilter, EventRow},
};
use crate::{
    App,
    domain::{
        access::{Permission, Role, Scope},
        classes::Class,
        customer::{
            events::EventKind,
            stage::{StageKind, warnings_of},
        },
        id::{TeamId, UserId},
        metric::Metric,
    },
    postgres::tx,
    scorecards::meaning::meaning,
    teams::choose,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        error::Error,
        form::{Errors, parse_date},
        list::{FETCH, List, SortBy},
        page::{Page, html, lasting},
        routes::Routes,
        ui::{Badge, Choice, Pager, Sort, Tone},
    },
};

/// `/customers` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/customers", index)
        .get("/customers.csv", export::export)
        .post("/customers", edit::create)
        .get("/customers/new", edit::new)
        .get("/customers/events", events)
        .get("/customers/events.csv", export::events)
        .get("/customers/handover", handover::new)
        .post("/customers/handover", handover::create)
        .get("/customers/{id}", show::show)
        .post("/customers/{id}", edit::update)
        .get("/customers/{id}/edit", edit::edit)
        .get("/customers/{id}/merge", merge::new)
        .post("/customers/{id}/merge", merge::create)
        .post("/customers/{id}/merges/{merge}/undo", merge::undo)
        .post("/customers/{id}/notes", notes::create)
        .post("/customers/{id}/notes/{note}/remove", notes::remove)
        .post("/customers/{id}/notes/{note}/restore", notes::restore)
        .get("/customers/{id}/ending", endings::new)
        .post("/customers/{id}/ending", endings::create)
        .post("/customers/{id}/endings/{ending}/withdraw", endings::withdraw)
        .get("/customers/proposals", proposals::index)
        .get("/customers/{id}/proposals/{proposal}", proposals::show)
        .post("/customers/{id}/proposals/{proposal}/confirm", proposals::confirm)
        .post("/customers/{id}/proposals/{proposal}/reject", proposals::reject)
        .post("/customers/{id}/proposals/{proposal}/withdraw", proposals::withdraw)
}

/// Classes of targets: several stages, and the words for them.
const CLASSES: [(&str, &str, [StageKind; 2]); 3] = [
    ("class-new", "All new: prospects and new", [StageKind::Prospect, StageKind::New]),
    ("class-existing", "All existing: existing and won back", [StageKind::Existing, StageKind::WonBack]),
    ("class-past", "All past: lost and ended", [StageKind::Lost, StageKind::Ended]),
];

/// The owner to filter by who is nobody.
const NOBODY: &str = "none";

const SORTS: [SortBy; 4] = [
    SortBy { column: "name", descending: false },
    SortBy { column: "last_sale", descending: true },
    SortBy { column: "last_visit", descending: true },
    SortBy { column: "sales", descending: true },
];

/// A customer of the list, and what follows from its facts.
pub(super) struct Listed {
    /// The customer.
    pub row: Row,
    /// Where it stands.
    pub stage: Badge,
    /// Whether it is slipping away.
    pub slipping: Option<Badge>,
    /// Its class today.
    pub class: Option<Class>,
}

struct Heads {
    name: Option<Sort>,
    last_sale: Option<Sort>,
    last_visit: Option<Sort>,
    sales: Option<Sort>,
}

#[derive(Template)]
#[template(path = "customers/index.html")]
struct IndexPage {
    page: Page,
    list: List,
    rows: Vec<Listed>,
    pager: Pager,
    heads: Heads,
    teams: Vec<Choice>,
    classes: Vec<Choice>,
    owners: Vec<Choice>,
    segments: Vec<Choice>,
    stages: Vec<Choice>,
    may_record: bool,
    /// Whether the viewer confirms ends that reps propose.
    may_confirm: bool,
    /// Whose customers the viewer may hand over; nobody's: none.
    hands_over: Option<Scope>,
    may_import: bool,
    whose: &'static str,
    no_errors: Errors,
    /// The same list as a file.
    csv: String,
}

impl IndexPage {
    /// Whether the viewer may hand over what belongs to this person; nobody's customers belong to whoever sees them.
    fn may_hand_over(&self, owner: Option<&UserId>) -> bool {
        self.hands_over.as_ref().is_some_and(|scope| owner.is_none_or(|owner| scope.sees(*owner)))
    }

    /// Whose whole book may be handed over: the person by whom the list is filtered.
    fn book(&self) -> Option<UserId> {
        self.list.value("owner").parse().ok().filter(|owner| self.may_hand_over(Some(owner)))
    }
}

async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page, list: List) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let classes = app.classes.of(&mut read, &me).await?;
    let (filter, sort) = read_filter(&me, &list, &classes)?;
    let rows = list_db::list(&mut read, &me.scope, &filter, me.today).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let (rows, pager) = list.page(rows, total, ("customer", "customers"), |row| (row.sort_key.clone(), row.id.0));
    let rows = rows.into_iter().map(|row| listed(row, &classes, me.today)).collect();
    let owners = reps_db::in_sight(&mut read, &me.scope).await?;
    let mut owners: Vec<Choice> = owners.into_iter().map(|(id, name)| Choice::new(id, name)).collect();
    if me.scope.reps().is_none() {
        owners.push(Choice::new(NOBODY, "Nobody"));
    }
    let segments = list_db::segments(&mut read, me.scope.org).await?;
    let [name, last_sale, last_visit, sales] = SORTS.map(|column| Some(list.head(sort, column)));
    html(IndexPage {
        page,
        rows,
        pager,
        heads: Heads { name, last_sale, last_visit, sales },
        teams: choose::in_sight(&mut read, &me).await?,
        classes: Class::ALL.map(|class| Choice::new(class.as_str(), format!("Class {}", class.as_str()))).into(),
        owners,
        segments: segments.into_iter().map(|segment| Choice::new(segment.clone(), segment)).collect(),
        stages: StageKind::ALL
            .iter()
            .map(|stage| (stage.as_str(), stage.label()))
            .chain(CLASSES.iter().map(|&(word, label, _)| (word, label)))
            .map(|(word, label)| Choice::new(word, label))
            .collect(),
        may_record: me.may(Permission::RecordSales),
        may_confirm: me.is(Role::Manager),
        hands_over: me.may(Permission::HandOver).then(|| me.scope_of(Permission::HandOver)),
        may_import: me.may(Permission::ImportRecords),
        whose: match me.scope.reps() {
            None => "All customers",
            Some([_]) => "Your customers",
            Some(_) => "Your teams’ customers",
        },
        no_errors: Errors::new(),
        csv: list.with("", "").replacen("/customers", "/customers.csv", 1),
        list,
    })
    .map(lasting)
}

/// What the address asks for, and the column that it is sorted by.
pub(super) fn read_filter(me: &Viewer, list: &List, classes: &Classes) -> Result<(Filter, SortBy), Error> {
    let sort = list.sort_by(&SORTS);
    let stages = |word: &str| {
        let class = CLASSES.iter().find(|(known, ..)| *known == word);
        StageKind::parse(word).map(|stage| vec![stage]).or_else(|| class.map(|(_, _, stages)| stages.to_vec()))
    };
    let class = list.word("abc", Class::parse)?;
    let is_unowned = list.value("owner") == NOBODY;
    let filter = Filter {
        search: list.search("q"),
        segment: Some(list.value("segment").to_owned()).filter(|segment| !segment.is_empty()),
        owner: if is_unowned { None } else { list.parse("owner")? },
        is_unowned,
        team: list.parse("team")?,
        among: class.map(|class| classes.iter().filter(|(_, of)| **of == class).map(|(id, _)| *id).collect()),
        stages: list.word("stage", stages)?,
        unsold_since: list.date("unsold_since")?,
        unvisited_since: list.date("unvisited_since")?,
        sort: sort.column,
        descending: sort.descending,
        after: list.after(),
        limit: FETCH,
    };
    let unseen = filter.owner.is_some_and(|owner| !me.scope.sees(owner));
    if unseen || filter.team.is_some_and(|team| !me.scope.sees_team(team)) {
        return Err(Error::NotFound);
    }
    Ok((filter, sort))
}

/// A row with where the customer stands, whether it is slipping away, and its class.
pub(super) fn listed(row: Row, classes: &Classes, today: Date) -> Listed {
    let days: Vec<Date> = row.sale_days.iter().rev().copied().collect();
    let slips = row.stage.is_buying() && !warnings_of(&days, row.sales_lately, row.sales_before, today).is_empty();
    let slipping = slips.then(|| Badge::new(Tone::Warn, "Slipping").icon("triangle-alert"));
    Listed { class: classes.get(&row.id).copied(), stage: badge(row.stage), slipping, row }
}

/// A stage of a customer's life as a badge.
pub fn badge(stage: StageKind) -> Badge {
    let (tone, icon) = match stage {
        StageKind::Prospect => (Tone::Plain, "user"),
        StageKind::New => (Tone::Info, "user-plus"),
        StageKind::Existing => (Tone::Good, "check"),
        StageKind::WonBack => (Tone::Good, "rotate-ccw"),
        StageKind::Lost => (Tone::Bad, "user-minus"),
        StageKind::Ended => (Tone::Plain, "x"),
    };
    Badge::new(tone, stage.label()).icon(icon)
}

#[derive(Template)]
#[template(path = "customers/events.html")]
struct EventsPage {
    page: Page,
    list: List,
    heading: String,
    /// The same list as a file.
    csv: String,
    /// What is said where there are none at all.
    none: String,
    /// All events of the kind.
    everything: String,
    rows: Vec<EventRow>,
    pager: Pager,
    /// What counts, in words.
    meaning: &'static str,
    counted: i64,
    is_lost: bool,
    reps: Vec<Choice>,
    teams: Vec<Choice>,
    kinds: Vec<Choice>,
    no_errors: Errors,
}

/// The events that a number counts: `kind=new`, `lost` or `won_back`, `rep=` or `team=`, `from=` and `to=` (half-open).
async fn events(State(app): State<App>, me: Allowed<ReadSales>, page: Page, list: List) -> Result<Response, Error> {
    let mut list = list;
    list.assume("kind", &"new");
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (filter, heading) = read_events(&mut read, &me, &list).await?;
    let (label, kinds) = list.word("kind", kinds)?.unwrap_or(("New customers", NEW));
    let rows = timeline_db::events(&mut read, me.scope.org, &filter, me.today).await?;
    let (total, counted) = rows.first().map_or((0, 0), |row| (row.total, row.counted));
    let key = |row: &EventRow| (format!("{} {}", row.on_date, row.position), row.customer_id.0);
    let (rows, pager) = list.page(rows, total, ("event", "events"), key);
    let reps = reps_db::in_sight(&mut read, &me.scope).await?;
    html(EventsPage {
        page,
        heading,
        csv: list.with("", "").replacen("/customers/events", "/customers/events.csv", 1),
        none: format!("No {} yet", label.to_lowercase()),
        everything: List::new("/customers/events", vec![]).with("kind", list.value("kind")),
        rows,
        pager,
        meaning: meaning(match kinds {
            [EventKind::Lost] => Metric::LostCustomers,
            [EventKind::WonBack, ..] => Metric::WonBackCustomers,
            _ => Metric::NewCustomers,
        }),
        counted,
        is_lost: kinds.contains(&EventKind::Lost),
        reps: reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
        teams: choose::in_sight(&mut read, &me).await?,
        kinds: vec![
            Choice::new("new", "New customers"),
            Choice::new("lost", "Lost customers"),
            Choice::new("won_back", "Won-back customers"),
        ],
        no_errors: Errors::new(),
        list,
    })
}

/// Which events the address asks for, and in words.
pub(super) async fn read_events(
    db: &mut PgConnection,
    me: &Viewer,
    list: &List,
) -> Result<(EventFilter, String), Error> {
    let (label, kinds) = list.word("kind", kinds)?.unwrap_or(("New customers", NEW));
    let (reps, team, of) = subject(db, me, list).await?;
    let filter = EventFilter {
        kinds: kinds.to_vec(),
        reps,
        team,
        from: list.date("from")?,
        to: list.date("to")?,
        after: list.after().and_then(place),
        limit: FETCH,
    };
    Ok((filter, format!("{label}{of}")))
}

const NEW: &[EventKind] = &[EventKind::FirstSale, EventKind::FirstSaleUndone];

fn kinds(word: &str) -> Option<(&'static str, &'static [EventKind])> {
    match word {
        "new" => Some(("New customers", NEW)),
        "lost" => Some(("Lost customers", &[EventKind::Lost])),
        "won_back" => Some(("Won-back customers", &[EventKind::WonBack, EventKind::WonBackUndone])),
        _ => None,
    }
}

/// Reads the place of a row of events: day and position, and the customer.
fn place((key, customer): (String, i64)) -> Option<(Date, i32, i64)> {
    let (day, position) = key.split_once(' ')?;
    Some((parse_date(day)?, position.parse().ok()?, customer))
}

/// Whose events: people, or a team; and in words.
async fn subject(
    db: &mut PgConnection,
    me: &Viewer,
    list: &List,
) -> Result<(Option<Vec<UserId>>, Option<TeamId>, String), Error> {
    let scope: &Scope = &me.scope;
    let rep: Option<UserId> = list.parse("rep")?;
    let team: Option<TeamId> = list.parse("team")?;
    match (rep, team) {
        (Some(rep), _) if !scope.sees(rep) => Err(Error::NotFound),
        (Some(rep), _) => {
            let name = reps_db::name(db, scope.org, rep).await?.ok_or(Error::NotFound)?;
            Ok((Some(vec![rep]), None, format!(" of {name}")))
        }
        (None, Some(team)) if !scope.sees_team(team) => Err(Error::NotFound),
        (None, Some(team)) => {
            let name = reps_db::team_name(db, scope.org, team).await?.ok_or(Error::NotFound)?;
            Ok((None, Some(team), format!(" of team {name}")))
        }
        (None, None) => Ok((scope.reps().map(<[UserId]>::to_vec), None, String::new())),
    }
}
