//! The portal door (stub).
