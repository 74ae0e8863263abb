//! The highest and lowest of the last rounds.

/// Keeps one value for each of the last `N` rounds; the newest is the one being lived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rounds<const N: usize>([Option<u64>; N]);

impl<const N: usize> Default for Rounds<N> {
    fn default() -> Self {
        Self([None; N])
    }
}

impl<const N: usize> Rounds<N> {
    /// A new round begins, without a value yet.
    pub(super) fn turn(&mut self) {
        self.0.rotate_right(1);
        if let Some(newest) = self.0.first_mut() {
            *newest = None;
        }
    }

    /// Raises the value of this round.
    pub(super) fn raise(&mut self, value: u64) {
        if let Some(newest) = self.0.first_mut() {
            *newest = (*newest).max(Some(value));
        }
    }

    /// Lowers the value of this round.
    pub(super) fn lower(&mut self, value: u64) {
        if let Some(newest) = self.0.first_mut() {
            *newest = Some(newest.map_or(value, |v| v.min(value)));
        }
    }

    /// The value of this round.
    pub(super) fn newest(&self) -> Option<u64> {
        self.0.first().copied().flatten()
    }

    /// The value of the oldest round remembered.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.0.last().copied().flatten()
    }

    pub(super) fn max(&self) -> Option<u64> {
        self.0.iter().flatten().copied().max()
    }

    pub(super) fn min(&self) -> Option<u64> {
        self.0.iter().flatten().copied().min()
    }

    /// The lowest of this round and the one before.
    pub(super) fn min_of_two(&self) -> Option<u64> {
        self.0.iter().take(2).flatten().copied().min()
    }

    /// The second lowest: one round that was quieter than the others does not count.
    pub(super) fn second_min(&self) -> Option<u64> {
        let (mut lowest, mut second) = (None, None);
        for value in self.0.iter().flatten().copied() {
            if lowest.is_none_or(|lowest| value < lowest) {
                (lowest, second) = (Some(value), lowest);
            } else if second.is_none_or(|second| value < second) {
                second = Some(value);
            }
        }
        second.or(lowest)
    }

    /// Forgets all but this value.
    pub(super) fn reset(&mut self, value: Option<u64>) {
        self.0 = [None; N];
        if let Some(newest) = self.0.first_mut() {
            *newest = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_forgotten_one_by_one() {
        let mut rounds = Rounds::<3>::default();
        assert_eq!((rounds.max(), rounds.second_min()), (None, None));
        for value in [5, 9, 7] {
            rounds.turn();
            rounds.raise(value);
        }
        assert_eq!((rounds.newest(), rounds.oldest(), rounds.max()), (Some(7), Some(5), Some(9)));
        assert_eq!((rounds.min(), rounds.second_min()), (Some(5), Some(7)));
        assert_eq!(rounds.min_of_two(), Some(7));
        rounds.turn();
        rounds.lower(3);
        assert_eq!((rounds.max(), rounds.min(), rounds.second_min()), (Some(9), Some(3), Some(7)));
        rounds.reset(Some(1));
        assert_eq!((rounds.max(), rounds.second_min()), (Some(1), Some(1)));
    }
}
