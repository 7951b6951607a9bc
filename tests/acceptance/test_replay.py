"""Nothing happens twice: the same file, the same document, and an id that is used again."""

import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.desk import Desk, Town, as_bytes, child, children, enrollment, record, town

TESTS = 8  # that send a record


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("replay"), parties) as made:
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def pupils(here: Town) -> Iterator[dict[str, Any]]:
    """Students who came from 02 over 01 to 6G."""
    here.all_moved(children(TESTS), "02", "01", "6G")
    here.exchange.quiet()
    return iter(children(TESTS))


@pytest.fixture
def ana(pupils: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Each test has a student of its own, for a later record takes the place of an earlier one in the inbox."""
    return next(pupils)


def inbox(here: Town, lea: str = "6G") -> list[str]:
    """What lies there after a moment in which more could have come."""
    time.sleep(0.3)
    return [path.name for path in here.exchange.inbox(lea)]


def is_repeat_of(first: str, receipt: dict[str, Any]) -> bool:
    """Whether this receipt sends its reader to the first packet's."""
    return bool(receipt["state"] == "DUPLICATE" and receipt["first"] == first != receipt["tracking"])


def test_the_same_file_again(here: Town, ana: dict[str, Any]) -> None:
    sealed = here["01"].seal(record("01", ana, to="6G"))
    here["01"].drop("file.pgp", sealed)
    first = here["01"].delivered("file.pgp")
    before = inbox(here)
    # under another name, and then under the very same
    here["01"].drop("copy.pgp", sealed)
    repeated = here["01"].receipt("copy.pgp", "DUPLICATE", "DELIVERED", "REFUSED")
    assert is_repeat_of(first, repeated)
    assert repeated["n"] == 1  # known by its bytes: nobody opens it again
    here["01"].drop("file.pgp", sealed)
    assert is_repeat_of(first, here["01"].receipt("file.pgp", "DUPLICATE"))
    # also when it was collected meanwhile
    here["6G"].inbox(first).unlink()
    here["01"].receipt("file.pgp", "COLLECTED")
    here["01"].drop("late-copy.pgp", sealed)
    assert is_repeat_of(first, here["01"].receipt("late-copy.pgp", "DUPLICATE", "DELIVERED", "REFUSED"))
    assert inbox(here) == [name for name in before if not name.startswith(first)]


def test_many_copies_at_once(here: Town, ana: dict[str, Any]) -> None:
    sealed, before = here["01"].seal(record("01", ana, to="6G")), inbox(here)
    names = [f"many-{number}.pgp" for number in range(40)]
    for name in names:
        here["01"].drop(name, sealed)
    ends = [here["01"].receipt(name, "DELIVERED", "DUPLICATE", "REFUSED") for name in names]
    first = [one["tracking"] for one in ends if one["state"] == "DELIVERED"]
    assert len(first) == 1
    assert all(is_repeat_of(first[0], one) for one in ends if one["tracking"] != first[0])
    assert [name.partition(".")[0] for name in inbox(here) if name not in before] == first


def test_the_same_document_sealed_again(here: Town, ana: dict[str, Any]) -> None:
    document = record("01", ana, to="6G")
    here["01"].send("sealed.pgp", document)
    first, before = here["01"].delivered("sealed.pgp"), inbox(here)
    here["01"].send("sealed-again.pgp", document, "--armor")
    assert is_repeat_of(first, here["01"].receipt("sealed-again.pgp", "DUPLICATE", "DELIVERED", "REFUSED"))
    assert inbox(here) == before


def test_the_same_document_sealed_many_times_at_once(here: Town, ana: dict[str, Any]) -> None:
    document, before = record("01", ana, to="6G"), inbox(here)
    sealed = {f"sealings-{number}.pgp": here["01"].seal(document) for number in range(20)}
    assert len(set(sealed.values())) == 20
    for name, content in sealed.items():
        here["01"].drop(name, content)
    ends = [here["01"].receipt(name, "DELIVERED", "DUPLICATE", "REFUSED") for name in sealed]
    first = [one["tracking"] for one in ends if one["state"] == "DELIVERED"]
    assert len(first) == 1
    assert all(is_repeat_of(first[0], one) for one in ends if one["tracking"] != first[0])
    assert len(inbox(here)) == len(before) + 1


def test_an_id_with_other_content(here: Town, ana: dict[str, Any]) -> None:
    document = record("01", ana, to="6G")
    here["01"].send("original.pgp", document)
    here["01"].delivered("original.pgp")
    before = inbox(here)
    other = copy.deepcopy(document)
    other["record"]["course_history"][0]["mark"] = "F"
    here["01"].send("other.pgp", other)
    refused = here["01"].refused("other.pgp")
    assert (refused["code"], refused["place"]) == ("replayed-id", "/id")
    # not even by another spelling of the same number, or by one more space in the document
    here["01"].send("upper.pgp", document | {"id": document["id"].upper()})
    here["01"].send("space.pgp", as_bytes(document).replace(b": ", b":  ", 1))
    assert [here["01"].refused(name)["code"] for name in ("upper.pgp", "space.pgp")] == ["replayed-id"] * 2
    assert inbox(here) == before


def test_two_leas_may_use_one_id(here: Town, ana: dict[str, Any]) -> None:
    """An id is its sender's own: nobody can spoil another's by using it first."""
    document = record("01", ana, to="6G")
    here["02"].send("theirs.pgp", document | {"from": "02"})
    here["02"].delivered("theirs.pgp")
    here["01"].send("ours.pgp", document)
    here["01"].delivered("ours.pgp")


def test_after_a_refusal_the_mended_document_is_accepted(here: Town, ana: dict[str, Any]) -> None:
    """Under the same id, whatever it was that was wrong: the form, the sender, the receiver, the signature."""
    good = record("01", ana, to="6G")
    wrong = {
        "schema.pgp": (good | {"student": ana | {"birth_date": "04/03/2012"}}, "schema"),
        "from.pgp": (good | {"from": "02"}, "from-mismatch"),
        "to.pgp": (good | {"to": "99"}, "unknown-receiver"),
    }
    for name, (document, code) in wrong.items():
        here["01"].send(name, document)
        assert here["01"].refused(name)["code"] == code
    here["01"].drop("signer.pgp", here["02"].gpg.seal(as_bytes(good), ["exchange@satchel.invalid"], None))
    assert here["01"].refused("signer.pgp")["code"] == "unsigned"
    here["01"].send("mended.pgp", good)
    here["01"].delivered("mended.pgp")


def test_after_a_refusal_the_same_file_is_looked_at_anew(here: Town, ana: dict[str, Any]) -> None:
    """Nobody is told `duplicate` about a file that was refused, for by now it could be good."""
    sealed = here["01"].seal(record("01", ana, to="77"))
    here["01"].drop("early.pgp", sealed)
    assert here["01"].refused("early.pgp")["code"] == "unknown-receiver"
    gpg = here["02"].gpg
    fingerprint = gpg.generate("LEA 77 <77@leas.invalid>")
    here.exchange.add("77", gpg.export(fingerprint), "charter")
    assert Desk(here.exchange, "77", gpg, fingerprint).enroll(ana, date="2026-10-05")[0]["answer"] == "matched"
    here["01"].drop("now.pgp", sealed)
    here["01"].delivered("now.pgp")


def test_an_enrollment_counts_once(here: Town) -> None:
    """One that is repeated is not carried out, and not answered, again."""
    document = enrollment("01", child("Ben", "Olsen", "2013-05-06"))
    sealed = here["01"].seal(document)
    here["01"].drop("ben.pgp", sealed)
    first = here["01"].receipt("ben.pgp", "APPLIED", "REFUSED")
    assert [line["answer"] for line in here["01"].notice(document["id"])] == ["assigned"]
    before = inbox(here, "01")
    here["01"].drop("ben-copy.pgp", sealed)
    here["01"].send("ben-again.pgp", document)
    for name in ("ben-copy.pgp", "ben-again.pgp"):
        assert is_repeat_of(first["tracking"], here["01"].receipt(name, "DUPLICATE", "APPLIED", "REFUSED"))
    assert inbox(here, "01") == before
