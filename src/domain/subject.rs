//! Whose numbers and targets: a rep's, a team's, or the company's.

use super::id::{TeamId, UserId};

/// Whose facts or target it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The whole company.
    Company,
    /// One person.
    Rep(UserId),
    /// A team with the teams below it.
    Team(TeamId),
}

impl Subject {
    /// The person, if it is one.
    pub fn rep(self) -> Option<UserId> {
        if let Self::Rep(rep) = self { Some(rep) } else { None }
    }

    /// The team, if it is one.
    pub fn team(self) -> Option<TeamId> {
        if let Self::Team(team) = self { Some(team) } else { None }
    }
}

/// Whose facts or targets are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// Each of these people.
    pub reps: Vec<UserId>,
    /// Each of these teams with the teams below it in today's tree.
    pub teams: Vec<TeamId>,
    /// The whole company, credited or not.
    pub company: bool,
}

impl Subjects {
    /// These subjects.
    pub fn of(subjects: impl IntoIterator<Item = Subject>) -> Self {
        let mut of = Self::default();
        for subject in subjects {
            match subject {
                Subject::Company => of.company = true,
                Subject::Rep(rep) => of.reps.push(rep),
                Subject::Team(team) => of.teams.push(team),
            }
        }
        of
    }

    /// These people.
    pub fn reps(reps: &[UserId]) -> Self {
        Self { reps: reps.to_vec(), ..Self::default() }
    }

    /// The subjects one by one.
    pub fn each(&self) -> impl Iterator<Item = Subject> {
        let company = self.company.then_some(Subject::Company);
        let reps = self.reps.iter().copied().map(Subject::Rep);
        company.into_iter().chain(reps).chain(self.teams.iter().copied().map(Subject::Team))
    }
}
