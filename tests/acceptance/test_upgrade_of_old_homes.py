"""Homes of earlier programs are upgraded: they say what they said, and what was in hand goes on."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import main
from broker.edge.pgp import openpgp
from tests.support import desk, homes
from tests.support.desk import as_bytes
from tests.support.exchange import Exchange, satchel, wait_until
from tests.support.homes import OldHome
from tests.support.scale import larger

_OLDEST, *_LATER = homes.ALL
_HOMES = [_OLDEST, *(pytest.param(name, marks=pytest.mark.long) for name in _LATER)]


@pytest.fixture(scope="module", params=_HOMES)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OldHome:
    old = homes.unpack(request.param, tmp_path_factory.mktemp("homes") / request.param)
    satchel("upgrade", *old.at)
    return old


# What may be told otherwise, by the first words of the command; everywhere else a later program may say more, and must
# say what was said.
MAY_DIFFER: Mapping[str, set[str]] = {
    "disclosures": {"at", "sentence"},  # of the last line alone: when this very look was
    "status": {"oldest_waiting_seconds"},  # counted until now
    "review": {"waits_seconds"},  # counted until now
    "transfers report": {"day", "overdue", "most_school_days_late"},  # as of today
    "claims": {"day"},  # today
}


def aside(words: list[str]) -> set[str]:
    return MAY_DIFFER.get(" ".join(words[:2]), MAY_DIFFER.get(words[0], set()))


def differences(before: Any, after: Any, but: set[str], place: str = "") -> Iterator[str]:
    """Where `after` does not say what `before` said."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in but:
                yield from differences(value, after.get(name, "nothing"), but, f"{place}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, but, f"{place}/{number}")
    elif before != after:
        yield f"{place}: {before!r} was said, now {after!r}"


def said_now(words: list[str], old: OldHome) -> Any:
    ended = CliRunner().invoke(main.build(words), [*words, *old.at])
    good = (0, 3, 4) if words[0] == "status" else (0,)  # it is not up
    assert ended.exit_code in good, (words, ended.exception)
    return json.loads(ended.stdout)


def _asked_again(said: list[tuple[list[str], Any]]) -> Iterator[tuple[list[str], Any]]:
    """All that was asked, but of packets of one type that ended alike six; in `make long` each."""
    asked: Counter[tuple[str, ...]] = Counter()
    for words, says in said:
        if words[0] == "packet":
            kind = tuple(str(says.get(name)) for name in ("type", "state", "code", "held_for"))
            asked[kind] += 1
            if asked[kind] > larger(6, len(said)):
                continue
        yield words, says


@pytest.mark.grows
def test_the_commands_say_what_they_said(upgraded: OldHome, tmp_path: Path) -> None:
    copy = OldHome(tmp_path, upgraded.facts, upgraded.students, upgraded.said)  # looks leave lines in the ledger
    shutil.copytree(upgraded.home, copy.home, symlinks=True)
    found = {}
    for words, says in _asked_again(upgraded.said):
        now = said_now(words, copy)
        told = [*differences(says, now, aside(words))]
        if words[0] == "disclosures":  # the last line is this look; the others are as they were
            told = [*differences(says[:-1], now[:-1], set()), *differences(says[-1:], now[-1:], aside(words))]
        if told:
            found[" ".join(words)] = told
    assert found == {}


def _of_each_kind(papers: list[Path]) -> dict[str, list[Path]]:
    """Receipts by LEA and by what they say."""
    found: dict[str, list[Path]] = {}
    for one in papers:
        found.setdefault(f"{one.parts[-3]} {one.name.partition('.')[2]}", []).append(one)
    return found


@pytest.mark.grows
def test_every_receipt_is_still_good(upgraded: OldHome) -> None:
    every = sorted(upgraded.home.glob("leas/*/receipts/*.asc"))
    assert len(every) > 100
    papers = [one for of in _of_each_kind(every).values() for one in of[: larger(4, len(every))]]
    words = ["receipt", "verify"]
    program = main.build(words)
    with_cert = ["--cert", str(upgraded.home / "exchange.asc")]
    ended = {path.name: CliRunner().invoke(program, [*words, str(path), *with_cert]) for path in papers}
    assert {name: one.output for name, one in ended.items() if one.exit_code} == {}


@pytest.fixture(scope="module")
def running(upgraded: OldHome) -> Iterator[Exchange]:
    """The exchange, up on the upgraded home; what is said of it is asked for before, for it goes on at once."""
    exchange = Exchange.of(upgraded.home)
    try:
        exchange.up()
        yield exchange
        log = exchange.log.read_text().splitlines()
        assert [line for line in log if "bug" in line or "Traceback" in line or "failed" in line] == []
    finally:
        exchange.close()


def send(running: Exchange, old: OldHome, lea: str, name: str, document: Mapping[str, Any]) -> None:
    """Seal with the LEA's old key, and drop."""
    key = openpgp.load_secret(old.key(lea))
    running.drop(lea, name, openpgp.seal(as_bytes(document), key, [running.certificate]))


def student(old: OldHome, name: str, lea: str) -> dict[str, Any]:
    """As this LEA has called the student."""
    return dict(old.students[name]) | {"local_id": f"{lea}-{name}"}


def packet(running: Exchange, tracking: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(satchel("packet", tracking, "--json", *running.at).stdout)
    return whole


def is_delivered(running: Exchange, tracking: str, lea: str) -> bool:
    whole = packet(running, tracking)
    return (whole["state"], whole["receiver"]) == ("DELIVERED", lea)


def the_case(running: Exchange, ssid: str) -> str:
    cases = json.loads(satchel("transfers", "--state", "all", "--json", *running.at).stdout)["transfers"]
    return str(next(one["state"] for one in cases if one["ssid"] == ssid))


WHO = ("--who", "Jo Larsen", "--why", "after the upgrade")


def test_what_was_in_hand_is_carried_on(running: Exchange, upgraded: OldHome) -> None:
    assert running.wait_receipt("01", "outside.pgp", "DELIVERED")["state"] == "DELIVERED"  # it lay in the outbox
    wait_until(lambda: is_delivered(running, upgraded.facts["received"], "02"), "what was taken in is delivered")
    wait_until(lambda: running.status()["transfers_to_open"] == 0, "the large packet's transfers are opened")
    for name in ("large-1", "large-2"):
        assert the_case(running, upgraded.facts[name]) == "requested"


def test_a_record_of_a_student_who_moved_is_delivered_and_closes_its_case(running: Exchange, upgraded: OldHome) -> None:
    ssid = upgraded.facts["waited"]
    assert the_case(running, ssid) == "requested"
    send(running, upgraded, "01", "waited.pgp", desk.record("01", student(upgraded, "waited", "01")))
    tracking = running.wait_receipt("01", "waited.pgp", "DELIVERED")["tracking"]
    (path,) = [one for one in running.inbox("6G") if one.name.startswith(tracking)]
    assert the_case(running, ssid) == "answered"
    path.unlink()
    wait_until(lambda: the_case(running, ssid) == "closed", "the case is closed")


def test_what_was_held_goes_on_when_what_it_waits_for_comes(running: Exchange, upgraded: OldHome) -> None:
    facts, at = upgraded.facts, running.at
    held = {one["tracking"] for one in running.packets(state="held")}
    ways = ("enrollment", "blocked", "receiver-key", "review")
    assert {facts[f"held-{why}"] for why in ways} <= held
    arrival = desk.enrollment("7K", student(upgraded, "expected", "7K"), date="2026-11-30")
    send(running, upgraded, "7K", "expected.pgp", arrival)
    wait_until(lambda: is_delivered(running, facts["held-enrollment"], "7K"), "the student is enrolled")
    satchel("student", "unflag", facts["missing"], *WHO, *at)
    wait_until(lambda: is_delivered(running, facts["held-blocked"], "02"), "the flag is lifted")
    satchel("lea", "key", "9L", "--cert", str(upgraded.root / "keys" / "9L.asc"), *at)
    wait_until(lambda: is_delivered(running, facts["held-receiver-key"], "9L"), "there is a key")
    satchel("review", "decide", facts["held-review"], "--same", "A", *WHO, *at)
    wait_until(lambda: is_delivered(running, facts["held-review"], "02"), "it is decided")


def test_what_was_decided_can_be_taken_back(running: Exchange, upgraded: OldHome) -> None:
    facts, at = upgraded.facts, running.at
    satchel("student", "unmerge", facts["merged"], facts["kept"], *WHO, *at)
    satchel("review", "undo", facts["other-question"], *WHO, *at)
    satchel("exception", "end", "school.example.mil", *WHO, *at)


def test_what_was_not_collected_can_be_recalled(running: Exchange, upgraded: OldHome) -> None:
    tracking = upgraded.facts["delivered-record"]
    recall = {"packet": "recall.v1", "id": "6f1d9a52-3a1c-4c7e-9d53-0f2f5b7f6c11", "from": "01"}
    about = {"created": "2026-12-01T10:00:00-07:00", "tracking": tracking, "why": "wrong-content"}
    send(running, upgraded, "01", "recall.pgp", recall | about)
    assert running.wait_receipt("01", "recall.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    wait_until(lambda: packet(running, tracking)["code"] == "recalled", "it is taken back")
    assert the_case(running, upgraded.facts["answered"]) == "requested"


def test_it_stops_and_a_newer_upgrade_finds_nothing_to_do(running: Exchange) -> None:
    """The last of a home."""
    assert running.down() == 0
    assert json.loads(satchel("upgrade", "--json", *running.at).stdout)["changed"] is False
