"""usage: with_pyrogram.py VALUES: re-encodes our values with Pyrogram or Kurigram, whichever is installed.

Their reader of an untyped vector guesses from the bytes left in the stream whether it holds ints, longs or objects:
4 or 8 bytes an element mean numbers. One odd byte behind the value makes that guess always come out as objects.
"""

import sys
from io import BytesIO

from pyrogram.raw.all import layer
from pyrogram.raw.core import TLObject

import report

UNREADABLE = {
    "accessPointRule": "Pyrogram reads its bare vector as a boxed one",
    "help.configSimple": "Pyrogram reads the bare vector in accessPointRule as a boxed one",
    "inputPeerPhotoFileLocationLegacy": "not in Pyrogram's schema",
    "inputStickerSetThumbLegacy": "not in Pyrogram's schema",
    "test.useConfigSimple": "not in Pyrogram's schema",
    "test.useError": "not in Pyrogram's schema",
}
if layer == 158:
    UNREADABLE["userFull"] = "Pyrogram writes premium_gifts, which is absent, without its flag"
    UNREADABLE["users.userFull"] = "as userFull"
TAIL = b"\0"


def reencode(data):
    stream = BytesIO(data + TAIL)
    value = TLObject.read(stream)
    if (left := stream.read()) != TAIL:
        raise ValueError(f"{len(left) - len(TAIL)} bytes left over")
    return value.write()


report.check(sys.argv[1], reencode, UNREADABLE)
