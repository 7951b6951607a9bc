"""What a line of an enrollment or SSID request may say of a stay beside its days, and of a parent's opt-outs.

Owns how that is read, for both packet types. Promises: what is not said is told from what is denied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

_FINEST = 1000  # of a school day; finer than any part that is meant, so that 0.3333 is a third


@dataclass(frozen=True, slots=True)
class Facts:
    """`dual`: the student is enrolled beside another LEA (Utah R277-419-5). `military`: it is a child of a military
    family, whose record comes sooner (53A-1-1001, article IV). Both None where nothing is said. `day_part` is the part
    of the school day as a fraction, such as 1/2, or 1 (R277-419-6(4)); '' where nothing is said. `opt_outs` are the
    purposes that the parent opted out of, all of them (SB 152, 2026); None where nothing is said. `confirmed` are the
    dates of the line that were looked at again and are right (`core.plausible.FACTS`)."""

    dual: bool | None = None
    military: bool | None = None
    day_part: str = ""
    opt_outs: tuple[str, ...] | None = None
    confirmed: tuple[str, ...] = ()


NOTHING = Facts()


def facts_of(line: Mapping[str, Any]) -> Facts:
    """Of a checked line."""
    opted = line.get("opt_outs")
    return Facts(
        dual=line.get("dual"),
        military=line.get("military"),
        day_part=_part(line["day_part"]) if "day_part" in line else "",
        opt_outs=None if opted is None else tuple(sorted(set(opted))),
        confirmed=tuple(sorted(set(line.get("confirmed", ())))),
    )


def _part(number: float) -> str:
    """The fraction that is meant by a number with a few decimals."""
    return str(Fraction(str(number)).limit_denominator(_FINEST))


def named(facts: Facts) -> Mapping[str, Any]:
    """By the names that they have in a line's request, too."""
    return {one.name: getattr(facts, one.name) for one in fields(Facts)}
