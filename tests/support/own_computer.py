"""An LEA's own computer: its folder, its keys, and what its commands say."""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.core.receipt import Statement, text
from broker.edge.pgp import keyring, openpgp
from tests.support.ssh import House, Running

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
Ended = subprocess.CompletedProcess[str]


class Person:
    """Somebody with keys, by a name."""

    def __init__(self, user_id: str) -> None:
        self.secret = keyring.generate(user_id, "cv25519", NOW, None)
        self.public = keyring.public(self.secret)
        self.key = openpgp.load_secret(self.secret)


EXCHANGE = Person("Test exchange <exchange@satchel.invalid>")
OWN = Person("Summit Charter School <records@summit.example>")
OTHER = Person("Canyon School District <records@canyon.example>")


class Desk:
    """LEA 6G's computer, which knows a server, and the server's folders of 6G."""

    def __init__(self, house: House, served: Running, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.served, self.root = house, served, root
        monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
        monkeypatch.chdir(root)
        (root / "secret.asc").write_bytes(OWN.secret)
        (root / "other.asc").write_bytes(OTHER.secret)
        self.server = house.root("6G") / "directory"
        (root / "directory").mkdir()
        for folder in (self.server, root / "directory"):
            for name, person in (("exchange", EXCHANGE), ("6G", OWN), ("01", OTHER)):
                (folder / f"{name}.asc").write_bytes(person.public)
            (folder / "all.asc").write_bytes(EXCHANGE.public + OWN.public + OTHER.public)

    @property
    def options(self) -> list[str]:
        """Where to, and as whom."""
        key = str(self.house.key("6G"))
        known = ["--known-hosts", str(self.served.known_hosts)]
        return ["--server", f"127.0.0.1:{self.served.port}", "--user", "6G", "--identity", key, *known]

    def seal(self, *names: str, to: Sequence[Person] = (EXCHANGE,), signer: Person = OWN) -> list[str]:
        """Sealed files of these names; each is another one."""
        for name in names:
            document = json.dumps({"packet": "enrollment.v1", "id": name}).encode()
            (self.root / name).write_bytes(openpgp.seal(document, signer.key, [one.public for one in to]))
        return list(names)

    def receipt(self, file: str, n: int, state: str, content: bytes = b"", **more: str) -> None:
        """The exchange writes a receipt about a file of 6G."""
        digest = hashlib.sha256(content or file.encode()).hexdigest()
        tracking = f"018f6b5e-0000-7000-8000-{abs(hash(file)) % 10**12:012}"
        said = Statement(tracking, n, state, NOW, EXCHANGE.key.fingerprint, digest, 10, "6G", file=file, **more)
        path = self.house.root("6G") / "receipts" / f"{tracking}.{n}.{state.lower()}.json.asc"
        path.write_text(openpgp.clearsign(text(said), EXCHANGE.key))


def refused(ended: Ended, *says: str) -> None:
    """One sentence that says what to do."""
    assert ended.returncode == 1, ended
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.endswith((".\n", "]\n"))
    assert [one for one in says if one not in ended.stderr] == [], ended.stderr
    assert ended.stdout == ""
