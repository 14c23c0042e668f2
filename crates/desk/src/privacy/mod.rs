//! A person's data: where it is, and what becomes of it.

pub mod places;
