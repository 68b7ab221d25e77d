//! What an import would do, or what is wrong with its files, in the size of a page. Pure.

use serde::{Deserialize, Serialize};

use super::{
    import::{Counts, FILES, Failure, Summary},
    problem::Problems,
};

/// How many kinds of problem are listed.
const MOST_GROUPS: usize = 50;
/// How many places of a kind are listed.
const MOST_PLACES: usize = 8;
/// How many characters of a value are shown.
const MOST_SHOWN: usize = 100;

/// What an import would do, or every kind of problem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The files with their counts; without any when something is wrong.
    pub files: Vec<(String, Counts)>,
    /// What the person who imports should know.
    pub notes: Vec<String>,
    /// What is wrong, the same in the same column together.
    pub groups: Vec<Group>,
    /// How many problems there are.
    pub total: u64,
    /// The columns that no format knows, and as what each is read.
    pub columns: Vec<Stranger>,
}

/// A column that its file's format does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    /// The file.
    pub file: String,
    /// Its header.
    pub header: String,
    /// The column as which it is read; empty: it is left out; none: nobody has said.
    pub column: Option<String>,
}

/// The same problem in the same column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The file.
    pub file: String,
    /// Its column; of plans.json the place.
    pub column: String,
    /// What is wrong and what to do.
    pub remedy: String,
    /// How often.
    pub count: u64,
    /// The first ones: line and value.
    pub places: Vec<(u64, String)>,
}

impl Group {
    /// How many places are not listed.
    pub fn more(&self) -> u64 {
        self.count.saturating_sub(u64::try_from(self.places.len()).unwrap_or(0))
    }
}

impl Preview {
    /// What an import did, or why it did nothing.
    ///
    /// # Errors
    /// What has nothing to do with the files.
    pub fn of(outcome: Result<Summary, Failure>) -> Result<Self, Failure> {
        match outcome {
            Ok(Summary { files, notes, .. }) => {
                let files = files.into_iter().map(|(file, counts)| (file.to_owned(), counts)).collect();
                Ok(Self { files, notes, ..Self::default() })
            }
            Err(Failure::Refused(problems)) => Ok(Self::refused(&problems)),
            Err(other) => Err(other),
        }
    }

    fn refused(problems: &Problems) -> Self {
        let mut groups: Vec<Group> = vec![];
        for problem in problems.listed() {
            let (column, remedy) = (shown(&problem.column), shown_whole(&problem.remedy));
            let same = |group: &Group| group.file == problem.file && group.column == column && group.remedy == remedy;
            let at = groups.iter().position(same).unwrap_or(groups.len());
            if at == groups.len() && at < MOST_GROUPS {
                groups.push(Group { file: problem.file.to_owned(), column, remedy, count: 0, places: vec![] });
            }
            let Some(group) = groups.get_mut(at) else { continue };
            group.count += 1;
            if group.places.len() < MOST_PLACES {
                group.places.push((problem.line, shown(&problem.value)));
            }
        }
        Self { groups, total: problems.total(), ..Self::default() }
    }

    /// Whether the files can be imported.
    pub fn is_ready(&self) -> bool {
        self.total == 0
    }

    /// Whether there is nothing that an import would do.
    pub fn is_idle(&self) -> bool {
        self.files.iter().all(|(_, counts)| counts.created + counts.updated == 0)
    }

    /// How many problems are of kinds that are not listed.
    pub fn more(&self) -> u64 {
        self.total.saturating_sub(self.groups.iter().map(|group| group.count).sum())
    }

    /// The files that have problems, each with its kinds of problem.
    pub fn wrong(&self) -> Vec<(&'static str, Vec<&Group>)> {
        let of = |file: &'static str| (file, self.groups.iter().filter(|group| group.file == file).collect::<Vec<_>>());
        FILES.into_iter().map(of).filter(|(_, groups)| !groups.is_empty()).collect()
    }

    /// "12 created, 3 updated, 40 unchanged", over all files.
    pub fn words(&self) -> String {
        let sum = |what: fn(&Counts) -> u64| self.files.iter().map(|(_, counts)| what(counts)).sum::<u64>();
        let (created, updated, unchanged) = (sum(|c| c.created), sum(|c| c.updated), sum(|c| c.unchanged));
        format!("{created} created, {updated} updated, {unchanged} unchanged")
    }
}

/// What can be shown and stored of a text of a file.
fn shown(text: &str) -> String {
    let mut shown: String = shown_whole(text).chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn shown_whole(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_problems_stand_together_and_the_rest_is_counted() {
        let mut problems = Problems::default();
        for line in 2..=21 {
            problems.add("deals.csv", line, "amount", format!("{line},5\0"), "Write a point.");
        }
        for line in 2..=101 {
            problems.add("customers.csv", line, "name", "", format!("Line {} has the same.", line - 1));
        }
        let preview = Preview::of(Err(Failure::Refused(problems.sorted(&FILES)))).unwrap();
        assert_eq!((preview.total, preview.groups.len(), preview.more()), (120, MOST_GROUPS, 70));
        let mut problems = Problems::default();
        for line in 2..=21 {
            problems.add("deals.csv", line, "amount", format!("{line},5\0"), "Write a point.");
        }
        let preview = Preview::of(Err(Failure::Refused(problems))).unwrap();
        let group = &preview.groups[0];
        assert_eq!((group.count, group.places.len(), group.more()), (20, MOST_PLACES, 12));
        assert_eq!(group.places[0], (2, "2,5 ".to_owned()));
        assert!(!preview.is_ready());
    }
}
