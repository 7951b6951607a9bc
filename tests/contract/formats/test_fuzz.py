"""Every reader beside real files with a few changes: no crash, no hang, and no exception but a refusal.

The files are those of ../shared/corpora where it is there, and some of our own. `make long` looks for five minutes of
the processor at each reader, with other changes every time.
"""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings

from broker.core.errors import Refused
from broker.core.openpgp import armor
from tests.support import fuzzed
from tests.support.mutation import mutated, no_hang, of_corpora
from tests.support.scale import larger

SECONDS = larger(0, 300)  # of the processor; in a short run each reader has its examples once
EXAMPLES = {"OpenPGP": 80, "keys": 80}
USUAL = 150


@pytest.mark.grows
@pytest.mark.timeout(larger(300, 7200))
@pytest.mark.parametrize("name", fuzzed.READERS)
def test_a_file_that_is_nearly_right_is_read_or_refused(name: str) -> None:
    reader = fuzzed.READERS[name]
    seeds = [*reader.own(), *of_corpora(*reader.patterns)]

    @settings(
        max_examples=larger(EXAMPLES.get(name, USUAL), 2_000), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(mutated(seeds, reader.words))
    def some(content: bytes) -> None:
        nonlocal asked
        asked += 1
        with no_hang(), suppress(Refused):
            reader.read(content)

    asked, began = 0, time.process_time()
    while asked == 0 or time.process_time() - began < SECONDS:
        some()
    print(f"{name}: {asked} files made of {len(seeds)}")


def _smallest() -> list[bytes]:
    """No byte or one, bare and in armour of every kind."""
    bodies = [b"", *(bytes([one]) for one in range(256))]
    kinds = ("MESSAGE", "SIGNATURE", "PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK", "ARMORED FILE")
    armored = [armor.enarmor(kind, body).encode() for kind in kinds for body in bodies[::17]]
    cut = [f"-----BEGIN PGP {kind}-----\n\n-----END PGP {kind}-----\n".encode() for kind in kinds]
    return [*bodies, *armored, *cut]


@pytest.mark.parametrize("name", fuzzed.READERS)
def test_a_file_with_next_to_nothing_in_it_is_read_or_refused(name: str) -> None:
    for content in _smallest():
        with suppress(Refused):
            fuzzed.READERS[name].read(content)
