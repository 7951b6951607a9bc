"""What the documents say and the code says is the same: tables, codes, names, links, examples."""

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

from broker.cli.catalog import COMMANDS
from broker.core.codes import CODES
from broker.core.days.membership import Programme
from broker.core.grounds import Ground, Why
from broker.core.harvest import Pattern
from broker.core.model import HeldFor, PacketType, PartyKind, State
from broker.core.opt_outs import Purpose
from broker.core.transfer import Reason
from broker.edge.ledger.packets.history import READ_WHOLE
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.formats import canonical
from broker.notices.answers import REASONS
from tests import docs
from tests.support.console import blocks
from tests.support.tools import ROOT

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "keys/README.md", ROOT / "config/README.md"]
)
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
_LINK = re.compile(r"\[[^\]\[]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"`((?:broker|handlers|schemas|tests|docs|keys|config)/[\w./-]*)`")
_GROUPS = sorted({group for group, _, name in (one.rpartition(" ") for one in COMMANDS) if group} - COMMANDS.keys())
_COMMAND = re.compile(rf"satchel ((?:{'|'.join(_GROUPS)}) [\w-]+|[a-z-]+)")
COSTLY_PART = "worker-costly"  # the other parts' names have no dash, or a number
_WORD = re.compile(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`")


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize(("document", "name"), docs.TABLES)
def test_a_table_is_what_the_code_says(document: str, name: str) -> None:
    assert docs.region(text_of(document), name) == docs.TABLES[document, name](), "run `python -m tests.docs`"


def test_no_sentence_breaks_a_table() -> None:
    assert not [name for name, code in CODES.items() if "|" in code.sentence or "\n" in code.sentence]


@pytest.mark.parametrize("name", NAMES)
def test_every_code_that_is_named_exists(name: str) -> None:
    shown = set(re.findall(r'"code": "([a-z-]+)"', text_of(name)))
    assert shown <= CODES.keys() | words()
    named = set(_WORD.findall(re.sub(r"(?ms)^```.*?^```$", "", text_of(name))))
    assert named <= CODES.keys() | words() | {READ_WHOLE, COSTLY_PART}


def words() -> set[str]:
    """What else has the form of a code: words with dashes from closed lists, and programs."""
    reasons = {
        word
        for name, part in (("acknowledgement", "code"), ("recall", "why"), ("record-request", "want"))
        for word in json.loads(text_of(f"schemas/{name}.v1.schema.json"))["properties"][part]["enum"]
    }
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    parts = {re.split(r"[^\w-]", one)[0] for one in project["dependencies"]}
    programs = {"redis-server", "valkey-server", "sshd-config"}
    return {
        *PacketType,
        *HeldFor,
        *Reason,
        *Pattern,
        *Ground,
        *Why,
        *PartyKind,
        *Programme,
        *Purpose,
        *REASONS,
        *reasons,
        *parts,
        *programs,
        *OF_THE_PAGES,
    }


# the files that the pages' readers make, and the one event of a transfer notice that has a dash and is no reason
OF_THE_PAGES = {"summit-ssh", "canyon-ssh", "ana-for-parents", "on-its-way"}


def anchors(path: Path) -> set[str]:
    """The places that GitHub makes of headings."""
    heads = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?ms)^```.*?^```$", "", path.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in _LINK.findall(text_of(name)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert target.exists(), f"{name}: {link}"
        assert not anchor or anchor in anchors(target), f"{name}: {link}"


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_exists(name: str) -> None:
    named = [path for path in _FILE.findall(text_of(name)) if not re.match(r"keys/.*\.key|.*/TYPE\.", path)]
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_named_exists(name: str) -> None:
    code = re.findall(r"`(satchel [^`]+)`", text_of(name)) + [
        line for _, _, _, inside in blocks(text_of(name)) for line in inside if line.startswith("$ satchel ")
    ]
    named = {found[1] for one in code if (found := _COMMAND.search(one))}
    assert named <= COMMANDS.keys() | {"lea"}


NO_SETTINGS = {"ledger.db", "identity.zone"}  # a file, and the old name of `state.zone`, which is still read


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_that_is_named_exists(name: str) -> None:
    known = set(re.findall(r"`(\w+\.\w+)`", docs.all_settings()))
    sections = {setting.partition(".")[0] for setting in known}
    named = set(re.findall(r"`(\w+\.\w+)(?: = [^`]+)?`", text_of(name)))
    assert {one for one in named if one.partition(".")[0] in sections} - NO_SETTINGS <= known


EXAMPLES = [
    pytest.param("\n".join(inside), id=f"{name}:{line}")
    for name in NAMES
    for line, kind, _, inside in blocks(text_of(name))
    if kind == "json"
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_a_good_document(text: str) -> None:
    document = canonical.parse(text.replace("TRACKING", "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12").encode(), 32)
    Contracts(folder("schemas"), 10, 10_000).check(document, 20)


def test_every_part_of_a_record_is_in_the_example() -> None:
    record = json.loads(next(str(one.values[0]) for one in EXAMPLES if '"demographics"' in str(one.values[0])))[
        "record"
    ]
    schema = json.loads(text_of("schemas/record.v1.schema.json"))
    assert record.keys() >= schema["properties"].keys()


def test_the_parts_are_the_dependencies_with_their_licences() -> None:
    rows = [row.strip("| ").split(" | ") for row in text_of("README.md").splitlines() if row.count(" | ") == 3]
    listed = {row[1]: row[3] for row in rows[1:]}
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    wanted = {re.match(r"[\w-]+", one)[0] for one in project["dependencies"]}  # type: ignore[index]
    assert listed.keys() == wanted
    for part, licence in listed.items():
        try:
            said = metadata(part).json.get("license_expression")
        except PackageNotFoundError:
            continue  # for another version of Python
        assert said in (None, licence), part


def test_the_states_in_the_pictures_exist() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        pictures = "\n".join(line for _, kind, _, inside in blocks(text_of(name)) for line in inside if not kind)
        words = set(re.findall(r"\b[A-Z]{4,}\b", pictures)) - {
            "TRACKING",
            "TYPE",
            "STATE",
            "README",
            "OUTBOX",
            "WAITS",
            "PKESK",
            "SEIPD",
        }
        assert words <= State.__members__.keys()


def test_the_readme_names_the_commands_of_make() -> None:
    targets = set(re.findall(r"(?m)^(\w+):", text_of("Makefile")))
    named = set(re.findall(r"(?m)^make (\w+)|`make\s(\w+)[` ]", text_of("README.md")))
    assert {first or second for first, second in named} == targets - {"lock", "clean"}
