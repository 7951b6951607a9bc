"""A key that takes the place of another: handed in with plain gpg, signed by the old one; both are good meanwhile.

And a party that is suspended: no login, what it has sent stays where it is, what is for it waits, and all goes on.
"""

import base64
import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import EXCHANGE, Desk, Town, as_bytes, children, enrollment, record, town
from tests.support.exchange import satchel, wait_until
from tests.support.gpg import Gpg

ANA, BEN, EVA, LIV = children(4)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = dict.fromkeys(("01", "02", "6G"), ("district", "cv25519"))
    with town(tmp_path_factory.mktemp("rotation"), parties, processes=1, enabled=True) as made:
        yield made
        assert made.bugs() == []


def rotation(lea: str, certificate: bytes, **changes: Any) -> dict[str, Any]:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    head = {"packet": "key-rotation.v1", "id": str(uuid.uuid4()), "from": lea, "created": created}
    return head | {"certificate": certificate.decode("ascii")} | changes


def shown(here: Town, lea: str = "6G") -> str:
    return (here.exchange.folder(lea, "directory") / "all.asc").read_text()


def prints(content: str) -> list[str]:
    with Gpg() as third:
        third.import_(content.encode())
        listed = third.run("--with-colons", "--list-keys")[0].decode().splitlines()
    return [listed[at + 1].split(":")[9] for at, line in enumerate(listed) if line.startswith("pub:")]


def is_published(here: Town, fingerprint: str) -> None:
    listed = here.exchange.folder("6G", "directory") / "parties.json"
    wait_until(lambda: fingerprint in listed.read_text(), f"{fingerprint} among the parties", 30)
    wait_until(lambda: fingerprint in prints(shown(here)), f"{fingerprint} in the directory", 30)


def settled(here: Town, lea: str, name: str, content: bytes) -> dict[str, Any]:
    here[lea].drop(name, content)
    return here[lea].receipt(name, "APPLIED", "REFUSED", "HELD", "DELIVERED", "DUPLICATE")


def test_what_gpg_exports_is_sealed_with_the_old_key_and_taken(here: Town) -> None:
    """As the page for the secretary says: gpg --armor --export NEW, then sealed like any other document."""
    desk = here["01"]
    old, new = desk.fingerprint, desk.gpg.generate("LEA 01, from today <01@leas.invalid>")
    said = settled(here, "01", "new-key.asc.pgp", desk.seal(desk.gpg.export(new)))
    assert (said["state"], said["packet"]["type"]) == ("APPLIED", "key-rotation"), said
    assert "The exchange has your key" in said["means"]
    assert "student" not in said["means"]
    is_published(here, new)
    assert old in prints(shown(here))  # both are good
    for number, key in enumerate((old, new)):
        sealed = desk.gpg.seal(as_bytes(enrollment("01", children(1, 10 + number)[0])), [EXCHANGE], key)
        assert settled(here, "01", f"by-{key}.pgp", sealed)["state"] == "APPLIED"
    # what is for it is sealed to the newest
    lines = desk.enroll(ANA, date="2025-08-18")
    assert lines[0]["answer"] == "assigned"
    # the old key ends by its owner's word, by the bare certificate that gpg made for that, and the new one goes on
    bare = (desk.gpg.home / "openpgp-revocs.d" / f"{old}.rev").read_bytes()
    desk.fingerprint = new
    sealed_before = desk.gpg.seal(as_bytes(enrollment("01", children(1, 20)[0])), [EXCHANGE], old)
    said = settled(here, "01", "old-key.rev.pgp", desk.seal(bare[bare.index(b"-----BEGIN") :]))
    assert said["state"] == "APPLIED", said
    assert settled(here, "01", "late.pgp", sealed_before)["code"] == "key-revoked"
    keys = json.loads(satchel("lea", "keys", "01", "--json", *here.exchange.at).stdout)
    assert {one["fingerprint"]: one["state"] for one in keys} == {new: "in use", old: "key-revoked"}


def test_as_json_too_armored_or_in_base64(here: Town) -> None:
    desk = here["02"]
    first, second = (desk.gpg.generate(f"LEA 02 {which} <02@leas.invalid>") for which in ("a", "b"))
    armored, binary = desk.gpg.export(first), base64.b64encode(desk.gpg.export(second, armor=False))
    for name, certificate, key in (("armored", armored, first), ("binary", binary, second)):
        said = settled(here, "02", f"{name}.pgp", desk.seal(rotation("02", certificate)))
        assert said["state"] == "APPLIED", said
        is_published(here, key)
    again = settled(here, "02", "again.pgp", desk.seal(desk.gpg.export(first)))
    assert again["state"] == "APPLIED"


def test_what_the_state_would_not_take_is_not_taken_by_packet(here: Town) -> None:
    desk = here["02"]
    before = sorted(prints(shown(here)))
    with Gpg() as other:
        canyon = other.generate("LEA 01 <01@leas.invalid>")
        nameless = other.generate("Records <r@leas.invalid>")
        federal = other.generate("LEA 02 <r@army.mil>")
        secret = other.export_secret(other.generate("LEA 02 secret <s@leas.invalid>"))
        cases = {
            "key-names-other": other.export(canyon),
            "key-user-id": other.export(nameless),
            "federal-domain": other.export(federal),
            "secret-key-sent": secret,
            "key-taken": here["01"].gpg.export(here["01"].fingerprint),
            "key-unreadable": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
        }
    for code, content in cases.items():
        said = settled(here, "02", f"{code}.pgp", desk.seal(content))
        assert (said["state"], said.get("code")) == ("REFUSED", code), said
    large = base64.b64encode(bytes(80_000))
    for name, content in (("large", rotation("02", large)), ("large-key", b"\x99" + bytes(80_000))):
        said = settled(here, "02", f"{name}.pgp", desk.seal(content))
        assert (said["state"], said["code"]) == ("REFUSED", "key-unreadable"), said
        assert "export-minimal" in said["means"]
    said = settled(here, "02", "junk.pgp", desk.seal(rotation("02", b"not a key")))
    assert (said["code"], said["place"]) == ("key-unreadable", "/certificate")
    log = json.loads(satchel("disclosures", "--all", "--json", *here.exchange.at).stdout)
    assert [one["party"] for one in log if one["purpose"] == "army.mil"] == ["02"]
    time.sleep(1)
    assert sorted(prints(shown(here))) == before


def test_a_key_that_the_state_has_ended_signs_nothing_and_comes_back_by_the_state_only(here: Town) -> None:
    desk = here["6G"]
    old, new = desk.fingerprint, desk.gpg.generate("LEA 6G again <6g@leas.invalid>")
    desk.enroll(EVA, date="2025-08-18")
    desk.enroll(EVA, event="exit", date="2026-05-29")
    desk.send("waits.pgp", record("6G", EVA))
    assert desk.receipt("waits.pgp", "HELD")["held_for"] == "enrollment"
    assert settled(here, "6G", "new.pgp", desk.seal(desk.gpg.export(new)))["state"] == "APPLIED"
    satchel("lea", "end-key", old, "--why", "lost", *here.exchange.at)
    said = settled(here, "6G", "late.pgp", desk.seal(record("6G", EVA)))
    assert (said["state"], said["code"]) == ("REFUSED", "key-ended"), said
    here["02"].enroll(EVA)
    assert desk.receipt("waits.pgp", "REFUSED", "DELIVERED")["code"] == "key-ended"
    desk.fingerprint = new
    said = settled(here, "6G", "back.pgp", desk.seal(desk.gpg.export(old)))
    assert (said["state"], said["code"]) == ("REFUSED", "key-ended"), said
    assert desk.enroll(EVA, event="exit", date="2026-05-29")


def test_an_lea_hands_in_no_more_keys_than_are_kept(here: Town) -> None:
    desk = here["02"]
    for number in range(9):
        key = desk.gpg.generate(f"LEA 02, key {number} <02@leas.invalid>")
        said = settled(here, "02", f"many-{number}.pgp", desk.seal(desk.gpg.export(key)))
        if said["state"] == "REFUSED":
            break
    assert said.get("code") == "too-many-keys", said


def login(here: Town, lea: str, key: Path, into: Path) -> "subprocess.CompletedProcess[str]":
    port = (here.exchange.home / "run" / "sftp.port").read_text().strip()
    server = ["--server", f"127.0.0.1:{port}", "--user", lea, "--identity", str(key), "--host-key", _host_key(here)]
    """Fetch what there is: 0, or 5 where a receipt refuses something, for whoever may log in."""
    return satchel("fetch", "--into", str(into), *server, check=False)


def _host_key(here: Town) -> str:
    path = here.exchange.home / "keys" / "ssh_host_ed25519"
    told = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, text=True, check=True).stdout
    return told.split()[1]


def test_a_suspended_party(here: Town, tmp_path: Path) -> None:
    desk: Desk = here["02"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    satchel("lea", "key", "02", "--ssh-key", str(tmp_path / "id.pub"), *here.exchange.at)
    assert login(here, "02", tmp_path / "id", tmp_path / "a").returncode in (0, 5)
    here.all_moved([LIV], "01", "02")
    here["01"].enroll(BEN, date="2025-08-18")
    inbox = set(here.exchange.inbox("02"))

    satchel("lea", "suspend", "02", "--why", "its laptop was stolen", "--who", "Jo", *here.exchange.at)
    ended = login(here, "02", tmp_path / "id", tmp_path / "b")
    assert (ended.returncode, "does not let 02 in" in ended.stderr) == (1, True), ended.stderr
    desk.drop("stays.pgp", desk.seal(enrollment("02", BEN)))
    here["01"].send("for-02.pgp", record("01", LIV))
    held = here["01"].receipt("for-02.pgp", "HELD", "DELIVERED", "REFUSED")
    assert (held["state"], held.get("held_for")) == ("HELD", "receiver-key")
    time.sleep(2)
    assert (here.exchange.folder("02", "outbox") / "stays.pgp").exists()
    assert set(here.exchange.inbox("02")) <= inbox
    listed = json.loads(satchel("lea", "list", "--json", *here.exchange.at).stdout)
    assert next(one for one in listed if one["id"] == "02")["suspended"]
    assert "suspended" in satchel("lea", "keys", "02", *here.exchange.at).stdout
    again = satchel("lea", "suspend", "02", "--why", "x", *here.exchange.at, check=False)
    assert (again.returncode, "already" in again.stderr) == (1, True)

    satchel("lea", "resume", "02", *here.exchange.at)
    assert desk.receipt("stays.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    assert here["01"].receipt("for-02.pgp", "DELIVERED", "REFUSED")["state"] == "DELIVERED"
    assert login(here, "02", tmp_path / "id", tmp_path / "c").returncode in (0, 5)
    assert satchel("lea", "resume", "02", *here.exchange.at, check=False).returncode == 1


def test_what_a_key_signed_counts_no_more_once_its_revocation_is_taken_in_the_same_round(tmp_path: Path) -> None:
    """Who has a stolen key sends a further key, at the moment when its owner revokes the stolen one."""
    with town(tmp_path, {"01": ("district", "cv25519")}, processes=1, enabled=False) as made:
        desk = made["01"]
        bare = (desk.gpg.home / "openpgp-revocs.d" / f"{desk.fingerprint}.rev").read_bytes()
        new = desk.gpg.generate("LEA 01, of a thief <01@leas.invalid>")
        others = [desk.gpg.generate(f"LEA 01, more {number} <01@leas.invalid>") for number in range(2)]
        late = {f"new-key-{key}.pgp": desk.seal(desk.gpg.export(key)) for key in (new, *others)}
        made.exchange.down()
        outbox = made.exchange.folder("01", "outbox")
        for name, content in late.items():
            desk.drop(name, content)
        revocation = desk.seal(bare[bare.index(b"-----BEGIN") :])
        for number in range(200):  # files are taken in as the folder lists them: until it is the first
            first = f"revocation-{number}.pgp"
            desk.drop(first, revocation)
            if next(path.name for path in outbox.iterdir() if path.suffix == ".pgp") == first:
                break
            (outbox / first).unlink()
        made.exchange.up()
        ended = {name: desk.receipt(name, "APPLIED", "REFUSED") for name in (first, *late)}
        assert min(ended, key=lambda name: str(ended[name]["tracking"])) == first
        assert ended[first]["state"] == "APPLIED"
        assert {ended[name].get("code") for name in late} == {"key-revoked"}, ended
        keys = json.loads(satchel("lea", "keys", "01", "--json", *made.exchange.at).stdout)
        assert [one["fingerprint"] for one in keys] == [desk.fingerprint]
