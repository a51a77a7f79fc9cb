//! One suite for all engines, and what each of them has to bear beyond it.

mod embedded;
mod laws;
mod memory;
mod operations;
mod random;
mod subject;
