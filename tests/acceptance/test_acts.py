"""What is done to the exchange itself leaves its line: made, started, gone on with, an inbox known, days changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.cli.acting import account
from broker.core.actor import Actor
from broker.edge.ledger.log import acts
from broker.edge.settings.values import Redis, Settings, Sftp
from broker.verbs.acting import NotThere
from broker.verbs.installation import exchange as verbs
from broker.verbs.installation import inboxes
from tests.bench import load as bench
from tests.support.exchange import Exchange, satchel
from tests.support.office import Office


def lines(home: Path, verb: str) -> list[dict[str, Any]]:
    """The lines of one verb, the newest first."""
    said = json.loads(satchel("audit", "--verb", verb, "--json", "--home", str(home)).stdout)
    found: list[dict[str, Any]] = said["acts"]
    for one in found:
        assert (one["actor"], one["role"], one["proof"]) == (account(), "state-operator", "own-machine")
    return found


def test_an_exchange_is_made_started_and_gone_on_with(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "home", enabled=False)
    home = str(exchange.home)
    assert [one["subject"] for one in lines(exchange.home, "make")] == [home]
    exchange.add("01", bench.lea("01", "district", "cv25519").certificate)
    assert lines(exchange.home, "start") == []
    try:
        exchange.up()
    finally:
        assert exchange.down() == 0
    (start,) = lines(exchange.home, "start")
    assert start["told"]["name"] == "Test exchange"
    assert start["told"]["settings"].items() >= {"sftp.enabled": False, "intake.settle_seconds": 0.5}.items()
    assert "sftp.address" not in start["told"]["settings"]
    satchel("upgrade", *exchange.at)  # there is nothing to do
    assert lines(exchange.home, "upgrade") == []
    satchel("restored", *exchange.at)
    (went_on,) = lines(exchange.home, "go_on")
    assert (went_on["subject"], went_on["told"]) == (home, {"inboxes_in_doubt": []})
    satchel("lea", "inbox", "01", *exchange.at)
    (marked,) = lines(exchange.home, "mark_inbox")
    assert (marked["subject"], marked["told"]) == ("01", {"absent": [], "again": False})
    satchel("calendar", "close", "2027-02-12", "--all", "--why", "Snow", *exchange.at)
    (closed,) = lines(exchange.home, "close_days")
    assert (closed["subject"], closed["why"], closed["told"]["days"]) == ("every LEA", "Snow", ["2027-02-12"])


def test_no_inbox_of_somebody_else_is_marked(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    with pytest.raises(NotThere, match="no-party"):
        inboxes.mark_inbox(office.services, "99", actor=Actor("Ann Lee"))  # type: ignore[arg-type]
    with office.services.engine.connect() as connection:
        assert acts.page(connection, None, 10, "mark_inbox") == []


def test_no_password_is_told(tmp_path: Path) -> None:
    url = "redis://:hunter2@queue.example/0"
    settings = Settings(home=tmp_path, redis=Redis(url=url), sftp=Sftp(port=0))
    told = verbs._unlike_defaults(settings)
    assert told == {"sftp.port": 0, "redis.url": "a URL with a password"}
    assert verbs._unlike_defaults(Settings(home=tmp_path)) == {}
