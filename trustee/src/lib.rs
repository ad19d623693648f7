//! trustee
