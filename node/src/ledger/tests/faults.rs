//! G2, G3, A48: a fault at every call of journal, second path and index, and
//! what an acknowledgement waits for.

mod logs;

use super::*;
use crate::{
    ledger::{Outcome, Refusal, open::Disks},
    store::{
        Edit, Index, IndexError, MemIndex, Pair,
        testing::{Fault, SimStorage, Trace},
    },
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    time::Duration,
};
use tokio::runtime::Runtime;

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Device {
    Journal,
    JournalReads,
    Heads,
    HeadsReads,
    Index,
}

const DEVICES: [Device; 5] =
    [Device::Journal, Device::JournalReads, Device::Heads, Device::HeadsReads, Device::Index];
const FAULTS: [Fault; 6] =
    [Fault::Error, Fault::Short, Fault::Delay, Fault::Panic, Fault::Full, Fault::Death];

/// An index whose call number `at` goes wrong.
#[derive(Debug)]
struct FaultyIndex {
    index: MemIndex,
    calls: AtomicU64,
    at: u64,
    fault: Fault,
}

impl FaultyIndex {
    fn sound() -> Self {
        Self::failing(u64::MAX, Fault::Error)
    }

    fn failing(at: u64, fault: Fault) -> Self {
        Self { index: MemIndex::default(), calls: AtomicU64::new(0), at, fault }
    }

    fn is_armed(&self) -> bool {
        self.calls.load(Ordering::SeqCst) <= self.at
    }

    fn call(&self) -> Result<(), IndexError> {
        let here = self.calls.fetch_add(1, Ordering::SeqCst);
        let failed = || {
            Err(IndexError::Backend { operation: "do as asked", source: "a fault that a test set".into() })
        };
        match self.fault {
            Fault::Death if here >= self.at => failed(),
            _ if here != self.at => Ok(()),
            Fault::Panic => panic!("a panic that a test asked for"),
            Fault::Delay => {
                std::thread::sleep(Duration::from_millis(5));
                Ok(())
            }
            // A transaction is made whole or not at all.
            Fault::Short => Ok(()),
            Fault::Error | Fault::Full | Fault::Death => failed(),
        }
    }
}

impl Index for FaultyIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.call()?;
        self.index.get(key)
    }

    fn pairs(&self, prefix: &[u8]) -> Result<Vec<Pair>, IndexError> {
        self.call()?;
        self.index.pairs(prefix)
    }

    fn commit(&self, edits: &[Edit]) -> Result<(), IndexError> {
        self.call()?;
        self.index.commit(edits)
    }

    fn clear(&self) -> Result<(), IndexError> {
        self.call()?;
        self.index.clear()
    }

    fn flush(&self) -> Result<(), IndexError> {
        self.call()?;
        self.index.flush()
    }
}

/// Journal and second path of a node.
#[derive(Default)]
struct Directories {
    journal: SimStorage,
    heads: SimStorage,
}

impl Directories {
    fn fork(&self) -> Self {
        Self { journal: self.journal.fork(), heads: self.heads.fork() }
    }

    /// The next process finds what the last one left, or the power went too.
    fn next_life(&self, power_cut: Option<u64>) {
        for disk in [&self.journal, &self.heads] {
            match power_cut {
                Some(seed) => disk.power_cut(seed),
                None => disk.restart(),
            }
        }
    }

    fn arm(&self, device: Device, at: u64, fault: Fault) {
        match device {
            Device::Journal => self.journal.fail_after(at, fault),
            Device::JournalReads => self.journal.fail_read_after(at, fault),
            Device::Heads => self.heads.fail_after(at, fault),
            Device::HeadsReads => self.heads.fail_read_after(at, fault),
            Device::Index => {}
        }
    }

    fn open(&self, world: &World, place: &Place, index: &Arc<FaultyIndex>) -> Result<Ledger, String> {
        let rules = Rules {
            operator: world.operator.address(),
            organisers: vec![],
            registrations_max: 100,
            logs_max: 4,
            events_max: 100,
            keys: world.keys.clone(),
        };
        let disks = Disks {
            storage: self.journal.shared(),
            index: index.clone(),
            heads: Box::new(self.heads.clone()),
        };
        let clock = Arc::new(ManualClock(AtomicU64::new(OPENING)));
        let opened = Ledger::over(disks, &place.config(world), rules, clock, &Default::default());
        opened.map(|(ledger, _)| ledger).map_err(|e| e.to_string())
    }
}

/// What one process has done.
#[derive(Default)]
struct Life {
    /// Number of each acknowledged entry or event, by position.
    acknowledged: Vec<(usize, u32)>,
    /// Why the process could not go on.
    failure: Option<String>,
    /// Whether the fault has struck.
    struck: bool,
}

/// Where processes of a node live, one after another.
struct Site {
    world: World,
    place: Place,
    runtime: Runtime,
}

impl Site {
    fn new(seed: u64) -> Self {
        Self { world: World::new(seed, keys(vec![])), place: Place::new(), runtime: Runtime::new().unwrap() }
    }

    fn open(&self, disks: &Directories, index: FaultyIndex) -> Ledger {
        disks.open(&self.world, &self.place, &Arc::new(index)).unwrap()
    }

    /// Opens and submits all commands, one after another.
    fn live(
        &self,
        disks: &Directories,
        index: &Arc<FaultyIndex>,
        device: Device,
        commands: Vec<Command>,
    ) -> Life {
        let mut life = Life::default();
        let opening = AssertUnwindSafe(|| disks.open(&self.world, &self.place, index));
        match catch_unwind(opening).unwrap_or_else(|_| Err("a panic".into())) {
            Ok(ledger) => {
                self.submit_all(&ledger, commands, &mut life);
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

    fn submit_all(&self, ledger: &Ledger, commands: Vec<Command>, life: &mut Life) {
        for (i, command) in commands.into_iter().enumerate() {
            match self.runtime.block_on(ledger.submit(command)) {
                Ok(Outcome::Entered { seq, .. }) => {
                    assert!(life.failure.is_none(), "acknowledged after a failure");
                    life.acknowledged.push((i, seq));
                }
                Ok(Outcome::Done) => panic!("command {i} gets a number"),
                Err(Refusal::Stopped(reason)) => {
                    life.failure.get_or_insert(reason.to_string());
                }
                // What it builds on was not accepted.
                Err(Refusal::Rejected(_)) if life.failure.is_some() => {}
                Err(refusal) => panic!("command {i}: {refusal}"),
            }
        }
    }

    /// Every fault at every call of every device, in one life of three
    /// commands; `check` is given what it left, after a restart and after
    /// power cuts.
    fn strike_everywhere(
        &self,
        fresh: impl Fn() -> Directories,
        commands: impl Fn() -> Vec<Command>,
        check: impl Fn(&Directories, &Life),
    ) {
        let _guard = self.runtime.enter();
        for (device, fault) in DEVICES.into_iter().flat_map(|d| FAULTS.map(|f| (d, f))) {
            let mut struck = 0;
            for at in 0.. {
                let disks = fresh();
                disks.arm(device, at, fault);
                let at_index = if device == Device::Index { at } else { u64::MAX };
                let index = Arc::new(FaultyIndex::failing(at_index, fault));
                let life = self.live(&disks, &index, device, commands());
                if is_harmless(fault) || !life.struck {
                    let what = format!("{device:?} {fault:?} at call {at}");
                    assert_eq!((life.acknowledged.len(), &life.failure), (3, &None), "{what}");
                }
                for power_cut in [None, Some(at), Some(at + 1000)] {
                    let left = disks.fork();
                    left.next_life(power_cut);
                    check(&left, &life);
                }
                if !life.struck {
                    break;
                }
                struck += 1;
            }
            println!("{device:?} {fault:?}: {struck} calls");
            assert!(struck > 0, "{device:?}: no call was struck");
        }
    }

    /// The calls to slow disks before the first command and for each command.
    fn traced(&self, disks: &Directories, commands: Vec<Command>) -> Vec<Vec<String>> {
        let _guard = self.runtime.enter();
        let (count, trace) = (commands.len(), Trace::default());
        for (label, disk) in [("journal", &disks.journal), ("heads", &disks.heads)] {
            disk.set_delay(Duration::from_millis(20));
            disk.trace_into(label, &trace);
        }
        let ledger = self.open(disks, FaultyIndex::sound());
        trace.note(ACKNOWLEDGED);
        for command in commands {
            self.runtime.block_on(ledger.submit(command)).unwrap();
            trace.note(ACKNOWLEDGED);
        }
        let calls = trace.calls();
        self.runtime.block_on(close(ledger));
        let parts: Vec<_> = calls.split(|c| c == ACKNOWLEDGED).filter(|part| !part.is_empty()).collect();
        assert_eq!(parts.len(), 1 + count, "{calls:#?}");
        parts.into_iter().map(<[String]>::to_vec).collect()
    }
}

/// An open election.
struct Bench {
    site: Site,
    opened: Directories,
    /// Two slots, then the first again.
    entries: Vec<BoardEntry>,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let mut site = Site::new(seed);
        let opened = Directories::default();
        let a = site.world.entry(1, None);
        let entries = vec![a.clone(), site.world.entry(2, None), site.world.entry(1, Some(&a))];
        let guard = site.runtime.enter();
        let ledger = site.open(&opened, FaultyIndex::sound());
        site.runtime.block_on(vote_is_open(&site.world, &ledger));
        site.runtime.block_on(close(ledger));
        drop(guard);
        Self { site, opened, entries }
    }

    fn commands(&self) -> Vec<Command> {
        let election_id = self.site.world.election_id();
        let enter = |entry: &BoardEntry| Command::Enter { election_id, entry: Box::new(entry.clone()) };
        self.entries.iter().map(enter).collect()
    }

    /// A sound process finds all that was acknowledged, once, and goes on.
    fn check(&self, disks: &Directories, life: &Life) {
        let world = &self.site.world;
        let id = world.election_id();
        let ledger = self.site.open(disks, FaultyIndex::sound());
        let found = ledger.entries(id, 0, u32::MAX).unwrap();
        assert!(found.len() <= self.entries.len(), "entries were doubled");
        for (i, seq) in &life.acknowledged {
            assert_eq!(found.get(*seq as usize), Some(&self.entries[*i]), "an acknowledged entry is lost");
        }
        let mut again = Life::default();
        self.site.submit_all(&ledger, self.commands(), &mut again);
        assert_eq!(again.failure, None);
        assert!(life.acknowledged.iter().all(|known| again.acknowledged.contains(known)), "another number");
        let mut all = ledger.entries(id, 0, u32::MAX).unwrap();
        for (i, seq) in again.acknowledged {
            let receipt = ledger.receipt(id, seq).unwrap().unwrap();
            let draft = &world.draft.draft;
            receipt.check(id, &draft.domain(), world.operator.address()).unwrap();
            assert_eq!(receipt.row, self.entries[i].row());
        }
        all.sort_by_key(|e| self.entries.iter().position(|x| x == e));
        assert_eq!(all, self.entries, "each entry is there once");
        self.site.runtime.block_on(close(ledger));
    }
}

/// Faults of the device that the process must survive, and none that it must
/// not.
fn is_harmless(fault: Fault) -> bool {
    matches!(fault, Fault::Short | Fault::Delay)
}

#[test]
fn a48_g3_a_fault_at_any_call_of_any_device_loses_and_doubles_nothing() {
    let bench = Bench::new(60);
    bench.site.strike_everywhere(
        || bench.opened.fork(),
        || bench.commands(),
        |left, life| bench.check(left, life),
    );
}

/// A full disk and a failed sync stop the writer with words that say what
/// failed, where, and what to do.
#[test]
fn a48_the_reason_for_stopping_says_how_to_go_on() {
    let bench = Bench::new(61);
    let _guard = bench.site.runtime.enter();
    let cases = [
        (Device::Journal, Fault::Full, "writing simulated/journal at offset", "free space"),
        (
            Device::Journal,
            Fault::Error,
            "syncing simulated/journal failed",
            "check the disk, then start again",
        ),
        (Device::Journal, Fault::Panic, "the writer of simulated/journal panicked", "start again"),
        (Device::Heads, Fault::Full, "could not write simulated/", "mend the disk or the permissions"),
        (Device::Heads, Fault::Error, "could not write simulated/", "mend the disk or the permissions"),
    ];
    for (device, fault, what, advice) in cases {
        let reasons = (0..60).filter_map(|at| {
            let disks = bench.opened.fork();
            disks.arm(device, at, fault);
            let index = Arc::new(FaultyIndex::sound());
            bench.site.live(&disks, &index, device, bench.commands()).failure
        });
        let reasons: Vec<String> = reasons.collect();
        let said = reasons.iter().any(|r| r.contains(what) && r.contains(advice));
        assert!(said, "{device:?} {fault:?}: {what} .. {advice} is not in {reasons:#?}");
    }
}

const ACKNOWLEDGED: &str = "acknowledged";

fn position(calls: &[String], wanted: impl Fn(&str) -> bool) -> usize {
    calls.iter().position(|c| wanted(c)).unwrap_or_else(|| panic!("not among {calls:#?}"))
}

/// The write and the sync of the journal, and the write, the sync, the rename
/// and the sync of the directory of the second path, in this order.
fn is_synced(part: &[String]) {
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

/// G2: syncs are slow here, so that an acknowledgement that did not wait would
/// come first.
#[test]
fn g2_an_acknowledgement_follows_the_syncs_of_journal_and_second_path() {
    let bench = Bench::new(62);
    for part in &bench.site.traced(&bench.opened.fork(), bench.commands())[1..] {
        is_synced(part);
        let writes = part.iter().filter(|c| *c == "journal: write journal").count();
        let syncs = part.iter().filter(|c| *c == "journal: sync journal").count();
        assert_eq!((writes, syncs), (1, 1), "entry and head share a sync: {part:#?}");
    }
}

/// Commands that wait together share a sync.
#[test]
fn commands_at_once_share_the_syncs() {
    let mut bench = Bench::new(63);
    let disks = bench.opened.fork();
    let entries: Vec<BoardEntry> = (1..=60).map(|slot| bench.site.world.entry(slot, None)).collect();
    let election_id = bench.site.world.election_id();
    bench.site.runtime.block_on(async {
        let ledger = Arc::new(bench.site.open(&disks, FaultyIndex::sound()));
        disks.journal.set_delay(Duration::from_millis(20));
        let before = disks.journal.syncs();
        let submit = |entry: &BoardEntry| {
            let (ledger, entry) = (ledger.clone(), Box::new(entry.clone()));
            tokio::spawn(async move { ledger.submit(Command::Enter { election_id, entry }).await })
        };
        let calls: Vec<_> = entries.iter().map(submit).collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        let syncs = disks.journal.syncs() - before;
        assert!(syncs < 20, "{syncs} syncs for 60 entries");
        close(Arc::into_inner(ledger).unwrap()).await;
    });
}
