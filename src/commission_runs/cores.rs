//! The same work for each of many reps, on all cores.

use std::{num::NonZero, panic, thread};

/// Fewer are done sooner than another thread begins.
const FEWEST: usize = 32;

/// What comes of each, in the order in which they are given.
pub fn on_all_cores<T: Sync, R: Send>(all: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    on_cores(cores, all, &each)
}

fn on_cores<T: Sync, R: Send>(cores: usize, all: &[T], each: &(impl Fn(&T) -> R + Sync)) -> Vec<R> {
    let mut parts = all.chunks(all.len().div_ceil(cores).max(FEWEST));
    let mine = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().map(each).collect::<Vec<R>>())).collect();
        let mut done: Vec<R> = mine.iter().map(each).collect();
        for part in others {
            done.extend(part.join().unwrap_or_else(|fault| panic::resume_unwind(fault)));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_each_is_in_their_order() {
        for count in [0, 1, 31, 32, 33, 100, 1001] {
            let all: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = all.iter().map(|one| one * 2).collect();
            for cores in [1, 2, 3, 16] {
                assert_eq!(on_cores(cores, &all, &|one| one * 2), expected, "{count} on {cores}");
            }
            assert_eq!(on_all_cores(&all, |one| one * 2), expected);
        }
    }

    #[test]
    #[should_panic(expected = "fault of the 40th")]
    fn a_fault_is_not_swallowed() {
        let all: Vec<usize> = (0..100).collect();
        on_cores(4, &all, &|one| assert!(*one != 40, "fault of the 40th"));
    }
}
