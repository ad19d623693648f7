//! What every report says about its scope and limits.

use crate::{attestation::Attestation, policy::Unknowns};
use circuits::attestation::Disclosure;

/// What the attestation shows, as sentences.
pub fn scope(attestation: &Attestation) -> Vec<String> {
    let policy = &attestation.policy;
    let unknowns = match policy.unknowns {
        Unknowns::Counted => {
            "Records with an unknown attribute are part of the sample, and of every view whose attributes they have."
        }
        Unknowns::LeftOut => {
            "Records with an unknown attribute are left out of the sample and of every view."
        }
    };
    let disclosure = match policy.numbers.disclosure {
        Disclosure::Table { minimum } => format!(
            "The policy discloses the counts of every combination of attributes; each is 0 or at least {minimum}. \
             The proof binds them to the records."
        ),
        Disclosure::VerdictsOnly => {
            "The policy discloses verdicts and no counts. The verdicts are proven all the same.".into()
        }
    };
    vec![
        "Every verdict is proven to be what the policy gives on all records behind the data root, none left out. \
         The records themselves stay with the auditor."
            .into(),
        "The data root was fixed before the proof: after anchoring, no record can be changed, added or removed \
         unnoticed."
            .into(),
        unknowns.into(),
        disclosure,
        "Groups below the policy's minimum size or share are not compared, and are named. Counts on which a test \
         does not apply give \u{201c}not assessable\u{201d}, never \u{201c}pass\u{201d}."
            .into(),
    ]
}

/// What it does not show.
pub fn limits(attestation: &Attestation) -> Vec<String> {
    let mut out = vec![
        "Records that were left out before anchoring: only people who hold a receipt would notice.".into(),
        "That records were read correctly: the mapping from the file to groups and outcomes, and the uniqueness \
         of row ids, are not part of the proof. The mapping's digest is anchored; receipts check it."
            .into(),
        "Anything about the model: its commitment is carried and bound, so that the attestation cannot be moved \
         to another system, but the proof does not show that this model made the decisions."
            .into(),
        "Why groups differ, or whether a difference is lawful. Thresholds are the policy's choice, not a finding \
         of discrimination."
            .into(),
        "Confidence intervals (Wilson, 95 %) are computed from the disclosed counts for the reader; no proof is \
         made of them."
            .into(),
    ];
    if attestation.disclosed.is_some() {
        out.push(
            "Privacy of later audits: tables over overlapping periods can be subtracted from one another."
                .into(),
        );
    }
    if attestation.claim.insecure {
        out.push(
            "Anything at all, against an attacker: the parameters are INSECURE development parameters, whose \
             secret anyone can compute. Both proof and commitment can be forged."
                .into(),
        );
    }
    out
}
