"""The student of a PESC transcript ⇄ the identity block `student.v1`.

Owns this mapping. Promises: the legal name is whole, although PESC allows only 35 characters for a part of it (a longer
part also stands in notes), and the SSID is shown (Utah R277-419-10); a social security number is neither read nor
written. Telephone, guardians and birth order do not concern schooling and are not written.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.core.errors import Refused
from broker.edge.xml import Element
from broker.formats.pesc.form import read, write
from broker.formats.pesc.parties import PERSON
from broker.formats.pesc.values import trimmed

# most characters of a part of a name, the school's and an agency's id, a note, an address line (CoreMain 1.14.0)
_NAME_PART, _LOCAL_ID, _AGENCY_ID, _NOTE, _ADDRESS_LINE = 35, 20, 30, 80, 40
_ADDRESS_LINES, _CITY = 3, range(2, 31)
_SUFFIXES = frozenset(("JR", "SR", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"))
_PARTS = {"first": "FirstName", "middle": "MiddleName", "last": "LastName", "suffix": "NameSuffix"}
_LOCAL_ID_TAG = "SchoolAssignedPersonID"
_ISSUERS = frozenset(("State", "Province"))
STATES = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AA AB AE AK AL AP AR AS AZ BC CA CO CT CZ DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MB MD ME MH MI MN MO MP"
        " MS MT NB NC ND NE NF NH NJ NL NM NS NT NU NV NY OH OK ON OR PA PE PR PW QC RI SC SD SK TN TX UT VA VI VT WA"
        " WI WV WY YT",
    )
)


def to_block(person: Element, state: str) -> tuple[dict[str, Any], list[str]]:
    """The identity block, and the other notes on the student.

    `state` is the two-letter code of the state whose student ids are SSIDs; with '', the first state's id is taken.
    Raises Refused("not-pesc") where there is no name or no birth date.
    """
    view = read(PERSON, person)
    if "birth_date" not in view:
        raise Refused("not-pesc", f"line {person.line}", "`Person` must have a `BirthDate`.")
    own, notes = _without_pieces((_LOCAL_ID_TAG,), view.get("notes", ()))
    block: dict[str, Any] = {
        "ssid": _ssid(view, state),
        "local_id": view.get("local_id") or own.get(_LOCAL_ID_TAG),
        "legal_name": _to_name(view.get("name", {}), person.line),
        "aliases": [_to_name(alias, person.line) for alias in view.get("aliases", ())],
        "birth_date": view["birth_date"],
        "gender": view.get("gender"),
        "address": _to_address(view.get("address")),
    }
    return {key: value for key, value in block.items() if value}, notes


def from_block(student: Mapping[str, Any], notes: Sequence[str], state: str) -> Element:
    """The `Person` of a checked identity block. `notes` are the other notes that `to_block` gave.

    Raises Refused("pesc-unfit") without an SSID.
    """
    ssid = student.get("ssid")
    if not ssid or len(ssid) > _AGENCY_ID:
        raise Refused("pesc-unfit", "/student/ssid", "A transcript shows the student's SSID (Utah R277-419-10).")
    local_id = trimmed(student.get("local_id", ""))
    fits = len(local_id) <= _LOCAL_ID
    view = {
        "local_id": local_id if fits else "",
        "identifiers": [{"id": ssid, "agency": "State", "state": state}],
        "birth_date": student["birth_date"],
        "name": _from_name(student["legal_name"], "Legal"),
        "aliases": [_from_name(alias, "Other") for alias in student.get("aliases", ())],
        "address": _from_address(student.get("address", {})),
        "gender": student.get("gender"),
        "notes": [*([] if fits else _pieces(_LOCAL_ID_TAG, local_id)), *notes],
    }
    return Element("Person", children=write(PERSON, view, "/student"))


def _ssid(view: Mapping[str, Any], state: str) -> str | None:
    issued = [one for one in view.get("identifiers", ()) if one.get("agency") in _ISSUERS and one.get("id")]
    ours = [one for one in issued if not state or one.get("state", state) == state]
    if ours:
        return str(ours[0]["id"])
    return None if issued else view.get("agency_id")


def _to_name(view: Mapping[str, Any], line: int) -> dict[str, str]:
    whole, _ = _without_pieces(tuple(_PARTS.values()), view.get("notes", ()))
    view = {**view, "middle": " ".join(view.get("middle", ()))}
    name = {key: _whole(whole.get(tag, ""), view.get(key, "")) for key, tag in _PARTS.items()}
    if not name["last"]:  # a person with one name only has it in `last`
        name |= {"last": view.get("composite", "") or name["first"], "first": ""}
    if not name["last"]:
        raise Refused("not-pesc", f"line {line}", "A `Name` must have a `LastName`.")
    return {key: value for key, value in name.items() if value or key == "first"}


def _whole(noted: str, written: str) -> str:
    """The full text from a note, where the note begins with the written text; a note never changes a name."""
    return noted if noted.startswith(written) else written


def _from_name(name: Mapping[str, str], code: str) -> dict[str, Any]:
    parts = {key: trimmed(name.get(key, "")) for key in _PARTS}
    suffix = parts["suffix"].upper().rstrip(".")
    long = [key for key, part in parts.items() if key != "suffix" and len(part) > _NAME_PART]
    unknown = ["suffix"] if parts["suffix"] and suffix not in _SUFFIXES else []
    view: dict[str, Any] = {key: part[:_NAME_PART].rstrip(" ") for key, part in parts.items()}
    return view | {
        "code": code,
        "middle": [view["middle"]],
        "suffix": "" if unknown else suffix,
        "notes": [piece for key in long + unknown for piece in _pieces(_PARTS[key], parts[key])],
    }


def _pieces(tag: str, text: str) -> Iterator[str]:
    """Notes that hold `text` whole, for an element that has no room for it."""
    size = _NOTE - len(f'{tag}: ""')
    yield from (f'{tag}: "{text[at : at + size]}"' for at in range(0, len(text), size))


def _without_pieces(tags: Sequence[str], notes: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The texts that `_pieces` took apart, by their elements, and the other notes."""
    pieces: dict[str, list[str]] = {}
    others = []
    for note in notes:
        tag, found, rest = note.partition(': "')
        if found and tag in tags and rest.endswith('"'):
            pieces.setdefault(tag, []).append(rest[:-1])
        else:
            others.append(note)
    return {tag: "".join(found) for tag, found in pieces.items()}, others


def _to_address(view: Mapping[str, Any] | None) -> dict[str, str]:
    if not view:
        return {}
    parts = {
        "street": " ".join(view.get("lines", ())),
        "city": view.get("city", ""),
        "state": view.get("state", "") or view.get("region", ""),
        "postal_code": view.get("postal_code", ""),
    }
    return {key: value for key, value in parts.items() if value}


def _from_address(address: Mapping[str, str]) -> dict[str, Any]:
    """The address for PESC; empty where PESC cannot hold it, because no address is better than half of one."""
    parts = {key: trimmed(value) for key, value in address.items()}
    lines = textwrap.wrap(parts.get("street", ""), _ADDRESS_LINE, break_on_hyphens=False)
    state = parts.get("state", "").upper()
    fits = len(parts.get("city", "")) in _CITY and state in STATES and 1 <= len(parts.get("postal_code", "")) <= 17
    if not fits or not 1 <= len(lines) <= _ADDRESS_LINES:
        return {}
    return {"lines": lines, "city": parts["city"], "state": state, "postal_code": parts["postal_code"]}
