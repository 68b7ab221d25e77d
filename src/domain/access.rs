//! Who may do what: roles, permissions, and the reach of a person's sight.

use super::{
    id::{OrgId, TeamId, UserId},
    words::words,
};

words! {
    /// A role that a person bears. A person has a set of them.
    Role {
        /// Logs visits and deals, has targets, earns commission.
        Rep = "rep", "Rep";
        /// Sets targets and reads the numbers of the teams below.
        Manager = "manager", "Manager";
        /// Keeps plans, calculates, approves and pays.
        Finance = "finance", "Finance";
        /// Keeps people, roles, teams and settings.
        Admin = "admin", "Administrator";
    }
}

/// Something a person may do. The table of [`Permission::granted_to`] is the whole of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Read scoreboards, customers, visits and deals within one's reach.
    ReadSales,
    /// Log and correct visits and deals, keep customers.
    RecordSales,
    /// Hand customers over to another rep, one by one or many at once, and merge two that are one.
    HandOver,
    /// Confirm deals that a rep entered.
    ConfirmDeals,
    /// Keep the products that deals are made of.
    KeepProducts,
    /// Enter the exchange rates that deals in other currencies are booked with.
    KeepRates,
    /// Set targets of the reps within one's reach.
    SetTargets,
    /// Enter and remove leave of the people within one's reach.
    KeepLeave,
    /// Read commission statements within one's reach.
    ReadStatements,
    /// Keep plans, calculate, submit and pay runs.
    PrepareCommission,
    /// Approve statements (four eyes: somebody else's run, somebody else's pay).
    ApproveCommission,
    /// Keep people, roles and teams.
    ManagePeople,
    /// Read who did what when, of everybody.
    ReadAudit,
    /// Bring records of every kind in, from files.
    ImportRecords,
}

impl Permission {
    /// Every permission, in the order of `docs/security.md`.
    pub const ALL: [Self; 14] = [
        Self::ReadSales,
        Self::RecordSales,
        Self::HandOver,
        Self::ConfirmDeals,
        Self::KeepProducts,
        Self::KeepRates,
        Self::SetTargets,
        Self::KeepLeave,
        Self::ReadStatements,
        Self::PrepareCommission,
        Self::ApproveCommission,
        Self::ManagePeople,
        Self::ReadAudit,
        Self::ImportRecords,
    ];

    /// The roles that carry this permission.
    pub fn granted_to(self) -> &'static [Role] {
        use Role::{Admin, Finance, Manager, Rep};
        match self {
            Self::ReadSales | Self::ReadStatements => &[Rep, Manager, Finance, Admin],
            Self::RecordSales => &[Rep, Manager],
            Self::ConfirmDeals => &[Manager, Finance],
            Self::HandOver | Self::KeepProducts | Self::KeepLeave => &[Manager, Admin],
            Self::KeepRates => &[Finance, Admin],
            Self::SetTargets => &[Manager],
            Self::PrepareCommission => &[Finance],
            Self::ApproveCommission => &[Finance, Manager, Admin],
            Self::ManagePeople | Self::ReadAudit | Self::ImportRecords => &[Admin],
        }
    }

    /// Whether any of these roles carries it.
    pub fn held_by(self, roles: &[Role]) -> bool {
        self.granted_to().iter().any(|role| roles.contains(role))
    }
}

/// A person with the roles, and whom the person manages today: what the reach of each permission follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The person.
    pub id: UserId,
    /// The roles that the person bears.
    pub roles: Vec<Role>,
    /// Who belongs today to a team in `teams`.
    pub members: Vec<UserId>,
    /// The teams that the person manages today, with all teams below them.
    pub teams: Vec<TeamId>,
}

impl Bearer {
    /// Whose records the person reaches with a permission: as far as one of the roles goes that carry it. So a rep who
    /// is finance as well reads everybody's deals and changes the own ones.
    pub fn reach(&self, permission: Permission) -> Reach {
        let bears = |role| self.roles.contains(&role) && permission.granted_to().contains(&role);
        if bears(Role::Finance) || bears(Role::Admin) {
            return Reach::All;
        }
        if !bears(Role::Manager) {
            return Reach::Some { reps: vec![self.id], teams: vec![] };
        }
        let mut reps = self.members.clone();
        if !reps.contains(&self.id) {
            reps.push(self.id);
        }
        Reach::Some { reps, teams: self.teams.clone() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_reaches_as_far_as_the_roles_that_carry_it() {
        use Role::{Admin, Finance, Manager, Rep};
        const OWN: &[i64] = &[1];
        const TEAM: &[i64] = &[7, 1];
        let all = None;
        let bearer = |roles: &[Role]| Bearer {
            id: UserId(1),
            roles: roles.to_vec(),
            members: vec![UserId(7)],
            teams: vec![TeamId(3)],
        };
        for (roles, permission, expected) in [
            (&[Rep][..], Permission::ReadSales, Some(OWN)),
            (&[Rep], Permission::RecordSales, Some(OWN)),
            (&[Manager], Permission::ReadSales, Some(TEAM)),
            (&[Manager], Permission::SetTargets, Some(TEAM)),
            (&[Finance], Permission::ReadSales, all),
            (&[Rep, Finance], Permission::ReadSales, all),
            (&[Rep, Finance], Permission::RecordSales, Some(OWN)),
            (&[Rep, Finance], Permission::ConfirmDeals, all),
            (&[Rep, Admin], Permission::RecordSales, Some(OWN)),
            (&[Manager, Finance], Permission::RecordSales, Some(TEAM)),
            (&[Manager, Finance], Permission::SetTargets, Some(TEAM)),
            (&[Manager, Admin], Permission::ConfirmDeals, Some(TEAM)),
            (&[Manager, Admin], Permission::ReadStatements, all),
            // Who manages without the role manages nothing.
            (&[Rep, Finance, Admin], Permission::RecordSales, Some(OWN)),
        ] {
            let scope = Scope { org: OrgId(1), reach: bearer(roles).reach(permission) };
            let reps = scope.reps().map(|reps| reps.iter().map(|rep| rep.0).collect::<Vec<_>>());
            assert_eq!(reps.as_deref(), expected, "{roles:?} {permission:?}");
            assert_eq!(
                scope.sees_team(TeamId(3)),
                expected.is_none_or(|reps| reps == TEAM),
                "{roles:?} {permission:?}"
            );
        }
    }
}
