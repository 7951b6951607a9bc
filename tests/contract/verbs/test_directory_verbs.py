"""Verbs of the directory: every act leaves its line, a refused one none; pages; what of others a party is not told."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import offline
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import PartyKind
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import acts, disclosures
from broker.edge.pgp import keyring
from broker.edge.sftp.hostkey import generate, public_line
from broker.offline import Offline
from broker.verbs import directory, exceptions, keys
from broker.verbs.installation import openssh
from broker.verbs.keys import Given, News
from tests.support import ledgers
from tests.support.exchange import Exchange

ANN = Actor("Ann Lee")
WHY = "as the law says"
MADE = "make"  # the line that the home itself begins with
LATER = {"acts": (), "disclosures": ()}  # what is left of what was refused


def key_of(lea: str, mail: str = "") -> Given:
    user_id = f"LEA {lea} <{mail or f'{lea}@leas.invalid'}>"
    content = keyring.public(keyring.generate(user_id, "cv25519", datetime.now(UTC), None))
    return Given(f"{lea}.asc", lambda: content)


def ssh_key() -> Given:
    content = f"{public_line(generate())} somebody".encode()
    return Given("id.pub", lambda: content)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Offline]:
    made = offline.build(Exchange(tmp_path / "home").home)
    yield made
    made.engine.dispose()


def add(house: Offline, lea: str, *ssh_keys: Given) -> directory.Entered:
    return directory.add_party(house, lea, f"LEA {lea}", "district", key_of(lea), ssh_keys, actor=ANN)


def lines(house: Offline) -> list[tuple[str, str, str]]:
    """The log of acts, the oldest first: verb, subject, why; all by the one operator."""
    with reading(house.engine) as connection:
        found = [one for one in acts.page(connection, None, 100) if one.verb != MADE]
    assert {(one.actor, one.role, one.result) for one in found} <= {("Ann Lee", "state-operator", acts.DONE)}
    return [(one.verb, one.subject, one.why) for one in reversed(found)]


def test_every_act_leaves_its_line(house: Offline, tmp_path: Path) -> None:
    login = ssh_key()
    entered = add(house, "01", login)
    directory.rename_party(house, "01", "North", WHY, actor=ANN)
    directory.suspend_party(house, "01", WHY, actor=ANN)
    directory.resume_party(house, "01", actor=ANN)
    changed = keys.change_keys(house, "01", News(None, (ssh_key(),), (login,)), actor=ANN)
    assert changed.gone_ssh_keys == entered.ssh_keys
    openssh.write_sshd_config(house, tmp_path / "keys", actor=ANN)
    mark = entered.key.fingerprint
    assert keys.end_key(house, mark, WHY, actor=ANN) == keys.Ended(mark, ("01",), is_one_left=False)
    exceptions.record_exception(house, "example.mil", "10 USC 2164", WHY, actor=ANN)
    exceptions.end_exception(house, "example.mil", WHY, actor=ANN)
    directory.remove_party(house, "01", WHY, actor=ANN)
    assert lines(house) == [
        ("add_party", "01", ""),
        ("rename_party", "01", WHY),
        ("suspend_party", "01", WHY),
        ("resume_party", "01", ""),
        ("change_keys", "01", ""),
        ("write_sshd_config", str(tmp_path / "keys"), ""),
        ("end_key", mark, WHY),
        ("record_exception", "example.mil", WHY),
        ("end_exception", "example.mil", WHY),
        ("remove_party", "01", WHY),
    ]


def test_what_an_act_tells_can_be_compared(house: Offline) -> None:
    entered = add(house, "01", ssh_key())
    with reading(house.engine) as connection:
        line = acts.page(connection, None, 1)[0]
    key, ssh_keys = entered.key.fingerprint, list(entered.ssh_keys)
    assert line.told == {"name": "LEA 01", "kind": "district", "key": key, "ssh_keys": ssh_keys}


def test_what_is_not_done_leaves_nothing(house: Offline) -> None:
    add(house, "01")
    add(house, "6G")
    before, told = ledgers.dump(house.engine, {}), lines(house)
    tried = (
        ("party-there", lambda: add(house, "01")),
        ("id-alike", lambda: directory.add_party(house, "6g", "A", "charter", key_of("6g"), actor=ANN)),
        ("name-taken", lambda: directory.add_party(house, "02", "LEA 01", "district", key_of("02"), actor=ANN)),
        ("kind-unknown", lambda: directory.add_party(house, "02", "B", "federal", key_of("02"), actor=ANN)),
        ("no-ssh-key-of", lambda: keys.change_keys(house, "01", News(None, (ssh_key(),), (ssh_key(),)), actor=ANN)),
        ("nothing-new", lambda: keys.change_keys(house, "01", News(), actor=ANN)),
        ("no-key", lambda: keys.end_key(house, "0" * 40, WHY, actor=ANN)),
        ("no-exception", lambda: exceptions.end_exception(house, "example.mil", WHY, actor=ANN)),
    )
    for code, trial in tried:
        with pytest.raises(NotDone) as refused:
            trial()
        assert refused.value.code == code
    assert ledgers.dump(house.engine, {}) == before
    assert lines(house) == told


def test_a_federal_name_leaves_a_line_of_the_disclosure_log_alone(house: Offline) -> None:
    before = ledgers.dump(house.engine, LATER)
    cert = key_of("02", "office@example.mil")
    with pytest.raises(NotDone) as refused:
        directory.add_party(house, "02", "LEA 02", "district", cert, actor=ANN)
    assert (refused.value.code, refused.value.facts["refusal"]) == ("not-let-in", "federal-domain")
    assert ledgers.dump(house.engine, LATER) == before
    assert lines(house) == []
    with reading(house.engine) as connection:
        (line,) = disclosures.about(connection, "")
    assert (line.action, line.outcome, line.party, line.purpose) == ("join", "refused", "02", "example.mil")


def test_lists_are_pages_and_go_on_where_the_last_one_ended(house: Offline) -> None:
    for lea in ("03", "01", "02"):
        add(house, lea, ssh_key())
    first = directory.list_parties(house, actor=ANN, size=2)
    assert ([one.party.id for one in first.rows], first.after, first.count) == (["01", "02"], "02", 3)
    last = directory.list_parties(house, actor=ANN, after="02", size=2)
    assert ([one.party.id for one in last.rows], last.after, last.count) == (["03"], None, 3)
    ways = [keys.list_keys(house, actor=ANN, size=1, after=after) for after in ("", "01", "02")]
    assert [[one.lea for one in way.rows] for way in ways] == [["01"], ["02"], ["03"]]
    assert [way.after for way in ways] == ["01", "02", None]
    assert [[one.kind for one in way.rows[0].keys] for way in ways] == [["openpgp", "ssh"]] * 3
    (alone,) = keys.list_keys(house, "02", actor=ANN).rows
    assert alone == ways[1].rows[0]


def test_exceptions_are_pages(house: Offline) -> None:
    for domain in ("a.mil", "b.mil", "c.mil"):
        exceptions.record_exception(house, domain, "10 USC 2164", WHY, actor=ANN)
    first = exceptions.list_exceptions(house, actor=ANN, size=2)
    assert ([one.domain for one in first.rows], first.count) == (["a.mil", "b.mil"], 3)
    assert first.after is not None
    last = exceptions.list_exceptions(house, actor=ANN, after=first.after, size=2)
    assert ([one.domain for one in last.rows], last.after) == (["c.mil"], None)


@pytest.mark.parametrize(
    ("actor", "is_told"),
    [
        (ANN, True),
        (Actor("Eve", PartyKind.STATE, "ST"), True),
        (Actor("Bob", PartyKind.DISTRICT, "01"), True),
        (Actor("Joe", PartyKind.CHARTER, "02"), False),
    ],
)
def test_who_ended_what_and_why_is_told_to_its_party_and_the_state(house: Offline, actor: Actor, is_told: bool) -> None:
    mark = add(house, "01").key.fingerprint
    keys.end_key(house, mark, WHY, actor=ANN)
    directory.remove_party(house, "01", WHY, actor=ANN)
    (known,) = keys.list_keys(house, actor=actor).rows[0].keys
    assert known.ended_at is not None
    assert (known.ended_by, known.ended_why) == (("Ann Lee", WHY) if is_told else ("", ""))
    removal = directory.list_parties(house, actor=actor).rows[0].removal
    assert removal is not None
    assert (removal.by, removal.why) == (("Ann Lee", WHY) if is_told else ("", ""))
