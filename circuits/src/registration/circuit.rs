//! The conditions as constraints.

use super::{Statement, Witness};
use crate::{
    curve::Fr,
    params::Tag,
    primitives::poseidon::gadget,
    r1cs::{Circuit, Cs, Num},
    types::{IdentityCommitment, MemberSecret, RegistrationContext},
};
use ark_ff::AdditiveGroup;

/// `registration/1`
#[derive(Clone, Debug)]
pub struct RegistrationCircuit {
    statement: Statement,
    witness: Witness,
}

impl RegistrationCircuit {
    /// The circuit with an assignment, valid or not.
    pub fn new(statement: Statement, witness: Witness) -> Self {
        Self { statement, witness }
    }

    /// The circuit with a public assignment, for key generation.
    pub fn dummy() -> Self {
        let sk = MemberSecret::from_bytes(&[0; 32]).expect("zero is canonical");
        let statement = Statement {
            identity: IdentityCommitment::derive(&sk),
            context: RegistrationContext::from_field(Fr::ZERO),
        };
        Self { statement, witness: Witness { sk } }
    }
}

impl Circuit for RegistrationCircuit {
    fn id(&self) -> String {
        "registration/1".into()
    }

    fn public_inputs(&self) -> Vec<Fr> {
        self.statement.encode().to_vec()
    }

    fn synthesize(&self, cs: &mut Cs, inputs: &[Num]) {
        let [identity, context] = inputs else { unreachable!("the statement has two inputs") };

        // spec: `registration.r1`
        cs.condition("R1 identity");
        let sk = cs.witness(self.witness.sk.field());
        let derived = gadget::hash(cs, Tag::Identity, &[sk]);
        cs.equal("H_id(sk) = idc", &derived, identity);

        // spec: `registration.r2`. An input that no constraint mentions would
        // have the point at infinity in the verifying key: its value would
        // not matter to the verifier.
        cs.condition("R2 context");
        cs.mul("context * context = square", context, context);
    }
}
