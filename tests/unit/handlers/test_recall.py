"""A recall, and the notice of an alert: how they are read and what they say."""

import uuid
from dataclasses import replace

import pytest

from broker.core.errors import Refused
from broker.core.model import PartyKind
from broker.core.receipt import HELD_MEANING, REPLACES, text
from broker.notices import alert
from broker.notices.alert import MEANS, Kind
from handlers import recall
from tests.support import documents
from tests.support.statements import SAID

TRACKING = "018f0000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(("named", "pointer"), [("tracking", "/tracking"), ("document", "/document")])
def test_a_recall_names_its_packet_in_lower_case(named: str, pointer: str) -> None:
    id_ = str(uuid.uuid4())
    request = recall.request_of(documents.recall(**{named: id_.upper(), "why": "wrong-student"}))
    assert (getattr(request, named), request.pointer, request.why) == (id_, pointer, "wrong-student")
    assert {request.tracking, request.document} == {id_, ""}


def test_a_recall_that_names_no_packet_is_refused() -> None:
    with pytest.raises(Refused) as raised:
        recall.request_of(documents.recall())
    assert (raised.value.code, raised.value.pointer) == ("schema", "/tracking")


def test_only_leas_recall() -> None:
    assert recall.HANDLER.senders == {PartyKind.DISTRICT, PartyKind.CHARTER}
    assert recall.HANDLER.ends_here
    assert not recall.HANDLER.needs_student


def test_every_kind_of_alert_has_its_words() -> None:
    assert set(MEANS) == set(Kind)
    body = alert.notice(Kind.REQUEST, "1000000019", "6G", "LEA 6G", "", "2026-11-23T10:00:00+00:00")
    assert (body["what"], body["ssid"], body["by"]) == ("request", "1000000019", {"lea": "6G", "name": "LEA 6G"})
    assert "tracking" not in body
    assert "53A-11-502" in body["rule"]


def test_what_is_held_by_the_state_is_not_told_why() -> None:
    told = HELD_MEANING["blocked"].lower()
    assert "the state holds the packet" in told
    assert not [word for word in ("missing", "flag", "child", "53a") if word in told]


def test_a_receipt_names_what_the_packet_replaces() -> None:
    said = text(replace(SAID, replaces=TRACKING))
    assert f'"replaces": "{TRACKING}"' in said
    assert REPLACES in said
    assert "replaces" not in text(SAID)
