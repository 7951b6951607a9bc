"""The rules of evidence: what no sum of weights may decide alone."""

from typing import Any

import pytest

from broker.identity import evidence, models
from broker.identity.answer import Answer
from broker.identity.evidence import Limits


def limits(*rules: dict[str, Any], **conditions: str) -> Limits:
    return evidence.limits({"match": 10, "review": 0, "conditions": conditions, "rules": list(rules)})


def rule(**parts: Any) -> dict[str, Any]:
    return {"name": "some", "sentence": "Some."} | parts


SAME = {"a": "x"}, {"a": "x"}
OTHER = {"a": "x"}, {"a": "y"}
MISSING = {"a": "x"}, {"a": None}


@pytest.mark.parametrize(
    ("weight", "answer"), [(10, "match"), (9.99, "review"), (0, "review"), (-0.01, "none"), (-20, "none")]
)
def test_the_weight_alone(weight: float, answer: str) -> None:
    assert evidence.decide(limits(), weight, *SAME) == (Answer(answer), [])


@pytest.mark.parametrize(
    ("parts", "pair", "answer"),
    [
        ({"when": "a_l <> a_r", "at_most": "review"}, OTHER, "review"),
        ({"when": "a_l <> a_r", "at_most": "review"}, SAME, "match"),
        ({"when": "a_l <> a_r", "at_most": "review"}, MISSING, "match"),
        ({"unless": "a_l = a_r", "at_most": "review"}, OTHER, "review"),
        ({"unless": "a_l = a_r", "at_most": "review"}, SAME, "match"),
        ({"unless": "a_l = a_r", "at_most": "review"}, MISSING, "review"),  # what is not known does not excuse
        ({"unless": "a_l = a_r", "at_most": "none"}, OTHER, "none"),
        ({"when": "a_l is not null", "unless": "a_l = a_r", "at_most": "review"}, OTHER, "review"),
        ({"when": "a_l is null", "unless": "a_l = a_r", "at_most": "review"}, OTHER, "match"),
    ],
)
def test_a_rule_that_lowers(parts: dict[str, Any], pair: tuple[Any, Any], answer: str) -> None:
    found, used = evidence.decide(limits(rule(**parts)), 20, *pair)
    assert found == answer
    assert len(used) == (answer != "match")


def test_a_rule_that_lifts_never_has_the_last_word() -> None:
    lift, lower = rule(when="a_l = a_r", at_least="match"), rule(when="a_l = 'x'", at_most="review")
    assert evidence.decide(limits(lift), -20, *SAME)[0] is Answer.MATCH
    assert evidence.decide(limits(lower, lift), -20, *SAME)[0] is Answer.REVIEW
    assert evidence.decide(limits(lift), -20, *OTHER)[0] is Answer.NONE


def test_a_rule_may_ask_for_weight_where_nothing_else_speaks() -> None:
    both = limits(rule(when="a_l = a_r", below=12.5, at_most="review"))
    assert evidence.decide(both, 12.5, *SAME)[0] is Answer.MATCH
    assert evidence.decide(both, 12.49, *SAME)[0] is Answer.REVIEW
    assert evidence.decide(both, 12.49, *OTHER)[0] is Answer.MATCH
    assert evidence.deciding(both, 12.49, *SAME) == both.rules
    assert evidence.deciding(both, 12.5, *SAME) == ()


def test_a_rule_may_hold_from_a_weight_on() -> None:
    both = limits(rule(when="a_l = a_r", at_least="review") | {"from": -6})
    assert evidence.decide(both, -6, *SAME)[0] is Answer.REVIEW
    assert evidence.decide(both, -6.01, *SAME)[0] is Answer.NONE
    assert evidence.decide(both, -6, *OTHER)[0] is Answer.NONE
    assert evidence.deciding(both, -6, *SAME) == both.rules


def test_a_strict_rule_is_for_who_chose_it() -> None:
    settings: dict[str, Any] = {"match": 10, "review": 0, "conditions": {}}
    settings["rules"] = [rule(unless="a_l = a_r", at_most="review", strict=True)]
    assert evidence.decide(evidence.limits(settings), 20, *OTHER)[0] is Answer.MATCH
    assert evidence.decide(evidence.limits(settings, is_strict=True), 20, *OTHER)[0] is Answer.REVIEW


def test_what_proves_nothing_alone_is_borne_out_by_a_number() -> None:
    both = limits(rule(when="a_l = a_r", at_most="review", alone=True), rule(when="a_l = 'z'", at_most="review"))
    assert evidence.decide(both, 20, *SAME)[0] is Answer.REVIEW
    assert evidence.decide(evidence.numbered(both), 20, *SAME)[0] is Answer.MATCH
    assert evidence.decide(evidence.numbered(both), 20, {"a": "z"}, {"a": "z"})[0] is Answer.REVIEW


def test_a_condition_may_use_those_before_it() -> None:
    some = limits(rule(when="{both}", at_most="review"), one="a_l = 'x' or a_l = 'y'", both="{one} and a_r = 'y'")
    assert some.rules[0].when == "((a_l = 'x' or a_l = 'y') and a_r = 'y')"
    with pytest.raises(KeyError):
        limits(rule(when="{both}", at_most="review"), both="{one}", one="a_l = 'x'")


def test_named_conditions_stand_in_brackets() -> None:
    both = limits(rule(when="{one} and a_r = 'x'", at_most="review"), one="a_l = 'x' or a_l = 'y'")
    assert both.rules[0].when == "(a_l = 'x' or a_l = 'y') and a_r = 'x'"
    assert evidence.decide(both, 20, {"a": "x"}, {"a": "z"})[0] is Answer.MATCH


def test_all_rules_that_set_the_answer_are_told_and_no_other() -> None:
    every = limits(
        rule(name="lift", when="a_l = a_r", at_least="review"),
        rule(name="first", when="a_l = 'x'", at_most="review"),
        rule(name="second", unless="a_l = 'z'", at_most="review"),
        rule(name="not this", when="a_l = 'z'", at_most="review"),
        rule(name="stricter", when="a_r = 'y'", at_most="none"),
    )
    assert [one.name for one in evidence.deciding(every, 20, *SAME)] == ["first", "second"]
    assert [one.name for one in evidence.deciding(every, 20, *OTHER)] == ["stricter"]
    assert [one.name for one in evidence.deciding(every, -5, *SAME)] == ["lift"]
    assert evidence.deciding(every, 5, *SAME) == ()


@pytest.mark.parametrize(
    "parts",
    [
        {"when": "a_l = a_r"},
        {"when": "a_l = a_r", "at_most": "review", "at_least": "review"},
        {"at_most": "review"},
        {"when": "a_l = a_r", "at_most": "perhaps"},
        {"when": "soundex(a_l) = a_r", "at_most": "review"},
        {"when": "a_l = a_r", "at_most": "none", "below": 5},
        {"when": "a_l = a_r", "at_least": "review", "below": 5},
        {"when": "a_l = a_r", "at_most": "review", "from": 5},
        {"when": "a_l = a_r", "at_least": "match", "from": 5},
    ],
)
def test_a_rule_that_cannot_be_worked_is_refused_when_it_is_read(parts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"some|perhaps|soundex|SOUNDEX"):
        limits(rule(**parts))


def test_a_name_that_no_condition_has_is_refused() -> None:
    with pytest.raises(KeyError):
        limits(rule(when="{nothing}", at_most="review"))


def test_the_rules_that_satchel_comes_with_are_sentences_and_used_conditions() -> None:
    known = models.load().limits
    assert known.review < known.match
    assert len({one.name for one in known.rules}) == len(known.rules)
    for one in known.rules:
        assert one.sentence[0].isupper()
        assert one.sentence.endswith(".")
        assert one.at_least is not Answer.MATCH, "no rule makes a match of what the weight leaves open"
