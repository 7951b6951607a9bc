"""The papers that a parent's copy is made of: are they about one student, and which of them count?

Owns these two questions. Promises: pure; where it is not sure that a paper is about the same student, it is a
stranger's; a paper that a newer one replaces is told apart from one that counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.formats.parent_values import line, name

RECORDS = (PacketType.STUDENT_RECORD, PacketType.BACKPACK)
REPLACE, ADD = "replace", "add"


@dataclass(frozen=True, slots=True, repr=False)
class Paper:
    """A `student-record`, `backpack` or `disclosures` document, as it was sealed. `writer` is the name of its party;
    `is_checked` says that its signature was found good when the copy was made. Repr hidden."""

    document: Mapping[str, Any] = field(repr=False)
    writer: str
    is_checked: bool

    @property
    def type(self) -> str:
        """Its packet type, without the version."""
        return str(self.document["packet"]).rpartition(".v")[0]

    @property
    def mode(self) -> str:
        """`replace` or `add` of a backpack, empty of anything else."""
        return str(self.document["mode"]) if self.type == PacketType.BACKPACK else ""

    @property
    def created(self) -> datetime:
        """When its party wrote it, as it says itself."""
        return datetime.fromisoformat(self.document["created"])


def log_lines(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines of a list of disclosures, each with its `sentence`. Raises Refused("schema") for what is none: no
    schema stands before the exchange's own notices."""
    told = document.get("disclosures")
    if not isinstance(told, list):
        raise Refused("schema", "/disclosures")
    for place, one in enumerate(told):
        if not isinstance(one, dict) or not isinstance(one.get("sentence"), str):
            raise Refused("schema", f"/disclosures/{place}/sentence")
    return told


def stranger(papers: Sequence[Paper]) -> int | None:
    """The place of the first paper that is not surely about the same student as the first record; None if all are.

    The same number, and the same birth date or a like legal name; without a number, both. A list of disclosures has
    nothing but the number.
    """
    known = next(paper.document["student"] for paper in papers if paper.type in RECORDS)
    number = next((found for paper in papers if paper.type in RECORDS and (found := _number(paper))), "")
    for place, paper in enumerate(papers):
        if paper.type not in RECORDS:
            if _number(paper) != number or not number:
                return place
        elif _number(paper) not in ("", number) or not _is_same(known, paper.document["student"]):
            return place
    return None


def _number(paper: Paper) -> str:
    block = paper.document["student"] if paper.type in RECORDS else paper.document
    return str(block.get("ssid") or "")


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    numbers = {one.get("ssid") or "", other.get("ssid") or ""}
    like = [name(one["legal_name"]).casefold() == name(other["legal_name"]).casefold()]
    like.append(one["birth_date"] == other["birth_date"])
    if "" in numbers:
        return all(like)
    same_part = any(
        line(one["legal_name"][part]).casefold() == line(other["legal_name"][part]).casefold() != ""
        for part in ("first", "last")
    )
    return len(numbers) == 1 and (any(like) or same_part)


def standing(papers: Sequence[Paper]) -> list[Paper]:
    """The papers that are shown, the newest first: of each party the newest `replace` backpack and what it added since,
    every record for another school, and the newest list of disclosures. The same paper twice counts once."""
    newest = sorted(once(papers), key=lambda paper: paper.created, reverse=True)
    replaced_at: dict[str, datetime] = {}
    shown: list[Paper] = []
    for paper in newest:
        sender = str(paper.document["from"])
        if paper.type == PacketType.DISCLOSURES:
            is_shown = not any(one.type == PacketType.DISCLOSURES for one in shown)
        elif paper.mode == REPLACE:
            is_shown = sender not in replaced_at
            replaced_at.setdefault(sender, paper.created)
        else:
            is_shown = paper.mode != ADD or not _is_before(paper, replaced_at.get(sender))
        if is_shown:
            shown.append(paper)
    return shown


def _is_before(paper: Paper, replaced: datetime | None) -> bool:
    return replaced is not None and paper.created < replaced


def once(papers: Iterable[Paper]) -> Iterator[Paper]:
    """Every paper that is not the very same as an earlier one."""
    seen: list[Mapping[str, Any]] = []
    for paper in papers:
        if paper.document not in seen:
            seen.append(paper.document)
            yield paper
