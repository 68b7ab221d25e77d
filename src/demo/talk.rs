//! What the demo company's people say about pay: reps dispute lines of statements, and read and accept their plans.

use sqlx::PgPool;
use time::{Date, Month, OffsetDateTime};

use super::{data::first_of_month, db, fill::FillError, story::person};
use crate::{
    clock::Clock,
    disputes::{
        ask,
        db::{self as disputes_db, Dispute, NewDispute},
        decide::{self, Pays},
    },
    domain::{
        access::{Reach, Scope},
        commission::statement::Line,
        id::{DisputeId, OrgId, UserId},
        money::{Currency, Money},
        period::{Period, PeriodKind},
    },
    plan_letters::{
        acts as letters,
        db::{self as letters_db, Which},
        publish::{Sender, published},
    },
    plans,
    postgres::tx::{self, Tx},
    statements,
    web::error::Error,
};

/// The rep whom finance has answered, and once paid what was missing.
const INGRID: &str = "ingrid";
/// The rep who waits for an answer.
const JONAS: &str = "jonas";
/// The reps who have accepted their plans by now: name in the files.
const ACCEPTED: [&str; 4] = ["amina", "jonas", "elena", "piet"];
/// The rep who asks before accepting.
const ASKS: &str = "hana";

/// The people who talk.
pub struct Talk {
    /// The company.
    pub org: OrgId,
    /// Who answers for finance.
    pub finance: UserId,
    /// Today at the company.
    pub today: Date,
    /// The instant.
    pub now: OffsetDateTime,
    /// The company's currency.
    pub currency: Currency,
}

/// What of a statement is disputed.
struct Disputed<'a> {
    rep: &'a str,
    /// The month of the statement, so many months ago.
    months: i32,
    /// One record of the first line, by its place; none: the whole line.
    record: Option<usize>,
    /// How much more than the line pays the rep expects.
    more: Option<Money>,
    words: &'a str,
}

impl Talk {
    /// After the first month was paid: what was missing in it is accepted, and comes with the next open month.
    pub async fn is_settled(&self, db: &PgPool) -> Result<(), FillError> {
        let missing = Money(15_000);
        let words = "The week in which I stood in for Hana is missing. 150 were agreed for it.";
        let disputed = Disputed { rep: INGRID, months: 3, record: None, more: Some(missing), words };
        let id = self.dispute(db, &disputed).await?;
        self.answer(db, id, "It is not in the system, so nobody saw it. I ask Kari and come back to you.").await?;
        let mut tx = self.write(db, self.finance).await?;
        let dispute = self.find(&mut tx, id).await?;
        let pays = Pays { about: self.month(3), amount: missing, currency: self.currency };
        decide::accepted(&mut tx, &dispute, &pays, "Stood in for Hana Novák, as agreed with Kari Berg").await?;
        tx.commit().await?;
        Ok(())
    }

    /// After the second month was approved: one dispute is answered, and one waits.
    pub async fn goes_on(&self, db: &PgPool) -> Result<(), FillError> {
        let words = "They have a special price since the summer. Is this amount before or after it?";
        let disputed = Disputed { rep: INGRID, months: 2, record: Some(0), more: None, words };
        let id = self.dispute(db, &disputed).await?;
        let words = "After it: commission follows what is invoiced. Open the deal to see its lines.";
        self.answer(db, id, words).await?;
        let words = "I count two orders more in the last week of the month.\nCan you tell me which ones came later?";
        let disputed = Disputed { rep: JONAS, months: 2, record: None, more: Some(Money(12_000)), words };
        self.dispute(db, &disputed).await?;
        Ok(())
    }

    /// Every plan is told to its reps. Some have accepted, one asks.
    pub async fn is_told(&self, db: &PgPool, company: &str) -> Result<(), FillError> {
        let scope = self.all();
        let sender = Sender { scope: &scope, company, fiscal_start: Month::January, today: self.today };
        let mut tx = self.write(db, self.finance).await?;
        for plan in plans::db::list(&mut tx, self.org, self.today).await? {
            let versions = plans::db::versions(&mut tx, self.org, plan.id).await?;
            if let Some(version) = versions.first() {
                published(&mut tx, &sender, &versions, version).await?;
            }
        }
        tx.commit().await?;
        for name in ACCEPTED {
            self.reads(db, name, None).await?;
        }
        self.reads(db, ASKS, Some("Do I owe the draw of the first three months, too?")).await
    }

    /// A rep with a letter asks about it, or accepts it. Small companies do not have all of them.
    async fn reads(&self, db: &PgPool, name: &str, question: Option<&str>) -> Result<(), FillError> {
        let mut tx = tx::write_as_owner(db, self.org, self.now).await?;
        let people = db::people(&mut tx, self.org).await?;
        drop(tx);
        let Some(rep) = people.into_iter().find(|person| person.external_id == name) else { return Ok(()) };
        let mut tx = self.write(db, rep.id).await?;
        let which = Which { rep: Some(rep.id), ..Which::default() };
        if let Some(letter) = letters_db::letters(&mut tx, &self.all(), which, self.today).await?.pop() {
            match question {
                Some(words) => letters::asked(&mut tx, &letter, words).await?,
                None => letters::accepted(&mut tx, &letter, &rep.name).await?,
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Opens a dispute about the first line of a locked statement.
    async fn dispute(&self, db: &PgPool, disputed: &Disputed<'_>) -> Result<DisputeId, FillError> {
        let mut tx = tx::write_as_owner(db, self.org, self.now).await?;
        let rep = person(&mut tx, self.org, disputed.rep).await?;
        drop(tx);
        let mut tx = self.write(db, rep).await?;
        let from = self.month(disputed.months).from();
        let locked = statements::db::locked(&mut tx, self.org, rep, PeriodKind::Month, from).await?;
        let missing = || Error::Internal(format!("{} has no statement of {from}", disputed.rep));
        let (statement, _) = locked.ok_or_else(missing)?;
        let row = statements::db::lines(&mut tx, self.org, statement).await?.into_iter().next().ok_or_else(missing)?;
        let line: Line = serde_json::from_value(row.detail).map_err(|e| Error::Internal(e.to_string()))?;
        let deal = disputed.record.and_then(|place| line.records.get(place)?.deal);
        let expected = disputed.more.map(|more| line.amount.money + more);
        let new = NewDispute { statement, rep, position: row.position, deal, expected };
        let id = ask::opened(&mut tx, &new, &line.title(), self.currency, disputed.words).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn answer(&self, db: &PgPool, id: DisputeId, words: &str) -> Result<(), FillError> {
        let mut tx = self.write(db, self.finance).await?;
        let dispute = self.find(&mut tx, id).await?;
        ask::said(&mut tx, &dispute, words).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn find(&self, tx: &mut Tx, id: DisputeId) -> Result<Dispute, Error> {
        disputes_db::find(tx, &self.all(), id).await?.ok_or(Error::NotFound)
    }

    async fn write(&self, db: &PgPool, actor: UserId) -> sqlx::Result<Tx> {
        tx::write(db, self.org, Some(actor), Clock::Fixed(self.now)).await
    }

    fn all(&self) -> Scope {
        Scope { org: self.org, reach: Reach::All }
    }

    fn month(&self, months: i32) -> Period {
        Period::month(first_of_month(self.today, -months), Month::January)
    }
}
