//! Linear combinations and the numbers that circuits compute with.

use super::Cs;
use crate::curve::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::ops::{Add, Mul, Neg, Sub};

/// A linear combination: terms sorted by variable, none twice, none zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lc(pub(super) Vec<(u32, Fr)>);

impl Lc {
    pub(super) fn variable(index: usize) -> Lc {
        Lc(vec![(u32::try_from(index).expect("below 2^32 variables"), Fr::ONE)])
    }

    pub(super) fn constant(value: Fr) -> Lc {
        Lc(if value == Fr::ZERO { vec![] } else { vec![(0, value)] })
    }

    /// `self + k * other`
    fn add_scaled(&self, other: &Lc, k: Fr) -> Lc {
        let (x, y) = (&self.0, &other.0);
        let mut out = Vec::with_capacity(x.len() + y.len());
        let (mut i, mut j) = (0, 0);
        while i < x.len() || j < y.len() {
            let (index, coefficient) = if j == y.len() || (i < x.len() && x[i].0 < y[j].0) {
                i += 1;
                x[i - 1]
            } else if i == x.len() || y[j].0 < x[i].0 {
                j += 1;
                (y[j - 1].0, y[j - 1].1 * k)
            } else {
                (i, j) = (i + 1, j + 1);
                (x[i - 1].0, x[i - 1].1 + y[j - 1].1 * k)
            };
            if coefficient != Fr::ZERO {
                out.push((index, coefficient));
            }
        }
        Lc(out)
    }

    fn scale(&self, k: Fr) -> Lc {
        if k == Fr::ZERO {
            return Lc(vec![]);
        }
        Lc(self.0.iter().map(|(i, c)| (*i, *c * k)).collect())
    }
}

/// A number in a circuit: a value and, while rows are built, the linear
/// combination of variables that has it.
#[derive(Clone, Debug)]
pub struct Num {
    pub(super) value: Fr,
    pub(super) lc: Option<Lc>,
}

impl Num {
    /// Its value in the present assignment.
    pub fn value(&self) -> Fr {
        self.value
    }

    /// The constant 1.
    pub fn one(cs: &Cs) -> Num {
        cs.constant(Fr::ONE)
    }

    /// The constant 0.
    pub fn zero(cs: &Cs) -> Num {
        cs.constant(Fr::ZERO)
    }

    /// `k * self`, free.
    pub fn scale(&self, k: Fr) -> Num {
        Num { value: self.value * k, lc: self.lc.as_ref().map(|a| a.scale(k)) }
    }

    /// `self + k`, free.
    pub fn add_constant(&self, k: Fr) -> Num {
        let lc = self.lc.as_ref().map(|a| a.add_scaled(&Lc::constant(Fr::ONE), k));
        Num { value: self.value + k, lc }
    }

    /// `self + k * other`, free.
    pub fn add_scaled(&self, other: &Num, k: Fr) -> Num {
        let lc = match (&self.lc, &other.lc) {
            (Some(a), Some(b)) => Some(a.add_scaled(b, k)),
            _ => None,
        };
        Num { value: self.value + other.value * k, lc }
    }

    /// `sum of k * n`, free.
    pub fn combine<'a>(cs: &Cs, terms: impl IntoIterator<Item = (Fr, &'a Num)>) -> Num {
        terms.into_iter().fold(Num::zero(cs), |acc, (k, n)| acc.add_scaled(n, k))
    }

    /// `sum of 2^i * bit_i`, free.
    pub fn from_bits<'a>(cs: &Cs, bits: impl IntoIterator<Item = &'a super::Bit>) -> Num {
        let mut k = Fr::ONE;
        let mut value = Fr::ZERO;
        let mut terms: Vec<(u32, Fr)> = Vec::new();
        for bit in bits {
            let n = bit.num();
            value += n.value * k;
            if let Some(lc) = &n.lc {
                terms.extend(lc.0.iter().map(|(i, c)| (*i, *c * k)));
            }
            k.double_in_place();
        }
        let lc = cs.lc(|| {
            terms.sort_by_key(|(i, _)| *i);
            let mut out: Vec<(u32, Fr)> = Vec::with_capacity(terms.len());
            for (i, c) in terms {
                match out.last_mut() {
                    Some(last) if last.0 == i => last.1 += c,
                    _ => out.push((i, c)),
                }
            }
            out.retain(|(_, c)| *c != Fr::ZERO);
            Lc(out)
        });
        Num { value, lc }
    }

    pub(super) fn row(&self) -> Vec<(u32, Fr)> {
        self.lc.as_ref().expect("rows are only read in shape mode").0.clone()
    }
}

macro_rules! operators {
    ($trait:ident, $method:ident, $k:expr) => {
        impl $trait<&Num> for &Num {
            type Output = Num;
            fn $method(self, other: &Num) -> Num {
                self.add_scaled(other, $k)
            }
        }
        impl $trait<Num> for Num {
            type Output = Num;
            fn $method(self, other: Num) -> Num {
                self.add_scaled(&other, $k)
            }
        }
        impl $trait<&Num> for Num {
            type Output = Num;
            fn $method(self, other: &Num) -> Num {
                self.add_scaled(other, $k)
            }
        }
        impl $trait<Num> for &Num {
            type Output = Num;
            fn $method(self, other: Num) -> Num {
                self.add_scaled(&other, $k)
            }
        }
    };
}
operators!(Add, add, Fr::ONE);
operators!(Sub, sub, -Fr::ONE);

impl Neg for &Num {
    type Output = Num;
    fn neg(self) -> Num {
        self.scale(-Fr::ONE)
    }
}

impl Mul<Fr> for &Num {
    type Output = Num;
    fn mul(self, k: Fr) -> Num {
        self.scale(k)
    }
}
