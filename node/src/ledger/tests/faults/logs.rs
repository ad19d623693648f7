//! The same for logs of audits: a registration, an anchor, an attestation.

use super::*;
use audit::log::{LogId, Parties};

struct LogBench {
    world: World,
    place: Place,
    runtime: Runtime,
    parties: Parties,
    events: [log::Event; 3],
}

/// What one process has done.
#[derive(Default)]
struct LogLife {
    /// Number of each acknowledged event, by position.
    acknowledged: Vec<(usize, u32)>,
    failure: Option<String>,
    struck: bool,
}

impl LogBench {
    fn new(seed: u64) -> Self {
        let (world, place) = (World::new(seed, keys(vec![])), Place::new());
        let (parties, events) = (parties(&world), audit(&world));
        Self { world, place, runtime: Runtime::new().unwrap(), parties, events }
    }

    fn id(&self) -> LogId {
        self.parties.log()
    }

    fn live(&self, disks: &Directories, index: &Arc<FaultyIndex>, device: Device) -> LogLife {
        let mut life = LogLife::default();
        let opening = AssertUnwindSafe(|| disks.open(&self.world, &self.place, index));
        match catch_unwind(opening).unwrap_or_else(|_| Err("a panic".into())) {
            Ok(ledger) => {
                self.submit_all(&ledger, &mut life);
                self.runtime.block_on(close(ledger));
            }
            Err(e) => life.failure = Some(e),
        }
        life.struck = match device {
            Device::Index => !index.is_armed(),
            _ => !disks.journal.is_armed() && !disks.heads.is_armed(),
        };
        life
    }

    fn submit_all(&self, ledger: &Ledger, life: &mut LogLife) {
        for (i, event) in self.events.iter().enumerate() {
            let command = Command::Log { parties: self.parties.clone(), event: Box::new(event.clone()) };
            match self.runtime.block_on(ledger.submit(command)) {
                Ok(Outcome::Entered { seq, .. }) => {
                    assert!(life.failure.is_none(), "acknowledged after a failure");
                    life.acknowledged.push((i, seq));
                }
                Ok(Outcome::Done) => panic!("an event has a number"),
                Err(Refusal::Stopped(reason)) => {
                    life.failure.get_or_insert(reason.to_string());
                }
                // What it builds on was not accepted.
                Err(Refusal::Rejected(_)) if life.failure.is_some() => {}
                Err(refusal) => panic!("event {i}: {refusal}"),
            }
        }
    }

    /// A sound process finds all that was acknowledged, once, and goes on.
    fn check(&self, disks: &Directories, life: &LogLife) {
        let ledger = disks.open(&self.world, &self.place, &Arc::new(FaultyIndex::sound())).unwrap();
        for (i, seq) in &life.acknowledged {
            let found = ledger.logged(self.id(), *seq).unwrap().map(|entry| entry.event);
            assert_eq!(found.as_ref(), Some(&self.events[*i]), "an acknowledged event is lost");
        }
        let mut again = LogLife::default();
        self.submit_all(&ledger, &mut again);
        assert_eq!((again.failure, &again.acknowledged[..]), (None, &[(0, 0), (1, 1), (2, 2)][..]));
        for (i, event) in (0..).zip(&self.events) {
            let receipt = ledger.log_receipt(self.id(), i).unwrap().unwrap();
            receipt.check(&self.parties).unwrap();
            assert_eq!(receipt.row.id, event.id());
        }
        assert_eq!(ledger.logged(self.id(), 3).unwrap(), None, "events were doubled");
        self.runtime.block_on(close(ledger));
    }
}

#[test]
fn a48_g3_a_fault_at_any_call_loses_and_doubles_no_event_of_a_log() {
    let bench = LogBench::new(64);
    let _guard = bench.runtime.enter();
    for (device, fault) in DEVICES.into_iter().flat_map(|d| FAULTS.map(|f| (d, f))) {
        for at in 0.. {
            let disks = Directories { journal: SimStorage::default(), heads: SimStorage::default() };
            disks.arm(device, at, fault);
            let at_index = if device == Device::Index { at } else { u64::MAX };
            let index = Arc::new(FaultyIndex::failing(at_index, fault));
            let life = bench.live(&disks, &index, device);
            if is_harmless(fault) || !life.struck {
                let what = format!("{device:?} {fault:?} at call {at}");
                assert_eq!((life.acknowledged.len(), &life.failure), (3, &None), "{what}");
            }
            for power_cut in [None, Some(at)] {
                let left = disks.fork();
                left.next_life(power_cut);
                bench.check(&left, &life);
            }
            if !life.struck {
                println!("{device:?} {fault:?}: {at} calls");
                break;
            }
        }
    }
}

/// G2: an event is acknowledged after the syncs of journal and second path.
#[test]
fn g2_an_event_of_a_log_is_acknowledged_after_the_syncs() {
    let bench = LogBench::new(65);
    let _guard = bench.runtime.enter();
    let disks = Directories { journal: SimStorage::default(), heads: SimStorage::default() };
    let trace = Trace::default();
    for (label, disk) in [("journal", &disks.journal), ("heads", &disks.heads)] {
        disk.set_delay(Duration::from_millis(20));
        disk.trace_into(label, &trace);
    }
    let ledger = disks.open(&bench.world, &bench.place, &Arc::new(FaultyIndex::sound())).unwrap();
    trace.note(ACKNOWLEDGED);
    for event in &bench.events {
        let command = Command::Log { parties: bench.parties.clone(), event: Box::new(event.clone()) };
        bench.runtime.block_on(ledger.submit(command)).unwrap();
        trace.note(ACKNOWLEDGED);
    }
    let calls = trace.calls();
    let parts = between(&calls);
    assert_eq!(parts.len(), 1 + bench.events.len(), "{calls:#?}");
    for part in &parts[1..] {
        let steps = [
            position(part, |c| c == "journal: write journal"),
            position(part, |c| c == "journal: sync journal"),
            position(part, |c| c.starts_with("heads: write ")),
            position(part, |c| c.starts_with("heads: sync ") && c.ends_with(".new")),
            position(part, |c| c.starts_with("heads: rename to ")),
            position(part, |c| c == "heads: sync directory"),
        ];
        assert!(steps.is_sorted(), "{steps:?} in {part:#?}");
    }
    bench.runtime.block_on(close(ledger));
}
