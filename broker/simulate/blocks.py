"""The identity block that everything here makes: `student.v1` in its JSON form.

Owns its copying. Promises: a copy shares no part with its original that could be changed.
"""

from typing import Any

Block = dict[str, Any]


def copied(block: Block) -> Block:
    """The same block, to be changed."""
    copy = dict(block)
    copy["legal_name"] = dict(block["legal_name"])
    for part in ("aliases", "guardians"):
        if part in block:
            copy[part] = [dict(name) for name in block[part]]
    if "address" in block:
        copy["address"] = dict(block["address"])
    return copy
