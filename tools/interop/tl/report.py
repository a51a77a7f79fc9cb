"""Reads `kind name hex` lines, has each value re-encoded and reports where the bytes agree and where not."""

import sys


def check(path, reencode, unreadable):
    """Ends the process: 0 if every value came back as it was, 1 otherwise.

    `reencode(data)` decodes and encodes with the library under test. `unreadable` maps names that the library
    cannot take to the reason; a name in there that does come back is an error too, so the table stays true.
    """
    agreed, values, excused, failed = {}, {}, {}, {}
    with open(path, encoding="ascii") as lines:
        for line in lines:
            kind, name, text = line.split()
            data = bytes.fromhex(text)
            try:
                problem = difference(data, reencode(data))
            except Exception as error:  # whatever the library raises is the finding
                problem = f"{type(error).__name__}: {error}"[:160]
            if problem is None:
                agreed.setdefault(kind, set()).add(name)
                values[kind] = values.get(kind, 0) + 1
            else:
                excuse = unreadable.get(name)
                (excused if excuse else failed).setdefault((kind, name), excuse or problem)
    for name in sorted(unreadable):
        if any(name in names for names in agreed.values()):
            failed["stale", name] = "listed as unreadable, but it came back as it was"
    for kind in ("type", "function"):
        names = agreed.get(kind, set()) - {name for _, name in failed}
        print(f"agreed {kind} {len(names)} names {values.get(kind, 0)} values")
    for (kind, name), reason in sorted(excused.items()):
        print(f"unreadable {kind} {name}: {reason}")
    for (kind, name), reason in sorted(failed.items()):
        print(f"FAILED {kind} {name}: {reason}")
    sys.exit(1 if failed or not agreed else 0)


def difference(ours, theirs):
    """None if equal, else where the two start to differ."""
    if ours == theirs:
        return None
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
    return (
        f"differs at byte {at}: ours {ours[at:at + 12].hex()} ({len(ours)} bytes), "
        f"theirs {theirs[at:at + 12].hex()} ({len(theirs)} bytes)"
    )
