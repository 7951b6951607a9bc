"""Below the faces no sentence names a shell command: what to do is said by the face, in its own words.

Faces are the commands, the LEA's own side, and what both print. The exceptions are listed with their reasons; a module
that names no command any more leaves the list.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.cli.catalog import COMMANDS, GROUPS
from tests.support.tools import ROOT

FACES = ("broker/cli/", "broker/client/", "broker/terminal/", "broker/demo/")
# `up` and the commands that found, upgrade and put back a home: who reads these is the operator, by whatever part of
# the exchange the home was opened, and a part that cannot run has no face but its log.
HOME = "told by each part of the exchange when its home cannot be used, in its log as well as in a command"
# An LEA has one way to seal, and the state one way to let a name in, whatever face the exchange has.
RECEIPT = "the text of a receipt, which an LEA reads in a file; the code's document has the same words"
NOTICE = "a document to the state, which is read where no face is"
EXCEPTIONS = {
    "broker/core/codes/sealed.py": RECEIPT,
    "broker/notices/alert.py": NOTICE,
    "broker/notices/harvest.py": NOTICE,
    "broker/edge/calendars.py": HOME,
    "broker/edge/home/home_id.py": HOME,
    "broker/edge/settings/federal_names.py": HOME,
    "broker/edge/settings/file.py": HOME,
    "broker/edge/settings/rules.py": "the description of a setting, which stands in docs/settings.md",
    "broker/offline.py": HOME,
    "broker/processes/supervisor.py": "it is `satchel up` itself that speaks",
    "broker/wiring.py": HOME,
}


NAMES = {name.split()[0] for name in (*GROUPS, *COMMANDS)}


def named(tree: ast.AST) -> Iterator[str]:
    """Commands that a string names which is no docstring; a sentence may be cut in two by the end of a line."""
    docstrings = {
        id(one.body[0].value)
        for one in ast.walk(tree)
        if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and one.body
        and isinstance(one.body[0], ast.Expr)
    }
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in docstrings:
            found = re.findall(r"\bsatchel ([a-z][a-z-]*)", one.value)
            yield from (f"satchel {name}" for name in found if name in NAMES)


def _below() -> dict[str, Path]:
    files = [path for room in ("broker", "handlers") for path in sorted((ROOT / room).rglob("*.py"))]
    every = {str(path.relative_to(ROOT)): path for path in files}
    return {name: path for name, path in every.items() if not name.startswith(FACES)}


def test_no_module_below_the_faces_names_a_command() -> None:
    found = {name for name, path in _below().items() if list(named(ast.parse(path.read_text("utf-8"))))}
    assert found == set(EXCEPTIONS)


@pytest.mark.parametrize("text", ["say('run `satchel upgrade`.')", "f'{lea}: `satchel lea add {lea}`'"])
def test_the_rule_finds_what_it_forbids(text: str) -> None:
    assert list(named(ast.parse(text)))
    assert not list(named(ast.parse("'''`satchel up`: a docstring.'''")))
