//! What the demo company's files cannot tell: what came after a month was paid, and what waits for somebody.

use rust_decimal::Decimal;
use sqlx::PgPool;
use time::{Date, OffsetDateTime};

use super::{data::first_of_month, db, fill::FillError};
use crate::{
    customers::{self, db::Details},
    deals::{
        self,
        db::{Line, NewDeal},
    },
    domain::{
        deal::{Credit, Stage},
        exchange::converted,
        id::{CustomerId, DealId, OrgId, UserId},
        minimum::{Minimum, Per},
        money::{Currency, Money},
        period::add_days,
    },
    exchange_rates,
    postgres::tx::{self, Tx},
    targets::minimums_db,
    web::error::Error,
};

/// The hunter whose new customer sends everything back.
const HUNTER: &str = "elena";
/// The rep whose deal was found in a drawer.
const FORGETFUL: &str = "amina";

/// The company in the months that are paid.
pub struct Story {
    org: OrgId,
    today: Date,
    now: OffsetDateTime,
    /// The customer whose first order comes back, and the order.
    regretted: (CustomerId, DealId),
}

impl Story {
    /// Before the first month is paid: hunters visit a stranger each week, and one of them wins a customer.
    pub async fn begin(db: &PgPool, org: OrgId, today: Date, now: OffsetDateTime) -> Result<Self, FillError> {
        let mut tx = tx::write_as_owner(db, org, now).await?;
        for rep in db::on_plan(&mut tx, org, "Hunter").await? {
            let minimum = Minimum { rep: Some(rep), visits: 1, per: Per::Week, strangers_only: true, from: None };
            minimums_db::set(&mut tx, &minimum, 1).await?;
        }
        let elena = person(&mut tx, org, HUNTER).await?;
        let month = first_of_month(today, -3);
        let details = Details {
            name: "Havnepromenaden Pensjonat".to_owned(),
            segment: Some("Standard".to_owned()),
            industry: Some("Hotel".to_owned()),
            city: Some("Bergen".to_owned()),
            country: Some("Norway".to_owned()),
            ..Details::default()
        };
        let customer = customers::db::insert(&mut tx, &details, add_days(month, -20)).await?;
        customers::db::set_owner(&mut tx, customer, Some(elena), None).await?;
        let first = won(customer, elena, add_days(month, 8), Money(620_000), "Opening order");
        let first = deals::save::enter(&mut tx, &NewDeal { confirmed: true, ..first }).await?;
        tx.commit().await?;
        Ok(Self { org, today, now, regretted: (customer, first) })
    }

    /// After that month was paid: a deal of it that nobody had entered, and a customer who sends the first order back.
    pub async fn comes_late(&self, db: &PgPool) -> Result<(), FillError> {
        let Self { org, today, regretted: (customer, first), .. } = *self;
        let mut tx = tx::write_as_owner(db, org, self.now).await?;
        let amina = person(&mut tx, org, FORGETFUL).await?;
        let paid = first_of_month(today, -3);
        if let Some(buyer) = db::to_visit(&mut tx, org, amina, today, 1).await?.pop() {
            let forgotten = won(buyer, amina, add_days(paid, 17), Money(485_000), "Order found in a drawer");
            deals::save::enter(&mut tx, &NewDeal { confirmed: true, ..forgotten }).await?;
        }
        let elena = person(&mut tx, org, HUNTER).await?;
        let back = won(customer, elena, add_days(first_of_month(today, -2), 6), Money(-620_000), "Opening order");
        let back = NewDeal { returns: Some(first), opened_on: None, confirmed: true, ..back };
        deals::save::enter(&mut tx, &back).await?;
        tx.commit().await?;
        Ok(())
    }

    /// After the last month was calculated: what waits for a manager, and a deal in another currency.
    pub async fn goes_on(&self, db: &PgPool, finance: UserId) -> Result<(), FillError> {
        let mut tx = tx::write_as_owner(db, self.org, self.now).await?;
        self.wait_for_managers(&mut tx).await?;
        self.sell_abroad(&mut tx, finance).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deals of this week that a manager still has to confirm, and one that belongs to a locked month.
    async fn wait_for_managers(&self, tx: &mut Tx) -> Result<(), FillError> {
        let reps = db::people(tx, self.org).await?.into_iter().filter(|person| person.is_rep);
        for (n, rep) in (0..4).zip(reps) {
            let Some(customer) = db::to_visit(tx, self.org, rep.id, self.today, 1).await?.pop() else { continue };
            let day = if n == 0 { add_days(first_of_month(self.today, -1), -3) } else { self.today };
            tx.actor = Some(rep.id);
            let waiting = won(customer, rep.id, day, Money(84_500 + n * 7_300), "Autumn order");
            deals::save::enter(tx, &waiting).await?;
        }
        Ok(())
    }

    /// A currency beside the company's, and an open deal in it.
    async fn sell_abroad(&self, tx: &mut Tx, finance: UserId) -> Result<(), FillError> {
        let Self { org, today, .. } = *self;
        let (Ok(krone), Ok(euro)) = (Currency::parse("NOK"), Currency::parse("EUR")) else { return Ok(()) };
        let rate = Decimal::new(851, 4);
        exchange_rates::db::insert(tx, finance, krone, first_of_month(today, 0), rate).await?;
        let Some(rep) = db::people(tx, org).await?.into_iter().find(|person| person.is_rep) else { return Ok(()) };
        let Some(customer) = db::to_visit(tx, org, rep.id, today, 1).await?.pop() else { return Ok(()) };
        let original = Money(4_200_000);
        let amount = converted(original, krone, rate, euro).unwrap_or_default();
        let mut new = won(customer, rep.id, today, amount, "Machines for the Bergen shop");
        for line in &mut new.lines {
            line.quantity = 3.into();
            line.original = Some(original);
        }
        let open = NewDeal {
            stage: Stage::Open,
            booked_on: None,
            expected_on: Some(add_days(today, 9)),
            currency: Some(krone),
            rate: Some(rate),
            ..new
        };
        tx.actor = Some(rep.id);
        deals::save::enter(tx, &open).await?;
        Ok(())
    }
}

/// Who has this name in the files.
pub(super) async fn person(tx: &mut Tx, org: OrgId, name: &str) -> Result<UserId, FillError> {
    let found = db::people(tx, org).await?.into_iter().find(|person| person.external_id == name);
    let missing = || Error::Internal(format!("{name} is not in the demo's files"));
    Ok(found.map(|person| person.id).ok_or_else(missing)?)
}

/// A deal of one line that is won on a day, not yet confirmed; an amount below zero is a return.
fn won(customer: CustomerId, rep: UserId, day: Date, amount: Money, text: &str) -> NewDeal {
    NewDeal {
        customer,
        owner: Some(rep),
        stage: Stage::Won,
        opened_on: Some(day),
        booked_on: Some(day),
        expected_on: None,
        returns: None,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: false,
        lines: vec![Line {
            position: 1,
            product: None,
            text: text.to_owned(),
            quantity: amount.0.signum().into(),
            amount,
            original: None,
            cost: None,
        }],
        credits: vec![Credit { rep, parts: 1, overlay: false }],
    }
}
