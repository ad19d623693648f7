#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
use super::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

fn draft() -> Draft {
    let trustee = |i: u8| TrusteeIdentity { signer: Address([i; 20]), encryption_key: [i; 32] };
    Draft {
        chain_id: 0,
        contract: Address::default(),
        organisation: "Example DAO".into(),
        registration_chain_id: 1,
        proposal_digest: keccak256("text"),
        kind: ProposalKind::Resolution,
        calls: vec![],
        options: vec!["yes".into(), "no".into()],
        rule: Rule::new(RuleKind::SingleChoice, 2).unwrap(),
        pass_rule: PassRule { winning_option: 0, quorum: 10, majority_numerator: 1, majority_denominator: 2 },
        census: CensusDefinition {
            source: [3; 32],
            snapshot: "block 1".into(),
            decimals: 2,
            maskers: vec![],
        },
        times: Times { opening: 1, closing: 2, root_deadline: 3, tally_deadline: 4 },
        early_close: true,
        trustees: vec![trustee(1), trustee(2), trustee(3)],
        threshold: 2,
        min_ballots: 3,
        settlement: SettlementMode::None,
        operator: Address([9; 20]),
        organiser: Address([8; 20]),
        nonce: [7; 32],
    }
}

#[test]
fn a_sound_draft_is_accepted_and_each_broken_rule_is_named() {
    assert_eq!(draft().check(), Ok(()));
    type Break = (fn(&mut Draft), InvalidDraft);
    let cases: [Break; 13] = [
        (|d| d.organisation.clear(), InvalidDraft::Empty("the organisation")),
        (|d| d.options[1] = "yes".into(), InvalidDraft::DuplicateOption("yes".into())),
        (|d| d.options.push("x".into()), InvalidDraft::Options { rule: 2, options: 3 }),
        (|d| d.pass_rule.winning_option = 2, InvalidDraft::WinningOption(2)),
        (|d| d.pass_rule.majority_numerator = 2, InvalidDraft::Majority(2, 2)),
        (|d| d.pass_rule.quorum = 1 << 44, InvalidDraft::Quorum),
        (|d| d.kind = ProposalKind::Action, InvalidDraft::Calls),
        (|d| d.chain_id = 1, InvalidDraft::Settlement),
        (|d| d.times.closing = 1, InvalidDraft::Times),
        (|d| d.threshold = 1, InvalidDraft::Trustees { n: 3, t: 1 }),
        (|d| d.trustees[2] = d.trustees[0], InvalidDraft::DuplicateTrustee),
        (|d| d.census.maskers = vec![Address([2; 20]), Address([1; 20])], InvalidDraft::Maskers),
        (|d| d.min_ballots = 0, InvalidDraft::MinBallots),
    ];
    for (change, expected) in cases {
        let mut d = draft();
        change(&mut d);
        assert_eq!(d.check(), Err(expected));
    }
}

#[test]
fn draft_id_depends_on_every_field() {
    let changes: [fn(&mut Draft); 20] = [
        |d| d.chain_id += 1,
        |d| d.contract.0[0] += 1,
        |d| d.organisation.push('x'),
        |d| d.registration_chain_id += 1,
        |d| d.proposal_digest[0] += 1,
        |d| d.kind = ProposalKind::Action,
        |d| d.calls.push(Call { target: Address::default(), value: [0; 32], data: vec![] }),
        |d| d.options[0].push('x'),
        |d| d.rule = Rule::new(RuleKind::Approval, 2).unwrap(),
        |d| d.pass_rule.quorum += 1,
        |d| d.census.maskers.push(Address::default()),
        |d| d.times.tally_deadline += 1,
        |d| d.early_close = false,
        |d| d.trustees[0].encryption_key[0] += 1,
        |d| d.threshold += 1,
        |d| d.min_ballots += 1,
        |d| d.settlement = SettlementMode::Validity,
        |d| d.operator.0[0] += 1,
        |d| d.organiser.0[0] += 1,
        |d| d.nonce[0] += 1,
    ];
    let mut ids = vec![draft().id()];
    for change in changes {
        let mut d = draft();
        change(&mut d);
        ids.push(d.id());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 21);
}

#[test]
fn json_of_a_draft_reads_back_and_refuses_unknown_fields() {
    let text = serde_json::to_string(&draft()).unwrap();
    assert_eq!(serde_json::from_str::<Draft>(&text).unwrap(), draft());
    let more = text.replacen('{', "{\"x\":1,", 1);
    assert!(serde_json::from_str::<Draft>(&more).is_err());
}

/// A1: the integer x + r is refused, for every typed field element.
#[test]
fn a1_non_canonical_field_elements_are_refused() {
    use ark_ff::{BigInteger, PrimeField};
    for x in [0u64, 1, 12345] {
        let mut integer = crate::curve::Fr::from(x).into_bigint();
        integer.add_with_carry(&crate::curve::Fr::MODULUS);
        assert_eq!(Slot::from_bytes(&integer.to_bytes_be()), Err(NonCanonical::TooLarge));
    }
    assert_eq!(Slot::from_bytes(&[0; 31]), Err(NonCanonical::Length(31)));
    assert_eq!(Slot::from_bytes(&[0xff; 32]), Err(NonCanonical::TooLarge));
}

/// A14: every kind of bad point is refused, each for its own reason.
#[test]
fn a14_bad_points_are_refused() {
    use crate::curve::{Affine2, Fr, GENERATOR};
    use ark_ec::CurveGroup;
    let encode = |x: Fr, y: Fr| [field_to_bytes(x), field_to_bytes(y)].concat();
    let g = GENERATOR;
    assert_eq!(CurvePoint::from_bytes(&encode(g.x, g.y + Fr::from(1u64))), Err(InvalidPoint::OffCurve));
    assert_eq!(GroupElement::from_bytes(&encode(-g.x, g.y)).map(|p| p.affine()), Ok(-g));
    let identity = encode(Fr::from(0u64), Fr::from(1u64));
    assert_eq!(GroupElement::from_bytes(&identity), Err(InvalidPoint::Identity));
    let order_2 = Affine2::new_unchecked(Fr::from(0u64), -Fr::from(1u64));
    assert_eq!(GroupElement::from_bytes(&encode(order_2.x, order_2.y)), Err(InvalidPoint::Subgroup));
    let mixed = (g + order_2).into_affine();
    assert_eq!(GroupElement::from_bytes(&encode(mixed.x, mixed.y)), Err(InvalidPoint::Subgroup));
    let mut long = encode(g.x, g.y);
    long.push(0);
    assert_eq!(CurvePoint::from_bytes(&long), Err(InvalidPoint::Length(65)));
    long.truncate(64);
    long[0] = 0xff;
    assert!(matches!(CurvePoint::from_bytes(&long), Err(InvalidPoint::Coordinate(_))));
}

#[test]
fn signatures_have_one_form() {
    let seed = 11;
    let key = AccountKey::random(&mut ChaCha20Rng::seed_from_u64(seed));
    let hash = keccak256("message");
    let signature = key.sign(hash);
    assert_eq!(signature.verify(hash, key.address()), Ok(()));
    assert!(signature.verify(keccak256("other"), key.address()).is_err());
    let bytes = signature.to_bytes();
    assert_eq!(Signature::from_bytes(&bytes[..64]), Err(InvalidSignature::Length(64)));
    let mut v = bytes;
    v[64] -= 27;
    assert_eq!(Signature::from_bytes(&v), Err(InvalidSignature::RecoveryId(v[64])));
    // The other root: s' = n - s, v flipped, recovers the same account.
    let n = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let mut high = bytes;
    let mut borrow = 0i16;
    for i in (0..32).rev() {
        let d = i16::from(n[i]) - i16::from(bytes[32 + i]) - borrow;
        (high[32 + i], borrow) = (d.rem_euclid(256) as u8, i16::from(d < 0));
    }
    high[64] = 27 + 28 - bytes[64];
    assert_eq!(Signature::from_bytes(&high), Err(InvalidSignature::HighS));
}

/// EIP-712's own example of an address: private key keccak256("cow").
#[test]
fn addresses_are_ethereums() {
    let key = AccountKey::from_bytes(&keccak256("cow")).unwrap();
    assert_eq!(key.address().to_string(), "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826");
}

#[test]
fn rules_have_one_code() {
    let mut codes = std::collections::BTreeSet::new();
    for kind in RuleKind::ALL {
        for options in 1..=16 {
            let rule = Rule::new(kind, options).unwrap();
            assert_eq!(Rule::from_code(rule.code()), Ok(rule));
            assert!(codes.insert(rule.code()));
        }
        assert!(Rule::new(kind, 0).is_err() && Rule::new(kind, 17).is_err());
    }
    for code in 0..1 << 22 {
        assert_eq!(Rule::from_code(code).is_ok(), codes.contains(&code));
    }
}

#[test]
fn census_limits_are_enforced() {
    let definition = CensusDefinition {
        source: [0; 32],
        snapshot: "s".into(),
        decimals: 0,
        maskers: vec![Address([5; 20])],
    };
    let entry = |a: u8, weight| CensusEntry {
        address: Address([a; 20]),
        identity: IdentityCommitment::from_field(u64::from(a).into()),
        weight,
    };
    let census = |entries| Census::new(&definition, entries).map(|c| c.total());
    assert_eq!(census(vec![entry(1, 3), entry(5, 0)]), Ok(3));
    assert_eq!(census(vec![]), Err(InvalidCensus::Empty));
    assert_eq!(census(vec![entry(2, 1), entry(1, 1)]), Err(InvalidCensus::Order(1)));
    assert_eq!(census(vec![entry(1, 1), entry(1, 1)]), Err(InvalidCensus::Order(1)));
    assert_eq!(census(vec![entry(1, 0)]), Err(InvalidCensus::ZeroWeight(0, Address([1; 20]))));
    // A30: the limit itself and one above.
    let limit = (1u64 << 44) - 1;
    assert_eq!(census(vec![entry(1, limit)]), Ok(limit));
    assert_eq!(census(vec![entry(1, limit), entry(2, 1)]), Err(InvalidCensus::Total(1 << 44)));
    let mut twin = entry(2, 1);
    twin.identity = entry(1, 1).identity;
    assert_eq!(census(vec![entry(1, 1), twin]), Err(InvalidCensus::DuplicateIdentity(1, 0)));
}
