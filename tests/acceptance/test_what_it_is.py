"""What a secretary puts into outbox by mistake, or seals by mistake, is told to her as what it is.

Everything goes through a running exchange, sealed by real gpg or in the clear; a file that ends too early would be
waited for a quarter of an hour here, so whatever is answered is answered at once.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.codes import CODES, NOT_KEPT
from tests.support import contents
from tests.support.desk import EXCHANGE, Town, as_bytes, child, enrollment, town
from tests.support.exchange import wait_until
from tests.support.mistaken import DAMAGED, HARMLESS, answers, openpgp_files, sealed, told
from tests.support.tools import require_tool

DISCLOSED = "others could have read"
NAMED = "It seems to name students, and others could have read it"
PERHAPS = "If it names a student, others could have read that"
OFFICER = "privacy officer"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("kinds"), parties, broken_seconds=900.0, tell_seconds=1.0) as made:
        yield made
        assert made.bugs() == []


def test_a_sealed_page_picture_archive_or_mail_is_named_with_what_to_do(here: Town) -> None:
    made = {name: make() for name, (make, _) in contents.FORMS.items() if name not in contents.WORKBOOKS}
    for ending in (".pgp", ".csv.pgp"):
        found = answers(here, sealed(here, made), ending)
        assert {name: one["code"] for name, one in found.items()} == dict.fromkeys(made, "not-a-document")
        unsaid = [name for name, one in found.items() if contents.FORMS[name][1] not in one["means"]]
        assert unsaid == []
        assert all(DISCLOSED not in one["means"] for one in found.values())
        assert all("CSV" in found[name]["means"] for name in ("xlsx with a password", "numbers", "xls that is XML"))


def test_a_sealed_text_in_another_encoding_is_named(here: Town) -> None:
    made = {name: make() for name, (make, _) in contents.ENCODED.items()}
    found = answers(here, sealed(here, made), ".pgp") | answers(
        here, {f"{name} as CSV": content for name, content in sealed(here, made).items()}, ".csv.pgp"
    )
    assert {one["code"] for one in found.values()} == {"not-utf8"}
    for name, (_, words) in contents.ENCODED.items():
        assert words in found[name]["means"]
        assert words in found[f"{name} as CSV"]["means"]
        assert "Windows-1252" not in found[name]["means"]


def test_an_empty_document_is_told_to_be_empty(here: Town) -> None:
    found = answers(here, sealed(here, contents.EMPTY), ".pgp")
    assert {one["code"] for one in found.values()} == {"empty-document"}
    assert {one["means"] for one in found.values()} == {CODES["empty-document"].sentence}


def test_what_was_sealed_twice_is_told_so(here: Town) -> None:
    desk, other = here["01"], here["6G"]
    document = as_bytes(enrollment("01", child("Ana", "Reyes", "2012-03-04")))
    inner = {
        "binary": desk.seal(document),
        "armored": desk.seal(document, "--armor"),
        "armored by Windows": desk.seal(document, "--armor").replace(b"\n", b"\r\n"),
        "armored in UTF-16": desk.seal(document, "--armor").decode().encode("utf-16"),
        "in a mail": b"Here it is:\n\n" + desk.seal(document, "--armor") + b"-- \nRecords\n",
        "for another school": desk.gpg.seal(document, [other.fingerprint], desk.fingerprint),
        "for another school, armored": desk.gpg.seal(document, [other.fingerprint], desk.fingerprint, "--armor"),
        "with a password": desk.gpg.run("--symmetric", "--passphrase", "x", stdin=document)[0],
        "from a pipe": desk.seal(document, stdin=True),
        "of which the end is missing": desk.seal(document)[:-40],
        "three times": desk.seal(desk.seal(document)),
    }
    found = answers(here, sealed(here, inner), ".pgp")
    assert {name: one["code"] for name, one in found.items()} == dict.fromkeys(inner, "sealed-twice")
    assert "once, for the exchange only" in found["binary"]["means"]


def test_keys_signatures_revocations_and_receipts_have_sentences_of_their_own(here: Town) -> None:
    told(here, {"first.pgp": here["01"].seal(b"{}")})  # so that there is a receipt
    made = openpgp_files(here)
    found = answers(here, {name: content for name, (content, _) in made.items()}, ".dat")
    assert {name: one["code"] for name, one in found.items()} == {name: code for name, (_, code) in made.items()}
    harmless = [one for one in found.values() if one["code"] != "not-sealed"]
    assert all(OFFICER not in one["means"] for one in harmless)
    assert all(PERHAPS in one["means"] and NAMED not in one["means"] for one in found.values() if one not in harmless)
    assert {one["code"] for one in found.values()} <= NOT_KEPT
    assert "Call the state at once" in found["secret key"]["means"]


def test_keys_to_log_in_with_are_known_too(here: Town, tmp_path: Path) -> None:
    keygen = [require_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "own")]
    subprocess.run(keygen, check=True)
    made = {"SSH": (tmp_path / "own").read_bytes(), "SSH, public": (tmp_path / "own.pub").read_bytes()}
    found = answers(here, made, ".txt")
    assert {name: one["code"] for name, one in found.items()} == {
        "SSH": "secret-key-sent",
        "SSH, public": "public-key-sent",
    }
    assert OFFICER not in found["SSH"]["means"]


def test_such_things_are_known_within_a_seal_as_well(here: Town) -> None:
    made = openpgp_files(here)
    handed_in = {"public-key-sent", "revocation-sent"}  # sealed they are `key-rotation`, which has tests of its own
    made = {name: one for name, one in made.items() if one[1] not in handed_in}
    expected = {"not-sealed": "not-a-document"}
    found = answers(here, sealed(here, {name: content for name, (content, _) in made.items()}), ".sealed")
    assert {name: one["code"] for name, one in found.items()} == {
        name: expected.get(code, code) for name, (_, code) in made.items()
    }


def test_only_what_names_students_is_told_to_be_disclosed(here: Town) -> None:
    gpg, document = here["01"].gpg, contents.JSON.encode()
    table = b"".join(
        b"%s\r\n" % line for line in (b"SSID,Last Name,First Name,DOB", b"1000000019,Reyes,Ana,2012-03-04")
    )
    named = {
        "JSON": document,
        "CSV": contents.CSV.encode(),
        "another CSV": table,
        "CSV in UTF-16": contents.CSV.encode("utf-16"),
        "CSV of Windows": contents.CSV.encode("cp1252", "replace"),
        "XML": b"<Student><LegalName>A</LegalName><BirthDate>2012-03-04</BirthDate></Student>",
        "HTML": b"<html><table><tr><th>Last Name<th>Date of Birth<tr><td>Reyes<td>2012-03-04</table></html>",
        "signed text": gpg.run("--clearsign", stdin=document)[0],
        "signed": gpg.run("--sign", stdin=document)[0],
        "signed, packed by bzip2": gpg.run("--compress-algo", "bzip2", "--sign", stdin=document)[0],
        "packed": gpg.run("--store", stdin=document)[0],
        "receipt with students in it": gpg.run(
            "--clearsign", stdin=json.dumps({"receipt": "receipt.v1", **contents.RECORD}).encode()
        )[0],
    }
    found = answers(here, named, ".clear")
    assert {one["code"] for one in found.values()} == {"not-openpgp", "not-sealed"}
    assert [name for name, one in found.items() if NAMED not in one["means"] or OFFICER not in one["means"]] == []
    perhaps = {name: make() for name, (make, _) in contents.FORMS.items()}
    found = answers(here, {"prose": b"See you on Monday.\n"} | perhaps, ".in-the-clear")
    assert {one["code"] for one in found.values()} == {"not-openpgp"}
    assert [name for name, one in found.items() if NAMED in one["means"]] == ["tar"]  # the list in it is in the clear
    nothing = {"program", "shortcut"}
    assert {name for name, one in found.items() if DISCLOSED not in one["means"]} == nothing
    assert [name for name in perhaps if contents.FORMS[name][1] not in found[name]["means"]] == []


def test_what_two_receipts_say_of_one_file_is_one_truth(here: Town) -> None:
    """What is in the clear is not kept, and no receipt says that it is; what was sealed is kept, though refused."""
    vault = here.exchange.home / "vault"
    words = "kept in the clear, for nobody"
    told(here, {"truth.txt": words.encode()})
    said = [one["means"] for one in here.exchange.receipts("01") if one["packet"].get("file") == "truth.txt"]
    assert len(said) == 2
    assert "If it is not sealed, the exchange refuses it and does not keep it" in said[0]
    assert "has not kept it" in said[1]
    wait_until(
        lambda: not any(words.encode() in path.read_bytes() for path in vault.rglob("*") if path.is_file()), "gone"
    )
    refused = told(here, {"truth.pgp": here["01"].gpg.seal(b"{}", [EXCHANGE], None)})["truth.pgp"]
    assert refused["code"] == "unsigned"
    assert any(path.name.startswith(refused["packet"]["sha256"]) for path in vault.rglob("*"))


def test_a_packet_for_oneself_or_for_another_is_told_so(here: Town) -> None:
    desk, other = here["01"], here["6G"]
    document = as_bytes(enrollment("01", child("Ben", "Holm", "2013-08-30")))
    stranger = desk.gpg.generate("Nobody here <nobody@example.org>")
    made = {
        "myself": desk.gpg.seal(document, [desk.fingerprint], desk.fingerprint),
        "another": desk.gpg.seal(document, [other.fingerprint], desk.fingerprint),
        "a stranger": desk.gpg.seal(document, [stranger], desk.fingerprint),
    }
    found = answers(here, made, ".pgp")
    assert {one["code"] for one in found.values()} == {"not-for-exchange"}
    assert "It is sealed for yourself" in found["myself"]["means"]
    assert "It is sealed with the key of another party" in found["another"]["means"]
    assert found["a stranger"]["means"] == CODES["not-for-exchange"].sentence


def test_damaged_armour_is_answered_at_once_with_what_was_done_to_it(here: Town) -> None:
    document = enrollment("01", child("Ana", "Reyes", "2012-03-04"))
    made = {name: change(here["01"].seal(document, "--armor")) for name, (change, _) in DAMAGED.items()}
    found = answers(here, made, ".asc")
    assert {name: one["code"] for name, one in found.items()} == dict.fromkeys(DAMAGED, "bad-armor")
    assert [name for name, one in found.items() if DAMAGED[name][1] not in one["means"]] == []
    assert all(DISCLOSED not in one["means"] for one in found.values())
    aloud = b"Last Name: Reyes, Date of Birth: 2012-03-04\n\n" + here["01"].seal(document, "--armor")
    assert NAMED in answers(here, {"with a name before it": aloud}, ".asc")["with a name before it"]["means"]


def test_blanks_around_armour_do_no_harm(here: Town) -> None:
    made = {
        name: change(here["01"].seal(enrollment("01", child(f"N{number}", "Blank", "2012-03-04")), "--armor"))
        for number, (name, change) in enumerate(HARMLESS.items())
    }
    found = answers(here, made, ".asc")
    assert {name: one["state"] for name, one in found.items()} == dict.fromkeys(HARMLESS, "APPLIED")


def test_what_waits_for_its_end_is_told_within_a_minute_and_no_longer(here: Town) -> None:
    folder = here.exchange.home / "leas" / "01"
    whole = here["01"].seal(enrollment("01", child("Cut", "Off", "2012-03-04")), stdin=False)
    armored = here["01"].seal(enrollment("01", child("Cut", "Short", "2012-03-04")), "--armor")
    half = {
        "cut.pgp": whole[: len(whole) // 2],
        "cut.asc": armored[: len(armored) // 2],
        "empty.pgp": b"",
        "zeros.pgp": whole[:100] + bytes(len(whole) - 100),
        "left.pgp.part": whole,
        ".satchel-upload.broken.pgp": whole[:200],
        ".DS_Store": b"nobody's business",
    }
    for name, content in half.items():
        (folder / "outbox" / name).write_bytes(content)
    notice = folder / "OUTBOX-WAITS.txt"
    said = wait_until(
        lambda: _says(notice, "cut.pgp", "cut.asc", "empty.pgp", "left.pgp.part", "broken.pgp"), "told", 60
    )
    assert f"cut.pgp is not whole: {len(whole) // 2} bytes are there" in said
    assert "empty.pgp is empty" in said
    assert "left.pgp.part" in said
    assert "rename it" in said
    assert "broken.pgp is not whole" in said
    assert ".satchel-upload" not in said
    assert "DS_Store" not in said
    (folder / "outbox" / "cut.pgp").write_bytes(whole)
    assert here["01"].receipt("cut.pgp", "APPLIED")
    wait_until(lambda: "cut.pgp" not in notice.read_text(), "what has come is not named any more")
    for name in half.keys() - {"cut.pgp"}:
        (folder / "outbox" / name).unlink()
    wait_until(lambda: not notice.exists(), "the page goes away")


def _says(notice: Path, *words: str) -> str:
    text = notice.read_text() if notice.exists() else ""
    return text if all(word in text for word in words) else ""


# ids


def test_an_id_that_is_almost_right_is_named(here: Town) -> None:
    student = child("Ana", "Reyes", "2012-03-04")
    lower = enrollment("6g", student)
    found = told(here, {"lower.pgp": here["6G"].seal(lower)}, "6G")["lower.pgp"]
    assert (found["code"], found["place"]) == ("from-mismatch", "/from")
    assert "Did you mean 6G?" in found["means"]
    made = {
        "without its zero": enrollment("1", student),
        "with a letter for a digit": enrollment("O1", student),
        "of another": enrollment("6G", student),
    }
    answered = answers(here, {name: here["01"].seal(one) for name, one in made.items()}, ".pgp")
    assert {one["code"] for one in answered.values()} == {"from-mismatch"}
    assert "Did you mean 01?" in answered["without its zero"]["means"]
    assert "Did you mean 01?" in answered["with a letter for a digit"]["means"]
    assert "Your LEA's id is 01." in answered["of another"]["means"]
    receivers = {one: enrollment("01", student, to=one) for one in ("6g", "99")}
    answered = answers(here, {name: here["01"].seal(one) for name, one in receivers.items()}, ".to.pgp")
    assert {one["code"] for one in answered.values()} == {"unknown-receiver"}
    assert "Did you mean 6G?" in answered["6g"]["means"]
    assert "Did you mean" not in answered["99"]["means"]
