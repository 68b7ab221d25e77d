//! Argon2id in memory that is kept: what the library's own `hash_password` and `verify_password` do, which take new memory each
//! time.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        Error,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// What a hash is worked out in: 19 MiB, as long as it is kept. Given back each time, it leaves holes in the heap that the next
/// does not fit into, and 20 sign-ins grow to 170.
pub type Memory = Vec<Block>;

/// A hash of a password with today's parameters and a fresh salt, to be stored.
///
/// # Errors
///
/// Where the password is longer than 4 GiB.
pub fn hashed(memory: &mut Memory, password: &str) -> Result<String, Error> {
    let (argon, salt) = (Argon2::default(), Salt::generate());
    let length = Params::DEFAULT_OUTPUT_LEN;
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon.params())?,
        hash: Some(output(memory, &argon, password, &salt, length)?),
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

/// Whether a password is the one of a hash, in a time that does not follow from how alike they are.
///
/// # Errors
///
/// Where the hash is none of Argon2.
pub fn is_right(memory: &mut Memory, password: &str, stored: &PasswordHash) -> Result<bool, Error> {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return Ok(false) };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = stored.version.map(Version::try_from).transpose()?.unwrap_or_default();
    let argon = Argon2::new(algorithm, version, Params::try_from(stored)?);
    Ok(output(memory, &argon, password, salt, expected.len())? == *expected)
}

fn output(memory: &mut Memory, argon: &Argon2, password: &str, salt: &Salt, length: usize) -> Result<Output, Error> {
    let blocks = argon.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
    argon.hash_password_into_with_memory(password.as_bytes(), salt.as_ref(), out, memory.as_mut_slice())?;
    Ok(Output::new(out)?)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    const PASSWORD: &str = "tuba paraffin nebel kran";

    #[test]
    fn it_agrees_with_the_library() {
        let mut memory = Memory::new();
        for (memory_cost, passes, lanes) in [(19_456, 2, 1), (64, 1, 1), (256, 3, 4), (64, 2, 2)] {
            let params = Params::new(memory_cost, passes, lanes, None).unwrap();
            for algorithm in [Algorithm::Argon2id, Algorithm::Argon2i] {
                for version in [Version::V0x10, Version::V0x13] {
                    let library = Argon2::new(algorithm, version, params.clone());
                    let stored: PasswordHash = library.hash_password(PASSWORD.as_bytes()).unwrap();
                    assert!(is_right(&mut memory, PASSWORD, &stored).unwrap(), "{stored}");
                    assert!(!is_right(&mut memory, "tuba paraffin nebel kram", &stored).unwrap(), "{stored}");
                }
            }
        }
        let hash = hashed(&mut memory, PASSWORD).unwrap();
        let stored = PasswordHash::new(&hash).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(Argon2::default().verify_password(PASSWORD.as_bytes(), &stored).is_ok());
        assert!(Argon2::default().verify_password(b"another", &stored).is_err());
        assert_ne!(hashed(&mut memory, PASSWORD).unwrap(), hash, "each has a salt of its own");
        assert_eq!(memory.len(), Params::default().block_count(), "the memory is taken once");
    }

    #[test]
    fn what_is_no_hash_of_argon2_is_told() {
        let mut memory = Memory::new();
        let stored = hashed(&mut memory, PASSWORD).unwrap();
        for broken in
            [stored.replace("argon2id", "scrypt"), stored.replace("v=19", "v=18"), stored.replace("t=2", "t=0")]
        {
            let refused = PasswordHash::new(&broken).is_ok_and(|hash| is_right(&mut memory, PASSWORD, &hash).is_err());
            assert!(refused, "{broken}");
        }
        let bare = PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1").unwrap();
        assert!(!is_right(&mut memory, PASSWORD, &bare).unwrap());
    }
}
