"""The model's files: where they are, and what they must contain.

Owns `config/identity/`: `model.json` (Splink's settings), `terms.json` (shares of common names) and `thresholds.json`
(limits and rules of evidence). A home may have its own in `HOME/identity/`, file by file. Promises: files are read once
and checked; for a broken model, a sentence names the files to the operator.

The model that Satchel comes with knows no real student. Its u are Splink's estimates on a state of `broker.simulate`
(assumed for levels that were never seen there). Its m are half Splink's estimates there and half assumptions, because
no simulation knows how LEAs' records really differ (for telephone and address, which change when students move, they
are only assumptions). The shares of names are those of the same state; a double surname counts for each of its parts.
`satchel identity train` learns all of this from real students.
"""

import json
from pathlib import Path
from typing import Any

from broker.core.errors import OperatorError
from broker.edge.settings.resources import folder
from broker.identity import evidence
from broker.identity.model import Model

MODEL, TERMS, THRESHOLDS = "model.json", "terms.json", "thresholds.json"
_MOST_BYTES = 20_000_000


def load(home: Path | None = None, *, is_strict: bool = False) -> Model:
    """The model of a home, or the one that Satchel comes with; `is_strict` is the setting
    `identity.birth_date_must_agree`. Raises OperatorError for files that are no model."""
    files = [path(home, name) for name in (MODEL, TERMS, THRESHOLDS)]
    settings, terms, thresholds = map(_read, files)
    try:
        return Model(settings, terms, evidence.limits(thresholds, is_strict=is_strict))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        named = ", ".join(map(str, files))
        raise OperatorError(
            f"The identity model made of {named} cannot be used ({type(error).__name__}: {error}). Remove "
            "the home's own files to use those that Satchel comes with."
        ) from error


def path(home: Path | None, name: str) -> Path:
    """The path of the file in use: the home's own where it has one, else Satchel's."""
    own = None if home is None else home / "identity" / name
    return own if own is not None and own.is_file() else folder("config") / "identity" / name


def _read(file: Path) -> Any:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise OperatorError(f"{file} is larger than {_MOST_BYTES} bytes; it cannot be an identity model.")
        return json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise OperatorError(f"{file} is not JSON: {error}.") from error
