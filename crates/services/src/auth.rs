//! auth.*: logging in and out.

use crate::dispatch::methods;

methods! {
    works {}
}
