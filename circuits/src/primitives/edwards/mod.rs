//! Points of Baby Jubjub in Edwards form as constraints, with the complete
//! addition law.
//!
//! For a = 1 (a square) and d (a non-square) the law has no exceptional case
//! on points of the curve, whatever their order: its denominators
//! `1 + d x1 x2 y1 y2` and `1 - d x1 x2 y1 y2` are never zero (Bernstein and
//! Lange, "Faster addition and doubling on elliptic curves", theorem 3.3).

use crate::{
    curve::{Affine2, EDWARDS_D, Fr},
    r1cs::{Bit, Cs, Num},
    types::CurvePoint,
};
use ark_ff::Field;

/// A pair of coordinates. What makes it a point of the curve is said where
/// it is made.
#[derive(Clone, Debug)]
pub struct PointVar {
    /// x
    pub x: Num,
    /// y
    pub y: Num,
}

impl PointVar {
    /// Two witnesses, with no constraint: the caller binds them.
    pub fn witness(cs: &mut Cs, p: CurvePoint) -> PointVar {
        let (x, y) = p.xy();
        PointVar { x: cs.witness(x), y: cs.witness(y) }
    }

    /// A witness on the curve: three constraints.
    pub fn on_curve(cs: &mut Cs, p: CurvePoint) -> PointVar {
        let p = Self::witness(cs, p);
        p.enforce_on_curve(cs);
        p
    }

    /// Enforces `x^2 + y^2 = 1 + d x^2 y^2`.
    pub fn enforce_on_curve(&self, cs: &mut Cs) {
        let x2 = cs.mul("x * x = x2", &self.x, &self.x);
        let y2 = cs.mul("y * y = y2", &self.y, &self.y);
        let rhs = (&x2 + &y2).add_constant(-Fr::ONE);
        cs.enforce("d * x2 * y2 = x2 + y2 - 1", &x2.scale(EDWARDS_D), &y2, &rhs);
    }

    /// A constant point.
    pub fn constant(cs: &Cs, p: Affine2) -> PointVar {
        PointVar { x: cs.constant(p.x), y: cs.constant(p.y) }
    }

    /// The identity (0, 1).
    pub fn identity(cs: &Cs) -> PointVar {
        PointVar { x: Num::zero(cs), y: Num::one(cs) }
    }

    /// The sum, by the complete law: six constraints. Both points are on the
    /// curve, so the sum is determined.
    pub fn add(&self, cs: &mut Cs, other: &PointVar) -> PointVar {
        let beta = cs.mul("x1 * y2 = beta", &self.x, &other.y);
        let gamma = cs.mul("y1 * x2 = gamma", &self.y, &other.x);
        let delta = cs.mul("(y1 - x1) * (x2 + y2) = delta", &(&self.y - &self.x), &(&other.x + &other.y));
        let tau = cs.mul("beta * gamma = tau", &beta, &gamma).scale(EDWARDS_D);
        let x =
            cs.div_nonzero("x3 * (1 + d tau) = beta + gamma", &(&beta + &gamma), &tau.add_constant(Fr::ONE));
        let numerator = delta + beta - gamma;
        let y =
            cs.div_nonzero("y3 * (1 - d tau) = y1 y2 - x1 x2", &numerator, &(-&tau).add_constant(Fr::ONE));
        PointVar { x, y }
    }

    /// The sum with a constant point of the curve: three constraints.
    pub fn add_constant(&self, cs: &mut Cs, c: Affine2) -> PointVar {
        let tau = cs.mul("x * y = xy", &self.x, &self.y).scale(EDWARDS_D * c.x * c.y);
        let x_num = self.x.scale(c.y).add_scaled(&self.y, c.x);
        let y_num = self.y.scale(c.y).add_scaled(&self.x, -c.x);
        let x = cs.div_nonzero("x3 * (1 + d tau) = x y_c + y x_c", &x_num, &tau.add_constant(Fr::ONE));
        let y = cs.div_nonzero("y3 * (1 - d tau) = y y_c - x x_c", &y_num, &(-&tau).add_constant(Fr::ONE));
        PointVar { x, y }
    }

    /// The double, with `x^2 + y^2 = 1 + d x^2 y^2` used for the
    /// denominators: five constraints. The point is on the curve.
    pub fn double(&self, cs: &mut Cs) -> PointVar {
        let xy = cs.mul("x * y = xy", &self.x, &self.y);
        let x2 = cs.mul("x * x = x2", &self.x, &self.x);
        let y2 = cs.mul("y * y = y2", &self.y, &self.y);
        // 1 + d x^2 y^2 = x^2 + y^2, and 1 - d x^2 y^2 = 2 - x^2 - y^2: both
        // non-zero by completeness.
        let sum = &x2 + &y2;
        let x = cs.div_nonzero("x3 * (x2 + y2) = 2 xy", &xy.scale(Fr::from(2u64)), &sum);
        let y = cs.div_nonzero(
            "y3 * (2 - x2 - y2) = y2 - x2",
            &(&y2 - &x2),
            &(-&sum).add_constant(Fr::from(2u64)),
        );
        PointVar { x, y }
    }

    /// `-self = (-x, y)`, free.
    pub fn negate(&self) -> PointVar {
        PointVar { x: -&self.x, y: self.y.clone() }
    }

    /// `self` if `bit`, else the identity: two constraints.
    pub fn if_or_identity(&self, cs: &mut Cs, bit: &Bit) -> PointVar {
        let x = cs.mul("bit * x = x'", bit.num(), &self.x);
        let y = cs.mul("bit * (y - 1) = y' - 1", bit.num(), &self.y.add_constant(-Fr::ONE));
        PointVar { x, y: y.add_constant(Fr::ONE) }
    }

    /// `t` if `bit`, else `f`: two constraints.
    pub fn select(cs: &mut Cs, bit: &Bit, t: &PointVar, f: &PointVar) -> PointVar {
        PointVar {
            x: cs.select("bit * (x_t - x_f) = x - x_f", bit, &t.x, &f.x),
            y: cs.select("bit * (y_t - y_f) = y - y_f", bit, &t.y, &f.y),
        }
    }

    /// Enforces equality: two constraints.
    pub fn enforce_equal(&self, cs: &mut Cs, other: &PointVar) {
        cs.equal("x = x'", &self.x, &other.x);
        cs.equal("y = y'", &self.y, &other.y);
    }

    /// Its value in the present assignment, as raw coordinates.
    pub fn value(&self) -> Affine2 {
        Affine2::new_unchecked(self.x.value(), self.y.value())
    }
}

#[cfg(test)]
mod tests;
