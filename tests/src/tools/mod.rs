//! Tools from outside: DCMTK and pynetdicom as other vendors' equipment, Python as a department's scripts, and a bare QUIC
//! end that holds any key a story gives it.

pub mod dcmtk;
pub mod pacs;
pub mod pynetdicom;
pub mod python;
pub mod quic;
