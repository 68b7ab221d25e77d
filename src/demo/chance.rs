//! Chance that can be repeated: the same seed gives the same company on every machine and in every version.

/// `SplitMix64` (Steele, Lea, Flood 2014): eight lines whose results no library upgrade changes.
pub struct Chance(u64);

impl Chance {
    /// A stream of chances from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number in `from..=to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = to.abs_diff(from) + 1;
        from + i64::try_from(self.next() % width).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, hundredths: i64) -> bool {
        self.between(1, 100) <= hundredths
    }

    /// One of these, which are not none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let last = i64::try_from(of.len()).unwrap_or(1) - 1;
        let index = usize::try_from(self.between(0, last)).unwrap_or(0);
        &of[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let mut a = Chance::new(7);
        let mut b = Chance::new(7);
        let of_a: Vec<i64> = (0..100).map(|_| a.between(-3, 3)).collect();
        let of_b: Vec<i64> = (0..100).map(|_| b.between(-3, 3)).collect();
        assert_eq!(of_a, of_b);
        assert!((-3..=3).all(|n| of_a.contains(&n)));
    }
}
