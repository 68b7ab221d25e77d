//! The form of a customer: what was typed, row by row, and what it means.

use serde::{Deserialize, Serialize};
use time::Date;

use super::{
    db::{Contact, Details},
    page_db::Customer,
};
use crate::{
    domain::id::UserId,
    web::{form::Errors, format},
};

/// The most free fields and contacts that a form takes, of each.
const MOST_ROWS: usize = 50;
/// How many empty rows "more" adds.
const MORE: usize = 3;

/// A customer as typed. Free fields and contacts are columns: the first entry of each belongs to the first row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct CustomerForm {
    /// The name.
    pub name: String,
    /// The company's own grouping.
    pub segment: String,
    /// What it does.
    pub industry: String,
    /// Where it is.
    pub city: String,
    /// In which country.
    pub country: String,
    /// Bought before the first recorded sale.
    pub customer_since: String,
    /// Who owns a new one from `owner_from` on; `none` for nobody.
    pub owner: String,
    /// From which day on; empty: from the beginning.
    pub owner_from: String,
    /// Free words.
    pub notes: String,
    /// The names of free fields.
    pub field: Vec<String>,
    /// Their values.
    pub value: Vec<String>,
    /// The names of contacts.
    pub contact: Vec<String>,
    /// What they do.
    pub role: Vec<String>,
    /// Their addresses.
    pub email: Vec<String>,
    /// Their numbers.
    pub phone: Vec<String>,
    /// Pressed to get more rows: `fields` or `contacts`.
    pub more: String,
    /// The name under which it is added though there are similar ones.
    pub anyway: String,
    /// Why what is settled changes.
    pub reason: String,
    /// The version that was changed.
    pub version: String,
}

/// What a form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What is kept of the customer.
    pub details: Details,
    /// The people there.
    pub contacts: Vec<Contact>,
    /// The owner that was chosen: `Some(None)` for nobody. Nothing was chosen where the form does not ask.
    pub owner: Option<Option<UserId>>,
    /// From which day on.
    pub owner_from: Option<Date>,
}

/// A row of free fields as a page shows it.
pub struct FieldView<'a> {
    row: usize,
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
}

/// A row of contacts as a page shows it.
pub struct ContactView<'a> {
    row: usize,
    /// The name.
    pub name: &'a str,
    /// What the person does.
    pub role: &'a str,
    /// The address.
    pub email: &'a str,
    /// The number.
    pub phone: &'a str,
}

impl FieldView<'_> {
    /// From 1.
    pub fn number(&self) -> usize {
        self.row + 1
    }

    /// The id of a field of this row.
    pub fn id(&self, field: &str) -> String {
        format!("{field}-{}", self.row)
    }
}

impl ContactView<'_> {
    /// From 1.
    pub fn number(&self) -> usize {
        self.row + 1
    }

    /// The id of a field of this row.
    pub fn id(&self, field: &str) -> String {
        format!("{field}-{}", self.row)
    }
}

impl CustomerForm {
    /// An empty form with this owner.
    pub fn new(owner: Option<UserId>) -> Self {
        Self { owner: owner.map(|owner| owner.to_string()).unwrap_or_default(), ..Self::default() }.padded()
    }

    /// The form of a customer that is there.
    pub fn of(customer: &Customer, contacts: &[Contact]) -> Self {
        let details = &customer.details;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            name: details.name.clone(),
            segment: text(&details.segment),
            industry: text(&details.industry),
            city: text(&details.city),
            country: text(&details.country),
            customer_since: details.customer_since.map(|day| day.to_string()).unwrap_or_default(),
            owner: String::new(),
            owner_from: String::new(),
            notes: details.notes.clone(),
            field: details.attributes.iter().map(|(name, _)| name.clone()).collect(),
            value: details.attributes.iter().map(|(_, value)| value.clone()).collect(),
            contact: contacts.iter().map(|contact| contact.name.clone()).collect(),
            role: contacts.iter().map(|contact| contact.role.clone()).collect(),
            email: contacts.iter().map(|contact| contact.email.clone()).collect(),
            phone: contacts.iter().map(|contact| contact.phone.clone()).collect(),
            anyway: String::new(),
            reason: String::new(),
            version: customer.version.to_string(),
            more: String::new(),
        }
        .padded()
    }

    /// What was typed, but for the owner.
    #[must_use]
    pub fn without_owner(self) -> Self {
        Self { owner: String::new(), owner_from: String::new(), ..self }
    }

    /// With some empty rows at the end, and more where they were asked for.
    #[must_use]
    pub fn padded(mut self) -> Self {
        let wanted = |rows: usize, asked: bool| (rows + if asked { MORE } else { 1 }).min(MOST_ROWS);
        let filled = |column: &[String]| column.iter().rposition(|text| !text.is_empty()).map_or(0, |at| at + 1);
        let rows = filled(&self.field).max(filled(&self.value));
        let fields = wanted(rows, self.more == "fields").max(self.field.len());
        self.field.resize(fields, String::new());
        self.value.resize(fields.max(self.value.len()), String::new());
        let columns = [&self.contact, &self.role, &self.email, &self.phone];
        let rows = columns.iter().map(|column| filled(column)).max().unwrap_or(0);
        let contacts = wanted(rows, self.more == "contacts").max(self.contact.len());
        for column in [&mut self.contact, &mut self.role, &mut self.email, &mut self.phone] {
            column.resize(contacts.max(column.len()), String::new());
        }
        self.more.clear();
        self
    }

    /// The rows of free fields.
    pub fn fields(&self) -> Vec<FieldView<'_>> {
        (0..self.field.len().max(self.value.len()))
            .map(|row| FieldView { row, name: cell(&self.field, row), value: cell(&self.value, row) })
            .collect()
    }

    /// The rows of contacts.
    pub fn contacts(&self) -> Vec<ContactView<'_>> {
        let rows = [&self.contact, &self.role, &self.email, &self.phone].map(Vec::len).into_iter().max().unwrap_or(0);
        (0..rows)
            .map(|row| ContactView {
                row,
                name: cell(&self.contact, row),
                role: cell(&self.role, row),
                email: cell(&self.email, row),
                phone: cell(&self.phone, row),
            })
            .collect()
    }

    /// Reads the form. `owners` are the people who may be chosen.
    pub fn parse(&self, owners: &[(UserId, String)], today: Date, errors: &mut Errors) -> Said {
        let optional = |errors: &mut Errors, field, typed: &str, label, max| {
            Some(errors.optional_text(field, typed, label, max)).filter(|text| !text.is_empty())
        };
        let name = errors.text("name", &self.name, "The name", 200);
        let since = errors.optional_date("customer_since", &self.customer_since, "Customer since");
        if let Some(day) = since.filter(|day| *day > today) {
            errors.add(
                "customer_since",
                format!("{} is after today. Use a day on which they bought.", format::date(day)),
            );
        }
        let owner = match self.owner.trim() {
            "" => None,
            "none" => Some(None),
            typed => {
                let id = typed.parse().ok().filter(|id| owners.iter().any(|(owner, _)| owner == id));
                if id.is_none() {
                    errors.add("owner", "Choose an owner of the list.");
                }
                id.map(Some)
            }
        };
        Said {
            details: Details {
                name,
                segment: optional(errors, "segment", &self.segment, "The segment", 100),
                industry: optional(errors, "industry", &self.industry, "The industry", 100),
                city: optional(errors, "city", &self.city, "The city", 100),
                country: optional(errors, "country", &self.country, "The country", 100),
                customer_since: since,
                attributes: self.parse_fields(errors),
                notes: errors.optional_text("notes", &self.notes, "The note", 5000),
            },
            contacts: self.parse_contacts(errors),
            owner,
            owner_from: errors.optional_date("owner_from", &self.owner_from, "The day of the handover"),
        }
    }

    fn parse_fields(&self, errors: &mut Errors) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = vec![];
        for row in self.fields() {
            let name = errors.optional_text(&row.id("field"), row.name, "The name of the field", 100);
            let value = errors.optional_text(&row.id("value"), row.value, "The value", 1000);
            match (name.is_empty(), value.is_empty()) {
                (true, true) => {}
                (true, false) => errors.add(row.id("field"), "The field has no name. Name it, or empty its value."),
                (false, _) if fields.iter().any(|(other, _)| *other == name) => {
                    errors.add(row.id("field"), format!("“{name}” is there twice. Use each name once."));
                }
                (false, _) => fields.push((name, value)),
            }
        }
        if fields.len() > MOST_ROWS {
            errors.add("field-0", format!("A customer has at most {MOST_ROWS} fields."));
        }
        fields.sort(); // as the database keeps them, so that saving twice changes nothing
        fields
    }

    fn parse_contacts(&self, errors: &mut Errors) -> Vec<Contact> {
        let mut contacts = vec![];
        for row in self.contacts() {
            let contact = Contact {
                name: errors.optional_text(&row.id("contact"), row.name, "The name", 200),
                role: errors.optional_text(&row.id("role"), row.role, "The role", 100),
                email: errors.optional_text(&row.id("email"), row.email, "The e-mail address", 254),
                phone: errors.optional_text(&row.id("phone"), row.phone, "The telephone number", 50),
            };
            if contact == Contact::default() {
                continue;
            }
            if contact.name.is_empty() {
                errors.add(row.id("contact"), "The contact has no name. Name it, or empty the row.");
                continue;
            }
            if !contact.email.is_empty() && !contact.email.contains('@') {
                errors.add(row.id("email"), format!("“{}” is no e-mail address.", contact.email));
            }
            contacts.push(contact);
        }
        if contacts.len() > MOST_ROWS {
            errors.add("contact-0", format!("A customer has at most {MOST_ROWS} contacts."));
        }
        contacts
    }
}

fn cell(column: &[String], row: usize) -> &str {
    column.get(row).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 19);

    fn read(form: &CustomerForm) -> (Said, Vec<(String, String)>) {
        let mut errors = Errors::new();
        let said = form.parse(&[(UserId(1), "Ingrid".into())], TODAY, &mut errors);
        (said, errors.iter().map(|(field, words)| (field.to_owned(), words.to_owned())).collect())
    }

    fn good() -> CustomerForm {
        let text = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        CustomerForm {
            name: " Havn & Hage ".into(),
            field: text(&["seats", "", "chain"]),
            value: text(&["40", "", ""]),
            contact: text(&["", "Siri Aas"]),
            phone: text(&["", "22 00 00 00"]),
            ..CustomerForm::new(Some(UserId(1)))
        }
    }

    #[test]
    fn empty_rows_are_left_out() {
        let (said, wrong) = read(&good());
        assert_eq!(wrong, []);
        assert_eq!((said.details.name.as_str(), said.details.city), ("Havn & Hage", None));
        assert_eq!(said.details.attributes, [("chain".into(), String::new()), ("seats".into(), "40".into())]);
        assert_eq!(said.contacts.len(), 1);
        assert_eq!(said.owner, Some(Some(UserId(1))));
        assert_eq!(read(&CustomerForm { owner: "none".into(), ..good() }).0.owner, Some(None));
    }

    #[test]
    fn more_rows_keep_what_was_typed() {
        let form = CustomerForm { more: "contacts".into(), ..good() }.padded();
        assert_eq!((form.contacts().len(), form.contacts()[1].name), (5, "Siri Aas"));
        assert_eq!(form.fields().len(), 4);
    }

    #[test]
    fn bad_input_is_put_into_words() {
        let with = |change: fn(&mut CustomerForm)| {
            let mut form = good();
            change(&mut form);
            read(&form).1
        };
        for (wrong, field, words) in [
            (with(|f| f.name = "  ".into()), "name", "The name is missing."),
            (with(|f| f.name = "x".repeat(201)), "name", "The name has 201 characters; 200 are possible."),
            (with(|f| f.owner = "2".into()), "owner", "Choose an owner of the list."),
            (
                with(|f| f.customer_since = "2026-11-20".into()),
                "customer_since",
                "20 Nov 2026 is after today. Use a day on which they bought.",
            ),
            (with(|f| f.field[0].clear()), "field-0", "The field has no name. Name it, or empty its value."),
            (with(|f| f.field[1] = "seats".into()), "field-1", "“seats” is there twice. Use each name once."),
            (with(|f| f.contact[1].clear()), "contact-1", "The contact has no name. Name it, or empty the row."),
            (with(|f| f.email = vec![String::new(), "siri".into()]), "email-1", "“siri” is no e-mail address."),
            (
                with(|f| f.owner_from = "soon".into()),
                "owner_from",
                "“soon” is not a date. Use year-month-day, like 2026-11-19.",
            ),
        ] {
            assert_eq!(wrong, [(field.to_owned(), words.to_owned())]);
        }
    }
}
