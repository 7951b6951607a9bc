"""A home, its parts, and its ledger on a server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import desk
from tests.support.exchange import sentence_of
from tests.support.office import Office

Ended = subprocess.CompletedProcess[str]


def use(home: Path, url: str) -> None:
    """Write the database into the home's settings."""
    path = home / "satchel.toml"
    path.write_text(re.sub(r"(?ms)^(\[ledger\].*?^url = )\S+", rf'\1"{url}"', path.read_text()))


def start(part: str, home: Path, seconds: float = 180) -> Ended:
    """Run a part of the exchange by itself; it must end."""
    command = [sys.executable, "-m", f"broker.processes.{part}", "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def is_sentence(ended: Ended, code: int, *says: str) -> bool:
    said = sentence_of(ended)
    return ended.returncode == code and said.endswith(".") and all(one in said for one in says)


def notices(office: Office, count: int = 2) -> list[str]:
    """So many packets lie in the inbox of 01."""
    for name in ("Reyes", "Oyelaran", "Whitcomb")[:count]:
        office.enroll("01", desk.child("Ana", name, "2012-03-04", gender="F", local_id=name))
    found = office.inbox("01", "ssid")
    assert len(found) == count == len(list(office.exchange.folder("01", "inbox").glob("*.pgp")))
    return found


def states(office: Office, trackings: list[str]) -> set[str]:
    return {str(office.row(one).state) for one in trackings}


def move_away(folder: Path, *, and_put: bool = True) -> Path:
    """What a mount that is down leaves behind: the bare folder under it."""
    kept = folder.with_name(f"{folder.name}-mounted")
    folder.rename(kept)
    if and_put:
        folder.mkdir()
    return kept


def put_back(kept: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    kept.rename(folder)
