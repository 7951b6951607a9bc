"""How often each thing happens in a synthetic state.

Owns every number that a user may change. Promises: each rate is between 0 and 1 and independent of the others, except
that rates of one error group (`broker.simulate.errors.GROUPS`) exclude each other and may sum to at most 1. The
defaults are assumptions, made to be useful for testing; they were not measured on real students.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from broker.core.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares between 0 and 1; each comment says of what. An error's rate is the share of the records in which it is
    possible."""

    # the population
    twins: float = 0.016  # of births: two children
    triplets: float = 0.0004  # of births: three children
    twins_alike: float = 0.3  # of multiple births: first names one letter or so apart
    one_guardian: float = 0.25  # of families
    step_children: float = 0.05  # of children: another last name than the family's
    same_name_relatives: float = 0.01  # of families: related to the previous one, with one child of the same name
    junior: float = 0.02  # of boys: the father's name, with a suffix
    middle_name: float = 0.86  # of children, on the birth certificate
    preferred_name: float = 0.05  # of children: known by another first name, held as an alias
    charter: float = 0.12  # of children: in a charter school
    older: float = 0.04  # of children: a year older than their grade

    # the school year
    movers: float = 0.08  # of students: change schools within the year
    late_exit: float = 0.1  # of moves to another LEA of the state: the old LEA's exit comes after the new one's entry
    dual: float = 0.004  # of students above kindergarten: enrolled in two LEAs at once, which is legal

    # errors in names
    nickname: float = 0.02
    alias_used: float = 0.15  # the preferred name in place of the legal one
    alias_missing: float = 0.6
    first_typo: float = 0.02
    last_typo: float = 0.02
    middle_typo: float = 0.01
    first_middle_swapped: float = 0.005
    first_last_swapped: float = 0.003
    middle_in_first: float = 0.02
    last_in_middle: float = 0.04  # of students with two surnames: the first one
    middle_missing: float = 0.12
    middle_initial: float = 0.12
    surnames_swapped: float = 0.03  # of students with two surnames
    surname_dropped: float = 0.15  # of students with two surnames: one of them
    surnames_joined: float = 0.2  # of students with two surnames: a hyphen for a space, or the reverse
    surname_changed: float = 0.01
    suffix_missing: float = 0.3
    suffix_in_last: float = 0.1
    accents_dropped: float = 0.4
    upper_case: float = 0.15

    # errors elsewhere
    day_month_swapped: float = 0.01
    birth_digit: float = 0.01
    birth_off_by_one: float = 0.003  # a day
    gender_missing: float = 0.01
    gender_wrong: float = 0.003
    birth_order_missing: float = 0.6
    guardian_typo: float = 0.03
    guardian_dropped: float = 0.15  # of students with two
    guardians_missing: float = 0.15
    phone_changed: float = 0.1
    phone_missing: float = 0.15
    address_changed: float = 0.1
    address_missing: float = 0.08

    def changed(self, given: Mapping[str, object]) -> "Rates":
        """These rates, with those in `given` (by field name) replaced.

        Raises OperatorError for an unknown name, or a value that is not a number from 0 to 1.
        """
        known = {one.name for one in fields(self)}
        rates: dict[str, float] = {}
        for name, value in given.items():
            if name not in known:
                raise OperatorError(f"There is no rate called {name[:40]!r}; known are {', '.join(sorted(known))}.")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise OperatorError(f"The rate {name} must be a number from 0 to 1.")
            rates[name] = float(value)
        return replace(self, **rates)

    def exclusive(self, names: tuple[str, ...]) -> list[float]:
        """The cumulated rates of errors that exclude each other.

        Raises OperatorError where they sum to more than 1.
        """
        ends = [math.fsum(getattr(self, name) for name in names[: n + 1]) for n in range(len(names))]
        if ends[-1] > 1:
            raise OperatorError(
                f"The rates {', '.join(names)} exclude each other, so they must not sum to more than 1."
            )
        return ends


DEFAULT = Rates()
