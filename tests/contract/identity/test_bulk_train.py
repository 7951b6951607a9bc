"""A model learnt by Splink from made-up students: what changes, what stays, and what is refused."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from random import Random
from typing import Any

import pytest

from broker.core.errors import OperatorError
from broker.formats.documents import to_student
from broker.identity import index, models
from broker.identity.bulk import linker, train
from broker.identity.bulk.linker import Entry
from broker.identity.bulk.train import Trained
from broker.identity.model import Model
from broker.simulate.errors import spoil
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT

STUDENTS = 1500
_WORDS = ("fields",)  # of the charting library, that are names as well
RATES = DEFAULT.changed({"twins": 0.1, "middle_typo": 0.3, "phone_changed": 0.4})


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load()


@pytest.fixture(scope="module", autouse=True)
def _few_pairs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "RANDOM_PAIRS", 30_000)
        patch.setattr(train, "BLOCKED_PAIRS", 30_000)
        yield


@pytest.fixture(scope="module")
def by_ssid(model: Model) -> Trained:
    return learnt(model, records(), are_known=True)


@pytest.fixture(scope="module")
def from_registry(model: Model) -> Trained:
    """From each student once."""
    entries: list[Entry] = [(number, names) for number, (_, names) in enumerate(records()[:STUDENTS])]
    return train.train(model, linker.tables(model, entries), None)


@cache
def records() -> list[tuple[str, Any]]:
    """Every student twice, the second time with errors: id and names."""
    random = Random(4)
    once = [(one.id, one.block) for one in persons(STUDENTS, 4, RATES)]
    twice = [(name, spoil(block, random, RATES)[0]) for name, block in once]
    return [(name, index.variants_of(to_student(block))) for name, block in (*once, *twice)]


def learnt(model: Model, found: Iterable[tuple[str, Any]], *, are_known: bool) -> Trained:
    kept = list(found)
    entries: list[Entry] = [(number, names) for number, (_, names) in enumerate(kept)]
    labels = {number: name for number, (name, _) in enumerate(kept)} if are_known else {}
    return train.train(model, linker.tables(model, entries), lambda: labels)


def level(settings: Mapping[str, Any], comparison: str, condition: str) -> Mapping[str, Any]:
    (found,) = (one for one in settings["comparisons"] if one["output_column_name"] == comparison)
    return next(one for one in found["comparison_levels"] if one["sql_condition"] == condition)


def weight(level: Mapping[str, Any]) -> float:
    return math.log2(level["m_probability"] / level["u_probability"])


@pytest.mark.parametrize("are_known", [True, False])
def test_what_the_records_of_one_student_tell_is_learnt(model: Model, by_ssid: Trained, are_known: bool) -> None:
    trained = by_ssid if are_known else learnt(model, records(), are_known=False)
    assert trained.students == 2 * STUDENTS
    assert trained.is_known is are_known
    assert trained.pairs == pytest.approx(STUDENTS, rel=0 if are_known else 0.3)
    assert trained.settings["probability_two_random_records_match"] == pytest.approx(
        STUDENTS / math.comb(2 * STUDENTS, 2), rel=0.01 if are_known else 0.3
    )
    # 40 % of the telephone numbers were changed; both names and the birth date mostly stayed
    assert level(trained.settings, "phone", "ELSE")["m_probability"] == pytest.approx(0.4, abs=0.06)
    assert level(trained.settings, "last_name", "last_l = last_r")["m_probability"] > 0.85
    assert level(trained.settings, "birth_date", "birth_date_l = birth_date_r")["m_probability"] > 0.9
    # twins are not taken for one student, though a tenth of all births are
    assert weight(level(trained.settings, "first_name", "ELSE")) < -5
    assert weight(level(trained.settings, "birth_order", "ELSE")) < -3


def test_levels_labels_and_blocking_rules_stay(model: Model, by_ssid: Trained) -> None:
    trained = by_ssid
    numbers = ("m_probability", "u_probability")

    def form(settings: Mapping[str, Any]) -> Any:
        bare = [
            [{name: value for name, value in one.items() if name not in numbers} for one in each["comparison_levels"]]
            for each in settings["comparisons"]
        ]
        return bare, settings["blocking_rules_to_generate_predictions"]

    assert form(trained.settings) == form(model.settings)
    for one in trained.settings["comparisons"]:
        for name in numbers:
            assert math.isclose(sum(each.get(name, 0) for each in one["comparison_levels"]), 1, abs_tol=1e-6)
    Model(trained.settings, trained.terms, model.limits)


def test_names_of_few_are_not_learnt(model: Model, by_ssid: Trained) -> None:
    found, trained = records(), by_ssid
    assert set(trained.terms) == set(linker.term_columns(model))
    for column, shares in trained.terms.items():
        assert shares
        values = [names[0][column] for _, names in found if names[0][column]]
        for value, share in shares.items():
            count = values.count(value)
            assert count >= train.FEWEST_NAMESAKES
            assert share == pytest.approx(count / len(values))


def test_charts_show_the_model_and_no_student(by_ssid: Trained) -> None:
    found, charts = records(), by_ssid.charts
    assert len(charts) == 4
    shown = "".join(chart.rpartition("</script>\n<div")[2] for chart in charts.values())
    assert "first_name" in shown
    rare = {names[0]["last"] for _, names in found if names[0]["last"] and len(names[0]["last"]) > 5}
    assert not [name for name in rare if f'"{name}"' in shown and name not in _WORDS]


def test_from_a_registry_m_stays_as_it_was(model: Model, from_registry: Trained) -> None:
    trained = from_registry
    assert (trained.pairs, trained.is_known) == (0, False)
    assert trained.settings["probability_two_random_records_match"] == 1 / STUDENTS
    for one, former in zip(trained.settings["comparisons"], model.settings["comparisons"], strict=True):
        for level, old in zip(one["comparison_levels"], former["comparison_levels"], strict=True):
            assert level.get("m_probability") == old.get("m_probability")
    assert trained.settings["comparisons"] != model.settings["comparisons"]


def test_a_prior_of_a_small_roster_is_not_believed(model: Model, from_registry: Trained) -> None:
    name = "probability_two_random_records_match"
    assert from_registry.settings[name] > model.settings[name]
    assert train.careful(from_registry, model)[name] == model.settings[name]


def test_too_few_students_are_refused(model: Model) -> None:
    with pytest.raises(OperatorError, match="1000 students"):
        learnt(model, records()[: train.FEWEST_STUDENTS - 1], are_known=True)


def test_a_file_in_which_hardly_anybody_is_twice_is_refused(model: Model) -> None:
    with pytest.raises(OperatorError, match="there twice"):
        learnt(model, records()[: STUDENTS + 50], are_known=False)


def test_a_number_that_very_many_bring_is_none(model: Model) -> None:
    found = [("000", names) for _, names in records()[: STUDENTS + 50]]
    with pytest.raises(OperatorError, match="there twice"):
        learnt(model, found, are_known=True)
