//! Every scenario, briefly, against a server.

mod scenarios;
