"""A ward whose tasks are orders: it does what each says, so that a test can see what the warden makes of it.

Started by the warden as any other: `python -m tests.support.ward_at_work CONTROL ARENA STATE`.
"""

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from broker.edge.bounded import ward
from broker.edge.bounded.channel import Buffer


def _denied(attempt: Callable[[], object]) -> bytes:
    try:
        attempt()
    except OSError as error:
        return b"denied" if error.errno == 1 else os.strerror(error.errno or 0).encode()
    return b"allowed"


def _burn() -> bytes:
    while True:
        pass


def _work_a_while() -> bytes:
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    return b""


def _fill() -> bytes:
    """More than it may have, but not more than it may ask for, for as long as it is let."""
    held = bytearray(os.urandom(160 << 20))
    while held:
        time.sleep(0.01)
    return b""


def _abort_for_memory() -> bytes:
    os.write(2, b"memory allocation of 123 bytes failed\n")
    os.abort()


def _abort() -> bytes:
    os.write(2, b"thread panicked\n")
    os.abort()


def _fault() -> bytes:
    ctypes.string_at(0)
    return b""


ORDERS: dict[bytes, Callable[[], bytes]] = {
    b"pid": lambda: str(os.getpid()).encode(),
    b"burn": _burn,
    b"work a while": _work_a_while,
    b"much": lambda: bytes(5 << 20),
    b"sleep": lambda: time.sleep(1000) or b"",
    b"eat": lambda: bytes(len(bytearray(1 << 40))),
    b"grow": lambda: b"".join(bytes(1 << 20) for _ in range(10_000)),
    b"fill": _fill,
    b"abort": _abort,
    b"abort for memory": _abort_for_memory,
    b"segfault": _fault,
    b"socket": lambda: _denied(lambda: socket.socket(socket.AF_INET)),
    b"write": lambda: _denied(lambda: open("/tmp/written-by-a-ward", "w")),  # noqa: SIM115
    b"exec": lambda: _denied(lambda: os.execv("/bin/true", ["true"])),  # noqa: S606
    b"kill": lambda: _denied(lambda: os.kill(os.getppid(), signal.SIGKILL)),
}


def _work(common: Buffer, head: Buffer, body: Buffer) -> bytes:
    order = ORDERS.get(bytes(head))
    return order() if order else bytes(common) + b"/" + bytes(head) + b"/" + bytes(body)


if __name__ == "__main__":
    ward.serve(*map(int, sys.argv[1:4]), _work)
