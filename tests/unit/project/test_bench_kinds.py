"""The kinds of pairs that the identity is measured by are what their names say."""

from datetime import date

import pytest

from broker.core.model import Ssid
from broker.identity.answer import Answer, Verdict
from broker.identity.match import Candidate, Finding
from broker.simulate.blocks import Block
from broker.simulate.mistakes import surnames
from tests.bench import identity_pairs
from tests.bench.corrupted import letters
from tests.bench.kinds import KINDS, PLACEHOLDERS, Kind, Pair, pairs

COUNT, SEED = 15, 3
BY_NAME = {kind.name: kind for kind in KINDS}


def made(name: str, data: str = "everything") -> list[Pair]:
    return list(pairs(BY_NAME[name], data, COUNT, SEED))


def names(block: Block) -> tuple[str, str]:
    return letters(block["legal_name"]["first"]), letters(block["legal_name"]["last"])


def born(block: Block) -> date | None:
    try:
        return date.fromisoformat(block["birth_date"])
    except ValueError:
        return None


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_comes_in_any_number_and_by_its_seed(kind: Kind) -> None:
    for data in kind.data:
        some = list(pairs(kind, data, COUNT, SEED))
        assert len(some) == COUNT
        assert list(pairs(kind, data, COUNT + 5, SEED))[:COUNT] == some
        assert list(pairs(kind, data, COUNT, SEED + 1)) != some


def test_names_are_exchanged_with_a_typo_or_without() -> None:
    for pair in made("names exchanged"):
        assert names(pair.a) == names(pair.b)[::-1]
    for part, other in (("first", "last"), ("last", "first")):
        at = 0 if part == "first" else 1
        for pair in made(f"names exchanged, typo in {part}"):
            turned = names(pair.b)[::-1]
            assert turned[at] != names(pair.a)[at]
            assert turned[1 - at] == names(pair.a)[1 - at], other


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.startswith("half a surname")])
def test_half_a_surname_is_left(name: str) -> None:
    for pair in made(name):
        two = surnames(pair.a["legal_name"]["last"])
        assert two
        assert names(pair.b)[1] in map(letters, two)
        assert names(pair.a)[0] == names(pair.b)[0]
        assert born(pair.a) == born(pair.b)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.startswith("birth date")])
def test_birth_dates_are_wrong_and_nothing_else(name: str) -> None:
    for pair in made(name, "names"):
        assert names(pair.a) == names(pair.b)
        assert born(pair.a)
        assert born(pair.a) != born(pair.b)
        assert (born(pair.b) is None) == (name == "birth date: impossible")


def test_two_children_are_two() -> None:
    for name in ("twins", "twins of like names", "triplets", "a twin's name as alias"):
        for pair in made(name):
            assert born(pair.a) == born(pair.b)
            assert names(pair.a)[0] != names(pair.b)[0]
    for name in ("siblings", "siblings of like names"):
        assert all(born(pair.a) != born(pair.b) and names(pair.a)[0] != names(pair.b)[0] for pair in made(name))
    for pair in made("namesakes on one day"):
        assert (names(pair.a), born(pair.a)) == (names(pair.b), born(pair.b))
        assert all(pair.a[part] != pair.b.get(part) for part in ("address", "phone"))
    for pair in made("cousins in one house"):
        assert names(pair.a) == names(pair.b)
        assert born(pair.a) != born(pair.b)


def test_an_invention_has_the_childs_name_among_sixteen() -> None:
    for pair in made("an invention's alias"):
        assert len(pair.b["aliases"]) == 16
        assert names(pair.a) in [(letters(one["first"]), letters(one["last"])) for one in pair.b["aliases"]]
        assert names(pair.a) != names(pair.b)


def test_how_much_two_records_have_in_common() -> None:
    name = "typo in first name"
    for pair in made(name, "one thing"):
        assert len({"address", "phone", "guardians"} & set(pair.b)) == 1
    assert all(not {"address", "phone", "guardians"} & set(pair.b) for pair in made(name, "names"))
    for pair in made(name, "elsewhere"):
        assert pair.b["address"]["street"] != pair.a["address"]["street"]
        assert pair.b["phone"] != pair.a["phone"]
        assert "guardians" not in pair.b


def test_a_number_is_what_its_kind_says() -> None:
    assert {pair.number for pair in made("twins of like names, no number")} == set(PLACEHOLDERS)
    shared = [pair.number for pair in made("twins of like names, number of two")]
    assert shared[::2][: COUNT // 2] == shared[1::2]
    assert len({pair.number for pair in made("a number of one's own, typo in first name")}) == COUNT
    assert {pair.number for pair in made("twins")} == {""}


def test_the_table_has_every_kind_by_pair_and_by_registry() -> None:
    *rows, whole = identity_pairs.measure(4, SEED)
    assert [(row["kind"], row["data"]) for row in rows] == [(kind.name, data) for kind in KINDS for data in kind.data]
    for row in rows:
        assert sum(row["pair"].values()) == sum(row["registry"].values()) == 100
        assert row["same"] or "wrong" not in row["registry"]
    assert whole["pairs"] == 4 * len(rows)
    assert 0 < whole["match_of_true"] <= whole["match_or_review_of_true"] <= 100


def test_what_an_answer_is_worth() -> None:
    right, other = Ssid("1000000001"), Ssid("1000000002")
    shown = tuple(Candidate(ssid, 1.0, Verdict(Answer.REVIEW, 1.0, ())) for ssid in (other, right))
    for found, worth in (
        (Finding(Answer.MATCH, right), "match"),
        (Finding(Answer.MATCH, other), "wrong"),
        (Finding(Answer.REVIEW, None, shown), "review"),
        (Finding(Answer.REVIEW, None, shown[:1]), "review_without"),
        (Finding(Answer.NONE), "none"),
    ):
        assert identity_pairs.outcome(found, right) == worth
