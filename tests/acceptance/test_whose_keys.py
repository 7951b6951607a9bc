"""Whose a key is, and how it ends: bindings, confirmations, revocations, retired keys and renamed parties."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.core.openpgp import certificates, frames, signatures
from broker.edge.pgp import keyring, minimal, openpgp, validity
from tests.support import craft, homes
from tests.support.exchange import satchel
from tests.support.gpg import Gpg
from tests.support.trusted import CANYON, MESA, RIVER, State, first_subkey, names_in, says


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path)
    made.add("09", RIVER, keyring.public(made.key(f"{RIVER} <r@river.example>")))
    return made


@pytest.fixture
def third() -> Iterator[Gpg]:
    """The gpg of another school."""
    with Gpg() as made:
        yield made


def _grabbed(state: State, what: Callable[[bytes], bytes], flags: int) -> tuple[bytes, bytes]:
    """Canyon's secret key, and a certificate of Mesa's that binds one of its keys."""
    canyon, mesa = state.key(f"{CANYON} <c@c.example>"), state.key(f"{MESA} <m@mesa.example>")
    own = craft.packets(validity.binary(keyring.public(mesa)))
    return canyon, craft.joined([*own, *craft.binding(mesa, what(canyon), flags)])


_BOTH = signatures.SIGN | signatures.ENCRYPT
_GRABS = {
    (flags, tag)
    for flags in (signatures.SIGN, signatures.ENCRYPT, 0, 0x20, _BOTH)
    for tag in (frames.PUBLIC_KEY, frames.PUBLIC_SUBKEY)
}
_LIKELY = [(signatures.SIGN, frames.PUBLIC_KEY), (signatures.ENCRYPT, frames.PUBLIC_SUBKEY)]


@pytest.mark.parametrize(
    ("flags", "tag"),
    [*_LIKELY, *(pytest.param(*grab, marks=pytest.mark.long) for grab in sorted(_GRABS.difference(_LIKELY)))],
)
def test_who_binds_anothers_key_first_keeps_nobody_out(state: State, third: Gpg, flags: int, tag: int) -> None:
    canyon, grabbed = _grabbed(state, lambda key: first_subkey(key, tag), flags)
    state.add("02", MESA, grabbed)
    state.add("01", CANYON, keyring.public(canyon))
    told = says(third, canyon, state.published())
    assert f'Good signature from "{CANYON} <c@c.example>"' in told
    assert MESA not in told
    revoked = keyring.revocation(canyon, datetime.now(UTC))
    assert "[key-revoked]" in state.put("01", revoked).stdout
    assert state.keys("01")[0]["state"] == "key-revoked"
    assert state.keys("02")[0]["state"] == "in use"


def _with_signing(secret: bytes, signing: bytes, back: bytes) -> bytes:
    """A certificate with this signing subkey, confirmed by `back`."""
    own = craft.packets(validity.binary(keyring.public(secret)))
    subkey = first_subkey(signing, frames.PUBLIC_KEY)
    confirmed = bytes([255]) + (len(back) + 1).to_bytes(4, "big") + bytes([32]) + back
    return craft.joined([*own, *craft.binding(secret, subkey, signatures.SIGN, confirmed)])


def _confirmation(signing: bytes, of: bytes) -> bytes:
    """What the holder of a signing key writes to say that it belongs to a primary key."""
    primary, subkey = (first_subkey(one, frames.PUBLIC_KEY) for one in (of, signing))
    signed = certificates.parse_key(primary).hashed + certificates.parse_key(subkey).hashed
    return craft.signature(signing, signatures.PRIMARY_BINDING, signed)


def test_a_signing_subkey_that_confirms_its_owner_is_nobody_elses(state: State, third: Gpg) -> None:
    canyon, mesa = state.key(f"{CANYON} <c@c.example>"), state.key(f"{MESA} <m@mesa.example>")
    signing = state.key("a subkey")
    word = _confirmation(signing, canyon)
    replayed = _with_signing(mesa, signing, word)  # the word was given to another key
    state.add("02", MESA, replayed)
    state.add("01", CANYON, _with_signing(canyon, signing, word))
    assert len(minimal.proved(_with_signing(canyon, signing, word))) == 2
    told = says(third, signing, state.published())
    assert f'Good signature from "{CANYON} <c@c.example>"' in told
    assert "[key-taken]" in state.put("02", _with_signing(mesa, signing, _confirmation(signing, mesa))).stderr
    revoked = keyring.merge(replayed, keyring.revocation(mesa, datetime.now(UTC)))
    assert "[key-revoked]" in state.put("02", revoked).stdout


def test_the_exchanges_own_key_is_no_partys(state: State) -> None:
    told = state.refused(*state._add("02", MESA, state.exchange.certificate))
    assert "[key-taken]" in told


# how a key ends


@pytest.mark.parametrize(
    ("is_whole", "binary"),
    [
        *((True, True), (False, False)),
        *(pytest.param(one, not one, marks=pytest.mark.long) for one in (True, False)),
    ],
)
def test_a_revocation_is_taken_bare_and_whole(state: State, third: Gpg, is_whole: bool, binary: bool) -> None:
    with Gpg() as mesa:
        fingerprint = mesa.generate(f"{MESA} <m@mesa.example>")
        state.add("02", MESA, mesa.export(fingerprint))
        third.import_(state.published())
        bare = (mesa.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_bytes()
        bare = bare.replace(b"\n:-----BEGIN", b"\n-----BEGIN")
        mesa.import_(bare)
        content = mesa.export(fingerprint) if is_whole else bare
    if binary:
        content = validity.binary(content[content.index(b"-----BEGIN") :])
    ended = state.put("02", content)
    assert (ended.returncode, "[key-revoked]" in ended.stdout) == (0, True), ended.stderr
    assert state.keys("02")[0]["state"] == "key-revoked"
    third.import_(state.published())  # others hear of it
    listed = third.run("--with-colons", "--list-keys", fingerprint)[0].decode()
    assert "pub:r:" in listed


def test_a_revocation_is_taken_after_its_party_has_left(state: State) -> None:
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret))
    state.ok("lea", "remove", "02", "--why", "closed")
    ended = state.put("02", keyring.revocation(secret, datetime.now(UTC)))
    assert "[key-revoked]" in ended.stdout, ended.stderr
    assert "was removed" in state.put("02", keyring.public(state.key(f"{MESA} <m@mesa.example>"))).stderr


def test_a_revocation_handed_in_for_another_party_is_told(state: State) -> None:
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret))
    ended = state.put("09", keyring.revocation(secret, datetime.now(UTC)))
    assert "lea key 02" in ended.stderr


def test_keys_are_listed_and_ended_by_fingerprint(state: State) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(state.root / "id")], check=True)
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret), "--ssh-key", str(state.root / "id.pub"))
    openpgp_key, ssh_key = state.keys("02")
    mark = openpgp.load_secret(secret).fingerprint
    assert (openpgp_key["kind"], openpgp_key["fingerprint"], openpgp_key["state"]) == ("openpgp", mark, "in use")
    assert (ssh_key["kind"], ssh_key["state"]) == ("ssh", "in use")
    text = state.ok("lea", "keys", "02")
    assert mark in text
    assert ssh_key["fingerprint"] in text

    assert state.run("lea", "end-key", mark).returncode == 2  # no reason given
    assert "40 letters" in state.refused("lea", "end-key", mark[-16:], "--why", "lost", code=2)
    assert "no key in use" in state.refused("lea", "end-key", "A" * 40, "--why", "lost")
    spaced = " ".join(mark[at : at + 4] for at in range(0, 40, 4)).lower()
    assert "packets for it wait" in state.ok("lea", "end-key", spaced, "--why", "the laptop was stolen", "--who", "Jo")
    assert "SSH key" in state.ok("lea", "end-key", ssh_key["fingerprint"], "--why", "the laptop was stolen")
    openpgp_key, ssh_key = state.keys("02")
    assert openpgp_key["state"] == "ended by Jo: the laptop was stolen"
    assert "the laptop was stolen" in ssh_key["state"]
    assert openpgp_key["ended"]
    assert ssh_key["ended"]
    assert mark not in state.published().decode()
    assert "no SSH key in use" in state.refused("lea", "end-key", ssh_key["fingerprint"], "--why", "x")
    assert state.published(name="02").strip() == b""
    assert "not in the directory" in state.refused("lea", "keys", "77")


def test_a_party_is_renamed_and_keeps_id_and_old_name(state: State, third: Gpg) -> None:
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret))
    told = state.ok("lea", "rename", "02", "--name", "Mesa Public Schools", "--why", "by the board", "--who", "Jo")
    assert "Mesa Public Schools" in told
    row = next(one for one in json.loads(state.ok("lea", "list", "--json")) if one["id"] == "02")
    assert row["name"] == "Mesa Public Schools"
    assert "Mesa Public Schools" in (state.exchange.home / "leas" / "02" / "README.txt").read_text()
    # its key goes on under the old name, which nobody else can take
    assert f'Good signature from "{MESA} <m@mesa.example>"' in says(third, secret, state.published())
    other = keyring.public(state.key(f"{MESA} <x@x.example>"))
    assert "same name" in state.not_added("03", MESA, other)
    assert "same name" in state.refused("lea", "rename", "09", "--name", MESA)
    state.put("02", keyring.public(state.key("Mesa Public Schools <m@mesa.example>")))
    assert next(one["user_id"] for one in state.keys("02")) == "Mesa Public Schools <m@mesa.example>"
    for words in (("77", "--name", "X"), ("02", "--name", ""), ("02", "--name", "a\nb"), ("02", "--name", "…")):
        assert state.run("lea", "rename", *words).returncode in (1, 2)


def test_the_directory_says_whose_key_each_is(state: State) -> None:
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret))
    listed = json.loads((state.exchange.folder("09", "directory") / "parties.json").read_text())
    found = {one["id"]: (one["name"], one["keys"]) for one in listed}
    assert found["02"] == (MESA, [openpgp.load_secret(secret).fingerprint])
    assert found["exchange"][0] == "Test exchange"
    assert set(found) == {"exchange", "02", "09"}


@pytest.mark.parametrize("name", homes.ALL)
def test_keys_of_an_earlier_program_work_and_say_no_wrong_name(tmp_path: Path, third: Gpg, name: str) -> None:
    """Whose user ids name nobody, is published without: gpg passes over such a key, and takes all others in."""
    old = homes.unpack(name, tmp_path / "old")
    satchel("upgrade", *old.at)
    secret = keyring.public(old.key("01"))
    (tmp_path / "01.asc").write_bytes(secret)
    satchel("lea", "key", "01", "--cert", str(tmp_path / "01.asc"), *old.at)  # publishes
    keys = json.loads(satchel("lea", "keys", "02", "--json", *old.at).stdout)
    assert [(one["state"], one["user_id"]) for one in keys] == [("in use", ""), ("in use", "02 <02@example.invalid>")]
    shown = (old.home / "leas" / "6G" / "directory" / "all.asc").read_bytes()
    third.import_(shown)
    names = names_in(third)
    assert not [one for one in names if one.startswith("Second key")]
    assert {"01 <01@example.invalid>", "02 <02@example.invalid>", "6G <6G@example.invalid>"} <= set(names)
    listed = json.loads((old.home / "leas" / "6G" / "directory" / "parties.json").read_text())
    assert [len(one["keys"]) for one in listed if one["id"] == "02"] == [2]
