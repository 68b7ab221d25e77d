//! The settings that a period is paid by: today's, or those that are kept with the run that locked it.

use crate::domain::{
    company::{GrowthBase, GrowthBasis},
    contribution::Costs,
};

/// What a change of settings or of the tree must not move once a period is paid. What is none is as it stands today.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What growth is compared with.
    pub growth_base: Option<GrowthBase>,
    /// Whose sales growth compares.
    pub growth_basis: Option<GrowthBasis>,
    /// Whether a deal that a rep entered pays only once somebody else confirmed it.
    pub confirm_deals: Option<bool>,
    /// What visits, minutes and orders cost.
    pub costs: Option<Costs>,
    /// Each team that has one above it, with that one.
    pub team_tree: Option<serde_json::Value>,
    /// Whether deals on hold pay all the same: in a trial, for what is held is paid later.
    pub held_pays: bool,
}
