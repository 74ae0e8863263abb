//! Tools from outside: DCMTK as other vendors' equipment, Python as a department's scripts, and a bare QUIC end that holds any key a story gives it.

pub mod dcmtk;
pub mod python;
pub mod quic;
