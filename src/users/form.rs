//! What the forms about a person hold, as typed, and how it is read.

use serde::Deserialize;
use time::Date;

use super::db::{Details, Person};
use crate::{domain::access::Role, web::form::Errors};

/// A person, as typed. Roles and team are read of a new person only: later they have forms of their own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// What the person is called at work.
    pub title: String,
    /// Junior, senior …
    pub level: String,
    /// First day at the company.
    pub hired_on: String,
    /// First day no longer there.
    pub left_on: String,
    /// The version that the form shows.
    pub version: String,
    /// The words of the roles.
    pub roles: Vec<String>,
    /// The team's id; empty for none.
    pub team: String,
}

impl PersonForm {
    /// The form filled with what is stored.
    pub fn of(person: &Person) -> Self {
        let Details { name, email, title, level, hired_on, left_on } = person.details.clone();
        let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
        Self {
            name,
            email: email.unwrap_or_default(),
            title: title.unwrap_or_default(),
            level: level.unwrap_or_default(),
            hired_on: date(hired_on),
            left_on: date(left_on),
            version: person.version.to_string(),
            ..Self::default()
        }
    }

    /// Reads the form. An address is needed where somebody signs in with it.
    pub fn parse(&self, needs_email: bool, errors: &mut Errors) -> Details {
        let some = |text: String| (!text.is_empty()).then_some(text);
        let name = errors.text("name", &self.name, "Name", 200);
        let email =
            if self.email.trim().is_empty() && !needs_email { None } else { some(errors.email("email", &self.email)) };
        let title = some(errors.optional_text("title", &self.title, "Title", 100));
        let level = some(errors.optional_text("level", &self.level, "Level", 50));
        let hired_on = errors.optional_date("hired_on", &self.hired_on, "The first day");
        let left_on = errors.optional_date("left_on", &self.left_on, "The day of leaving");
        if let (Some(hired), Some(left)) = (hired_on, left_on)
            && left < hired
        {
            errors.add("left_on", "The day of leaving is before the first day. Correct one of the two.");
        }
        Details { name, email, title, level, hired_on, left_on }
    }

    /// What the form says differently from what was stored meanwhile: label and stored value.
    pub fn differs_from(&self, stored: &Self) -> Vec<(&'static str, String)> {
        let fields = [
            ("Name", &self.name, &stored.name),
            ("E-mail", &self.email, &stored.email),
            ("Title", &self.title, &stored.title),
            ("Level", &self.level, &stored.level),
            ("First day", &self.hired_on, &stored.hired_on),
            ("Left on", &self.left_on, &stored.left_on),
        ];
        let differing = fields.into_iter().filter(|(_, typed, stored)| typed.trim() != stored.as_str());
        differing
            .map(|(label, _, stored)| (label, if stored.is_empty() { "nothing".into() } else { stored.clone() }))
            .collect()
    }
}

/// A role to tick.
#[derive(Clone, Copy, Debug)]
pub struct RoleBox {
    /// The word that the form sends.
    pub word: &'static str,
    /// The word on the page.
    pub label: &'static str,
    /// What the role may do.
    pub hint: &'static str,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// Every role to tick, with those ticked that were sent or are stored.
pub fn role_boxes(ticked: &[String]) -> Vec<RoleBox> {
    let hint = |role: Role| match role {
        Role::Rep => "Logs visits and deals, has targets, earns commission.",
        Role::Manager => "Sets targets, reads the numbers of the teams below.",
        Role::Finance => "Keeps plans, calculates, approves and pays.",
        Role::Admin => "Keeps people, roles and teams.",
    };
    let is_ticked = |role: Role| ticked.iter().any(|word| word == role.as_str());
    let tick =
        |role: Role| RoleBox { word: role.as_str(), label: role.label(), hint: hint(role), ticked: is_ticked(role) };
    Role::ALL.map(tick).to_vec()
}

/// The roles that were ticked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RolesForm {
    /// The words of the roles.
    pub roles: Vec<String>,
    /// The version that the form shows.
    pub version: String,
}

/// Reads ticked roles: at least one, and none that does not exist.
pub fn parse_roles(words: &[String], errors: &mut Errors) -> Vec<Role> {
    let roles: Option<Vec<Role>> = words.iter().map(|word| Role::parse(word)).collect();
    match roles {
        Some(mut roles) if !roles.is_empty() => {
            roles.sort_unstable();
            roles.dedup();
            roles
        }
        _ => {
            errors.add("roles", "Choose at least one role.");
            vec![]
        }
    }
}

/// The last day of somebody who leaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DepartureForm {
    /// The day.
    pub last_day: String,
}

/// The team and the day from which on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TeamForm {
    /// The team's id; empty for none.
    pub team: String,
    /// The first day; empty for the beginning.
    pub from: String,
    /// Why what is settled changes.
    pub reason: String,
}

/// The version that a form carries; none if it is no number.
pub fn version(text: &str) -> Option<i32> {
    text.parse().ok()
}
