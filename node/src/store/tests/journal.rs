use std::time::Duration;

use tempfile::TempDir;

use super::*;

fn disk_journal(directory: &TempDir) -> (Journal, Recovery) {
    Journal::open(Arc::new(DiskStorage::open(directory.path().join("a/b")).unwrap())).unwrap()
}

#[test]
fn frames_survive_a_restart_on_a_real_disk() {
    let directory = TempDir::new().unwrap();
    let sent: Vec<_> = (0..100).map(|n| payload(n, 100 * n as usize)).collect();
    let (journal, recovery) = disk_journal(&directory);
    assert_eq!((recovery.frames, recovery.end, recovery.torn), (0, Journal::start(), None));
    let places: Vec<_> = append_all(&journal, &sent).into_iter().map(Result::unwrap).collect();
    let id = journal.id();
    drop(journal);

    let (journal, recovery) = disk_journal(&directory);
    assert_eq!((journal.id(), recovery.frames, recovery.torn, recovery.mark_lost), (id, 100, None, false));
    assert_eq!(payloads(&journal), sent);
    for (place, payload) in places.iter().zip(&sent) {
        let frame = journal.read(place.position).unwrap();
        assert_eq!((frame.place, &frame.payload, frame.kind), (*place, payload, 1));
    }
}

#[test]
fn a_directory_serves_one_process() {
    let directory = TempDir::new().unwrap();
    let first = DiskStorage::open(directory.path()).unwrap();
    assert!(matches!(DiskStorage::open(directory.path()), Err(DirectoryError::Locked { .. })));
    drop(first);
    DiskStorage::open(directory.path()).unwrap();
}

#[test]
fn one_sync_serves_all_that_wait() {
    let disk = SimStorage::default();
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    disk.set_delay(Duration::from_millis(5));
    let before = disk.syncs();
    let sent: Vec<_> = (0..500).map(|n| payload(n, 50)).collect();
    let places: Vec<_> = append_all(&journal, &sent).into_iter().map(Result::unwrap).collect();
    assert!(places.windows(2).all(|w| w[0].end == w[1].position), "frames keep the order of the queue");
    assert!(disk.syncs() - before < 50, "{} syncs for 500 frames", disk.syncs() - before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_append_at_once() {
    let directory = TempDir::new().unwrap();
    let (journal, _) = disk_journal(&directory);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let appender = journal.appender();
        tasks.spawn(async move { (n, appender.append(2, payload(n, 700)).await.unwrap()) });
    }
    while let Some(done) = tasks.join_next().await {
        let (n, place) = done.unwrap();
        assert_eq!(journal.read(place.position).unwrap().payload, payload(n, 700));
    }
    assert_eq!(payloads(&journal).len(), 200);
}

#[test]
fn an_acknowledged_frame_is_durable() {
    for seed in 0..50 {
        let disk = SimStorage::default();
        let (journal, _) = Journal::open(disk.shared()).unwrap();
        append_all(&journal, &[payload(1, 300)])[0].as_ref().unwrap();
        let cut = disk.fork();
        cut.power_cut(seed);
        let (journal, _) = Journal::open(cut.shared()).unwrap();
        assert_eq!(payloads(&journal), [payload(1, 300)], "seed {seed}");
    }
}

#[test]
fn over_long_payloads_are_refused_and_the_longest_fits() {
    let (journal, _) = Journal::open(SimStorage::default().shared()).unwrap();
    let appender = journal.appender();
    let refused = appender.try_room(MAX_PAYLOAD + 1).unwrap_err();
    assert!(matches!(refused, AppendError::TooLong { length, .. } if length == MAX_PAYLOAD + 1));
    let room = appender.try_room(10).unwrap();
    assert!(matches!(appender.enqueue(room, 1, vec![0; 11], None), Err(AppendError::TooLong { .. })));
    let place = append_all(&journal, &[vec![7; MAX_PAYLOAD]])[0].clone().unwrap();
    assert_eq!(journal.read(place.position).unwrap().payload.len(), MAX_PAYLOAD);
}

#[test]
fn a_full_queue_refuses_at_once_and_recovers() {
    let (journal, _) = Journal::open(SimStorage::default().shared()).unwrap();
    let appender = journal.appender();
    let rooms: Vec<_> = (0..3).map(|_| appender.try_room(MAX_PAYLOAD).unwrap()).collect();
    assert!(matches!(appender.try_room(MAX_PAYLOAD), Err(AppendError::Busy)));
    drop(rooms);
    appender.try_room(MAX_PAYLOAD).unwrap();
}

#[test]
fn a_closed_journal_refuses() {
    let (journal, _) = Journal::open(SimStorage::default().shared()).unwrap();
    let appender = journal.appender();
    let room = appender.try_room(1).unwrap();
    drop(journal);
    assert!(matches!(appender.try_room(1), Err(AppendError::Closed)));
    assert!(matches!(appender.enqueue(room, 1, vec![0], None), Err(AppendError::Closed)));
}

#[test]
fn reading_elsewhere_than_at_a_frame_is_refused() {
    let (disk, places) = journal_of(3, 100);
    let (journal, _) = Journal::open(disk.shared()).unwrap();
    let whole: Vec<_> = places.iter().map(|p| p.position.0).collect();
    for offset in (0..journal.end().0 + 10).filter(|o| !whole.contains(o)).chain([u64::MAX]) {
        assert!(
            matches!(journal.read(Position(offset)), Err(JournalError::NoFrame { .. })),
            "offset {offset}"
        );
    }
}

#[test]
fn steps_run_in_order_before_the_answer_and_their_failure_stops_the_journal() {
    let (journal, _) = Journal::open(SimStorage::default().shared()).unwrap();
    let appender = journal.appender();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut pending = Vec::new();
    for n in 0..6_u64 {
        let seen = Arc::clone(&seen);
        let step: OnDurable = Box::new(move |place| {
            seen.lock().unwrap().push(place.number);
            if n == 4 { Err("refused".into()) } else { Ok(()) }
        });
        let room = appender.try_room(8);
        pending.push(room.and_then(|room| appender.enqueue(room, 1, payload(n, 0), Some(step))));
    }
    let answers: Vec<_> =
        pending.into_iter().map(|p| p.and_then(Pending::durable_blocking).map(|p| p.number)).collect();
    assert!(answers[..4].iter().all(Result::is_ok), "{answers:?}");
    for answer in &answers[4..] {
        assert!(matches!(answer, Err(AppendError::Poisoned(f)) if matches!(**f, Failure::Apply { .. })));
    }
    drop(journal);
    assert_eq!(*seen.lock().unwrap(), [0, 1, 2, 3, 4]);
}
