"""What a key says of itself: whose key is taken, and under which name."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import offline
from broker.core.errors import Refused
from broker.edge.ledger.engine import reading
from broker.edge.pgp import keyring
from broker.parties import keys
from tests.support.gpg import Gpg
from tests.support.trusted import CANYON, MESA, RIVER, State, names_in, says


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
