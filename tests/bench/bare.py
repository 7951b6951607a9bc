"""The thing to beat: cryptography itself, and nothing else."""

import time

from broker.edge.pgp import openpgp
from broker.edge.settings.values import Limits
from tests.bench import load


def bare(packets: list[bytes], certificates: list[bytes], secret: bytes, receiver: bytes) -> float:
    """Seconds that one process needs to open and re-lock these packets, all in memory."""
    key, limits = openpgp.load_secret(secret), Limits()
    for warm in range(min(8, len(packets))):
        openpgp.open_packet(packets[warm], key, certificates, limits, load.NOW, lambda _: False)
    began = time.perf_counter()
    for packet in packets:
        openpgp.open_packet(packet, key, certificates, limits, load.NOW, lambda _: False)
        openpgp.relock(packet, key, receiver)
    return time.perf_counter() - began
