//! Recovery codes: kept on paper, each good for one sign-in without the phone.

use super::totp::{LETTERS, base32};
use crate::web::auth::hash_token;

/// How many there are.
pub const COUNT: usize = 10;
/// Sixteen letters of five bits: 80 bits.
const LENGTH: usize = 16;

/// New ones: as people read them, and as they are stored. A plain hash will do for what nobody can guess.
pub fn new() -> (Vec<String>, Vec<[u8; 32]>) {
    let codes = (0..COUNT).map(|_| base32(&rand::random::<[u8; 10]>()));
    codes.map(|code| (grouped(&code), hash_token(&code))).unzip()
}

/// `ABCD-EFGH-IJKL-MNOP`.
fn grouped(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is stored of a typed code; nothing where it cannot be one. Dashes, spaces and small letters do not matter, and
/// figures that no code has are the letters that they look like.
pub fn hash(typed: &str) -> Option<[u8; 32]> {
    let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| match c.to_ascii_uppercase() {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        letter => letter,
    });
    let code: String = letters.collect();
    let is_code = code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte));
    is_code.then(|| hash_token(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_of_different_codes_that_are_read_again() {
        let (codes, hashes) = new();
        assert_eq!((codes.len(), hashes.len()), (10, 10));
        for (code, stored) in codes.iter().zip(&hashes) {
            assert_eq!(code.len(), 19, "{code}");
            assert_eq!(hash(code), Some(*stored));
            assert_eq!(hash(&format!(" {} ", code.to_lowercase().replace('-', " "))), Some(*stored));
        }
        let mut different = hashes.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 10);
    }

    #[test]
    fn figures_are_read_as_the_letters_that_they_look_like() {
        assert_eq!(hash("OIBA-OIBA-OIBA-OIBA"), hash("018a018a018a018a"));
        for typed in ["123456", "", "OIBA-OIBA-OIBA-OIB", "OIBA-OIBA-OIBA-OIBA-O", "OIBA-OIBA-OIBA-OI9A"] {
            assert_eq!(hash(typed), None, "{typed}");
        }
    }
}
