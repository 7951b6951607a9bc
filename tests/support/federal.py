"""A state with an exchange, and what its commands say of those who are no part of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from broker.cli import refusals
from broker.cli.main import build
from broker.core.errors import NotDone, OperatorError
from broker.edge.pgp import keyring
from broker.edge.sftp.hostkey import generate, public_line


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class State:
    """The state's operator, at the exchange's own machine, and what she has at hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"

    def run(self, *words: object, home: bool = True) -> Ended:
        arguments = [*map(str, words), *(["--home", str(self.home)] if home else [])]
        ended = CliRunner().invoke(build(arguments), arguments)
        if isinstance(ended.exception, OperatorError):  # as `main` tells it
            return Ended(1, ended.stdout, f"{ended.exception}\n")
        if isinstance(ended.exception, NotDone):
            return Ended(refusals.exit_code(ended.exception), ended.stdout, f"{refusals.sentence(ended.exception)}\n")
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def ok(self, *words: object) -> str:
        ended = self.run(*words)
        assert ended.code == 0, ended.err
        return ended.out

    def certificate(self, user_id: str, name: str = "key") -> Path:
        path = self.root / f"{name}.asc"
        path.write_bytes(keyring.public(keyring.generate(user_id, "cv25519", datetime.now(UTC), None)))
        return path

    def ssh_key(self, comment: str, name: str = "id") -> Path:
        path = self.root / f"{name}.pub"
        path.write_text(f"{public_line(generate())} {comment}\n")
        return path

    def add(self, lea: str, user_id: str, *more: object, name: str = "") -> Ended:
        """By the name that is in the user id, where there is no other."""
        cert = self.certificate(user_id, lea)
        name = name or user_id.partition(" <")[0]
        return self.run("lea", "add", lea, "--name", name, "--kind", "district", "--cert", cert, *more)

    def leas(self) -> dict[str, list[str]]:
        """The parties and the fingerprints of the keys that they have."""
        return {one["id"]: [key["fingerprint"] for key in one["keys"]] for one in self.json("lea", "list")}

    def json(self, *words: object) -> Any:
        return json.loads(self.ok(*words, "--json"))

    def log(self) -> list[dict[str, str]]:
        """The disclosure log, but for the lines of its own being read."""
        lines: list[dict[str, str]] = json.loads(self.ok("disclosures", "--all", "--json"))
        return [one for one in lines if one["action"] != "read-disclosures"]
