"""The errors that records of real students have, made on purpose.

Owns their list. Promises: each error happens, at its rate, to records in which it is possible; a listed error was made,
and changed the block; the errors of one group exclude each other; the original block is not altered.
"""

from bisect import bisect
from functools import cache
from random import Random

from broker.simulate import mistakes
from broker.simulate.blocks import Block, copied
from broker.simulate.rates import DEFAULT, Rates

_ERRORS: dict[str, mistakes.Apply] = {
    "alias_used": mistakes.alias_used,
    "nickname": mistakes.nickname,
    "alias_missing": mistakes.missing("aliases"),
    "surname_changed": mistakes.surname_changed,
    "surnames_swapped": mistakes.two_surnames(lambda one, two, mark, _: f"{two}{mark}{one}"),
    "surname_dropped": mistakes.two_surnames(lambda one, two, _mark, random: one if random.random() < 0.7 else two),
    "surnames_joined": mistakes.two_surnames(lambda one, two, mark, _: f"{one}{' ' if mark == '-' else '-'}{two}"),
    "last_in_middle": mistakes.last_in_middle,
    "first_middle_swapped": mistakes.swapped("first", "middle"),
    "first_last_swapped": mistakes.swapped("first", "last"),
    "middle_in_first": mistakes.middle_in_first,
    "middle_missing": mistakes.emptied("middle"),
    "middle_initial": mistakes.middle_initial,
    "middle_typo": mistakes.typo("middle"),
    "first_typo": mistakes.typo("first"),
    "last_typo": mistakes.typo("last"),
    "suffix_missing": mistakes.emptied("suffix"),
    "suffix_in_last": mistakes.suffix_in_last,
    "day_month_swapped": mistakes.day_month,
    "birth_digit": mistakes.birth_digit,
    "birth_off_by_one": mistakes.off_by_one,
    "gender_missing": mistakes.missing("gender"),
    "gender_wrong": mistakes.gender_wrong,
    "birth_order_missing": mistakes.missing("birth_order"),
    "guardians_missing": mistakes.missing("guardians"),
    "guardian_dropped": mistakes.guardian_dropped,
    "guardian_typo": mistakes.guardian_typo,
    "phone_changed": mistakes.phone_changed,
    "phone_missing": mistakes.missing("phone"),
    "address_changed": mistakes.address_changed,
    "address_missing": mistakes.missing("address"),
    "accents_dropped": mistakes.everywhere(mistakes.without_accents),
    "upper_case": mistakes.everywhere(str.upper),
}

# In the order in which they are made in a record; at most one from each line.
GROUPS: tuple[tuple[str, ...], ...] = (
    ("alias_used", "nickname", "alias_missing"),
    ("surname_changed", "surnames_swapped", "surname_dropped", "surnames_joined", "last_in_middle"),
    (
        "first_middle_swapped",
        "first_last_swapped",
        "middle_in_first",
        "middle_missing",
        "middle_initial",
        "middle_typo",
    ),
    ("first_typo",),
    ("last_typo",),
    ("suffix_missing", "suffix_in_last"),
    ("day_month_swapped", "birth_digit", "birth_off_by_one"),
    ("gender_missing", "gender_wrong"),
    ("birth_order_missing",),
    ("guardians_missing", "guardian_dropped", "guardian_typo"),
    ("phone_changed", "phone_missing"),
    ("address_changed", "address_missing"),
    ("accents_dropped",),
    ("upper_case",),
)
NO_ERRORS = DEFAULT.changed({name: 0.0 for names in GROUPS for name in names})


def spoil(block: Block, random: Random, rates: Rates = DEFAULT) -> tuple[Block, tuple[str, ...]]:
    """A copy of a `student.v1` block with errors, and their names, which are those of the fields of `Rates`.

    Raises OperatorError where the rates of a group sum to more than 1.
    """
    made = copied(block)
    done = []
    for ends, names in _plan(rates):
        at = bisect(ends, random.random())
        if at < len(names) and _ERRORS[names[at]](made, random):
            done.append(names[at])
    # Two errors can undo each other, for example a nickname and a misspelling of it.
    return (made, tuple(done)) if made != block else (made, ())


@cache
def _plan(rates: Rates) -> list[tuple[list[float], tuple[str, ...]]]:
    """For each group, the bounds between its errors; groups that never happen are left out."""
    plan = [(rates.exclusive(names), names) for names in GROUPS]
    return [(ends, names) for ends, names in plan if ends[-1] > 0]
