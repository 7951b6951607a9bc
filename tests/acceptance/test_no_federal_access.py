"""No federal access (Utah 53E-9-308, R277-484-6): every way in is tried from outside, and every trial is in the log."""

import csv
import json
import re
import stat
from pathlib import Path

import pytest

from broker.core.model import PartyKind
from handlers.registry import HANDLERS
from tests.support.federal import Ended, State
from tests.support.gpg import Gpg

WHY = ("--who", "J. Doe", "--why", "the law asks for it")
LAW = ("--law", "10 USC 2164")


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
