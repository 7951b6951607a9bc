"""What a receipt says, to the byte."""

import json
from dataclasses import replace

import pytest

from broker.core.codes import CODES
from broker.core.model import HeldFor, State
from broker.core.receipt import HELD_MEANING, MEANING, file_name, is_about, text
from handlers.registry import HANDLERS
from tests.support.statements import SAID


def test_the_same_facts_give_the_same_bytes() -> None:
    assert text(SAID) == text(replace(SAID))


def test_it_is_ascii_json_with_sorted_keys_and_no_empty_facts() -> None:
    said = json.loads(text(SAID))
    assert text(SAID).isascii()
    assert list(said) == sorted(said)
    assert "code" not in said
    assert said["packet"] == {"file": "record.pgp", "from": "01", "sha256": "b" * 64, "size": 24_000}


@pytest.mark.parametrize("more", [{}, {"code": "schema", "pointer": "/id"}, {"how": "sftp-read", "replaces": "x"}])
def test_a_statement_is_known_by_its_packet_number_and_state(more: dict[str, str]) -> None:
    said = text(replace(SAID, **more))  # type: ignore[arg-type]
    assert is_about(said, SAID.tracking, 1, "received")
    assert not is_about(said, SAID.tracking, 2, "received")
    assert not is_about(said, SAID.tracking, 1, "collected")
    assert not is_about(said, "018f0000-0000-7000-8000-000000000002", 1, "received")
    assert not is_about(said.replace("{", '{ "more": 1,', 1), SAID.tracking, 1, "received")


def test_no_line_needs_dash_escaping() -> None:
    assert not [line for line in text(SAID).splitlines() if line.startswith("-")]


@pytest.mark.parametrize("state", [state for state in State if state not in (State.REFUSED, State.HELD, State.ROUTED)])
def test_every_state_that_is_told_has_its_meaning(state: State) -> None:
    assert MEANING[state]


@pytest.mark.parametrize("type_", [one for one, handler in HANDLERS.items() if handler.ends_here] + ["backpack"])
def test_what_was_applied_is_said_for_its_type(type_: str) -> None:
    """No answer is promised to whom none is sent: only lists are answered student by student."""
    said = json.loads(text(replace(SAID, state="APPLIED", type=type_)))["means"]
    assert ("the result for each student" in said) == (type_ in ("enrollment", "ssid-request"))


@pytest.mark.parametrize("why", list(HeldFor))
def test_every_reason_to_wait_has_its_meaning(why: HeldFor) -> None:
    assert HELD_MEANING[why]


def test_a_refusal_says_code_place_and_what_to_do() -> None:
    refused = replace(SAID, state="REFUSED", code="not-json", pointer="line 3", sentence=CODES["not-json"].sentence)
    said = json.loads(text(refused))
    assert (said["code"], said["place"], said["means"]) == ("not-json", "line 3", CODES["not-json"].sentence)


def test_the_file_is_named_by_tracking_id_number_and_state() -> None:
    assert file_name("018f", 2, "DELIVERED") == "018f.2.delivered.json.asc"


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_says_in_sentences_what_it_is_and_what_to_do(code: str) -> None:
    meaning, remedy = CODES[code]
    assert meaning.endswith(".")
    assert remedy.endswith(".")
    assert meaning[0].isupper()
    assert remedy[0].isupper()
