//! Every constructor and function at every layer, and hostile bytes.

mod fuzzing;
mod layers;
mod lossy;
mod replay;
mod schema;
