"""What a process has in its memory, by /proc (Linux), and how a secret key looks there.

Promises: what cannot be read is said (`Unreadable`), so that no test takes silence for absence.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from broker.edge.pgp import openpgp

_AT_ONCE = 4 * 1024 * 1024
_WITHOUT = ("[vvar]", "[vsyscall]", "[vvar_vclock]")
_DIGIT = 30  # bits of a digit of Python's integers, in four bytes


class Unreadable(Exception):
    """The kernel does not let this process look."""


def _regions(pid: int) -> Iterator[tuple[int, int]]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except PermissionError:
        raise Unreadable from None
    for line in lines:
        place, rights, *_, name = line.split(maxsplit=5) if line.count(" ") >= 5 else (*line.split(), "")
        if rights.startswith("r") and name.strip() not in _WITHOUT:
            start, end = (int(one, 16) for one in place.split("-"))
            yield start, end


def found_in(pid: int, needles: Mapping[str, bytes]) -> set[str]:
    """Which of these bytes, by name, are anywhere in the readable memory of a process. Raises Unreadable."""
    found: set[str] = set()
    overlap = max(map(len, needles.values()))
    try:
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)  # noqa: SIM115  closed below
    except PermissionError:
        raise Unreadable from None
    with memory:
        for start, end in _regions(pid):
            tail = b""
            while start < end:
                try:
                    memory.seek(start)
                    content = memory.read(min(_AT_ONCE, end - start))
                except (OSError, OverflowError, ValueError):
                    break  # a region of the kernel's own, or one that has just gone
                if not content:
                    break
                whole = tail + content
                found |= {name for name, needle in needles.items() if needle in whole}
                tail, start = whole[-overlap:], start + len(content)
    return found


def _as_python_int(raw: bytes) -> bytes:
    """The first digits of the integer with these bytes, as the interpreter keeps it."""
    number, out = int.from_bytes(raw, "big"), b""
    for _ in range(8):
        out += (number & ((1 << _DIGIT) - 1)).to_bytes(4, sys.byteorder)
        number >>= _DIGIT
    return out


def needles_of(key: openpgp.SecretKey) -> dict[str, bytes]:
    """Every form in which the secrets of a key may lie in memory: as its file, OpenSSL and Python have them."""
    parts: Mapping[str, Any] = vars(key)["_parts"]
    found = {}
    for name, part in parts.items():
        raw = part.secret.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        found |= {f"{name} raw": raw, f"{name} reversed": raw[::-1]}
        found |= {f"{name} int": _as_python_int(raw), f"{name} reversed int": _as_python_int(raw[::-1])}
    return found


def peak(pid: int) -> int:
    """The most memory that a process ever had, in bytes (proc(5): VmHWM, kilobytes)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024
