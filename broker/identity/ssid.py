"""Statewide student ids: their form, and how a new one is drawn.

Owns the format: digits as text; the first is not zero (a spreadsheet would drop it), the last is a check digit.
Promises: a new SSID tells nothing about the student, the day or any other SSID (Utah 53A-1-603.5: no personal
information, never assigned again). The ledger's primary key makes sure that none is given twice; the caller then draws
again.

The check digit is Verhoeff's: it shows every single wrong digit and every swap of two neighbours, and 94 % of the swaps
across one digit. (Luhn and ISO 7064 MOD 11,10 miss about 2 % of neighbour swaps; Damm's shows 89 % across one digit.)
"""

from collections.abc import Callable

from stdnum import verhoeff

from broker.core.model import Ssid

FEWEST_DIGITS = 6
MOST_DIGITS = 32
_FREE_OF_SEPARATORS = str.maketrans("", "", " -\t\u00a0")


def allocate(random: Callable[[int], int], digits: int = 10) -> Ssid:
    """Draw an SSID of `digits` digits; `random(n)` gives an unguessable integer below n, as `secrets.randbelow` does.

    Raises ValueError for a number of digits outside 6 to 32.
    """
    if not FEWEST_DIGITS <= digits <= MOST_DIGITS:
        raise ValueError(f"an SSID has {FEWEST_DIGITS} to {MOST_DIGITS} digits")
    smallest = 10 ** (digits - 2)
    payload = str(smallest + random(9 * smallest))
    return Ssid(payload + verhoeff.calc_check_digit(payload))


def is_valid(text: str, digits: int = 10) -> bool:
    """Whether `text` has the form of an SSID that this exchange allocated.

    An SSID from before the exchange may have no check digit: False is a reason to check, but not a reason to refuse.
    """
    return (
        len(text) == digits and text.isascii() and text.isdigit() and text[0] != "0" and bool(verhoeff.is_valid(text))
    )


def normalise(text: str) -> Ssid:
    """An SSID that people typed, without blanks and dashes. The result may be invalid."""
    return Ssid(text.translate(_FREE_OF_SEPARATORS))
