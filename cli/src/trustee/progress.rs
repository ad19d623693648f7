//! `tabella trustee progress`: what a node holds of all trustees of a draft.
//! For the organiser and everybody else; needs no secret.

use super::{
    draft_id,
    session::{name, trustees_named},
    status::{Accusation, Named, accusation, named},
};
use crate::options::{NodeOptions, TrustOptions};
use anyhow::{Context, Result};
use circuits::types::{Draft, DraftId, ROUND_DECRYPTION, TrusteeMessage};
use clap::Args;
use client::{
    election::{self, Reference},
    trustees,
};
use proto::v1::Phase;
use serde::Serialize;
use std::collections::BTreeSet;
use trustee::{Abort, Message, Round};

/// `tabella trustee progress`
#[derive(Clone, Debug, Args)]
pub struct ProgressOptions {
    #[command(flatten)]
    node: NodeOptions,
    #[command(flatten)]
    trust: TrustOptions,
    /// Id of the draft, 0x and 64 hexadecimal digits.
    #[arg(long, value_name = "ID", value_parser = draft_id)]
    draft: DraftId,
    /// Print {draft, phase, round, missing, decrypted, threshold, conflicts, aborts}
    /// as JSON.
    #[arg(long)]
    json: bool,
}

/// Whom a draft waits for.
#[derive(Debug, Serialize)]
struct Progress {
    draft: DraftId,
    /// The election's phase, as the node says.
    phase: String,
    /// The round that is not complete: 1 to 5; null when nothing is missing.
    round: Option<u8>,
    /// Whose messages of that round are missing.
    missing: Vec<Named>,
    /// Trustees who have decrypted, by index.
    decrypted: Vec<u8>,
    threshold: u8,
    /// Trustees who have sent two different messages for one place.
    conflicts: BTreeSet<u8>,
    aborts: Vec<Accusation>,
}

/// Prints the progress.
///
/// # Errors
/// If the node does not answer, or the draft is not the organiser's.
pub fn run(options: &ProgressOptions) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let progress = runtime.block_on(fetch(options))?;
    if options.json {
        println!("{}", serde_json::to_string(&progress)?);
    } else {
        print(&progress);
    }
    Ok(())
}

async fn fetch(options: &ProgressOptions) -> Result<Progress> {
    let node = options.node.connect().await?;
    let signed = election::fetch_draft(&node, options.draft, options.trust.organiser).await?;
    let phase = election::fetch_raw(&node, Reference::Draft(options.draft)).await?.phase();
    let (messages, conflicts) = trustees::fetch(&node, options.draft).await?;
    Ok(progress(&signed.draft, phase, &messages, &conflicts))
}

fn progress(
    draft: &Draft,
    phase: Phase,
    messages: &[TrusteeMessage],
    conflicts: &[TrusteeMessage],
) -> Progress {
    let waits = match phase {
        Phase::Unspecified | Phase::Draft | Phase::KeyGeneration => trustees::waits_for(draft, messages),
        Phase::Closed => trustees::too_few_decryptions(draft, messages).map(|m| (ROUND_DECRYPTION, m)),
        Phase::Keyed | Phase::Voting | Phase::Tallied => None,
    };
    let (round, missing) = waits.map_or((None, Vec::new()), |(round, missing)| (Some(round), missing));
    let absent = trustees::missing(draft, messages, ROUND_DECRYPTION);
    let indices = (1..=u8::MAX).take(draft.trustees.len());
    let signed = |m: &&TrusteeMessage| m.check(draft).is_ok();
    Progress {
        draft: draft.id(),
        phase: phase.as_str_name().trim_start_matches("PHASE_").to_lowercase(),
        round,
        missing: named(draft, &missing),
        decrypted: indices.filter(|i| !absent.contains(i)).collect(),
        threshold: draft.threshold,
        conflicts: conflicts.iter().filter(signed).map(|m| m.from).collect(),
        aborts: messages.iter().filter_map(|m| abort(draft, m)).collect(),
    }
}

/// The abort in a message, if it is a signed one.
fn abort(draft: &Draft, message: &TrusteeMessage) -> Option<Accusation> {
    let message = Message::try_from(message.clone()).ok().filter(|m| m.route.round == Round::Abort)?;
    message.check(draft).ok()?;
    Abort::from_message(draft, &message).ok().map(|a| accusation(&a, draft))
}

fn print(progress: &Progress) {
    println!("draft {}: {}", progress.draft, progress.phase);
    let round = progress.round.and_then(|code| Round::ALL.into_iter().find(|r| r.code() == code));
    match round {
        Some(round) => {
            let indices: Vec<u8> = progress.missing.iter().map(Named::index).collect();
            println!("  missing: the {} of {}", name(round), trustees_named(&indices));
            progress.missing.iter().for_each(|n| println!("    {n}"));
        }
        None => println!("  nothing is missing from the trustees"),
    }
    if !progress.decrypted.is_empty() {
        println!("  decrypted: {}; {} needed", trustees_named(&progress.decrypted), progress.threshold);
    }
    for index in &progress.conflicts {
        println!("  trustee {index} has sent two different messages in one round");
    }
    progress.aborts.iter().for_each(|a| println!("  {a}"));
}
