"""The facts of a stay beside its days, and of a parent's opt-outs, in a line of an enrollment or SSID request.

Owns how they are read, for both packet types. Promises: a missing fact is never taken for a denied one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

_FINEST = 1000  # largest denominator of a part of a school day: 0.3333 becomes a third


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one line. `dual`: the student is enrolled beside another LEA (Utah R277-419-5). `military`: the
    student is a child of a military family, whose record comes sooner (53A-1-1001, article IV). Both are None where the
    line does not say. `day_part` is the part of the school day as a fraction, such as 1/2, or 1 (R277-419-6(4)); ''
    where the line does not say. `opt_outs` are all purposes that the parent opted out of (SB 152, 2026); None where the
    line does not say. `confirmed` names the facts that the sender has checked (`core.days.plausible.FACTS`)."""

    dual: bool | None = None
    military: bool | None = None
    day_part: str = ""
    opt_outs: tuple[str, ...] | None = None
    confirmed: tuple[str, ...] = ()


NOTHING = Facts()


def facts_of(line: Mapping[str, Any]) -> Facts:
    """The facts of a checked line."""
    opted = line.get("opt_outs")
    return Facts(
        dual=line.get("dual"),
        military=line.get("military"),
        day_part=_part(line["day_part"]) if "day_part" in line else "",
        opt_outs=None if opted is None else tuple(sorted(set(opted))),
        confirmed=tuple(sorted(set(line.get("confirmed", ())))),
    )


def _part(number: float) -> str:
    """The fraction that a number with a few decimals stands for."""
    return str(Fraction(str(number)).limit_denominator(_FINEST))


def named(facts: Facts) -> Mapping[str, Any]:
    """The facts by their names, which a line's request uses, too."""
    return {one.name: getattr(facts, one.name) for one in fields(Facts)}
