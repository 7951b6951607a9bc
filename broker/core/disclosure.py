"""One line of the disclosure log: who was given what of whom, or was refused it (FERPA 34 CFR 99.32(a)).

Owns its form. Promises: no student's name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One line. `at` is seconds since the epoch; `action` and `ground` are words of `broker.core.access`; `outcome` is
    allowed or refused; `party` got it or was refused it, `actor` is the person where one is known, `source` the LEA
    whose record it is; `what` a packet type or part; '' where something does not apply."""

    at: float
    ssid: str
    action: str
    outcome: str
    party: str
    actor: str = ""
    source: str = ""
    what: str = ""
    ground: str = ""
    purpose: str = ""
    tracking: str = ""
