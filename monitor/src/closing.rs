//! Everything about an election but its board: the census before voting,
//! trustees' messages, closing, decryption and result. spec: `monitor.setup`,
//! `monitor.result`.

use crate::{
    evidence::Claim,
    finding::{Finding, Kind},
    keys::fetch_tally_keys,
    watch::{Stop, Watch},
};
use circuits::{
    decryption::PartialDecryption,
    tally::Layout,
    types::{Draft, InvalidSignature, Order, ROUND_DECRYPTION, Signature, Tally, TrusteeMessage},
};
use client::{
    Node, census,
    election::{self, Reference},
    record,
    registration::{self, InvalidRegistrations, Registered},
};
use std::collections::BTreeMap;
use verifier::{
    decryption::{check_closing, check_partial, check_quorum},
    tally::{ClosedBoard, check_proofs, check_totals},
};

/// What is wrong with a census that nobody can rebuild.
const NOT_REBUILT: &str = "the frozen census is not of the holders and the registrations before any moment: somebody was left out or let in";

impl Watch {
    /// Checks, once, what the election stands on: every registration, the
    /// census that they give, the trustees' messages.
    pub(crate) async fn check_setup(&mut self, url: &str, node: &Node) -> Result<(), Stop> {
        if self.store.checkpoint.census {
            return Ok(());
        }
        let finding = match self.find_in_census(url, node).await {
            Ok(finding) => finding,
            Err(error) => return self.answer(url, error),
        };
        if let Some(finding) = finding {
            self.keep(finding)?;
            return Ok(());
        }
        self.check_messages(url, node).await?;
        if self.doubts.is_doubted(url) {
            return Ok(());
        }
        self.store.checkpoint.census = true;
        Ok(self.store.save()?)
    }

    async fn find_in_census(&self, url: &str, node: &Node) -> Result<Option<Finding>, client::Error> {
        let (draft, statement) = (self.election.draft(), &self.election.census);
        let frozen = census::fetch_entries(node, draft.id()).await?;
        let holders = census::fetch_holders(node, draft.id()).await?;
        let all = registration::fetch(node, &draft.organisation).await?;
        let (definition, statement, draft) = (draft.census.clone(), *statement, draft.clone());
        let key = self.keys.registration.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let census =
                census::check(&definition, &statement, frozen).map_err(|e| (Kind::Census, e.to_string()))?;
            let chain_id = draft.registration_chain_id;
            let frozen = census::frozen_after(census.entries(), &draft, &holders, &all);
            let frozen = frozen.ok_or((Kind::Census, NOT_REBUILT.to_owned()))?;
            let (before, after) = all.split_at(frozen);
            let faulty = |e: InvalidRegistrations| (Kind::Registration, e.to_string());
            let (mut registered, name) = (Registered::default(), &draft.organisation);
            registered.extend(&key, before, 0, chain_id, name).map_err(faulty)?;
            census::recheck(&census, &draft, &holders, &registered)
                .map_err(|e| (Kind::Census, e.to_string()))?;
            registered.extend(&key, after, frozen, chain_id, name).map_err(faulty)
        });
        Ok(judged.await?.err().map(|(kind, detail)| Finding::report(kind, url, detail, None)))
    }

    /// Checks every trustee's signature, and that none filled a place twice.
    async fn check_messages(&mut self, url: &str, node: &Node) -> Result<Vec<TrusteeMessage>, Stop> {
        let draft = self.election.draft().clone();
        let (messages, conflicts) = match record::fetch_messages(node, draft.id()).await {
            Ok(found) => found,
            Err(error) => return self.answer(url, error).map(|()| Vec::new()),
        };
        for message in messages.iter().chain(&conflicts) {
            if let Err(e) = message.check(&draft) {
                let detail = format!("serves a trustee's message that is not in order: {e}");
                self.keep(Finding::report(Kind::Trustee, url, detail, None))?;
            }
        }
        let place = |m: &TrusteeMessage| (m.round, m.from, m.to);
        let mut first = BTreeMap::new();
        for message in messages.iter().chain(&conflicts).filter(|m| m.check(&draft).is_ok()) {
            let known = first.entry(place(message)).or_insert(message);
            if known.body == message.body {
                continue;
            }
            let detail = format!("trustee {} signed two messages of round {}", message.from, message.round);
            let claim = Claim::Equivocation { first: (*known).clone(), second: message.clone() };
            self.keep(Finding { kind: Kind::Equivocation, node: url.into(), detail, claim })?;
        }
        Ok(messages)
    }

    /// Checks closing, decryptions and result as far as they are there.
    pub(crate) async fn check_end(&mut self, url: &str, node: &Node) -> Result<(), Stop> {
        let (Some(board), Some(last)) = (self.board()?.mirror().closed_board(), self.store.checkpoint.anchor)
        else {
            return Ok(());
        };
        if self.is_done() || last.head.size != board.size() {
            return Ok(());
        }
        let again = election::fetch_raw(node, Reference::Election(self.id())).await.map_err(Stop::Node)?;
        let ordered = !again.close_signature.is_empty();
        if let Err(e) = self.check_order(&again.close_signature) {
            let saw = format!("closed the board by an order that is not the organiser's: {e}");
            self.keep(Finding::report(Kind::Closing, url, saw, Some(last)))?;
        }
        if let Err(e) = check_closing(self.election.draft(), ordered, &last.head) {
            self.keep(Finding::report(Kind::Closing, url, e.to_string(), Some(last)))?;
        }
        let messages = self.check_messages(url, node).await?;
        let valid = self.check_decryptions(url, &board, &messages)?;
        match record::fetch_tally(node, self.id()).await {
            Ok(Some(tally)) => self.check_tally(url, node, board, valid, tally).await,
            Ok(None) => Ok(()),
            Err(error) => self.answer(url, error),
        }
    }

    fn check_order(&self, signature: &[u8]) -> Result<(), InvalidSignature> {
        if signature.is_empty() {
            return Ok(());
        }
        let hash = Order::Close(self.id()).signing_hash(&self.election.domain());
        Signature::from_bytes(signature)?.verify(hash, self.election.draft().organiser)
    }

    fn check_decryptions(
        &mut self,
        url: &str,
        board: &ClosedBoard,
        messages: &[TrusteeMessage],
    ) -> Result<BTreeMap<u8, PartialDecryption>, Stop> {
        let election = self.election.clone();
        let mut valid = BTreeMap::new();
        for message in messages.iter().filter(|m| m.round == ROUND_DECRYPTION) {
            match check_partial(election.draft(), &election.key.key, board, message) {
                Ok(partial) => drop(valid.insert(message.from, partial)),
                Err(e) => {
                    let saw = format!("a decryption that does not hold: {e}");
                    self.keep(Finding::report(Kind::Decryption, url, saw, self.store.checkpoint.anchor))?;
                }
            }
        }
        Ok(valid)
    }

    /// Checks a result: who decrypted, the totals, and its proofs.
    async fn check_tally(
        &mut self,
        url: &str,
        node: &Node,
        board: ClosedBoard,
        valid: BTreeMap<u8, PartialDecryption>,
        tally: Tally,
    ) -> Result<(), Stop> {
        let (draft, pinned) = (self.election.draft().clone(), self.election.key.key.verifying_keys);
        let mut refusal = check_result(&draft, &board, &valid, &tally).err();
        if refusal.is_none() {
            let keys = fetch_tally_keys(node, &draft, pinned).await.map_err(Stop::Node)?;
            let result = tally.clone();
            let checked = tokio::task::spawn_blocking(move || {
                let (layout, t) = (Layout::standard(draft.rule.shape()), usize::from(draft.threshold));
                check_proofs(layout, t, draft.options.len(), &board, &result, |id| keys.get(&id))
            });
            refusal = checked.await.map_err(crate::Error::from)?.err().map(|e| e.to_string());
        }
        if let Some(why) = refusal {
            let saw = format!("shows a result that does not hold: {why}");
            self.keep(Finding::report(Kind::Tally, url, saw, self.store.checkpoint.anchor))?;
            return Ok(());
        }
        // The end of the watch; what looks wrong is settled before.
        if self.doubts.is_doubted(url) {
            return Ok(());
        }
        self.store.checkpoint.tally = Some(tally);
        Ok(self.store.save()?)
    }
}

/// Checks that the totals are what the result's quorum has decrypted.
fn check_result(
    draft: &Draft,
    board: &ClosedBoard,
    valid: &BTreeMap<u8, PartialDecryption>,
    tally: &Tally,
) -> Result<(), String> {
    let partials = check_quorum(draft, board.slots, valid, &tally.quorum).map_err(|e| e.to_string())?;
    let t = usize::from(draft.threshold);
    check_totals(&board.sums, &partials, t, &tally.totals).map_err(|e| e.to_string())
}
