//! Tools from outside: DCMTK, GDCM, odil and pynetdicom as other vendors' equipment, Python as a department's scripts, bare DIMSE ends
//! that keep what comes as it came, and bare ends of both planes that hold any key a story gives them.

pub mod association;
pub mod confrere;
pub mod control;
pub mod dcmtk;
pub mod identity_provider;
pub mod object_store;
pub mod other;
pub mod pacs;
pub mod pynetdicom;
pub mod python;
pub mod quic;
pub mod retriever;
pub mod scu;
pub mod simulated;
pub mod syslog;
pub mod thief;
pub mod time_stamps;
