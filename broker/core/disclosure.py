"""One line of the disclosure log: which party was given, or refused, what about which student (FERPA 34 CFR 99.32(a)).

Owns its form. Promises: it holds no student's name.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One line. `at` is seconds since the epoch; `action` and `ground` are words of `broker.core.access`; `outcome` is
    "allowed" or "refused"; `party` was given or refused the data, `actor` is the person where one is known, `source`
    is the LEA whose record it is; `what` is a packet type or part; '' where a field does not apply."""

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
