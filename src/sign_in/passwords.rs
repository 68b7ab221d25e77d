//! Passwords: which are refused when they are chosen, and how they are hashed and compared without stalling the server.

use argon2::{Params, password_hash::phc::PasswordHash};
use zxcvbn::{Score, zxcvbn};

use super::argon;
use crate::{
    App,
    web::{error::Error, form::Errors},
};

/// The fewest characters of a password that stands alone (NIST SP 800-63B-4).
pub const SHORTEST: usize = 15;
/// The most characters: enough for any phrase, too few to keep the hashing busy.
pub const LONGEST: usize = 128;

/// What stands below the field of a new password.
pub const HINT: &str = "At least 15 characters. Three or four unrelated words do well.";

/// What is said of a password that the list of breached ones has.
pub const BREACHED: &str =
    "The password is on a list of stolen ones, which strangers try first. Use three or four unrelated words.";

/// What is compared for an address that nobody has, so that the answer takes as long as for one that somebody has. The
/// hash of a random password that was thrown away, with the parameters of [`Params::default`].
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$baM4hlve1DW6YOQlNeRaWg$eM3AOX6KNAsZTe9EibiJNKZqic1KAhTmnQ1cZvYckpo";

/// Words that say where a password is used. Together with the company's and the person's they make a weak one.
const FAMILIAR: [&str; 38] = [
    "attain",
    "sales",
    "sale",
    "seller",
    "target",
    "quota",
    "commission",
    "bonus",
    "visit",
    "deal",
    "customer",
    "rep",
    "manager",
    "finance",
    "admin",
    "team",
    "company",
    "password",
    "passwort",
    "passord",
    "welcome",
    "login",
    "secret",
    "letmein",
    "changeme",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Says what is wrong with a new password. `about` holds the names of the company and the person, and the address.
pub fn check(password: &str, about: &[&str]) -> Result<(), String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(format!(
            "The password has {length} characters. Use {SHORTEST} or more: three or four unrelated words do well."
        ));
    }
    if length > LONGEST {
        return Err(format!("The password has {length} characters; {LONGEST} are possible."));
    }
    let names = words(about);
    if is_made_of(password, &names) {
        return Err(
            "The password is made of words that a stranger would try first. Use three or four unrelated words.".into(),
        );
    }
    let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
    if zxcvbn(password, &inputs).score() < Score::Three {
        return Err("The password is easy to guess. Use three or four unrelated words.".into());
    }
    Ok(())
}

/// Judges a new password that was typed twice, in the fields `new_password` and `repeat_password`.
pub async fn check_new(app: &App, password: &str, repeated: &str, about: &[&str]) -> Result<Errors, Error> {
    let mut errors = Errors::new();
    if let Err(words) = check(password, about) {
        errors.add("new_password", words);
    } else if password != repeated {
        errors.add("repeat_password", "The two passwords differ. Type the same one again.");
    } else if is_breached(app, password).await? {
        errors.add("new_password", BREACHED);
    }
    Ok(errors)
}

/// Whether the list of breached passwords has it. A disk that is slow keeps nobody else waiting.
async fn is_breached(app: &App, password: &str) -> Result<bool, Error> {
    let Some(list) = app.breached.clone() else { return Ok(false) };
    let password = password.to_owned();
    let found = tokio::task::spawn_blocking(move || list.contains(&password)).await;
    found.map_err(|e| Error::Internal(e.to_string()))?.map_err(|e| Error::Internal(format!("breached passwords: {e}")))
}

/// The words of names and addresses.
fn words(about: &[&str]) -> Vec<String> {
    about
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3)
        .chain(FAMILIAR.map(str::to_owned))
        .collect()
}

/// Whether little is left of the password without these words, a year and punctuation, also when the words are written
/// with figures for letters (s4les).
fn is_made_of(password: &str, words: &[String]) -> bool {
    const LITTLE: usize = 6;
    let plain: Vec<char> = password.to_lowercase().chars().collect();
    let respelled: Vec<char> = plain.iter().map(|&c| letter_for(c)).collect();
    let mut rest = plain.clone();
    for word in words {
        let word: Vec<char> = word.chars().collect();
        for text in [&plain, &respelled] {
            for (at, window) in text.windows(word.len()).enumerate() {
                if window == word {
                    rest.iter_mut().skip(at).take(word.len()).for_each(|c| *c = ' ');
                }
            }
        }
    }
    let left: String = rest.iter().collect();
    let left = left.split(|c: char| !c.is_alphanumeric()).filter(|part| !is_year(part));
    rest != plain && left.map(|part| part.chars().count()).sum::<usize>() < LITTLE
}

fn letter_for(figure: char) -> char {
    match figure {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn is_year(part: &str) -> bool {
    part.len() == 4 && (part.starts_with("19") || part.starts_with("20")) && part.chars().all(|c| c.is_ascii_digit())
}

/// What comparing a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the right one.
    Right,
    /// It is the right one, and this is its hash with today's parameters, to be stored instead.
    RightRehashed(String),
    /// It is a wrong one, or there is nothing to compare it with.
    Wrong,
}

/// Hashes a new password.
pub async fn hash(app: &App, password: String) -> Result<String, Error> {
    app.hashing.run(move |memory| argon::hashed(memory, &password).map_err(broken)).await
}

/// Compares a password with a stored hash. Without one it takes as long and is wrong.
pub async fn compare(app: &App, password: String, stored: Option<String>) -> Result<Verdict, Error> {
    app.hashing
        .run(move |memory| {
            let known = stored.is_some();
            let stored = stored.as_deref().unwrap_or(NOBODYS);
            let parsed = PasswordHash::new(stored).map_err(broken)?;
            let right = argon::is_right(memory, &password, &parsed).is_ok_and(|right| right);
            Ok(match (right && known, is_current(&parsed)) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightRehashed(argon::hashed(memory, &password).map_err(broken)?),
            })
        })
        .await
}

/// Hashes a new password on this thread: the command line, which has nobody to keep waiting.
pub fn hash_here(password: &str) -> Result<String, Error> {
    argon::hashed(&mut argon::Memory::new(), password).map_err(broken)
}

fn is_current(hash: &PasswordHash) -> bool {
    let today = Params::default();
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    hash.algorithm.as_str() == "argon2id" && Params::try_from(hash).is_ok_and(|params| costs(&params) == costs(&today))
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: [&str; 3] = ["Nordlys Catering", "Ingrid Solberg", "ingrid.solberg@nordlys.example"];

    #[test]
    fn passwords_are_refused_for_a_reason() {
        for (password, reason) in [
            ("", "has 0 characters"),
            ("sommerfugl-kano", ""), // 15 characters
            ("sommerfugl-kan", "has 14 characters"),
            ("ééééééééééééééé", "easy to guess"), // 15 characters, 30 bytes
            ("123456789012345", "easy to guess"),
            ("qwertyuiopasdfghjkl", "easy to guess"),
            ("Summer2025!Sales", "stranger would try"),
            ("Summer 2025 ! Sales 2025", "stranger would try"),
            ("Sommerfugl-Nordlys", ""),
            ("s4les-T4rget-2026!!", "stranger would try"),
            ("IngridSolberg1234", "stranger would try"),
            ("Nordlys+Catering+99", "stranger would try"),
            ("AttainAttainAttain", "stranger would try"),
            ("nordlys paraffin tuba nebel", ""),
            ("oslo 8392 0174 8302 9143", ""),
            ("tuba paraffin nebel kran", ""),
            ("🦊🦊🐢 parafin nebel", ""),
        ] {
            match check(password, &ABOUT) {
                Ok(()) => assert_eq!(reason, "", "{password} was taken"),
                Err(words) => assert!(!reason.is_empty() && words.contains(reason), "{password}: {words}"),
            }
        }
        assert!(check(&"tuba paraffin ".repeat(10)[..128], &ABOUT).is_ok());
        assert!(check(&"tuba paraffin ".repeat(10)[..129], &ABOUT).is_err());
    }

    #[test]
    fn nobodys_password_costs_what_anybodys_costs() {
        let hash = PasswordHash::new(NOBODYS).unwrap();
        assert!(is_current(&hash));
        let fresh = hash_here("tuba paraffin nebel kran").unwrap();
        assert!(fresh.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{fresh}");
        assert_eq!(fresh.len(), NOBODYS.len());
    }
}
