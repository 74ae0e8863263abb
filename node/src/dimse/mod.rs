//! The DIMSE door (stub).
