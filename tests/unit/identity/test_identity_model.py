"""The arithmetic of weights, and the model that Satchel comes with."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from splink import SettingsCreator

from broker import offline
from broker.core.errors import OperatorError
from broker.identity import evidence, features, lenient, models
from broker.identity.features import COLUMNS
from broker.identity.model import Block, Model
from broker.identity.sql import NotUnderstood


def level(condition: str, m: float, u: float, **more: Any) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": condition, "m_probability": m, "u_probability": u, **more}


NULL = {"sql_condition": "a_l is null or a_r is null", "label_for_charts": "missing", "is_null_level": True}
SETTINGS: dict[str, Any] = {
    "probability_two_random_records_match": 0.2,
    "comparisons": [
        {
            "output_column_name": "a",
            "comparison_levels": [
                NULL,
                level("a_l = a_r", 0.8, 0.1, tf_adjustment_column="a", tf_minimum_u_value=0.01),
                level("levenshtein(a_l, a_r) <= 1", 0.15, 0.3, tf_adjustment_column="a", tf_adjustment_weight=0.5),
                level("ELSE", 0.05, 0.6),
            ],
        }
    ],
    "blocking_rules_to_generate_predictions": [
        {"blocking_rule": "l.a = r.b and substr(l.c, 1, 2) = substr(r.c, 1, 2)"}
    ],
}
TERMS = {"a": {"common": 0.4, "rare": 0.001}}
LIMITS = evidence.limits({"match": 2, "review": 0, "conditions": {}, "rules": []})
MODEL = Model(SETTINGS, TERMS, LIMITS)
PRIOR = -2.0  # log2(0.2 / 0.8)


@pytest.mark.parametrize(
    ("left", "right", "weight"),
    [
        (None, "x", 0.0),
        ("other", "other", math.log2(0.8 / 0.1)),
        ("common", "common", math.log2(0.8 / 0.1) + math.log2(0.1 / 0.4)),
        ("rare", "rare", math.log2(0.8 / 0.1) + math.log2(0.1 / 0.01)),  # no rarer than the least
        ("common", "commom", math.log2(0.15 / 0.3) + 0.5 * math.log2(0.1 / 0.4)),
        ("rare", "cat", math.log2(0.05 / 0.6)),
    ],
)
def test_a_weight_is_the_sum_of_prior_level_and_adjustment(left: str | None, right: str, weight: float) -> None:
    score = MODEL.score({"a": left}, {"a": right})
    assert score.weight == pytest.approx(PRIOR + weight)
    assert score.parts[0].is_null is (left is None)


def test_the_adjustment_is_that_of_the_commoner_value() -> None:
    terms = {"a": {"abc": 0.4, "abd": 0.2}}
    score = Model(SETTINGS, terms, LIMITS).score({"a": "abd"}, {"a": "abc"})
    assert score.parts[0].adjustment == pytest.approx(0.5 * math.log2(0.1 / 0.4))


def levels(*several: dict[str, Any]) -> Model:
    comparison = {"output_column_name": "a", "comparison_levels": [NULL, *several]}
    return Model(SETTINGS | {"comparisons": [comparison]}, TERMS, LIMITS)


def test_what_is_left_is_not_adjusted() -> None:
    """As in Splink's own executors."""
    exact, rest = level("a_l = a_r", 0.8, 0.1), level("ELSE", 0.2, 0.9, tf_adjustment_column="a")
    weight = levels(exact, rest).score({"a": "common"}, {"a": "x"}).weight
    assert weight == pytest.approx(PRIOR + math.log2(0.2 / 0.9))


def test_an_adjustment_is_measured_by_the_exact_level_unless_told_otherwise() -> None:
    near, rest = "levenshtein(a_l, a_r) <= 1", level("ELSE", 0.2, 0.9)
    alone = level(near, 0.8, 0.2, tf_adjustment_column="a")
    with pytest.raises(ValueError, match="exactly the same"):
        levels(alone, rest)
    told = levels(alone | {"disable_tf_exact_match_detection": True}, rest)
    weight = told.score({"a": "common"}, {"a": "commom"}).weight
    assert weight == pytest.approx(PRIOR + math.log2(0.8 / 0.2) + math.log2(0.2 / 0.4))


def test_a_comparison_without_an_end_is_a_mistake() -> None:
    comparison = {**SETTINGS["comparisons"][0], "comparison_levels": [NULL]}
    with pytest.raises(ValueError, match="ELSE"):
        Model(SETTINGS | {"comparisons": [comparison]}, TERMS, LIMITS).score({"a": "x"}, {"a": "y"})


def test_a_block_has_a_side_to_ask_and_a_side_to_be_kept_under() -> None:
    block = Block("l.a = r.b and substr(l.c, 1, 2) = substr(r.c, 1, 2)")
    assert block.asked({"a": "x", "b": None, "c": "longer"}) == ("x", "lo")
    assert block.kept({"a": None, "b": "x", "c": "lost"}) == ("x", "lo")
    assert block.asked({"a": "x", "b": "x", "c": None}) is None
    assert Block("l.a = r.a").asked({"a": "x"}) == ("x",)


@pytest.mark.parametrize("rule", ["l.a < r.a", "l.a = r.a or l.b = r.b", "l.a = 'x'"])
def test_a_blocking_rule_that_is_no_equality_is_not_taken(rule: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        Block(rule)


# the model that Satchel comes with


def test_every_level_has_a_plain_label_and_probabilities() -> None:
    for comparison in models.load().settings["comparisons"]:
        assert comparison["comparison_levels"][-1]["sql_condition"] == "ELSE"
        for one in comparison["comparison_levels"]:
            assert one["label_for_charts"][0].islower()
            assert one.get("is_null_level") or 0 < one["m_probability"] < 1 > one["u_probability"] > 0
        for kind in ("m_probability", "u_probability"):
            total = sum(one.get(kind, 0.0) for one in comparison["comparison_levels"])
            assert total == pytest.approx(1, abs=0.01), (comparison["output_column_name"], kind)


def test_splink_takes_the_file_as_it_is() -> None:
    settings = SettingsCreator.from_path_or_dict(models.path(None, models.MODEL)).get_settings("duckdb")
    assert len(settings.comparisons) == len(models.load().comparisons)
    weights = [[level._match_weight for level in one.comparison_levels] for one in settings.comparisons]
    assert weights == [[level.weight for level in one.levels] for one in models.load().comparisons]


def test_agreement_speaks_for_and_difference_against() -> None:
    for comparison in models.load().comparisons:
        live = [one for one in comparison.levels if not one.is_null]
        assert live[-1].weight < 0, comparison.name
        assert max(one.weight for one in live) > 0.5, comparison.name


def test_terms_are_shares_of_names() -> None:
    terms = models.load().terms
    assert {"first", "middle", "last"} == set(terms) <= set(COLUMNS)
    for shares in terms.values():
        assert len(shares) > 1000
        assert all(0 < share < 0.1 and name == name.casefold() for name, share in shares.items())
    assert terms["last"]["smith"] > 10 * terms["last"]["thornton"]


def test_no_identity_number_and_no_id_made_of_a_birth_date_is_compared() -> None:
    text = json.dumps(models.load().settings).lower()
    assert not any(word in text for word in ("ssn", "social", "medicaid", "ssid", "local_id"))


# where it is loaded from


def test_a_home_may_have_its_own_limits(tmp_path: Path) -> None:
    assert models.load(tmp_path).limits.match == models.load().limits.match
    own = json.loads(models.path(None, models.THRESHOLDS).read_text("utf-8")) | {"match": 50.0}
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / models.THRESHOLDS).write_text(json.dumps(own), "utf-8")
    assert models.load(tmp_path).limits.match == 50.0


@pytest.mark.parametrize(("text", "is_strict"), [("", False), ("[identity]\nbirth_date_must_agree = true\n", True)])
def test_the_setting_of_a_home_takes_in_the_strict_rules(tmp_path: Path, text: str, is_strict: bool) -> None:
    (tmp_path / "satchel.toml").write_text(text, "utf-8")
    strict = "birth date, strictly"
    assert (strict in {one.name for one in offline.model_of(tmp_path).limits.rules}) is is_strict
    assert strict not in {one.name for one in offline.model_of(None).limits.rules}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (models.THRESHOLDS, "{", "is not JSON"),
        (models.THRESHOLDS, "{}", "cannot be used"),
        (models.THRESHOLDS, '{"match": "high", "review": 0, "conditions": {}, "rules": []}', "cannot be used"),
        (models.MODEL, '{"comparisons": []}', "cannot be used"),
        (models.MODEL, "[]", "cannot be used"),
        (models.TERMS, "7", "cannot be used"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity" / name).write_text(content, "utf-8")
    with pytest.raises(OperatorError, match=said) as caught:
        models.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_condition_that_is_not_understood_is_refused_when_it_is_read() -> None:
    wrong = json.loads(json.dumps(SETTINGS))
    wrong["comparisons"][0]["comparison_levels"][1]["sql_condition"] = "soundex(a_l) = soundex(a_r)"
    with pytest.raises(NotUnderstood):
        Model(wrong, TERMS, LIMITS)


def test_a_pair_costs_the_same_whatever_the_order() -> None:
    model = models.load()
    left = features.of(lenient.student({"legal_name": {"first": "Ana", "last": "Reyes Ortiz"}}))[0]
    right = features.of(lenient.student({"legal_name": {"first": "Anna", "last": "Ortiz"}, "gender": "F"}))[0]
    assert model.score(left, right).weight == model.score(right, left).weight
