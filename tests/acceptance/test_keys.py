"""Keys that may not be used: refused when they are handed in, and when they turn bad later.

A key that is refused leaves no trace; a key that expires or is revoked stops counting at once, also for packets that
wait, and they go on by themselves when there is a good one again.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.desk import EXCHANGE, Desk, Town, as_bytes, child, children, record, town
from tests.support.exchange import satchel
from tests.support.gpg import Gpg

ANA = child("Ana", "Reyes", "2012-03-04")  # was at 04 and 01, is at 6G
LIV, EVA, UNA = children(3)  # is at 05; came from 03; is at 03
LIVES = 15  # seconds for which the key of 03 is good
LAST_WEEK = datetime.now(UTC) - timedelta(days=7)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = dict.fromkeys(("01", "02", "04", "05", "06", "6G"), ("district", "cv25519"))
    with town(tmp_path_factory.mktemp("keys"), parties, processes=1) as made:
        made.moved(ANA, "04", "01", "6G")
        made.moved(LIV, "01", "05")
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def dying(here: Town) -> Iterator[tuple[Desk, bytes, float]]:
    """An LEA whose key expires soon, a packet that it has sealed, and when the key expires."""
    with Gpg() as gpg:
        gpg.import_(here.exchange.certificate)
        here["01"].enroll(UNA, date="2024-08-19")
        fingerprint = gpg.generate("LEA 03 <03@leas.invalid>", expire=f"seconds={LIVES}")
        dies = time.time() + LIVES
        desk = Desk(here.exchange, "03", gpg, fingerprint)
        sealed = desk.seal(record("03", EVA, to="6G"))
        here.exchange.add("03", gpg.export(fingerprint))
        desk.enroll(UNA, EVA, date="2025-08-18")
        here["6G"].enroll(EVA)
        yield desk, sealed, dies


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as stranger:
        yield stranger


def tree(home: Path) -> set[str]:
    """Every name under `leas/`, but for the receipts and packets that come and go."""
    return {str(path.relative_to(home)) for path in home.glob("leas/**/*") if path.suffix not in (".asc", ".pgp")} | {
        str(path.relative_to(home)) for path in home.glob("leas/*/directory/*")
    }


def expired(gpg: Gpg) -> bytes:
    return gpg.export(gpg.generate("Expired <e@x.invalid>", expire="2d", at=LAST_WEEK))


def revoked(gpg: Gpg) -> bytes:
    fingerprint = gpg.generate("Revoked <r@x.invalid>")
    gpg.revoke(fingerprint)
    return gpg.export(fingerprint)


def sha1(gpg: Gpg) -> bytes:
    weak = ("--cert-digest-algo", "SHA1", "--allow-weak-digest-algos")
    status = gpg.run(*weak, "--quick-gen-key", "Weak <w@x.invalid>", "rsa2048", "sign,cert", "0")[1]
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.run(*weak, "--quick-add-key", fingerprint, "rsa2048", "encr", "0")
    return gpg.export(fingerprint)


def rsa1024(gpg: Gpg) -> bytes:
    status = gpg.run("--quick-gen-key", "Short <s@x.invalid>", "rsa1024", "sign,cert", "0")[1]
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.run("--quick-add-key", fingerprint, "rsa1024", "encr", "0")
    return gpg.export(fingerprint)


def signing_only(gpg: Gpg) -> bytes:
    status = gpg.run("--quick-gen-key", "Signs <s2@x.invalid>", "ed25519", "sign,cert", "0")[1]
    return gpg.export(next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line))


def secret(gpg: Gpg) -> bytes:
    return gpg.export_secret(gpg.generate("Secret <secret@x.invalid>"))


def two_keys(gpg: Gpg) -> bytes:
    both = [gpg.generate(f"Two {number} <t{number}@x.invalid>") for number in range(2)]
    return gpg.run("--armor", "--export", *both)[0]


def no_key(_: Gpg) -> bytes:
    return b"no key at all\n"


@pytest.fixture(scope="module")
def listed(here: Town, dying: tuple[Desk, bytes, float]) -> dict[str, list[str]]:
    """The directory before anything bad was tried."""
    assert dying
    return directory(here)


def directory(here: Town) -> dict[str, list[str]]:
    """Every party with its keys."""
    listed = json.loads(satchel("lea", "list", "--json", *here.exchange.at).stdout)
    return {party["id"]: [key["fingerprint"] for key in party["keys"]] for party in listed}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (expired, "key-expired"),
        (revoked, "key-revoked"),
        (sha1, "key-weak"),
        (rsa1024, "key-weak"),
        (signing_only, "key-no-encryption"),
        (secret, "key-secret"),
        (two_keys, "key-unreadable"),
        (no_key, "key-unreadable"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
@pytest.mark.usefixtures("listed")
def test_a_bad_key_is_not_registered(
    here: Town, gpg: Gpg, make: Callable[[Gpg], bytes], code: str, tmp_path: Path
) -> None:
    refuses_to_add(here, make(gpg), code, tmp_path)


def refuses_to_add(here: Town, certificate: bytes, code: str, folder: Path) -> None:
    path, before = folder / "cert.asc", tree(here.exchange.home)
    path.write_bytes(certificate)
    args = ["--name", "New", "--kind", "charter", "--cert", str(path)]
    ended = satchel("lea", "add", "9X", *args, *here.exchange.at, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.endswith(f"[{code}]\n")
    assert ended.stderr.count("\n") == 1
    assert before == tree(here.exchange.home)


@pytest.mark.usefixtures("listed")
def test_another_leas_key_is_not_registered(here: Town, tmp_path: Path) -> None:
    refuses_to_add(here, here["02"].gpg.export(here["02"].fingerprint), "key-taken", tmp_path)


def test_of_bad_keys_the_directory_knows_nothing(here: Town, listed: dict[str, list[str]]) -> None:
    assert set(listed) == {"01", "02", "03", "04", "05", "06", "6G"}
    assert directory(here) == listed


def put_key(here: Town, lea: str, certificate: bytes) -> str:
    path = here.exchange.home.parent / f"{lea}-new.asc"
    path.write_bytes(certificate)
    return satchel("lea", "key", lea, "--cert", str(path), *here.exchange.at).stdout


def test_a_revoked_key(here: Town) -> None:
    desk = here["04"]
    document = record("04", ANA, to="6G")
    sealed = desk.seal(document)
    desk.gpg.revoke(desk.fingerprint)
    assert "key-revoked" in put_key(here, "04", desk.gpg.export(desk.fingerprint))
    desk.drop("sealed-before.pgp", sealed)
    assert desk.refused("sealed-before.pgp")["code"] == "key-revoked"
    # with a new key the same document is good
    old, desk.fingerprint = desk.fingerprint, desk.gpg.generate("LEA 04 again <04@leas.invalid>")
    put_key(here, "04", desk.gpg.export(desk.fingerprint))
    desk.drop("sealed-again.pgp", desk.seal(document))
    here["6G"].gpg.import_(desk.gpg.export(desk.fingerprint))
    assert here["6G"].read(desk.delivered("sealed-again.pgp")) == (as_bytes(document), desk.fingerprint)
    listed = json.loads(satchel("lea", "list", "--json", *here.exchange.at).stdout)
    faults = {key["fingerprint"]: key["fault"] for party in listed for key in party["keys"] if party["id"] == "04"}
    assert faults == {old: "key-revoked", desk.fingerprint: None}


def test_what_waits_for_a_receivers_key_goes_on_by_itself(here: Town) -> None:
    desk = here["05"]
    rev = (desk.gpg.home / "openpgp-revocs.d" / f"{desk.fingerprint}.rev").read_bytes()
    # the revocation certificate alone, as gpg made it together with the key; its colon taken off, as gpg says
    assert "key-revoked" in put_key(here, "05", rev.replace(b"\n:-----BEGIN", b"\n-----BEGIN"))
    here["01"].send("waits.pgp", record("01", LIV, to="05"))
    held = here["01"].receipt("waits.pgp", "HELD", "DELIVERED", "REFUSED")
    assert (held["state"], held["held_for"]) == ("HELD", "receiver-key")
    assert [path for path in here.exchange.inbox("05") if path.name.startswith(held["tracking"])] == []
    fresh = desk.gpg.generate("LEA 05 again <05@leas.invalid>")
    put_key(here, "05", desk.gpg.export(fresh))
    assert here["01"].receipt("waits.pgp", "DELIVERED")["tracking"] == held["tracking"]
    desk.gpg.import_(here["01"].gpg.export(here["01"].fingerprint))
    assert desk.read(held["tracking"])[1] == here["01"].fingerprint
    # it is for the new key, and not for the one that was lost
    sealed = desk.inbox(held["tracking"]).read_bytes()
    assert key_of(desk.gpg, fresh) in desk.gpg.run("--list-packets", stdin=sealed)[1]


def key_of(gpg: Gpg, fingerprint: str) -> str:
    """The ENC_TO status line of a key's encryption subkey."""
    listed = gpg.run("--with-colons", "--list-keys", fingerprint)[0].decode()
    return "ENC_TO " + next(line.split(":")[4] for line in listed.splitlines() if line.startswith("sub:"))


def test_a_revocation_stops_what_waits_for_the_student(here: Town) -> None:
    """A packet is held for an enrollment; its sender's key is revoked meanwhile: nobody may get it any more."""
    desk = here["06"]
    ben = child("Ben", "Olsen", "2013-05-06")
    desk.enroll(ben)
    document = record("06", ben)
    desk.send("waits.pgp", document)
    assert desk.receipt("waits.pgp", "HELD")["held_for"] == "enrollment"
    desk.gpg.revoke(desk.fingerprint)
    put_key(here, "06", desk.gpg.export(desk.fingerprint))
    here["6G"].enroll(ben)
    ended = desk.receipt("waits.pgp", "REFUSED", "DELIVERED")
    assert (ended["state"], ended.get("code")) == ("REFUSED", "key-revoked")
    # sealed again with a new key, the same document goes its way
    desk.fingerprint = desk.gpg.generate("LEA 06 again <06@leas.invalid>")
    put_key(here, "06", desk.gpg.export(desk.fingerprint))
    desk.send("again.pgp", document)
    here["6G"].gpg.import_(desk.gpg.export(desk.fingerprint))
    assert here["6G"].read(desk.delivered("again.pgp"))[0] == as_bytes(document)


def test_who_signed(here: Town, gpg: Gpg) -> None:
    """Another LEA's key, a stranger's, none at all; and the name in the key means nothing."""
    gpg.import_(here.exchange.certificate)
    stranger = gpg.generate("LEA 01 <01@leas.invalid>")
    document = as_bytes(record("01", ANA, to="6G"))
    here["01"].drop("other.pgp", here["02"].gpg.seal(document, [EXCHANGE], here["02"].fingerprint))
    here["01"].drop("stranger.pgp", gpg.seal(document, [EXCHANGE], stranger))
    here["01"].drop("nobody.pgp", gpg.seal(document, [EXCHANGE], None))
    codes = {name: here["01"].refused(f"{name}.pgp")["code"] for name in ("other", "stranger", "nobody")}
    assert codes == {"other": "wrong-signer", "stranger": "unknown-signer", "nobody": "unsigned"}


def test_signed_with_sha1(here: Town) -> None:
    weak = ("--digest-algo", "SHA1", "--allow-weak-digest-algos")
    here["01"].send("sha1.pgp", record("01", ANA, to="6G"), *weak)
    assert here["01"].refused("sha1.pgp")["code"] == "weak-signature"


def test_a_key_that_expired_since(here: Town, dying: tuple[Desk, bytes, float]) -> None:
    """It was good when it was registered and when it signed; and the packet comes too late."""
    desk, sealed, dies = dying
    time.sleep(max(0.0, dies + 1 - time.time()))
    desk.drop("late.pgp", sealed)
    assert desk.refused("late.pgp")["code"] == "key-expired"
    # and nobody can be sent anything under it
    here["01"].send("to-expired.pgp", record("01", UNA, to="03"))
    assert here["01"].receipt("to-expired.pgp", "HELD", "DELIVERED")["held_for"] == "receiver-key"
    # the owner extends it, and everything goes on
    desk.gpg.set_expire(desk.fingerprint, "1y")
    put_key(here, "03", desk.gpg.export(desk.fingerprint))
    desk.drop("late-again.pgp", desk.seal(record("03", EVA, to="6G")))
    desk.delivered("late-again.pgp")
    tracking = here["01"].receipt("to-expired.pgp", "DELIVERED")["tracking"]
    desk.gpg.import_(here["01"].gpg.export(here["01"].fingerprint))
    assert desk.read(tracking)[1] == here["01"].fingerprint


def test_what_was_refused_reached_nobody(here: Town) -> None:
    said = [one for lea in ("01", "04", "06") for one in here.exchange.receipts(lea)]
    refused = {one["tracking"] for one in said if one["state"] == "REFUSED"}
    shown = {path.name.partition(".")[0] for lea in ("01", "02", "6G") for path in here.exchange.inbox(lea)}
    assert refused
    assert shown
    assert not refused & shown
