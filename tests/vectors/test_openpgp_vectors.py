"""Messages and keys, each with the outcome it must have: made here by gpg.

Each case is one way in which a library was seen to say yes too easily.
"""

import pytest

from tests.support.gpg import Gpg
from tests.support.openpgp_cases import MADE, Case, made_by, outcome


@pytest.mark.parametrize("name", MADE)
def test_made_here(gpg: Gpg, name: str) -> None:
    expected, make = MADE[name]
    assert outcome(make(gpg)) == expected


def test_whose_key_it_is(gpg: Gpg) -> None:
    mine, other = gpg.generate("Mine"), gpg.generate("Other")
    case = Case(made_by(gpg, other), gpg.export(mine))
    assert outcome(case, lambda issuer: issuer == other) == "wrong-signer"
    assert outcome(case) == "unknown-signer"
    assert outcome(Case(made_by(gpg, mine), gpg.export(mine))) == "opened"
