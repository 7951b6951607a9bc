"""A parent's copy: everything that a record may hold is in it, in words, with who wrote it and when."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.opt_outs import OptOut
from broker.core.page import Facts, Page, Section, Table, Text
from broker.edge.schemas.contracts import BASE, Contracts, load
from broker.edge.settings.resources import folder
from broker.edge.settings.rules import TheState
from broker.formats.documents import to_student
from broker.formats.parent import attached, values
from broker.formats.parent import page as parent
from broker.formats.parent.sources import SourceDocument, check_log, standing, stranger
from broker.formats.parent.terms import FIELDS, PARTS, Form
from broker.formats.parent.values import WORDS
from broker.notices import disclosures as disclosures_notice
from tests.support import documents
from tests.support.scale import examples

TODAY = date(2026, 11, 23)
SCHEMAS = load(folder("schemas"))
CONTRACTS = Contracts(folder("schemas"))
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


def shown(section: Section) -> str:
    """All that stands in a section, a line for each text."""
    blocks = [block for piece in section.pieces for block in piece.blocks]
    found = []
    for block in blocks:
        if isinstance(block, Facts):
            found += [block.title, *(f"{fact.label}\t{fact.value}" for fact in block.facts)]
        elif isinstance(block, Table):
            found += [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
        else:
            found.append(block.text)
    return "\n".join(found)


def made(*sources: SourceDocument) -> Page:
    records = [one.document for one in standing(sources) if "record" in one.document]
    return parent.page(sources, attached.attached(records), TODAY)


def section(page: Page, heading: str) -> Section:
    return next(one for one in page.sections if one.heading == heading)


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


def words(page: Page) -> tuple[tuple[str, ...], ...]:
    block = section(page, "What the words mean").pieces[0].blocks[0]
    assert isinstance(block, Table)
    return block.rows


def test_every_label_that_is_shown_is_explained() -> None:
    document = documents.sample(SCHEMAS, f"{BASE}student-record.v1.schema.json")
    page = made(SourceDocument(document, "Alpine", True))
    labels = {term.label for of in FIELDS for term in FIELDS[of].values() if of != "attachment"}
    assert labels - {"School year"} <= {row[0] for row in words(page)}


def test_who_wrote_a_part_stands_above_it_and_the_newest_comes_first() -> None:
    old = documents.record(1, **{"from": "01", "created": "2025-05-04T10:00:00-06:00", "school_year": 2025})
    new = documents.record(2, **{"from": "6G", "created": "2026-11-23T10:00:00-07:00"})
    page = made(SourceDocument(old, "Alpine", True), SourceDocument(new, "Canyon", True))
    headings = [piece.heading for piece in section(page, PARTS["course_history"].heading).pieces]
    assert headings == [
        "Written by Canyon on 23 November 2026 (school year 2026–27)",
        "Written by Alpine on 4 May 2025 (school year 2024–25)",
    ]


def test_what_two_schools_say_alike_is_shown_once_with_both() -> None:
    one, two = documents.record(3), documents.record(3, **{"from": "6G", "created": "2026-11-24T10:00:00-07:00"})
    page = made(SourceDocument(one, "Alpine", True), SourceDocument(two, "Canyon", True))
    (piece,) = section(page, PARTS["course_history"].heading).pieces
    assert piece.heading.startswith("Written by Canyon on 24 November 2026")
    assert "; also by Alpine on 23 November 2026" in piece.heading


def test_a_teacher_is_named_where_only_the_sign_stands() -> None:
    teachers = [{"id": "T1", "name": {"first": "Rosa", "last": "Lind"}}]
    record = {"teachers": teachers, "schedule": [{"title": "Art", "teacher": "T1"}, {"title": "PE", "teacher": "T9"}]}
    text = shown(
        section(made(SourceDocument(documents.record(record=record), "Alpine", True)), PARTS["schedule"].heading)
    )
    assert "Rosa Lind (T1)" in text
    assert "T9" in text


def test_a_part_that_is_there_and_empty_says_so() -> None:
    page = made(SourceDocument(documents.record(record={"discipline": [], "demographics": {}}), "Alpine", True))
    for key in ("discipline", "demographics"):
        assert shown(section(page, PARTS[key].heading)) == "The school has noted nothing here."
    assert "Vaccinations" not in [one.heading for one in page.sections]


def test_a_property_without_words_is_no_silent_gap() -> None:
    with pytest.raises(KeyError, match="shoe_size"):
        made(SourceDocument(documents.record(record={"demographics": {"shoe_size": 4}}), "Alpine", True))


# which documents count


def backpack(day: int, mode: str, sender: str = "01", **changes: Any) -> SourceDocument:
    created = {"packet": "backpack.v1", "from": sender, "created": f"2026-10-{day:02}T10:00:00-06:00", "mode": mode}
    document = documents.record(1, **(created | changes))
    del document["to"]
    CONTRACTS.check(document, 20)
    return SourceDocument(document, sender, True)


def test_a_backpack_replaces_what_its_school_sent_before_and_nothing_else() -> None:
    old, early, new, late = (
        backpack(day, mode) for day, mode in ((1, "replace"), (2, "add"), (3, "replace"), (4, "add"))
    )
    other, letter = (
        backpack(1, "add", "6G"),
        SourceDocument(documents.record(created="2026-10-01T10:00:00-06:00"), "01", True),
    )
    assert standing([old, early, new, late, other, letter]) == [late, new, other, letter]
    assert standing([late, new, early, old]) == [late, new]
    assert standing([old, old]) == [old]


def test_a_paper_that_is_left_out_is_named() -> None:
    page = made(backpack(1, "replace"), backpack(3, "replace"))
    text = shown(section(page, "What this copy is made of"))
    assert "no, a newer one takes its place" in text
    assert "1 October 2026" in text
    assert "good" in text
    opened = made(SourceDocument(documents.record(), "Alpine", False))
    assert "not checked" in shown(section(opened, "What this copy is made of"))


def student(**changes: Any) -> dict[str, Any]:
    return documents.student() | changes


def about(**changes: Any) -> SourceDocument:
    return SourceDocument(documents.record(student=student(**changes)), "Alpine", True)


def disclosures(ssid: str | None = "1000000019", *sentences: str, day: int = 1) -> SourceDocument:
    lines = [{"at": "2026-03-04T10:00:00+00:00", "sentence": one} for one in sentences]
    header = {"packet": "disclosures.v1", "id": "x", "from": "exchange", "created": f"2026-11-{day:02}T10:00:00+00:00"}
    return SourceDocument(header | {"ssid": ssid, "disclosures": lines}, "Exchange", True)


@pytest.mark.parametrize(
    ("other", "place"),
    [
        (about(), None),
        (about(birth_date="2012-04-03"), None),
        (about(legal_name={"first": "ANA", "last": "Reyes Ortiz"}), None),
        (about(birth_date="2012-04-03", legal_name={"first": "Ana", "last": "Other"}), None),
        (about(birth_date="2012-04-03", legal_name={"first": "Bo", "last": "Other"}), 1),
        (about(ssid="1000000027"), 1),
        (about(ssid=None), None),
        (about(ssid=None, birth_date="2012-04-03"), 1),
        (about(ssid=None, legal_name={"first": "Ana", "last": "Other"}), 1),
        (disclosures(), None),
        (disclosures("1000000027"), 1),
        (disclosures(None), 1),
    ],
)
def test_a_paper_of_another_student_is_found(other: SourceDocument, place: int | None) -> None:
    assert stranger([about(), other]) == place


def test_a_list_cannot_belong_to_a_student_without_a_number() -> None:
    assert stranger([about(ssid=None), disclosures()]) == 1
    assert stranger([disclosures(), about(ssid=None)]) == 0
    assert stranger([disclosures(None), about(ssid=None)]) == 0
    assert stranger([about(ssid=None), about(), about(ssid="1000000027")]) == 2


ONE, TWO, BO = "1000000019", "1000000027", {"first": "Bo", "last": "Other"}


def of(*numbers: str, day: int = 1, is_checked: bool = True, **changes: Any) -> SourceDocument:
    """A list that says whose it is; the number that stands for all first."""
    known = student(ssid=numbers[0], **changes)
    whose = {"student": {part: known[part] for part in ("ssid", "legal_name", "birth_date")}, "numbers": list(numbers)}
    return SourceDocument({**disclosures(numbers[0], day=day).document, **whose}, "Exchange", is_checked)


@pytest.mark.parametrize(
    ("sources", "place"),
    [
        # numbers that were merged
        ([about(), about(ssid=TWO), of(TWO, ONE)], None),
        ([of(TWO, ONE), about(), about(ssid=TWO)], None),
        ([about(), of(TWO, ONE)], None),
        ([about(), about(ssid=TWO), of(TWO, ONE, is_checked=False)], 1),
        ([about(), about(ssid=TWO, legal_name=BO, birth_date="2012-04-03"), of(TWO, ONE)], 1),
        ([about(), about(ssid="1000000035"), of(TWO, ONE)], 1),
        # and parted again: the newest list counts
        ([about(), about(ssid=TWO), of(TWO, ONE), of(ONE, day=2)], 1),
        ([about(), of(TWO, ONE), of(ONE, day=2)], 1),
        # documents without a number
        ([about(ssid=None), of(ONE)], None),
        ([about(ssid=None), of(ONE, is_checked=False)], None),
        ([about(ssid=None), of(ONE, birth_date="2012-04-03")], 1),
        ([about(ssid=None), of(ONE, legal_name={"first": "Ana", "last": "Reyes-Ortiz"})], 1),
        ([about(ssid=None), of(ONE), of(TWO)], 2),
        ([about(ssid=None), of(ONE), about(ssid=TWO)], 1),
        # the list stands between two documents that alone are not surely of one student
        ([about(legal_name={"first": "Ana", "last": "Reyes"}), about(ssid=None), of(ONE)], None),
        ([about(legal_name={"first": "Ana", "last": "Reyes"}), about(ssid=None)], 1),
        ([about(ssid=None, legal_name=BO), about(), of(ONE)], 1),
    ],
)
def test_the_list_says_whose_the_documents_are(sources: list[SourceDocument], place: int | None) -> None:
    assert stranger(sources) == place


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": ONE},
        {"numbers": [1]},
        {"student": "Ana"},
        {"student": {"legal_name": "Ana", "birth_date": "2012-03-04"}},
        {"student": {"legal_name": {"first": "Ana"}, "birth_date": "2012-03-04"}},
        {"student": {"legal_name": {"first": "Ana", "last": "R", "middle": 1}, "birth_date": "2012-03-04"}},
        {"student": {"legal_name": {"first": "Ana", "last": "R"}, "birth_date": 5}},
        {"created": "yesterday"},
        {"created": None},
        {"created": "2026-11-01T10:00:00"},
    ],
)
def test_a_list_of_another_form_is_refused(change: dict[str, Any]) -> None:
    check_log(of(ONE).document)
    with pytest.raises(Refused, match="schema"):
        check_log({**of(ONE).document, **change})


def test_the_newest_list_of_disclosures_is_shown_in_its_own_sentences() -> None:
    page = made(about(), disclosures("1000000019", "Old."), disclosures("1000000019", "On 4 March.", "No.", day=2))
    text = shown(section(page, "Who has been given this record"))
    assert "1\nOn 4 March.\n2\nNo." in text
    assert "Old." not in text
    nobody = section(made(about(), disclosures()), "Who has been given this record")
    assert shown(nobody) == "Nobody so far."
    none = shown(section(made(about()), "Who has been given this record"))
    assert "34 CFR 99.32" in none


def test_the_notice_of_the_exchange_is_such_a_list() -> None:
    row = Disclosure(0.0, "1000000019", "receive-record", "allowed", "6G", source="01", what="student-record")
    whose = to_student(documents.student()), ["1000000019"]
    body = disclosures_notice.notice({}, *whose, [row], {"01": "Alpine", "6G": "Canyon"}, TheState().time, is_all=False)
    notice = SourceDocument({**disclosures().document, **body}, "Exchange", True)
    check_log(notice.document)
    assert stranger([about(), notice]) is stranger([about(ssid=None), notice]) is None
    text = shown(section(made(about(), notice), "Who has been given this record"))
    assert "Canyon received the school record sent by Alpine" in text
    assert "Every disclosure of your own records" in text


def test_what_the_parent_opted_out_of_stands_beside_it() -> None:
    told = OptOut("1000000019", "higher-education-data", "01", "t", 0.0)
    whose = to_student(documents.student()), ["1000000019"]
    for opted, said in (([told], "Alpine recorded that the parent"), ([], "No opt-out is recorded")):
        body = disclosures_notice.notice({}, *whose, [], {"01": "Alpine"}, TheState().time, is_all=True, opted=opted)
        notice = SourceDocument({**disclosures().document, **body}, "Exchange", True)
        check_log(notice.document)
        assert said in shown(section(made(about(), notice), "Who has been given this record"))


@pytest.mark.parametrize("body", [{"opt_outs": "x"}, {"opt_outs": ["x"]}, {"opt_outs": [{"purpose": "x"}]}])
def test_what_is_no_list_of_opt_outs_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="schema"):
        check_log({**disclosures().document, **body})


@pytest.mark.parametrize("body", [{}, {"disclosures": "x"}, {"disclosures": ["x"]}, {"disclosures": [{"at": "x"}]}])
def test_what_is_no_list_of_disclosures_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="schema"):
        check_log(body)


# files


@given(st.text(max_size=300))
def test_a_file_gets_a_name_that_cannot_harm(name: str) -> None:
    safe = attached.safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}\.[a-z0-9]{2,4}", safe)
    assert safe.rpartition(".")[2] in attached.PASSIVE | {"bin"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Plan für Ana.PDF", "Plan-fur-Ana.pdf"),
        ("run.exe", "run.bin"),
        ("page.html", "page.bin"),
        ("x.pdf.js", "x-pdf.bin"),
        ("李.txt", "file.txt"),
        ("README", "README.bin"),
        ("..", "file.bin"),
    ],
)
def test_names_of_files(name: str, safe: str) -> None:
    assert attached.safe_name(name) == safe


def attachment(name: str, content: str) -> dict[str, str]:
    return {"name": name, "media_type": "text/plain", "content": content}


def test_files_lie_beside_the_copy_once_and_what_is_damaged_is_told() -> None:
    parts = [
        attachment("a.txt", "QQ=="),
        attachment("a.txt", "QQ=="),
        attachment("a.txt", "Qg=="),
        attachment("b.txt", "Q"),
    ]
    record = {"attachments": parts, "special_education": {"status": "eligible", "attachments": ["a.txt", "c.txt"]}}
    document = documents.record(record=record)
    CONTRACTS.check(document, 20)
    files = attached.attached([document])
    paths = ["attachments/01-a.txt", "attachments/01-a.txt", "attachments/02-a.txt", ""]
    assert [one.path for one in files] == paths
    assert [one.content for one in files] == [b"A", b"A", b"B", None]
    source = SourceDocument(document, "Alpine", True)
    page = parent.page([source], files, TODAY)
    table = section(page, PARTS["attachments"].heading).pieces[0].blocks[0]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == paths
    assert "damaged" in table.rows[3][3]
    plan = shown(section(page, PARTS["special_education"].heading))
    assert "a.txt (attachments/01-a.txt, attachments/02-a.txt)\nc.txt (not in this copy)" in plan
    data = parent.as_data([source], files, TODAY)
    listed = data["papers"][0]["document"]["record"].pop("attachments")
    assert [one.get("file", one.get("content")) for one in listed] == [*paths[:3], "Q"]
    record.pop("attachments")
    assert data["papers"][0]["document"] == document


def test_the_data_holds_every_document_as_it_was_sealed() -> None:
    sources = [backpack(1, "replace"), backpack(3, "replace"), about(), disclosures("1000000019", "One.")]
    data = parent.as_data(sources, [], TODAY)
    assert [one["document"] for one in data["papers"]] == [sources[2].document, sources[1].document]
    assert data["disclosures"][0]["document"] == sources[3].document
    assert data["left_out"][0]["id"] == sources[0].document["id"]


# values


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (values.day("2012-03-04"), "4 March 2012"),
        (values.day("2026-11-23T23:59:59.123456789-07:00"), "23 November 2026"),
        (values.year(2000), "1999–00"),
        (values.number(0.5), "0.5"),
        (values.number(-0.0), "0"),
        (values.number(1e-7), "0.0000001"),
        (values.number(100000.0), "100000"),
        (values.line(" a\r\nb\tc "), "a b c"),
        (values.line("x\u202eyz\x00\ufeff"), "x[U+202E]yz[U+0000][U+FEFF]"),
        (values.line("e\u0302\u0303"), "ễ"),
        (values.prose("one\n\ntwo\r\nthree\n"), "one\n\ntwo\nthree"),
        (values.written(Form.GRADE, "KG"), "Kindergarten"),
        (values.written(Form.GRADE, "09"), "Grade 9"),
        (values.written(Form.GRADE, "13"), "13"),
        (values.written(Form.TEXT, None), ""),
        (values.name({"first": "", "last": "Suharto", "suffix": ""}), "Suharto"),
    ],
)
def test_how_values_are_written(written: str, wanted: str) -> None:
    assert written == wanted


def test_a_text_is_a_text() -> None:
    page = made(about())
    assert all(
        not isinstance(block, Text) or block.text for one in page.sections for p in one.pieces for block in p.blocks
    )
    assert page.title == "School record of Ana Lucía Reyes-Ortiz"
    assert page.running == "Ana Lucía Reyes-Ortiz, copy of 23 November 2026"
