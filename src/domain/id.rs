//! Typed identifiers: one newtype per table, so a `CustomerId` cannot be passed for a `UserId`.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// An organization: the tenant. It stands first in every key.
    OrgId,
    /// A person of the sales team (rep, manager, finance, administrator).
    UserId,
    /// A team of the tree.
    TeamId,
    /// A stretch of leave.
    LeaveId,
    /// A customer.
    CustomerId,
    /// The end of a customer relation, declared by a person.
    EndingId,
    /// An end of a relation that waits for a manager.
    ProposalId,
    /// A merge of two customers.
    MergeId,
    /// A note about a customer.
    NoteId,
    /// A product category.
    CategoryId,
    /// A product.
    ProductId,
    /// A visit or touch, planned or done.
    VisitId,
    /// A deal. Its *number* is what people see.
    DealId,
    /// A rate of exchange that was entered.
    RateId,
    /// One entry of a target's history.
    TargetId,
    /// A commission plan.
    PlanId,
    /// An immutable version of a plan.
    PlanVersionId,
    /// A letter that tells a rep what the plan pays.
    LetterId,
    /// A calculation of commission for one period.
    RunId,
    /// What one rep earns in one run.
    StatementId,
    /// Something of a rep's pay that counts and is not paid yet.
    HoldId,
    /// An amount that somebody adds to a rep's pay, or takes off it.
    AdjustmentId,
    /// A dispute about a line of a statement.
    DisputeId,
    /// Files that were sent to be imported.
    UploadId,
    /// An import that was done.
    ImportId,
}
