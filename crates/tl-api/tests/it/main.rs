//! Every constructor and function at every layer, and hostile bytes.

mod layers;
mod lossy;
mod schema;
