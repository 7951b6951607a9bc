"""The story: three districts, two charter schools and a university; students move, and their records follow.

Promises: every step is really done and really checked; the program ends with 0 only when all checks passed.
"""

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from broker.demo import cast, moves, university
from broker.demo.stage import CONSOLE, DemoFailed, Stage, satchel
from broker.demo.telling import body, brief, check, read_newest, step, tell

ROOT = Path(__file__).resolve().parents[2] / "demo-home"


def found_exchange(stage: Stage) -> None:
    """The exchange is set up, and its parties join."""
    step("The state sets up the exchange")
    stage.build()
    tell("Its own key, its settings and its ledger are in one folder. Nothing else is installed.")
    tell(f"This demo keeps everything in {stage.root}")
    tell("Files are named below as they lie there.")
    step("Six parties join; each makes its own keys and hands over only the public half")
    with ThreadPoolExecutor(2) as pool:  # each on its own computer
        list(pool.map(stage.make_keys, cast.MEMBERS))
    for member in cast.MEMBERS:
        stage.enroll_party(member)
        tell(f"{member.id}  {member.name} ({member.kind})")
    stage.up()
    tell("The exchange is running.")


def enroll_everyone(stage: Stage) -> dict[tuple[str, int], str]:
    """Every student gets one number; returns the numbers by LEA and place in its list."""
    step("The districts tell which students they have; every student gets one number, the SSID")
    districts = ("01", "02", "03")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda lea: stage.seal_and_send(lea, "enrollment", cast.enrollment(lea)), districts))
    answers = {lea: read_newest(stage, lea, "ssid")["students"] for lea in districts}
    for lea, lines in answers.items():
        tell(f"District {lea}: " + ", ".join(f"{one['legal_name']['first']} is {one['ssid']}" for one in lines))
    numbers = {(lea, n): str(one["ssid"]) for lea, lines in answers.items() for n, one in enumerate(lines)}
    check(len(set(numbers.values())) == len(numbers) == 6, "six students, six different numbers")
    return numbers


def refusals(stage: Stage) -> None:
    """Mistakes are reported in plain words."""
    step("Two mistakes, and what the sender is told")
    careless = stage.desk("02") / "oops.pgp"
    careless.write_text("not sealed at all")
    tell(f"`satchel send` does not send what is not sealed: “{brief(stage, stage.send_raw('02', careless))}”")
    tell(f"A file that is not sealed: “{json.loads(body(stage.receipt('02', 'oops.pgp', 'refused')))['means']}”")
    stage.seal_and_send("7K", "wrong-from", cast.record("01", 1, "1000000019"))
    said = json.loads(body(stage.receipt("7K", "wrong-from.pgp", "refused")))
    tell(f"A charter that writes in a district's name: “{said['means']}”")
    check(said["code"] == "from-mismatch", "refused, and nothing went anywhere")


def prove(stage: Stage) -> None:
    """Both ends can prove the delivery, offline."""
    step("Both ends hold signed receipts; anyone can check them without the exchange")
    certificate = str(stage.home / "exchange.asc")
    sent = [stage.receipt("01", "ana-record.pgp", state) for state in ("received", "delivered", "collected")]
    got = [stage.find_receipt("6G", state, "student-record") for state in ("delivered", "collected")]
    for who, paths in (("District 01", sent), ("Summit", got)):
        for path in paths:
            said = satchel("receipt", "verify", str(path), "--cert", certificate)
            check("Good signature" in said, f"{who}: {brief(stage, said.strip().splitlines()[-1])}")


def where(stage: Stage, copy: Path, keep: bool) -> None:
    """The end: where everything is."""
    CONSOLE.print(f"\n[bold]Everything lies in {stage.root}[/]")
    places = {
        "the exchange": stage.home,
        "each LEA's own computer": stage.desks,
        "the copy for Ana's parents": copy,
        "Summit's receipts": stage.home / "leas" / "6G" / "receipts",
    }
    for what, path in places.items():
        tell(f"{what}: {path.relative_to(stage.root)}")
    tell("To look at the exchange:")
    command = f"   {Path(sys.executable).with_name('satchel')} status --home {stage.home}"
    CONSOLE.print(command, soft_wrap=True, markup=False)  # one line, for copying
    if keep:
        CONSOLE.print("\n[bold]It stays up. Log in as Summit with any SFTP program, for example:[/]")
        key = stage.desk("6G") / "id_ed25519"
        CONSOLE.print(f"   sftp -P {stage.port} -i {key} 6G@127.0.0.1", soft_wrap=True)
        tell("Press Ctrl-C to stop.")


def play(stage: Stage) -> Path:
    """Play all scenes; returns the folder with the parents' copy."""
    found_exchange(stage)
    numbers = enroll_everyone(stage)
    moves.night(stage, numbers[cast.ANA])
    moves.move(stage, numbers[cast.ANA])
    moves.late(stage, numbers[cast.NOAH])
    moves.missing(stage, numbers[cast.GRACE])
    university.transcript(stage, numbers[cast.SOPHIE])
    copy = moves.parents(stage, numbers[cast.ANA])
    refusals(stage)
    prove(stage)
    return copy


def main() -> int:
    """Play the demo; returns 0 when every check passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="stay up at the end")
    parser.add_argument("--root", type=Path, default=ROOT)
    chosen = parser.parse_args()
    stage = Stage(chosen.root.absolute())
    try:
        where(stage, play(stage), chosen.keep)
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
