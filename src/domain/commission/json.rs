//! JSON as the commission forms need it: keys in order, none twice, numbers as text, every mistake named with its place.

use std::{borrow::Cow, fmt};

use rust_decimal::Decimal;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};
use time::{Date, format_description::BorrowedFormatItem, macros::format_description};

use crate::domain::money::{Currency, Money};

/// How dates are written: `2026-10-02`.
const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// What is wrong with a form, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place in the form, like `components[0].pays.tiers.steps[2].rate`; empty for the form as a whole.
    pub place: String,
    /// What is wrong and the remedy, in words.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)
    }
}

/// A form was refused: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refused(pub Vec<Fault>);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl Refused {
    /// The value, unless there are faults.
    pub(super) fn unless<T>(faults: Vec<Fault>, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(Self(faults)),
        }
    }
}

/// A place in a form, written down only when something is wrong there.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
    Root,
    Key(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl<'p> Place<'p> {
    pub(super) fn key(&'p self, key: &'p str) -> Place<'p> {
        Place::Key(self, key)
    }

    pub(super) fn item(&'p self, index: usize) -> Place<'p> {
        Place::Item(self, index)
    }

    /// Notes a fault here.
    pub(super) fn fault(&self, faults: &mut Vec<Fault>, message: impl Into<String>) {
        faults.push(Fault { place: self.to_string(), message: message.into() });
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Place::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A JSON value. Objects keep the order of their keys, so the same value is the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// A number that is no whole one: the forms refuse it and say how to write it.
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Refused> {
        serde_json::from_str(text).map_err(|error| {
            Refused(vec![Fault { place: String::new(), message: format!("this is not readable as JSON: {error}") }])
        })
    }

    pub(super) fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// The object with one more entry, if there is a value for it.
    pub(super) fn with(mut self, key: &'static str, value: impl Into<Option<Self>>) -> Self {
        if let (Self::Object(entries), Some(value)) = (&mut self, value.into()) {
            entries.push((Cow::Borrowed(key), value));
        }
        self
    }

    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, node) in entries {
                    map.serialize_entry(key, node)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// A key, borrowed from the input where that is possible.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a key is text")),
        }
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node<'de>, E> {
        i64::try_from(value).map(Node::Int).map_err(|_| E::custom(format!("the number {value} is too large")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut entries: Vec<(Cow<'de, str>, Node<'de>)> = Vec::with_capacity(8);
        while let Some((Key(key), node)) = map.next_entry()? {
            if entries.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(format!("the key “{key}” stands twice in one object: keep one of them")));
            }
            entries.push((key, node));
        }
        Ok(Node::Object(entries))
    }
}

/// An object of a form while it is read: `known` keys only.
pub(super) struct Fields<'n> {
    entries: &'n [(Cow<'n, str>, Node<'n>)],
    place: Place<'n>,
}

impl<'n> Fields<'n> {
    pub(super) fn read(node: &'n Node<'n>, place: Place<'n>, known: &[&str], faults: &mut Vec<Fault>) -> Option<Self> {
        let Node::Object(entries) = node else {
            place.fault(faults, format!("write an object {{ … }} here; this is {}", node.kind()));
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.as_ref()) {
                place.key(key).fault(faults, format!("unknown key; known here: {}", known.join(", ")));
            }
        }
        Some(Self { entries, place })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'n str, &'n Node<'n>)> {
        self.entries.iter().map(|(key, node)| (key.as_ref(), node))
    }

    pub(super) fn place(&self) -> &Place<'n> {
        &self.place
    }

    /// The value of a key; `null` is the same as a key that is not there.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node<'n>> {
        self.entries.iter().find(|(k, _)| k == key).map(|(_, node)| node).filter(|node| !matches!(node, Node::Null))
    }

    pub(super) fn need(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<&'n Node<'n>> {
        let found = self.get(key);
        if found.is_none() {
            self.place.key(key).fault(faults, "this is missing");
        }
        found
    }

    pub(super) fn text(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<&'n str> {
        text(self.get(key)?, &self.place.key(key), faults)
    }

    pub(super) fn need_text(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<&'n str> {
        text(self.need(key, faults)?, &self.place.key(key), faults)
    }

    pub(super) fn decimal(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<Decimal> {
        decimal(self.get(key)?, &self.place.key(key), faults)
    }

    pub(super) fn need_decimal(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<Decimal> {
        decimal(self.need(key, faults)?, &self.place.key(key), faults)
    }

    pub(super) fn money(&self, key: &'static str, currency: Currency, faults: &mut Vec<Fault>) -> Option<Money> {
        money(self.get(key)?, &self.place.key(key), currency, faults)
    }

    pub(super) fn need_money(&self, key: &'static str, currency: Currency, faults: &mut Vec<Fault>) -> Option<Money> {
        money(self.need(key, faults)?, &self.place.key(key), currency, faults)
    }

    pub(super) fn whole(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<i64> {
        whole(self.get(key)?, &self.place.key(key), faults)
    }

    pub(super) fn need_whole(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<i64> {
        whole(self.need(key, faults)?, &self.place.key(key), faults)
    }

    /// A whole number of zero or more, written as text like every number that plans calculate with.
    pub(super) fn count(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<u32> {
        let number = self.decimal(key, faults)?;
        let count =
            Some(number).filter(|number| number.fract().is_zero()).and_then(|number| u32::try_from(number).ok());
        if count.is_none() {
            self.place
                .key(key)
                .fault(faults, format!("{number} is no whole number of 0 or more: write one like \"12\""));
        }
        count
    }

    pub(super) fn bool(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<bool> {
        let Node::Bool(value) = self.get(key)? else {
            self.place.key(key).fault(faults, "write true or false here");
            return None;
        };
        Some(*value)
    }

    pub(super) fn date(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<Date> {
        let text = self.text(key, faults)?;
        let date = Date::parse(text, DATE).ok();
        if date.is_none() {
            self.place.key(key).fault(faults, format!("“{text}” is no date: write it like 2026-10-02"));
        }
        date
    }

    pub(super) fn list(&self, key: &'static str, faults: &mut Vec<Fault>) -> Option<&'n [Node<'n>]> {
        match self.get(key)? {
            Node::List(items) => Some(items),
            other => {
                self.place.key(key).fault(faults, format!("write a list [ … ] here; this is {}", other.kind()));
                None
            }
        }
    }
}

fn text<'n>(node: &'n Node<'n>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<&'n str> {
    match node {
        Node::Text(text) if text.contains('\0') => {
            place.fault(faults, "the text holds a NUL character: leave it out");
            None
        }
        Node::Text(text) => Some(text),
        other => {
            place.fault(faults, format!("write text here; this is {}", other.kind()));
            None
        }
    }
}

/// An exact number, written as text: `"0.03"`.
pub(super) fn decimal(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<Decimal> {
    match node {
        Node::Int(number) => place.fault(faults, format!("numbers are written as text: \"{number}\"")),
        Node::Float(number) => place.fault(faults, format!("numbers are written as text: \"{number}\"")),
        Node::Text(text) => match plain_decimal(text) {
            Some(number) => return Some(number),
            None => place.fault(
                faults,
                format!("“{text}” is not a number: write digits with a point, like \"1234.50\" or \"0.03\""),
            ),
        },
        other => place.fault(faults, format!("write a number as text here, like \"0.03\"; this is {}", other.kind())),
    }
    None
}

/// Digits with an optional minus and point, nothing else: no exponent, no grouping, no blanks.
fn plain_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (all_digits(whole) && all_digits(fraction)).then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// The largest amount that a form takes, in minor units, either way: ten million millions of a currency with cents.
pub(super) const LARGEST_AMOUNT: i64 = 1_000_000_000_000_000;

/// An amount in major units, whole in the currency's minor unit.
pub(super) fn money(node: &Node<'_>, place: &Place<'_>, currency: Currency, faults: &mut Vec<Fault>) -> Option<Money> {
    let number = decimal(node, place, faults)?;
    let decimals = u32::from(currency.decimals());
    if number.normalize().scale() > decimals {
        place.fault(faults, format!("“{number}” has more decimals than {currency} ({decimals}): round it"));
        return None;
    }
    let amount = currency.money(number).filter(|amount| amount.0.unsigned_abs() <= LARGEST_AMOUNT.unsigned_abs());
    if amount.is_none() {
        place.fault(faults, format!("“{number}” is beyond the largest amount: check the digits"));
    }
    amount
}

/// A whole number, written as a number.
fn whole(node: &Node<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) -> Option<i64> {
    match node {
        Node::Int(number) => Some(*number),
        other => {
            place.fault(faults, format!("write a whole number here, like 3; this is {}", other.kind()));
            None
        }
    }
}
