//! `/growth`: the customers of a book with what they bought now and in the base, which the growth of the book compares.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    db::{Subject, spans},
    drill, growth_db,
};
use crate::{
    App,
    domain::{
        company::{GrowthBase, GrowthBasis},
        id::{TeamId, UserId},
        metric::{Facts, Metric, value},
        money::Money,
        period::{Period, PeriodKind},
    },
    postgres::tx,
    scorecards::figure::shown,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales},
        error::Error,
        form::Query,
        list::List,
        page::{Page, html},
        periods::Asked,
    },
};

#[derive(Template)]
#[template(path = "scorecards/growth.html")]
struct GrowthPage {
    page: Page,
    name: String,
    back: String,
    period: Period,
    /// What the period is compared with.
    base: String,
    customers: Vec<growth_db::Bought>,
    now: Money,
    before: Money,
    rate: Option<String>,
}

/// Whose growth is said by `rep=` or `team=`. Where growth does not compare books, this leads to the sales.
pub async fn show(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    page: Page,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let (rep, team): (Option<UserId>, Option<TeamId>) = (list.parse("rep")?, list.parse("team")?);
    let org = me.scope.org;
    let mut read = tx::read(&app.db, org).await?;
    let (whose, name, back) = match (rep, team) {
        (Some(rep), _) if me.scope.sees(rep) => {
            (Subject::Rep(rep), reps_db::name(&mut read, org, rep).await?, format!("/reps/{rep}?period={period}"))
        }
        (None, Some(team)) if me.scope.sees_team(team) => {
            let name = reps_db::team_name(&mut read, org, team).await?;
            (Subject::Team(team), name, format!("/scoreboard?team={team}&period={period}"))
        }
        _ => return Err(Error::NotFound),
    };
    let name = name.ok_or(Error::NotFound)?;
    if me.company.growth_basis != GrowthBasis::Book {
        let sales = drill::href(Metric::SalesGrowth, whose, period, me.company.growth_basis, me.today);
        return Ok(Redirect::to(&sales).into_response());
    }
    let base = period.base(me.company.growth_base, me.today);
    let spans = spans(&[period], &[base]);
    let team = if rep.is_some() { None } else { team };
    let customers = growth_db::of_book(&mut read, org, rep, team, &spans, me.today).await?;
    let now: Money = customers.iter().map(|customer| customer.now).sum();
    let before: Money = customers.iter().map(|customer| customer.before).sum();
    let facts = Facts { book_sales: Some(now), net_sales_base: base.map(|_| before), ..Facts::default() };
    html(GrowthPage {
        page,
        name,
        back,
        period,
        base: match me.company.growth_base {
            GrowthBase::LastYear => "A year before".to_owned(),
            GrowthBase::PeriodBefore => "The period before".to_owned(),
        },
        rate: value(Metric::SalesGrowth, &facts).map(|rate| shown(Metric::SalesGrowth, rate, me.company.currency)),
        customers,
        now,
        before,
    })
}

impl growth_db::Bought {
    fn change(&self) -> Money {
        self.now - self.before
    }
}

impl GrowthPage {
    fn change(&self) -> Money {
        self.now - self.before
    }
}
