//! Pictures that look like examinations, computed from nothing but a seed.
//!
//! # Not here
//! Who the patients are and what a study consists of: [`super::patients`].

pub(crate) mod chest;
pub(crate) mod head;
pub(crate) mod noise;
pub(crate) mod part10;
pub(crate) mod section;
pub(crate) mod ultrasound;
