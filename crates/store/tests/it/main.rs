//! One suite for all engines, and what each of them has to bear beyond it.

mod bad_days;
mod embedded;
mod kill;
mod laws;
mod memory;
mod operations;
mod power;
mod random;
mod subject;
mod writers;
