"""The story: three districts, two charter schools and a university; one student moves, and her record follows.

Promises: every step is really done and really checked; the program ends with 0 only when all of them held.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from broker.demo import cast
from broker.demo.stage import CONSOLE, DemoFailed, Stage, satchel, wait_for

ROOT = Path(__file__).resolve().parents[2] / "demo-home"


def step(number: int, title: str) -> None:
    """A heading."""
    CONSOLE.print(f"\n[bold cyan]{number}. {title}[/]")


def tell(text: str) -> None:
    """What happened, in the secretary's words."""
    CONSOLE.print(f"   {text}")


def check(held: bool, what: str) -> None:
    """A promise that must have held."""
    if not held:
        raise DemoFailed(what)
    CONSOLE.print(f"   [green]✓[/] {what}")


def found_exchange(stage: Stage) -> None:
    """Steps 1 and 2: the house and its members."""
    step(1, "The state sets up the exchange")
    stage.build()
    tell("Its own key, its settings and its ledger are in one folder. Nothing else is installed.")
    step(2, "Six parties join; each makes its own keys and hands over only the public half")
    for member in cast.MEMBERS:
        stage.enroll_party(member)
        tell(f"{member.id}  {member.name} ({member.kind})")
    stage.up()
    tell("The exchange is running.")


def enroll_everyone(stage: Stage) -> str:
    """Step 3: every student gets one number; returns the mover's."""
    step(3, "The districts tell which students they have; every student gets one number, the SSID")
    for lea in ("01", "02", "03"):
        stage.seal_and_send(lea, "enrollment", cast.enrollment(lea))
    for lea in ("01", "02", "03"):
        stage.receipt(lea, "enrollment.pgp", "applied")
    answers = {lea: read_answer(stage, lea) for lea in ("01", "02", "03")}
    for lea, lines in answers.items():
        tell(f"District {lea}: " + ", ".join(f"{one['legal_name']['first']} is {one['ssid']}" for one in lines))
    numbers = [one["ssid"] for lines in answers.values() for one in lines]
    check(len(set(numbers)) == len(numbers) == 6, "six students, six different numbers")
    lea, number = cast.MOVER
    return str(answers[lea][number]["ssid"])


def read_answer(stage: Stage, lea: str) -> list[dict[str, Any]]:
    """The exchange's sealed answer to an enrollment, opened on the LEA's desk."""
    wait_for(lambda: stage.inbox(lea, "ssid"), f"the answer for {lea}")
    into = stage.fetch(lea)
    newest = max(into.rglob("*.ssid.pgp"))
    opened = newest.with_suffix(".json")
    satchel("open", str(newest), *desk_keys(stage, lea), "--out", str(opened))
    lines: list[dict[str, Any]] = json.loads(opened.read_text())["students"]
    return lines


def desk_keys(stage: Stage, lea: str) -> list[str]:
    """What `satchel open` needs on this desk."""
    directory = stage.home / "leas" / lea / "directory"
    return ["--key", str(stage.desk(lea) / "secret.asc"), "--directory", str(directory)]


def move(stage: Stage, ssid: str) -> Path:
    """Steps 4 to 6: Ana moves; returns the sealed file as Summit has it."""
    step(4, "Ana's family moves. District 01 sends her record at once, before any school has enrolled her")
    stage.seal_and_send("01", "ana-record", cast.record(*cast.MOVER, ssid))
    held = stage.receipt("01", "ana-record.pgp", "held")
    tell(f"The exchange answers: “{json.loads(body(held))['means']}”")
    check(not any(stage.inbox(one.id, "student-record") for one in cast.MEMBERS), "nobody has received anything")
    step(5, "Summit Charter School enrolls Ana. It does not know her number")
    stage.seal_and_send("6G", "new-student", cast.move_in("6G"))
    answer = read_answer(stage, "6G")[0]
    check((answer["answer"], answer["ssid"]) == ("matched", ssid), "the exchange knows Ana: the same number as before")
    step(6, "By itself, the record goes to Summit's inbox, and to nobody else's")
    stage.receipt("01", "ana-record.pgp", "delivered")
    others = [one.id for one in cast.MEMBERS if one.id != "6G" and stage.inbox(one.id, "student-record")]
    check(not others, "it lies in 6G's inbox and in no other")
    into = stage.fetch("6G")
    return next(into.rglob("*.student-record.pgp"))


def body(path: Path) -> str:
    """The JSON inside a signed receipt."""
    text = path.read_text()
    return text[text.index("{") : text.index("-----BEGIN PGP SIGNATURE")]


def open_it(stage: Stage, sealed: Path) -> None:
    """Step 7: the receiver opens it and sees who wrote it."""
    step(7, "Summit opens the record on its own computer")
    opened = sealed.with_suffix(".json")
    said = satchel("open", str(sealed), *desk_keys(stage, "6G"), "--out", str(opened))
    tell(said.strip())
    check("Canyon School District" in said, "the signature is the sending district's own")
    courses = json.loads(opened.read_text())["record"]["course_history"]
    tell("Courses: " + ", ".join(f"{one['title']} {one['mark']}" for one in courses))
    if shutil.which("gpg"):
        check(
            "Good signature from" in open_with_gpg(stage, sealed),
            "plain gpg says so too: Good signature from the district",
        )
    else:
        tell("(gpg is not installed here, so this step is shown with Satchel's own program only.)")


def open_with_gpg(stage: Stage, sealed: Path) -> str:
    """Decrypt with plain gpg, in a key ring of its own; what gpg prints."""
    ring = tempfile.mkdtemp(prefix="satchel-demo-gpg-")
    gpg = ["gpg", "--homedir", ring, "--batch", "--quiet"]
    try:
        keys = [stage.desk("6G") / "secret.asc", stage.home / "leas" / "6G" / "directory" / "01.asc"]
        subprocess.run([*gpg, "--import", *map(str, keys)], check=True, capture_output=True)
        ended = subprocess.run([*gpg, "--decrypt", str(sealed)], check=True, capture_output=True)
    finally:
        subprocess.run(["gpgconf", "--homedir", ring, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(ring, ignore_errors=True)
    return ended.stderr.decode("utf-8", "replace")


def refusals(stage: Stage) -> None:
    """Step 8: what goes wrong is said in plain words."""
    step(8, "Two mistakes, and what the sender is told")
    careless = stage.desk("02") / "oops.pgp"
    careless.write_text("not sealed at all")
    stage.send_raw("02", careless)
    tell(f"A file that is not sealed: “{json.loads(body(stage.receipt('02', 'oops.pgp', 'refused')))['means']}”")
    stage.seal_and_send("7K", "wrong-from", cast.record("01", 1, "1000000019"))
    said = json.loads(body(stage.receipt("7K", "wrong-from.pgp", "refused")))
    tell(f"A charter that writes in a district's name: “{said['means']}”")
    check(said["code"] == "from-mismatch", "refused, and nothing went anywhere")


def prove(stage: Stage) -> None:
    """Step 9: both ends can prove it, offline."""
    step(9, "Both ends hold signed receipts; anyone can check them without the exchange")
    certificate = str(stage.home / "exchange.asc")
    for lea, states in (("01", ("received", "admitted", "delivered", "collected")), ("6G", ("delivered", "collected"))):
        for state in states:
            path = stage.receipt("01", "ana-record.pgp", state) if lea == "01" else receiver_receipt(stage, state)
            said = satchel("receipt", "verify", str(path), "--cert", certificate)
            check("Good signature" in said, f"{lea}: {said.strip().splitlines()[-1]}")


def receiver_receipt(stage: Stage, state: str) -> Path:
    """The receipt about Ana's record in Summit's folder."""
    return stage.find_receipt("6G", state, "student-record")


def where(stage: Stage, keep: bool) -> None:
    """The end: where everything lies."""
    CONSOLE.print(f"\n[bold]Everything lies in {stage.root}[/]")
    tell(f"the exchange: {stage.home}   (satchel status --home {stage.home})")
    tell(f"each LEA's own computer: {stage.desks}")
    tell(f"Summit's receipts: {stage.home / 'leas' / '6G' / 'receipts'}")
    if keep:
        CONSOLE.print("\n[bold]It stays up. Log in as Summit with any SFTP program, for example:[/]")
        key = stage.desk("6G") / "id_ed25519"
        CONSOLE.print(f"   sftp -P {stage.port} -i {key} 6G@127.0.0.1", soft_wrap=True)
        tell("Press Ctrl-C to stop.")


def main() -> int:
    """Play it; 0 when every promise held."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="stay up at the end")
    parser.add_argument("--root", type=Path, default=ROOT)
    chosen = parser.parse_args()
    stage = Stage(chosen.root.absolute())
    try:
        found_exchange(stage)
        ssid = enroll_everyone(stage)
        open_it(stage, move(stage, ssid))
        refusals(stage)
        prove(stage)
        where(stage, chosen.keep)
        if chosen.keep:
            stage.wait()
    except DemoFailed as failure:
        CONSOLE.print(f"\n[bold red]The demo failed:[/] {failure}")
        return 1
    except KeyboardInterrupt:
        tell("Stopping.")
    finally:
        stage.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
