"""A parent's copy: which papers count, whose they are, and how values are written."""

from typing import Any

import pytest

from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.opt_outs import OptOut
from broker.core.page import Text
from broker.edge.schemas.contracts import BASE
from broker.edge.settings.rules import TheState
from broker.formats.documents import to_student
from broker.formats.parent import values
from broker.formats.parent.sources import SourceDocument, check_log, standing, stranger
from broker.formats.parent.term import Form
from broker.formats.parent.terms import FIELDS, PARTS
from broker.notices import disclosures as disclosures_notice
from tests.support import documents
from tests.support.parents import SCHEMAS, about, backpack, disclosures, made, section, shown, student, words


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
    ("papers", "place"),
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
        # papers without a number
        ([about(ssid=None), of(ONE)], None),
        ([about(ssid=None), of(ONE, is_checked=False)], None),
        ([about(ssid=None), of(ONE, birth_date="2012-04-03")], 1),
        ([about(ssid=None), of(ONE, legal_name={"first": "Ana", "last": "Reyes-Ortiz"})], 1),
        ([about(ssid=None), of(ONE), of(TWO)], 2),
        ([about(ssid=None), of(ONE), about(ssid=TWO)], 1),
        # the list stands between two papers that alone are not surely of one student
        ([about(legal_name={"first": "Ana", "last": "Reyes"}), about(ssid=None), of(ONE)], None),
        ([about(legal_name={"first": "Ana", "last": "Reyes"}), about(ssid=None)], 1),
        ([about(ssid=None, legal_name=BO), about(), of(ONE)], 1),
    ],
)
def test_the_list_says_whose_the_papers_are(papers: list[SourceDocument], place: int | None) -> None:
    assert stranger(papers) == place


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
