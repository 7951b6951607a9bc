"""What the vectors of OpenPGP share."""

from collections.abc import Iterator

import pytest

from tests.support.gpg import Gpg
from tests.support.openpgp_cases import EXCHANGE


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        # how hard it is to guess a passphrase is no part of a message, and takes a second each time it is typed
        (home.home / "gpg-agent.conf").write_text("s2k-count 65536\n")
        home.import_(EXCHANGE.certificate)
        yield home
