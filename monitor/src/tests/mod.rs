#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod breaks;
mod doubts;
mod evidence;
mod fixture;
mod following;
mod log_watch;
mod logs;
mod misbehaviour;
mod operator;
