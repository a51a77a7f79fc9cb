//! What a messenger does.
