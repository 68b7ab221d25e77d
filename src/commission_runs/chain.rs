//! Whether the statements of each rep hang together: what one leaves owed is what the next begins with.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::chain_db;
use crate::{
    domain::{
        id::{OrgId, RunId, UserId},
        money::{Currency, Money},
    },
    postgres::derived::Differs,
};

/// Tells every approved statement that does not begin with what the one before left, and every statement whose
/// corrections are not those of its inputs. `run` asks for the statements of one run only.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    run: Option<RunId>,
    currency: Currency,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<()> {
    let mut left: HashMap<UserId, (Money, Money)> = HashMap::new();
    for one in chain_db::approved(db, org).await? {
        let (draw_balance, balance) = left.insert(one.rep_id, (one.draw_balance, one.carried)).unwrap_or_default();
        if run.is_some_and(|run| run != one.run_id) {
            continue;
        }
        let facts = [("draw_balance", one.begins_draw, draw_balance), ("balance", one.begins_balance, balance)];
        for (what, begins, owed) in facts {
            let begins = begins.as_deref().unwrap_or("0").parse().ok().and_then(|major| currency.money(major));
            if begins != Some(owed) {
                let stored = begins.map_or_else(|| "no amount".to_owned(), |begins| currency.plain(begins));
                let record = format!("{what} of statement {} {}", one.id, one.rep);
                tell(Differs { what: "statements.inputs", record, stored, derived: currency.plain(owed) });
            }
        }
    }
    for one in chain_db::corrected(db, org, run).await? {
        let in_inputs = one.in_inputs.and_then(|major| currency.money(major));
        if in_inputs != Some(one.posted) {
            let record = format!("statement {}", one.id);
            let derived = in_inputs.map_or_else(|| "no amount".to_owned(), |amount| currency.plain(amount));
            tell(Differs { what: "statement_corrections", record, stored: currency.plain(one.posted), derived });
        }
    }
    Ok(())
}
