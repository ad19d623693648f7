//! Messages of the trustees. spec: `trustee.message`, `trustee.rounds`.

use super::{Election, Event, KeyStatement, Phase, Rejection, Rules, State};
use circuits::types::{ElectionId, ROUND_DECRYPTION, ROUND_KEY, SignedElectionKey, TrusteeMessage};

/// Round of the encrypted shares, each for one other trustee.
const ROUND_SHARE: u8 = 3;
/// Round in which a trustee ends the key generation.
const ROUND_ABORT: u8 = 255;

/// A message's place: at most one message of a draft has it.
pub(super) type Place = (u8, u8, u8);

pub(super) fn place(m: &TrusteeMessage) -> Place {
    (m.round, m.from, m.to)
}

impl State {
    /// Checks a trustee's message. One that fills a place a second time is
    /// refused, and the event that comes with the rejection keeps it as
    /// evidence (A27).
    ///
    /// # Errors
    /// The rule that it breaks, with what has to be logged all the same.
    pub fn check_message(
        &self,
        rules: &Rules,
        m: &TrusteeMessage,
    ) -> Result<Vec<Event>, (Rejection, Vec<Event>)> {
        let plain = |rejection| (rejection, Vec::new());
        let election = self.draft(m.draft_id).map_err(plain)?;
        m.check(election.draft()).map_err(|e| plain(Rejection::Trustee(e)))?;
        check_recipient(election, m).map_err(plain)?;
        if let Some(earlier) = election.message(place(m)) {
            return repeated(election, m, earlier);
        }
        let phase = match m.round {
            1..=ROUND_KEY | ROUND_ABORT => Phase::KeyGeneration,
            ROUND_DECRYPTION => Phase::Closed,
            other => return Err(plain(Rejection::TrusteeRound(other))),
        };
        election.require(phase).map_err(plain)?;
        if m.round == ROUND_KEY {
            check_statement(rules, election, m).map_err(plain)?;
        }
        Ok(vec![Event::TrusteeMessage(m.clone())])
    }
}

fn check_recipient(election: &Election, m: &TrusteeMessage) -> Result<(), Rejection> {
    let others = (1..=election.draft().trustees.len()).contains(&m.to.into()) && m.to != m.from;
    let addressed = if m.round == ROUND_SHARE { others } else { m.to == 0 };
    if addressed { Ok(()) } else { Err(Rejection::TrusteeRecipient { to: m.to, round: m.round }) }
}

/// A signer can make several signatures of one content: these are repeats.
fn repeated(
    election: &Election,
    m: &TrusteeMessage,
    earlier: &TrusteeMessage,
) -> Result<Vec<Event>, (Rejection, Vec<Event>)> {
    if earlier.body == m.body {
        return Ok(Vec::new());
    }
    let (round, from, to) = place(m);
    let kept = election.has_conflict((round, from, to));
    let evidence = if kept { Vec::new() } else { vec![Event::TrusteeConflict(m.clone())] };
    Err((Rejection::TrusteeConflict { round, from, to }, evidence))
}

/// A61, A17: the key is over the frozen census and the node's keys, and
/// signed by the message's sender.
fn check_statement(rules: &Rules, election: &Election, m: &TrusteeMessage) -> Result<(), Rejection> {
    let draft = election.draft();
    let statement = KeyStatement::from_body(draft, &m.body).map_err(Rejection::KeyStatement)?;
    let census = election.census.as_ref().map(|c| (c.statement.root, c.statement.total));
    if census != Some((statement.key.census_root, statement.key.census_total)) {
        return Err(Rejection::KeyCensus);
    }
    if rules.keys.election(draft.rule.shape(), draft.threshold) != Some(statement.key.verifying_keys) {
        return Err(Rejection::KeyVerifyingKeys);
    }
    let check = statement.check_signature(draft, m.from);
    check.map_err(|cause| Rejection::Signature { what: "signature of the key", cause })
}

impl Election {
    /// The key as all trustees sign it.
    ///
    /// # Errors
    /// If a statement is missing or differs, or the key is not sound.
    pub fn assemble_key(&self) -> Result<SignedElectionKey, Rejection> {
        let draft = self.draft();
        let indices = (1..=u8::MAX).take(draft.trustees.len());
        let statement = |i: u8| {
            let body = &self.message((ROUND_KEY, i, 0))?.body;
            KeyStatement::from_body(draft, body).ok()
        };
        let statements: Vec<_> = indices.map(|i| (i, statement(i))).collect();
        let missing: Vec<u8> = statements.iter().filter(|(_, s)| s.is_none()).map(|(i, _)| *i).collect();
        let statements: Vec<_> = statements.into_iter().filter_map(|(i, s)| Some((i, s?))).collect();
        let Some((_, first)) = statements.first().filter(|_| missing.is_empty()) else {
            return Err(Rejection::KeyIncomplete { missing });
        };
        if let Some((i, _)) = statements.iter().find(|(_, s)| s.key != first.key) {
            return Err(Rejection::KeyDisagrees(*i));
        }
        let signatures = statements.iter().map(|(_, s)| s.signature).collect();
        let signed = SignedElectionKey { key: first.key.clone(), signatures };
        signed.check(draft).map_err(Rejection::Key)?;
        Ok(signed)
    }

    /// The partial decryptions so far.
    pub fn decryptions(&self) -> Vec<TrusteeMessage> {
        self.messages().iter().filter(|m| m.round == ROUND_DECRYPTION).cloned().collect()
    }

    /// Adds a message; gives the election's id when it completes the key.
    pub(super) fn add_message(&mut self, m: TrusteeMessage) -> Option<ElectionId> {
        let round = m.round;
        self.push_message(m);
        if round != ROUND_KEY {
            return None;
        }
        let key = self.assemble_key().ok()?;
        let id = key.key.election_id();
        self.key = Some(key);
        Some(id)
    }
}
