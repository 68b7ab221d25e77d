//! `reps.csv`: people, their teams, and who manages them. A sales team fits into memory; the records do not.

use std::collections::{HashMap, HashSet};

use super::{
    import::{Counts, Failure, Import},
    reps_db::{self, Existing},
    table::{Format, Table, optional, required},
    team_tree::{self, Known, Member, Person, Tree},
};
use crate::{
    domain::{access::Role, id::UserId},
    teams, users,
    users::db::{Details, LAST_ADMIN},
};

/// The file.
pub const REPS: Format = Format {
    file: "reps.csv",
    about: "Who sells, who leads them, and in which team.",
    columns: &[
        required("external_id", "R1"),
        required("name", "Ingrid Aas"),
        optional("email", "ingrid.aas@example.com"),
        optional("team", "North"),
        optional("manager", "Berit Lund"),
        optional("hired_on", "2024-03-01"),
        optional("left_on", ""),
        optional("title", "Account manager"),
        optional("level", "senior"),
    ],
    more_columns: false,
    for_people: &[],
};

/// A row of the file.
struct Rep {
    line: u64,
    external_id: String,
    details: Details,
    team: Option<String>,
    manager: Option<String>,
}

/// Reads the file and, if nothing is wrong with it, writes it. Afterwards the import knows everybody by external id.
pub async fn import(import: &mut Import<'_>) -> Result<Option<Counts>, Failure> {
    let existing = reps_db::existing(import.tx, import.today).await?;
    let known_ids = existing.iter().filter_map(|person| Some((person.external_id.clone()?, person.id)));
    import.reps = known_ids.collect();
    let Some(rows) = read(import)? else { return Ok(None) };
    let matches = match_existing(&rows, &existing);
    check(import, &rows, &existing, &matches);
    check_admins(import, &rows, &existing, &matches).await?;
    let tree = tree(import, &rows, &existing, &matches).await?;
    // What other files say of these people can be checked although nothing will be written.
    import.reps.extend(rows.iter().map(|row| (row.external_id.clone(), UserId(0))));
    match tree {
        Some(tree) if import.problems.is_empty() => Ok(Some(write(import, &rows, &existing, &matches, &tree).await?)),
        _ => Ok(None),
    }
}

fn read(import: &mut Import<'_>) -> Result<Option<Vec<Rep>>, Failure> {
    let Some(mut table) = Table::open(import.source, &REPS, &mut import.problems)? else { return Ok(None) };
    let mut rows = vec![];
    while let Some(mut row) = table.next(&mut import.problems)? {
        let email = row.text("email", 254).map(str::to_lowercase);
        if let Some(email) = email.as_deref().filter(|email| !looks_like_an_address(email)) {
            row.refuse("email", email, "This is no e-mail address. Write it like ann@example.com.");
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        rows.push(Rep {
            line: row.line,
            external_id: row.text("external_id", 200).unwrap_or_default().to_owned(),
            details: Details {
                name: row.text("name", 200).unwrap_or_default().to_owned(),
                email,
                title: owned(row.text("title", 200)),
                level: owned(row.text("level", 200)),
                hired_on: row.date("hired_on"),
                left_on: row.date("left_on"),
            },
            team: owned(row.text("team", 120)),
            manager: owned(row.text("manager", 200)),
        });
    }
    import.progress.file_done(REPS.file);
    Ok(Some(rows))
}

fn looks_like_an_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(char::is_whitespace)
}

/// For each row the person who is there already: by external id; else somebody without one by e-mail address; else by
/// name somebody whom an earlier import named as a manager only.
fn match_existing(rows: &[Rep], existing: &[Existing]) -> Vec<Option<usize>> {
    let position = |test: &dyn Fn(&Existing) -> bool| existing.iter().position(test);
    rows.iter()
        .map(|row| {
            let by_id = position(&|person| person.external_id.as_deref() == Some(row.external_id.as_str()));
            let email = row.details.email.as_deref();
            let by_email =
                || email.and_then(|_| position(&|p| p.external_id.is_none() && p.details.email.as_deref() == email));
            let unique = |same: &dyn Fn(&str) -> bool| {
                rows.iter().filter(|other| same(&other.details.name)).count() == 1
                    && existing.iter().filter(|other| same(&other.details.name)).count() == 1
            };
            let same = |name: &str| name == row.details.name;
            let by_name = || {
                let named_only =
                    |p: &Existing| p.external_id.is_none() && p.details.email.is_none() && same(&p.details.name);
                position(&named_only).filter(|_| unique(&same))
            };
            by_id.or_else(by_email).or_else(by_name)
        })
        .collect()
}

fn check(import: &mut Import<'_>, rows: &[Rep], existing: &[Existing], matches: &[Option<usize>]) {
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut emails: HashMap<&str, u64> = HashMap::new();
    for (row, matched) in rows.iter().zip(matches) {
        let mut refuse = |column: &str, value: &str, remedy: String| {
            import.problems.add(REPS.file, row.line, column, value, remedy);
        };
        if let Some(first) = ids.insert(&row.external_id, row.line).filter(|_| !row.external_id.is_empty()) {
            refuse(
                "external_id",
                &row.external_id,
                format!("Line {first} has the same one. Give each person its own."),
            );
        }
        let old = matched.and_then(|at| existing.get(at));
        if let Some(email) = row.details.email.as_deref() {
            let owner = existing.iter().find(|person| person.details.email.as_deref() == Some(email));
            if let Some(first) = emails.insert(email, row.line) {
                refuse("email", email, format!("Line {first} has the same address. Give each person their own."));
            } else if let Some(owner) = owner.filter(|owner| old.is_none_or(|old| old.id != owner.id)) {
                refuse(
                    "email",
                    email,
                    format!("This is the address of {}. Correct it, or leave it empty.", owner.details.name),
                );
            }
        }
        let hired_on = row.details.hired_on.or_else(|| old?.details.hired_on);
        let left_on = row.details.left_on.or_else(|| old?.details.left_on);
        if let (Some(hired_on), Some(left_on)) = (hired_on, left_on)
            && left_on < hired_on
        {
            refuse(
                "left_on",
                &left_on.to_string(),
                format!("The person was hired on {hired_on}. Correct one of the dates."),
            );
        }
    }
}

/// Somebody who can sign in stays administrator.
async fn check_admins(
    import: &mut Import<'_>,
    rows: &[Rep],
    existing: &[Existing],
    matches: &[Option<usize>],
) -> Result<(), Failure> {
    let mut stay = users::db::admins(import.tx).await?;
    for (row, matched) in rows.iter().zip(matches) {
        let Some(left_on) = row.details.left_on else { continue };
        let is_admin = |admin: &UserId| matched.and_then(|at| existing.get(at)).is_some_and(|old| old.id == *admin);
        let Some(at) = stay.iter().position(is_admin) else { continue };
        stay.remove(at);
        if stay.is_empty() {
            import.problems.add(REPS.file, row.line, "left_on", left_on.to_string(), LAST_ADMIN);
        }
    }
    Ok(())
}

async fn tree(
    import: &mut Import<'_>,
    rows: &[Rep],
    existing: &[Existing],
    matches: &[Option<usize>],
) -> Result<Option<Tree>, Failure> {
    let members: Vec<Member> = rows
        .iter()
        .zip(matches)
        .map(|(row, matched)| Member {
            line: row.line,
            external_id: row.external_id.clone(),
            name: row.details.name.clone(),
            team: row.team.clone().or_else(|| existing.get((*matched)?)?.team.clone()),
            manager: row.manager.clone(),
        })
        .collect();
    let known: Vec<Known> = others(existing, matches)
        .map(|person| Known {
            external_id: person.external_id.clone(),
            name: person.details.name.clone(),
            team: person.team.clone(),
        })
        .collect();
    let parents = reps_db::team_parents(import.tx).await?;
    match team_tree::plan(&members, &known, &parents) {
        Ok(tree) => Ok(Some(tree)),
        Err(wrong) => {
            for (line, value, remedy) in wrong {
                import.problems.add(REPS.file, line, "manager", value, remedy);
            }
            Ok(None)
        }
    }
}

/// Those who are there already and have no row in the file.
fn others<'a>(existing: &'a [Existing], matches: &[Option<usize>]) -> impl Iterator<Item = &'a Existing> {
    let taken: HashSet<usize> = matches.iter().flatten().copied().collect();
    existing.iter().enumerate().filter(move |(at, _)| !taken.contains(at)).map(|(_, person)| person)
}

async fn write(
    import: &mut Import<'_>,
    rows: &[Rep],
    existing: &[Existing],
    matches: &[Option<usize>],
    tree: &Tree,
) -> Result<Counts, Failure> {
    let today = import.today;
    let mut counts = Counts::default();
    let mut ids = vec![];
    for (row, matched) in rows.iter().zip(matches) {
        let old = matched.and_then(|at| existing.get(at));
        let id = write_person(import, row, old, &mut counts).await?;
        import.reps.insert(row.external_id.clone(), id);
        ids.push(id);
    }
    let mut new_people = vec![];
    for name in &tree.new_people {
        let details = Details { name: name.clone(), ..Details::default() };
        new_people.push(users::db::insert(import.tx, &details).await?);
        import.notes.push(format!("{name} is named as a manager and has no row: created with the role manager only."));
    }
    let others: Vec<UserId> = others(existing, matches).map(|person| person.id).collect();
    let id_of = |person: Person| match person {
        Person::Member(at) => ids.get(at).copied(),
        Person::Known(at) => others.get(at).copied(),
        Person::New(at) => new_people.get(at).copied(),
    };
    for person in tree.managers.iter().filter_map(|person| id_of(*person)) {
        reps_db::give_role(import.tx, person, Role::Manager).await?;
    }
    for team in &tree.teams {
        let parent = match &team.parent {
            Some(parent) => Some(reps_db::ensure_team(import.tx, parent).await?),
            None => None,
        };
        let id = reps_db::ensure_team(import.tx, &team.name).await?;
        if let Some(parent) = parent {
            reps_db::set_parent(import.tx, id, parent).await?;
        }
        let Some(manager) = team.manager.and_then(id_of) else { continue };
        let managers = reps_db::managers(import.tx, id, today).await?;
        if managers.today.contains(&manager) {
            continue;
        }
        for other in managers.today {
            teams::db::remove_manager(import.tx, id, other, Some(today)).await?;
        }
        teams::db::add_manager(import.tx, id, manager, managers.ever.then_some(today)).await?;
    }
    Ok(counts)
}

async fn write_person(
    import: &mut Import<'_>,
    row: &Rep,
    old: Option<&Existing>,
    counts: &mut Counts,
) -> Result<UserId, Failure> {
    let new = &row.details;
    let details = old.map_or_else(
        || new.clone(),
        |old| Details {
            name: new.name.clone(),
            email: new.email.clone().or_else(|| old.details.email.clone()),
            title: new.title.clone().or_else(|| old.details.title.clone()),
            level: new.level.clone().or_else(|| old.details.level.clone()),
            hired_on: new.hired_on.or(old.details.hired_on),
            left_on: new.left_on.or(old.details.left_on),
        },
    );
    let id = match old {
        None => users::db::insert(import.tx, &details).await?,
        Some(old) => old.id,
    };
    let is_rep = old.is_some_and(|old| old.is_rep);
    let same_person =
        old.is_some_and(|old| old.details == details && old.external_id.as_ref() == Some(&row.external_id) && is_rep);
    if !same_person {
        reps_db::update(import.tx, id, &row.external_id, &details).await?;
        reps_db::give_role(import.tx, id, Role::Rep).await?;
    }
    let moves = row.team.as_ref().filter(|team| old.and_then(|old| old.team.as_ref()) != Some(*team));
    if let Some(team) = moves {
        let team = reps_db::ensure_team(import.tx, team).await?;
        // The first team holds from the beginning, another one as of today.
        let from = old.is_some_and(|old| old.ever_in_a_team).then_some(import.today);
        users::db::set_team(import.tx, id, Some(team), from).await?;
    }
    match old {
        None => counts.created += 1,
        Some(_) if same_person && moves.is_none() => counts.unchanged += 1,
        Some(_) => counts.updated += 1,
    }
    Ok(id)
}
