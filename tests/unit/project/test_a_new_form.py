"""To add a form of export is what ARCHITECTURE.md says, and no more: a copy of the project gets one, and reads it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from tests.support.tools import ROOT

PARTS = ("broker", "handlers", "schemas", "config", "keys", "tests/support", "tests/bench", "tests/__init__.py")
READS = """
from tests.support import edfi

NAMED = "<Surname>Dyer</Surname><Given>Ada</Given><Born>2012-03-04</Born><School>704</School>"
PUPIL = f"<Pupil>{NAMED}<Sex>{{}}</Sex>{{}}</Pupil>"
GOOD, ENTERED = "Girl", "<Entered>2026-08-17</Entered>"
found = edfi.read(
    "<r:Rollbook xmlns:r='urn:r'>" + PUPIL.format(GOOD, ENTERED) + PUPIL.format("Q", ENTERED) + PUPIL.format(GOOD, "")
    + "</r:Rollbook>"
)
(entry,) = found["students"]
print(found["packet"], entry["student"]["gender"], entry["date"])
for one in found["sheet"].unread:
    print(one.must)
print(edfi.read(edfi.together(edfi.student(), edfi.stay()))["packet"])
"""


def told() -> tuple[str, str]:
    """The file and the line under "A form of document"."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    part = page[page.index("**A form of document.**") : page.index("**A refusal code.**")]
    (block,) = re.findall(r"(?ms)^   ```\w+\n(.*?)^   ```$", part)
    (line,) = re.findall(r"(?m)^\d\. Its line in .*: `(.+)`\.$", part)
    return dedent(block), line


def test_a_form_is_added_as_it_is_told(tmp_path: Path) -> None:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    file, line = told()
    (tmp_path / "broker/formats/rollbook.py").write_text(file)
    forms = tmp_path / "broker/formats/sis/forms.py"
    _instead(forms, "FORMS = (", f"FORMS = ({line}, ")
    _instead(
        forms,
        "from broker.formats import canonical, no_ssn, pesc\n",
        "from broker.formats import canonical, no_ssn, pesc, rollbook\n",
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", READS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == [
        "enrollment.v1 F 2026-08-17",
        "Pupil[2]/Sex must be Girl or Boy.",
        "Pupil[3]/Entered must be filled in.",
        "enrollment.v1",
    ], done.stderr


def _instead(path: Path, old: str, new: str) -> None:
    content = path.read_text("utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new))
