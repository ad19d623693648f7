//! The same for logs of audits: a registration, an anchor, an attestation.

use super::*;
use audit::log::Parties;

struct LogBench {
    site: Site,
    parties: Parties,
    events: [log::Event; 3],
}

impl LogBench {
    fn new(seed: u64) -> Self {
        let site = Site::new(seed);
        let (parties, events) = (parties(&site.world), audit(&site.world));
        Self { site, parties, events }
    }

    fn commands(&self) -> Vec<Command> {
        let log = |event: &log::Event| Command::Log {
            parties: self.parties.clone(),
            event: Box::new(event.clone()),
        };
        self.events.iter().map(log).collect()
    }

    /// A sound process finds all that was acknowledged, once, and goes on.
    fn check(&self, disks: &Directories, life: &Life) {
        let id = self.parties.log();
        let ledger = self.site.open(disks, FaultyIndex::sound());
        for (i, seq) in &life.acknowledged {
            let found = ledger.logged(id, *seq).unwrap().map(|entry| entry.event);
            assert_eq!(found.as_ref(), Some(&self.events[*i]), "an acknowledged event is lost");
        }
        let mut again = Life::default();
        self.site.submit_all(&ledger, self.commands(), &mut again);
        assert_eq!((again.failure, &again.acknowledged[..]), (None, &[(0, 0), (1, 1), (2, 2)][..]));
        for (i, event) in (0..).zip(&self.events) {
            let receipt = ledger.log_receipt(id, i).unwrap().unwrap();
            receipt.check(&self.parties).unwrap();
            assert_eq!(receipt.row.id, event.id());
        }
        assert_eq!(ledger.logged(id, 3).unwrap(), None, "events were doubled");
        self.site.runtime.block_on(close(ledger));
    }
}

#[test]
fn a48_g3_a_fault_at_any_call_loses_and_doubles_no_event_of_a_log() {
    let bench = LogBench::new(64);
    bench.site.strike_everywhere(
        Directories::default,
        || bench.commands(),
        |left, life| bench.check(left, life),
    );
}

/// G2: an event is acknowledged after the syncs of journal and second path.
#[test]
fn g2_an_event_of_a_log_is_acknowledged_after_the_syncs() {
    let bench = LogBench::new(65);
    let parts = bench.site.traced(&Directories::default(), bench.commands());
    parts[1..].iter().for_each(|part| is_synced(part));
}
