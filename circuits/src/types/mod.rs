//! Typed values and their one encoding.
