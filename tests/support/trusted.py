"""A state with schools and their keys, and what a third school's gpg says of these."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from broker.core.openpgp import frames
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft
from tests.support.exchange import Exchange, satchel
from tests.support.gpg import Gpg

CANYON, MESA, RIVER = "Canyon School District", "Mesa School District", "River School District"


class State:
    """The state's office, and the folder of a third school."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exchange = Exchange(root / "home", enabled=False)

    def key(self, user_id: str) -> bytes:
        """A new armored secret key."""
        return keyring.generate(user_id, "cv25519", datetime.now(UTC), None)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return satchel(*words, *self.exchange.at, check=False)

    def ok(self, *words: str) -> str:
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def refused(self, *words: str, code: int = 1) -> str:
        ended = self.run(*words)
        assert (ended.returncode, ended.stdout) == (code, ""), ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
        return ended.stderr

    def _add(self, lea: str, name: str, certificate: bytes, *more: str) -> list[str]:
        path = self.root / f"{lea}.key"
        path.write_bytes(certificate)
        return ["lea", "add", lea, "--name", name, "--kind", "district", "--cert", str(path), *more]

    def add(self, lea: str, name: str, certificate: bytes, *more: str) -> str:
        return self.ok(*self._add(lea, name, certificate, *more))

    def not_added(self, lea: str, name: str, certificate: bytes) -> str:
        told = self.refused(*self._add(lea, name, certificate))
        assert lea not in [one["id"] for one in json.loads(self.ok("lea", "list", "--json"))]
        assert not (self.exchange.home / "leas" / lea).exists()
        return told

    def put(self, lea: str, content: bytes) -> "subprocess.CompletedProcess[str]":
        path = self.root / "put.key"
        path.write_bytes(content)
        return self.run("lea", "key", lea, "--cert", str(path))

    def published(self, lea: str = "09", name: str = "all") -> bytes:
        """A file in the folder `directory` of a school."""
        return (self.exchange.folder(lea, "directory") / f"{name}.asc").read_bytes()

    def keys(self, lea: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.ok("lea", "keys", lea, "--json"))
        return found


def says(third: Gpg, secret: bytes, published: bytes) -> str:
    """What a school that took in the published keys is told of a text that this key has signed."""
    third.import_(published)
    return third.run("--verify", stdin=openpgp.clearsign("hello\n", openpgp.load_secret(secret)).encode())[1]


def names_in(third: Gpg) -> list[str]:
    listed = third.run("--with-colons", "--list-keys")[0].decode()
    return [line.split(":")[9] for line in listed.splitlines() if line.startswith(("uid:", "uat:"))]


def first_subkey(secret: bytes, tag: int = frames.PUBLIC_SUBKEY) -> bytes:
    return next(body for one, body in craft.packets(validity.binary(keyring.public(secret))) if one == tag)
