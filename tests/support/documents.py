"""Documents for tests: small valid ones, and one that uses every property of a schema.

All students are made up here, at run time.
"""

import copy
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

CREATED = "2026-11-23T10:00:00-07:00"

STUDENT: Mapping[str, Any] = {
    "ssid": "1000000019",
    "local_id": "445566",
    "legal_name": {"first": "Ana", "middle": "Lucía", "last": "Reyes-Ortiz", "suffix": ""},
    "aliases": [],
    "birth_date": "2012-03-04",
    "gender": "F",
    "birth_order": 1,
    "guardians": [{"first": "Marta", "last": "Ortiz"}],
    "phone": "",
    "address": {"street": "", "city": "", "postal_code": ""},
}


def student() -> dict[str, Any]:
    return copy.deepcopy(dict(STUDENT))


def record(courses: int = 0, **changes: Any) -> dict[str, Any]:
    """A `student-record.v1`; with 150 courses about 24 kB."""
    history = [
        {
            "school_year": 2021 + number % 7,
            "school": "704",
            "course_code": f"0{number}0100",
            "title": f"Course title number {number}",
            "term": "S1",
            "grade_level": "09",
            "credits_earned": 0.5,
            "mark": "A-",
        }
        for number in range(courses)
    ]
    return {
        "packet": "student-record.v1",
        "id": str(uuid.uuid4()),
        "from": "01",
        "to": "6G",
        "created": CREATED,
        "school_year": 2027,
        "student": student(),
        "record": {"course_history": history} if history else {},
    } | changes


def enrollment(entries: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "packet": "enrollment.v1",
        "id": str(uuid.uuid4()),
        "from": "01",
        "created": CREATED,
        "school_year": 2027,
        "students": [
            {"student": student(), "school": "704", "event": "entry", "date": "2026-08-20", "code": "11"}
            for _ in range(entries)
        ],
    } | changes


def ssid_request(*lines: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A `ssid-request.v1` with these lines."""
    return enrollment(0) | {"packet": "ssid-request.v1", "students": [dict(one) for one in lines]} | changes


def acknowledgement(**changes: Any) -> dict[str, Any]:
    return {
        "packet": "acknowledgement.v1",
        "id": str(uuid.uuid4()),
        "from": "6G",
        "created": CREATED,
        "tracking": str(uuid.uuid4()),
        "status": "received",
    } | changes


def recall(**changes: Any) -> dict[str, Any]:
    """A `recall.v1`; `tracking` or `document` is to be given."""
    whole = {"packet": "recall.v1", "id": str(uuid.uuid4()), "from": "01", "created": CREATED, "why": "wrong-content"}
    return whole | changes


def backpack(**changes: Any) -> dict[str, Any]:
    """A `backpack.v1` that replaces what its LEA has sent before."""
    whole = record() | {"packet": "backpack.v1", "mode": "replace"}
    del whole["to"]
    return whole | changes


def record_request(**changes: Any) -> dict[str, Any]:
    return {
        "packet": "record-request.v1",
        "id": str(uuid.uuid4()),
        "from": "6G",
        "created": CREATED,
        "student": student(),
        "want": "backpack",
    } | changes


def review_answer(**changes: Any) -> dict[str, Any]:
    reply = {"tracking": str(uuid.uuid4()), "line": 0, "decision": "new", "why": "asked the family"}
    return {
        "packet": "review-answer.v1",
        "id": str(uuid.uuid4()),
        "from": "6G",
        "created": CREATED,
        "answers": [reply],
    } | changes


_BY_FORMAT = {"date": "2012-03-04", "date-time": CREATED, "uuid": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"}
_BY_PATTERN = ("1000000019", "application/pdf", "A1")


def sample(schemas: Mapping[str, Mapping[str, Any]], uri: str) -> Any:
    """A document that uses every property of the schema `uri`, each list with two elements."""
    return _sample(schemas, {"$ref": uri})


def _sample(schemas: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any]) -> Any:
    for made in ("const", "enum"):
        if made in schema:
            return schema[made] if made == "const" else schema[made][0]
    if "$ref" in schema:
        uri, _, fragment = schema["$ref"].partition("#")
        target: Any = schemas[uri]
        for step in fragment.split("/")[1:]:
            target = target[step]
        return _sample(schemas, target)
    for several in ("allOf", "else"):
        if several in schema and "properties" not in schema:
            return _sample(schemas, schema[several][0] if several == "allOf" else schema[several])
    return _plain(schemas, schema)


def _plain(schemas: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any]) -> Any:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        return {name: _sample(schemas, part) for name, part in schema["properties"].items()}
    if kind == "array":
        return [_sample(schemas, schema["items"]) for _ in range(2)]
    if kind == "string":
        return _text(schema)
    return {"boolean": True, "integer": schema.get("maximum"), "number": schema.get("maximum")}[kind]


def _text(schema: Mapping[str, Any]) -> str:
    if "format" in schema:
        return _BY_FORMAT[schema["format"]]
    if "[0-9]{10}" in schema.get("pattern", ""):
        return _BY_PATTERN[0]
    if "/[A-Za-z0-9][A-Za-z0-9!" in schema.get("pattern", ""):
        return _BY_PATTERN[1]
    return "5" if schema.get("pattern") == "^[0-9+() .,;/xX*#-]*$" else "A1bc"


def slim(value: Any) -> Any:
    """A sample with one element in each list: every property of the schema, once."""
    if isinstance(value, dict):
        return {key: slim(part) for key, part in value.items()}
    return [slim(part) for part in value[:1]] if isinstance(value, list) else value


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within `value`, itself included."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from paths(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """What lies at the end of `path`."""
    for key in path:
        value = value[key]
    return value
