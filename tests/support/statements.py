"""What a receipt says."""

from datetime import UTC, datetime

from broker.core.receipt import Statement

SAID = Statement(
    tracking="018f0000-0000-7000-8000-000000000001",
    n=1,
    state="RECEIVED",
    at=datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
    exchange="A" * 40,
    sha256="b" * 64,
    size=24_000,
    sender="01",
    file="record.pgp",
)
