//! `/growth`: the customers of a book with what they bought now and in the base, which the growth of the book compares.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    db::{Subject, spans},
    drill, growth_db,
    meaning::meaning,
};
use crate::{
    App,
    audit::downloads::{self, Download},
    domain::{
        company::{GrowthBase, GrowthBasis},
        id::{TeamId, UserId},
        metric::{Facts, Metric, value},
        money::Money,
        period::{Base, Period, PeriodKind},
    },
    postgres::tx::{self, Read},
    scorecards::figure::shown,
    users::reps_db,
    web::{
        auth::{Allowed, ReadSales, Viewer},
        csv,
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
    /// The same list as a file.
    csv: String,
    period: Period,
    /// What counts, in words.
    rule: &'static str,
    /// What the period is compared with.
    base: String,
    customers: Vec<growth_db::Bought>,
    now: Money,
    before: Money,
    rate: Option<String>,
}

/// Whose book the address asks for, and what its customers bought.
struct Book {
    whose: Subject,
    name: String,
    /// Where the page leads back to.
    back: String,
    customers: Vec<growth_db::Bought>,
    base: Option<Base>,
}

/// `rep=` or `team=`.
async fn load(read: &mut Read, me: &Viewer, list: &List, period: Period) -> Result<Book, Error> {
    let (rep, team): (Option<UserId>, Option<TeamId>) = (list.parse("rep")?, list.parse("team")?);
    let org = me.scope.org;
    let (whose, name, back) = match (rep, team) {
        (Some(rep), _) if me.scope.sees(rep) => {
            (Subject::Rep(rep), reps_db::name(read, org, rep).await?, format!("/reps/{rep}?period={period}"))
        }
        (None, Some(team)) if me.scope.sees_team(team) => {
            let name = reps_db::team_name(read, org, team).await?;
            (Subject::Team(team), name, format!("/scoreboard?team={team}&period={period}"))
        }
        _ => return Err(Error::NotFound),
    };
    let name = name.ok_or(Error::NotFound)?;
    let base = period.base(me.company.growth_base, me.today);
    let spans = spans(&[period], &[base]);
    let team = if rep.is_some() { None } else { team };
    let customers = if me.company.growth_basis == GrowthBasis::Book {
        growth_db::of_book(read, org, rep, team, &spans, me.today).await?
    } else {
        vec![]
    };
    Ok(Book { whose, name, back, customers, base })
}

/// The same customers as a file. Where growth does not compare books, there is none: the deals have one.
pub async fn export(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    list: List,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let period = asked.resolve(&me, PeriodKind::Month)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let Book { customers, .. } = load(&mut read, &me, &list, period).await?;
    if me.company.growth_basis != GrowthBasis::Book {
        return Err(Error::NotFound);
    }
    let mut file = csv::File::new(&["customer_id", "customer", "this_period", "base", "change", "currency"]);
    let currency = me.company.currency;
    for customer in customers {
        file.row([
            csv::number(customer.id.0),
            csv::text(&customer.name),
            csv::number(currency.major(customer.now)),
            csv::number(currency.major(customer.before)),
            csv::number(currency.major(customer.change())),
            csv::text(currency.code()),
        ]);
    }
    drop(read);
    let of = list.without(&[]);
    let download = Download { act: "figures.exported", object: "/growth", file: &of, rows: file.rows() };
    downloads::note(&app, &me, download).await?;
    file.respond(&format!("growth-{period}.csv"))
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
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let Book { whose, name, back, customers, base } = load(&mut read, &me, &list, period).await?;
    if me.company.growth_basis != GrowthBasis::Book {
        let sales = drill::href(Metric::SalesGrowth, whose, period, me.company.growth_basis, me.today);
        return Ok(Redirect::to(&sales).into_response());
    }
    let now: Money = customers.iter().map(|customer| customer.now).sum();
    let before: Money = customers.iter().map(|customer| customer.before).sum();
    let facts = Facts { book_sales: Some(now), net_sales_base: base.map(|_| before), ..Facts::default() };
    html(GrowthPage {
        page,
        csv: list.with("", "").replacen("/growth", "/growth.csv", 1),
        name,
        back,
        period,
        rule: meaning(Metric::SalesGrowth),
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
