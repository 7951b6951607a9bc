"""How the demo prints headings, sentences and checks; and how it opens the files on a desk.

Promises: a check that fails ends the demo.
"""

import json
import re
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from rich.text import Text

from broker.demo.stage import CONSOLE, DemoFailed, Stage, satchel, wait_for

_FINGERPRINT = re.compile(r"\b[0-9A-F]{24}([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})([0-9A-F]{4})\b")
_TRACKING = re.compile(r"\b([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{8}([0-9a-f]{4})\b")
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[0-9:.]*\+00:00")


class Steps:
    """Numbered headings."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, title: str) -> None:
        """Print the next heading."""
        self._number += 1
        CONSOLE.print(f"\n[bold cyan]{self._number}. {title}[/]")


step = Steps()


def tell(text: str) -> None:
    """Print what happened, in the secretary's words; line breaks in the text stay."""
    for line in text.splitlines():
        CONSOLE.print(_wrapped(line, "   "), soft_wrap=True)


def check(held: bool, what: str) -> None:
    """Check a promise, and print it."""
    if not held:
        raise DemoFailed(what)
    shown = _wrapped(what, "   ✓ ")
    shown.stylize("green", 3, 4)
    CONSOLE.print(shown, soft_wrap=True)


def _wrapped(text: str, before: str) -> Text:
    """Lines that begin below each other, and break only at blanks, so that a path can be copied whole."""
    lines = textwrap.TextWrapper(
        CONSOLE.width, before, " " * len(before), break_long_words=False, break_on_hyphens=False
    )
    return Text(lines.fill(text))


def desk_keys(stage: Stage, lea: str) -> list[str]:
    """The options that `satchel open` needs on this desk."""
    directory = stage.home / "leas" / lea / "directory"
    return ["--key", str(stage.desk(lea) / "secret.asc"), "--directory", str(directory)]


def brief(stage: Stage, text: str) -> str:
    """A command's own words, shortened: files relative to the demo's folder, long keys and tracking ids by their ends,
    and times to the minute."""
    text = text.replace(f"{stage.root}/", "")
    text = _FINGERPRINT.sub(lambda found: "… " + " ".join(found.groups()), text)
    text = _TIME.sub(r"\1 \2 UTC", text)
    return _TRACKING.sub(r"\1…\2", text)


def open_newest(stage: Stage, lea: str, kind: str, suffix: str = ".json") -> tuple[Path, Path, str]:
    """Fetch the inbox, and open the newest packet of a type that is not open yet: returns the sealed file, the opened
    one, and the command's sentence."""

    def look() -> list[Path]:
        if stage.inbox(lea, kind):
            stage.fetch(lea)
        there = (stage.desk(lea) / "fetched").rglob(f"*.{kind}.pgp")
        return [path for path in there if not path.with_suffix(suffix).exists()]

    newest = max(wait_for(look, f"a packet of the type {kind} for {lea}"))
    opened = newest.with_suffix(suffix)
    said = satchel("open", str(newest), *desk_keys(stage, lea), "--out", str(opened))
    return newest, opened, brief(stage, said.strip())


def read_newest(stage: Stage, lea: str, kind: str) -> dict[str, Any]:
    """The document in the newest packet of a type."""
    found: dict[str, Any] = json.loads(open_newest(stage, lea, kind)[1].read_text())
    return found


def check_with_gpg(stage: Stage, lea: str, sealed: Path, writer: str) -> None:
    """Check that plain gpg names the same signer."""
    if not shutil.which("gpg"):
        tell("(gpg is not installed here, so this is shown with Satchel's own program only.)")
        return
    ring = tempfile.mkdtemp(prefix="satchel-demo-gpg-")
    gpg = ["gpg", "--homedir", ring, "--batch", "--quiet"]
    try:
        keys = [stage.desk(lea) / "secret.asc", stage.home / "leas" / lea / "directory" / f"{writer}.asc"]
        subprocess.run([*gpg, "--import", *map(str, keys)], check=True, capture_output=True)
        ended = subprocess.run([*gpg, "--decrypt", str(sealed)], check=True, capture_output=True)
    finally:
        subprocess.run(["gpgconf", "--homedir", ring, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(ring, ignore_errors=True)
    good = "Good signature from" in ended.stderr.decode("utf-8", "replace")
    check(good, "plain gpg opens it and says: Good signature from the district")


def body(path: Path) -> str:
    """The JSON inside a signed receipt."""
    text = path.read_text()
    return text[text.index("{") : text.index("-----BEGIN PGP SIGNATURE")]


def cases(stage: Stage, *options: str) -> list[dict[str, Any]]:
    """The state's list of transfers."""
    said = satchel("transfers", "--json", *options, "--home", str(stage.home))
    found: list[dict[str, Any]] = json.loads(said)["transfers"]
    return found


def wait_for_case(stage: Stage, ssid: str, state: str) -> dict[str, Any]:
    """Wait until the student's case is in this state; returns the case."""

    def look() -> dict[str, Any] | None:
        mine = [one for one in cases(stage, "--state", "all") if one["ssid"] == ssid]
        return mine[-1] if mine and mine[-1]["state"] == state else None

    found: dict[str, Any] = wait_for(look, f"the transfer of {ssid} {state}")
    return found
