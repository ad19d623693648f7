//! The only place that names a curve or a field.
//!
//! Outer curve: BN254, whose scalar field is [`Fr`] (modulus r).
//! Inner curve: Baby Jubjub over `Fr`, in the twisted Edwards form with
//! a = 1, cofactor 8, and a prime subgroup of order l (251 bits) with scalar
//! field [`Scalar`]. spec: `params.curve`.
//!
//! circomlib writes the same curve with a = 168700; the isomorphism is
//! `x = x_circomlib * SQRT_168700`, `y = y_circomlib`.

#[cfg(feature = "plonk")]
pub mod plonk;

use ark_ec::twisted_edwards::{Affine, MontCurveConfig, Projective, TECurveConfig};
use ark_ed_on_bn254::EdwardsConfig;
use ark_ff::MontFp;

pub use ark_bn254::Fr;
pub use ark_ed_on_bn254::Fr as Scalar;

/// A Baby Jubjub point in affine coordinates.
pub type Affine2 = Affine<EdwardsConfig>;
/// A Baby Jubjub point in extended coordinates.
pub type Projective2 = Projective<EdwardsConfig>;

/// d of `x^2 + y^2 = 1 + d x^2 y^2`.
pub const EDWARDS_D: Fr = <EdwardsConfig as TECurveConfig>::COEFF_D;
/// A of the Montgomery form `B v^2 = u^3 + A u^2 + u`.
pub const MONTGOMERY_A: Fr = <EdwardsConfig as MontCurveConfig>::COEFF_A;
/// B of the Montgomery form.
pub const MONTGOMERY_B: Fr = <EdwardsConfig as MontCurveConfig>::COEFF_B;

/// The smaller square root of 168700: the map from circomlib's form to ours.
pub const SQRT_168700: Fr =
    MontFp!("7214280148105020021932206872019688659210616427216992810330019057549499971851");

/// The generator G of the prime subgroup: circomlib's `Base8` in our form.
pub const GENERATOR: Affine2 = Affine2::new_unchecked(
    MontFp!("15863623088992515880085393097393553694825975317405843389771115419751650972659"),
    MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
);
