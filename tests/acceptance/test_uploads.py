"""Files as they really come: slowly, in pieces, broken off, and things that are no files at all.

Nothing is taken before it is whole, nothing is followed, nothing waits for ever, and whoever drops nonsense is told.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Town, as_bytes, children, record, town
from tests.support.exchange import wait_until

MIB = 1024 * 1024
RECORDS = 25  # at most, that this module sends
SETTLE, BROKEN = 0.5, 4.0
SLOWLY = 10.0
PIECES = 14
GARBAGE = 3000


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    limits = {"settle_seconds": SETTLE, "broken_seconds": BROKEN, "sealed_bytes": MIB}
    with town(tmp_path_factory.mktemp("uploads"), parties, **limits) as made:
        made.all_moved(children(RECORDS), "02", "01", "6G")
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def pupils() -> Iterator[dict[str, Any]]:
    """Students who came from 02 over 01 to 6G, one for each record: a later one would take an earlier one's place."""
    return iter(children(RECORDS))


@pytest.fixture(scope="module")
def outbox(here: Town) -> Path:
    return here.exchange.folder("01", "outbox")


def about(here: Town, name: str, lea: str = "01") -> list[dict[str, Any]]:
    """What the exchange has said of a file by now."""
    return [one for one in here.exchange.receipts(lea) if one["packet"].get("file") == name]


class Slow(threading.Thread):
    """One upload over a slow line; `ended` is when its last piece went (seconds since 1970)."""

    def __init__(self, name: str, way: Callable[["Slow"], None], path: Path, content: bytes) -> None:
        super().__init__(name=name, daemon=True)
        self.way, self.path, self.content, self.ended = way, path, content, float("inf")

    def run(self) -> None:
        self.way(self)

    def pieces(self) -> Iterator[bytes]:
        step = len(self.content) // PIECES + 1
        for at in range(0, len(self.content), step):
            time.sleep(SLOWLY / PIECES)
            self.ended = time.time()
            yield self.content[at : at + step]


def by_one_handle(upload: Slow) -> None:
    """The file stands there under its last name from the first second on, and grows."""
    with upload.path.open("wb", buffering=0) as file:
        for piece in upload.pieces():
            file.write(piece)


def by_length_first(upload: Slow) -> None:
    """SMB, and `rsync --preallocate --inplace`: the file has its whole length before its first byte is written."""
    with upload.path.open("wb", buffering=0) as file:
        file.truncate(len(upload.content))
        for piece in upload.pieces():
            file.write(piece)


def by_many_handles(upload: Slow) -> None:
    """A client that opens, appends and closes; each close looks like the end."""
    for piece in upload.pieces():
        with upload.path.open("ab", buffering=0) as file:
            file.write(piece)


def by_part(upload: Slow) -> None:
    """A careful client: another name first."""
    name, upload.path = upload.path, upload.path.with_name(f"{upload.path.name}.part")
    by_many_handles(upload)
    time.sleep(2 * SETTLE)
    upload.ended = time.time()
    upload.path.rename(name)


SLOW: dict[str, tuple[Callable[[Slow], None], tuple[str, ...]]] = {
    "handle.pgp": (by_one_handle, ()),
    "handle.asc": (by_one_handle, ("--armor",)),
    "length.pgp": (by_length_first, ()),
    "length.asc": (by_length_first, ("--armor",)),
    "length-pieces.pgp": (by_length_first, ("pipe",)),
    "append.pgp": (by_many_handles, ()),
    "append.asc": (by_many_handles, ("--armor",)),
    "part.pgp": (by_part, ()),
    "pieces.pgp": (by_one_handle, ("pipe",)),  # gpg then writes partial lengths
}


@pytest.fixture(scope="module", autouse=True)
def slow(here: Town, pupils: Iterator[dict[str, Any]]) -> dict[str, tuple[Slow, bytes]]:
    """Slow uploads of another LEA, under way while everything else in this module happens; and what is in them."""
    made = {}
    for name, (way, options) in SLOW.items():
        document, extra = record("02", next(pupils), to="6G"), [one for one in options if one != "pipe"]
        sealed = here["02"].seal(document, *extra, stdin="pipe" in options)
        upload = Slow(name, way, here.exchange.folder("02", "outbox") / name, sealed)
        upload.start()
        made[name] = upload, as_bytes(document)
    return made


def test_what_is_no_packet_is_taken_once_it_rests(here: Town, outbox: Path) -> None:
    """A table that was not sealed does not tell where it ends: it is taken whole, and refused once."""
    line = b"1000000019,Ana,Reyes,2012-03-04\n"
    with (outbox / "table.csv").open("wb", buffering=0) as file:
        for _ in range(12):
            file.write(line)
            time.sleep(SETTLE / 3)
    assert here["01"].refused("table.csv")["code"] == "not-openpgp"
    said = about(here, "table.csv")
    assert [(one["state"], one["packet"]["size"]) for one in said] == [
        (s, 12 * len(line)) for s in ("RECEIVED", "REFUSED")
    ]


def test_half_an_upload_that_is_completed_later(here: Town, outbox: Path, pupils: Iterator[dict[str, Any]]) -> None:
    documents = {name: record("01", next(pupils), to="6G") for name in ("half.pgp", "half.asc")}
    sealed = {name: here["01"].seal(one, *["--armor"][: name.endswith("asc")]) for name, one in documents.items()}
    for name, content in sealed.items():
        (outbox / name).write_bytes(content[: len(content) // 2])
    until = time.monotonic() + BROKEN / 2
    while time.monotonic() < until:
        assert not any(about(here, name) for name in documents)
        time.sleep(0.3)
    for name, content in sealed.items():
        (outbox / name).write_bytes(content)
    for name, document in documents.items():
        assert here["6G"].read(here["01"].delivered(name))[0] == as_bytes(document)


def test_half_an_upload_that_is_never_completed(here: Town, outbox: Path, pupils: Iterator[dict[str, Any]]) -> None:
    names = ("broken.pgp", "broken.asc", "empty.pgp")
    content = {
        name: here["01"].seal(record("01", next(pupils), to="6G"), *["--armor"][: name.endswith("asc")])
        for name in names
    }
    began = time.time()
    for name, sealed in content.items():
        (outbox / name).write_bytes(sealed[: len(sealed) // 2] if name != "empty.pgp" else b"")
    codes = {name: here["01"].refused(name)["code"] for name in names}
    assert codes == {"broken.pgp": "truncated", "broken.asc": "truncated", "empty.pgp": "empty-file"}
    assert time.time() - began > BROKEN  # not before it was waited for in vain
    # sent once more and whole, each is a packet like any other
    for name, sealed in content.items():
        here["01"].drop(f"again-{name}", sealed)
        here["01"].delivered(f"again-{name}")
    assert list(outbox.iterdir()) == []


def test_a_file_of_every_size_around_the_limit(here: Town, pupils: Iterator[dict[str, Any]]) -> None:
    """The limit is on the sealed file; what is above it is refused unread."""
    packet = here["01"].seal(record("01", next(pupils), to="6G"))
    here["01"].drop("most.pgp", packet + bytes(MIB - len(packet)))
    here["01"].drop("more.pgp", packet + bytes(MIB + 1 - len(packet)))
    sparse = here.exchange.folder("01", "outbox") / ".sparse.part"
    with sparse.open("wb") as file:
        file.write(packet)
        file.truncate(50 << 30)
    sparse.rename(sparse.with_name("sparse.pgp"))
    codes = {name: here["01"].refused(name)["code"] for name in ("most.pgp", "more.pgp", "sparse.pgp")}
    assert codes == {"most.pgp": "bad-structure", "more.pgp": "too-large", "sparse.pgp": "too-large"}


def odd_things(outbox: Path, secret: Path) -> dict[str, str]:
    """Make one of each; how each is named on its receipt, and the code."""
    (outbox / "passwd.pgp").symlink_to("/etc/passwd")
    (outbox / "secret.pgp").symlink_to(secret)
    (outbox / "dangling.pgp").symlink_to(outbox / "nowhere")
    (outbox / "folder-link").symlink_to("/etc")
    os.mkfifo(outbox / "pipe.pgp")
    folder = outbox / "folder.pgp"
    folder.mkdir()
    (folder / "record.pgp").write_bytes(b"inside")
    (folder / "deeper").mkdir()
    door = socket.socket(socket.AF_UNIX)
    here = os.open(outbox, os.O_RDONLY)
    try:
        door.bind(f"/proc/self/fd/{here}/socket.pgp")  # the whole path may be too long for a socket
    finally:
        door.close()
        os.close(here)
    (outbox / "line\nbreak.pgp").write_bytes(b"x")
    (outbox / "tab\there.pgp").write_bytes(b"x")
    os.link(outbox / "tab\there.pgp", outbox / "tab\x0bhere.pgp")  # the same file, and the same name once it is printed
    (outbox / ("long" * 60)).write_bytes(b"x")
    os.close(os.open(os.fsencode(outbox) + b"/bytes-\xff\xfe.pgp", os.O_WRONLY | os.O_CREAT, 0o600))
    (outbox / "\u202etxt.pgp").write_bytes(b"x")
    links = ("passwd.pgp", "secret.pgp", "dangling.pgp", "folder-link", "pipe.pgp", "folder.pgp", "socket.pgp")
    names = ("line?break.pgp", "tab?here.pgp", ("long" * 60)[:200], "bytes-??.pgp", "?txt.pgp")
    return dict.fromkeys(links, "not-a-file") | dict.fromkeys(names, "bad-file-name")


def test_odd_things_are_refused_and_set_aside(
    here: Town, outbox: Path, tmp_path: Path, pupils: Iterator[dict[str, Any]]
) -> None:
    secret = tmp_path / "secret.pgp"
    document = record("01", next(pupils), to="6G")
    secret.write_bytes(here["01"].seal(document))
    expected = odd_things(outbox, secret)
    codes = {name: here["01"].refused(name)["code"] for name in expected}
    assert codes == expected
    wait_until(lambda: list(outbox.iterdir()) == [], "an empty outbox")
    wait_until(lambda: len(about(here, "tab?here.pgp")) == 2, "a receipt for each of two names", 10)
    # nothing was followed, read or removed: each stands aside as it was
    assert secret.exists()
    aside = here.exchange.home / "quarantine"
    kept = {one["tracking"]: name for name in expected for one in about(here, name)}
    assert {path.name for path in aside.iterdir()} >= set(kept)
    where = {name: aside / tracking for tracking, name in kept.items()}
    assert {path.name for path in where["folder.pgp"].iterdir()} == {"record.pgp", "deeper"}
    assert where["passwd.pgp"].readlink() == Path("/etc/passwd")
    assert all(one["packet"]["size"] == 0 for name in expected for one in about(here, name))
    # and the exchange goes on
    here["01"].send("after-odd.pgp", document)
    assert here["6G"].read(here["01"].delivered("after-odd.pgp"))[0] == as_bytes(document)


def test_names_that_say_unfinished_are_left_alone(here: Town, outbox: Path, pupils: Iterator[dict[str, Any]]) -> None:
    sealed = here["01"].seal(record("01", next(pupils), to="6G"))
    names = [".hidden.pgp", "a.part", "a.tmp", "a.filepart", "B.PART"]
    for name in names:
        (outbox / name).write_bytes(sealed)
    here["01"].send("meanwhile.pgp", record("01", next(pupils), to="6G"))
    here["01"].delivered("meanwhile.pgp")
    time.sleep(2 * SETTLE + 0.5)
    assert {path.name for path in outbox.iterdir()} == set(names)
    assert not any(about(here, name) for name in names)
    for name in names:
        (outbox / name).unlink()


def test_slow_uploads_are_not_taken_early(here: Town, slow: dict[str, tuple[Slow, bytes]]) -> None:
    for name, (upload, content) in slow.items():
        upload.join()
        assert here["6G"].read(here["02"].delivered(name))[0] == content
        said = about(here, name, "02")
        assert [one["state"] for one in said] == ["RECEIVED", "ADMITTED", "DELIVERED"]
        assert said[0]["packet"]["size"] == len(upload.content)
        assert datetime.fromisoformat(said[0]["at"]).timestamp() > upload.ended


def test_thousands_of_garbage_files_at_once(here: Town, outbox: Path, pupils: Iterator[dict[str, Any]]) -> None:
    """Each gets its refusal, and another LEA's single packet does not wait for them."""
    single = here["02"].seal(record("02", next(pupils), to="6G"))
    receipts = here.exchange.folder("01", "receipts")
    before = len(list(receipts.glob("*.refused.json.asc")))
    for number in range(GARBAGE):
        (outbox / f"garbage-{number:04}.pgp").write_bytes(f"garbage {number}".encode())
    here["02"].drop("single.pgp", single)
    arrived = here["02"].receipt("single.pgp", "DELIVERED", "REFUSED")
    wait_until(lambda: len(list(receipts.glob("*.refused.json.asc"))) >= before + GARBAGE, "a refusal for each")
    said = [one for one in here.exchange.receipts("01") if one["packet"].get("file", "").startswith("garbage-")]
    refused = {one["packet"]["file"]: one["code"] for one in said if one["state"] == "REFUSED"}
    assert refused == {f"garbage-{number:04}.pgp": "not-openpgp" for number in range(GARBAGE)}
    assert len(said) == 2 * GARBAGE  # RECEIVED and REFUSED, once each
    assert arrived["state"] == "DELIVERED"
    assert arrived["at"] < max(one["at"] for one in said)
    assert list(outbox.iterdir()) == []
