"""A party leaves the exchange, and comes back: nothing goes to it or is taken from it, and nothing of it is lost."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from broker.cli import main, refusals
from broker.core.errors import NotDone, OperatorError
from broker.core.model import LeaId
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory
from broker.edge.pgp import openpgp
from broker.processes.sftp import LedgerHost
from broker.processes.watcher import Watcher
from broker.stages.sweep.resumed import resume_for_keys
from tests.support import desk, documents
from tests.support.office import Office

A, B, C = "01", "6G", "02"
WHO = ("--who", "Jo Larsen")
WHY = ("--why", "the school has closed")
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBRXAMCsTBSGO5U7wI3HfCQ7sLrWbpt5EsdCrLvhrMRl"
STUDENTS = iter(desk.children(100, 1000))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, A, B, C, kinds={B: "charter"})
    key = tmp_path / "b.pub"
    key.write_text(SSH_KEY)
    assert run(made, "lea", "key", B, "--ssh-key", str(key)).exit_code == 0
    yield made
    made.services.engine.dispose()


def run(office: Office, *words: str) -> Result:
    """A command of the operator, as `satchel` ends it."""
    arguments = [*words, *office.exchange.at]
    ended = CliRunner().invoke(main.build(arguments), arguments)
    if ended.exception is not None and not isinstance(ended.exception, (SystemExit, OperatorError, NotDone)):
        raise ended.exception
    return ended


def said(ended: Result) -> str:
    error = ended.exception
    return f"{ended.stdout}{ended.stderr}{refusals.sentence(error) if isinstance(error, NotDone) else error or ''}"


def remove(office: Office, lea: str, *more: str) -> str:
    ended = run(office, "lea", "remove", lea, *WHO, *WHY, *more)
    assert ended.exit_code == 0, said(ended)
    return ended.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n",
            "private SSH key",
        ),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: b\n", "private SSH key"),
        (
            '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "b"\nAAAAC3Nz\n---- END SSH2 PUBLIC KEY ----\n',
            "ssh-keygen -i -f",
        ),
    ],
)
def test_what_was_given_for_an_ssh_public_key_is_told_by_what_it_is(
    office: Office, tmp_path: Path, given: str, told: str
) -> None:
    """No advice that mends nothing: it is a good key, in the wrong file."""
    path = tmp_path / "given"
    path.write_text(given)
    ended = run(office, "lea", "key", B, "--ssh-key", str(path))
    assert ended.exit_code == 1
    assert told in said(ended)
    assert "none of ed25519" not in said(ended)


def again(office: Office, lea: str, kind: str = "charter") -> Result:
    path = office.exchange.home.parent / f"{lea}.asc"
    return run(office, "lea", "add", lea, "--name", f"LEA {lea}, new", "--kind", kind, "--cert", str(path))


def moved(office: Office, *leas: str) -> dict[str, Any]:
    """A student whom these LEAs enrolled one after the other, each reporting the exit; and the number."""
    student = next(STUDENTS)
    for month, lea in enumerate(leas, 8):
        ssid = office.enroll(lea, student, date=f"2026-{month:02}-17")[0]["ssid"]
        if lea != leas[-1]:
            office.enroll(lea, student, event="exit", date=f"2026-{month + 1:02}-16")
    return student | {"ssid": ssid}


def listed(office: Office, lea: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads(run(office, "lea", "list", "--json").stdout)
    return next(row for row in rows if row["id"] == lea)


def test_it_is_listed_as_removed_with_who_when_and_why(office: Office) -> None:
    assert listed(office, B)["removed"] is None
    assert f"{B} is removed" in remove(office, B)
    row = listed(office, B)
    assert (row["removed"]["by"], row["removed"]["why"], row["keys"]) == ("Jo Larsen", WHY[1], [])
    assert row["removed"]["at"][:10] == office.services.clock().date().isoformat()
    (line,) = [one for one in run(office, "lea", "list").stdout.splitlines() if one.startswith(B)]
    assert "removed" in line
    assert WHY[1] in line
    assert listed(office, A)["removed"] is None


def test_it_has_no_login_and_no_key(office: Office) -> None:
    host = LedgerHost(office.services)
    assert host.authorized_keys(B) == [SSH_KEY]
    remove(office, B)
    assert host.authorized_keys(B) == []
    with reading(office.services.engine) as connection:
        assert directory.certificates_of(connection, B) == []
    keys = office.exchange.home.parent / "keys"
    assert B not in run(office, "sshd-config", "--keys", str(keys)).stdout
    assert not (keys / B).exists()


def test_nothing_new_is_taken_from_it(office: Office) -> None:
    watcher = Watcher(office.services)
    watcher.start()
    try:
        remove(office, B)
        for lea in (A, B):
            key = openpgp.load_secret(office.leas[lea].secret)
            document = json.dumps(desk.enrollment(lea, next(STUDENTS))).encode()
            office.exchange.drop(lea, "new.pgp", openpgp.seal(document, key, [office.exchange.certificate]))
        until = time.monotonic() + 20
        while list(outbox(office, A)) and time.monotonic() < until:
            watcher.turn()
        for _ in range(5):
            watcher.turn()
    finally:
        watcher.stop()
    assert (outbox(office, A), outbox(office, B)) == ([], ["new.pgp"])
    # what came in just before is not by one of its keys any more
    row = office.send(B, desk.enrollment(B, next(STUDENTS)))
    assert (row.state, row.code) == ("REFUSED", "wrong-signer")


def outbox(office: Office, lea: str) -> list[str]:
    return [path.name for path in office.exchange.folder(lea, "outbox").iterdir()]


def test_what_is_for_it_waits_and_goes_on_when_it_is_back(office: Office) -> None:
    student = moved(office, A, B)
    remove(office, B, "--force")
    row = office.send(A, desk.record(A, student))
    assert (row.state, row.held_for, row.receiver) == ("HELD", "receiver-key", B)
    assert not office.inbox(B, "student-record")
    assert again(office, B).exit_code == 0
    resume_for_keys(office.services)
    office.work()
    assert office.row(row.tracking).state == "DELIVERED"
    assert office.inbox(B, "student-record") == [row.tracking]


def test_its_history_stays_and_what_it_wrote_is_still_to_be_checked(office: Office) -> None:
    student = moved(office, B, A)
    sent = office.send(B, desk.record(B, student))
    assert sent.state == "DELIVERED"
    remove(office, B, "--force")
    assert office.row(sent.tracking).state == "DELIVERED"
    assert office.exchange.folder(B, "inbox").is_dir()
    assert office.exchange.folder(B, "receipts").is_dir()
    assert json.loads(run(office, "packets", "--json", "--lea", B).stdout)
    # the one who was given it looks at the signature with the keys of the directory
    folder = office.exchange.folder(A, "directory")
    (path,) = [one for one in office.exchange.inbox(A) if one.name.startswith(sent.tracking)]
    key = openpgp.load_secret(office.leas[A].secret)
    for name in (f"{B}.asc", "all.asc"):
        assert office.leas[B].certificate.strip()[-60:] in (folder / name).read_bytes()
    limits = office.services.settings.limits
    keys = [(folder / f"{B}.asc").read_bytes()]
    opened = openpgp.open_packet(path.read_bytes(), key, keys, limits, office.services.clock(), lambda _key: True)
    assert json.loads(opened.content)["from"] == B


def test_its_folder_is_not_served_any_more(office: Office) -> None:
    remove(office, B)
    readme = office.exchange.home / "leas" / B / "README.txt"
    readme.unlink()
    (office.exchange.folder(B, "directory") / f"{C}.asc").unlink()
    (office.exchange.folder(C, "directory") / f"{C}.asc").unlink()
    run(office, "lea", "key", A, "--cert", str(office.exchange.home.parent / f"{A}.asc"))
    assert not readme.exists()
    assert not (office.exchange.folder(B, "directory") / f"{C}.asc").exists()


def test_what_is_open_is_shown_and_force_is_needed(office: Office) -> None:
    student = moved(office, A, B)
    office.send(A, desk.record(A, moved(office, A, B)))
    ended = run(office, "lea", "remove", B, *WHO, *WHY)
    assert ended.exit_code == 1
    text = said(ended)
    assert "2 students are enrolled there" in text
    assert "1 transfer " in text
    assert "--force" in text
    assert student["legal_name"]["last"] not in text
    assert listed(office, B)["removed"] is None
    whole = run(office, "lea", "remove", B, *WHO, *WHY, "--force", "--json")
    told: Mapping[str, Any] = json.loads(whole.stdout)
    assert (told["id"], told["students"], told["transfers"]) == (B, 2, 1)
    assert told["packets_to_it"] >= 1


def test_who_has_students_only_of_the_past_leaves_without_force(office: Office) -> None:
    moved(office, B, A)
    sent = next(STUDENTS)
    office.enroll(B, sent, date="2026-08-17")
    office.enroll(B, sent, event="exit", date="2026-08-17")  # taken back
    with reading(office.services.engine) as connection:
        (case,) = transfers.listing(connection, lea=B)
    assert "1 transfer is open" in said(run(office, "lea", "remove", B, *WHO, *WHY))
    run(office, "transfers", "cancel", str(case.id), *WHO, *WHY)
    remove(office, B)


def test_it_can_be_added_again_and_goes_on(office: Office) -> None:
    remove(office, B)
    assert "is in the directory with key" in again(office, B).stdout
    row = listed(office, B)
    assert (row["removed"], row["name"], [one["fault"] for one in row["keys"]]) == (None, f"LEA {B}, new", [None])
    assert office.enroll(B, next(STUDENTS))[0]["answer"] == "assigned"
    assert LedgerHost(office.services).authorized_keys(B) == []  # its SSH keys are given anew
    assert "is in the directory already" in said(again(office, B))


def test_it_comes_back_as_what_it_was(office: Office) -> None:
    remove(office, B)
    ended = again(office, B, "district")
    assert ended.exit_code == 1
    assert f"{B} was a charter" in said(ended)
    assert listed(office, B)["removed"] is not None


def test_only_an_old_form_of_its_key_is_its_own_and_no_other_takes_it(office: Office) -> None:
    remove(office, B)
    path = office.exchange.home.parent / f"{B}.asc"
    ended = run(office, "lea", "add", "77", "--name", "Other", "--kind", "charter", "--cert", str(path))
    assert (ended.exit_code, "[key-taken]" in said(ended)) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lea", "remove", "99", *WHO, *WHY), "99 is not in the directory"),
        (("lea", "remove", C, *WHO, "--why", " "), "Say"),
        (("lea", "remove", B, *WHO, *WHY), f"{B} was removed already"),
        (("lea", "key", B, "--remove-ssh-key", "none.pub"), f"{B} was removed"),
    ],
)
def test_what_cannot_be_is_one_sentence(office: Office, words: tuple[str, ...], says: str) -> None:
    remove(office, B)
    ended = run(office, *words)
    assert ended.exit_code == 1
    assert says in said(ended)


def test_who_removes_is_the_account_where_nobody_says(office: Office) -> None:
    assert run(office, "lea", "remove", B, *WHY).exit_code == 0
    assert listed(office, B)["removed"]["by"]


def test_a_part_of_the_record_store_that_it_wrote_still_goes_on(office: Office) -> None:
    student = moved(office, B, A)
    created = office.services.clock().isoformat(timespec="seconds")
    office.send(B, documents.backpack(**{"from": B, "student": student, "created": created}))
    remove(office, B, "--force")
    office.collect(A)
    ask = documents.record_request(**{"from": A, "student": student, "want": "backpack"})
    assert office.send(A, ask).state == "APPLIED"
    assert len(office.inbox(A, "backpack")) == 1
    assert LeaId(B) in {one.id for one in _parties(office)}


def _parties(office: Office) -> list[Any]:
    with reading(office.services.engine) as connection:
        return list(directory.all_parties(connection))
