"""What the tests of packets share."""

from collections.abc import Iterator

import pytest

from broker.edge.pgp import keyring, openpgp
from tests.support.gpg import Gpg
from tests.support.sealing import NOW, SENDERS, World


@pytest.fixture(scope="session")  # its keys take seconds
def world() -> Iterator[World]:
    key = openpgp.load_secret(keyring.generate("Exchange <x@example.org>", "cv25519", NOW, 365))
    with Gpg() as gpg:
        gpg.import_(key.certificate)
        prints = {algo: gpg.generate(f"District {algo} <d@example.org>", algo) for algo in SENDERS}
        yield World(gpg, key, prints, {algo: gpg.export(one) for algo, one in prints.items()})
