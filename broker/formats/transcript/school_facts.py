"""The file in which an LEA keeps facts that transcripts need and no student's record has.

Owns its form: JSON with `school`, `schools`, `terms`, `credit_unit` and `source`, each optional. Promises: an unknown
name is an error and never ignored; the schema gate judges what a school holds.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.errors import OperatorError
from broker.formats.transcript.record import Facts

_MONTHS = range(1, 13)
# Schools know their codes by the names of the organisations that assign them.
_CALLED = {"ceeb": "ceeb_act", "nces": "ccd"}
_KNOWN: dict[str, type] = {"school": dict, "schools": dict, "terms": dict, "credit_unit": str, "source": dict}


def facts_of(document: Mapping[str, Any], terms: Mapping[str, int]) -> Facts:
    """The facts in a parsed file; `terms` overrides the file's own. Raises OperatorError with one sentence."""
    for name, value in document.items():
        if name not in _KNOWN:
            raise OperatorError(f"It has something else than {', '.join(_KNOWN)}.")
        if not isinstance(value, _KNOWN[name]):
            raise OperatorError(f"{name} must be {'a text' if _KNOWN[name] is str else 'an object'}.")
    schools = document.get("schools", {})
    if not all(isinstance(one, dict) for one in schools.values()):
        raise OperatorError("Each of schools must be an object.")
    months = document.get("terms", {})
    if not all(type(month) is int and month in _MONTHS for month in months.values()):
        raise OperatorError("Each of terms must be the number of a month, 1 to 12.")
    return Facts(
        terms={**months, **terms},
        school=_school(document.get("school")),
        schools={word: _school(one) or {} for word, one in schools.items()},
        credit_unit=document.get("credit_unit", ""),
        source=_school(document.get("source")),
    )


def _school(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {_CALLED.get(name, name): value for name, value in given.items()} if given else None
