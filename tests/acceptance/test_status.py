"""`satchel status`: 0 all is well, 3 not running, 4 something needs a person; and `satchel student find`."""

import json
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.cli.main import build
from broker.edge.home.running import names
from broker.edge.settings.file import load
from broker.processes.supervisor import plan
from tests.bench import load as bench
from tests.support import terminal
from tests.support.desk import child, enrollment
from tests.support.exchange import Exchange, satchel, wait_until
from tests.support.office import Office

ANA = child("Ana-Lucía", "Reyes Ortiz", "2012-03-04", local_id="445566")


def needs(exchange: Exchange) -> list[str]:
    return [f"{one['what']}: {one['see']}" for one in exchange.status()["needs"]]


def test_not_running_well_and_a_part_that_is_gone(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "home", enabled=True)
    try:
        ended = satchel("status", *exchange.at, check=False)
        assert (ended.returncode, ended.stderr) == (3, "")
        assert "The exchange is not running; start it with `satchel up`" in ended.stdout
        assert (exchange.status()["running"], exchange.status()["needs"]) == (False, [])
        exchange.up()
        wait_until(lambda: exchange.status()["code"] == 0, "all is well")
        assert satchel("status", *exchange.at, check=False).returncode == 0
        assert needs(exchange) == []
        pid = next(pid for name, pid in exchange.parts().items() if name.startswith("sweeper"))
        os.kill(pid, signal.SIGSTOP)  # it lives, and does nothing
        wait_until(lambda: exchange.status()["code"] == 4, "the part is missed")
        assert needs(exchange) == ["not working: sweeper: the last lines of the log of satchel up"]
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda: exchange.status()["code"] == 0, "all is well")
        assert exchange.down() == 0
        assert exchange.status()["code"] == 3
    finally:
        exchange.close()


def test_one_that_was_killed_is_not_running(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "home", enabled=False)
    exchange.up()
    assert exchange.process is not None
    exchange.process.kill()
    exchange.process.wait()
    wait_until(lambda: exchange.status()["code"] == 3, "its parts have ended, too")


def test_the_names_of_the_parts_are_those_of_the_plan(tmp_path: Path) -> None:
    for changed in ({"enabled": True, "processes": 3}, {"enabled": False}):
        exchange = Exchange(tmp_path / f"home-{len(changed)}", **changed)
        settings = load(exchange.home)
        assert names(settings) == [one.name for one in plan(settings) if one.name != "redis"]


def in_process(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(build(list(words)), list(words))
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended.exit_code, ended.output


def wants(office: Office) -> list[str]:
    """What needs a person there, while it is not running."""
    code, said = in_process("status", "--json", *office.exchange.at)
    assert code == 3
    return [f"{one['what']}: {one['see']}" for one in json.loads(said)["needs"]]


def test_a_missing_child_and_what_only_the_state_decides(tmp_path: Path) -> None:
    office = Office(tmp_path, "01", "6G", "UT", kinds={"UT": "state"})
    (line,) = office.enroll("01", ANA)
    satchel("student", "flag", line["ssid"], "--who", "Jo", "--why", "the police", *office.exchange.at)
    assert wants(office) == []
    question = office.send("6G", enrollment("6G", child("Ana-Lucía", "Reyes Ortiz", "2012-04-03")))
    told = wants(office)
    assert any("nobody has seen" in one and one.endswith(": satchel alerts") for one in told), told
    ids = [str(one["id"]) for one in json.loads(satchel("alerts", "--json", *office.exchange.at).stdout)]
    satchel("alerts", "seen", *ids, "--who", "Jo", *office.exchange.at)
    assert wants(office) == []
    office.answer("6G", question.tracking, 0, "new")
    told = wants(office)
    assert "1 question that only the state may decide: satchel review list" in told, told
    assert "Reyes" not in "".join(told)


def test_keys_that_end_and_packets_that_wait(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    short = bench.lea("77", "charter", "cv25519", 20)
    path = tmp_path / "77.asc"
    path.write_bytes(short.certificate)
    satchel("lea", "add", "77", "--name", "LEA 77", "--kind", "charter", "--cert", str(path), *office.exchange.at)
    (told,) = wants(office)
    assert told.startswith("the key of LEA 77 ends on 20")
    assert told.endswith(": satchel lea list")
    office.exchange.configure(key_days=5)
    assert wants(office) == []
    office.exchange.configure(waiting_seconds=1)
    tracking = office.drop("01", enrollment("01", ANA))
    wait_until(lambda: wants(office), "it has waited for a second")
    assert wants(office) == [f"a packet has waited for 0 minutes: satchel packet {tracking}"]
    office.work()
    assert wants(office) == []


def test_a_disk_an_inbox_and_a_password(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    office.enroll("01", ANA)
    inbox = office.exchange.folder("01", "inbox")
    inbox.rename(inbox.with_name("away"))
    inbox.mkdir()
    office.exchange.configure(reserve_bytes=2**49)
    told = wants(office)
    assert [one for one in told if "the disk is nearly full" in one and "df -h" in one]
    assert [one for one in told if "the inbox of LEA 01" in one and "satchel lea inbox 01" in one]
    _, said = in_process("status", *office.exchange.at)
    assert len([line for line in said.splitlines() if line.startswith("  ")]) == len(told)


def test_a_ledger_that_cannot_be_read(tmp_path: Path) -> None:
    home = Exchange(tmp_path / "home").home
    (home / "ledger.db").write_bytes(os.urandom(8192))
    ended = satchel("status", "--home", str(home), "--json", check=False)
    assert ended.returncode == 4
    assert "cannot be opened" in json.loads(ended.stdout)["needs"][0]["what"]
    assert "Traceback" not in ended.stderr


# --- student find


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = Office(tmp_path_factory.mktemp("find"), "01", "6G")
    others = [child("Ana", "Reyes", "2011-01-01", local_id="9"), child("Björn", "Ångström", "2012-03-04", local_id="9")]
    office.enroll("01", ANA, *others)
    office.enroll("6G", child("Mei", "李", "2013-01-01", local_id="445566"))
    return office


WHO = ("--who", "Jo Larsen", "--why", "notice of the police")


def found(registry: Office, *words: str) -> set[str]:
    said = json.loads(satchel("student", "find", *words, *WHO, "--json", *registry.exchange.at).stdout)
    return {one["name"]["first"] for one in said["students"]}


@pytest.mark.parametrize(
    ("words", "whom"),
    [
        (["--name", "reyes ana"], {"Ana-Lucía", "Ana"}),
        (["--name", "ORTIZ LUCIA"], {"Ana-Lucía"}),
        (["--name", "rey ortíz"], {"Ana-Lucía"}),
        (["--name", "angstrom"], {"Björn"}),
        (["--name", "bjorn"], {"Björn"}),
        (["--name", "nobody"], set()),
        (["--born", "2012-03-04"], {"Ana-Lucía", "Björn"}),
        (["--born", "2012-03-04", "--name", "rey"], {"Ana-Lucía"}),
        (["--local-id", "445566"], {"Ana-Lucía", "Mei"}),
        (["--local-id", "445566", "--lea", "6G"], {"Mei"}),
        (["--local-id", "9", "--lea", "6G"], set()),
        (["--name", "%%", "--born", "2012-03-04"], None),
    ],
)
def test_a_student_is_found(registry: Office, words: list[str], whom: set[str] | None) -> None:
    if whom is None:
        assert satchel("student", "find", *words, *WHO, *registry.exchange.at, check=False).returncode == 2
    else:
        assert found(registry, *words) == whom


def test_every_look_is_in_the_disclosure_log(registry: Office) -> None:
    def log() -> list[str]:
        return satchel("disclosures", "--all", *registry.exchange.at).stdout.splitlines()

    before = len(log())
    found(registry, "--name", "ortiz")
    found(registry, "--name", "nobody")
    told = [line for line in log()[before:] if "Jo Larsen" in line]  # beside that of this very look
    assert len(told) == 2
    assert all("notice of the police" in line for line in told), told


def test_a_purpose_must_be_said(registry: Office) -> None:
    ended = satchel("student", "find", "--name", "ortiz", *registry.exchange.at, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "--why" in ended.stderr
    for nothing in ([], ["--lea", "01"], ["--name", "a"], ["--born", "yesterday"]):
        ended = satchel("student", "find", *nothing, *WHO, *registry.exchange.at, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), nothing


def test_at_most_so_many_are_shown(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    firsts = [
        "Ana",
        "Bea",
        "Cleo",
        "Dora",
        "Ezra",
        "Finn",
        "Gus",
        "Hugo",
        "Ivy",
        "Jack",
        "Kira",
        "Leo",
        "Mona",
        "Nils",
        "Otto",
        "Pia",
        "Quinn",
        "Rita",
        "Sven",
        "Tess",
        "Uma",
    ]
    born = [f"{2008 + n % 9}-{1 + n % 12:02}-{1 + n:02}" for n in range(len(firsts))]
    office.enroll("01", *(child(f, "Reyes", day, local_id=f) for f, day in zip(firsts, born, strict=True)))
    ended = satchel("student", "find", "--name", "reyes", *WHO, *office.exchange.at)
    assert len([line for line in ended.stdout.splitlines() if " Reyes " in line]) == 20
    assert "These are the first 20" in ended.stdout
    _, shown = terminal.seen(["student", "find", "--name", "reyes", *WHO, *office.exchange.at], 80)
    assert len([line for line in shown if " Reyes " in line]) == 20
