"""A parent's copy: each element of a record has its words, and whatever a record holds is shown."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.page import Table
from broker.edge.schemas.contracts import BASE
from broker.formats.parent import values
from broker.formats.parent.sources import SourceDocument
from broker.formats.parent.term import Form
from broker.formats.parent.terms import FIELDS, PARTS
from broker.formats.parent.values import WORDS
from tests.support import documents
from tests.support.parents import CONTRACTS, SCHEMAS, made, section, shown, words
from tests.support.scale import examples

RECORD = SCHEMAS[f"{BASE}record.v1.schema.json"]
STUDENT = SCHEMAS[f"{BASE}student.v1.schema.json"]
COMMON = f"{BASE}common.v1.schema.json#/$defs/"


def at(uri: str) -> Any:
    base, _, fragment = uri.partition("#")
    found: Any = SCHEMAS[base]
    for step in fragment.split("/")[1:]:
        found = found[step]
    return found


# the words


def definitions() -> dict[str, Mapping[str, Any]]:
    """Every object of a record or a student but names, by what FIELDS calls it."""
    found = {name: part["properties"] for name, part in RECORD["$defs"].items() if part.get("type") == "object"}
    found["service"] = found["special_education"]["services"]["items"]["properties"]
    return found | {"student": STUDENT["properties"], "address": STUDENT["properties"]["address"]["properties"]}


def test_every_element_of_the_schemas_has_its_words_and_nothing_else_has() -> None:
    assert {name: set(fields) for name, fields in FIELDS.items()} == {n: set(f) for n, f in definitions().items()}
    assert PARTS.keys() == RECORD["properties"].keys()
    for key, schema in RECORD["properties"].items():
        uri = schema.get("$ref") or schema["items"]["$ref"]
        assert PARTS[key].of == uri.rpartition("/")[2]
        assert set(PARTS[key].columns) <= FIELDS[PARTS[key].of].keys() - {"school_year"}
        assert not PARTS[key].columns or schema["type"] == "array"


def test_every_word_of_a_closed_list_is_translated() -> None:
    assert {word for part in definitions().values() for schema in part.values() for word in schema.get("enum", ())} == (
        WORDS.keys()
    )


FORMS = {
    "common.v1.schema.json#/$defs/date": {Form.DATE},
    "common.v1.schema.json#/$defs/school_year": {Form.YEAR},
    "common.v1.schema.json#/$defs/grade_level": {Form.GRADE},
    "common.v1.schema.json#/$defs/prose": {Form.PROSE},
    "common.v1.schema.json#/$defs/percent": {Form.PERCENT, Form.TEXT},  # a percentile is no percentage
    "record.v1.schema.json#/$defs/file_name": {Form.FILE},
    "student.v1.schema.json#/$defs/name": {Form.NAME},
}


def test_every_value_is_written_in_its_form() -> None:
    for of, part in definitions().items():
        for field, schema in part.items():
            inner = schema.get("items", schema)
            wanted = FORMS.get(inner.get("$ref", "").removeprefix(BASE), {Form.TEXT})
            wanted = {Form.WORD} if "enum" in inner else wanted
            wanted = {Form.TEACHER} if field == "teacher" else wanted
            assert FIELDS[of][field].form in wanted, f"{of}.{field}"


def test_the_words_are_short_sentences_without_jargon() -> None:
    terms = [term for fields in FIELDS.values() for term in fields.values()]
    assert all(0 < len(term.label) <= 30 for term in terms)
    texts = [term.meaning for term in terms] + [part.about for part in PARTS.values()]
    assert [
        text for text in texts if not text.endswith(".") or max(len(one.split()) for one in text.split(". ")) > 16
    ] == []
    assert not re.search(r"(?i)\b(LEA|SSID|packet|schema|JSON|base64|enum)\b", " ".join(texts))


# everything is shown

_DAYS = st.dates(date(1950, 1, 1), date(2199, 12, 31)).map(date.isoformat)
_WRITTEN = st.characters(exclude_categories=["Cs"])
_NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)
_GRADES = st.sampled_from(["PK", "KG", "01", "9", "12", "13", "UE"]) | st.text(_WRITTEN, max_size=8)
_FILES = st.sampled_from(["plan.pdf", "essay.txt", "Łódź ʻokina.docx", "run me.exe", "a.b.c"])


def strategy(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit a schema of these folders."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "$ref" in schema:
        return by_name(schema["$ref"])
    if "allOf" in schema:
        return strategy(schema["allOf"][0])
    if "else" in schema:
        return st.none() | strategy(schema["else"])
    return plain(schema)


def by_name(uri: str) -> st.SearchStrategy[Any]:
    name = uri.rpartition("/")[2]
    if uri == f"{BASE}student.v1.schema.json#/$defs/name":
        parts = {"first": _NAMES, "last": _NAMES.map(lambda text: f"L{text}")}
        return st.fixed_dictionaries(parts, optional={"middle": _NAMES, "suffix": _NAMES})
    own = {"date": _DAYS, "ssid": st.just("1000000019"), "file_name": _FILES, "grade_level": _GRADES}
    return own[name] if name in own else strategy(at(uri))


def plain(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    if kind == "object":
        fields = {name: strategy(part) for name, part in schema["properties"].items()}
        required = {name: fields.pop(name) for name in schema.get("required", ())}
        return st.fixed_dictionaries(required, optional=fields)
    if kind == "array":
        return st.lists(strategy(schema["items"]), max_size=2)
    if kind == "integer":
        return st.integers(max(schema["minimum"], 1950 if schema["maximum"] > 100 else 1), schema["maximum"])
    if kind == "number":
        numbers = st.decimals(schema["minimum"], schema["maximum"], places=2, allow_nan=False)
        return numbers.map(float) | numbers.map(int)
    return st.booleans() if kind == "boolean" else texts(schema)


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if schema.get("contentEncoding"):
        return st.sampled_from(["", "aGFsbG8=", "AAAA", "QQ=="])
    if "/[A-Za-z0-9][A-Za-z0-9!" in schema.get("pattern", ""):
        return st.sampled_from(["application/pdf", "text/plain"])
    if schema.get("pattern"):
        return st.text("0123456789", max_size=6)
    return st.text(_WRITTEN, max_size=min(12, schema["maxLength"]))


def leaves(schema: Mapping[str, Any], value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no list and no object, with the name of its definition."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(BASE)
        yield from leaves(at(schema["$ref"]), value, name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(schema["properties"][key], inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(schema["items"], inner)
    elif value is not None:
        yield ("word" if "enum" in schema else name), value


def said(name: str, value: Any) -> str:
    """How a value must stand in the copy: worked out here, apart from the code that writes it."""
    short = name.rpartition("/")[2]
    if short == "date":
        when = date.fromisoformat(value)
        return f"{when.day} {when:%B} {when.year}"
    if short == "school_year":
        return f"{value - 1}–{str(value)[-2:]}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format(Decimal(str(value)), "f").removesuffix(".0") if value else "0"
    if short == "grade_level" and re.fullmatch("0?[1-9]|1[0-2]", value):
        return f"Grade {int(value)}"
    if short == "grade_level" and value in ("PK", "KG"):
        return {"PK": "Preschool", "KG": "Kindergarten"}[value]
    if name == "word":
        return WORDS[value]
    return values.prose(value) if short == "prose" else values.line(value)


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(strategy(RECORD), strategy(STUDENT))
def test_everything_in_a_record_is_shown(record: dict[str, Any], student: dict[str, Any]) -> None:
    document = documents.record(record=record, student=student)
    CONTRACTS.check(document, 20)
    page = made(SourceDocument(document, "Alpine", True))
    whole = shown(section(page, "Who this record is about"))
    assert [value for name, value in leaves(STUDENT, student) if said(name, value) not in whole] == []
    for key, value in record.items():
        if key == "attachments" and not value:
            continue
        part = section(page, PARTS[key].heading)
        whole = shown(part)
        if key == "attachments":  # their content is beside the copy
            value = [{name: inner for name, inner in one.items() if name != "content"} for one in value]
        assert [one for one in leaves(RECORD["properties"][key], value) if said(*one) not in whole] == []
        rows = sum(len(block.rows) for piece in part.pieces for block in piece.blocks if isinstance(block, Table))
        if PARTS[key].columns or key == "attachments":
            assert rows == len(value)
    assert all(re.search(r"[A-Za-z]", row[1]) for row in words(page))
