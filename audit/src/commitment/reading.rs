//! What codes mean, as one digest. spec: `audit.reading`.

use crate::{abi::Value, policy::Attribute};

/// The hash of the struct (attributes, mapping digest): the part of a data
/// root that says how rows became cells. The mapping says which values of
/// the file form which group; the attributes with their groups, in the
/// policy's order, say which number each has. Without them, a policy with
/// exchanged names would exchange groups after anchoring.
pub fn reading_digest(attributes: &[Attribute], mapping: [u8; 32]) -> [u8; 32] {
    let attributes = attributes.iter().map(Attribute::abi).collect();
    Value::Tuple(vec![Value::Array(attributes), Value::Word(mapping)]).hash()
}
