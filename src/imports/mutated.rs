//! Files that were damaged at random: read to their end, with a file, line and column for whatever is wrong. `make fuzz` tries
//! a million.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use time::macros::date;

use super::{
    cell,
    problem::Problems,
    source::{SentFile, Source},
    table::{self, MOST_COLUMNS, Table},
    templates::{format, kinds, template},
    upload,
};
use crate::{
    domain::{id::UserId, money::Currency},
    web::{form::Errors, upload::Uploaded},
};

/// What stands in files of real people, and what nobody expects.
const PIECES: [&[u8]; 26] = [
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xf0\x9f",
    b"\x1a",
    b"\t",
    b" ",
    b"'=1+1",
    b"-",
    b"1e9",
    b"99999999999999999999",
    b"0000-00-00",
    b"9999-12-31",
    b"R1:2;R1:3",
    b"\"a\nb\"",
    "\u{202e}\u{0}\u{fffd}".as_bytes(),
    b",,,,,,,,,,,,,,,,,,,,",
    b"name,name",
];

#[derive(Clone, Debug)]
enum Damage {
    Insert(Index, &'static [u8]),
    /// So many times the same.
    Swell(Index, &'static [u8], usize),
    Cut(Index, Index),
    Overwrite(Index, u8),
    /// A line is there twice.
    Repeat(Index),
    /// The file ends here.
    Tear(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let piece = || select(PIECES.to_vec());
    prop_oneof![
        4 => (any::<Index>(), piece()).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        1 => (any::<Index>(), piece(), select(vec![50, 500, 20_000])).prop_map(|(at, piece, times)| Damage::Swell(at, piece, times)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Cut(from, to)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Overwrite(at, byte)),
        2 => any::<Index>().prop_map(Damage::Repeat),
        1 => any::<Index>().prop_map(Damage::Tear),
    ]
}

fn damaged(mut bytes: Vec<u8>, by: &[Damage]) -> Vec<u8> {
    for damage in by {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match damage {
            Damage::Insert(index, piece) => {
                let at = at(index);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Swell(index, piece, times) => {
                let at = at(index);
                bytes.splice(at..at, piece.repeat(*times));
            }
            Damage::Cut(one, other) => {
                let (one, other) = (at(one), at(other));
                bytes.drain(one.min(other)..one.max(other));
            }
            Damage::Overwrite(index, byte) => {
                let at = at(index);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Damage::Repeat(index) => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let line = lines.get(index.index(lines.len() + 1)).map(|line| line.to_vec()).unwrap_or_default();
                bytes.extend(line);
            }
            Damage::Tear(index) => bytes.truncate(at(index)),
        }
    }
    bytes
}

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

/// Reads every cell of a file as everything that a cell can be.
fn read(name: &'static str, content: Vec<u8>) -> Problems {
    let format = format(name).unwrap();
    // CRLF is one line end, and each of its halves is one by itself.
    let lines = String::from_utf8_lossy(&content).replace("\r\n", "\n").split(['\r', '\n']).count();
    let lines = u64::try_from(lines).unwrap();
    let reps = HashMap::from([("R1".to_owned(), UserId(1))]);
    let mut errors = Errors::new();
    let sent = upload::parse(vec![Uploaded { name: name.to_owned(), content: content.clone() }], &mut errors);
    assert!(upload::strangers(&sent, &[]).unwrap().len() <= MOST_COLUMNS);
    let files = [SentFile { name, content, columns: vec![] }];
    let source = Source::Sent(&files);
    let mut problems = Problems::default();
    let mut rows = 0;
    if let Some(mut table) = Table::open(source, format, &mut problems).unwrap() {
        while let Some(mut row) = table.next(&mut problems).unwrap() {
            rows += 1;
            assert!((1..=lines).contains(&row.line), "line {} of {lines}", row.line);
            for column in format.columns {
                row.is_empty(column.name);
                row.text(column.name, 40);
                row.word(column.name, &["won", "open"]);
                row.past_date(column.name, date!(2026 - 11 - 19));
                row.money(column.name, euro());
                row.decimal(column.name);
                row.whole(column.name, 0, 12);
                row.rep(column.name, &reps);
                row.currency(column.name);
                row.days(column.name, "to");
                if let Some(text) = row.text(column.name, 2000) {
                    let _ = cell::credits(text);
                }
            }
            row.others();
        }
    }
    table::first_currency(source, format).unwrap();
    assert!(rows <= lines, "{rows} rows of {lines} lines");
    for problem in problems.listed() {
        assert_eq!(problem.file, name);
        assert!((1..=lines).contains(&problem.line), "{problem}");
        assert!(!problem.column.is_empty() && !problem.remedy.is_empty(), "{problem}");
        assert!(!problem.to_string().chars().any(|c| c == '\0' || c == '\n'), "{problem}");
    }
    problems
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_file_holds_is_read_or_refused_in_place(
        which in any::<Index>(),
        rows in 0..4_usize,
        by in vec(damage(), 0..6),
    ) {
        let tables: Vec<&'static str> = kinds().iter().map(|kind| kind.file).filter(|file| format(file).is_some()).collect();
        let name = tables[which.index(tables.len())];
        let mut content = template(name, euro()).unwrap();
        let row = content.split_inclusive(|byte| *byte == b'\n').next_back().unwrap().to_vec();
        content.extend(row.repeat(rows));
        let since = Instant::now();
        read(name, damaged(content, &by));
        prop_assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    }
}

#[test]
fn a_quote_that_is_never_closed_is_told_on_its_line() {
    let header = "external_id,rep,customer,visited_on";
    for (rows, line) in [
        ("\"V1,R1,C1,2025-01-01\n", 2),
        ("\"V1,R1,C1,2025-01-01", 2),
        ("\"V1,R1,C1,2025-01-01\r\n", 2),
        ("\"V1,R1,C1,2025-01-01\nV2,R1,C1,2025-01-01\n", 2),
        ("V1,R1,C1,2025-01-01\n\n\"V2,R1,C1,2025-01-01\n\n", 4),
        ("\"V1,R1,C1,2025-01-01\r", 2),
        ("V1,R1,C1,2025-01-01\r\"V2,R1,C1,2025-01-01\r\r", 3),
        ("\r\"V1\r\"\r", 3),
        ("\"V1\r\",\"\nR1\"\rV2\r", 5), // the two line ends are of two cells
        ("\n\"V1\n\"\n", 3),            // closed: the last line end is none of the cell's
    ] {
        let problems = read("visits.csv", format!("{header}\n{rows}").into_bytes());
        let told = problems.listed().last().map(|problem| problem.line);
        assert_eq!(told, Some(line), "{rows:?}");
    }
}

#[test]
fn a_header_of_very_many_columns_is_refused_at_once() {
    let columns = |count: usize| (0..count).map(|number| format!("c{number}")).collect::<Vec<_>>().join(",");
    let since = Instant::now();
    let wide = format!("external_id,name,{}\nC1,Nordlys\n", columns(160_000));
    let problems = read("customers.csv", wide.into_bytes());
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    let told: Vec<String> = problems.listed().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "customers.csv, line 1, column 201, value \"c198\": The header has 160002 columns, and 200 are possible. Remove those that are not needed."
        ]
    );
    let most = format!("external_id,name,owner,{}\n", columns(MOST_COLUMNS - 3));
    assert!(read("customers.csv", most.into_bytes()).is_empty());
}

#[test]
fn what_is_large_takes_time_by_its_length_only() {
    let time = |times: usize| {
        let attributes: Vec<String> = (0..150).map(|number| format!("attribute_{number}")).collect();
        let row = format!("C1,Nordlys,R1{}\n", ",x".repeat(attributes.len()));
        let file = format!("external_id,name,owner,{}\n{}", attributes.join(","), row.repeat(times));
        let since = Instant::now();
        read("customers.csv", file.into_bytes());
        since.elapsed()
    };
    let (small, large) = (time(100).max(Duration::from_millis(20)), time(1000));
    assert!(large < small * 40, "ten times as many rows: {large:?} after {small:?}");
    let since = Instant::now();
    for piece in [&b"\""[..], b",", b"\n", b"\r", b"\0", b"\xff", b"a", b"\"\","] {
        let mut file = b"external_id,name,owner\n".to_vec();
        file.extend(piece.repeat(1 << 20));
        read("customers.csv", file);
    }
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
}
