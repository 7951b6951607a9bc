"""Nicknames, and the names that they may be short for.

Owns the outside library `nicknames`, and `config/identity/nicknames.json`, which adds names that the library lacks.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from nicknames import NickNamer

from broker.edge.settings.resources import folder


def also(first: str) -> tuple[str, ...]:
    """The given key of a first name, then the names that it may be short for, sorted."""
    return (first, *_longer().get(first, ()))


@lru_cache(maxsize=1)
def _longer() -> Mapping[str, Sequence[str]]:
    found: dict[str, set[str]] = {}
    more = json.loads((folder("config") / "identity" / "nicknames.json").read_text("utf-8"))
    for table in (NickNamer.default_lookup(), more):
        for name, short in table.items():
            for one in short:
                found.setdefault(one, set()).add(name)
    return {short: sorted(names - {short}) for short, names in found.items()}
