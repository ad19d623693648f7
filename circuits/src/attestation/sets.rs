//! Small sets of groups and of cells.

use super::{MAX_CELLS, MAX_GROUPS};
use std::fmt;

/// Groups of one view.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct GroupSet(u16);

/// Group cells of a layout.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct CellSet(u32);

macro_rules! small_set {
    ($set:ident, $bits:ty, $capacity:expr) => {
        impl $set {
            /// No members.
            pub const EMPTY: Self = Self(0);

            /// The set with these bits; bit i is member i.
            pub fn from_bits(bits: $bits) -> Self {
                Self(bits)
            }

            /// Bit i is member i.
            pub fn bits(self) -> $bits {
                self.0
            }

            /// Members 0 to `count - 1`.
            pub fn first(count: usize) -> Self {
                (0..count).collect()
            }

            /// Whether `member` is in it.
            pub fn contains(self, member: usize) -> bool {
                member < $capacity && self.0 >> member & 1 == 1
            }

            /// Number of members.
            pub fn len(self) -> usize {
                self.iter().count()
            }

            /// Whether there are none.
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// The members, ascending.
            pub fn iter(self) -> impl Iterator<Item = usize> {
                (0..$capacity).filter(move |member| self.contains(*member))
            }

            /// Members of both.
            pub fn and(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// Whether all members are below `count`.
            pub fn is_below(self, count: usize) -> bool {
                self.iter().all(|member| member < count)
            }
        }

        impl FromIterator<usize> for $set {
            /// Members beyond the capacity are a bug of the caller, and are
            /// not in the set.
            fn from_iter<T: IntoIterator<Item = usize>>(members: T) -> Self {
                Self(members.into_iter().filter(|m| *m < $capacity).fold(0, |bits, m| bits | 1 << m))
            }
        }

        impl fmt::Debug for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set().entries(self.iter()).finish()
            }
        }
    };
}

small_set!(GroupSet, u16, MAX_GROUPS);
small_set!(CellSet, u32, MAX_CELLS);
