"""Which codes the exchange knows itself, by column.

Owns this question for mappings: what a row of a mapping may lead to, and which codes need no row. Promises: the lists
are those of the template and of the readers of the columns; where the exchange has no list, it knows no code.
"""

from collections.abc import Collection

from broker.core.days.plausible import is_grade
from broker.formats.cells import Column, Unfit
from broker.formats.enrollment.columns import COLUMNS
from broker.formats.ssid.columns import COLUMNS as REQUESTED
from broker.formats.ssid.guide import GUIDE

EXIT_CODE = "exit_code"


def is_ours(column: str, code: str, exit_codes: Collection[str] = ()) -> bool:
    """Whether the exchange knows a code without a row for it; `exit_codes` are those that the state lists."""
    if column == EXIT_CODE:
        return code in exit_codes
    if column == "grade":
        return is_grade(code)
    found = _column(column)
    has_list = found is not None and (found.read is not str or bool(_choices(column)))
    return has_list and not fault(column, code)


def fault(column: str, code: str) -> str:
    """What a code of ours must be instead, as the end of a sentence; '' where nothing is known against it."""
    found = _column(column)
    if found is None:
        return ""
    try:
        value = found.read(code)
    except Unfit as unfit:
        return str(unfit)
    choices = _choices(column)
    if not choices or isinstance(value, bool) or str(value).casefold() in {one.casefold() for one in choices}:
        return ""
    return f"must be one of: {', '.join(choices)}"


def _column(name: str) -> Column | None:
    return COLUMNS.get(name) or REQUESTED.get(name)


def _choices(name: str) -> tuple[str, ...]:
    return GUIDE[name].choices if name in GUIDE else ()
