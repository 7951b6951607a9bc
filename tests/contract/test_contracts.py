"""The schemas, the gate and the explainer."""

import copy
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.edge import resources
from broker.edge.contracts import BASE, ContractError, Contracts, load
from broker.edge.explain import FORMATS, Explainer
from handlers.registry import HANDLERS
from tests.support import documents
from tests.support.tools import corpora

FOLDER = resources.folder("schemas")
SCHEMAS = load(FOLDER)
CONTRACTS = Contracts(FOLDER)
TYPES = ("acknowledgement.v1", "enrollment.v1", "student-record.v1")
PURE = {name: Explainer(SCHEMAS, f"{BASE}{name}.schema.json") for name in TYPES}
SAMPLES = {name: documents.sample(SCHEMAS, f"{BASE}{name}.schema.json") for name in TYPES}
CANARY = "Xq7Zebra"


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


def refusal(document: dict[str, Any], most: int = 20) -> Refused:
    with pytest.raises(Refused) as caught:
        CONTRACTS.check(document, most)
    return caught.value


def lines(document: dict[str, Any], most: int = 20) -> list[str]:
    refused = refusal(document, most)
    assert refused.code == "schema"
    return refused.hint.split("\n")


# the schema files


def test_every_packet_type_has_schema_and_handler() -> None:
    assert CONTRACTS.accepted == TYPES
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
            assert "maxLength" in schema or "minLength" in schema and "/allOf/" in place, place
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


@pytest.mark.parametrize("name", ["ssn", "SSN", "social_security_number", "socialSecurityNumber"])
def test_a_social_security_number_is_refused_wherever_it_is_put(name: str) -> None:
    for kind in TYPES:
        for path in paths(SAMPLES[kind]):
            document = copy.deepcopy(SAMPLES[kind])
            place = at(document, path)
            if isinstance(place, dict):
                place[name] = "123-45-6789"
                assert refusal(document).code == "schema"


@pytest.mark.parametrize("field", ["ssid", "local_id", "phone"])
def test_a_social_security_number_is_refused_as_another_number(field: str) -> None:
    document = documents.record()
    document["student"][field] = "123-45-6789"
    assert refusal(document).pointer == f"/student/{field}"
    assert "123" not in str(refusal(document))


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
    with pytest.raises(ContractError, match="student.v1"):
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


def test_the_settings_move_two_bounds() -> None:
    contracts = Contracts(FOLDER, ssid_digits=8, students=2)
    document = documents.enrollment(entries=2)
    for entry in document["students"]:
        entry["student"]["ssid"] = "10000019"
    assert contracts.check(document, 5) == (PacketType.ENROLLMENT, 1)
    with pytest.raises(Refused, match="must be 8 digits"):
        contracts.check(documents.record(), 5)
    with pytest.raises(Refused, match="/students: must have at most 2"):
        contracts.check(document | {"students": document["students"][:1] * 3}, 5)


# the gate


def test_the_documents_of_the_tests_are_valid() -> None:
    assert CONTRACTS.check(documents.record(150), 5) == (PacketType.STUDENT_RECORD, 1)
    assert CONTRACTS.check(documents.enrollment(3), 5) == (PacketType.ENROLLMENT, 1)
    assert CONTRACTS.check(documents.acknowledgement(), 5) == (PacketType.ACKNOWLEDGEMENT, 1)
    for name, sample in SAMPLES.items():
        assert PURE[name].is_valid(sample), list(PURE[name].places(sample))
        CONTRACTS.check(sample, 5)


@pytest.mark.parametrize(
    "packet", [None, 1, True, [], {}, "", "student-record", "student-record.v2", "student-record.v01", "student.v1"]
)
def test_an_unknown_type_is_refused_at_packet(packet: object) -> None:
    refused = refusal(documents.record(packet=packet))
    assert (refused.code, refused.pointer) == ("unknown-type", "/packet")
    assert "student-record.v1" in refused.hint


@pytest.mark.parametrize("packet", ["common.v1", "record.v1", "ssid.v1", "key-rotation.v1", CANARY])
def test_a_shared_part_or_a_type_without_schema_is_no_packet(packet: str) -> None:
    assert refusal(documents.record(packet=packet)).code == "unknown-type"
    assert CANARY not in str(refusal(documents.record(packet=packet)))


def test_a_document_without_packet_is_refused_at_packet() -> None:
    assert refusal({}).pointer == "/packet"


def test_an_attachment_of_100_mb_is_valid_and_a_fault_in_it_is_not_shown() -> None:
    attachment = {"name": "plan.pdf", "media_type": "application/pdf", "content": "A" * (100 << 20)}
    document = documents.record(record={"attachments": [attachment]})
    CONTRACTS.check(document, 5)
    attachment["content"] = CANARY + "=" * 3
    assert refusal(document).pointer == "/record/attachments/0/content"
    assert CANARY not in str(refusal(document))


# the explainer's words


def test_each_fault_is_named_with_its_place() -> None:
    document = documents.enrollment(5)
    document["students"][0]["event"] = "moved"
    document["students"][1]["date"] = "20/08/2026"
    del document["students"][2]["school"]
    del document["students"][2]["event"]
    document["students"][3]["student"]["birth_date"] = "2012-02-30"
    document["students"][4]["student"][CANARY] = CANARY
    document["created"] = "yesterday"
    found = lines(document)
    assert sorted(found[1:]) == [
        "/students/0/event: must be one of entry, exit",
        "/students/1/date: must be a date, such as 2012-03-04",
        "/students/2: must have school, event",
        "/students/3/student/birth_date: must be a date, such as 2012-03-04",
        "/students/4/student: property number 11 is not known here; known are ssid, local_id, legal_name, aliases, "
        "birth_date, gender, birth_order, guardians, phone, address",
    ]
    assert found[0] == "/created: must be a date and time with an offset, such as 2026-11-23T10:00:00-07:00"
    assert refusal(document).pointer == "/created"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"student": []}, "/student: must be an object"),
        ({"record": None}, "/record: must be an object"),
        ({"record": {"course_history": {}}}, "/record/course_history: must be a list"),
        ({"record": {"special_education": {"status": True}}}, "/record/special_education/status: must be one of "),
        ({"school_year": "2027"}, "/school_year: must be the year in which the school year ends, such as 2027"),
        ({"school_year": 27}, "/school_year: must be the year in which the school year ends, such as 2027"),
        ({"id": "1"}, "/id: must be a UUID"),
        ({"from": "../01"}, "/from: must be an id from your directory folder"),
        ({"to": None}, "/to: must be an id from your directory folder"),
        ({"x": 1, "y": 2}, "/: properties number 9, 10 are not known here; known are packet, id, from, to, created"),
    ],
)
def test_each_kind_of_fault_has_words(change: dict[str, Any], line: str) -> None:
    (found,) = lines(documents.record() | change)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"legal_name": {"first": "A"}}, "/student/legal_name: must have last"),
        ({"legal_name": {"first": "A", "last": ""}}, "/student/legal_name/last: must not be empty"),
        ({"legal_name": {"first": "A", "last": "  "}}, "/student/legal_name/last: must not be empty"),
        ({"legal_name": {"first": "A\u0000", "last": "B"}}, "/student/legal_name/first: must be one line of text"),
        ({"legal_name": {"first": "A\u202e", "last": "B"}}, "/student/legal_name/first: must be one line of text"),
        ({"legal_name": {"first": "A", "last": "B\n"}}, "/student/legal_name/last: must be one line of text"),
        ({"ssid": 1000000019}, "/student/ssid: must be ten digits as text"),
        ({"ssid": ""}, "/student/ssid: must be ten digits as text"),
        ({"ssid": "1000000019\n"}, "/student/ssid: must be ten digits as text"),
        ({"ssid": "１０００００００１９"}, "/student/ssid: must be ten digits as text"),
        ({"birth_order": 0}, "/student/birth_order: must be a whole number from 1 to 20, or null"),
        ({"birth_order": 1.5}, "/student/birth_order: must be a whole number from 1 to 20, or null"),
        ({"gender": "♀"}, "/student/gender: must be a code such as F, M, X or U"),
        ({"birth_date": "1899-12-31"}, "/student/birth_date: must be a date, such as 2012-03-04"),
        ({"aliases": [{"first": "A", "last": "B"}] * 17}, "/student/aliases: must have at most 16 in its list"),
    ],
)
def test_each_fault_of_a_student_has_words(change: dict[str, Any], line: str) -> None:
    (found,) = lines(documents.record(student=documents.student() | change))
    assert found.startswith(line)


def test_at_most_so_many_places_are_named() -> None:
    document = documents.enrollment(30)
    for entry in document["students"]:
        entry["date"] = CANARY
    found = lines(document, 7)
    assert len(found) == 8
    assert found[6].startswith("/students/6/date")
    assert found[7] == "There are more; mend these first."
    assert "more" not in lines(document, 30)[-1]


def test_a_gate_that_says_no_without_a_reason_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Explainer, "places", lambda _self, _document: iter(()))
    with pytest.raises(AssertionError, match="disagree"):
        CONTRACTS.check(documents.record(id=CANARY), 5)


# gate and explainer agree


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from paths(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


PATHS = {name: [path for path in paths(sample) if path not in ((), ("packet",))] for name, sample in SAMPLES.items()}
DIGITS = st.integers(0, 99).map(lambda number: f"{number:02}")
NEAR = st.one_of(
    st.builds("{}{}-{}-{}".format, st.sampled_from(["19", "20", "21", "00", "18"]), DIGITS, DIGITS, DIGITS),
    st.builds("2026-11-{}T{}:{}:{}{}".format, DIGITS, DIGITS, DIGITS, DIGITS, st.sampled_from(["Z", "z", "", "+0700"])),
    st.builds("2026-11-23T10:00:00{}{}:{}".format, st.sampled_from("+- "), DIGITS, DIGITS),
    st.from_regex(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fg]{12}\n?", fullmatch=True),
    st.sampled_from(
        ["1000000019", "1000000019\n", "１０００００００１９", "2012-03-04", "2012-03-04\n", "２０12-03-04", "20120304"]
    ),
    st.sampled_from(
        ["2026-11-23T23:59:60Z", "2026-11-23T24:00:00Z", "2026-11-23t10:00:00Z", "2026-W47-1", "123-45-6789"]
    ),
    st.sampled_from(
        ["QQ==", "QQ===", "Q Q", "a/b", "a/b\n", "../x", ".x", "x\u0000", "\u202e", "\ufeff", " ", "", "a\nb"]
    ),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.sampled_from([2027, 2027.0, 1.0, 1.5, -0.0, 1e300, -1e300, 2**53, 2**63, 200, 200.0000001]),
    st.floats(allow_nan=False, allow_infinity=False),
    NEAR,
    st.text(max_size=12),
    st.integers(1, 210).map(lambda length: "é" * length),
    st.just([]),
    st.just({}),
    st.just({"first": "A", "last": "B"}),
    st.lists(st.text(max_size=3), max_size=3),
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(TYPES))
    document: dict[str, Any] = copy.deepcopy(SAMPLES[name])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PATHS[name]))
        try:
            place = at(document, path[:-1])
            if isinstance(place, dict) and draw(st.integers(0, 4)) == 0:
                del place[path[-1]]
            elif isinstance(place, dict) and draw(st.integers(0, 9)) == 0:
                place[draw(st.text(max_size=5))] = draw(ANYTHING)
            else:
                place[path[-1]] = draw(ANYTHING)
        except (KeyError, IndexError, TypeError):
            continue
    return document


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_gate_and_explainer_agree(document: dict[str, Any]) -> None:
    valid = PURE[document["packet"]].is_valid(document)
    try:
        CONTRACTS.check(document, 5)
    except Refused as refused:
        assert refused.code == "schema"
        assert not valid
        assert 1 <= len(refused.hint.split("\n")) <= 6
    else:
        assert valid


@pytest.mark.parametrize("name", TYPES)
def test_no_value_and_no_unknown_name_of_a_document_is_shown(name: str) -> None:
    for path in PATHS[name]:
        for value in (CANARY, f"{CANARY}\n", {CANARY: CANARY}, [CANARY], 987654321987, [{CANARY: 987654321987}]):
            document = copy.deepcopy(SAMPLES[name])
            at(document, path[:-1])[path[-1]] = value
            try:
                CONTRACTS.check(document, 20)
            except Refused as refused:
                shown = f"{refused!r} {refused.pointer} {refused.hint}"
                assert CANARY not in shown
                assert "987654321987" not in shown
                assert refused.__cause__ is None
                assert refused.__context__ is None


# Where the two differ from each other on the official suite; none of it can be written in our schemas
# (see test_every_pattern_means_the_same_to_both_and_is_put_in_words, and the pattern beside every date-time).
DIFFER = {
    ("pattern.json", "pattern with Unicode property escape requires unicode mode"): "the escape \\p",
    ("patternProperties.json", "patternProperties with Unicode property escape"): "the escape \\p",
}
LEAP_SECOND = "a valid date-time with a leap second"  # our pattern for date-time has none


def suite() -> Iterator[tuple[Path, dict[str, Any]]]:
    folder = corpora("hostile", "json-schema", "draft2020-12")
    formats = [folder / "optional" / "format" / f"{name}.json" for name in FORMATS]
    for path in itertools.chain(sorted(folder.glob("*.json")), formats):
        for group in json.loads(path.read_text("utf-8")):
            written = json.dumps(group["schema"])
            outside = "localhost:1234" in written or '"$ref": "https://json-schema.org' in written
            if not outside and (path.name, group["description"]) not in DIFFER:
                yield path, group


def answers(path: Path, schema: Any, value: Any) -> tuple[bool, bool]:
    asserted = "optional" in path.parts
    gate = jsonschema_rs.Draft202012Validator(schema, validate_formats=asserted, offline=True)
    own = schema if isinstance(schema, dict) else {"allOf": [schema]}
    if not asserted:
        own = {key: part for key, part in own.items() if key != "format"}
    uri = str(own.get("$id", f"{BASE}x"))
    return gate.is_valid(value), Explainer({uri: own}, uri).is_valid(value)


def test_both_agree_on_the_official_suite() -> None:
    asked = 0
    for path, group in suite():
        for case in group["tests"]:
            if case["description"].startswith(LEAP_SECOND):
                continue
            asked += 1
            gate, explainer = answers(path, group["schema"], case["data"])
            assert gate == explainer == case["valid"], (path.name, group["description"], case["description"])
    assert asked > 1300


# the data files


def test_the_folders_are_found() -> None:
    assert (resources.folder("schemas") / "student.v1.schema.json").is_file()


def test_a_wheel_has_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broker" / "data" / "schemas").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path / "broker")
    assert resources.folder("schemas") == tmp_path / "broker" / "data" / "schemas"
    with pytest.raises(FileNotFoundError, match="keys"):
        resources.folder("keys")
