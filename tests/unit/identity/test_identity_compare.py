"""Two students: are they one child? Against generated students, of whom it is known."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.model import Student
from broker.formats.documents import to_student
from broker.identity import compare, features, lenient, models, reasons
from broker.identity.answer import Answer, Says, Verdict
from broker.identity.model import Model
from broker.simulate.pairs import pairs, twins
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT


@cache
def model() -> Model:
    return models.load()


@cache
def strict() -> Model:
    return models.load(is_strict=True)


def answer(left: Student, right: Student) -> Answer:
    return compare.answer_of(model(), features.of(left), features.of(right))[0]


def test_of_ten_thousand_twins_not_one_is_taken_for_the_other() -> None:
    answers = Counter(answer(to_student(one), to_student(other)) for one, other in twins(10_000, seed=31))
    assert answers[Answer.MATCH] == 0
    assert answers.total() == 10_000
    assert answers[Answer.REVIEW] < 3_500  # names one letter apart; those far apart are nobody's question


def test_of_a_simulated_state_nobody_is_taken_for_another() -> None:
    found: dict[str, Counter[Answer]] = {}
    for pair in pairs(persons(3000, seed=77), seed=77):
        kind = "one child" if pair.same else pair.relation
        found.setdefault(kind, Counter())[answer(to_student(pair.a), to_student(pair.b))] += 1
    same = found.pop("one child")
    assert same[Answer.MATCH] > 0.9 * same.total()
    assert same[Answer.NONE] < 0.005 * same.total()
    assert found.keys() == {"twin", "sibling", "namesake", "stranger"}
    for kind, answers in found.items():
        assert answers[Answer.MATCH] == 0, kind
    assert found["sibling"][Answer.REVIEW] < 0.01 * found["sibling"].total()
    assert found["stranger"][Answer.REVIEW] < 0.02 * found["stranger"].total()


NAMES = st.sampled_from(["", "Ana", "Anna", "José", "Garcia", "García López", "Müller", "Smith", "A", "William (Bill)"])
NAME = st.fixed_dictionaries({"first": NAMES, "last": NAMES}, optional={"middle": NAMES, "suffix": st.just("Jr")})
BLOCK = st.fixed_dictionaries(
    {},
    optional={
        "legal_name": NAME,
        "birth_date": st.sampled_from(["2012-03-04", "2012-04-03", "2012-03-14", ""]),
        "gender": st.sampled_from(["F", "M", "U"]),
        "birth_order": st.sampled_from([1, 2, None]),
        "aliases": st.lists(NAME, max_size=2),
        "guardians": st.lists(NAME, max_size=2),
        "phone": st.sampled_from(["801 555 0142", "555-0142", ""]),
        "address": st.fixed_dictionaries(
            {}, optional={"street": NAMES, "city": NAMES, "postal_code": st.just("84601")}
        ),
    },
)


@settings(deadline=None)
@given(BLOCK, BLOCK)
def test_a_verdict_is_the_same_in_both_directions_and_adds_up(a: dict[str, object], b: dict[str, object]) -> None:
    left, right = lenient.student(a), lenient.student(b)
    verdict, turned = compare.compare(model(), left, right), compare.compare(model(), right, left)
    assert verdict.answer is turned.answer
    assert abs(verdict.weight - turned.weight) < 1e-9
    assert abs(verdict.weight - sum(one.weight for one in verdict.reasons)) < 1e-9
    assert (verdict.answer, verdict.weight) == compare.answer_of(model(), features.of(left), features.of(right))


@settings(deadline=None)
@given(BLOCK, BLOCK)
def test_no_match_without_the_same_first_name_and_birth_date_on_both_sides(
    a: dict[str, object], b: dict[str, object]
) -> None:
    left, right = lenient.student(a), lenient.student(b)
    one, other = features.of(left), features.of(right)
    if compare.answer_of(strict(), one, other)[0] is Answer.MATCH:
        assert left.birth_date == right.birth_date != features.UNKNOWN_DAY
    if answer(left, right) is Answer.MATCH:
        assert left.birth_date == right.birth_date or is_whole(left, right)
        assert features.UNKNOWN_DAY not in (left.birth_date, right.birth_date)
        names = [
            {part for each in side for part in (each["first"], each["given"], each["last"])} for side in (one, other)
        ]
        assert names[0] & names[1] - {None}


def is_whole(left: Student, right: Student) -> bool:
    """Whether nobody would ask, though the birth dates differ: a second way to say so, without the rules."""
    names = [{(each["first"], each["middle"], each["last"]) for each in features.of(one)} for one in (left, right)]
    phones = {features.of(one)[0]["phone_local"] for one in (left, right)}
    homes = {features.of(one)[0]["street"] for one in (left, right)}
    known = [{name for one in side.guardians for name in (one.first.casefold(),) if name} for side in (left, right)]
    agree = (len(phones) == 1 and None not in phones, len(homes) == 1 and None not in homes, bool(known[0] & known[1]))
    return bool(names[0] & names[1]) and left.gender == right.gender != "U" and sum(agree) >= 2


def slips(seed: int) -> Iterator[tuple[str, Student, Student]]:
    """Families' pairs in which every birth date is written wrong, and little else."""
    rates = DEFAULT.changed({"day_month_swapped": 0.4, "birth_digit": 0.4, "birth_off_by_one": 0.2})
    for pair in pairs(persons(2000, seed), seed, rates):
        yield "one child" if pair.same else pair.relation, to_student(pair.a), to_student(pair.b)


def test_a_slip_of_the_birth_date_is_forgiven_where_all_else_agrees_and_nobody_is_taken_for_another() -> None:
    found: dict[str, Counter[Answer]] = {}
    for kind, left, right in slips(5):
        found.setdefault(kind, Counter())[answer(left, right)] += 1
        if left.birth_date != right.birth_date:
            assert compare.answer_of(strict(), features.of(left), features.of(right))[0] is not Answer.MATCH
    same = found.pop("one child")
    assert same[Answer.MATCH] > 0.6 * same.total()
    assert same[Answer.NONE] < 0.005 * same.total()
    assert all(answers[Answer.MATCH] == 0 for answers in found.values())


@given(st.sampled_from(sorted(models.load().terms["first"])), st.sampled_from(sorted(models.load().terms["last"])))
def test_names_exchanged_never_weigh_more_than_names_in_their_places(first: str, last: str) -> None:
    def of(first: str, last: str) -> features.Features:
        return features.of(lenient.student({"legal_name": {"first": first, "last": last}}))[0]

    known, exchanged = of(first, last), of(last, first)
    score = model().score(known, exchanged)
    assert score.weight < model().score(known, known).weight
    common = max(model().terms["first"][first], model().terms["last"][last])
    parts = {one.comparison: one for one in score.parts if not one.is_null}
    assert set(parts) == {"first_name", "last_name"} or first == last
    assert all(one.adjustment <= 0 for one in parts.values())
    if common > 0.002 and first != last:
        assert min(one.adjustment for one in parts.values()) < -0.5


HOME: dict[str, object] = {"phone": "801 555 0142", "guardians": [{"first": "Marisol", "last": "Pratt"}]}


def verdict(a: dict[str, object], b: dict[str, object]) -> Verdict:
    return compare.compare(model(), lenient.student(a), lenient.student(b))


def test_reasons_say_which_field_spoke_how_and_name_no_value() -> None:
    a = {
        "legal_name": {"first": "Odette", "last": "Smith", "middle": "Fern"},
        "birth_date": "2013-05-09",
        "gender": "F",
    }
    b = {"legal_name": {"first": "Odette", "last": "Smith", "middle": "Karin"}, "birth_date": "2013-05-09"}
    found = verdict(a | HOME, b | HOME)
    says = {one.field: one.says for one in found.reasons}
    assert found.answer is Answer.REVIEW
    assert says["first_name"] is says["last_name"] is says["birth_date"] is Says.FOR
    assert says["middle_name"] is says["middle names"] is Says.AGAINST
    assert says["gender"] is says["address"] is Says.NOTHING
    sentences = [reasons.sentence(one) for one in found.reasons]
    assert "Last name: the same, but a common one. This speaks strongly for the same child." in sentences
    assert "Middle name: different. This speaks strongly against the same child." in sentences
    assert "Gender: missing on one side. This says nothing." in sentences
    text = " ".join(sentences).lower()
    assert not any(value in text for value in ("odette", "smith", "fern", "karin", "2013", "pratt", "801"))


def test_reasons_stand_in_the_order_of_their_strength_after_rules_and_start() -> None:
    same = {"legal_name": {"first": "Odette", "last": "Thornley"}, "birth_date": "2013-05-09"}
    found = verdict(same | HOME, same | HOME | {"birth_date": "2013-09-05"}).reasons
    fields = [one.field for one in found]
    assert fields[:2] == ["birth date", reasons.START]
    weights = [abs(one.weight) for one in found[2:]]
    assert weights == sorted(weights, reverse=True)


def test_every_level_reads_well_after_its_field() -> None:
    for comparison in model().comparisons:
        for level in comparison.levels:
            sentence = f"{comparison.name.replace('_', ' ').capitalize()}: {level.label}."
            assert sentence.count(".") == 1
            assert len(sentence) < 120
