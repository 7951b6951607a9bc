"""What ssh-audit says of a server: the program of https://www.ssh-audit.com, from the extra `dev`."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

# the one thing that is said of the key exchange that programs without post-quantum methods need
NOT_POST_QUANTUM = "does not provide protection against post-quantum attacks"


@dataclass(frozen=True, slots=True)
class Said:
    """`faults` are (level, algorithm, sentence) for `fail` and `warn`; `notes` what is said of the whole server."""

    faults: list[tuple[str, str, str]]
    notes: list[str]
    code: int


def audit(port: int) -> Said:
    """Ask the program about the server on this port of 127.0.0.1."""
    words = [sys.executable, "-m", "ssh_audit", "--json", "--port", str(port), "127.0.0.1"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    said: dict[str, Any] = json.loads(ended.stdout)
    faults = [
        (level, one["algorithm"], sentence)
        for kind in ("kex", "key", "enc", "mac")
        for one in said[kind]
        for level in ("fail", "warn")
        for sentence in one["notes"].get(level, [])
    ]
    assert all(said[kind] for kind in ("kex", "key", "enc", "mac")), "the server was not reached"
    return Said(faults, [*said["additional_notes"], *(str(one) for one in said["cves"])], ended.returncode)
