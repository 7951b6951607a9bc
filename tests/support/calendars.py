"""`satchel calendar` and `satchel codes`, run in the test's own process."""

import json
from typing import Any

from typer.testing import CliRunner

from broker.cli.main import build
from tests.support.endings import said_of
from tests.support.office import Office


def run(office: Office, *words: object) -> tuple[int, str, str]:
    """Run a command in this process; its exit code, output and errors."""
    arguments = [str(word) for word in (*words, *office.exchange.at)]
    ended = CliRunner().invoke(build(arguments), arguments, env={"COLUMNS": "160"})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        return 1, ended.stdout, said_of(ended.exception) + "\n"
    return ended.exit_code, ended.stdout, ended.stderr


def said(office: Office, *words: object) -> dict[str, Any]:
    """What a command prints as JSON."""
    code, out, errors = run(office, *words, "--json")
    assert (code, errors) == (0, ""), errors
    found: dict[str, Any] = json.loads(out)
    return found
