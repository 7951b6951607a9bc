"""One setting: a field of a frozen class, with its unit, its default, its minimum and what it is for.

Promises: `satchel.toml` and docs/operator.md say about a setting exactly what is written here.
"""

from dataclasses import field
from typing import Any


def setting(default: Any, unit: str, why: str, low: int | float = 0) -> Any:
    """A setting with its default; `low` is the lowest value that it may have."""
    return field(default=default, metadata={"unit": unit, "why": why, "low": low})
