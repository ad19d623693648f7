//! What a member needs before voting or masking: election, census, board.

use super::options::{ElectionOptions, SourceOptions};
use crate::{home::Home, keys::MemberKeys, progress};
use anyhow::{Context, Result, bail};
use client::{
    Error, Node, census,
    election::Reference,
    identity::Identity,
    state::{InvalidState, State},
    tickets::FileTickets,
    vote::{Policy, Voter},
};
use std::{path::Path, sync::Arc};

/// The state of an election in this home, brought up to date.
///
/// # Errors
/// If the node does not answer, or something does not hold.
pub async fn follow(home: &Home, node: &Node, election: &ElectionOptions) -> Result<State> {
    keep(&home.mirror(election.id)?, node, election).await
}

/// The state in a file, made or brought up to date.
///
/// # Errors
/// As [`follow`].
pub async fn keep(file: &Path, node: &Node, election: &ElectionOptions) -> Result<State> {
    let line = progress::spinner("fetching and checking election, census and board");
    let trust = MemberKeys::trust(election.organiser);
    let state = State::keep(file, node, Reference::Election(election.id), &trust).await;
    line.finish_and_clear();
    let damaged =
        matches!(&state, Err(Error::State { cause, .. }) if !matches!(cause, InvalidState::Checked(_)));
    let state = state.map_err(anyhow::Error::from);
    if damaged {
        return state.context(
            "move the file away and it is fetched anew; keep it, since it may show what the operator signed",
        );
    }
    state
}

/// The state that the options name.
///
/// # Errors
/// As [`follow`], or if the file is wrong.
pub async fn look(home: &Home, source: &SourceOptions, election: &ElectionOptions) -> Result<State> {
    if let Some(file) = &source.state {
        let trust = MemberKeys::trust(election.organiser);
        return Ok(State::read(file, Reference::Election(election.id), &trust)?);
    }
    follow(home, &source.node.required()?.connect().await?, election).await
}

/// The weight of an identity in the census, looked up locally.
///
/// # Errors
/// If it is not a member.
pub fn weight(state: &State, identity: &Identity) -> Result<u64> {
    Ok(census::member(&state.census, identity)?.weight)
}

/// A member at the booth, with tickets in the home.
///
/// # Errors
/// If the identity is not in the census, or the key cannot be made.
pub fn voter(home: &Home, state: &State, identity: &Identity, policy: Policy) -> Result<Voter> {
    if state.mirror.is_closed() {
        bail!("voting has ended: the board is closed");
    }
    let key = MemberKeys::open()?.ballot(state.election.draft().rule.shape())?;
    let tickets = Arc::new(FileTickets::new(home.tickets()));
    let voter = Voter::new(state.election.clone(), &state.census, identity, key, tickets)?;
    Ok(voter.with_policy(policy))
}
