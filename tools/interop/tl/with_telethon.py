"""usage: with_telethon.py VALUES: re-encodes our values with Telethon, constructors and requests."""

import sys

from telethon.extensions import BinaryReader

import report

UNREADABLE = {}


def reencode(data):
    reader = BinaryReader(data)
    value = reader.tgread_object()
    if reader.tell_position() != len(data):
        raise ValueError(f"{len(data) - reader.tell_position()} bytes left over")
    return bytes(value)


report.check(sys.argv[1], reencode, UNREADABLE)
