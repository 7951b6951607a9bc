"""The identity block that this package makes: `student.v1` in its JSON form.

Owns its copying. Promises: a copy shares no changeable part with its original.
"""

from typing import Any

Block = dict[str, Any]


def copied(block: Block) -> Block:
    """A copy of the block that may be changed."""
    copy = dict(block)
    copy["legal_name"] = dict(block["legal_name"])
    for part in ("aliases", "guardians"):
        if part in block:
            copy[part] = [dict(name) for name in block[part]]
    if "address" in block:
        copy["address"] = dict(block["address"])
    return copy
