"""One setting: a field of a frozen class, with its unit, its default, its minimum and what it is for.

Promises: what is written here of a setting is what `satchel.toml` and README.md say of it.
"""

from dataclasses import field
from typing import Any


def setting(default: Any, unit: str, why: str, low: int | float = 0) -> Any:
    """A setting with its default; `low` is the least that it may be."""
    return field(default=default, metadata={"unit": unit, "why": why, "low": low})
