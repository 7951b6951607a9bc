"""To add a packet type is what ARCHITECTURE.md says, and nothing else: a copy of the project gets one, and works it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.support.tools import ROOT

PARTS = ("broker", "handlers", "schemas", "config", "keys", "tests/support", "tests/bench", "tests/__init__.py")
SENDS = """
import sys, tempfile
from datetime import date
from pathlib import Path

from broker.edge.ledger.cases import school_days
from broker.edge.ledger.engine import reading
from tests.support.office import Office

office = Office(Path(tempfile.mkdtemp(dir=sys.argv[1])), "01")
tracking = office.drop("01", {
    "packet": "closure.v1", "id": "01942f7e-5a10-7c44-9d2b-6c1f0e8a7b35", "from": "01",
    "created": "2026-11-23T10:00:00-07:00", "days": ["2026-12-24", "2026-12-25"],
})
office.work()
with reading(office.services.engine) as connection:
    found = school_days.of(connection, "01", date(2026, 12, 1), date(2026, 12, 31))
print(office.row(tracking).state, *(one.day for one in found))
"""


def told() -> tuple[dict[str, str], list[str]]:
    """The blocks under "A packet type", by the file that each is to be, and the words in them that go into files."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    part = page[page.index("**A packet type.**") : page.index("**A form of document.**")]
    schema, handler, applies = (dedent(block) for block in re.findall(r"(?ms)^   ```\w+\n(.*?)^   ```$", part))
    files = {
        "schemas/closure.v1.schema.json": schema,
        "handlers/closure.py": handler,
        "broker/stages/applied/closure.py": applies,
    }
    return files, re.findall(r"(?m)^\d\. Its (?:word|line) in .*: `(.+)`\.$", part)


def test_a_packet_type_is_added_as_it_is_told(tmp_path: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    files, (word, line) = told()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    _insert(tmp_path / "broker/core/model.py", '    RECALL = "recall"\n', f"    {word}\n")
    _insert(tmp_path / "handlers/registry.py", "            backpack.HANDLER,\n", f"            {line},\n")
    _insert(tmp_path / "handlers/registry.py", "    backpack,\n", "    closure,\n")
    (tmp_path / "homes").mkdir()
    command = [sys.executable, "-P", "-c", SENDS, str(tmp_path / "homes")]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.stdout.split() == ["APPLIED", "2026-12-24", "2026-12-25"], done.stderr


def _insert(path: Path, after: str, text: str) -> None:
    content = path.read_text("utf-8")
    assert content.count(after) == 1
    path.write_text(content.replace(after, after + text))
