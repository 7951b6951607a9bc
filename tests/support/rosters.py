"""Rosters in files, and what the commands on them say."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from broker.cli import main
from tests.support.exchange import satchel


def run(*words: object) -> tuple[int, str, str]:
    ended = satchel("identity", *map(str, words), check=False)
    return ended.returncode, ended.stdout, ended.stderr


def within(*words: object) -> tuple[int, str, str]:
    """As `run`, in the test's own process, which has loaded already what takes most of the time."""
    named = ["identity", *map(str, words)]
    ended = CliRunner().invoke(main.build(named), named)
    return ended.exit_code, ended.stdout, ended.stderr


def jsonl(path: Path, blocks: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(block) + "\n" for block in blocks))
    return path


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
