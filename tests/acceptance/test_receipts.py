"""Receipts: one for every step, signed, checkable by anyone offline, and telling nobody what is not theirs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.desk import Town, child, record, town
from tests.support.exchange import SATCHEL, said_by, satchel
from tests.support.gpg import Gpg, GpgFailed

ANA = child("Anastasia", "Winterbottom", "2012-07-19", guardians=[{"first": "Philippa", "last": "Winterbottom"}])
STAYS = child("Ottilie", "Hapgood", "2010-02-02")  # is at 01 and goes nowhere
WORDS = ("Anastasia", "Winterbottom", "Philippa", "2012-07-19", "Hapgood", "Ottoline", "Confidential")
FILE = "secret-file-name-of-the-sender.pgp"
FACTS = {"receipt", "exchange", "tracking", "n", "state", "at", "code", "place", "held_for", "how", "first", "means"}
FACTS |= {"packet"}
EVERY = {"RECEIVED", "ADMITTED", "DELIVERED", "COLLECTED", "REFUSED", "HELD", "DUPLICATE", "APPLIED"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town in which everything has happened that a receipt can tell of."""
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("receipts"), parties, processes=1) as made:
        play(made)
        yield made
        assert made.bugs() == []


def play(made: Town) -> None:
    sender = made["01"]
    made.moved(ANA, "01", "6G")
    sender.enroll(STAYS)
    document = record("01", ANA, to="6G", record={"course_history": [{"school_year": 2026, "title": "Confidential"}]})
    sealed = sender.seal(document)
    sender.drop(FILE, sealed)
    made["6G"].inbox(sender.delivered(FILE)).unlink()
    sender.receipt(FILE, "COLLECTED")
    sender.drop("duplicate.pgp", sealed)
    sender.receipt("duplicate.pgp", "DUPLICATE")
    sender.send("held.pgp", record("01", STAYS))
    sender.receipt("held.pgp", "HELD")
    sender.send("review.pgp", record("01", child("Ottoline", "Hapgood", STAYS["birth_date"]), to="6G"))
    sender.receipt("review.pgp", "HELD")
    sender.send("refused.pgp", record("01", ANA | {"birth_date": "Hapgood"}, to="6G"))
    sender.refused("refused.pgp")
    sender.drop("garbage.pgp", b"Anastasia Winterbottom, 2012-07-19, garbage")
    sender.refused("garbage.pgp")


def papers(here: Town, lea: str) -> list[Path]:
    return sorted(path for path in here.exchange.folder(lea, "receipts").iterdir() if not path.name.startswith("."))


def one_of(here: Town, state: str) -> Path:
    """01's receipt about its record (or about one that was refused)."""
    file = "refused.pgp" if state == "REFUSED" else FILE
    about = [path for path in papers(here, "01") if said_by(path)["packet"].get("file") == file]
    return next(path for path in about if said_by(path)["state"] == state)


def test_there_is_one_for_every_step(here: Town) -> None:
    assert {said_by(path)["state"] for path in papers(here, "01")} == EVERY
    about = [one for one in here.exchange.receipts("01") if one["packet"].get("file") == FILE]
    assert [(one["n"], one["state"]) for one in sorted(about, key=lambda one: int(one["n"]))] == [
        (1, "RECEIVED"),
        (2, "ADMITTED"),
        (3, "DELIVERED"),
        (5, "COLLECTED"),  # 4 and 6 are the receiver's
    ]
    assert sorted(one["at"] for one in about) == [one["at"] for one in sorted(about, key=lambda one: int(one["n"]))]


def test_file_and_content_agree(here: Town) -> None:
    for lea in ("01", "6G"):
        for path in papers(here, lea):
            said = said_by(path)
            assert path.name == f"{said['tracking']}.{said['n']}.{said['state'].lower()}.json.asc"
            assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", said["tracking"])
            assert datetime.fromisoformat(said["at"]).tzinfo
            assert said["means"].count(" ") > 3
            assert set(said) <= FACTS


def test_gpg_calls_every_one_good(here: Town) -> None:
    for lea, desk in here.desks.items():
        files = papers(here, lea)
        status = desk.gpg.run("--verify-files", *map(str, files))[1]
        assert status.count("[GNUPG:] GOODSIG") == len(files) > 1
        signers = set(re.findall(r"\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$", status, re.MULTILINE))
        assert signers == {said_by(files[0])["exchange"]}
    # gpg hands out the very text that is signed
    path = one_of(here, "REFUSED")
    assert json.loads(here["01"].gpg.decrypt(path.read_bytes())[0]) == said_by(path)


def test_gpg_rejects_what_was_changed(here: Town) -> None:
    path = one_of(here, "DELIVERED")
    changed = path.read_bytes().replace(b'"6G"', b'"7K"', 1)
    assert changed != path.read_bytes()
    with pytest.raises(GpgFailed, match="BADSIG"):
        here["01"].gpg.verify(changed)


def verify(path: Path, certificate: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """`satchel receipt verify` on a machine with nothing of the exchange but its key."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SATCHEL")}
    command = [*SATCHEL, "receipt", "verify", str(path), "--cert", str(certificate), "--json"]
    clean |= {"HOME": str(folder), "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=clean, cwd=folder)


def test_satchel_verifies_offline(here: Town, tmp_path: Path) -> None:
    certificate = tmp_path / "exchange.asc"
    certificate.write_bytes((here.exchange.folder("01", "directory") / "exchange.asc").read_bytes())
    for state in ("REFUSED", "DELIVERED"):
        ended = verify(one_of(here, state), certificate, tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        said = json.loads(ended.stdout)
        assert (said["good"], said["receipt"]) == (True, said_by(one_of(here, state)))
    assert {path.name for path in tmp_path.iterdir()} == {"exchange.asc"}


def tampered(good: bytes) -> dict[str, bytes]:
    """Ways to bend a receipt."""
    begin, cut = good.index(b"{"), good.index(b"-----BEGIN PGP SIGNATURE")
    return {
        "state": good.replace(b'"DELIVERED"', b'"COLLECTED"'),
        "name": good.replace(b'"6G"', b'"7K"'),
        "more": good[:begin] + b"x" + good[begin:],
        "text-above": good.replace(b"\n\n", b"\n\nAll is well.\n", 1),
        "no-signature": good[:cut],
        "half": good[: cut + 100],
        "only-text": good[begin:cut],
        "empty": b"",
    }


def test_satchel_rejects_what_was_changed(here: Town, tmp_path: Path) -> None:
    good, certificate = one_of(here, "DELIVERED").read_bytes(), here.exchange.home / "exchange.asc"
    for name, content in tampered(good).items():
        path = tmp_path / f"{name}.json.asc"
        path.write_bytes(content)
        assert content != good
        refuses(path, certificate)
    # a true receipt, and another exchange's key; and the other way round
    with Gpg() as forger:
        fingerprint = forger.generate("Test exchange <exchange@satchel.invalid>")
        theirs = tmp_path / "theirs.asc"
        theirs.write_bytes(forger.export(fingerprint))
        refuses(one_of(here, "DELIVERED"), theirs)
        forged = tmp_path / "forged.json.asc"
        forged.write_bytes(
            forger.run("--clear-sign", stdin=good[good.index(b"{") : good.index(b"-----BEGIN PGP SIG")])[0]
        )
        refuses(forged, certificate)
    refuses(tmp_path / "there-is-none.asc", certificate)
    refuses(one_of(here, "DELIVERED"), tmp_path / "there-is-none.asc")


def refuses(path: Path, certificate: Path) -> None:
    ended = satchel("receipt", "verify", str(path), "--cert", str(certificate), "--json", check=False)
    assert (ended.returncode, ended.stdout) == (1, ""), path.name
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "should not" not in ended.stderr, ended.stderr


def test_the_receiver_is_not_told_the_senders_file_name(here: Town) -> None:
    theirs, about = papers(here, "6G"), said_by(one_of(here, "DELIVERED"))["tracking"]
    states = [said_by(path)["state"] for path in theirs if said_by(path)["tracking"] == about]
    assert sorted(states) == ["COLLECTED", "DELIVERED"]
    assert not any(FILE in path.read_text() for path in theirs)
    mine = [said_by(path)["packet"]["file"] for path in papers(here, "01") if "file" in said_by(path)["packet"]]
    assert FILE in mine


def test_no_receipt_names_a_student(here: Town) -> None:
    words = [*WORDS, "Ottilie", here["6G"].enroll(ANA)[0]["ssid"], here["01"].enroll(STAYS)[0]["ssid"]]
    for lea in ("01", "6G"):
        for path in papers(here, lea):
            text = json.dumps(said_by(path), ensure_ascii=False).casefold()
            assert [word for word in words if word.casefold() in text] == [], path.name


def test_a_refusal_says_what_to_do(here: Town) -> None:
    said = here["01"].refused("refused.pgp")
    assert (said["code"], said["place"]) == ("schema", "/student/birth_date")
    assert "Correct the place named" in said["means"]
    listed = json.loads(satchel("packet", said["tracking"], "--json", *here.exchange.at).stdout)
    assert (listed["state"], listed["code"]) == ("REFUSED", "schema")
