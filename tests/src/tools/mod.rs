//! Tools from outside: DCMTK as other vendors' equipment, and a bare QUIC end that holds any key a story gives it.

pub mod dcmtk;
pub mod quic;
