//! The gRPC interface of a Tabella node and the conversions between its
//! messages and the types of `circuits`.

pub mod convert;

/// Generated messages, clients and servers of `tabella.v1`.
#[allow(missing_docs, missing_debug_implementations, clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("tabella.v1");
}

/// The compiled descriptors, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tabella_v1.bin"));
