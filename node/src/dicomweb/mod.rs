//! The DICOMweb door (stub).
