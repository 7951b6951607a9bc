"""SSID requests in every encoding and dialect of spreadsheets: read, and answered in the same."""

import csv
import io
from collections.abc import Iterator

import pytest

from tests.support.desk import Town, town
from tests.support.exchange import wait_until
from tests.support.ssid_requests import Line, found, row, written


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("forms"), {"01": ("district", "cv25519")}) as made:
        yield made
        assert made.bugs() == []


@pytest.mark.parametrize(
    ("counter", "encoding", "separator"), [(70, "utf-16", "\t"), (71, "cp1252", ";"), (72, "utf-8-sig", "|")]
)
def test_a_request_is_answered_in_its_own_encoding_and_dialect(
    here: Town, counter: int, encoding: str, separator: str
) -> None:
    desk, stem = here["01"], f"REQ_01_20261123_{counter}"
    content = written([row("New", "Núñez", "Zoë", f"2009-03-{counter - 60}")], separator).decode().encode(encoding)
    desk.send(f"{stem}.csv.pgp", content)
    assert desk.receipt(f"{stem}.csv.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    wide = "utf-16-le" if encoding == "utf-16" else encoding.removesuffix("-sig")
    answer = wait_until(lambda: found(desk, stem, wide), f"the answer to {stem}")
    (line,) = csv.reader(io.StringIO(answer.decode(encoding), newline=""), delimiter=separator)
    assert Line(*line)[3:6] == ("Núñez", "Zoë", "Zoë-1")
    assert Line(*line).answer != "refused"
    assert answer.startswith(content[:2]) == (encoding != "cp1252")  # the same byte order mark, or none
