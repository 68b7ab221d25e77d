//! `deals.csv` and `deal_lines.csv`: deals, what was sold, and who is credited.

use std::collections::HashMap;

use super::{
    abroad::{self, Said},
    cell::{self, BadCredits},
    copy::Copy,
    db::UNKNOWN_CUSTOMER,
    deals_abroad_db, deals_checks_db as checks, deals_db, deals_known_db,
    import::{Counts, Failure, Import},
    table::{Format, Row, Table, optional, required},
};
use crate::domain::{id::UserId, money::Money};

/// The file of the deals.
pub const DEALS: Format = Format {
    file: "deals.csv",
    about: "What was sold, lost or returned, and what is still open.",
    columns: &[
        required("external_id", "D1"),
        required("customer", "C1"),
        optional("rep", "R1"),
        optional("opened_on", "2025-02-03"),
        optional("closed_on", "2025-02-20"),
        optional("amount", "1250"),
        optional("currency", ""),
        required("stage", "won"),
        optional("source_stage", "Closed won"),
        optional("product", "Coffee beans"),
        optional("quantity", "10"),
        optional("cost", "800"),
        optional("returns", ""),
        optional("credits", "R1:1"),
    ],
    more_columns: false,
    for_people: &[
        "deal",
        "date",
        "customer_name",
        "returned_deal",
        "credited",
        "net",
        "part",
        "net_currency",
        "confirmed",
    ],
};

/// The file of the lines. It replaces the one line that a deal has by itself.
pub const LINES: Format = Format {
    file: "deal_lines.csv",
    about: "The lines of deals that have more than one.",
    columns: &[
        required("deal", "D1"),
        optional("product", "Coffee beans"),
        optional("quantity", "10"),
        required("amount", "1250"),
        optional("cost", "800"),
    ],
    more_columns: false,
    for_people: &[],
};

/// From so many deals on, an import into empty tables puts their indexes aside.
pub const MANY: u64 = 50_000;

/// Stages `deals.csv`. How many rows it has; none: it is not there.
pub async fn read(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &DEALS, &mut import.problems)? else { return Ok(None) };
    let mut copy = Copy::start(
        import.tx,
        "copy import_deals (import_id, line, external_id, customer, owner_id, stage, opened_on, closed_on, source_stage,
             returns, amount, product, quantity, cost, credit_reps, credit_parts, credit_amounts, currency, rate)
         from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        let stage = row.word("stage", &["won", "lost", "open", "cancelled"]);
        let closed_on = match stage {
            Some("won") => row.past_date("closed_on", import.today),
            _ => row.date("closed_on"),
        };
        if stage == Some("won") && row.is_empty("closed_on") {
            row.refuse("closed_on", "", "A won deal has the day on which it was won. Write it.");
        }
        let external_id = row.text("external_id", 200);
        let returns = row.text("returns", 200);
        let said = Said { deal: external_id, stage, closed_on, is_return: returns.is_some() };
        let abroad = import.rates.of_deal(&mut row, &said, import.currency, import.today);
        let currency = abroad.map_or(import.currency, |abroad| abroad.currency);
        let amount = row.money("amount", currency);
        abroad::check_size(&mut row, amount, abroad, import.currency);
        if let (Some(amount), Some(_)) = (amount, returns)
            && amount > 0
        {
            let shown = currency.major(Money(amount)).to_string();
            row.refuse("amount", &shown, "What is returned is negative. Write a minus before the amount.");
        }
        let rep = row.rep("rep", &import.reps);
        let credits = credits(&mut row, &import.reps);
        let parts: Vec<u32> = credits.iter().flatten().map(|(_, parts)| *parts).collect();
        let amounts = credits.as_ref().and(amount).map(|amount| Money(amount).split(&parts));
        copy.row(row.line)
            .text(external_id)
            .text(row.text("customer", 200))
            .value(rep.or_else(|| largest(credits.as_deref()?)))
            .text(stage)
            .value(row.date("opened_on"))
            .value(closed_on)
            .text(row.text("source_stage", 200))
            .text(returns)
            // Where an amount is wrong, none is missing.
            .value(amount.or_else(|| (!row.is_empty("amount")).then_some(0)))
            .text(row.text("product", 200))
            .value(row.decimal("quantity"))
            .value(row.money("cost", import.currency))
            .array(credits.as_ref().map(|credits| credits.iter().map(|(rep, _)| rep)))
            .array(credits.as_ref().map(|credits| credits.iter().map(|(_, parts)| parts)))
            .array(amounts.map(|amounts| amounts.into_iter().map(|amount| amount.0)))
            .text(abroad.as_ref().map(|abroad| abroad.currency.code()))
            .value(abroad.and_then(|abroad| abroad.rate));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(DEALS.file);
    Ok(Some(copy.finish().await?))
}

/// The largest credit; of equals the first.
fn largest(credits: &[(UserId, u32)]) -> Option<UserId> {
    let most = credits.iter().map(|(_, parts)| parts).max()?;
    credits.iter().find(|(_, parts)| parts == most).map(|(rep, _)| *rep)
}

fn credits(row: &mut Row<'_>, reps: &HashMap<String, UserId>) -> Option<Vec<(UserId, u32)>> {
    let text = row.text("credits", 4000)?;
    let credits = match cell::credits(text) {
        Ok(credits) => credits,
        Err(why) => {
            let remedy = match why {
                BadCredits::Form(part) => {
                    format!("“{part}” is no credit. Write rep:parts, with semicolons between, like 5:50;3:50.")
                }
                BadCredits::Parts(parts) => format!("“{parts}” are no parts. Write a whole number from 1 to 1000000."),
                BadCredits::Twice(rep) => format!("{rep} is credited twice. Add the parts up."),
            };
            row.refuse("credits", text, remedy);
            return None;
        }
    };
    let mut known = vec![];
    for (rep, parts) in credits {
        if let Some(rep) = reps.get(rep) {
            known.push((*rep, parts));
        } else {
            let remedy = format!("Nobody has the external_id {rep}. Correct it, or add the person to reps.csv.");
            row.refuse("credits", text, remedy);
        }
    }
    Some(known)
}

/// Stages `deal_lines.csv`. How many rows it has; none: it is not there.
pub async fn read_lines(import: &mut Import<'_>) -> Result<Option<u64>, Failure> {
    let Some(mut table) = Table::open(import.source, &LINES, &mut import.problems)? else { return Ok(None) };
    let mut copy = Copy::start(
        import.tx,
        "copy import_lines (import_id, line, deal, product, quantity, amount, cost) from stdin",
        import.id,
    )
    .await?;
    while let Some(mut row) = table.next(&mut import.problems)? {
        let deal = row.text("deal", 200);
        let abroad = import.rates.of_line(deal);
        let amount = row.money("amount", abroad.map_or(import.currency, |abroad| abroad.currency));
        abroad::check_size(&mut row, amount, abroad, import.currency);
        copy.row(row.line)
            .text(deal)
            .text(row.text("product", 200))
            .value(row.decimal("quantity"))
            .value(amount)
            .value(row.money("cost", import.currency));
        copy.end().await?;
        import.progress.row(table.position());
    }
    import.progress.file_done(LINES.file);
    Ok(Some(copy.finish().await?))
}

/// Refuses what only the whole files, or what is there already, show.
pub async fn check(import: &mut Import<'_>) -> Result<(), Failure> {
    let (tx, id, problems) = (&mut import.tx, import.id, &mut import.problems);
    for again in checks::repeated(tx, id).await? {
        let remedy = format!("Line {} has the same one. Give each deal its own.", again.first);
        problems.add(DEALS.file, again.line, "external_id", again.value, remedy);
    }
    for unknown in checks::unknown_customers(tx, id).await? {
        problems.add(DEALS.file, unknown.line, "customer", unknown.value, UNKNOWN_CUSTOMER);
    }
    for missing in checks::won_without_amount(tx, id).await? {
        let remedy = "A won deal has an amount. Write it, or give the deal lines in deal_lines.csv.";
        problems.add(DEALS.file, missing, "amount", "", remedy);
    }
    for unknown in checks::lines_of_unknown_deals(tx, id).await? {
        let remedy = "No deal has this external_id. Correct it, or add the deal to deals.csv.";
        problems.add(LINES.file, unknown.line, "deal", unknown.value, remedy);
    }
    for unsigned in checks::returns_above_zero(tx, id).await? {
        let shown = import.currency.major(Money(unsigned.amount)).to_string();
        let remedy = format!("Deal {} is a return: together its lines are negative. Write minus signs.", unsigned.deal);
        problems.add(unsigned.file, unsigned.line, "amount", shown, remedy);
    }
    if import.rates.have_deals() {
        let own = import.currency;
        for moved in deals_abroad_db::moved(tx, id).await? {
            let remedy = format!("This deal is in {own} already. Write {own}; its currency stays.");
            problems.add(DEALS.file, moved.line, "currency", moved.value, remedy);
        }
        for apart in deals_abroad_db::apart(tx, id).await? {
            let of_deal = apart.of_deal.unwrap_or_else(|| own.to_string());
            let remedy = format!("The deal that it returns is in {of_deal}. Write the return in {of_deal} too.");
            problems.add(DEALS.file, apart.line, "currency", apart.currency.unwrap_or_default(), remedy);
        }
    }
    for link in checks::returns(tx, id).await? {
        if let Some(remedy) = wrong_with(&link) {
            problems.add(DEALS.file, link.line, "returns", link.returns, remedy);
        }
    }
    for apart in checks::apart(tx, id).await? {
        let line = apart.line;
        let (column, value, remedy) = wrong_apart(apart);
        problems.add(DEALS.file, line, column, value, remedy);
    }
    Ok(())
}

/// What is wrong with a return and the deal that it returns.
fn wrong_with(link: &checks::Link) -> Option<String> {
    let text = if link.returns == link.external_id {
        "A deal cannot return itself. Write the external_id of the deal that is returned.".to_owned()
    } else if !link.found {
        "No deal has this external_id. Correct it, or add the deal to deals.csv.".to_owned()
    } else if link.is_return {
        "This deal is a return itself. Write the external_id of the deal that was sold.".to_owned()
    } else if link.customer != link.returned_customer {
        let customer = link.returned_customer.as_deref().unwrap_or("one without external_id");
        format!("This deal belongs to another customer ({customer}). Correct the one or the other.")
    } else if link.stage.as_deref() != Some("won") {
        return None;
    } else if link.returned_stage.as_deref() != Some("won") {
        "This deal is not won, so nothing can come back from it. Correct its stage, or this one's.".to_owned()
    } else if link.closed_on < link.returned_closed_on {
        "This deal was won later than its return. Correct one of the dates.".to_owned()
    } else {
        return None;
    };
    Some(text)
}

/// Which column keeps a deal and its stored return apart, what it says, and what to do.
fn wrong_apart(apart: checks::Apart) -> (&'static str, String, String) {
    let checks::Apart { other, wrong, value, .. } = apart;
    let link = if apart.has_deal { format!("Deal {other} returns it") } else { format!("It returns deal {other}") };
    let (column, rule) = match wrong {
        checks::Wrong::Customer => {
            ("customer", "both belong to one customer. Write the same one, or import both together.")
        }
        checks::Wrong::Stage => ("stage", "only what is won comes back. Write won, or cancel the return first."),
        checks::Wrong::Day => ("closed_on", "a return comes after its deal. Correct the day of the one or the other."),
    };
    (column, value, format!("{link}, and {rule}"))
}

/// Makes and changes deals with their lines and credits: the counts of `deals.csv` and of `deal_lines.csv`.
pub async fn write(
    import: &mut Import<'_>,
    deals: Option<u64>,
    lines: Option<u64>,
) -> Result<(Option<Counts>, Option<Counts>), Failure> {
    let mut counts = (None, None);
    if deals.is_none() && lines.is_none() {
        return Ok(counts);
    }
    let (tx, id) = (&mut import.tx, import.id);
    deals_db::add_products(tx, id).await?;
    let known = deals_db::find_known(tx, id).await?;
    let lines_made = deals_known_db::count_lines(tx, id).await?;
    let new = deals.unwrap_or(0).saturating_sub(known);
    deals_db::insert_deals(tx, id, new).await?;
    import.progress.step("Writing lines");
    deals_db::insert_lines(tx, id).await?;
    import.progress.step("Writing credits");
    deals_db::insert_credits(tx, id).await?;
    if new > 0 {
        deals_db::analyze_parts(tx).await?;
    }
    deals_db::split_lines(tx, id).await?;
    if known > 0 || lines.is_some() {
        import.progress.step("Changing deals");
        deals_known_db::change(tx, id).await?;
    }
    if import.rates.are_asked()
        && let Err(number) = deals_abroad_db::price(tx, id, import.currency).await?
    {
        let words = format!("Deal {number} would be larger in {} than an amount can be.", import.currency);
        return Err(Failure::Asked(words));
    }
    deals_db::touch_customers(tx, id).await?;
    if let Some(rows) = deals {
        let updated = super::db::updated_rows(tx, id, DEALS.file).await?;
        counts.0 = Some(Counts::of(rows, new, updated));
    }
    counts.1 = lines.map(|rows| Counts::of(rows, lines_made.0, lines_made.1));
    Ok(counts)
}
