//! Sockets, MTProto sessions and who is online.
