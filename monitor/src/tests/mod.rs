#![allow(clippy::unwrap_used, clippy::cast_possible_truncation)]

mod breaks;
mod doubts;
mod evidence;
mod fixture;
mod following;
mod logs;
mod misbehaviour;
mod operator;
