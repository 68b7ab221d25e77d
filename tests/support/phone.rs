//! An authenticator app.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use time::OffsetDateTime;

/// An authenticator app, written for the tests by the letter of RFC 6238: what the program does is compared with it.
#[derive(Clone)]
pub struct Phone {
    /// In base32.
    pub secret: String,
}

impl Phone {
    /// What it shows at an instant.
    pub fn code(&self, at: OffsetDateTime) -> String {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits: String = self.secret.chars().map(|c| format!("{:05b}", letters.find(c).unwrap())).collect();
        let key: Vec<u8> = bits.as_bytes().chunks_exact(8).map(byte).collect();
        let counter = u64::try_from(at.unix_timestamp() / 30).unwrap();
        let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(&key).unwrap().chain_update(counter.to_be_bytes());
        let mac: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(mac[19] & 15);
        let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

fn byte(bits: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(bits).unwrap(), 2).unwrap()
}
