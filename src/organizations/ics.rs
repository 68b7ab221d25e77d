//! Calendar files (RFC 5545): the whole days of their events, with names, as far as they are holidays.

use std::{collections::BTreeMap, ops::RangeInclusive};

use time::{Date, Month};

use crate::domain::period::{add_days, month_number};

/// What a calendar file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// The days, in order, each once: the name of the first event on it.
    pub days: BTreeMap<Date, String>,
    /// The lines of what was left out, and why.
    pub left_out: Vec<(usize, String)>,
}

/// What is wrong with a file, and in which of its lines, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub words: String,
}

/// The most days that one event may have.
const LONGEST: i64 = 31;
/// The most characters of a name.
const NAME: usize = 120;

/// A line of the file: folded ones are one, with the number of the first.
struct Line {
    number: usize,
    name: String,
    params: String,
    value: String,
}

/// An event, as far as it was read.
#[derive(Default)]
struct Event {
    line: usize,
    start: Option<Date>,
    end: Option<Date>,
    /// So many days, where the file says so instead of an end.
    days: Option<i64>,
    timed: bool,
    summary: String,
    rule: Option<(usize, String)>,
    /// What says more about its days than is understood.
    unread: Option<(usize, &'static str)>,
    without: Vec<Date>,
    cancelled: bool,
}

/// Reads a file; days outside these years are left out in silence. Yearly events are repeated through the last of the
/// years.
pub fn read(content: &[u8], years: &RangeInclusive<i32>) -> Result<Calendar, Fault> {
    let fault = |line: usize, words: &str| Fault { line, words: words.to_owned() };
    let text = std::str::from_utf8(content).map_err(|e| {
        let line = content.iter().take(e.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        fault(line, "is not valid text (UTF-8). Save the calendar again.")
    })?;
    if text.contains('\0') {
        return Err(fault(1, "is no calendar: the file holds NUL characters."));
    }
    let lines = unfolded(text.strip_prefix('\u{feff}').unwrap_or(text))?;
    let first = lines.first().ok_or_else(|| fault(1, "is missing: the file is empty."))?;
    if first.name != "BEGIN" || !first.value.eq_ignore_ascii_case("VCALENDAR") {
        return Err(fault(first.number, "should be BEGIN:VCALENDAR. This is no calendar file."));
    }
    let mut found = Calendar::default();
    let mut event: Option<Event> = None;
    // What stands inside of an event, an alarm for instance, says nothing about its days.
    let mut inside = 0_usize;
    for line in &lines {
        match (line.name.as_str(), line.value.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", "VEVENT", None) => event = Some(Event { line: line.number, ..Event::default() }),
            ("BEGIN", "VEVENT", Some(open)) => {
                return Err(fault(line.number, &format!("begins an event inside of the one of line {}.", open.line)));
            }
            ("END", "VEVENT", Some(_)) => {
                if let Some(done) = event.take() {
                    keep(&done, years, &mut found)?;
                }
            }
            ("END", "VEVENT", None) => return Err(fault(line.number, "ends an event that has not begun.")),
            ("BEGIN", _, Some(_)) => inside += 1,
            ("END", _, Some(_)) => inside = inside.saturating_sub(1),
            (_, _, Some(open)) if inside == 0 => property(open, line)?,
            _ => {}
        }
    }
    match event {
        Some(open) => Err(fault(open.line, "begins an event that does not end. The file is cut off.")),
        None => Ok(found),
    }
}

fn unfolded(text: &str) -> Result<Vec<Line>, Fault> {
    let mut joined: Vec<(usize, String)> = vec![];
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix([' ', '\t']), joined.last_mut()) {
            (Some(rest), Some((_, before))) => before.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => joined.push((number, line.to_owned())),
        }
    }
    let split = |(number, line): (usize, String)| {
        // A colon in quotes belongs to a parameter.
        let mut quoted = false;
        let colon = line.char_indices().find_map(|(at, letter)| {
            quoted ^= letter == '"';
            (letter == ':' && !quoted).then_some(at)
        });
        let Some((head, value)) = colon.and_then(|at| Some((line.get(..at)?, line.get(at + 1..)?))) else {
            return Err(Fault { line: number, words: "has no colon between name and value.".to_owned() });
        };
        let (name, params) = head.split_once(';').unwrap_or((head, ""));
        let (name, params) = (name.to_ascii_uppercase(), params.to_ascii_uppercase());
        Ok(Line { number, name, params, value: value.trim_end().to_owned() })
    };
    joined.into_iter().map(split).collect()
}

fn property(event: &mut Event, line: &Line) -> Result<(), Fault> {
    let is_day =
        line.params.contains("VALUE=DATE") && !line.params.contains("VALUE=DATE-TIME") || line.value.len() == 8;
    match line.name.as_str() {
        "DTSTART" | "DTEND" if !is_day => event.timed = true,
        "DTSTART" => event.start = Some(day(line, &line.value)?),
        "DTEND" => event.end = Some(day(line, &line.value)?),
        "DURATION" => match whole_days(&line.value) {
            Some(days) => event.days = Some(days),
            None => event.unread = Some((line.number, "its duration is not in whole days or weeks, like P3D or P1W")),
        },
        "RDATE" => event.unread = Some((line.number, "its further days (RDATE) are not understood")),
        "EXDATE" if is_day => {
            for value in line.value.split(',') {
                event.without.push(day(line, value)?);
            }
        }
        "SUMMARY" => event.summary = plain(&line.value),
        "RRULE" => event.rule = Some((line.number, line.value.to_ascii_uppercase())),
        "STATUS" => event.cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
        _ => {}
    }
    Ok(())
}

/// `P3D` is 3, `P1W` is 7.
fn whole_days(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let text = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
    let (digits, each) =
        text.strip_suffix('W').map(|weeks| (weeks, 7)).or(text.strip_suffix('D').map(|days| (days, 1)))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse::<i64>().ok()?.checked_mul(each)).flatten()
}

/// A date like `20261224`.
fn day(line: &Line, text: &str) -> Result<Date, Fault> {
    parse_day(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Fault { line: line.number, words: format!("“{shown}” is not a date like 20261224.") }
    })
}

fn parse_day(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<u8>().ok();
    let month = Month::try_from(number(text.get(4..6)?)?).ok()?;
    let date = Date::from_calendar_date(text.get(..4)?.parse().ok()?, month, number(text.get(6..)?)?).ok()?;
    (1900..3000).contains(&date.year()).then_some(date)
}

/// A text without its escapes, in one line.
fn plain(value: &str) -> String {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') => text.push(' '),
                Some(other) => text.push(other),
                None => {}
            },
            letter if letter.is_control() => text.push(' '),
            letter => text.push(letter),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME).collect()
}

/// Notes the days of an event, or why it has none.
fn keep(event: &Event, years: &RangeInclusive<i32>, found: &mut Calendar) -> Result<(), Fault> {
    let fault = |words: &str| Fault { line: event.line, words: words.to_owned() };
    if event.cancelled {
        return Ok(());
    }
    if event.timed {
        found.left_out.push((event.line, format!("“{}” is not for whole days.", event.summary)));
        return Ok(());
    }
    if let Some((line, why)) = event.unread {
        found.left_out.push((line, format!("“{}”: {why}.", event.summary)));
        return Ok(());
    }
    let start = event.start.ok_or_else(|| fault("begins an event without DTSTART."))?;
    if event.summary.is_empty() {
        return Err(fault("begins an event without a name (SUMMARY)."));
    }
    let length = match (event.end, event.days) {
        (Some(end), _) => (end - start).whole_days(),
        (None, days) => days.unwrap_or(1),
    };
    if length < 1 {
        return Err(fault("begins an event that ends before it begins."));
    }
    if length > LONGEST {
        found.left_out.push((event.line, format!("“{}” lasts longer than {LONGEST} days.", event.summary)));
        return Ok(());
    }
    let starts = match &event.rule {
        None => vec![start],
        Some((line, rule)) => {
            let Some(starts) = yearly(rule, start, *years.end()) else {
                let words = format!("“{}”: only yearly repetitions on the same date are understood.", event.summary);
                found.left_out.push((*line, words));
                return Ok(());
            };
            starts
        }
    };
    for start in starts.into_iter().filter(|start| !event.without.contains(start)) {
        for day in (0..length).map(|days| add_days(start, days)).filter(|day| years.contains(&day.year())) {
            found.days.entry(day).or_insert_with(|| event.summary.clone());
        }
    }
    Ok(())
}

/// The beginnings of an event that is repeated every year, or every few years, on its date.
fn yearly(rule: &str, start: Date, last_year: i32) -> Option<Vec<Date>> {
    let (mut interval, mut count, mut until, mut is_yearly) = (1_i32, usize::MAX, Date::MAX, false);
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        match part.split_once('=')? {
            ("FREQ", "YEARLY") => is_yearly = true,
            ("INTERVAL", value) => interval = value.parse().ok().filter(|years| (1..=100).contains(years))?,
            ("COUNT", value) => count = value.parse().ok()?,
            // With a time of day it is the same day.
            ("UNTIL", value) => until = parse_day(value.get(..8)?)?,
            ("BYMONTH", value) if value.parse().ok() == Some(i32::from(u8::from(start.month()))) => {}
            ("BYMONTHDAY", value) if value.parse().ok() == Some(start.day()) => {}
            ("WKST", _) => {}
            _ => return None,
        }
    }
    let step = usize::try_from(interval).ok()?;
    // Of a 29 February there is none in other years, and none is counted.
    let on =
        |year: i32| Date::from_calendar_date(year, month_number(i32::from(u8::from(start.month()))), start.day()).ok();
    let dates = (start.year()..=last_year).step_by(step).filter_map(on);
    is_yearly.then(|| dates.take(count).take_while(|date| *date <= until).collect())
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const YEARS: RangeInclusive<i32> = 2026..=2028;

    fn file(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VEVENT\r\n{lines}END:VEVENT\r\n")
    }

    fn days(events: &str) -> Vec<(Date, String)> {
        read(file(events).as_bytes(), &YEARS).unwrap().days.into_iter().collect()
    }

    #[test]
    fn whole_days_are_read_with_their_names() {
        let found = days(&event(
            "UID:1\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Jul\\, og\r\n  andre\r\n",
        ));
        let names: Vec<_> = found.iter().map(|(day, name)| (*day, name.as_str())).collect();
        let name = "Jul, og andre";
        assert_eq!(
            names,
            [(date!(2026 - 12 - 24), name), (date!(2026 - 12 - 25), name), (date!(2026 - 12 - 26), name)]
        );
        // Without an end it is one day; the first name of a day stands; an alarm says nothing.
        let found = days(
            &(event("DTSTART:20270101\nSUMMARY:New Year\nBEGIN:VALARM\nDTSTART:20270301\nEND:VALARM\n")
                + &event("DTSTART:20270101\nSUMMARY:Hangover\n")),
        );
        assert_eq!(found, [(date!(2027 - 01 - 01), "New Year".to_owned())]);
    }

    #[test]
    fn yearly_events_come_again() {
        let of = |rule: &str, start: &str| {
            let found = days(&event(&format!("DTSTART;VALUE=DATE:{start}\nSUMMARY:X\nRRULE:{rule}\n")));
            found.into_iter().map(|(day, _)| day).collect::<Vec<_>>()
        };
        let may = [date!(2026 - 05 - 17), date!(2027 - 05 - 17), date!(2028 - 05 - 17)];
        assert_eq!(of("FREQ=YEARLY", "19980517"), may);
        assert_eq!(of("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=17;WKST=MO", "20260517"), may);
        assert_eq!(of("FREQ=YEARLY;COUNT=2", "20260517"), may[..2]);
        assert_eq!(of("FREQ=YEARLY;UNTIL=20270517T000000Z", "20260517"), may[..2]);
        assert_eq!(of("FREQ=YEARLY;INTERVAL=2", "20260517"), [may[0], may[2]]);
        assert_eq!(of("FREQ=YEARLY", "20240229"), [date!(2028 - 02 - 29)]);
        let without = event("DTSTART:20260517\nSUMMARY:X\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20270517\n");
        assert_eq!(days(&without).len(), 2);
    }

    #[test]
    fn what_is_no_holiday_is_left_out_and_said() {
        let events = event("DTSTART:20261224T090000Z\nSUMMARY:Meeting\n")
            + &event("DTSTART:20261126\nSUMMARY:Thanksgiving\nRRULE:FREQ=YEARLY;BYDAY=4TH\n")
            + &event("DTSTART:20260101\nDTEND:20260601\nSUMMARY:Sabbatical\n")
            + &event("DTSTART:20261225\nSTATUS:CANCELLED\nSUMMARY:No Christmas\n")
            + &event("DTSTART:20190101\nSUMMARY:Long ago\n");
        let found = read(file(&events).as_bytes(), &YEARS).unwrap();
        assert!(found.days.is_empty());
        let told: Vec<_> = found.left_out.iter().map(|(line, words)| format!("{line} {words}")).collect();
        assert_eq!(
            told,
            [
                "3 “Meeting” is not for whole days.",
                "10 “Thanksgiving”: only yearly repetitions on the same date are understood.",
                "12 “Sabbatical” lasts longer than 31 days.",
            ]
        );
    }

    #[test]
    fn a_duration_says_how_many_days() {
        let of = |duration: &str| days(&event(&format!("DTSTART:20261224\nDURATION:{duration}\nSUMMARY:X\n")));
        assert_eq!(of("P3D").len(), 3);
        assert_eq!(of("P3D")[2].0, date!(2026 - 12 - 26));
        assert_eq!((of("P1W").len(), of("+p1d").len()), (7, 1));
        let told = |lines: &str| {
            let found = read(file(&event(lines)).as_bytes(), &YEARS).unwrap();
            assert!(found.days.is_empty(), "{:?}", found.days);
            found.left_out
        };
        for duration in ["PT36H", "P1DT12H", "P", "D", "P1M", "-P1D", "P99999999999999999999D", "P9223372036854775807W"]
        {
            let words = "“X”: its duration is not in whole days or weeks, like P3D or P1W.".to_owned();
            assert_eq!(
                told(&format!("DTSTART:20261224\nDURATION:{duration}\nSUMMARY:X\n")),
                [(5, words)],
                "{duration}"
            );
        }
        assert_eq!(told("DTSTART:20261224\nDURATION:P40D\nSUMMARY:X\n").len(), 1);
        let further = told("DTSTART:20261224\nRDATE;VALUE=DATE:20261231\nSUMMARY:X\n");
        assert_eq!(further, [(5, "“X”: its further days (RDATE) are not understood.".to_owned())]);
        let nothing = file(&event("DTSTART:20261224\nDURATION:P0D\nSUMMARY:X\n"));
        assert!(read(nothing.as_bytes(), &YEARS).unwrap_err().words.contains("ends before"));
    }

    #[test]
    fn bad_files_are_named_by_line() {
        for (text, line, words) in [
            (String::new(), 1, "empty"),
            ("name,date\n".to_owned(), 1, "no colon"),
            ("BEGIN:VCARD\nEND:VCARD\n".to_owned(), 1, "no calendar file"),
            (file(&event("DTSTART:20261301\nSUMMARY:X\n")), 4, "“20261301” is not a date"),
            (file(&event("DTSTART;VALUE=DATE:2026-12-24\nSUMMARY:X\n")), 4, "is not a date"),
            (file(&event("SUMMARY:X\n")), 3, "without DTSTART"),
            (file(&event("DTSTART:20261224\n")), 3, "without a name"),
            (file(&event("DTSTART:20261224\nDTEND:20261224\nSUMMARY:X\n")), 3, "ends before"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261224\n".to_owned(), 2, "cut off"),
            ("BEGIN:VCALENDAR\nEND:VEVENT\n".to_owned(), 2, "has not begun"),
            ("BEGIN:VCALENDAR\nX:\0\n".to_owned(), 1, "NUL"),
        ] {
            let fault = read(text.as_bytes(), &YEARS).unwrap_err();
            assert!(fault.line == line && fault.words.contains(words), "{text:?}: {fault:?}");
        }
        assert_eq!(read(b"BEGIN:VCALENDAR\nX:\xff\n", &YEARS).unwrap_err().line, 2);
    }
}
