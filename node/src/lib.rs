//! The node: what it stores, what it decides and what it serves.

pub mod store;
