//! A disk or an index that hangs stops the journal instead of the callers
//! waiting for ever.

use std::{sync::mpsc, time::Duration};

use super::*;
use crate::store::journal::testing::open_limited;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a48_a_step_that_hangs_is_a_failure() {
    let journal = open_limited(&SimStorage::default(), Duration::from_millis(100));
    let appender = journal.appender();
    let mut failure = appender.failure();
    let (release, hang) = mpsc::channel::<()>();
    let step: OnDurable = Box::new(move |_| Ok(hang.recv()?));
    let stuck = appender.enqueue(appender.try_room(1).unwrap(), 1, vec![1], Some(step)).unwrap();
    let room = appender.try_room(1).unwrap();
    let seen = failure.wait_for(Option::is_some).await.unwrap().clone();
    assert!(matches!(seen.as_deref(), Some(Failure::Stalled { .. })));
    assert!(matches!(appender.enqueue(room, 1, vec![2], None), Err(AppendError::Poisoned(_))));
    assert!(matches!(appender.append(1, vec![2]).await, Err(AppendError::Poisoned(_))));
    drop(journal);
    drop(release);
    assert!(stuck.durable().await.is_err());
}
