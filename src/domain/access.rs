//! Who may do what: roles, permissions, and the reach of a person's sight.

use super::id::{OrgId, TeamId, UserId};

/// A role that a person bears. A person has a set of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Logs visits and deals, has targets, earns commission.
    Rep,
    /// Sets targets and reads the numbers of the teams below.
    Manager,
    /// Keeps plans, calculates, approves and pays.
    Finance,
    /// Keeps people, roles, teams and settings.
    Admin,
}

impl Role {
    /// Every role, in the order in which pages list them.
    pub const ALL: [Self; 4] = [Self::Rep, Self::Manager, Self::Finance, Self::Admin];

    /// The word in the database, in forms and in CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rep => "rep",
            Self::Manager => "manager",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }

    /// The word on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rep => "Rep",
            Self::Manager => "Manager",
            Self::Finance => "Finance",
            Self::Admin => "Administrator",
        }
    }

    /// Reads the word of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Something a person may do. The table of [`Permission::granted_to`] is the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read scoreboards, customers, visits and deals within one's reach.
    ReadSales,
    /// Log and correct visits and deals, keep customers.
    RecordSales,
    /// Confirm deals that a rep entered.
    ConfirmDeals,
    /// Set targets of the reps within one's reach.
    SetTargets,
    /// Read commission statements within one's reach.
    ReadStatements,
    /// Keep plans, calculate, submit and pay runs.
    PrepareCommission,
    /// Approve statements (four eyes: somebody else's run, somebody else's pay).
    ApproveCommission,
    /// Keep people, roles and teams.
    ManagePeople,
}

impl Permission {
    /// Every permission, in the order of `docs/security.md`.
    pub const ALL: [Self; 8] = [
        Self::ReadSales,
        Self::RecordSales,
        Self::ConfirmDeals,
        Self::SetTargets,
        Self::ReadStatements,
        Self::PrepareCommission,
        Self::ApproveCommission,
        Self::ManagePeople,
    ];

    /// The roles that carry this permission.
    pub fn granted_to(self) -> &'static [Role] {
        use Role::{Admin, Finance, Manager, Rep};
        match self {
            Self::ReadSales | Self::ReadStatements => &[Rep, Manager, Finance, Admin],
            Self::RecordSales => &[Rep, Manager],
            Self::ConfirmDeals => &[Manager, Finance],
            Self::SetTargets => &[Manager],
            Self::PrepareCommission => &[Finance],
            Self::ApproveCommission => &[Finance, Manager, Admin],
            Self::ManagePeople => &[Admin],
        }
    }

    /// Whether any of these roles carries it.
    pub fn held_by(self, roles: &[Role]) -> bool {
        self.granted_to().iter().any(|role| roles.contains(role))
    }
}

/// What a person sees: one organization, and in it either everybody's records or those of some reps.
///
/// It is an argument of every list and find, so a forgotten filter does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The tenant.
    pub org: OrgId,
    /// Whose records are in sight.
    pub reach: Reach,
}

/// Whose records a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everybody's: finance and administrators.
    All,
    /// Some people's: a rep's own; with a manager also those of his teams.
    Some {
        /// The person, and who belongs today to a team in `teams`.
        reps: Vec<UserId>,
        /// The teams that the person manages today, with all teams below them.
        teams: Vec<TeamId>,
    },
}

impl Scope {
    /// The reps in sight for SQL: `null` stands for all (`$n::bigint[] is null or rep_id = any($n)`).
    pub fn reps(&self) -> Option<&[UserId]> {
        match &self.reach {
            Reach::All => None,
            Reach::Some { reps, .. } => Some(reps),
        }
    }

    /// Whether this person's records are in sight.
    pub fn sees(&self, rep: UserId) -> bool {
        self.reps().is_none_or(|reps| reps.contains(&rep))
    }

    /// Whether this team's numbers are in sight.
    pub fn sees_team(&self, team: TeamId) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Some { teams, .. } => teams.contains(&team),
        }
    }
}
