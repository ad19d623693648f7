//! The contracts `ModelGate` and `Executor`: how they are created, what
//! members vote on, what the contracts are told, and what they say.
//! spec: `gate`.

mod calls;
mod mandate;
mod postings;
mod standing;

pub use calls::{Demand, Proposal, enact, execute, executor_creation_code, gate_creation_code, queue};
pub use mandate::{Mandate, Objection};
pub use postings::Passed;
pub use standing::{Decision, Executor, ExecutorStanding, Gate, GateStanding};
