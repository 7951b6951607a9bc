"""`satchel send FOLDER` on an LEA's own computer, against a server alone: broken off anywhere, and what it tells."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.client import journal
from broker.core.files.outgoing import Kind, recognise
from broker.edge.pgp import openpgp
from tests.support import documents
from tests.support.exchange import satchel
from tests.support.own_computer import EXCHANGE, OWN, Desk, Ended, refused
from tests.support.ssh import House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)

KEYS = ["--key", "secret.asc", "--to", "directory/exchange.asc"]
COLUMNS = "Stu #,Last Name,First Name,Birthdate,School,Gr,Enter Date"
ROW = "1,Abara,Noah,2012-03-04,704,09,2026-08-17"


@pytest.fixture
def desk(house: House, served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "desk"
    (root / "export").mkdir(parents=True)
    return Desk(house, served, root, monkeypatch)


def send(desk: Desk, *more: str) -> Ended:
    return satchel("send", "export", *desk.options, *KEYS, "--wait", "0", *more, check=False)


def told(desk: Desk, *more: str, code: int = 0) -> dict[str, dict[str, Any]]:
    ended = send(desk, "--json", *more)
    assert ended.returncode == code, ended
    found: dict[str, dict[str, Any]] = {}
    for one in json.loads(ended.stdout)["files"]:
        found.setdefault(one["file"], one)  # what a file was before comes last
    return found


def put(desk: Desk, name: str, **changes: Any) -> None:
    (desk.root / "export" / name).write_text(json.dumps(documents.enrollment(**{"from": "6G"} | changes)))


def outbox(desk: Desk) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in desk.house.outbox("6G").iterdir()}


def written(desk: Desk) -> Path:
    return desk.root / ".export.satchel" / "journal.jsonl"


def lose_lines(desk: Desk, count: int) -> str:
    """The journal as it was so many lines ago, and the name of what was sent last."""
    lines = written(desk).read_text().splitlines(keepends=True)
    written(desk).write_text("".join(lines[: len(lines) - count]))
    return str(json.loads(lines[-1])["name"])


# --- broken off


def named_untold(desk: Desk) -> None:
    lose_lines(desk, 1)


def taken_untold(desk: Desk) -> None:
    (desk.house.outbox("6G") / lose_lines(desk, 1)).unlink()


def whole_unnamed(desk: Desk) -> None:
    last = desk.house.outbox("6G") / lose_lines(desk, 1)
    last.rename(last.with_name(f"{last.name}.part"))


def half_there(desk: Desk) -> None:
    last = desk.house.outbox("6G") / lose_lines(desk, 2)
    (last.with_name(f"{last.name}.part")).write_bytes(last.read_bytes()[:200])
    last.unlink()


def nothing_there(desk: Desk) -> None:
    (desk.house.outbox("6G") / lose_lines(desk, 3)).unlink()


def line_cut(desk: Desk) -> None:
    written(desk).write_bytes(written(desk).read_bytes()[:-20])


BROKEN = [named_untold, taken_untold, whole_unnamed, half_there, nothing_there, line_cut]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_wherever_it_broke_off_each_file_comes_once(desk: Desk, broken: Callable[[Desk], None]) -> None:
    for name in ("a.json", "b.json", "c.json"):
        put(desk, name)
    assert {one["result"] for one in told(desk).values()} == {"sent, and no answer yet"}
    before = outbox(desk)
    assert len(before) == 3
    broken(desk)
    put(desk, "d.json")
    found = told(desk)
    assert {one["result"] for one in found.values()} == {"sent, and no answer yet"}
    after = outbox(desk)
    sent = {one["name"] for name, one in found.items() if broken is not taken_untold or name != "c.json"}
    assert after.keys() == sent  # what the exchange had taken did not come a second time
    sealed_anew = {one for one in after if one in before and after[one] != before[one]}
    assert sealed_anew <= ({found["c.json"]["name"]} if broken in (half_there, nothing_there) else set())
    assert {recognise(content).kind for content in after.values()} == {Kind.SEALED}
    assert names(desk.root / ".export.satchel") == ["journal.jsonl", "lock"]


def test_two_at_once_are_not_let(desk: Desk) -> None:
    put(desk, "a.json")
    with journal.opened(desk.root / "export", frozenset()):
        refused(send(desk), "Another command is sending export now")
    assert outbox(desk) == {}


def test_where_the_server_does_not_answer_all_is_checked_and_nothing_is_lost(desk: Desk) -> None:
    put(desk, "a.json")
    (desk.root / "export" / "b.json").write_text("{")
    elsewhere = ["--server", "127.0.0.1:1", *desk.options[2:]]
    ended = satchel("send", "export", *elsewhere, *KEYS, "--json", check=False)
    assert ended.returncode == 1
    assert "Nothing answers at 127.0.0.1 port 1" in ended.stderr.splitlines()[-1]
    files = {one["file"]: one for one in json.loads(ended.stdout)["files"]}
    assert files["a.json"]["result"] == files["b.json"]["result"] == "not sent"
    assert files["b.json"]["faults"][0]["code"] == "not-json"
    assert told(desk, code=1)["a.json"]["result"] == "sent, and no answer yet"


def test_who_is_not_let_in_is_told_once(desk: Desk) -> None:
    for name in ("a.json", "b.json"):
        put(desk, name, **{"from": "01"})
    options = [*desk.options[:2], "--user", "01", *desk.options[4:]]
    ended = satchel("send", "export", *options, *KEYS, "--json", check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert outbox(desk) == {}


# --- which files


def test_what_is_hidden_unfinished_or_a_folder_is_left_and_a_pipe_is_told(desk: Desk) -> None:
    for name in ("a.json", ".hidden.json", "b.json.part", "c.json~"):
        put(desk, name)
    (desk.root / "export" / "folder").mkdir()
    put(desk, "folder/d.json")
    os.mkfifo(desk.root / "export" / "pipe")
    found = told(desk, code=2)
    assert {name: one["result"] for name, one in found.items()} == {
        "a.json": "sent, and no answer yet",
        "pipe": "not read",
    }
    assert len(outbox(desk)) == 1


def test_the_same_content_is_sent_once_and_a_changed_file_is_a_new_one(desk: Desk) -> None:
    put(desk, "a.json")
    content = (desk.root / "export" / "a.json").read_bytes()
    (desk.root / "export" / "copy.json").write_bytes(content)
    found = told(desk)
    assert found["a.json"]["name"] == found["copy.json"]["name"]
    assert list(outbox(desk)) == [found["a.json"]["name"]]
    put(desk, "a.json")
    assert told(desk)["a.json"]["name"] != found["a.json"]["name"]
    assert len(outbox(desk)) == 2
    (desk.root / "export" / "a.json").write_bytes(content)  # a document has an id, by which it is known
    assert told(desk)["a.json"]["name"] == found["a.json"]["name"]
    assert len(outbox(desk)) == 2


def test_a_table_that_is_again_as_it_was_is_sent_again(desk: Desk) -> None:
    path = desk.root / "export" / "students.csv"
    seen = []
    for rows in (ROW, f"{ROW}\n{ROW.replace('1,', '2,', 1).replace('Noah', 'Ben')}", ROW, ROW):
        path.write_text(f"{COLUMNS}\n{rows}\n")
        seen.append(told(desk)["students.csv"]["name"])
    assert len(set(seen)) == 3
    assert seen[2] == seen[3]
    assert sorted(outbox(desk)) == sorted(set(seen))


# --- what became of it


def test_what_the_receipts_say_is_told_and_asked_for_until_it_is_known(desk: Desk) -> None:
    for name in ("a.json", "b.json", "c.json", "d.json"):
        put(desk, name)
    found = told(desk)
    sent = {name: outbox(desk)[one["name"]] for name, one in found.items()}
    desk.receipt(found["a.json"]["name"], 3, "APPLIED", sent["a.json"], type="enrollment")
    desk.receipt(found["b.json"]["name"], 1, "REFUSED", sent["b.json"], code="unknown-signer", sentence="Use your key.")
    desk.receipt(found["c.json"]["name"], 1, "RECEIVED", sent["c.json"])
    for name in found:
        (desk.house.outbox("6G") / found[name]["name"]).unlink()
    now = told(desk, code=5)
    assert {name: one["result"] for name, one in now.items()} == {
        "a.json": "applied",
        "b.json": "refused [unknown-signer]",
        "c.json": "received",
        "d.json": "sent, and no answer yet",
    }
    assert outbox(desk) == {}
    # a receipt that `satchel fetch` has taken from the server counts too
    desk.receipt(found["d.json"]["name"], 2, "APPLIED", sent["d.json"], type="enrollment")
    satchel("fetch", "--into", "in", *desk.options, check=False)
    (desk.root / "export" / "d.json").unlink()
    assert told(desk, "--into", "in", code=5)["d.json"]["result"] == "applied"
    shown = send(desk)
    assert "[unknown-signer]" in shown.stdout
    assert "3 files: " in shown.stdout


def test_a_receipt_by_somebody_else_says_nothing(desk: Desk) -> None:
    put(desk, "a.json")
    found = told(desk)["a.json"]
    desk.receipt(found["name"], 1, "REFUSED", outbox(desk)[found["name"]], code="schema", sentence="Mend it.")
    (path,) = (desk.house.root("6G") / "receipts").iterdir()
    path.write_text(openpgp.clearsign(path.read_text().split("\n\n", 1)[1].split("-----BEGIN")[0], OWN.key))
    ended = send(desk, "--json")
    assert json.loads(ended.stdout)["files"][0]["result"] == "sent, and no answer yet"
    assert "not signed with the exchange's key" in ended.stderr


def test_a_file_with_faulty_lines_is_sent_and_its_lines_are_named(desk: Desk) -> None:
    (desk.root / "export" / "some.csv").write_text(f"{COLUMNS}\n{ROW}\n2,,Noah,2012-03-05,704,09,2026-08-17\n")
    for _ in range(2):
        found = told(desk, code=1)["some.csv"]
        assert found["result"] == "sent, and no answer yet"
        assert [one["line"] for one in found["faults"]] == [3]
    assert len(outbox(desk)) == 1
    assert "comes back" in send(desk).stdout


def test_another_exchange_s_key_is_told_before_anything_is_sent(desk: Desk) -> None:
    put(desk, "a.json")
    (desk.server / "exchange.asc").write_bytes(OWN.public)
    ended = send(desk)
    assert ended.returncode == 1
    assert "has another key than the one that you seal to" in ended.stderr
    assert outbox(desk) == {}
    assert EXCHANGE.public != OWN.public


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export"], "--key"),
        (["export", "directory", *KEYS], "one folder alone"),
        (["directory/all.asc", *KEYS], "are for a folder"),
    ],
)
def test_what_is_given_wrongly_is_said(desk: Desk, words: list[str], says: str) -> None:
    ended = satchel("send", *words, *desk.options, check=False)
    assert ended.returncode == 2
    assert says in ended.stderr
