"""What happened to the sent files: the table that `satchel fetch` prints at its end.

Owns the reading of receipts on the LEA's own computer, and the list of what was sent from it. Promises: a receipt
counts only with a good signature by the exchange's key; the table has each file once, with its latest known state; it
also has what this account sent and what has no receipt yet; rows that need somebody come first, and when there are many
rows only these are listed.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from broker.core import receipt
from broker.core.errors import Refused
from broker.edge.pgp import openpgp
from broker.edge.sftp.client.line import Account
from broker.terminal.common import warn
from broker.terminal.tables import plain

_DROPPED_AFTER_SECONDS = 60 * 86_400.0  # without an answer for so long, the file's exchange no longer exists
MOST_BYTES = 64 * 1024
NO_ANSWER = "sent, and no answer yet"
_WAIT = "wait, and fetch again"
_TODO = {
    "RECEIVED": _WAIT,
    "ADMITTED": _WAIT,
    "APPLIED": "read the answer in inbox, if there is one",
    "DELIVERED": "nothing",
    "COLLECTED": "nothing",
    "DUPLICATE": "nothing; it was received before",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One file: its result in a word or two, what to do, and whether somebody must do it."""

    file: str
    result: str
    todo: str
    is_refused: bool = False
    needs: bool = False


def read(receipts: Sequence[Path], exchange: bytes) -> tuple[list[Answer], set[str]]:
    """What these receipts say about the LEA's own files, and the digests (SHA-256, hex) of all files they are about.
    `exchange` is the exchange's public key."""
    last: dict[str, dict[str, Any]] = {}
    answers: list[Answer] = []
    for path in receipts:
        try:
            said = _said(path, exchange)
        except (OSError, ValueError, Refused):
            answers.append(Answer(path.name, "not genuine", "do not rely on this receipt; tell the state", needs=True))
            continue
        if said["packet"].get("file") and said["n"] >= last.get(said["tracking"], {"n": 0})["n"]:
            last[said["tracking"]] = said
    digests = {str(said["packet"]["sha256"]) for said in last.values()}
    return [*answers, *(answer(said["packet"]["file"], said) for said in last.values())], digests


def _said(path: Path, exchange: bytes) -> dict[str, Any]:
    with path.open("rb") as file:
        return said_in(file.read(MOST_BYTES), [exchange])


def said_in(signed: bytes, exchange: Sequence[bytes]) -> dict[str, Any]:
    """What a receipt says. Raises ValueError or Refused where it is none with a good signature by the exchange."""
    text, signer = openpgp.verify_clear(signed, exchange)
    said = receipt.read(text)
    if said["exchange"] != signer:
        raise ValueError("it names another exchange")
    return said


def answer(file: str, said: Mapping[str, Any]) -> Answer:
    """What a receipt says of the file, which may have another name there."""
    name, state, means = plain(file), str(said["state"]), str(said["means"])
    if state == "REFUSED":
        return Answer(name, f"refused [{plain(said.get('code', ''))}]", means, is_refused=True, needs=True)
    if state == "HELD":
        why = plain(said.get("held_for", ""))
        return Answer(name, f"held for {why}", means, needs=why == "review")
    return Answer(name, state.lower(), _TODO.get(state, means))


class SentPackets:
    """The list of what was sent to one exchange as one LEA, in this account's state folder."""

    def __init__(self, account: Account) -> None:
        state = os.environ.get("XDG_STATE_HOME") or Path(os.environ.get("HOME") or "/") / ".local" / "state"
        name = re.sub(r"[^A-Za-z0-9.-]", "_", f"{account.host}-{account.port}-{account.user}")
        self._path = Path(state) / "satchel" / f"sent-{name}.jsonl"

    def add(self, source: Path, name: str) -> None:
        """Record that the file was sent, with its name in the outbox."""
        try:
            with source.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:  # the file is sent, but has gone since
            warn(f"{source} is not noted as sent, for it cannot be read any more ({error.strerror}).")
            return
        self._append([{"file": name, "sha256": digest, "at": time.time()}])

    def settle(self, answered: set[str], receipts: Path) -> list[str]:
        """The names of sent files that have no receipt yet. `answered` are the digests of files that have one; receipts
        in the folder `receipts` count too."""
        known = [one for one in self._read() if one["at"] > time.time() - _DROPPED_AFTER_SECONDS]
        left = [one for one in known if one["sha256"] not in answered]
        if left:
            seen = _digests(receipts, min(one["at"] for one in left) - 3600)
            left = [one for one in left if one["sha256"] not in seen]
        if left != known:
            self._replace(left)
        return [one["file"] for one in left]

    def _read(self) -> list[dict[str, Any]]:
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            warn(f"{self._path}, the list of what was sent, cannot be read ({type(error).__name__}); remove it.")
            return []
        return list(_entries(lines))

    def _append(self, entries: Iterable[dict[str, Any]]) -> None:
        text = "".join(json.dumps(one) + "\n" for one in entries)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
                file.write(text)
        except OSError as error:
            warn(f"It is not noted as sent, for {self._path} cannot be written ({error.strerror}).")

    def _replace(self, entries: Iterable[dict[str, Any]]) -> None:
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        text = "".join(json.dumps(one) + "\n" for one in entries)
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
            temporary.replace(self._path)
        except OSError as error:
            warn(f"{self._path}, the list of what was sent, cannot be written ({error.strerror}).")


def _entries(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            one = json.loads(line)
            yield {"file": str(one["file"]), "sha256": str(one["sha256"]), "at": float(one["at"])}
        except (ValueError, KeyError, TypeError):
            continue  # a line that a crash cut off


def _digests(folder: Path, since: float) -> set[str]:
    """The files that receipts since then (seconds since 1970) are about; their signatures are not checked."""
    found: set[str] = set()
    for path in folder.glob("*.asc"):
        try:
            if path.stat().st_mtime >= since:
                found |= set(re.findall(r'"sha256": "([0-9a-f]{64})"', path.read_text("utf-8")[:MOST_BYTES]))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def unanswered(names: Iterable[str]) -> list[Answer]:
    """Rows for files that were sent and have no receipt."""
    return [Answer(name, NO_ANSWER, _WAIT) for name in dict.fromkeys(names)]


def as_json(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The same as plain data, for a program."""
    return [asdict(one) for one in answers]
