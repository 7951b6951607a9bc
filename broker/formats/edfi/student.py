"""Who a student is, out of the pieces of Ed-Fi that say it.

Owns this reading: `Student` in all versions, and `StudentEducationOrganizationAssociation`, to which sex, addresses and
codes moved with version 3. Promises: each part is read from the first piece that has it; what cannot be read is a fault
with its place; a code that is by its own account a social security number is counted, and never read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from broker.formats.cells import Unfit, is_secret, plain
from broker.formats.edfi import codes
from broker.formats.sis import code
from broker.formats.sis.node import Node

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]{1,20})?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_NO_DAY = "must be a date, such as 2012-03-04"
_NUMBERS = ("StudentUniqueId", "StudentUniqueStateId", "StudentUniqueStateID")
_CODES = ("StudentIdentificationCode", "StudentIdentificationCodes", "IdentificationCodes")
_SYSTEMS = (
    *("StudentIdentificationSystem", "StudentIdentificationSystemDescriptor", "StudentIdentificationSystemType"),
    *("IdentificationSystem", "AssigningOrganizationIdentificationCode", "AssigningOrganizationCode"),
)
_HOMES = ("home", "physical")
_PHONES = ("home", "mobile", "cell", "mothercell", "fathercell")
_NO_PHONES = frozenset({"fax", "unlisted"})


@dataclass(slots=True, repr=False)
class Facts:
    """What a piece says of a student: `key` is the student's number in Ed-Fi, or `#` and the `id` that the piece names;
    `block` are parts of the student's block; `faults` and `places` are as of a `Stay`; `secrets` are the places of
    social security numbers. Repr hidden."""

    key: str
    block: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()

    def read(self, path: str, node: Node, read: Any) -> Any:
        """What `read` makes of a piece, under its path; a fault, and None, where it cannot be read."""
        self.places[path] = node.place
        try:
            return read(node.text)
        except Unfit as error:
            self.faults[node.place] = str(error)
        return None


def day(text: str) -> str:
    """The day of a date or moment of XML Schema. Raises Unfit."""
    found = _DAY.fullmatch(text)
    try:
        if found:
            return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        pass
    raise Unfit(_NO_DAY)


def key_of(node: Node, *references: str) -> str:
    """Whom a piece is about: the number in its reference, or `#` and the `id` that it refers to; '' for nobody."""
    found = node.one(*references)
    if found is None:
        return ""
    number = found.said(*_NUMBERS)
    return number.text if number else f"#{found.attributes['ref']}" if found.attributes.get("ref") else ""


def of(node: Node) -> Facts:
    """The facts in a piece about one student."""
    own = next((one for one in node.all(*_NUMBERS) if one.text), None)
    facts = Facts(own.text if own else key_of(node, "StudentReference"))
    facts.places["student"] = node.place
    _name(node, facts)
    born = node.one("BirthData") or node
    for birth in born.all("BirthDate")[:1]:
        _put(facts, "birth_date", facts.read("student/birth_date", birth, day))
    for sex in node.all("Sex", "SexDescriptor", "SexType")[:1]:
        said = sex if sex.text else sex.said("CodeValue") or sex
        _put(facts, "gender", facts.read("student/gender", said, lambda text: code.read(text, codes.SEX)))
    _numbers(node, facts)
    _address(node, facts)
    _phone(node, facts)
    return facts


def joined(several: Iterable[Facts]) -> Facts:
    """What several pieces about one student say together: the first that says something is believed."""
    whole = Facts("")
    for one in several:
        whole.block = {**one.block, **whole.block}
        whole.places = {**one.places, **whole.places}
        whole.faults |= one.faults
    return whole


def names(node: Node) -> dict[str, str]:
    """The parts of a person's name; the first and the last name are there, empty where nothing is said."""
    parts = {"first": "FirstName", "middle": "MiddleName", "last": "LastSurname", "suffix": "GenerationCodeSuffix"}
    said = {part: found.text for part, name in parts.items() if (found := node.one(name, f"{name}Type"))}
    return {"first": "", "last": ""} | said


def _put(facts: Facts, part: str, value: object) -> None:
    if value not in (None, "", {}, []):
        facts.block[part] = value


def _name(node: Node, facts: Facts) -> None:
    named = node.one("Name") or node
    if not named.all("FirstName", "LastSurname"):
        return
    legal = facts.block["legal_name"] = names(named)
    facts.places["student/legal_name"] = named.place
    for part, name in (("first", "FirstName"), ("middle", "MiddleName"), ("last", "LastSurname")):
        facts.places[f"student/legal_name/{part}"] = named.at(name)
    others = [names(other) for other in node.all("OtherName", "OtherNames")]
    preferred = {
        part: found.text
        for part, name in (("first", "PreferredFirstName"), ("last", "PreferredLastSurname"))
        if (found := named.one(name))
    }
    maiden = named.one("MaidenName")
    others += [{"first": legal["first"], "last": legal["last"]} | preferred] if preferred else []
    others += [{"first": legal["first"], "last": maiden.text}] if maiden else []
    _put(facts, "aliases", [one for at, one in enumerate(others) if one["last"] and one not in [legal, *others[:at]]])


def _numbers(node: Node, facts: Facts) -> None:
    """The local number is the one by which Ed-Fi refers to the student; the state's is a code of the state's system."""
    if node.name == "Student" and facts.key and not facts.key.startswith("#"):
        facts.block["local_id"] = facts.key
        facts.places["student/local_id"] = node.at(_NUMBERS[0])
    secrets = []
    for one in node.all(*_CODES):
        number, system = one.said("IdentificationCode"), _system(one)
        if number is None:
            continue
        if any(map(is_secret, system)):
            secrets.append(number.place)
        elif set(map(plain, system)) & codes.STATE_NUMBERS and "ssid" not in facts.block:
            facts.block["ssid"] = number.text
            facts.places["student/ssid"] = number.place
    facts.secrets = tuple(secrets)


def _system(node: Node) -> list[str]:
    """The words that say whose code it is; one that is none by its system may still be one by who assigned it."""
    return [one.text.rpartition("#")[2] for one in _texts(node) if one.text]


def _texts(node: Node) -> Iterator[Node]:
    for one in node.all(*_SYSTEMS):
        yield one
        yield from (inner for inner in one.within() if inner.name in ("CodeValue", "ShortDescription"))
    yield from (Node(name, "", value) for name, value in node.attributes.items() if name == "IdentificationSystem")


def _kind(node: Node, names: tuple[str, ...]) -> str:
    found = node.said(*names)
    return plain(found.text.rpartition("#")[2]) if found else ""


def _chosen(several: list[Node], names: tuple[str, ...], wanted: tuple[str, ...]) -> Node | None:
    """The one of the kind that is wanted most; else the first."""
    kinds = {_kind(one, names): one for one in reversed(several)}
    return next((kinds[kind] for kind in wanted if kind in kinds), several[0] if several else None)


def _address(node: Node, facts: Facts) -> None:
    kinds = ("AddressType", "AddressTypeDescriptor")
    found = _chosen(node.all("Address", "Addresses"), kinds, _HOMES)
    if found is None:
        return
    parts: Mapping[str, tuple[str, ...]] = {
        "city": ("City",),
        "state": ("StateAbbreviation", "StateAbbreviationDescriptor", "StateAbbreviationType"),
        "postal_code": ("PostalCode",),
    }
    street = [one.text for one in found.all("StreetNumberName", "ApartmentRoomSuiteNumber") if one.text]
    address = {"street": " ".join(street)} if street else {}
    for part, name in parts.items():
        said = found.one(*name)
        said = said if said is None or said.text else said.said("CodeValue")
        if said is not None:
            address[part] = said.text.rpartition("#")[2]
    facts.places["student/address"] = found.place
    _put(facts, "address", address)


def _phone(node: Node, facts: Facts) -> None:
    kinds = ("TelephoneNumberType", "TelephoneNumberTypeDescriptor")
    several = [one for one in node.all("Telephone", "Telephones") if _kind(one, kinds) not in _NO_PHONES]
    found = _chosen(several, kinds, _PHONES)
    number = found.said("TelephoneNumber") if found else None
    if number is not None:
        facts.block["phone"] = number.text
        facts.places["student/phone"] = number.place
