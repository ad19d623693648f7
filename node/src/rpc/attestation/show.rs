//! What the log holds, with receipts.

use crate::{
    domain::{AuditLog, Rejection},
    ledger::Ledger,
    rpc::Error,
};
use audit::log::{Event, LogId, Receipt, Refused};
use circuits::{primitives::merkle::BoardPath, types::SignedHead};
use proto::v1;

/// Bytes of events after which an answer is full.
const ANSWER_BYTES: usize = 2 << 20;

/// Events of one log under one head.
struct Paths {
    head: SignedHead,
    paths: Vec<BoardPath>,
}

impl Paths {
    fn of(log: &AuditLog, seqs: &[u32]) -> Option<Self> {
        let path = |seq: &u32| log.log.tree().path_at(*seq, log.size());
        Some(Self { head: log.head?, paths: seqs.iter().map(path).collect::<Option<_>>()? })
    }

    /// Entry and receipt for each path, in order; blocks on the disk.
    fn read(self, ledger: &Ledger, id: LogId) -> Result<Vec<(Event, v1::LogReceipt)>, Error> {
        let head = self.head;
        let entry = |path: BoardPath| {
            let entry = ledger.logged(id, path.index)?.ok_or(Error::Internal)?;
            let receipt = Receipt { row: entry.row(), head, path };
            Ok((entry.event, (&receipt).into()))
        };
        self.paths.into_iter().map(entry).collect()
    }
}

/// An attestation with everything that its status follows from, all under
/// one head.
pub fn describe(
    ledger: &Ledger,
    id: LogId,
    attestation: [u8; 32],
    time: u64,
) -> Result<v1::GetAttestationResponse, Error> {
    let time = if time == 0 { ledger.now() } else { time };
    let mut answer = v1::GetAttestationResponse { time, ..Default::default() };
    let paths = {
        let state = ledger.state();
        let log = state.log(id)?;
        let unknown = || Rejection::from(Refused::Unknown(attestation));
        let listed = log.log.attestation(&attestation).ok_or_else(unknown)?;
        answer.status = v1::AttestationStatus::from(log.log.status(listed, time)).into();
        answer.successor = log.log.successor(listed, time).map(|new| new.id.to_vec()).unwrap_or_default();
        let registration = log.log.auditor(listed.claim.auditor).ok_or(Error::Internal)?;
        let anchor = log.log.anchored(&listed.claim.data_root).ok_or(Error::Internal)?;
        let mut seqs = vec![listed.seq, registration.seq, anchor.seq];
        seqs.extend(listed.revocation.as_ref().map(|(seq, _)| *seq));
        Paths::of(log, &seqs).ok_or(Error::Internal)?
    };
    for (event, receipt) in paths.read(ledger, id)? {
        let receipt = Some(receipt);
        match event {
            Event::Auditor(signed) => {
                (answer.registration, answer.registration_receipt) = (Some((&signed).into()), receipt);
            }
            Event::Anchor(signed) => {
                (answer.anchor, answer.anchor_receipt) = (Some((&signed).into()), receipt)
            }
            Event::Attestation(found) => (answer.attestation, answer.receipt) = (found.to_bytes(), receipt),
            Event::Revocation(signed) => {
                (answer.revocation, answer.revocation_receipt) = (Some((&signed).into()), receipt);
            }
        }
    }
    Ok(answer)
}

/// Acknowledged events from `start` on, as many as fit.
pub fn events(ledger: &Ledger, id: LogId, start: u32, limit: u32) -> Result<Vec<v1::LogEvent>, Error> {
    let (mut events, mut bytes) = (Vec::new(), 0);
    for seq in start..start.saturating_add(limit) {
        let Some(entry) = ledger.logged(id, seq)? else { break };
        let event = v1::LogEvent::from(&entry);
        bytes += prost::Message::encoded_len(&event);
        if !events.is_empty() && bytes > ANSWER_BYTES {
            break;
        }
        events.push(event);
    }
    Ok(events)
}
