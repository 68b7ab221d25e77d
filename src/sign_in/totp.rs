//! Codes that change every 30 seconds (TOTP, RFC 6238): six digits that follow from a shared secret and the time.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use time::OffsetDateTime;

/// So many seconds a code is shown.
const STEP: i64 = 30;
/// Six digits.
const CODES: u32 = 1_000_000;
/// A code of the step before or after is right too: clocks differ, and people need time to type.
const SKEW: i64 = 1;

/// What the server and the person's app share: 160 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 20]);

impl Secret {
    /// A new one.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The one that is stored.
    pub fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// What is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How it is typed into an app: base32, 32 letters and figures.
    pub fn text(&self) -> String {
        base32(&self.0)
    }

    /// What the QR code says and a link opens: the secret for the account of this address.
    pub fn address(&self, email: &str) -> String {
        let email = utf8_percent_encode(email, NON_ALPHANUMERIC);
        format!("otpauth://totp/Attain:{email}?secret={}&issuer=Attain", self.text())
    }

    /// The step to which a typed code belongs, around this instant. All three codes are worked out and compared as
    /// numbers, whichever fits: how long it takes tells nothing.
    pub fn step_of(&self, typed: &str, now: OffsetDateTime) -> Option<i64> {
        let typed = read(typed)?;
        let current = now.unix_timestamp().div_euclid(STEP);
        let mut found = None;
        for step in current - SKEW..=current + SKEW {
            let fits = self.code(step) == typed;
            found = if fits { Some(step) } else { found };
        }
        found
    }

    /// The code of a step (RFC 4226, 5.3).
    fn code(&self, step: i64) -> u32 {
        // HMAC fills a short key up with zeros; a whole block is a key that it always takes.
        let mut key = [0; 64];
        for (to, from) in key.iter_mut().zip(self.0) {
            *to = from;
        }
        let mac = Hmac::<Sha1>::new(&key.into()).chain_update(step.to_be_bytes()).finalize().into_bytes();
        let offset = usize::from(mac.last().copied().unwrap_or_default() & 0xf);
        let four = mac.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        (number & 0x7fff_ffff) % CODES
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Six digits, with spaces where apps show them.
fn read(typed: &str) -> Option<u32> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let is_code = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_code)
}

/// Base32 (RFC 4648) of bytes that fill whole letters.
pub(super) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.extend(letter(bits >> held));
            bits &= (1 << held) - 1;
        }
    }
    text
}

fn letter(number: u32) -> Option<char> {
    let place = usize::try_from(number).ok()?;
    LETTERS.get(place).copied().map(char::from)
}

/// The letters and figures of base32.
pub(super) const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;

    const RFC: Secret = Secret(*b"12345678901234567890");

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    /// RFC 6238, appendix B, the rows of SHA-1; the last six of the eight digits there.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(format!("{:06}", RFC.code(seconds / 30)), code, "{seconds}");
            assert_eq!(RFC.step_of(code, at(seconds)), Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_of_the_step_before_or_after_fits() {
        let now = at(1_234_567_890);
        let step = 1_234_567_890 / 30;
        for (away, fits) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let code = format!("{:06}", RFC.code(step + away));
            assert_eq!(RFC.step_of(&code, now), fits.then_some(step + away), "{away}");
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for (typed, read_as) in [
            ("005924", Some(5_924)),
            (" 005 924 ", Some(5_924)),
            ("5924", None),
            ("0005924", None),
            ("+05924", None),
            ("-05924", None),
            ("٠٠٥٩٢٤", None),
            ("", None),
        ] {
            assert_eq!(read(typed), read_as, "{typed}");
        }
    }

    /// RFC 4648, section 10; the secret of RFC 6238 as tools write it.
    #[test]
    fn secrets_are_typed_as_base32() {
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(RFC.text(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            RFC.address("ingrid@example.com"),
            "otpauth://totp/Attain:ingrid%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Attain"
        );
    }

    #[test]
    fn a_secret_is_never_shown_by_accident() {
        assert_eq!(format!("{RFC:?}"), "…");
        assert_eq!(Secret::stored(RFC.bytes()), Some(RFC));
        assert_eq!(Secret::stored(b"short"), None);
        assert_ne!(Secret::random(), Secret::random());
    }
}
