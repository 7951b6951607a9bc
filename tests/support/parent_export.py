"""An LEA's office that makes a copy for a parent."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import html
from typer.testing import CliRunner

from broker.cli.main import build
from broker.edge.pgp import keyring, openpgp

NAMES = {"01": "Alpine School District", "6G": "Canyon Charter", "exchange": "Utah Exchange"}


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Office:
    """The LEA 6G's own computer: its key, the directory, and what it fetched from its inbox."""

    def __init__(self, root: Path) -> None:
        self.root = root
        now = datetime.now(UTC)
        self.secrets = {
            party: keyring.generate(f"{name} <records@{party}.invalid>", "cv25519", now, 365)
            for party, name in (NAMES | {"stranger": "Stranger"}).items()
        }
        self.publics = {party: keyring.public(secret) for party, secret in self.secrets.items()}
        (root / "directory").mkdir()
        for party in NAMES:
            (root / "directory" / f"{party}.asc").write_bytes(self.publics[party])
        (root / "directory" / "all.asc").write_bytes(b"\n".join(self.publics[party] for party in NAMES))
        prints = {party: keyring.inspect(self.publics[party], now).fingerprint for party in NAMES}
        listed = [{"id": party, "name": name, "keys": [prints[party]]} for party, name in NAMES.items()]
        (root / "directory" / "parties.json").write_text(json.dumps(listed))
        (root / "secret.asc").write_bytes(self.secrets["6G"])

    def sealed(self, name: str, document: Mapping[str, Any] | bytes, signer: str = "", to: str = "6G") -> str:
        """A packet as it lies in the inbox; signed by the party that it is from."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        party = signer or (str(document["from"]) if isinstance(document, Mapping) else "01")
        (self.root / name).write_bytes(
            openpgp.seal(content, openpgp.load_secret(self.secrets[party]), [self.publics[to]])
        )
        return name

    def open(self, name: str, *words: str) -> Ended:
        """Run `satchel open` on a file in this folder."""
        return self._run(["open", name, *words, "--key", "secret.asc", "--directory", "directory"])

    def export(self, *words: str, keys: bool = True, parent: bool = True) -> Ended:
        """Run the command in this folder."""
        arguments = (
            ["backpack", "export", *words, "--out", "copy"] if "--out" not in words else ["backpack", "export", *words]
        )
        arguments += ["--for-parent"] if parent else []
        return self._run(arguments + (["--key", "secret.asc", "--directory", "directory"] if keys else []))

    def _run(self, arguments: list[str]) -> Ended:
        with contextlib.chdir(self.root):
            ended = CliRunner().invoke(build(arguments), arguments)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def refused(self, *words: str, code: int = 1, **how: bool) -> str:
        """The sentence of a run that fails, and leaves nothing."""
        before = sorted(self.root.iterdir())
        ended = self.export(*words, **how)
        assert ended.code == code, ended
        assert ended.stdout == ""
        assert len(ended.stderr.strip().splitlines()) == 1
        assert sorted(self.root.iterdir()) == before
        return ended.stderr

    def page(self) -> Any:
        """The HTML of the copy."""
        return html.document_fromstring((self.root / "copy" / "record.html").read_text("utf-8"))
