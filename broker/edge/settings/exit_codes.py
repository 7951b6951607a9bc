"""Exit codes: what a state's codes for leaving a school mean.

Owns the reading of `codes/NAME.toml`: the shipped list, whose rows this home's own list replaces. Promises: an unknown
meaning is never guessed (`means` is ''); a file that cannot be used is one sentence for the operator.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from broker.core.errors import OperatorError
from broker.edge.settings.resources import folder

_CODE = re.compile(r"[A-Za-z0-9]{1,8}")  # schemas/enrollment.v1: the codes that an LEA may send
_KEYS = frozenset({"means", "known", "leads_to"})


class CodesError(OperatorError):
    """A list of codes cannot be used; the message is one sentence for the operator."""


class LeadsTo(StrEnum):
    """Where a student with this code goes."""

    UNKNOWN = ""
    ANOTHER_LEA = "another-lea"
    CHARTER = "charter"
    SAME_LEA = "same-lea"
    OUT_OF_STATE = "out-of-state"
    HIGHER_ED = "higher-ed"


@dataclass(frozen=True, slots=True)
class ExitCode:
    """One code; `means` is '' where the meaning is unknown."""

    code: str
    means: str
    leads_to: LeadsTo

    @property
    def is_known(self) -> bool:
        """Whether the meaning of the code is known."""
        return bool(self.means)


def load(home: Path, name: str = "utah") -> Mapping[str, ExitCode]:
    """The list called `name`, by code: the shipped one, in which the rows of HOME/codes/NAME.toml replace or extend its
    own. Read once for each process. Raises CodesError."""
    return _load(home, name)


@lru_cache(maxsize=8)
def _load(home: Path, name: str) -> Mapping[str, ExitCode]:
    paths = [path for path in (folder("config") / "codes" / f"{name}.toml", _own(home, name)) if path.is_file()]
    if not paths:
        raise CodesError(
            f"There is no list of exit codes called {name}; write {_own(home, name)}, or mend transfers.codes."
        )
    found: dict[str, ExitCode] = {}
    for path in paths:
        found |= {one.code: one for one in _read(path)}
    return MappingProxyType(dict(sorted(found.items())))


def _own(home: Path, name: str) -> Path:
    return home / "codes" / f"{name}.toml"


def _read(path: Path) -> list[ExitCode]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CodesError(f"{path} cannot be read: {error}.") from None
    rows = table.pop("exit", None)
    if table or not isinstance(rows, dict):
        raise CodesError(f"{path} must hold tables such as [exit.TS], and nothing else.")
    return [_code(path, code, row) for code, row in rows.items()]


def _code(path: Path, code: str, row: Any) -> ExitCode:
    place = f"{path}: exit.{code}"
    if not _CODE.fullmatch(code):
        raise CodesError(f"{place}: a code is 1 to 8 letters and digits.")
    if not isinstance(row, dict) or set(row) - _KEYS:
        raise CodesError(f"{place} must be a table with no more than {', '.join(sorted(_KEYS))}.")
    means, is_known, leads_to = row.get("means", ""), row.get("known", True), row.get("leads_to", "")
    if not isinstance(means, str) or not isinstance(is_known, bool) or is_known != bool(means.strip()):
        raise CodesError(f"{place}: give what it means as a text, or known = false where nobody knows.")
    if leads_to not in list(LeadsTo) or (leads_to and not is_known):
        raise CodesError(f"{place}: leads_to is one of {', '.join(filter(None, LeadsTo))}, and only where it is known.")
    return ExitCode(code, means.strip(), LeadsTo(leads_to))
