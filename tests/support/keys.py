"""How a key is judged."""

from datetime import UTC, datetime

import pytest

from broker.core.errors import Refused
from broker.edge.pgp import keyring

NOW = datetime.now(UTC)


def code(certificate: bytes, now: datetime | None = None) -> str:
    with pytest.raises(Refused) as refused:
        keyring.check(certificate, now or datetime.now(UTC))
    return refused.value.code
