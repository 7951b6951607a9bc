"""No federal access (Utah 53E-9-308, R277-484-6): every way in is tried from outside, and every trial is in the log."""

import csv
import json
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import refusals
from broker.cli.main import build
from broker.core.errors import NotDone, OperatorError
from broker.core.flow import Stage
from broker.core.model import PartyKind
from broker.edge.pgp import keyring
from broker.edge.sftp.hostkey import generate, public_line
from handlers.registry import HANDLERS
from tests.bench.load import Lea
from tests.support import desk
from tests.support.gpg import Gpg
from tests.support.office import Office

WHY = ("--who", "J. Doe", "--why", "the law asks for it")
LAW = ("--law", "10 USC 2164")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class State:
    """The state's operator, at the exchange's own machine, and what she has at hand."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"

    def run(self, *words: object, home: bool = True) -> Ended:
        arguments = [*map(str, words), *(["--home", str(self.home)] if home else [])]
        ended = CliRunner().invoke(build(arguments), arguments)
        if isinstance(ended.exception, OperatorError):  # as `main` tells it
            return Ended(1, ended.stdout, f"{ended.exception}\n")
        if isinstance(ended.exception, NotDone):
            return Ended(refusals.exit_code(ended.exception), ended.stdout, f"{refusals.sentence(ended.exception)}\n")
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    def ok(self, *words: object) -> str:
        ended = self.run(*words)
        assert ended.code == 0, ended.err
        return ended.out

    def certificate(self, user_id: str, name: str = "key") -> Path:
        path = self.root / f"{name}.asc"
        path.write_bytes(keyring.public(keyring.generate(user_id, "cv25519", datetime.now(UTC), None)))
        return path

    def ssh_key(self, comment: str, name: str = "id") -> Path:
        path = self.root / f"{name}.pub"
        path.write_text(f"{public_line(generate())} {comment}\n")
        return path

    def add(self, lea: str, user_id: str, *more: object, name: str = "") -> Ended:
        """By the name that is in the user id, where there is no other."""
        cert = self.certificate(user_id, lea)
        name = name or user_id.partition(" <")[0]
        return self.run("lea", "add", lea, "--name", name, "--kind", "district", "--cert", cert, *more)

    def leas(self) -> dict[str, list[str]]:
        """The parties and the fingerprints of the keys that they have."""
        return {one["id"]: [key["fingerprint"] for key in one["keys"]] for one in self.json("lea", "list")}

    def json(self, *words: object) -> Any:
        return json.loads(self.ok(*words, "--json"))

    def log(self) -> list[dict[str, str]]:
        """The disclosure log, but for the lines of its own being read."""
        lines: list[dict[str, str]] = json.loads(self.ok("disclosures", "--all", "--json"))
        return [one for one in lines if one["action"] != "read-disclosures"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path)
    assert made.run("init", made.home, home=False).code == 0
    return made


def refused(ended: Ended, host: str) -> None:
    assert ended.code == 1, ended.out + ended.err
    assert "[federal-domain]" in ended.err
    assert host in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_there_is_no_federal_kind_of_party_nor_of_receiver(state: State) -> None:
    assert {str(kind) for kind in PartyKind} == {"district", "charter", "state", "higher-ed"}
    for kind in ("federal", "Federal", "agency", "", "military", "district\n", "state,federal"):
        ended = state.run("lea", "add", "F1", "--name", "F", "--kind", kind, "--cert", state.certificate("a@b.org"))
        assert (ended.code, state.leas()) == (2, {})
        assert "no other kind of party" in ended.err
    kinds = set().union(*(handler.senders | handler.receivers for handler in HANDLERS.values()))
    assert kinds <= set(PartyKind)


@pytest.mark.parametrize(
    ("user_id", "host"),
    [
        ("Records <records@army.mil>", "army.mil"),
        ("Records <RECORDS@ARMY.MIL>", "army.mil"),
        ("Records <records@mail.hill.af.mil>", "mail.hill.af.mil"),
        ("Records <records@army.mil.>", "army.mil"),
        ("Records <records@xn--army-.mil>", "army.mil"),
        ("Records <records@ａｒｍｙ。ｍｉｌ>", "army.mil"),
        ("Records <records@army.m\u200bil>", "army.mil"),
        ("Records (dodea.edu) <records@canyon.org>", "dodea.edu"),
        ("Records <records@unknown-agency.gov>", "unknown-agency.gov"),
        ("Records <records@fs.fed.us>", "fs.fed.us"),
        ("records[at]ed[dot]gov", "ed.gov"),
    ],
)
def test_a_certificate_with_a_federal_user_id(state: State, user_id: str, host: str) -> None:
    refused(state.add("01", user_id), host)
    assert state.leas() == {}
    assert not (state.home / "leas" / "01").exists()
    line = next(one for one in state.log() if one["purpose"] == host)
    assert (line["action"], line["outcome"], line["party"], line["ground"]) == ("join", "refused", "01", "federal")
    assert "no federal party" in line["sentence"]


def test_names_of_states_and_places_are_none(state: State) -> None:
    assert state.add("01", "Board <it@schools.utah.gov>").code == 0
    refused(state.add("02", "City <it@provo.gov>"), "provo.gov")
    (state.home / "federal.toml").write_text('allowed = ["provo.gov"]\n')
    assert state.add("02", "City <it@provo.gov>").code == 0
    (state.home / "federal.toml").write_text('allowed = ["army.mil"]\n')
    assert "cannot be allowed" in state.add("03", "x <x@y.org>").err


def test_one_of_several_user_ids_is_enough_also_one_that_is_revoked(state: State) -> None:
    with Gpg() as gpg:
        made = gpg.generate("Canyon <it@canyon.org>")
        gpg.run("--quick-add-uid", made, "Canyon <canyon@dodea.edu>")
        gpg.run("--quick-add-uid", made, "Canyon <office@canyon.org>")
        both = gpg.export(made)
        gpg.run("--quick-revoke-uid", made, "Canyon <canyon@dodea.edu>")
        withdrawn = gpg.export(made)
    for content in (both, withdrawn):
        path = state.root / "both.asc"
        path.write_bytes(content)
        refused(state.run("lea", "add", "01", "--name", "C", "--kind", "district", "--cert", path), "dodea.edu")
    assert state.leas() == {}


def test_the_comment_of_an_ssh_key_and_the_name_of_a_party(state: State) -> None:
    refused(state.add("01", "C <it@canyon.org>", "--ssh-key", state.ssh_key("ops@army.mil")), "army.mil")
    keys = ("--ssh-key", state.ssh_key("anna@laptop", "good"), "--ssh-key", state.ssh_key("two words ops@ARMY.mil."))
    refused(state.add("01", "C <it@canyon.org>", *keys), "army.mil")
    refused(state.add("01", "C <it@canyon.org>", name="Schools of dodea.edu"), "dodea.edu")
    assert state.add("army.mil", "C <it@canyon.org>").code == 2  # no id has a dot
    assert state.leas() == {}
    assert state.add("01", "C <it@canyon.org>", "--ssh-key", state.root / "good.pub").code == 0


def test_keys_that_come_later(state: State) -> None:
    state.add("01", "Canyon <it@canyon.org>")
    before = state.leas()
    refused(state.run("lea", "key", "01", "--cert", state.certificate("F <f@army.mil>")), "army.mil")
    refused(state.run("lea", "key", "01", "--ssh-key", state.ssh_key("f@army.mil")), "army.mil")
    with Gpg() as gpg:  # a newer form of a key that is known
        made = gpg.generate("Canyon <it@canyon.org>")
        path = state.root / "grown.asc"
        path.write_bytes(gpg.export(made))
        state.ok("lea", "key", "01", "--cert", path)
        gpg.run("--quick-add-uid", made, "Canyon <canyon@dodea.edu>")
        path.write_bytes(gpg.export(made))
        refused(state.run("lea", "key", "01", "--cert", path), "dodea.edu")
        gpg.revoke(made)
        path.write_bytes(gpg.export(made))
        assert "key-revoked" in state.ok("lea", "key", "01", "--cert", path)  # a revocation is never kept out
    assert set(before["01"]) < set(state.leas()["01"])
    assert [one["what"].split()[0] for one in state.log()] == ["certificate", "ssh-key", "certificate"]


@pytest.mark.parametrize(
    ("setting", "value", "section"),
    [("host", "sftp.army.mil", "sftp"), ("url", "redis://x:y@cache.ed.gov/0", "redis")],
)
def test_a_host_of_the_installation(state: State, setting: str, value: str, section: str) -> None:
    path = state.home / "satchel.toml"
    text = re.sub(rf'(?ms)^(\[{section}\].*?^{setting} = )""', rf'\1"{value}"', path.read_text())
    assert value in text
    path.write_text(text)
    for command in (("up",), ("sshd-config", "--keys", state.root / "keys")):
        ended = state.run(*command)
        refused(ended, "army.mil" if section == "sftp" else "ed.gov")
        assert "x:y" not in ended.err
    refused(state.add("01", "C <it@canyon.org>"), "army.mil" if section == "sftp" else "ed.gov")
    host = "army.mil" if section == "sftp" else "ed.gov"
    state.ok("exception", "add", host, *LAW, *WHY)
    assert state.add("01", "C <it@canyon.org>").code == 0
    state.ok("sshd-config", "--keys", state.root / "keys")


def test_an_exception_is_recorded_lets_in_and_is_in_the_log(state: State) -> None:
    refused(state.add("01", "D <d@eu.dodea.edu>"), "eu.dodea.edu")
    for wrong in (("mil",), ("gov",), ("utah.gov",), ("canyon.org",)):
        assert state.run("exception", "add", *wrong, *LAW, *WHY).code == 2
    assert state.run("exception", "add", "dodea.edu", "--law", " ", *WHY).code == 2
    assert state.run("exception", "add", "dodea.edu", *LAW, "--who", "a\nb", "--why", "c").code == 1
    state.ok("exception", "add", "DoDEA.edu.", *LAW, *WHY)
    assert "already" in state.run("exception", "add", "dodea.edu", *LAW, *WHY).err
    assert state.add("01", "D <d@eu.dodea.edu>", "--ssh-key", state.ssh_key("ops@dodea.edu")).code == 0
    refused(state.add("02", "D <d@army.mil>"), "army.mil")  # another agency
    told = [(one["action"], one["outcome"], one["party"], one["ground"], one["purpose"]) for one in state.log()]
    assert told == [
        ("join", "refused", "01", "federal", "eu.dodea.edu"),
        ("record-exception", "allowed", "", "legal-exception", "10 USC 2164: the law asks for it"),
        ("join", "allowed", "01", "legal-exception", "eu.dodea.edu"),
        ("join", "allowed", "01", "legal-exception", "dodea.edu"),
        ("join", "refused", "02", "federal", "army.mil"),
    ]
    assert state.log()[1]["actor"] == "J. Doe"
    assert "dodea.edu: 10 USC 2164. Recorded" in state.ok("exception", "list")
    (known,) = state.json("exception", "list")
    assert (known["domain"], known["ended_at"]) == ("dodea.edu", None)


def test_when_it_ends_what_it_let_in_is_taken_back(state: State) -> None:
    """A key whose only ground was the exception must not receive one more packet; other parties keep theirs."""
    state.ok("exception", "add", "dodea.edu", *LAW, *WHY)
    state.ok("exception", "add", "eu.dodea.edu", *LAW, *WHY)
    state.add("01", "D <d@pacific.dodea.edu>", "--ssh-key", state.ssh_key("anna@laptop"))
    state.add("02", "E <e@eu.dodea.edu>")
    state.add("03", "C <c@canyon.org>", "--ssh-key", state.ssh_key("ops@dodea.edu", "theirs"))
    state.ok("lea", "key", "03", "--ssh-key", state.ssh_key("carla@laptop", "own"))
    state.ok("lea", "key", "03", "--cert", state.certificate("C <c2@dodea.edu>", "second"))
    before = state.leas()
    out = json.loads(state.ok("exception", "end", "dodea.edu", *WHY, "--json"))
    after = state.leas()
    assert (len(before["01"]), after["01"]) == (1, [])
    assert after["02"] == before["02"]  # the narrower exception stands
    assert (len(before["03"]), len(after["03"])) == (2, 1)
    taken = [(one["party"], one["what"].split()[0]) for one in out["taken_back"]]
    assert taken == [("01", "certificate"), ("01", "ssh-key"), ("03", "certificate"), ("03", "ssh-key")]
    assert (state.home / "leas" / "02" / "directory" / "01.asc").read_text() == ""
    keys = state.root / "keys"
    state.ok("sshd-config", "--keys", keys)
    assert (keys / "01").read_text() == ""
    own = (state.root / "own.pub").read_text().split()[1]
    assert re.findall(r"ssh-ed25519 (\S+)", (keys / "03").read_text()) == [own]
    assert [one["outcome"] for one in state.log()[-5:]] == ["allowed", *["refused"] * 4]
    assert "No exception stands" in state.run("exception", "end", "dodea.edu", *WHY).err
    refused(state.run("lea", "key", "01", "--cert", state.root / "01.asc"), "pacific.dodea.edu")
    state.ok("exception", "add", "dodea.edu", *LAW, *WHY)
    state.ok("lea", "key", "01", "--cert", state.root / "01.asc")
    assert state.leas()["01"] == before["01"]


def test_the_log_is_written_to_a_file_for_this_user_only(state: State) -> None:
    refused(state.add("01", "F <f@army.mil>", name="A school"), "army.mil")
    out = state.root / "log.csv"
    assert "2 lines." in state.ok("disclosures", "--all", "--out", out)  # and that the log is read
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["action"] == "join"
    assert rows[0]["sentence"].startswith("On ")
    assert state.run("disclosures").code == state.run("disclosures", "1", "--all").code == 2
    assert state.run("disclosures", "--all", "--json", "--format", "csv").code == 2
    assert "No student has" in state.run("disclosures", "1000000019").err


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"), "01", "6G")


@pytest.fixture
def theirs(office: Office) -> State:
    """The operator of that exchange."""
    return State(office.exchange.home.parent)


def test_no_address_leads_to_a_federal_name(office: Office) -> None:
    student = desk.child("Ana", "Reyes", "2012-03-04")
    ssid = office.enroll("01", student)[0]["ssid"]
    for name in ("army.mil", "ed.gov", "federal", "US", "exchange"):
        row = office.send("01", desk.record("01", student | {"ssid": ssid}, to=name))
        assert row.state == "REFUSED", name
        assert row.code in ("unknown-receiver", "schema")
        assert row.receiver == ""


def test_nothing_is_delivered_after_the_end_of_an_exception(office: Office, theirs: State) -> None:
    """Not even what was on its way; and nothing that the party signs is taken in."""
    theirs.ok("exception", "add", "dodea.edu", *LAW, *WHY)
    secret = keyring.generate("D <d@dodea.edu>", "cv25519", datetime.now(UTC), None)
    office.leas["07"] = Lea("07", "district", secret, keyring.public(secret))
    office.exchange.add("07", office.leas["07"].certificate, name="D")
    (line,) = office.enroll("07", desk.child("Bo", "Yazzie", "2011-05-06"))  # the answer comes to its inbox
    assert line["answer"] == "assigned"
    before = len(office.exchange.inbox("07"))
    assert before > 0
    own = desk.enrollment("07", desk.child("Cy", "Begay", "2010-07-08"))
    office.drop("07", own)
    office.work(Stage.ADMIT)  # and the answer to this one waits to be delivered
    theirs.ok("exception", "end", "dodea.edu", *WHY)
    office.work()
    assert len(office.exchange.inbox("07")) == before
    waiting = [one for one in office.exchange.packets(lea="07") if one["receiver"] == "07" and one["state"] == "HELD"]
    assert {one["held_for"] for one in waiting} == {"receiver-key"}
    late = office.send("07", desk.enrollment("07", desk.child("Di", "Nez", "2010-09-10")))
    assert (late.state, late.code) == ("REFUSED", "wrong-signer")


def test_reads_of_the_operator_are_in_the_students_log(office: Office, theirs: State) -> None:
    ssid = office.enroll("01", desk.child("Eli", "Whitehorse", "2012-03-05"))[0]["ssid"]
    assert "Whitehorse" in theirs.ok("student", "show", ssid, "--who", "J. Doe", "--why", "the LEA called")
    theirs.ok("student", "show", ssid)
    assert theirs.run("student", "show", ssid, "--why", "a\nb").code == 1
    assert theirs.run("student", "show", "9999999999").code == 1
    lines = json.loads(theirs.ok("disclosures", ssid, "--json"))
    first, second = (one for one in lines if one["action"] == "read-registry")
    assert (first["party"], first["ground"]) == (second["party"], second["ground"]) == ("", "state-duty")
    assert (first["actor"], first["purpose"]) == ("J. Doe", "the LEA called")
    assert second["actor"]
    story = theirs.ok("disclosures", ssid)
    assert "the state's operator (J. Doe) read the student's names, birth date and schools" in story
    assert story.splitlines()[-1].count("the list of who was given the student's records") == 1  # this very look
    assert "Whitehorse" not in story + json.dumps(lines)


def test_a_question_that_is_looked_at_is_in_the_log_of_its_candidates(office: Office, theirs: State) -> None:
    ssid = office.enroll("01", desk.child("Maria", "Lopez Reyes", "2012-03-04"))[0]["ssid"]
    (line,) = office.enroll("6G", desk.child("Mario", "Lopez Reyes", "2012-03-04"))
    assert line["answer"] == "review"
    (question,) = json.loads(theirs.ok("review", "list", "--json"))
    theirs.ok("review", "show", question["tracking"], "--who", "J. Doe")
    (read,) = (one for one in json.loads(theirs.ok("disclosures", ssid, "--json")) if one["action"] == "read-review")
    assert (read["actor"], read["tracking"], read["ground"]) == ("J. Doe", question["tracking"], "state-duty")
