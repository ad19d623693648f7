//! Trustees as processes, against a node with real keys.

mod commands;
mod decryption;
mod demo;
mod faults;
mod generation;
mod scene;

use circuits::types::*;
use scene::*;
use std::{
    fs,
    time::{Duration, Instant},
};
