"""The tables in the documents that follow from the code: `python -m tests.docs` writes them, a test compares them.

Owns the regions between `<!-- begin: NAME -->` and `<!-- end: NAME -->`. Nothing else in a document is touched.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from broker.core.codes import CODES
from broker.core.model import PartyKind
from broker.core.receipt import HELD_MEANING, MEANING
from broker.edge.settings import values
from broker.formats.converted.lost import ALL as ALL_TABLES
from broker.formats.converted.lost import LOST, UNFIT
from broker.formats.enrollment import columns as enrollment
from broker.formats.ssid.columns import COLUMNS, NEEDED_BY, REQUIRED
from broker.formats.student_record import columns as record
from broker.notices.answers import REASONS
from handlers.base import ALL, HIGHER_ED, LEAS, STATE, Handler
from handlers.registry import HANDLERS
from tests import access_page, identity_page, stays_page
from tests.support.answers_of_files import School, school_files, wrong_files
from tests.support.tools import ROOT

# What a secretary did, by the code that she reads then.
MISTAKES = {
    "not-openpgp": "Put the document itself into `outbox`, not the sealed file.",
    "not-sealed": "Signed the document, but did not encrypt it.",
    "signature-alone": "Sent a signature (`.sig`) instead of the sealed document.",
    "public-key-sent": "Put a public key into `outbox`, and did not seal it.",
    "secret-key-sent": "Put a secret key, of gpg or to log in with, into `outbox`.",
    "revocation-sent": "Put the revocation of a key into `outbox`, and did not seal it.",
    "receipt-sent": "Sent a receipt back.",
    "bad-armor": "Sealed with `--armor`, and sent it in the text of an e-mail, or through a program that changed it.",
    "unsigned": "Encrypted it, but did not sign it: `--sign` was left out.",
    "unknown-signer": "Signed with another key of yours, or with a new one that the state does not have yet.",
    "wrong-signer": "Used another LEA's key, or another LEA's folder.",
    "not-for-exchange": "Sealed it for the receiving school instead of the exchange.",
    "password-sealed": "Used a password (`gpg --symmetric`).",
    "key-expired": "Signed with a key whose last day has passed.",
    "truncated": "The upload broke off.",
    "damaged": "Sent it in text mode (WinSCP), or the file was changed on its way.",
    "not-a-file": "Put a folder or a shortcut into `outbox`.",
    "sealed-twice": "Sealed what was sealed already.",
    "empty-document": "Sealed an empty file.",
    "not-a-document": "Sealed a workbook with a password, a PDF, a picture, a web page, an e-mail or an archive.",
    "not-utf8": "Saved the document in another encoding than UTF-8.",
    "not-json": "Left out a comma, a quotation mark or a brace.",
    "unknown-type": "Misspelt `packet`.",
    "request-name": "Gave an SSID request a name with a date that is none.",
    "csv-form": "Sent a list without the line of column names, or without a column that is needed.",
    "dates-contradict": "Wrote some dates with the month first, others with the day first.",
    "several-students": "Sent the courses, or another part of a record, of several students in one table.",
    "strange-sheet": "Left a sheet in a record's workbook that is not about the student, or is hidden.",
    "table-lines": "Left out, misspelt or let a spreadsheet program change a cell of a record's table.",
    "unknown-column": "Left a column in the list that the exchange does not know.",
    "ssn-column": "Left social security numbers in the CSV.",
    "has-ssn": "Left a social security number in a cell, a name or any other text.",
    "impossible-date": "Mistyped a year: a birth in 2103, the school year 2072.",
    "file-date": "Gave a CSV the date of last year.",
    "schema": "Left something out, misspelt a property, or wrote a date in another way.",
    "from-mismatch": "Wrote another LEA's id into `from`.",
    "unknown-receiver": "Wrote an id into `to` that nobody has.",
    "not-allowed": "Sent something to a party that does not receive such packets, or to your own LEA.",
    "replayed-id": "Copied an older document, and kept its `id`.",
    "not-your-student": "Sent, or asked for, the record of a student whom you never enrolled.",
    "no-request": "Sent a transcript without saying who asked for it.",
    "unknown-tracking": "Wrote a tracking id that is not in your inbox, or took back what is not yours.",
    "collected-already": "Took a packet back after the other school had fetched it.",
    "nobody-to-ask": "Asked for a record that all earlier schools have sent.",
}

_WHO = {
    LEAS: "districts and charter schools",
    STATE: "the state",
    HIGHER_ED: "higher education",
    ALL: "every party",
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:], ""])


def codes() -> str:
    """Every refusal code."""
    rows = ([f"`{name}`", code.meaning, code.remedy] for name, code in CODES.items())
    return _table(("code", "what it means", "what to do"), rows)


def mistakes() -> str:
    """The mistakes a secretary makes, with the sentence that she reads."""
    rows = ([did, f"`{name}`", CODES[name].sentence] for name, did in MISTAKES.items())
    return _table(("what you did", "`code`", "`means`"), rows)


def files_by_mistake() -> str:
    """The files that are sent by mistake, with all that is said of each."""
    rows = ([one.did, one.answer] for one in wrong_files())
    return _table(("what you did", "what is said"), rows)


def files_of_schools() -> str:
    """The files of other programs, what each becomes, and all that is said of it."""
    rows = ([one.what, _becomes(one), one.answer] for one in school_files())
    return _table(("file", "becomes", "what is said"), rows)


def _becomes(one: School) -> str:
    return f"`{one.packet}`" if one.result in ("good", "some") else f"nothing: `{one.result}`"


def enrollment_columns() -> str:
    """The columns of an enrollment in a table."""
    needed = enrollment.missing([])
    rows = (
        [
            f"`{field}`",
            "yes" if field in needed else "one of these" if field in enrollment.DATES - {"birth_date"} else "",
            ", ".join((*column.names, *(f"({name})" for name in enrollment.WEAK.get(field, ())))),
        ]
        for field, column in enrollment.COLUMNS.items()
    )
    return _table(("column", "required", "also known as"), rows)


def states() -> str:
    """What receipts say."""
    told = [(f"`{state.lower()}`", text) for state, text in MEANING.items()]
    told += [(f"`held`, for `{why}`", text) for why, text in HELD_MEANING.items()]
    told.append(("`refused`", "What was found, and what to do about it, by code."))
    return _table(("state", "`means`"), told)


def types() -> str:
    """The packet types that are worked."""
    rows = (
        [
            ", ".join(f"`{handler.type}.v{version}`" for version in sorted(handler.versions)),
            _who(handler.senders),
            _goes_to(handler),
        ]
        for handler in HANDLERS.values()
    )
    return _table(("packet", "who sends it", "who gets it"), rows)


def _goes_to(handler: Handler) -> str:
    if handler.is_kept:
        return "the record store; from there, the LEA where the student enrolls"
    return "the exchange itself" if handler.ends_here else _who(handler.receivers)


def _who(kinds: frozenset[PartyKind]) -> str:
    return _WHO[kinds]


def columns() -> str:
    """The columns of an SSID request in CSV."""
    rows = ([f"`{field}`", _required(field), ", ".join(column.names)] for field, column in COLUMNS.items())
    return _table(("column", "required", "also known as"), rows)


def _required(field: str) -> str:
    return "yes" if field in REQUIRED else " and ".join(f"for {kind.title()}" for kind in NEEDED_BY.get(field, ()))


def record_columns() -> str:
    """The columns of a record's tables, part by part."""
    about = [("Student", field, one, field in ("last_name", "birth_date")) for field, one in record.STUDENT.items()]
    about = [one for one in about if one[2].place[:1] != ("student",)]
    parts = [
        (one.title, field, column, field in one.needed)
        for one in record.OFFERED
        for field, column in one.columns.items()
    ]
    rows = (
        [part, f"`{field}`", "yes" if is_needed else "", ", ".join(column.names)]
        for part, field, column, is_needed in (*about, *parts)
    )
    return _table(("sheet", "column", "required", "also known as"), rows)


def reasons() -> str:
    """Why a line was refused, or what is to be known about it."""
    return _table(("reason", "what it means, and what to do"), ([f"`{name}`", text] for name, text in REASONS.items()))


def lost_in_tables() -> str:
    """What a table cannot carry, and which lines are faulty when it is read."""
    changed = [(f"`{one.where}`" if one.where.startswith("/") else one.where, one) for one in LOST]
    rows = [[where, _of(one.packets), one.what] for where, one in changed]
    rows += [["a line", _of(one.packets), f"It is faulty when the table is read: {one.what}"] for one in UNFIT]
    return _table(("place", "packet type", "what becomes of it"), rows)


def _of(packets: Sequence[str]) -> str:
    return "all" if set(packets) == set(ALL_TABLES) else ", ".join(f"`{one}`" for one in packets)


def all_settings() -> str:
    """Every setting of `satchel.toml`."""
    rows = []
    for section in dataclasses.fields(values.Settings):
        if section.name == "name":
            rows.append(["`name`", f"`{json.dumps(section.default)}`", "text", "the exchange's name, as LEAs see it"])
        elif dataclasses.is_dataclass(section.default):
            rows += [_setting(section.name, one) for one in dataclasses.fields(section.default)]
    return _table(("setting", "default", "unit", "what it is for"), rows)


def _setting(section: str, one: "dataclasses.Field[Any]") -> list[str]:
    unit = one.metadata["unit"].replace(" | ", " or ")
    return [f"`{section}.{one.name}`", f"`{json.dumps(one.default)}`", unit, one.metadata["why"]]


TABLES: Mapping[tuple[str, str], Callable[[], str]] = {
    ("README.md", "types"): types,
    ("docs/codes.md", "codes"): codes,
    ("docs/secretary.md", "mistakes"): mistakes,
    ("docs/mistakes.md", "wrong-files"): files_by_mistake,
    ("docs/formats.md", "school-files"): files_of_schools,
    ("docs/formats.md", "enrollment-columns"): enrollment_columns,
    ("docs/formats.md", "request-columns"): columns,
    ("docs/district.md", "states"): states,
    ("docs/district.md", "types"): types,
    ("docs/district.md", "columns"): columns,
    ("docs/district.md", "record-columns"): record_columns,
    ("docs/district.md", "reasons"): reasons,
    ("docs/district.md", "lost"): lost_in_tables,
    ("docs/operator.md", "settings"): all_settings,
    ("docs/identity.md", "identity-rules"): lambda: identity_page.rules(_table),
    ("docs/stays.md", "situations"): lambda: stays_page.table(_table),
    ("docs/access.md", "roles"): lambda: access_page.roles(_table),
    ("docs/access.md", "matrix"): lambda: access_page.matrix(_table),
    ("docs/access.md", "asked"): lambda: access_page.asked(_table),
    ("docs/access.md", "rules"): lambda: access_page.rules(_table),
    ("docs/access.md", "differences"): lambda: access_page.differences(_table),
    ("docs/access.md", "grounds"): lambda: access_page.grounds(_table),
    ("docs/access.md", "refusals"): lambda: access_page.refusals(_table),
    ("docs/access.md", "opt-outs"): lambda: access_page.opt_outs(_table),
}


def region(document: str, name: str) -> str:
    """What stands in a region now. Raises ValueError where there is none."""
    return _split(document, name)[1]


def _split(document: str, name: str) -> tuple[str, str, str]:
    begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->\n"
    before, _, rest = document.partition(begin)
    inside, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"there is no region {name}")
    return before + begin, inside.strip("\n") + "\n", end + after


def main() -> None:
    """Write every table anew."""
    for (path, name), table in TABLES.items():
        document = (ROOT / path).read_text("utf-8")
        before, _, after = _split(document, name)
        (ROOT / path).write_text(f"{before}\n{table()}\n{after}", "utf-8")
        sys.stdout.write(f"{path}: {name}\n")


if __name__ == "__main__":
    main()
