"""What of a key is published: only what its owner has proved, under the party's name."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.core.openpgp import certificates, frames, signatures
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft
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


def tampered(state: State) -> tuple[bytes, bytes]:
    """A key of Mesa's with everything in it that is none of its owner's to publish; secret and public."""
    secret, stranger = state.key(f"{MESA} <m@mesa.example>"), state.key("A stranger <s@s.example>")
    own = craft.packets(validity.binary(keyring.public(secret)))
    primary, user_id, vouched = own[:3]
    signed = b"\x99" + len(primary[1]).to_bytes(2, "big") + primary[1]
    over = signed + b"\xb4" + len(user_id[1]).to_bytes(4, "big") + user_id[1]
    text = b"slipped in"
    read = signatures.parse(vouched[1])
    assert read
    hint = bytes([1 + len(text), 100]) + text
    at = len(read.hashed)
    size = int.from_bytes(vouched[1][at : at + 2], "big")
    grown = (size + len(hint)).to_bytes(2, "big") + vouched[1][at + 2 : at + 2 + size] + hint
    loud = (vouched[0], read.hashed + grown + vouched[1][at + 2 + size :])
    other = craft.packets(validity.binary(keyring.public(stranger)))
    alien = bytes([17 + 1, 1, 16, 0, 1, 1]) + bytes(12) + b"\xff\xd8\xff\xe0photo"
    whole = [
        primary,
        user_id,
        loud,
        (frames.SIGNATURE, craft.signature(stranger, 0x13, over)),  # a stranger's certification
        *craft.named(secret, "Records <x@mesa.example>"),  # the owner's own, which names nobody
        (frames.USER_ID, b"Canyon School District <records@canyon.example>"),  # signed by nobody
        (frames.USER_ID, b"LEA 01 <c@c.example>"),  # signed by a stranger
        (frames.SIGNATURE, craft.signature(stranger, 0x13, over)),
        *craft.named(secret, alien.decode("latin-1"), frames.ATTRIBUTE),
        *own[3:],
        (frames.PUBLIC_SUBKEY, other[0][1]),  # bound by nobody
        *craft.binding(secret, other[0][1], signatures.SIGN),  # a signing key that confirms nothing
    ]
    return secret, craft.joined(whole)


def test_only_what_the_owner_has_proved_is_published(state: State, third: Gpg) -> None:
    state.add("01", CANYON, keyring.public(state.key(f"{CANYON} <records@canyon.example>")))
    secret, whole = tampered(state)
    state.add("02", MESA, whole)
    shown = craft.packets(validity.binary(state.published(name="02")))
    tags = [frames.PUBLIC_KEY, frames.USER_ID, frames.SIGNATURE, frames.PUBLIC_SUBKEY, frames.SIGNATURE]
    assert [tag for tag, _ in shown] == tags
    assert shown[1][1] == f"{MESA} <m@mesa.example>".encode()
    assert b"slipped in" not in validity.binary(state.published(name="02"))
    assert f'Good signature from "{MESA} <m@mesa.example>"' in says(third, secret, state.published())
    assert names_in(third).count(f"{MESA} <m@mesa.example>") == 1
    assert len(names_in(third)) == 4  # of the exchange and three parties, one each
    assert "Canyon" not in says(third, secret, state.published())
    # and it still can be sealed to
    assert third.seal(b"hello", [openpgp.load_secret(secret).fingerprint], None)


def test_a_user_id_that_was_revoked_is_not_published(state: State, third: Gpg) -> None:
    with Gpg() as mesa:
        fingerprint = mesa.generate(f"{MESA} <old@mesa.example>")
        mesa.run("--quick-add-uid", fingerprint, f"{MESA} <new@mesa.example>")
        mesa.run("--quick-revoke-uid", fingerprint, f"{MESA} <old@mesa.example>")
        state.add("02", MESA, mesa.export(fingerprint))
        third.import_(state.published(name="02"))
        assert names_in(third) == [f"{MESA} <new@mesa.example>"]
        # it is the owner's to take the other one off, too, when there is a third that names nobody: then none is shown
        mesa.run("--quick-add-uid", fingerprint, "Records <r@mesa.example>")
        mesa.run("--quick-revoke-uid", fingerprint, f"{MESA} <new@mesa.example>")
        told = state.put("02", mesa.export(fingerprint))
        assert "[key-user-id]" in told.stdout
        assert "gpg --quick-add-uid" in told.stdout
    assert frames.USER_ID not in [tag for tag, _ in craft.packets(validity.binary(state.published(name="02")))]
    assert state.keys("02")[0]["state"] == "in use"


def test_all_that_was_taken_in_is_told(state: State) -> None:
    ssh = state.root / "id.pub"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(state.root / "id")], check=True)
    listed = subprocess.run(["ssh-keygen", "-lf", str(ssh)], capture_output=True, text=True, check=True).stdout
    with Gpg() as mesa:
        fingerprint = mesa.generate(f"{MESA} <m@mesa.example>", expire="2y")
        mesa.add_key(fingerprint, "ed25519", "sign", "1y")
        rows = mesa.run("--with-colons", "--with-subkey-fingerprints", "--list-keys", fingerprint)[0].decode()
        told = state.add("02", MESA, mesa.export(fingerprint), "--ssh-key", str(ssh))
    lines = rows.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("pub:", "sub:")):
            expires = datetime.fromtimestamp(int(line.split(":")[6]), UTC).date().isoformat()
            mark = next(one for one in lines[number:] if one.startswith("fpr:")).split(":")[9]
            own = next(one for one in told.splitlines() if one.strip().startswith(mark))
            assert expires in own
            assert ("encryption" if "e" in line.split(":")[11] else "signing") in own
    assert f"{MESA} <m@mesa.example>" in told
    assert listed.split()[1] in told


def test_what_is_told_of_a_newer_form_is_what_is_published(state: State) -> None:
    """A user id that names somebody else came to it: the other one is shown as before, and that is said."""
    secret = state.key(f"{MESA} <m@mesa.example>")
    state.add("01", CANYON, keyring.public(state.key(f"{CANYON} <c@c.example>")))
    state.add("02", MESA, keyring.public(secret))
    own = craft.packets(validity.binary(keyring.public(secret)))
    told = state.put(
        "02", craft.joined([*own[:3], *craft.named(secret, f"{CANYON} <m@mesa.example>"), *own[3:]])
    ).stdout
    assert f"Published as: {MESA} <m@mesa.example>" in told
    assert "Nobody's gpg" not in told
    user_ids = [
        body for tag, body in craft.packets(validity.binary(state.published(name="02"))) if tag == frames.USER_ID
    ]
    assert user_ids == [f"{MESA} <m@mesa.example>".encode()]


def _saying(secret: bytes, user_id: str, area: bytes) -> list[tuple[int, bytes]]:
    body = user_id.encode()
    primary = certificates.parse_key(first_subkey(secret, frames.PUBLIC_KEY)).hashed
    signed = primary + b"\xb4" + len(body).to_bytes(4, "big") + body
    return [(frames.USER_ID, body), (frames.SIGNATURE, craft.signature(secret, 0x13, signed, area))]


@pytest.mark.parametrize(
    ("first", "own"),
    [
        (bytes([2, 27, 3]), bytes([2, 27, 1])),  # others would not believe what it signs
        (bytes([2, 27, 3, 5, 9, 0, 9, 0, 0]), bytes([2, 27, 3])),  # others would believe it after its end
        (bytes([2, 27, 3]), bytes([2, 27, 3, 5, 9, 0, 9, 0, 0])),
    ],
)
def test_a_key_is_to_others_what_it_is_to_the_exchange(state: State, third: Gpg, first: bytes, own: bytes) -> None:
    """The one user id that is published says for what and until when the key is, as the whole key does."""
    secret = state.key("Records")
    bare = craft.packets(validity.binary(keyring.public(secret)))
    main, named = _saying(secret, "Main", first + bytes([2, 25, 1])), f"{MESA} <m@mesa.example>"
    told = state.not_added("02", MESA, craft.joined([bare[0], *main, *_saying(secret, named, own), *bare[3:]]))
    assert "[key-user-id]" in told
    assert "something else" in told
    state.add("02", MESA, craft.joined([bare[0], *main, *_saying(secret, named, first), *bare[3:]]))
    third.import_(state.published(name="02"))
    assert names_in(third) == [named]


def test_a_party_that_was_renamed_and_left_is_shown_under_the_name_that_its_keys_have(state: State) -> None:
    """What it has signed can still be checked, and nobody else can take that name meanwhile."""
    state.add("02", MESA, keyring.public(state.key(f"{MESA} <m@mesa.example>")))
    state.ok("lea", "rename", "02", "--name", "Mesa Public Schools")
    before = state.published(name="02")
    state.ok("lea", "remove", "02", "--why", "closed")
    assert state.published(name="02") == before
    assert frames.USER_ID in [tag for tag, _ in craft.packets(validity.binary(before))]
    other = keyring.public(state.key(f"{MESA} <x@x.example>"))
    assert "same name" in state.not_added("03", MESA, other)


def test_a_name_that_comes_later_takes_a_wrong_one_down(state: State, third: Gpg) -> None:
    """Who has a party's name in its user id before that is a party is shown with it no more, and the state is told."""
    secret = state.key(f"{MESA}, with {CANYON} <m@mesa.example>")
    state.add("02", MESA, keyring.public(secret))
    third.import_(state.published())
    path = state.root / "01.key"
    path.write_bytes(keyring.public(state.key(f"{CANYON} <c@c.example>")))
    ended = state.run("lea", "add", "01", "--name", CANYON, "--kind", "district", "--cert", str(path))
    assert ended.returncode == 0
    assert "of 02 is published without a name" in ended.stderr
    with Gpg() as fourth:
        fourth.import_(state.published())
        assert [one for one in names_in(fourth) if "Mesa" in one] == []
    assert "published without a name" in state.ok("lea", "keys", "02")
    assert (
        "[key-user-id]" in state.put("02", keyring.public(secret)).stdout
        or "[key-names-other]" in state.put("02", keyring.public(secret)).stdout
    )
