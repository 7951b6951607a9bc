"""A line's request that waits for a decision, and the words of answers."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import Address, Name, Ssid, Student
from broker.formats.documents import to_block, to_student
from broker.notices import answers
from broker.notices.answers import REASONS, Answer, Outcome, SentLine
from broker.students.line_request import LineRequest

TEXT = st.text(max_size=8)
NAMES = st.builds(Name, TEXT, TEXT, TEXT, TEXT)
STUDENTS = st.builds(
    Student,
    legal_name=NAMES,
    birth_date=st.dates(),
    ssid=st.none() | TEXT.map(Ssid),
    local_id=TEXT,
    gender=TEXT,
    birth_order=st.none() | st.integers(1, 20),
    aliases=st.lists(NAMES, max_size=2).map(tuple),
    guardians=st.lists(NAMES, max_size=2).map(tuple),
    phone=TEXT,
    address=st.builds(Address, TEXT, TEXT, TEXT, TEXT),
)
WISHES = st.builds(
    LineRequest,
    line=st.integers(0, 10_000),
    student=STUDENTS,
    request=st.sampled_from(["entry", "exit", "new", "retrieve", "update", "verify"]),
    **dict.fromkeys(("school", "day", "code", "exit_day", "exit_code", "grade", "programme", "school_year"), TEXT),
    form=st.sampled_from(["", ",", "\ufeff;"]),
    dual=st.none() | st.booleans(),
    military=st.none() | st.booleans(),
    day_part=st.sampled_from(["", "1/2", "1"]),
    opt_outs=st.none() | st.sampled_from([(), ("higher-education-data",)]),
    confirmed=st.sampled_from([(), ("birth_date",), ("date", "school_year")]),
)


@given(STUDENTS)
def test_a_block_is_the_student(student: Student) -> None:
    assert to_student(json.loads(json.dumps(to_block(student)))) == student


@given(WISHES)
def test_a_request_is_the_same_after_it_was_kept(one: LineRequest) -> None:
    assert LineRequest.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_no_repr_shows_a_student() -> None:
    student = Student(Name("Ana", "Reyes"), date(2012, 3, 4), local_id="445566")
    shown = f"{LineRequest(0, student, 'new')!r} {SentLine(student.legal_name, '445566')!r}"
    assert "Reyes" not in shown
    assert "445566" not in shown


def test_every_reason_says_what_to_do() -> None:
    """A sentence for the secretary, with a full stop, that no table breaks on."""
    for text in REASONS.values():
        assert text[0].isupper()
        assert text.endswith(".")
        assert not set("|\n") & set(text)


def test_an_answer_in_json() -> None:
    sent = SentLine(Name("Ana", "Reyes", "Lucía"), "445566")
    body = answers.notice(
        "id",
        [
            (sent, Answer(0, Outcome.ASSIGNED, Ssid("1000000019"))),
            (sent, Answer(1, Outcome.REFUSED, None, "unreadable", "birth_date", "birth_date must be a date.")),
        ],
    )
    known = {"local_id": "445566", "legal_name": {"first": "Ana", "middle": "Lucía", "last": "Reyes", "suffix": ""}}
    assert body["answers"] == "id"
    assert body["students"][0] == {"line": 0, "answer": "assigned", "ssid": "1000000019"} | known
    assert body["students"][1] == {"line": 1, "answer": "refused", "ssid": None} | known | {
        "why": "unreadable",
        "field": "birth_date",
        "what_to_do": f"{REASONS['unreadable']} birth_date must be a date.",
    }
