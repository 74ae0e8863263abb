//! Tools from outside: DCMTK and pynetdicom as other vendors' equipment, and a bare QUIC end that holds any key a story gives it.

pub mod dcmtk;
pub mod pynetdicom;
pub mod quic;
