//! What a node says about itself, unsigned. spec: `node.info`.

use crate::{Error, Node, error::During};
use circuits::types::Address;
use proto::{
    convert::{Cause, InvalidField},
    v1,
};

/// A node in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Account that signs heads; drafts name it as operator.
    pub operator: Address,
    /// Version of the node's software.
    pub version: String,
    /// Anyone can forge proofs: the keys are development keys.
    pub insecure_development_keys: bool,
    /// The node's clock, Unix seconds.
    pub time: u64,
    /// Who may create drafts; empty: anyone.
    pub organisers: Vec<Address>,
    /// Most holders of one census.
    pub holders_max: u64,
}

/// Asks a node about itself.
///
/// # Errors
/// If the node refuses or answers with something else.
pub async fn fetch(node: &Node) -> Result<Info, Error> {
    const CALL: &str = "NodeService.GetInfo";
    let answer = node.info().get_info(v1::GetInfoRequest {}).await.during(CALL)?.into_inner();
    let address = |field: &str, bytes: &[u8]| -> Result<Address, InvalidField> {
        let cause = Cause::Length { expected: 20, found: bytes.len() };
        let wrong = || InvalidField { field: field.into(), cause };
        bytes.try_into().map(Address).map_err(|_| wrong())
    };
    let organisers = answer.organisers.iter().map(|a| address("organisers", a));
    Ok(Info {
        operator: address("operator", &answer.operator).during(CALL)?,
        version: answer.version,
        insecure_development_keys: answer.insecure_development_keys,
        time: answer.time,
        organisers: organisers.collect::<Result<_, _>>().during(CALL)?,
        holders_max: answer.limits.during(CALL)?.holders,
    })
}
