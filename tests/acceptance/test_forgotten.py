"""A withdrawn question's student is forgotten while the exchange runs: in no byte of the ledger or its log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Town, child, enrollment, town
from tests.support.exchange import satchel, wait_until

FIRST, LAST, GUARDIAN = "Katherine", "Zzyzxquandary", "Wilhelminafridolin"
BY = ["--who", "Jo Operator", "--why", "the family has moved away"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    settings: dict[str, Any] = {"undo_days": 0.0001}  # 9 seconds
    with town(tmp_path_factory.mktemp("forgotten"), parties, **settings) as made:
        yield made
        assert made.bugs() == []


def in_files(home: Path, word: str) -> list[str]:
    """Files of the ledger in which the word is; a page may be written while it is read, so it is looked at twice."""
    found = [path for path in home.glob("ledger.db*") if word.encode() in path.read_bytes()]
    return [path.name for path in found if word.encode() in path.read_bytes()]


def test_it_is_in_no_file_of_the_ledger_while_the_exchange_runs(here: Town) -> None:
    home = here.exchange.home
    here["01"].enroll(child("Katharine", LAST, "2012-04-17"), date="2025-08-18")
    sent = child(FIRST, LAST, "2012-04-17", guardians=[{"first": GUARDIAN, "last": "X"}])
    document = enrollment("6G", sent)
    here["6G"].send("enrollment.pgp", document)
    tracking = here["6G"].receipt("enrollment.pgp", "APPLIED")["tracking"]
    assert here["6G"].notice(document["id"])[0]["answer"] == "review"
    assert in_files(home, GUARDIAN)
    satchel("review", "decide", tracking, "--none", *BY, *here.exchange.at)
    wait_until(lambda: not in_files(home, GUARDIAN), "the name is gone from the ledger's files", 120)
    assert in_files(home, FIRST) == []
    assert here.exchange.status()["parts"]
    shown = satchel("review", "show", tracking, *here.exchange.at).stdout
    assert "Sent: not kept any more" in shown
    undone = satchel("review", "undo", tracking, *BY, *here.exchange.at, check=False)
    assert (undone.returncode, undone.stdout) == (1, "")
    assert "cannot be undone any more" in undone.stderr
    assert undone.stderr.count("\n") == 1
    # and the exchange goes on
    assert here["6G"].enroll(child("Otto", "Zimmer", "2012-05-01"))[0]["answer"] == "assigned"
    assert json.loads(satchel("review", "list", "--json", *here.exchange.at).stdout) == []
