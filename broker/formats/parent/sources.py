"""The documents that a parent's copy is made of: are they about one student, and which of them count?

Owns these two questions. Promises: pure; a document that is not surely about the same student counts as a stranger's; a
document that a newer one replaces does not count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.formats.parent.story import log_lines, opt_out_sentences
from broker.formats.parent.values import line, name

RECORDS = (PacketType.STUDENT_RECORD, PacketType.BACKPACK)
REPLACE, ADD = "replace", "add"


@dataclass(frozen=True, slots=True, repr=False)
class SourceDocument:
    """A `student-record`, `backpack` or `disclosures` document, as it was sealed. `writer` is the name of its party;
    `is_checked` says that its signature was good when the copy was made. Repr hidden."""

    document: Mapping[str, Any] = field(repr=False)
    writer: str
    is_checked: bool

    @property
    def type(self) -> str:
        """Its packet type, without the version."""
        return str(self.document["packet"]).rpartition(".v")[0]

    @property
    def mode(self) -> str:
        """`replace` or `add` for a backpack, empty for any other document."""
        return str(self.document["mode"]) if self.type == PacketType.BACKPACK else ""

    @property
    def created(self) -> datetime:
        """When its party wrote it, by the document's own date."""
        return datetime.fromisoformat(self.document["created"])


def check_log(document: Mapping[str, Any]) -> None:
    """Raises Refused("schema") for a document that is no list of disclosures. In a list of an older exchange, only the
    `ssid` names the student."""
    log_lines(document)
    opt_out_sentences(document)
    try:
        created = datetime.fromisoformat(document["created"])
    except (KeyError, TypeError, ValueError):
        raise Refused("schema", "/created") from None
    if created.tzinfo is None:
        raise Refused("schema", "/created")
    numbers, student = document.get("numbers", []), document.get("student")
    if not isinstance(numbers, list) or not all(isinstance(one, str) for one in numbers):
        raise Refused("schema", "/numbers")
    if student is not None and not _is_block(student):
        raise Refused("schema", "/student")
    parties = document.get("parties", {})
    if not isinstance(parties, dict) or not all(isinstance(name, str) for name in parties.values()):
        raise Refused("schema", "/parties")


def _is_block(student: Any) -> bool:
    if not isinstance(student, dict) or not isinstance(student.get("legal_name"), dict):
        return False
    legal = student["legal_name"]
    parts = [legal.get("first"), legal.get("last"), *legal.values(), student.get("birth_date")]
    return all(isinstance(one, str) for one in parts) and isinstance(student.get("ssid", ""), str)


def stranger(sources: Sequence[SourceDocument]) -> int | None:
    """The place of the first document that is not surely about the same student as the first record; None if all are.

    A document is about the same student if the number is the same, and so is the birth date or the legal name or a part
    of it; without a number, birth date and legal name must both be the same. Numbers are also the same where the newest
    list of disclosures that the exchange signed says so. A list of an older exchange has only the number.
    """
    known = next(source.document["student"] for source in sources if source.type in RECORDS)
    lists = [source for source in sources if source.type not in RECORDS]
    numbers = _numbers(sources, lists)
    blocks = [_block(source) for source in lists]
    models = [known, *(block for block in blocks if block and _is_same(known, block, numbers))]
    has_number = any(_number(source) for source in sources if source.type in RECORDS)
    for place, source in enumerate(sources):
        number = _number(source)
        if source.type not in RECORDS and has_number:
            is_tied = number in numbers
        else:
            block = _block(source)
            is_tied = number in ("", *numbers) and any(_is_same(one, block, numbers) for one in models if block)
        if not is_tied:
            return place
    return None


def _numbers(sources: Sequence[SourceDocument], lists: Sequence[SourceDocument]) -> frozenset[str]:
    """The numbers of the student: the first number in a record, or else in a list, and the numbers that stand for the
    same student."""
    ordered = [*(source for source in sources if source.type in RECORDS), *lists]
    number = next((found for source in ordered if (found := _number(source))), "")
    signed = [source for source in lists if source.is_checked]
    newest = max(signed, key=lambda source: source.created, default=None)
    same = frozenset(newest.document.get("numbers", ())) if newest else frozenset()
    return same if number in same else frozenset({number} - {""})


def _block(source: SourceDocument) -> Mapping[str, Any] | None:
    """The document's identity block; None where the document has only the number."""
    return source.document.get("student")


def _number(source: SourceDocument) -> str:
    block = source.document["student"] if source.type in RECORDS else source.document
    return str(block.get("ssid") or "")


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any], numbers: frozenset[str]) -> bool:
    """Whether two identity blocks are about one student, who has these `numbers`."""
    own = {one.get("ssid") or "", other.get("ssid") or ""}
    like = [name(one["legal_name"]).casefold() == name(other["legal_name"]).casefold()]
    like.append(one["birth_date"] == other["birth_date"])
    if "" in own:
        return all(like)
    same_part = any(
        line(one["legal_name"][part]).casefold() == line(other["legal_name"][part]).casefold() != ""
        for part in ("first", "last")
    )
    return own <= numbers and (any(like) or same_part)


def standing(sources: Sequence[SourceDocument]) -> list[SourceDocument]:
    """The documents to show, the newest first: for each party the newest `replace` backpack and the later `add`
    backpacks, every record for another school, and the newest list of disclosures. The same document twice counts
    once."""
    newest = sorted(once(sources), key=lambda source: source.created, reverse=True)
    replaced_at: dict[str, datetime] = {}
    shown: list[SourceDocument] = []
    for source in newest:
        sender = str(source.document["from"])
        if source.type == PacketType.DISCLOSURES:
            is_shown = not any(one.type == PacketType.DISCLOSURES for one in shown)
        elif source.mode == REPLACE:
            is_shown = sender not in replaced_at
            replaced_at.setdefault(sender, source.created)
        else:
            is_shown = source.mode != ADD or not _is_before(source, replaced_at.get(sender))
        if is_shown:
            shown.append(source)
    return shown


def _is_before(source: SourceDocument, replaced: datetime | None) -> bool:
    return replaced is not None and source.created < replaced


def once(sources: Iterable[SourceDocument]) -> Iterator[SourceDocument]:
    """Every document that does not equal an earlier one."""
    seen: list[Mapping[str, Any]] = []
    for source in sources:
        if source.document not in seen:
            seen.append(source.document)
            yield source
