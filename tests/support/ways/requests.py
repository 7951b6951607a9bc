"""A flagged child in SSID requests, in JSON and as CSV."""

from collections.abc import Iterator

from tests.support import documents
from tests.support.flagged import MOVE, A, B, C, Child
from tests.support.ways import HELD, way

HEADER = "Request Type,School Year,LEA,School,Local Student Number,Last Name,First Name,Birth Date,SSID"


@way(B, "enrollment", *HELD)
def _new(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new")
    assert child.answer(B)["why"] == "known-already"


@way(B, "candidate")
def _new_beside_a_candidate(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new", student=child.near())
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _new_with_a_birth_date_that_differs(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new", student=child.near() | {"ssid": child.ssid})
    assert child.answer(B)["why"] == "not-borne-out"


@way(B, "enrollment", *HELD)
def _retrieve(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "retrieve", student=child.with_number())


@way(B, "candidate")
def _retrieve_with_a_birth_date_that_differs(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "retrieve", student=child.near() | {"ssid": child.ssid})
    assert child.answer(B)["answer"] == "refused"


@way(B, "candidate")
def _retrieve_that_lacks_the_school(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    line = {"student": child.with_number(), "request": "retrieve", "date": MOVE}
    child.send(B, documents.ssid_request(line, **{"from": B}))
    assert child.answer(B)["why"] == "missing"


@way(A, "update")
def _update(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(A, "update", student=child.with_number(phone="801 555 0142"))
    assert child.answer(A)["answer"] == "updated"


@way(C, "update")
def _update_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(C, "update", student=child.with_number(phone="801 555 0142"))
    assert child.answer(C)["why"] == "not-your-student"


@way(A, "verify")
def _verify(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(A, "verify", student=child.with_number())
    assert child.answer(A)["answer"] == "verified"


@way(C, "verify")
def _verify_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(C, "verify", student=child.with_number())


@way(C, "verify")
def _verify_with_another_name(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    other = {"first": "Wholly", "middle": "", "last": "Different", "suffix": ""}
    child.asks_for_number(C, "verify", student=child.with_number(legal_name=other))
    assert child.answer(C)["why"] == "not-verified"


def _csv(child: Child, lea: str, kind: str, born: str = "", ssid: str = "", school: str = "704") -> None:
    student = child.student
    name, born = student["legal_name"], born or student["birth_date"]
    cells = [kind, "2027", "", school, student["local_id"], name["last"], name["first"], born, ssid]
    content = f"{HEADER}\n{','.join(cells)}\n".encode()
    child.send(lea, content, f"REQ_{lea}_20261123_{next(COUNTER)}.csv")


COUNTER = iter(range(1, 1000))


@way(B, "enrollment", *HELD)
def _new_as_csv(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, B, "New")


@way(C, "verify")
def _verify_as_csv(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, C, "Verify", ssid=child.ssid)


@way(C, "candidate")
def _csv_line_that_cannot_be_read(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, C, "Retrieve", born="the fifth of May", ssid=child.ssid)
