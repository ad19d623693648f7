//! The rows of the verdict part, laid out before the proof system sees them:
//! arithmetic rows, ranges, copies. The same calls in the same order for
//! every policy and table, so that the layout depends on the shape only.
//! spec: `attestation.gates`.
//!
//! An arithmetic row with cells a, b, c and fixed numbers m, p, q, k, e:
//!
//! | row | a | b | c |
//! | --- | --- | --- | --- |
//! | i | a | b | c |
//! | i + 1 | | | `m a b + p a + q b + k + e c` |
//!
//! e = 0 starts a sum, e = 1 continues it; the result of a row is the c of
//! the next, where it may be used as a value: a row with e = 0 ignores its
//! own c. a and b are copies of other cells, or new values, which then say
//! what bounds them: a bit (`b (b - 1) = 0`) or a range.

use crate::curve::plonk::{
    Fr,
    ff::{Field, PrimeField},
};

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// Column a of an arithmetic row.
    A(usize),
    /// Column b.
    B(usize),
    /// Column c.
    C(usize),
    /// A row of a range lane.
    Range(usize, usize),
    /// The count of a code.
    Count(usize),
    /// The weight of a code's row, in shapes with scores.
    Weight(usize),
    /// The running sum of weighted counts, in shapes with scores.
    Sum(usize),
}

/// A value and where it stands: copying it constrains the copy to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Num {
    pub(crate) value: Fr,
    pub(crate) place: Place,
}

/// One summand: `m x y + p x + q y + k`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    x: Option<Num>,
    y: Option<Num>,
    m: Fr,
    p: Fr,
    q: Fr,
    k: Fr,
}

/// A small integer as a field element.
pub(crate) fn int(v: i64) -> Fr {
    let magnitude = Fr::from(v.unsigned_abs());
    if v < 0 { -magnitude } else { magnitude }
}

/// `2^exponent`
pub(crate) fn power_of_two(exponent: usize) -> Fr {
    Fr::from(2).pow_vartime([exponent as u64])
}

/// `k x y`
pub(crate) fn product(k: i64, x: Num, y: Num) -> Term {
    Term { x: Some(x), y: Some(y), m: int(k), p: Fr::ZERO, q: Fr::ZERO, k: Fr::ZERO }
}

/// `k x`
pub(crate) fn scaled(k: impl Into<Coefficient>, x: Num) -> Term {
    Term { x: None, y: Some(x), m: Fr::ZERO, p: Fr::ZERO, q: k.into().0, k: Fr::ZERO }
}

/// `k x + l y`
pub(crate) fn pair(k: i64, x: Num, l: i64, y: Num) -> Term {
    Term { x: Some(x), y: Some(y), m: Fr::ZERO, p: int(k), q: int(l), k: Fr::ZERO }
}

impl Term {
    /// The term plus a constant.
    pub(crate) fn plus(self, k: i64) -> Self {
        Self { k: self.k + int(k), ..self }
    }

    /// The term plus `k x y` of its own x and y.
    pub(crate) fn plus_product(self, k: i64) -> Self {
        Self { m: self.m + int(k), ..self }
    }
}

/// A fixed factor.
pub(crate) struct Coefficient(Fr);

impl From<i64> for Coefficient {
    fn from(v: i64) -> Self {
        Self(int(v))
    }
}

impl From<Fr> for Coefficient {
    fn from(v: Fr) -> Self {
        Self(v)
    }
}

/// The fixed numbers of an arithmetic row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Fixed {
    pub(crate) m: Fr,
    pub(crate) p: Fr,
    pub(crate) q: Fr,
    pub(crate) k: Fr,
    /// e: whether the row continues a sum.
    pub(crate) carry: bool,
    /// Whether b is a bit.
    pub(crate) boolean: bool,
}

/// An arithmetic row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) a: Fr,
    pub(crate) b: Fr,
    pub(crate) c: Fr,
    pub(crate) fixed: Fixed,
}

/// A value below `4^digits`.
#[derive(Clone, Copy, Debug)]
struct Bounded {
    num: Num,
    digits: usize,
}

/// A range lane: `z_i - 4 z_{i+1}` is in 0..=3 where the row is active.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    pub(crate) cells: Vec<(Fr, bool)>,
}

/// A false value for one of the values that the witness is free to choose:
/// tests forge with it, and everything computed from it follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forgery {
    /// Which free value, in the order in which they are asked for.
    pub(crate) index: usize,
    /// What is added to the honest value.
    pub(crate) delta: i64,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) rows: Vec<Row>,
    pub(crate) copies: Vec<(Place, Place)>,
    pub(crate) publics: Vec<(Num, usize)>,
    ranges: Vec<Bounded>,
    zero: Num,
    /// The honest free values so far.
    pub(crate) hints: Vec<Fr>,
    forgery: Option<Forgery>,
}

impl Plan {
    /// A plan whose first row makes the constant zero.
    pub(crate) fn new(forgery: Option<Forgery>) -> Self {
        let zero = Num { value: Fr::ZERO, place: Place::C(1) };
        let (rows, copies, publics, ranges) = (vec![Row::default(); 2], vec![], vec![], vec![]);
        Self { rows, copies, publics, ranges, zero, hints: vec![], forgery }
    }

    /// 0
    pub(crate) fn zero(&self) -> Num {
        self.zero
    }

    /// A constant.
    pub(crate) fn constant(&mut self, k: i64) -> Num {
        self.sum(&[scaled(0, self.zero).plus(k)])
    }

    /// The sum of the terms.
    pub(crate) fn sum(&mut self, terms: &[Term]) -> Num {
        self.partial_sums(terms).pop().unwrap_or(self.zero)
    }

    /// The sum of the first, of the first two, .. of all terms.
    pub(crate) fn partial_sums(&mut self, terms: &[Term]) -> Vec<Num> {
        let mut out = Vec::with_capacity(terms.len());
        for (i, term) in terms.iter().enumerate() {
            let fixed = Fixed { m: term.m, p: term.p, q: term.q, k: term.k, carry: i > 0, boolean: false };
            out.push(self.row(term.x, term.y.map(Cell::Copy), fixed).0);
        }
        out
    }

    /// `x y`
    pub(crate) fn mul(&mut self, x: Num, y: Num) -> Num {
        self.sum(&[product(1, x, y)])
    }

    /// `x - y`
    pub(crate) fn sub(&mut self, x: Num, y: Num) -> Num {
        self.sum(&[pair(1, x, -1, y)])
    }

    /// `x + y`
    pub(crate) fn add(&mut self, x: Num, y: Num) -> Num {
        self.sum(&[pair(1, x, 1, y)])
    }

    /// `sum x_i`
    pub(crate) fn total(&mut self, xs: &[Num]) -> Num {
        let terms: Vec<Term> = xs.iter().map(|x| scaled(1, *x)).collect();
        self.sum(&terms)
    }

    /// `sum x_i y_i`
    pub(crate) fn inner_product(&mut self, xs: &[Num], ys: &[Num]) -> Num {
        let terms: Vec<Term> = xs.iter().zip(ys).map(|(x, y)| product(1, *x, *y)).collect();
        self.sum(&terms)
    }

    /// `1 - x`
    pub(crate) fn not(&mut self, x: Num) -> Num {
        self.sum(&[scaled(-1, x).plus(1)])
    }

    /// A new bit; the prover's choice.
    pub(crate) fn bit(&mut self, value: bool) -> Num {
        let value = self.hint(Fr::from(u64::from(value)));
        self.row(None, Some(Cell::New(value)), Fixed { boolean: true, ..Fixed::default() }).1
    }

    /// A new value below `2^bits`, an even number; the prover's choice.
    pub(crate) fn bounded(&mut self, value: Fr, bits: usize) -> Num {
        let value = self.hint(value);
        let num = self.row(None, Some(Cell::New(value)), Fixed::default()).1;
        self.range(num, bits);
        num
    }

    /// A new value that only a public input determines.
    pub(crate) fn free(&mut self, value: Fr) -> Num {
        self.row(None, Some(Cell::New(value)), Fixed::default()).1
    }

    /// `2^offset x + ..` of new values: a bit where `bits` is 1, a
    /// range otherwise. Returns the sum and the values.
    pub(crate) fn packed(&mut self, fields: &[(Fr, usize, usize)]) -> (Num, Vec<Num>) {
        let (mut sum, mut nums) = (self.zero, Vec::with_capacity(fields.len()));
        for (i, (value, bits, offset)) in fields.iter().enumerate() {
            let value = self.hint(*value);
            let fixed =
                Fixed { q: power_of_two(*offset), carry: i > 0, boolean: *bits == 1, ..Fixed::default() };
            let num;
            (sum, num) = self.row(None, Some(Cell::New(value)), fixed);
            if *bits > 1 {
                self.range(num, *bits);
            }
            nums.push(num);
        }
        (sum, nums)
    }

    /// `d >= 0` as a bit v, for `-2^bits <= d < 2^bits`, `bits` even and at
    /// most 160: with `w = 2 d v + v - d - 1` in 0..2^bits, v = 1 makes w = d
    /// and v = 0 makes w = -d - 1. A d of the other sign would make w a
    /// number above `r - 2^bits - 1`, far above the range.
    pub(crate) fn is_nonnegative(&mut self, d: Num, bits: usize) -> Num {
        let v = self.hint(Fr::from(u64::from(!is_negative(d.value))));
        let fixed = Fixed { m: int(2), p: int(-1), q: int(1), k: int(-1), carry: false, boolean: true };
        let (w, v) = self.row(Some(d), Some(Cell::New(v)), fixed);
        self.range(w, bits);
        v
    }

    /// `x >= y` as a bit, for x and y below `2^bits`.
    pub(crate) fn is_at_least(&mut self, x: Num, y: Num, bits: usize) -> Num {
        let d = self.sub(x, y);
        self.is_nonnegative(d, bits)
    }

    /// `x >= 1` as a bit, for x below `2^bits`.
    pub(crate) fn is_positive(&mut self, x: Num, bits: usize) -> Num {
        let d = self.sum(&[scaled(1, x).plus(-1)]);
        self.is_nonnegative(d, bits)
    }

    /// Requires that a computed value is a bit, and returns
    /// `p x + q bit + k` too.
    pub(crate) fn require_bit(&mut self, x: Num, p: Fr, bit: Num, q: Fr, k: i64) -> Num {
        let fixed = Fixed { m: Fr::ZERO, p, q, k: int(k), carry: false, boolean: true };
        self.row(Some(x), Some(Cell::Copy(bit)), fixed).0
    }

    /// Requires `x < 2^bits`, rounded up to an even number of bits.
    pub(crate) fn range(&mut self, num: Num, bits: usize) {
        self.ranges.push(Bounded { num, digits: bits.div_ceil(2) });
    }

    /// Requires `x = y`.
    pub(crate) fn equal(&mut self, x: Num, y: Num) {
        self.copies.push((x.place, y.place));
    }

    /// Requires that `x` is a public input.
    pub(crate) fn public(&mut self, x: Num, index: usize) {
        self.publics.push((x, index));
    }

    /// Adds a row; returns its result and its b.
    fn row(&mut self, x: Option<Num>, y: Option<Cell>, fixed: Fixed) -> (Num, Num) {
        let at = self.rows.len() - 1;
        if let Some(x) = x {
            self.copies.push((Place::A(at), x.place));
        }
        if let Some(Cell::Copy(y)) = y {
            self.copies.push((Place::B(at), y.place));
        }
        let row = &mut self.rows[at];
        row.a = x.map_or(Fr::ZERO, |x| x.value);
        row.b = y.map_or(Fr::ZERO, Cell::value);
        row.fixed = fixed;
        let carried = if fixed.carry { row.c } else { Fr::ZERO };
        let c = fixed.m * row.a * row.b + fixed.p * row.a + fixed.q * row.b + fixed.k + carried;
        let b = row.b;
        self.rows.push(Row { c, ..Row::default() });
        (Num { value: c, place: Place::C(at + 1) }, Num { value: b, place: Place::B(at) })
    }

    fn hint(&mut self, honest: Fr) -> Fr {
        let forged = self.forgery.filter(|forgery| forgery.index == self.hints.len());
        self.hints.push(honest);
        honest + forged.map_or(Fr::ZERO, |forgery| int(forgery.delta))
    }

    /// Lays the ranges out in lanes of `height` rows: each is a column of
    /// quotients by 4 that ends in the constant zero.
    pub(crate) fn lanes(&mut self, height: usize) -> Vec<Lane> {
        let mut lanes = vec![Lane::default()];
        for bounded in std::mem::take(&mut self.ranges) {
            if lanes.last().is_none_or(|lane| lane.cells.len() + bounded.digits + 1 > height) {
                lanes.push(Lane::default());
            }
            let at = lanes.len() - 1;
            let lane = &mut lanes[at].cells;
            let (start, end) = (lane.len(), lane.len() + bounded.digits);
            let mut rest = bounded.num.value;
            for _ in 0..bounded.digits {
                lane.push((rest, true));
                rest = quotient_by_4(rest);
            }
            lane.push((rest, false));
            self.copies.push((Place::Range(at, start), bounded.num.place));
            self.copies.push((Place::Range(at, end), self.zero.place));
        }
        lanes
    }
}

/// What b holds.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Copy(Num),
    New(Fr),
}

impl Cell {
    fn value(self) -> Fr {
        match self {
            Cell::Copy(num) => num.value,
            Cell::New(value) => value,
        }
    }
}

/// Whether a value stands for a negative number; those of the plan are above
/// -2^161 and below 2^161.
pub(crate) fn is_negative(x: Fr) -> bool {
    x.to_repr()[31] != 0
}

/// The value as an integer, divided by 4 and rounded down.
fn quotient_by_4(x: Fr) -> Fr {
    let mut bytes = x.to_repr();
    let mut carry = 0;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (*byte >> 2 | carry << 6, *byte & 3);
    }
    Option::from(Fr::from_repr(bytes)).unwrap_or(Fr::ZERO)
}
