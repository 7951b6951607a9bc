"""What a key says of itself: who is published under which name, whose a key is, and how it ends.

Seen from outside: by the commands of the state, and by the gpg of a third school that takes in what it finds in its
folder `directory`.
"""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import offline
from broker.core.errors import Refused
from broker.core.openpgp import certificates, frames, signatures
from broker.edge.ledger.engine import reading
from broker.edge.pgp import keyring, minimal, openpgp, validity
from broker.parties import keys
from tests.support import craft, homes
from tests.support.exchange import Exchange, satchel
from tests.support.gpg import Gpg

CANYON, MESA, RIVER = "Canyon School District", "Mesa School District", "River School District"


class State:
    """The state's office, and the folder of a third school."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exchange = Exchange(root / "home", enabled=False)

    def key(self, user_id: str) -> bytes:
        """A new armored secret key."""
        return keyring.generate(user_id, "cv25519", datetime.now(UTC), None)

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return satchel(*words, *self.exchange.at, check=False)

    def ok(self, *words: str) -> str:
        ended = self.run(*words)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def refused(self, *words: str, code: int = 1) -> str:
        ended = self.run(*words)
        assert (ended.returncode, ended.stdout) == (code, ""), ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
        return ended.stderr

    def _add(self, lea: str, name: str, certificate: bytes, *more: str) -> list[str]:
        path = self.root / f"{lea}.key"
        path.write_bytes(certificate)
        return ["lea", "add", lea, "--name", name, "--kind", "district", "--cert", str(path), *more]

    def add(self, lea: str, name: str, certificate: bytes, *more: str) -> str:
        return self.ok(*self._add(lea, name, certificate, *more))

    def not_added(self, lea: str, name: str, certificate: bytes) -> str:
        told = self.refused(*self._add(lea, name, certificate))
        assert lea not in [one["id"] for one in json.loads(self.ok("lea", "list", "--json"))]
        assert not (self.exchange.home / "leas" / lea).exists()
        return told

    def put(self, lea: str, content: bytes) -> "subprocess.CompletedProcess[str]":
        path = self.root / "put.key"
        path.write_bytes(content)
        return self.run("lea", "key", lea, "--cert", str(path))

    def published(self, lea: str = "09", name: str = "all") -> bytes:
        """A file in the folder `directory` of a school."""
        return (self.exchange.folder(lea, "directory") / f"{name}.asc").read_bytes()

    def keys(self, lea: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.ok("lea", "keys", lea, "--json"))
        return found


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path)
    made.add("09", RIVER, keyring.public(made.key(f"{RIVER} <r@river.example>")))
    return made


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> State:
    """A state with two schools, for what is refused and so leaves it as it was: nothing is ever taken there."""
    made = State(tmp_path_factory.mktemp("refusing"))
    made.add("09", RIVER, keyring.public(made.key(f"{RIVER} <r@river.example>")))
    made.add("01", CANYON, keyring.public(made.key(f"{CANYON} <records@canyon.example>")))
    return made


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> State:
    """Another, in which Mesa has a key, and has no other taken."""
    made = State(tmp_path_factory.mktemp("keeping"))
    made.add("01", CANYON, keyring.public(made.key(f"{CANYON} <records@canyon.example>")))
    made.add("02", MESA, keyring.public(made.key(f"{MESA} <m@mesa.example>")))
    return made


@pytest.fixture
def third() -> Iterator[Gpg]:
    """The gpg of another school."""
    with Gpg() as made:
        yield made


def says(third: Gpg, secret: bytes, published: bytes) -> str:
    """What a school that took in the published keys is told of a text that this key has signed."""
    third.import_(published)
    return third.run("--verify", stdin=openpgp.clearsign("hello\n", openpgp.load_secret(secret)).encode())[1]


def names_in(third: Gpg) -> list[str]:
    listed = third.run("--with-colons", "--list-keys")[0].decode()
    return [line.split(":")[9] for line in listed.splitlines() if line.startswith(("uid:", "uat:"))]


OF_OTHERS: list[tuple[str, str]] = [
    (CANYON, "key-names-other"),
    (f"{CANYON} <records@canyon.example>", "key-names-other"),
    (CANYON.upper(), "key-names-other"),
    ("Canyon  School-District", "key-names-other"),
    ("CanyonSchool District <m@mesa.example>", "key-names-other"),
    ("Canyon Schooi District", "key-names-other"),
    ("Cany0n School District", "key-names-other"),
    ("C\u0430nyon School District", "key-user-id"),  # a Cyrillic letter
    ("Canyon\u200b School District", "key-names-other"),  # with something that cannot be seen in it
    ("LEA 01 <m@mesa.example>", "key-names-other"),
    ("lea-01", "key-names-other"),
    (f"{MESA} <records@canyon.example>", "key-names-other"),
    (f"{MESA} <RECORDS@CANYON.example>", "key-names-other"),
    (f"{MESA}, {CANYON} <m@mesa.example>", "key-names-other"),
    ("LEA 02, for LEA 01 <m@mesa.example>", "key-names-other"),
    ("Test exchange <m@mesa.example>", "key-names-other"),
    (f"{MESA} <exchange@satchel.invalid>", "key-names-other"),
    ("Records office <m@mesa.example>", "key-user-id"),
    ("02 Canyons", "key-user-id"),
    ("records@mesa.example", "key-user-id"),
    (f"Canyon Schools, {MESA}", "key-user-id"),
    (f"{MESA} <{CANYON}>", "key-names-other"),
    ("LEA 02 <LEA 01>", "key-names-other"),
    (f"{MESA} <{CANYON} m@mesa.example>", "key-names-other"),
    (f"{MESA}, Canyon Schoo| Di$trict <m@mesa.example>", "key-names-other"),
    (f"{MESA}, C a n y o n S c h o o l D i s t r i c t <m@mesa.example>", "key-names-other"),
    (f'{MESA} <"records"@canyon.example>', "key-user-id"),
    (f"{MESA} <records(x)@canyon.example>", "key-user-id"),
    (f"{MESA} 'records@canyon.example' <m@mesa.example>", "key-names-other"),
    (f"{MESA} <rec0rds@canyon.examp1e>", "key-names-other"),
]


@pytest.mark.parametrize(("user_id", "code"), OF_OTHERS)
def test_a_key_that_does_not_name_its_party_is_refused(keeping: State, user_id: str, code: str) -> None:
    services, mesa, now = offline.build(keeping.exchange.home), keyring.public(keeping.key(user_id)), datetime.now(UTC)
    with reading(services.engine) as connection:
        who = keys.others(connection, services)
        with pytest.raises(Refused) as refused:
            keys.check(services, connection, who, "02", mesa, now)
    services.engine.dispose()
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("user_id", "code"),
    [
        pytest.param(*one, marks=[] if number in (1, 7, 11) else pytest.mark.long)
        for number, one in enumerate(OF_OTHERS)
    ],
)
def test_what_is_refused_is_not_taken(refusing: State, keeping: State, user_id: str, code: str) -> None:
    """Of a new party, and of one that has a key."""
    mesa = keyring.public(refusing.key(user_id))
    before, kept = refusing.published(), keeping.published("01")
    assert f"[{code}]" in refusing.not_added("02", MESA, mesa)
    assert refusing.published() == before
    assert f"[{code}]" in keeping.put("02", mesa).stderr
    assert keeping.published("01") == kept


def test_who_takes_in_what_is_published_has_no_key_that_was_not_taken(refusing: State, third: Gpg) -> None:
    mesa = refusing.key(f"{CANYON} <records@canyon.example>")
    refusing.not_added("02", MESA, keyring.public(mesa))
    with pytest.raises(Exception, match="NO_PUBKEY"):
        says(third, mesa, refusing.published())
    canyon = f"{CANYON} <records@canyon.example>"
    assert sorted(names_in(third)) == [canyon, f"{RIVER} <r@river.example>", "Test exchange <exchange@satchel.invalid>"]


def test_a_key_that_names_its_party_is_published_under_that_name(state: State, third: Gpg) -> None:
    first = state.key(f"{MESA} <m@mesa.example>")
    state.add("02", MESA, keyring.public(first))
    assert f'Good signature from "{MESA} <m@mesa.example>"' in says(third, first, state.published())
    for user_id in (
        f"{MESA.lower()}, records office (2026) <m@mesa.example>",
        "LEA 02 again <02@leas.invalid>",
        "02 <02@leas.invalid>",
        MESA,
    ):
        secret = state.key(user_id)
        assert state.put("02", keyring.public(secret)).returncode == 0
        assert f'Good signature from "{user_id}"' in says(third, secret, state.published())


def test_a_part_of_the_own_name_may_be_anothers(state: State, third: Gpg) -> None:
    """The Grand Canyon district is not Canyon, and Canyon is not the Grand Canyon district."""
    grand = f"Grand {CANYON}"
    state.add("01", CANYON, keyring.public(state.key(f"{CANYON} <c@c.example>")))
    secret = state.key(f"{grand} <g@g.example>")
    state.add("02", grand, keyring.public(secret))
    assert f'Good signature from "{grand} <g@g.example>"' in says(third, secret, state.published())
    told = state.put("01", keyring.public(state.key(f"{grand} <c@c.example>")))
    assert "[key-names-other]" in told.stderr


def test_the_command_that_the_refusal_names_mends_it(state: State, third: Gpg) -> None:
    with Gpg() as mesa:
        fingerprint = mesa.generate("Records <m@mesa.example>")
        told = state.not_added("02", MESA, mesa.export(fingerprint))
        command = re.search(r'gpg (--quick-add-uid) (\w{40}) "([^"]*)"', told)
        assert command
        assert command[3] == f"{MESA} <m@mesa.example>"
        mesa.run(*command.groups())
        state.add("02", MESA, mesa.export(fingerprint))
        signed = mesa.run("--clearsign", "--local-user", fingerprint, stdin=b"hello\n")[0]
    third.import_(state.published())
    assert f'Good signature from "{MESA} <m@mesa.example>"' in third.verify(signed)
    assert not [one for one in names_in(third) if one.startswith("Records")]


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


@pytest.mark.parametrize(
    "name",
    [
        *(CANYON, CANYON.upper(), "canyon school-district", "LEA 01", "Test exchange", "Canyon Schoo| District"),
        *("Canyon 5chool District", "Canyon School Clistrict", "Canyon Scho\u00f8l District"),
    ],
)
def test_no_party_is_called_like_another(refusing: State, name: str) -> None:
    told = refusing.not_added("02", name, keyring.public(refusing.key("LEA 02 <m@mesa.example>")))
    assert "same name" in told


def test_a_name_is_in_letters_that_look_like_no_others(state: State) -> None:
    """By a Cyrillic letter in the party's name its key would have been shown under it."""
    alike = CANYON.replace("a", "\u0430")
    words = state._add("02", alike, keyring.public(state.key(f"{alike} <m@mesa.example>")))
    assert "Latin letters" in state.refused(*words, code=2)
    state.add("02", MESA, keyring.public(state.key(f"{MESA} <m@mesa.example>")))
    assert "Latin letters" in state.refused("lea", "rename", "02", "--name", alike, code=2)


@pytest.mark.parametrize("address", ["\x1bc@mesa.example", "\x1b]0;x\x07@mesa.example", "m@mesa.example\x08"])
def test_a_key_writes_nothing_to_the_screen_but_letters(refusing: State, address: str) -> None:
    told = refusing.not_added("02", MESA, keyring.public(refusing.key(f"Records <{address}>")))
    assert told.rstrip("\n").isprintable()
    assert f'"{MESA} <YOUR-ADDRESS>"' in told


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
    primary = certificates.parse_key(_first_subkey(secret, frames.PUBLIC_KEY)).hashed
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


# whose a key is


def _first_subkey(secret: bytes, tag: int = frames.PUBLIC_SUBKEY) -> bytes:
    return next(body for one, body in craft.packets(validity.binary(keyring.public(secret))) if one == tag)


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
    canyon, grabbed = _grabbed(state, lambda key: _first_subkey(key, tag), flags)
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
    subkey = _first_subkey(signing, frames.PUBLIC_KEY)
    confirmed = bytes([255]) + (len(back) + 1).to_bytes(4, "big") + bytes([32]) + back
    return craft.joined([*own, *craft.binding(secret, subkey, signatures.SIGN, confirmed)])


def _confirmation(signing: bytes, of: bytes) -> bytes:
    """What the holder of a signing key writes to say that it belongs to a primary key."""
    primary, subkey = (_first_subkey(one, frames.PUBLIC_KEY) for one in (of, signing))
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
    assert "what is for it waits" in state.ok("lea", "end-key", spaced, "--why", "the laptop was stolen", "--who", "Jo")
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
