"""One file in an outbox, whole or odd, as a scan finds it."""

import os
from typing import BinaryIO

from broker.core.model import LeaId, TrackingId
from broker.edge.home.outbox import Odd, Outboxes
from broker.edge.home.readiness import Found

LEA = LeaId("01")
TRACKING = TrackingId("018f0000-0000-7000-8000-000000000001")


def is_whole(file: BinaryIO) -> bool:
    head = file.read(8)
    if not head.startswith(b"SEAL"[: len(head)]):
        return True  # nothing that waiting could mend
    return len(head) == 8 and file.seek(0, os.SEEK_END) >= 8 + int.from_bytes(head[4:], "big")


def one(outboxes: Outboxes) -> Found:
    (found,) = outboxes.scan(LEA)
    assert isinstance(found, Found)
    return found


def odd(outboxes: Outboxes) -> Odd:
    (found,) = outboxes.scan(LEA)
    assert isinstance(found, Odd)
    return found
