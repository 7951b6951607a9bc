"""The `mapping.toml` that is proposed for a table.

Owns its text. Promises: it can be read as it is, and says no more than the mapping that was there before: every guess
stands behind a #, which a person takes away; a name or code that no mapping may have is left out.
"""

import json
from collections.abc import Iterator

from broker.core.social_security import is_held
from broker.formats.mapping import reading
from broker.formats.mapping.seen import Code, Seen, Understood
from broker.formats.ssid.guide import GUIDE

_HEAD = (
    "# What our tables say, in the words of the exchange: ours on the left, the exchange's on the right.",
    "# A line that begins with # says nothing yet: look at it, mend it, and take the # away.",
    f"mapping = {reading.VERSION}",
    "",
    "# Dates such as 3/4/2012, where nothing in a table shows it:",
    '# dates = "month first"    # or "day first"',
    "# Take a table only as a whole, if every line is good:",
    "# all_or_nothing = true",
)


def text(found: Understood, before: str = "") -> str:
    """The proposed mapping; `before` is the text of the one that the table was read with, whose lines come first, and
    of which nothing is proposed again."""
    if not before:
        return "\n".join([*_HEAD, *_rows(found)]).strip("\n") + "\n"
    # a table of TOML must not begin twice: its rows are moved there by whom they are for
    added = [line if line.startswith("#") or not line else f"# {line}" for line in _rows(found, before)]
    return "\n".join([before.rstrip("\n"), *added]).strip("\n") + "\n"


def _rows(found: Understood, before: str = "") -> Iterator[str]:
    unknown = [one for one in found.columns if one.how == "unknown" and _is_new(one.header, before)]
    if unknown:
        yield from ("", "[columns]", *map(_column, unknown))
    for one in found.columns:
        codes = [code for code in one.codes if _is_new(code.code, before)]
        if codes:
            field = one.field or one.guess
            yield from ("", f"[codes.{field}]", *(_code(field, code) for code in codes))
    lacking = [name.split()[0] for name in found.missing if name.split()[0] in reading.MAY_DEFAULT]
    if lacking and "[defaults]" not in before:
        yield from ("", "[defaults]", "# for a table without such a column; the same for all of its lines:")
        yield from (f"# {name} = {_EXAMPLES.get(name, _EMPTY)}" for name in lacking)


_EMPTY = '""'
_EXAMPLES = {"entry_date": "2026-08-17", "school": '"700"'}


def _column(one: Seen) -> str:
    why = "a guess by its name" if one.guess else "not known; write our column, or leave it so"
    return f"# {_quoted(one.header)} = {_quoted(one.guess or 'ignore')}    # column {one.letter}: {why}"


def _code(field: str, one: Code) -> str:
    choices = GUIDE[field].choices if field in GUIDE else ()
    why = ["a guess" if one.guess else "write our code", *([f"one of {', '.join(choices)}"] if choices else [])]
    lines = f"in {one.lines} line{'s' * (one.lines != 1)}"
    return f"# {_quoted(one.code)} = {_quoted(one.guess)}    # {lines}; {'; '.join(why)}"


def _quoted(said: str) -> str:
    return json.dumps(said, ensure_ascii=False)  # TOML's basic strings have JSON's escapes


def _is_new(said: str, before: str) -> bool:
    """Whether it can be a name or code of a mapping, and the one before has no line for it, not even behind a #."""
    is_text = bool(said) and len(said) <= reading.MOST_LETTERS and said.isprintable()
    return is_text and not is_held(said) and f"{_quoted(said)} =" not in before
