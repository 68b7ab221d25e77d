//! What is wrong with the files: where, what stands there, and what to do.

use std::fmt;

/// How many problems are kept to be listed; the rest is counted.
const MOST_LISTED: usize = 10_000;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, like `deals.csv`.
    pub file: &'static str,
    /// Its line, from 1.
    pub line: u64,
    /// The column's name; of plans.json the place.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// What is wrong with it and what to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, value, remedy } = self;
        // A quote that is not closed makes one name or cell of a whole file.
        let shown = |text: &str| {
            let shown: String = text.chars().take(100).map(|c| if c.is_control() { ' ' } else { c }).collect();
            if shown.len() < text.len() { shown + "…" } else { shown }
        };
        let (column, value) = (shown(column), shown(value));
        write!(f, "{file}, line {line}, column {column}, value \"{value}\": {remedy}")
    }
}

/// Everything that is wrong. As long as it is empty, the import goes on to write.
#[derive(Debug, Default)]
pub struct Problems {
    listed: Vec<Problem>,
    unlisted: u64,
}

impl Problems {
    /// Notes a problem.
    pub fn add(
        &mut self,
        file: &'static str,
        line: impl TryInto<u64>,
        column: impl Into<String>,
        value: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if self.listed.len() < MOST_LISTED {
            let (column, value, remedy) = (column.into(), value.into(), remedy.into());
            let line = line.try_into().unwrap_or(0);
            self.listed.push(Problem { file, line, column, value, remedy });
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The problems by file and line, in the order of these files.
    #[must_use]
    pub fn sorted(mut self, files: &[&str]) -> Self {
        let place = |file: &str| files.iter().position(|f| *f == file);
        self.listed.sort_by_key(|problem| (place(problem.file), problem.line));
        self
    }

    /// The problems that are listed.
    pub fn listed(&self) -> &[Problem] {
        &self.listed
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.unlisted + u64::try_from(self.listed.len()).unwrap_or(0)
    }

    /// How many more there are.
    pub fn unlisted(&self) -> u64 {
        self.unlisted
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.listed {
            writeln!(f, "{problem}")?;
        }
        if self.unlisted > 0 {
            writeln!(f, "… and {} more problems.", self.unlisted)?;
        }
        Ok(())
    }
}
