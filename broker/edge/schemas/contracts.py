"""The schemas, and the gate that every document passes.

Owns the outside library `jsonschema_rs`. Promises: a document passes only if it fits the schema that its `packet`
names, with formats checked and unknown properties refused; a refusal names the places in words (`explain`) and contains
no value of the document; no schema refers outside its folder, and nothing is ever fetched.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urljoin

import jsonschema_rs

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.edge.schemas.explain import FORMATS, Explainer

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "https://satchel.invalid/schemas/"
_SUFFIX = ".schema.json"
_PACKET = re.compile(r"([a-z]+(?:-[a-z]+)*)[.]v([1-9][0-9]{0,3})")


class ContractError(Exception):
    """A schema file is wrong; the message names the file, for the author of the schema."""


class Contracts:
    """All schemas of one folder, compiled once; threads may share it."""

    def __init__(self, folder: Path, ssid_digits: int = 10, students: int = 10_000) -> None:
        """Compile the schemas that `load` reads; raises ContractError as it does."""
        schemas = load(folder, ssid_digits, students)
        self._registry = jsonschema_rs.Registry(list(schemas.items()), retriever=_never)
        self._parts: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._types: dict[str, tuple[PacketType, int]] = {}
        self._gates: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._explainers: dict[str, Explainer] = {}
        self.names = frozenset(_names(schemas))
        """The names of all properties: only these may be named in a place, whatever a document contains."""
        for uri in schemas:
            name = uri.removeprefix(BASE).removesuffix(_SUFFIX)
            found = _type_of(name)
            if found is not None:
                self._types[name] = found
                self._gates[name] = self._compile(uri)
                self._explainers[name] = Explainer(schemas, uri, self._fits)

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every `packet` value that has a schema, such as `student-record.v1`."""
        return tuple(sorted(self._gates))

    def check(self, document: Mapping[str, Any], max_errors: int) -> tuple[PacketType, int]:
        """Type and version of a parsed document that fits its schema.

        Raises Refused: `unknown-type` at /packet; `schema` at the first fault, with a hint of one line for each of at
        most `max_errors` places, `<JSON pointer>: <what must be true there>`.
        """
        name = document.get("packet")
        if not isinstance(name, str) or name not in self._types:
            raise Refused("unknown-type", "/packet", f"Accepted are {', '.join(self.accepted)}.")
        if not self._gates[name].is_valid(document):
            raise self._refusal(name, document, max_errors)
        return self._types[name]

    def _refusal(self, name: str, document: Mapping[str, Any], max_errors: int) -> Refused:
        places = list(itertools.islice(self._explainers[name].places(document), max_errors + 1))
        if not places:
            raise AssertionError(f"gate and explainer disagree on a {name} document")
        lines = [f"{place.pointer or '/'}: {place.must}" for place in places[:max_errors]]
        if len(places) > max_errors:
            lines.append("There are more; mend these first.")
        return Refused("schema", places[0].pointer, "\n".join(lines))

    def _compile(self, uri: str) -> "jsonschema_rs.Draft202012Validator":
        try:
            return jsonschema_rs.Draft202012Validator(
                {"$ref": uri},
                registry=self._registry,
                validate_formats=True,
                ignore_unknown_formats=False,
                offline=True,
            )
        except ValueError as error:
            raise ContractError(f"{uri.removeprefix(BASE)} cannot be compiled: {error}") from error

    def _fits(self, uri: str, value: object) -> bool:
        """Whether one part of a document passes; a part's schema is compiled when a refusal first needs it."""
        if uri not in self._parts:
            self._parts[uri] = self._compile(uri)
        return self._parts[uri].is_valid(value)


def load(folder: Path, ssid_digits: int = 10, students: int = 10_000) -> dict[str, dict[str, Any]]:
    """Every `*.schema.json` of `folder` by its `$id`, with absolute references.

    `ssid_digits` and `students` (of one enrollment or SSID request) are bounds that the settings change. Raises
    ContractError for a schema that is not valid JSON Schema 2020-12, refers outside the folder, or uses a format that
    is not checked.
    """
    schemas = _read(folder)
    _move_bounds(schemas, ssid_digits, students)
    _check(schemas)
    return schemas


def _type_of(name: str) -> tuple[PacketType, int] | None:
    """Type and version in a `packet` value or schema name; None for a shared part such as `student.v1`."""
    match = _PACKET.fullmatch(name)
    if match is None or match[1] not in set(PacketType):
        return None
    return PacketType(match[1]), int(match[2])


def _names(schema: object) -> Iterator[str]:
    """The name of every property, at any depth."""
    parts = list(schema.values()) if isinstance(schema, Mapping) else schema if isinstance(schema, list) else []
    if isinstance(schema, Mapping) and isinstance(schema.get("properties"), Mapping):
        yield from schema["properties"]
    for part in parts:
        yield from _names(part)


def _never(uri: str) -> NoReturn:
    raise ContractError(f"{uri} is not in the folder of schemas, and nothing is fetched")


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    schemas = {}
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            schema = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ContractError(f"{path.name} cannot be read: {error}") from error
        uri = f"{BASE}{path.name}"
        if not isinstance(schema, dict) or schema.get("$id") != uri or schema.get("$schema") != DIALECT:
            raise ContractError(f"{path.name} must have $id {uri} and $schema {DIALECT}")
        _make_absolute(schema, uri)
        schemas[uri] = schema
    if not schemas:
        raise ContractError(f"{folder} holds no schemas")
    return schemas


def _make_absolute(schema: object, uri: str) -> None:
    """Make every reference absolute, so that a part has the same name wherever it is used."""
    parts = list(schema.values()) if isinstance(schema, dict) else schema if isinstance(schema, list) else []
    for part in parts:
        _make_absolute(part, uri)
    if isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        schema["$ref"] = urljoin(uri, schema["$ref"])


def _move_bounds(schemas: Mapping[str, dict[str, Any]], ssid_digits: int, students: int) -> None:
    """Write the settings into the two bounds that depend on them."""
    common = schemas.get(f"{BASE}common.v1{_SUFFIX}")
    if common is not None and ssid_digits != 10:
        common["$defs"]["ssid"] |= {
            "pattern": f"^[0-9]{{{ssid_digits}}}$",
            "x-must": f"must be {ssid_digits} digits as text; leave it out while the student has none",
        }
    for uri, schema in schemas.items():
        if uri.startswith((f"{BASE}{PacketType.ENROLLMENT}.v", f"{BASE}{PacketType.SSID_REQUEST}.v")):
            schema["properties"]["students"]["maxItems"] = students


def _check(schemas: Mapping[str, Mapping[str, Any]]) -> None:
    for uri, schema in schemas.items():
        name = uri.removeprefix(BASE)
        try:
            jsonschema_rs.meta.validate(dict(schema))
        except ValueError as error:
            raise ContractError(f"{name} is not a JSON Schema 2020-12: {error}") from error
        for keyword, value in _keywords(schema):
            if keyword == "$dynamicRef" or (keyword == "$ref" and not _leads_to_a_part(schemas, value)):
                raise ContractError(f"{name} refers to {value}, which is not in its folder")
            if keyword == "format" and value not in FORMATS:
                raise ContractError(f"{name} uses the format {value}; known are {', '.join(FORMATS)}")


def _leads_to_a_part(schemas: Mapping[str, Mapping[str, Any]], reference: str) -> bool:
    uri, _, fragment = reference.partition("#")
    target: Any = schemas.get(uri)
    for step in fragment.split("/")[1:]:
        target = target.get(step) if isinstance(target, Mapping) else None
    return target is not None and (not fragment or fragment.startswith("/"))


def _keywords(schema: object) -> Iterator[tuple[str, Any]]:
    """Every keyword with a text value, at any depth."""
    stack: list[object] = [schema]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            yield from ((key, value) for key, value in part.items() if isinstance(value, str))
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
