//! `NodeService`. spec: `node.info`

use crate::{config::Limits, ledger::Ledger};
use circuits::types::Address;
use proto::v1::{GetInfoRequest, GetInfoResponse, NodeLimits, node_service_server::NodeService};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// What the node says about itself.
#[derive(Clone, Debug)]
pub struct Info {
    /// Rules and the time.
    pub ledger: Arc<Ledger>,
    /// The limits that callers meet.
    pub limits: NodeLimits,
}

impl From<&Limits> for NodeLimits {
    fn from(limits: &Limits) -> Self {
        NodeLimits {
            holders: limits.holders as u64,
            registrations: limits.registrations as u64,
            slot_burst: limits.slot_burst,
            slot_interval_ms: u64::try_from(limits.slot_interval.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[tonic::async_trait]
impl NodeService for Info {
    async fn get_info(&self, _: Request<GetInfoRequest>) -> Result<Response<GetInfoResponse>, Status> {
        let rules = self.ledger.rules();
        let bytes = |a: &Address| a.0.to_vec();
        Ok(Response::new(GetInfoResponse {
            operator: bytes(&rules.operator),
            version: env!("CARGO_PKG_VERSION").into(),
            insecure_development_keys: rules.keys.is_development(),
            time: self.ledger.now(),
            limits: Some(self.limits),
            organisers: rules.organisers.iter().map(bytes).collect(),
        }))
    }
}
