//! The connection to a node.

use crate::Error;
use proto::v1::{
    attestation_service_client::AttestationServiceClient, ballot_service_client::BallotServiceClient,
    board_service_client::BoardServiceClient, election_service_client::ElectionServiceClient,
    node_service_client::NodeServiceClient, registry_service_client::RegistryServiceClient,
    trustee_service_client::TrusteeServiceClient,
};
use std::time::Duration;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the beginning of an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Largest message read: a page of trustees' messages, 256 of 64 KiB.
const MESSAGE_MAX: usize = 32 << 20;

/// A node that answers over gRPC. Clones share the connection.
#[derive(Clone, Debug)]
pub struct Node {
    channel: Channel,
}

impl Node {
    /// Connects to `http://host:port`, or to `https://host:port` trusting the
    /// public certificate authorities.
    ///
    /// # Errors
    /// If the address is not a URI or nobody answers.
    pub async fn connect(address: &str) -> Result<Self, Error> {
        Self::connect_trusting(address, None).await
    }

    /// Connects; over `https` it trusts the certificate `authority` (PEM), or
    /// the public authorities.
    ///
    /// # Errors
    /// If address or certificate are malformed, or nobody answers.
    pub async fn connect_trusting(address: &str, authority: Option<&str>) -> Result<Self, Error> {
        let failed = |cause| Error::Connect { address: address.to_owned(), cause };
        let endpoint = Endpoint::from_shared(address.to_owned()).map_err(failed)?;
        let tls = match authority {
            Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
            None => ClientTlsConfig::new().with_webpki_roots(),
        };
        let endpoint =
            if address.starts_with("https:") { endpoint.tls_config(tls).map_err(failed)? } else { endpoint };
        let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).timeout(ANSWER_TIMEOUT).tcp_nodelay(true);
        endpoint.connect().await.map(Self::over).map_err(failed)
    }

    /// Speaks over a channel of the caller's, say through a relay that hides
    /// the member's network address.
    pub fn over(channel: Channel) -> Self {
        Self { channel }
    }

    pub(crate) fn elections(&self) -> ElectionServiceClient<Channel> {
        ElectionServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn registry(&self) -> RegistryServiceClient<Channel> {
        RegistryServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn ballots(&self) -> BallotServiceClient<Channel> {
        BallotServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn board(&self) -> BoardServiceClient<Channel> {
        BoardServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn trustees(&self) -> TrusteeServiceClient<Channel> {
        TrusteeServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn attestations(&self) -> AttestationServiceClient<Channel> {
        AttestationServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    pub(crate) fn info(&self) -> NodeServiceClient<Channel> {
        NodeServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }
}
