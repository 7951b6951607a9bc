"""Whatever a record says becomes a transcript without loss, or is refused at its place."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.formats import pesc
from broker.formats.transcript.record import Facts, Made, from_record
from tests.support import transcripts
from tests.support.scale import examples
from tests.support.transcript_made import CONTRACTS, FACTS, HEADER, read, record


def test_200_records_lose_no_course_credit_or_mark() -> None:
    for document in transcripts.records(200, 5):
        lines = [*document["record"]["course_history"], *document["record"]["course_grades"]]
        found = from_record(document, HEADER, FACTS).document
        shown = {
            one["code"]: one
            for part in found["transcript"]["academic_records"][0]["sessions"]
            for one in part["courses"]
        }
        assert len(shown) == len(lines)
        for line in lines:
            one = shown[line["course_code"]]
            assert one.get("credits_earned") == line.get("credits_earned")
            assert one.get("credits_attempted") == line.get("credits_attempted")
            notes = " ".join(one.get("notes", ()))
            assert line["mark"] in (one.get("grade"), one.get("narrative")) or f'"{line["mark"]}"' in notes


SIGNS = st.one_of(st.characters(exclude_categories=["Cc", "Cs"]), st.sampled_from("\t\n <&\"']]>\ufffe\u202e\x1b"))
LABELS = st.one_of(st.text(st.characters(categories=["L", "N", "P"]), max_size=64), st.text(SIGNS, max_size=64))
TITLES = st.one_of(st.text("ab <é", min_size=1, max_size=200), st.text(SIGNS, max_size=200))
LINES = st.fixed_dictionaries(
    {"school_year": st.integers(1950, 2199), "title": TITLES},
    optional=dict.fromkeys(("school", "course_code", "term", "mark"), LABELS)
    | {
        "credits_earned": st.integers(0, 1_000_000).map(lambda thousandths: thousandths / 1000),
        "credits_attempted": st.integers(0, 1000),
    },
)
HISTORY = st.fixed_dictionaries(
    {},
    optional={
        "lea": TITLES,
        "grade_level": st.text(max_size=8),
        "status": st.sampled_from(["completed", "withdrawn", "incomplete", "transferred", "in-progress"]),
    },
)
GRADES = st.fixed_dictionaries(
    {},
    optional={"section": LABELS, "teacher": LABELS, "percent": st.floats(0, 200), "as_of": st.just("2026-10-01")},
)


class _Months(dict[str, int]):
    """Knows of every term in which month it ends."""

    def get(self, term: str, _default: Any = None) -> int:
        return len(term) % 12 + 1


@settings(deadline=None, max_examples=examples(150))
@given(
    st.lists(st.builds(dict.__or__, LINES, HISTORY), max_size=4),
    st.lists(st.builds(dict.__or__, LINES, GRADES), max_size=4),
)
def test_whatever_a_record_says_is_written_or_refused_at_its_place(
    history: list[dict[str, Any]], grades: list[dict[str, Any]]
) -> None:
    document = record(*history, course_grades=grades)
    CONTRACTS.check(document, 5)
    found = _made_or_place(document)
    if isinstance(found, str):
        assert found.startswith("/record/course_")
        return
    CONTRACTS.check(found.document, 5)
    back = read(pesc.to_pesc(found.document, state="UT"))["transcript"]["academic_records"][0]["sessions"]
    mine = found.document["transcript"]["academic_records"][0]["sessions"]
    assert [len(one["courses"]) for one in back] == [len(one["courses"]) for one in mine]
    assert credits_of(back) == credits_of(mine)


def _made_or_place(document: dict[str, Any]) -> Made | str:
    try:
        return from_record(document, HEADER, Facts(terms=_Months()))
    except Refused as refused:
        return refused.pointer if refused.code == "pesc-unfit" else refused.code


def credits_of(sessions: list[dict[str, Any]]) -> list[Any]:
    return [course.get("credits_earned") for session in sessions for course in session["courses"]]
