//! Messages inside packets: the inner head, containers, compression.

mod container;
mod gzip;
mod packet;
#[cfg(test)]
mod tests;

pub(crate) use container::read_copy;
pub use container::{CONTAINER_LEN_MAX, Inner, read_container};
pub use gzip::{GZIP_OUTPUT_LEN_MAX, gunzip, gzip};
pub(crate) use packet::{Body, Head, Outgoing, pack};
