//! A48 and crashes at every call: what was acknowledged is there, once, in
//! order; nothing is invented; a crash is never taken for corruption.

use proptest::prelude::*;

use super::*;

/// What a reader may rely on, and what may or may not have survived.
#[derive(Debug, Default)]
struct Model {
    certain: Vec<Vec<u8>>,
    maybe: Vec<Vec<u8>>,
    next: u64,
}

impl Model {
    fn draw(&mut self, lengths: &[usize]) -> Vec<Vec<u8>> {
        lengths
            .iter()
            .map(|length| {
                self.next += 1;
                payload(self.next, *length)
            })
            .collect()
    }

    /// Answers come in order: after the first refusal all are refused.
    fn note(&mut self, sent: Vec<Vec<u8>>, answers: &[Result<Place, AppendError>]) {
        for (payload, answer) in sent.into_iter().zip(answers) {
            match answer {
                Ok(_) => {
                    assert!(self.maybe.is_empty(), "acknowledged after a failure");
                    self.certain.push(payload);
                }
                Err(_) => self.maybe.push(payload),
            }
        }
    }

    /// What a fresh process finds becomes certain: heads are signed over it.
    fn check(&mut self, found: Vec<Vec<u8>>) {
        let kept = self.certain.len();
        assert!(found.len() >= kept, "{} of {kept} acknowledged frames survived", found.len());
        assert_eq!(found[..kept], self.certain);
        assert!(self.maybe.starts_with(&found[kept..]), "frames were doubled, mixed or invented");
        self.certain = found;
        self.maybe.clear();
    }
}

/// One life of a process: it opens, appends batches and ends by a fault.
#[derive(Clone, Debug)]
struct Life {
    batches: Vec<Vec<usize>>,
    fault_at: u64,
    fault: Blow,
    power_cut: Option<u64>,
}

fn live(disk: &SimStorage, life: &Life, model: &mut Model) {
    disk.fail_after(life.fault_at, life.fault);
    if let Ok((journal, _)) = Journal::open(disk.shared()) {
        model.check(payloads(&journal));
        for lengths in &life.batches {
            let sent = model.draw(lengths);
            let answers = append_all(&journal, &sent);
            model.note(sent, &answers);
        }
        disk.fail_after(0, Blow::Death);
    }
    match life.power_cut {
        Some(seed) => disk.power_cut(seed),
        None => disk.restart(),
    }
}

fn revive(disk: &SimStorage, model: &mut Model) {
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    model.check(payloads(&journal));
}

#[test]
fn a48_a_fault_at_any_call_loses_nothing_acknowledged() {
    let batches = vec![vec![10], vec![300, 0, 70], vec![900]];
    for (fault_at, fault) in (0..30).flat_map(|n| [Blow::Error, Blow::Full, Blow::Death].map(|f| (n, f))) {
        for seed in [None, Some(1), Some(2), Some(3), Some(4)] {
            let (disk, mut model) = (SimStorage::default(), Model::default());
            let life = Life { batches: batches.clone(), fault_at, fault, power_cut: seed };
            live(&disk, &life, &mut model);
            revive(&disk, &mut model);
            disk.power_cut(seed.unwrap_or(5));
            revive(&disk, &mut model);
        }
    }
}

#[test]
fn a48_after_a_failed_sync_nothing_is_acknowledged_and_nothing_retried() {
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    let watch = journal.appender().failure();
    append_all(&journal, &[payload(0, 9)])[0].as_ref().unwrap();
    disk.fail_after(1, Blow::Error);
    for n in 1..5 {
        let answer = append_all(&journal, &[payload(n, 9)]).remove(0);
        assert!(matches!(&answer, Err(AppendError::Poisoned(f)) if matches!(**f, Failure::Sync { .. })));
    }
    assert!(matches!(watch.borrow().as_deref(), Some(Failure::Sync { .. })));
    let syncs = disk.syncs();
    drop(journal);
    assert_eq!(disk.syncs(), syncs, "the sync is not tried again");
}

#[test]
fn a48_a_full_disk_stops_the_journal() {
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    disk.fail_after(0, Blow::Full);
    let answers = append_all(&journal, &[payload(1, 500), payload(2, 900)]);
    assert!(answers.iter().all(|a| matches!(a, Err(AppendError::Poisoned(_)))), "{answers:?}");
    drop(journal);
    disk.restart();
    let (journal, recovery) = Journal::open(disk.shared()).unwrap();
    assert!(recovery.frames <= 1 && recovery.torn.is_some(), "{recovery:?}");
    append_all(&journal, &[payload(3, 500)])[0].as_ref().unwrap();
}

/// After a failed sync the page cache shows frames that the disk lacks, and a
/// plain sync of them would succeed without writing.
#[test]
fn a48_what_a_new_process_finds_after_a_failed_sync_is_durable() {
    for seed in 0..50 {
        let (disk, mut model) = (SimStorage::default(), Model::default());
        let (journal, _) = Journal::open(disk.shared()).unwrap();
        disk.fail_after(1, Blow::Error);
        let sent = model.draw(&[400]);
        let answers = append_all(&journal, &sent);
        assert!(answers[0].is_err());
        model.note(sent, &answers);
        drop(journal);
        disk.restart();
        revive(&disk, &mut model);
        assert_eq!(model.certain.len(), 1, "the page cache still held the frame");
        disk.power_cut(seed);
        revive(&disk, &mut model);
    }
}

fn arb_life() -> impl Strategy<Value = Life> {
    let batches = prop::collection::vec(prop::collection::vec(0..400_usize, 1..5), 0..6);
    let fault = prop_oneof![Just(Blow::Error), Just(Blow::Full), Just(Blow::Death)];
    (batches, 0..40_u64, fault, prop::option::weighted(0.7, any::<u64>()))
        .prop_map(|(batches, fault_at, fault, power_cut)| Life { batches, fault_at, fault, power_cut })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn acknowledged_frames_survive_any_life(lives in prop::collection::vec(arb_life(), 1..8)) {
        let (disk, mut model) = (SimStorage::default(), Model::default());
        for life in &lives {
            live(&disk, life, &mut model);
        }
        revive(&disk, &mut model);
    }
}
