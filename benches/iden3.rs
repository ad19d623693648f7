//! The binary files of iden3's tools, so that snarkjs can work on our
//! circuits. Formats: github.com/iden3/r1csfile, `doc/r1cs_bin_format.md`,
//! and `wtns_utils.js` of snarkjs. All integers are little-endian.

use ark_ff::{BigInteger, PrimeField};
use circuits::{curve::Fr, r1cs::Shape};

/// Bytes of a field element.
const FIELD_BYTES: u32 = 32;

/// A `.r1cs` file of `shape`. Wires keep their numbers: one, the public
/// inputs, the witness.
pub fn r1cs(shape: &Shape) -> Vec<u8> {
    let public = shape.num_inputs() - 1;
    let private = shape.num_variables() - shape.num_inputs();
    let mut header = field();
    // Wires, public outputs, public inputs, private inputs.
    for n in [shape.num_variables(), 0, public, private] {
        header.extend(u32_of(n));
    }
    header.extend((shape.num_variables() as u64).to_le_bytes());
    header.extend(u32_of(shape.num_constraints()));

    let mut constraints = Vec::new();
    for part in shape.rows().iter().flat_map(|row| row.parts()) {
        constraints.extend(u32_of(part.len()));
        for (wire, coefficient) in part {
            constraints.extend(wire.to_le_bytes());
            constraints.extend(coefficient.into_bigint().to_bytes_le());
        }
    }
    let labels = (0..shape.num_variables() as u64).flat_map(u64::to_le_bytes).collect();
    file(b"r1cs", 1, &[header, constraints, labels])
}

/// A `.wtns` file of a full assignment.
pub fn wtns(assignment: &[Fr]) -> Vec<u8> {
    let mut header = field();
    header.extend(u32_of(assignment.len()));
    let values = assignment.iter().flat_map(|v| v.into_bigint().to_bytes_le()).collect();
    file(b"wtns", 2, &[header, values])
}

/// Size and modulus of the field.
fn field() -> Vec<u8> {
    let mut out = FIELD_BYTES.to_le_bytes().to_vec();
    out.extend(Fr::MODULUS.to_bytes_le());
    out
}

/// Magic, version, and the sections numbered from 1.
fn file(magic: &[u8; 4], version: u32, sections: &[Vec<u8>]) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend(version.to_le_bytes());
    out.extend(u32_of(sections.len()));
    for (number, section) in (1u32..).zip(sections) {
        out.extend(number.to_le_bytes());
        out.extend((section.len() as u64).to_le_bytes());
        out.extend(section);
    }
    out
}

fn u32_of(n: usize) -> [u8; 4] {
    u32::try_from(n).expect("circuits have fewer than 2^32 parts").to_le_bytes()
}
