"""The watched side: a process that forks workers, which may be killed at any moment.

Owns what runs there. Promises: the forking process never touches a task, so after a worker was killed the next one is
there within milliseconds, with everything loaded; a worker has given up what it does not need (`privilege`), records
which task it begins before it begins it, and sends back only the bytes that `work` returns. Both end when the warden
does.
"""

import gc
import json
import mmap
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from broker.edge.bounded import channel, privilege
from broker.edge.bounded.channel import FRAME, GO, NUMBER, Buffer

Work = Callable[[Buffer, Buffer, Buffer], bytes]  # (what all tasks have in common, head, body) to the answer
_AT_ONCE = 64 * 1024
_LOWER = 5  # a third of the others' share of a busy processor: with less an honest large packet would wait for hours
_PATIENCE_NS = 20_000_000  # so long an answer waits for the next one, to be sent together
_LOOK_SECONDS, _END_SECONDS = 0.001, 1.0
_GARBAGE = 20_000  # new objects before a collection: few of a packet's objects are in cycles


@dataclass(frozen=True, slots=True)
class Order:
    """What the warden wants of the next worker; `memory` in bytes. When several tasks have used `seconds` of processor
    time together, or returned `size` bytes of answers, the worker stops after the present task."""

    memory: int
    is_low: bool
    seconds: float
    size: int


def serve(control: int, arena: int, state: int, work: Work) -> NoReturn:
    """Fork a worker whenever the warden asks for one, until the warden is gone. The three numbers are inherited
    descriptors."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    tasks = mmap.mmap(arena, os.fstat(arena).st_size, access=mmap.ACCESS_READ)
    begun = mmap.mmap(state, NUMBER.size)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    with socket.socket(fileno=control) as asked:
        child, late = 0, list[int]()
        while True:
            said, descriptors, _, _ = socket.recv_fds(asked, 1024, 2)
            late = [one for one in late if not os.waitpid(one, os.WNOHANG)[0]]
            has_ended, status = _end(child) if child else (True, 0)
            if not has_ended:
                late.append(child)
            if not said:
                os._exit(0)
            order = Order(**json.loads(said))
            child = _fork(
                order, descriptors, lambda own, of: _work(own, tasks, begun, work, of), (control, arena, state)
            )
            for one in descriptors:
                os.close(one)
            asked.send(json.dumps({"pid": child, "status": status}).encode())


def _end(child: int) -> tuple[bool, int]:
    """Kill a worker: returns whether it has ended by now, and its status. If the kernel takes longer, this does not
    wait."""
    os.kill(child, signal.SIGKILL)  # it is not reaped yet, so the number is still its own
    until = time.monotonic() + _END_SECONDS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended or time.monotonic() > until:
            return bool(ended), status
        time.sleep(_LOOK_SECONDS)


def _fork(
    order: Order, descriptors: list[int], work: Callable[[socket.socket, Order], None], others: tuple[int, ...]
) -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        privilege.end_with_parent(parent)
        own, errors = descriptors
        os.dup2(errors, sys.stderr.fileno())
        for one in (errors, *others):
            os.close(one)
        if order.is_low:
            os.nice(_LOWER)
        privilege.lower(order.memory)
        work(socket.socket(fileno=own), order)
    finally:
        os._exit(0)


def _work(own: socket.socket, arena: mmap.mmap, begun: mmap.mmap, work: Work, order: Order) -> None:
    whole = memoryview(arena)
    while asked := _received(own, GO.size):
        first, count = GO.unpack(asked)
        common, tasks = channel.get(whole, count)
        out, sent = bytearray(), time.monotonic_ns()
        until, room = time.process_time() + order.seconds, order.size
        for number, task in enumerate(tasks, first):
            NUMBER.pack_into(begun, 0, number)
            try:
                answer, kind = work(common, task.head, task.body), channel.RESULT
            except MemoryError:
                answer, kind = b"", channel.NO_MEMORY
            out += FRAME.pack(number, kind, len(answer))
            if kind == channel.NO_MEMORY:
                break
            out += answer
            room -= len(answer)
            if room < 0 or time.process_time() > until:
                break
            if len(out) > _AT_ONCE or time.monotonic_ns() - sent > _PATIENCE_NS:
                own.sendall(out)
                out, sent = bytearray(), time.monotonic_ns()
        NUMBER.pack_into(begun, 0, 0)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        own.sendall(out + FRAME.pack(0, channel.END, NUMBER.size) + NUMBER.pack(most * 1024))


def _received(own: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; b"" at the end."""
    out = b""
    while len(out) < size:
        piece = own.recv(size - len(out))
        if not piece:
            return b""
        out += piece
    return out
