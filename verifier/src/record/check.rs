//! Every check of a record. spec: `record.checks`.

use super::{
    Record, Setup,
    files::{Files, check_manifest},
    manifest::Manifest,
    report::{CheckId, Report},
};
use crate::{
    batch::{Claim, verify_batch},
    board::{Replay, ballot_context, check_proofs},
    circuit_id::CircuitId,
    decryption::{check_closing, check_partial, check_quorum},
    key::PreparedVerifyingKey,
    tally::{self, ClosedBoard},
};
use circuits::{
    decryption::PartialDecryption,
    tally::Layout,
    types::{
        BoardRow, Census, IdentityCommitment, Order, ROUND_DECRYPTION, Registration, Signature, TypedData,
    },
};
use std::collections::BTreeMap;

/// Says for every progress step what is being checked.
pub type Progress<'a> = &'a mut dyn FnMut(CheckId);

/// Checks a record offline, from its files alone.
pub fn check(files: &Files, progress: Progress<'_>) -> Report {
    let mut report = Report::new();
    progress(CheckId::Files);
    let (manifest, signature) = match check_manifest(files) {
        Ok(found) => found,
        Err(e) => {
            report.push(CheckId::Files, Err(e.to_string()));
            return report.skip_rest("the files are not those of the manifest");
        }
    };
    report.push(CheckId::Files, Ok(format!("{} files", files.len())));
    progress(CheckId::Form);
    let record = match Record::from_files(files) {
        Ok(record) => record,
        Err(e) => {
            report.push(CheckId::Form, Err(e.to_string()));
            return report.skip_rest("the record cannot be decoded");
        }
    };
    report.push(CheckId::Form, Ok(format!("format {} version {}", manifest.format, manifest.version)));
    Checker::new(&record).run(&manifest, signature, report, progress)
}

struct Checker<'r> {
    record: &'r Record,
    keys: BTreeMap<CircuitId, PreparedVerifyingKey>,
    replay: Replay,
    partials: Vec<PartialDecryption>,
}

type Outcome = Result<String, String>;

fn text(e: impl ToString) -> String {
    e.to_string()
}

impl<'r> Checker<'r> {
    fn new(record: &'r Record) -> Self {
        let keys = record.keys.iter().map(|k| (k.id(), k.prepare())).collect();
        let replay = Replay::new(record.election.draft.draft.rule.shape());
        Self { record, keys, replay, partials: Vec::new() }
    }

    fn run(
        mut self,
        manifest: &Manifest,
        signature: Signature,
        mut report: Report,
        progress: Progress<'_>,
    ) -> Report {
        for id in &CheckId::ALL[2..] {
            progress(*id);
            let outcome = match id {
                CheckId::Files | CheckId::Form => continue,
                CheckId::Signature => self.manifest_signature(manifest, signature),
                CheckId::Draft => self.draft(),
                CheckId::Registrations => self.registrations(),
                CheckId::Census => self.census(),
                CheckId::Keys => self.verifying_keys(),
                CheckId::Key => self.key(),
                CheckId::Orders => self.orders(),
                CheckId::Replay => self.replay(),
                CheckId::Head => self.head(),
                CheckId::Ballots => self.ballots(),
                CheckId::Decryption => self.decryption(),
                CheckId::Totals => self.totals(),
                CheckId::TallyProof => self.tally_proof(),
            };
            report.push(*id, outcome);
        }
        if self.record.election.setup == Setup::InsecureDevelopment {
            report.warnings.push(
                "the keys are INSECURE development keys: anyone can forge every proof of this record".into(),
            );
        }
        report
    }

    fn manifest_signature(&self, manifest: &Manifest, signature: Signature) -> Outcome {
        let draft = &self.record.election.draft.draft;
        if manifest.election_id != self.record.election.key.key.election_id() {
            return Err("the manifest names another election".into());
        }
        manifest.check_signature(signature, &draft.domain(), draft.operator).map_err(text)?;
        Ok(format!("operator {}", draft.operator))
    }

    fn draft(&self) -> Outcome {
        let signed = &self.record.election.draft;
        signed.check().map_err(text)?;
        Ok(format!("draft {} by organiser {}", signed.draft.id(), signed.draft.organiser))
    }

    fn registrations(&self) -> Outcome {
        let draft = &self.record.election.draft.draft;
        for (line, r) in self.record.registrations.iter().enumerate() {
            let line = line + 1;
            let m = &r.message;
            if m.organisation != draft.organisation || m.chain_id != draft.registration_chain_id {
                return Err(format!("line {line}: registered with another organisation or chain"));
            }
            r.check_signature().map_err(|e| format!("line {line}: {e}"))?;
        }
        let key = self.key_for(CircuitId::Registration)?;
        let claim = |r: &Registration| Claim { inputs: r.public_inputs().to_vec(), proof: r.proof };
        for (chunk, start) in self.record.registrations.chunks(1024).zip((1..).step_by(1024)) {
            let claims: Vec<Claim> = chunk.iter().map(claim).collect();
            verify_batch(key, &claims)
                .map_err(|bad| format!("line {}: {}", start + bad.0[0].0, bad.0[0].1))?;
        }
        Ok(format!("{} registrations", self.record.registrations.len()))
    }

    fn census(&self) -> Outcome {
        let (record, election) = (self.record, &self.record.election);
        let draft = &election.draft.draft;
        let identities: BTreeMap<_, IdentityCommitment> =
            record.registrations.iter().map(|r| (r.message.address, r.message.identity)).collect();
        let census = Census::of_registered(&draft.census, &record.holders, |a| identities.get(&a).copied())
            .map_err(text)?;
        let in_order = census.entries().iter().map(|e| e.address);
        if !in_order.eq(record.registrations.iter().map(|r| r.message.address)) {
            return Err("registrations.jsonl does not hold exactly the members, in census order".into());
        }
        let statement = &election.census;
        if statement.draft_id != draft.id() {
            return Err("the census statement belongs to another draft".into());
        }
        if census.root() != statement.root || census.total() != statement.total {
            return Err(format!("rebuilt root {} and total {} differ", census.root(), census.total()));
        }
        let hash = statement.signing_hash(&draft.domain());
        election.census_signature.verify(hash, draft.organiser).map_err(text)?;
        let (members, holders) = (census.entries().len(), record.holders.len());
        Ok(format!("{members} members of {holders} holders, {} units", census.total()))
    }

    fn verifying_keys(&self) -> Outcome {
        let draft = &self.record.election.draft.draft;
        let expected = CircuitId::of_election(draft.rule.shape(), usize::from(draft.threshold));
        let pinned = &self.record.election.key.key.verifying_keys;
        for (circuit, hash) in expected.iter().zip(pinned) {
            if self.key_for(*circuit)?.key().hash().0 != *hash {
                return Err(format!("the key for {circuit} is not the one that the trustees signed"));
            }
        }
        match self.record.keys.iter().find(|k| !pinned.contains(&k.hash().0)) {
            Some(key) => Err(format!("{} is no key of this election", key.hash())),
            None => Ok(format!("{} keys, none degenerate", self.record.keys.len())),
        }
    }

    fn key(&self) -> Outcome {
        let election = &self.record.election;
        election.key.check(&election.draft.draft).map_err(text)?;
        let key = &election.key.key;
        if key.census_root != election.census.root || key.census_total != election.census.total {
            return Err("the trustees signed another census".into());
        }
        let (t, n) = (election.draft.draft.threshold, election.draft.draft.trustees.len());
        Ok(format!("election {}, {t} of {n} trustees", key.election_id()))
    }

    fn orders(&self) -> Outcome {
        let election = &self.record.election;
        let (draft, id) = (&election.draft.draft, election.key.key.election_id());
        let verify = |order: Order, signature: &Signature| {
            signature.verify(order.signing_hash(&draft.domain()), draft.organiser).map_err(text)
        };
        verify(Order::Open(id), &election.open_signature)?;
        let order = election.close_signature.as_ref();
        check_closing(draft, order.is_some(), &election.head.head).map_err(text)?;
        match order {
            Some(signature) => verify(Order::Close(id), signature).map(|()| "opened; closed by order".into()),
            None => Ok("opened; closed at the closing time".into()),
        }
    }

    fn replay(&mut self) -> Outcome {
        for (seq, entry) in self.record.entries.iter().enumerate() {
            self.replay.append(entry).map_err(|e| format!("entry {seq}: {e}"))?;
        }
        Ok(format!("{} entries in {} slots", self.replay.size(), self.replay.slots().len()))
    }

    fn head(&mut self) -> Outcome {
        let election = &self.record.election;
        let draft = &election.draft.draft;
        let head = &election.head.head;
        election.head.check(&draft.domain(), draft.operator).map_err(text)?;
        if head.election_id != election.key.key.election_id() {
            return Err("the head belongs to another election".into());
        }
        if !head.closed {
            return Err("the head is not final: the board was still open".into());
        }
        let rows: Vec<BoardRow> = self.record.entries.iter().map(|e| e.row()).collect();
        let root = circuits::types::board_root(&rows);
        if head.size as usize != rows.len() || head.root != root {
            return Err(format!("{} entries give root {root}, the head differs", rows.len()));
        }
        Ok(format!("root {} over {} entries", head.root, head.size))
    }

    fn ballots(&self) -> Outcome {
        let election = &self.record.election;
        let draft = &election.draft.draft;
        let context = ballot_context(draft, &election.key.key);
        let key = self.key_for(CircuitId::Ballot(draft.rule.shape()))?;
        match check_proofs(key, &context, &self.record.entries) {
            Ok(()) => Ok(format!("{} proofs", self.record.entries.len())),
            Err(bad) => {
                let all: Vec<String> = bad.iter().map(|(seq, why)| format!("entry {seq}: {why}")).collect();
                Err(all.join("; "))
            }
        }
    }

    fn decryption(&mut self) -> Outcome {
        self.require_replay()?;
        let election = &self.record.election;
        let (draft, key, board) = (&election.draft.draft, &election.key.key, self.closed_board());
        let mut partials = BTreeMap::new();
        for (line, m) in self.record.messages.iter().enumerate() {
            m.check(draft).map_err(|e| format!("trustees.jsonl line {}: {e}", line + 1))?;
            if m.round == ROUND_DECRYPTION {
                partials.insert(m.from, check_partial(draft, key, &board, m).map_err(text)?);
            }
        }
        let quorum = &self.record.tally.quorum;
        self.partials = check_quorum(draft, board.slots, &partials, quorum).map_err(text)?;
        Ok(format!("trustees {quorum:?} of {}", draft.trustees.len()))
    }

    fn totals(&self) -> Outcome {
        if self.partials.is_empty() {
            return Err("skipped: no valid decryption".into());
        }
        let draft = &self.record.election.draft.draft;
        let totals = &self.record.tally.totals;
        tally::check_totals(&self.replay.sums(), &self.partials, usize::from(draft.threshold), totals)
            .map_err(text)?;
        let sum: u128 = totals.iter().map(|t| u128::from(*t)).sum();
        let passed = if draft.pass_rule.passed(totals) { "passed" } else { "not passed" };
        Ok(format!("{sum} units over {} options; {passed}", totals.len()))
    }

    fn tally_proof(&self) -> Outcome {
        self.require_replay()?;
        let draft = &self.record.election.draft.draft;
        let layout = Layout::standard(draft.rule.shape());
        let (t, options) = (usize::from(draft.threshold), draft.options.len());
        let board = self.closed_board();
        tally::check_proofs(layout, t, options, &board, &self.record.tally, |id| self.keys.get(&id))
            .map_err(text)?;
        Ok(format!("{} proofs", self.record.tally.proofs.len()))
    }

    /// The board as it was replayed.
    fn closed_board(&self) -> ClosedBoard {
        let key = &self.record.election.key.key;
        ClosedBoard {
            election_id: key.election_id(),
            public_key: key.public_key,
            root: self.replay.root(),
            rows: self.record.entries.iter().map(|e| e.row()).collect(),
            slots: u32::try_from(self.replay.slots().len()).expect("slots are at most entries"),
            sums: self.replay.sums(),
        }
    }

    fn require_replay(&self) -> Result<(), String> {
        let whole = self.replay.size() as usize == self.record.entries.len();
        if whole { Ok(()) } else { Err("skipped: the board could not be replayed".into()) }
    }

    fn key_for(&self, circuit: CircuitId) -> Result<&PreparedVerifyingKey, String> {
        self.keys.get(&circuit).ok_or_else(|| format!("the record has no key for {circuit}"))
    }
}
