//! The grid of targets as a file.

use axum::{extract::State, response::Response};

use super::{
    draw::Loaded,
    web::{Asks, load},
};
use crate::{
    App,
    audit::downloads::{self, Download},
    domain::{
        metric::{Unit, value},
        subject::Subject,
    },
    postgres::tx,
    scorecards::board::{in_file, target_in_file},
    web::{
        auth::{Allowed, SetTargets, Viewer},
        csv,
        error::Error,
        form::{Path, Query},
        list::List,
        periods,
    },
};

/// `GET /targets/2026-11/targets.csv`: what stands for everybody and every metric of the same grid, and what was done in the
/// period before.
pub async fn export(
    State(app): State<App>,
    me: Allowed<SetTargets>,
    Path(word): Path<String>,
    list: List,
    Query(asks): Query<Asks>,
) -> Result<Response, Error> {
    let period = periods::parse(&word, &me)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let loaded = load(&mut read, &me, period, &asks).await?;
    let mut file = csv::File::new(&["period", "for", "name", "team", "metric", "target", "done_before", "currency"]);
    for rep in &loaded.reps {
        let team = rep.team.as_deref().unwrap_or_default();
        rows(&mut file, &loaded, &me, Subject::Rep(rep.id), ["rep", &rep.name, team]);
    }
    for group in &loaded.groups {
        let kind = if group.whose == Subject::Company { "company" } else { "team" };
        rows(&mut file, &loaded, &me, group.whose, [kind, &group.name, ""]);
    }
    drop(read);
    let (object, of) = (format!("/targets/{period}"), list.without(&[]));
    let download = Download { act: "target.downloaded", object: &object, file: &of, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("targets-{period}.csv"))
}

fn rows(file: &mut csv::File, loaded: &Loaded, me: &Viewer, whose: Subject, about: [&str; 3]) {
    for &metric in &loaded.metrics {
        let target = loaded.now.iter().find(|one| one.whose == whose && one.metric == metric).and_then(|one| one.value);
        let done = loaded.actuals.get(&whose).and_then(|facts| value(metric, facts));
        let currency = if metric.unit() == Unit::Money { me.company.currency.code() } else { "" };
        let mut cells = vec![csv::text(&loaded.period.to_string())];
        cells.extend(about.map(csv::text));
        cells.push(csv::text(metric.as_str()));
        cells.push(target.map_or_else(|| csv::text(""), |target| csv::number(target_in_file(metric, target, me))));
        cells.push(done.map_or_else(|| csv::text(""), |done| csv::number(in_file(done, me))));
        cells.push(csv::text(currency));
        file.row(cells);
    }
}
