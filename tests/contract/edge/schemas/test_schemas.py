"""The schema files: what they must hold, how they are loaded, and where they are."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.model import PacketType
from broker.edge.schemas.contracts import BASE, ContractError, Contracts, load
from broker.edge.schemas.explain import FORMATS
from broker.edge.settings import resources
from handlers.registry import HANDLERS
from tests.support import documents

FOLDER = resources.folder("schemas")
SCHEMAS = load(FOLDER)
TYPES = (
    "acknowledgement.v1",
    "backpack.v1",
    "enrollment.v1",
    "key-rotation.v1",
    "recall.v1",
    "record-request.v1",
    "review-answer.v1",
    "ssid-request.v1",
    "student-record.v1",
    "transcript.v1",
)


def parts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within the schemas, with its place."""

    def walk(place: str, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield place, schema
        for keyword in ("properties", "$defs"):
            for name, part in schema.get(keyword, {}).items():
                yield from walk(f"{place}/{keyword}/{name}", part)
        for keyword in ("items", "if", "then", "else", "not"):
            if keyword in schema:
                yield from walk(f"{place}/{keyword}", schema[keyword])
        for number, part in enumerate(schema.get("allOf", ())):
            yield from walk(f"{place}/allOf/{number}", part)

    for uri, schema in SCHEMAS.items():
        yield from walk(uri.removeprefix(BASE), schema)


def types_of(schema: dict[str, Any]) -> set[str]:
    named = schema.get("type", [])
    return {named} if isinstance(named, str) else set(named)


def test_every_packet_type_has_schema_and_handler() -> None:
    assert Contracts(FOLDER).accepted == TYPES
    declared = {f"{kind}.v{version}" for kind, handler in HANDLERS.items() for version in handler.versions}
    assert declared == set(TYPES)


def test_every_object_is_closed_and_everything_is_bounded() -> None:
    for place, schema in parts():
        kinds = types_of(schema)
        if "object" in kinds:
            assert schema["additionalProperties"] is False, place
            assert schema["properties"], place
        if "array" in kinds:
            assert "maxItems" in schema, place
            assert "items" in schema, place
        if "string" in kinds and not place.endswith("/not"):
            assert "maxLength" in schema or ("minLength" in schema and "/allOf/" in place), place
        if kinds & {"number", "integer"}:
            assert {"minimum", "maximum"} <= set(schema), place


def test_every_pattern_means_the_same_to_both_and_is_put_in_words() -> None:
    for place, schema in parts():
        pattern = schema.get("pattern")
        if pattern is not None:
            assert not re.search(r"\\[dDwWsSbBpPcZA]|\(\?", pattern), place
            assert "$" not in pattern[:-1].replace("#$&", ""), place
            assert "x-must" in schema or place.endswith("/not"), place
        if "format" in schema:
            assert schema["format"] in FORMATS, place
            assert "x-must" in schema, place


def test_only_keywords_that_the_explainer_has_words_for() -> None:
    known = {"type", "const", "enum", "required", "properties", "additionalProperties", "items", "minItems", "maxItems"}
    known |= {"minLength", "maxLength", "minimum", "maximum", "pattern", "format", "allOf", "not", "if", "else"}
    known |= {"$ref", "$defs", "$id", "$schema", "title", "description", "x-must", "contentEncoding"}
    for place, schema in parts():
        assert set(schema) <= known, place
        assert "not" not in schema or "x-must" in schema, place


def test_the_student_is_referenced_and_never_copied() -> None:
    student = f"{BASE}student.v1.schema.json"
    assert SCHEMAS[f"{BASE}student-record.v1.schema.json"]["properties"]["student"] == {"$ref": student}
    assert SCHEMAS[f"{BASE}enrollment.v1.schema.json"]["$defs"]["entry"]["properties"]["student"] == {"$ref": student}
    request = SCHEMAS[f"{BASE}ssid-request.v1.schema.json"]["$defs"]["request"]["properties"]
    assert request["student"]["$ref"] == student
    assert sum("birth_date" in schema.get("properties", {}) for _, schema in parts()) == 1


def test_the_record_has_one_definition_for_each_element_of_the_statute() -> None:
    record = SCHEMAS[f"{BASE}record.v1.schema.json"]
    cited = {name for name, part in record["$defs"].items() if "53A-1-413" in part.get("description", "")}
    assert cited == {
        *("demographics", "course_grade", "course_history", "statewide_result"),
        *("section_attendance", "teacher", "years_of_experience", "degree", "licence", "endorsement"),
        *("adaptive_result", "mastery", "writing_sample", "growth_score", "school_grade"),
        *("benchmark_reading", "grade3_reading_level"),
    }
    assert "required" not in record


def test_no_schema_knows_a_social_security_number() -> None:
    names = {name for _, schema in parts() for name in schema.get("properties", {})}
    assert not {name for name in names if re.search(r"ssn|social|security|taxpayer|\btin\b", name)}


# loading


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "schemas"))


def changed(folder: Path, file: str, change: Callable[[dict[str, Any]], object]) -> Path:
    path = folder / f"{file}.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), "utf-8")
    return folder


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/other.json",
        "http://127.0.0.1:9/other.json",
        "file:///etc/hostname",
        "../other.json",
        "urn:uuid:deadbeef-dead-4bee-8bee-deadbeef0001",
        "https://json-schema.org/draft/2020-12/schema",
        "absent.v1.schema.json",
        "common.v1.schema.json#/$defs/absent",
        "common.v1.schema.json#anchor",
        "//example.com/x",
    ],
)
def test_a_reference_that_leaves_the_folder_fails_at_load(copied: Path, reference: str) -> None:
    changed(copied, "student.v1", lambda schema: schema["properties"].update(extra={"$ref": reference}))
    with pytest.raises(ContractError, match="not in its folder"):
        Contracts(copied)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("student.v1", lambda schema: schema.update(type="person")),
        ("student.v1", lambda schema: schema["properties"]["gender"].update(pattern="(")),
        ("common.v1", lambda schema: schema["$defs"]["percent"].update(minimum="0")),
        ("common.v1", lambda schema: schema["$defs"]["date"].update(format="email")),
        ("common.v1", lambda schema: schema["$defs"]["date"].update({"$dynamicRef": "#x"})),
        ("enrollment.v1", lambda schema: schema.update({"$id": "https://example.com/enrollment"})),
        ("enrollment.v1", lambda schema: schema.pop("$id")),
        ("enrollment.v1", lambda schema: schema.update({"$schema": "http://json-schema.org/draft-07/schema#"})),
    ],
)
def test_a_schema_that_is_wrong_fails_at_load(
    copied: Path, file: str, change: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(ContractError, match=rf"{file}|not a"):
        Contracts(changed(copied, file, change))


def test_a_file_that_is_not_json_fails_at_load(copied: Path, tmp_path: Path) -> None:
    (copied / "student.v1.schema.json").write_text("{", "utf-8")
    with pytest.raises(ContractError, match=r"student\.v1"):
        Contracts(copied)
    with pytest.raises(ContractError, match="no schemas"):
        Contracts(tmp_path)


def test_an_old_version_stays_accepted_beside_a_new_one(copied: Path) -> None:
    schema = json.loads((copied / "acknowledgement.v1.schema.json").read_text("utf-8"))
    schema["$id"] = f"{BASE}acknowledgement.v12.schema.json"
    schema["properties"]["packet"]["const"] = "acknowledgement.v12"
    (copied / "acknowledgement.v12.schema.json").write_text(json.dumps(schema), "utf-8")
    contracts = Contracts(copied)
    assert contracts.check(documents.acknowledgement(), 5) == (PacketType.ACKNOWLEDGEMENT, 1)
    newer = documents.acknowledgement(packet="acknowledgement.v12")
    assert contracts.check(newer, 5) == (PacketType.ACKNOWLEDGEMENT, 12)


# where they are


def test_the_folders_are_found() -> None:
    assert (resources.folder("schemas") / "student.v1.schema.json").is_file()


def test_a_wheel_has_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broker" / "data" / "schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path / "broker")
    assert resources.folder("schemas") == tmp_path / "broker" / "data" / "schemas"
    with pytest.raises(FileNotFoundError, match="keys"):
        resources.folder("keys")
