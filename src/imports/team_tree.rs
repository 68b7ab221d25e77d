//! Who manages which team, and which team stands below which, as the managers named in reps.csv say. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A row of reps.csv, as far as the tree needs it.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// The row's line.
    pub line: u64,
    /// The name of the person in imported files.
    pub external_id: String,
    /// The person's name.
    pub name: String,
    /// The team of the row, else the team that the person belongs to today.
    pub team: Option<String>,
    /// The manager as named: an external id, else a name.
    pub manager: Option<String>,
}

/// Somebody who is there already and has no row in the file.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The name of the person in imported files.
    pub external_id: Option<String>,
    /// The person's name.
    pub name: String,
    /// Today's team.
    pub team: Option<String>,
}

/// Somebody who is named as a manager: where to find the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Person {
    /// In the rows of the file.
    Member(usize),
    /// Among those who are there already.
    Known(usize),
    /// Among the names that nobody bears.
    New(usize),
}

/// What is to be with a team.
#[derive(Debug, PartialEq, Eq)]
pub struct Team {
    /// Its name.
    pub name: String,
    /// Who manages it, if anybody is named.
    pub manager: Option<Person>,
    /// The team above it, if one follows.
    pub parent: Option<String>,
    /// The line that first names the manager.
    line: u64,
}

/// What follows from the file.
#[derive(Debug, Default)]
pub struct Tree {
    /// Names that nobody bears: people with the role manager only.
    pub new_people: Vec<String>,
    /// Everybody who is named as a manager.
    pub managers: BTreeSet<Person>,
    /// The teams of the file's rows, in the order of the file.
    pub teams: Vec<Team>,
}

/// Something wrong with the manager of a line: line, value, remedy.
pub type Wrong = (u64, String, String);

/// Works the tree out. `parents` holds the teams that are there already, each with the team above it.
pub fn plan(
    members: &[Member],
    known: &[Known],
    parents: &HashMap<String, Option<String>>,
) -> Result<Tree, Vec<Wrong>> {
    let mut tree = Tree::default();
    let mut wrong = vec![];
    let names = Names::of(members, known);
    let managers: Vec<Option<Person>> = members
        .iter()
        .map(|member| {
            let found = names.find(member.manager.as_deref()?, &mut tree.new_people);
            found.map_err(|remedy| wrong.push((member.line, member.manager.clone().unwrap_or_default(), remedy))).ok()
        })
        .collect();
    tree.managers = managers.iter().flatten().copied().collect();
    wrong.extend(loops_of_people(members, &managers));
    if !wrong.is_empty() {
        return Err(wrong);
    }
    tree.teams = teams(members, known, &managers);
    let wrong = loops_of_teams(members, &tree.teams, parents);
    if wrong.is_empty() { Ok(tree) } else { Err(wrong) }
}

struct Names<'a> {
    by_id: HashMap<&'a str, Person>,
    by_name: HashMap<&'a str, Vec<Person>>,
}

impl<'a> Names<'a> {
    fn of(members: &'a [Member], known: &'a [Known]) -> Self {
        let mut names = Self { by_id: HashMap::new(), by_name: HashMap::new() };
        for (at, person) in known.iter().enumerate() {
            if let Some(id) = &person.external_id {
                names.by_id.insert(id, Person::Known(at));
            }
            names.by_name.entry(&person.name).or_default().push(Person::Known(at));
        }
        for (at, member) in members.iter().enumerate() {
            names.by_id.insert(&member.external_id, Person::Member(at));
            names.by_name.entry(&member.name).or_default().push(Person::Member(at));
        }
        names
    }

    fn find(&self, text: &str, new_people: &mut Vec<String>) -> Result<Person, String> {
        if let Some(person) = self.by_id.get(text) {
            return Ok(*person);
        }
        match self.by_name.get(text).map(Vec::as_slice) {
            Some([person]) => Ok(*person),
            Some(several) => Err(format!("{} people bear this name. Write the external_id.", several.len())),
            None => {
                let at = new_people.iter().position(|name| name == text).unwrap_or_else(|| {
                    new_people.push(text.to_owned());
                    new_people.len() - 1
                });
                Ok(Person::New(at))
            }
        }
    }
}

/// A loop is told once, at its first line.
fn loops_of_people(members: &[Member], managers: &[Option<Person>]) -> Vec<Wrong> {
    let above = |at: usize| match managers.get(at) {
        Some(Some(Person::Member(above))) => Some(*above),
        _ => None,
    };
    let mut told = BTreeSet::new();
    let mut wrong = vec![];
    for (at, member) in members.iter().enumerate() {
        let mut path = vec![at];
        while let Some(next) = path.last().and_then(|&last| above(last)).filter(|next| !path.contains(next)) {
            path.push(next);
        }
        let closes = path.last().and_then(|&last| above(last)) == Some(at);
        if closes && told.is_disjoint(&path.iter().copied().collect()) {
            let names: Vec<&str> = path.iter().filter_map(|&at| Some(members.get(at)?.name.as_str())).collect();
            let remedy = match names.as_slice() {
                [name] => {
                    format!("{name} would manage {name}: a loop. Name the manager above, or leave the cell empty.")
                }
                _ => {
                    format!("The managers form a loop: {}. Leave the cell of the topmost one empty.", names.join(" ← "))
                }
            };
            wrong.push((member.line, member.manager.clone().unwrap_or_default(), remedy));
            told.extend(path);
        }
    }
    wrong
}

/// The manager named most often among a team's members manages it; of equals the first in the file.
fn teams(members: &[Member], known: &[Known], managers: &[Option<Person>]) -> Vec<Team> {
    let team_of = |person: Person| match person {
        Person::Member(at) => members.get(at)?.team.as_deref(),
        Person::Known(at) => known.get(at)?.team.as_deref(),
        Person::New(_) => None,
    };
    let manager_of = |person: Person| match person {
        Person::Member(at) => managers.get(at).copied().flatten(),
        _ => None,
    };
    let mut named: BTreeMap<usize, Vec<(Person, usize, u64)>> = BTreeMap::new();
    let mut first_seen: HashMap<&str, usize> = HashMap::new();
    for (at, (member, manager)) in members.iter().zip(managers).enumerate() {
        let Some(team) = member.team.as_deref() else { continue };
        let counts = named.entry(*first_seen.entry(team).or_insert(at)).or_default();
        let Some(manager) = *manager else { continue };
        match counts.iter_mut().find(|(person, ..)| *person == manager) {
            Some((_, count, _)) => *count += 1,
            None => counts.push((manager, 1, member.line)),
        }
    }
    named
        .into_iter()
        .filter_map(|(first, counts)| {
            let name = members.get(first)?.team.clone()?;
            let most = counts.iter().map(|(_, count, _)| *count).max();
            let manager = counts.iter().find(|(_, count, _)| Some(*count) == most);
            let person = manager.map(|(person, ..)| *person);
            let another = |person: Person| team_of(person).filter(|team| *team != name);
            let parent = person.and_then(|person| match team_of(person) {
                Some(own) if own == name => manager_of(person).and_then(another),
                _ => another(person),
            });
            Some(Team { parent: parent.map(str::to_owned), manager: person, line: manager.map_or(0, |m| m.2), name })
        })
        .collect()
}

fn loops_of_teams(members: &[Member], teams: &[Team], parents: &HashMap<String, Option<String>>) -> Vec<Wrong> {
    let mut above: HashMap<&str, &str> =
        parents.iter().filter_map(|(team, parent)| Some((team.as_str(), parent.as_deref()?))).collect();
    above.extend(teams.iter().filter_map(|team| Some((team.name.as_str(), team.parent.as_deref()?))));
    let mut told: BTreeSet<&str> = BTreeSet::new();
    let mut wrong = vec![];
    for team in teams {
        let mut path = vec![team.name.as_str()];
        while let Some(next) = path.last().and_then(|last| above.get(last)).filter(|next| !path.contains(next)) {
            path.push(next);
        }
        let closes = path.last().and_then(|last| above.get(last)) == Some(&team.name.as_str());
        if closes && !path.iter().any(|team| told.contains(team)) {
            let manager = members.iter().find(|member| member.line == team.line).and_then(|m| m.manager.clone());
            let remedy = format!(
                "The teams form a loop: {} below {}. Change the manager of one of them, or the manager's team.",
                path.join(" below "),
                team.name,
            );
            wrong.push((team.line, manager.unwrap_or_default(), remedy));
            told.extend(path);
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `id name team manager`, a dash is none.
    fn members(rows: &[&str]) -> Vec<Member> {
        let cell = |text: &str| (text != "-").then(|| text.to_owned());
        let read = |(at, row): (usize, &&str)| {
            let cells: Vec<&str> = row.split(' ').collect();
            Member {
                line: u64::try_from(at).unwrap() + 2,
                external_id: cells[0].to_owned(),
                name: cells[1].to_owned(),
                team: cell(cells[2]),
                manager: cell(cells[3]),
            }
        };
        rows.iter().enumerate().map(read).collect()
    }

    fn tree(rows: &[&str]) -> Tree {
        plan(&members(rows), &[], &HashMap::new()).unwrap()
    }

    fn wrong(rows: &[&str]) -> Vec<u64> {
        plan(&members(rows), &[], &HashMap::new()).unwrap_err().into_iter().map(|(line, ..)| line).collect()
    }

    fn team<'a>(tree: &'a Tree, name: &str) -> (Option<Person>, Option<&'a str>) {
        let team = tree.teams.iter().find(|team| team.name == name).unwrap();
        (team.manager, team.parent.as_deref())
    }

    #[test]
    fn the_one_named_most_often_manages_and_of_equals_the_first() {
        let tree = tree(&["1 Ann A 9", "2 Ben A 8", "3 Cyd A 8", "4 Dan B 9", "5 Eve B 8", "8 Hal - -", "9 Ida - -"]);
        assert_eq!(team(&tree, "A"), (Some(Person::Member(5)), None));
        assert_eq!(team(&tree, "B"), (Some(Person::Member(6)), None));
        assert_eq!(tree.managers, [Person::Member(5), Person::Member(6)].into());
    }

    #[test]
    fn the_managers_own_team_is_the_parent() {
        let tree = tree(&["1 Ann North 5", "5 Eve Sales 6", "6 Fay Board -", "7 Guy Sales Eve"]);
        assert_eq!(team(&tree, "North"), (Some(Person::Member(1)), Some("Sales")));
        // Of Sales, Fay and Eve are named once each: Fay stands first, and her own team is another.
        assert_eq!(team(&tree, "Sales"), (Some(Person::Member(2)), Some("Board")));
        assert_eq!(team(&tree, "Board"), (None, None));
    }

    #[test]
    fn if_it_is_the_same_the_team_of_the_managers_manager_is() {
        let tree = tree(&["1 Ann North 3", "2 Ben North 3", "3 Cyd North 4", "4 Dan Sales -"]);
        assert_eq!(team(&tree, "North"), (Some(Person::Member(2)), Some("Sales")));
        let alone = self::tree(&["1 Ann North 3", "3 Cyd North -"]);
        assert_eq!(team(&alone, "North"), (Some(Person::Member(1)), None));
    }

    #[test]
    fn a_name_that_nobody_bears_is_one_new_person() {
        let tree = tree(&["1 Ann A Zoe", "2 Ben B Zoe", "3 Cyd B Yan"]);
        assert_eq!(tree.new_people, ["Zoe", "Yan"]);
        assert_eq!(team(&tree, "B"), (Some(Person::New(0)), None));
    }

    #[test]
    fn an_id_comes_before_a_name_and_a_name_must_be_unique() {
        let tree = tree(&["Ben Ann A -", "2 Ben A -", "3 Cyd A Ben"]);
        assert_eq!(team(&tree, "A").0, Some(Person::Member(0)));
        assert_eq!(wrong(&["1 Ann A -", "2 Ann A -", "3 Cyd A Ann"]), [4]);
    }

    #[test]
    fn loops_are_told_once() {
        assert_eq!(wrong(&["1 Ann A 1"]), [2]);
        assert_eq!(wrong(&["1 Ann A 2", "2 Ben A 3", "3 Cyd A 1", "4 Dan A 3"]), [2]);
        assert_eq!(wrong(&["1 Ann A 2", "2 Ben B 1"]), [2]);
        // No loop of people, but of teams: A is managed from B, and B from A.
        assert_eq!(wrong(&["1 Ann A 3", "2 Ben B 4", "3 Cyd B -", "4 Dan A -"]), [2]);
    }

    #[test]
    fn those_who_are_there_already_are_found_and_their_teams_count() {
        let known = [Known { external_id: Some("9".to_owned()), name: "Ida".to_owned(), team: Some("Top".to_owned()) }];
        let parents = HashMap::from([("Top".to_owned(), None), ("A".to_owned(), None)]);
        let found = plan(&members(&["1 Ann A Ida"]), &known, &parents).unwrap();
        assert_eq!(team(&found, "A"), (Some(Person::Known(0)), Some("Top")));
        let parents = HashMap::from([("Top".to_owned(), Some("A".to_owned())), ("A".to_owned(), None)]);
        assert_eq!(plan(&members(&["1 Ann A Ida"]), &known, &parents).unwrap_err().len(), 1);
    }

    #[test]
    fn northwind() {
        let tree = tree(&[
            "1 Davolio USA Fuller",
            "2 Fuller USA -",
            "3 Leverling USA Fuller",
            "4 Peacock USA Fuller",
            "5 Buchanan UK Fuller",
            "6 Suyama USA -",
            "7 King USA -",
            "8 Callahan USA Fuller",
            "9 Dodsworth UK Buchanan",
        ]);
        assert_eq!(team(&tree, "USA"), (Some(Person::Member(1)), None));
        assert_eq!(team(&tree, "UK"), (Some(Person::Member(1)), Some("USA")));
    }
}
