//! A small JSON Schema (draft 2020-12) validator: the keywords that the schemas of docs/ use, and no others.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Schemas by their file name; `$ref` finds them by `file#/path`.
pub struct Schemas(pub BTreeMap<String, Value>);

/// What is wrong with a document, and where: like `components[0].pays`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place; empty for the document itself.
    pub place: String,
    /// The keyword that it breaks.
    pub keyword: String,
    /// For `additionalProperties`: the keys that are known there, sorted.
    pub known: Vec<String>,
}

impl Schemas {
    /// Everything that is wrong with a document by the schema of this file.
    ///
    /// # Panics
    /// Where a schema uses a keyword that is not known here, or a `$ref` that leads nowhere.
    pub fn problems(&self, file: &str, document: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check(file, &self.0[file], document, "", &mut problems);
        problems
    }

    fn check(&self, file: &str, schema: &Value, value: &Value, place: &str, problems: &mut Vec<Problem>) {
        let schema = schema.as_object().unwrap_or_else(|| panic!("{file}: a schema is an object: {schema}"));
        for (keyword, wanted) in schema {
            let wrong = match keyword.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" => false,
                "$ref" => {
                    let (file, target) = self.find(file, text(wanted));
                    self.check(file, target, value, place, problems);
                    false
                }
                "type" => !types(wanted).any(|name| is(name, value)),
                "enum" => !list(wanted).contains(value),
                "const" => wanted != value,
                "pattern" => value.as_str().is_some_and(|text_of| !Regex::parse(text(wanted)).finds(text_of)),
                "minimum" => value.as_i64().is_some_and(|number| number < wanted.as_i64().unwrap()),
                "maximum" => value.as_i64().is_some_and(|number| number > wanted.as_i64().unwrap()),
                "minItems" => value.as_array().is_some_and(|items| items.len() < size(wanted)),
                "minProperties" => value.as_object().is_some_and(|entries| entries.len() < size(wanted)),
                "maxProperties" => value.as_object().is_some_and(|entries| entries.len() > size(wanted)),
                "required" => {
                    let missing = |key: &&Value| value.as_object().is_some_and(|one| !one.contains_key(text(key)));
                    for key in list(wanted).iter().filter(missing) {
                        problems.push(Problem::of(&join(place, text(key)), keyword));
                    }
                    false
                }
                "properties" => {
                    for (key, schema) in object(wanted) {
                        if let Some(inner) = value.get(key) {
                            self.check(file, schema, inner, &join(place, key), problems);
                        }
                    }
                    false
                }
                "additionalProperties" => {
                    let none = Map::new();
                    let known = schema.get("properties").map_or(&none, object);
                    for (key, inner) in value.as_object().into_iter().flatten() {
                        match wanted {
                            _ if known.contains_key(key) => {}
                            Value::Bool(false) => {
                                let known = known.keys().cloned().collect();
                                problems.push(Problem { known, ..Problem::of(&join(place, key), keyword) });
                            }
                            schema => self.check(file, schema, inner, &join(place, key), problems),
                        }
                    }
                    false
                }
                "propertyNames" => {
                    for key in value.as_object().into_iter().flat_map(Map::keys) {
                        self.check(file, wanted, &Value::String(key.clone()), &join(place, key), problems);
                    }
                    false
                }
                "items" => {
                    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(file, wanted, item, &format!("{place}[{i}]"), problems);
                    }
                    false
                }
                "anyOf" | "oneOf" => {
                    let branches: Vec<Vec<Problem>> =
                        list(wanted).iter().map(|branch| self.found(file, branch, value, place)).collect();
                    let fit = branches.iter().filter(|branch| branch.is_empty()).count();
                    if fit == 0 {
                        problems.extend(branches.into_iter().flatten());
                    }
                    fit == 0 || (keyword == "oneOf" && fit > 1)
                }
                "not" => self.found(file, wanted, value, place).is_empty(),
                _ => panic!("{file}: the keyword {keyword} is not known here"),
            };
            if wrong {
                problems.push(Problem::of(place, keyword));
            }
        }
    }

    fn found(&self, file: &str, schema: &Value, value: &Value, place: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check(file, schema, value, place, &mut problems);
        problems
    }

    /// What a `$ref` means: `#/$defs/name`, `other.json` or `other.json#/$defs/name`.
    fn find<'s>(&'s self, file: &'s str, reference: &'s str) -> (&'s str, &'s Value) {
        let (named, path) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if named.is_empty() { file } else { named };
        let document = self.0.get(file).unwrap_or_else(|| panic!("{reference}: there is no {file}"));
        (file, document.pointer(path).unwrap_or_else(|| panic!("{file}: {reference} leads nowhere")))
    }
}

impl Problem {
    fn of(place: &str, keyword: &str) -> Self {
        Self { place: place.to_owned(), keyword: keyword.to_owned(), known: Vec::new() }
    }
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn size(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn types(wanted: &Value) -> impl Iterator<Item = &str> {
    wanted.as_str().into_iter().chain(wanted.as_array().into_iter().flatten().map(text))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        _ => panic!("the type {name} is not known here"),
    }
}

/// A regular expression of characters, classes, groups, `?`, `*`, `+`, `{n}`, `|`, `^` and `$`.
pub struct Regex(Vec<Vec<Piece>>);

struct Piece {
    atom: Atom,
    least: usize,
    most: usize,
}

enum Atom {
    Start,
    End,
    One { ranges: Vec<(char, char)>, not: bool },
    Group(Regex),
}

impl Regex {
    /// Reads one.
    pub fn parse(pattern: &str) -> Self {
        let characters: Vec<char> = pattern.chars().collect();
        let mut at = 0;
        let regex = Self::read(&characters, &mut at);
        assert_eq!(at, characters.len(), "{pattern}: a ) without its (");
        regex
    }

    /// Whether it holds somewhere in the text.
    pub fn finds(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        (0..=text.len()).any(|from| self.holds(&text, from, &mut |_| true))
    }

    fn read(pattern: &[char], at: &mut usize) -> Self {
        let mut ways = vec![Vec::new()];
        while let Some(&character) = pattern.get(*at) {
            *at += 1;
            let atom = match character {
                ')' => {
                    *at -= 1;
                    break;
                }
                '|' => {
                    ways.push(Vec::new());
                    continue;
                }
                '(' => {
                    let group = Self::read(pattern, at);
                    assert_eq!(pattern.get(*at), Some(&')'), "a ( without its )");
                    *at += 1;
                    Atom::Group(group)
                }
                '^' => Atom::Start,
                '$' => Atom::End,
                '[' => read_class(pattern, at),
                '\\' => {
                    let escaped = pattern[*at];
                    assert!(escaped.is_ascii_punctuation(), "the class \\{escaped} is not known here");
                    *at += 1;
                    Atom::One { ranges: vec![(escaped, escaped)], not: false }
                }
                '.' | '?' | '*' | '+' | '{' => panic!("{character} is not known here"),
                other => Atom::One { ranges: vec![(other, other)], not: false },
            };
            let (least, most) = read_times(pattern, at);
            ways.last_mut().unwrap().push(Piece { atom, least, most });
        }
        Self(ways)
    }

    fn holds(&self, text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
        self.0.iter().any(|pieces| run(pieces, 0, text, at, then))
    }
}

fn read_class(pattern: &[char], at: &mut usize) -> Atom {
    let not = pattern[*at] == '^';
    *at += usize::from(not);
    let mut ranges = Vec::new();
    while pattern[*at] != ']' {
        let first = pattern[*at];
        if pattern[*at + 1] == '-' {
            ranges.push((first, pattern[*at + 2]));
            *at += 3;
        } else {
            ranges.push((first, first));
            *at += 1;
        }
    }
    *at += 1;
    Atom::One { ranges, not }
}

fn read_times(pattern: &[char], at: &mut usize) -> (usize, usize) {
    let times = match pattern.get(*at) {
        Some('?') => (0, 1),
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('{') => {
            let digits: String = pattern[*at + 1..].iter().take_while(|c| **c != '}').collect();
            *at += digits.len() + 1;
            let number = digits.parse().unwrap();
            (number, number)
        }
        _ => return (1, 1),
    };
    *at += 1;
    times
}

/// Whether the pieces hold from here on, this one having been taken so often.
fn run(pieces: &[Piece], taken: usize, text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return then(at) };
    let more = taken < piece.most
        && match &piece.atom {
            Atom::Start => at == 0 && run(pieces, piece.most, text, at, then),
            Atom::End => at == text.len() && run(pieces, piece.most, text, at, then),
            Atom::One { ranges, not } => {
                let fits = |c: &char| ranges.iter().any(|(from, to)| (from..=to).contains(&c)) != *not;
                text.get(at).is_some_and(fits) && run(pieces, taken + 1, text, at + 1, then)
            }
            Atom::Group(group) => group.holds(text, at, &mut |end| end > at && run(pieces, taken + 1, text, end, then)),
        };
    more || (taken >= piece.least && run(rest, 0, text, at, then))
}
