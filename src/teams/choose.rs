//! The teams that a person sees, to choose one of.

use super::db;
use crate::{
    postgres::tx::Read,
    web::{auth::Viewer, ui::Choice},
};

/// The teams in sight with the names of those above them; none where there is nothing to choose between.
pub async fn in_sight(read: &mut Read, me: &Viewer) -> sqlx::Result<Vec<Choice>> {
    let tree = db::tree(read, &me.scope, me.today).await?;
    let seen = tree.into_iter().filter(|team| me.scope.sees_team(team.id));
    let choices: Vec<Choice> = seen.map(|team| Choice::new(team.id, team.path)).collect();
    Ok(if choices.len() > 1 || me.scope.reps().is_none() { choices } else { vec![] })
}
