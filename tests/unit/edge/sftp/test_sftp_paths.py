"""The virtual tree, the names of unfinished files, byte ranges, and who comes too often: without a disk or a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.edge.home.file_names import is_unfinished
from broker.edge.sftp.paths import (
    HIDDEN,
    NAME_BYTES,
    Folder,
    Place,
    canonical,
    is_name,
    is_temporary,
    published,
    resolve,
    resting,
    shown,
)
from broker.edge.sftp.server.ranges import MOST, Ranges, Scattered
from broker.edge.sftp.server.wire import Denied, Status

PIECES = st.sampled_from(
    ["outbox", "inbox", "receipts", "directory", "README.txt", "..", ".", "", "x.pgp", "leas", "01"]
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (b"/", Place()),
        (b"", Place()),
        (b".", Place()),
        (b"/..", Place()),
        (b"/outbox", Place(Folder.OUTBOX)),
        (b"outbox/", Place(Folder.OUTBOX)),
        (b"/outbox/../inbox//x.pgp", Place(Folder.INBOX, "x.pgp")),
        (b"/../../outbox/x.pgp", Place(Folder.OUTBOX, "x.pgp")),
        (b"README.txt", Place(None, "README.txt")),
        ("/outbox/Ñandú.pgp".encode(), Place(Folder.OUTBOX, "Ñandú.pgp")),
        ("/outbox/Ñandú.pgp".encode("cp1252"), Place(Folder.OUTBOX, "Ñandú.pgp")),
        (b"/outbox/\xff", Place(Folder.OUTBOX, "ÿ")),
        (b"OUTBOX-WAITS.txt", Place(None, "OUTBOX-WAITS.txt")),
    ],
)
def test_a_path_means_its_letters(path: bytes, place: Place) -> None:
    assert resolve(path) == place


@pytest.mark.parametrize(
    "path",
    [
        b"/etc/passwd",
        b"/outbox/../../etc/passwd",
        b"../6G/inbox/x.pgp",
        b"/outbox/a/b",
        b"/outbox/README.txt/x",
        b"/inbox\0/x",
        b"/outbox/a\nb",
        b"/outbox/" + HIDDEN.encode() + b"x",
        b"/outbox/.0123456789abcdef.taken",
        b"/outbox/" + b"x" * (NAME_BYTES + 1),
        b"/Outbox",
        b"a/" * 3000,
    ],
)
def test_everything_else_does_not_exist(path: bytes) -> None:
    with pytest.raises(Denied) as denied:
        resolve(path)
    assert denied.value.status is Status.NO_SUCH_FILE


@given(st.lists(PIECES, max_size=12).map("/".join))
def test_what_resolves_stays_in_the_tree(path: str) -> None:
    shown_path = canonical(path.encode())
    assert shown_path.startswith("/")
    assert ".." not in shown_path.split("/")
    try:
        place = resolve(path.encode())
    except Denied:
        return
    words = [word for word in (place.folder, place.name) if word]
    assert shown_path == "/" + "/".join(words)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_place_or_denied(path: bytes) -> None:
    try:
        place = resolve(path)
    except Denied:
        return
    assert not place.name or is_name(place.name)


@given(st.text(min_size=1, max_size=40))
def test_what_rests_is_nothing_to_intake(name: str) -> None:
    if is_name(name):
        assert is_unfinished(resting(name))
        assert shown(resting(name)) == name
        assert published(name) == (resting(name) if is_temporary(name) else name)
        assert is_temporary(name) or not is_unfinished(published(name))


@pytest.mark.parametrize("name", ["x.part", "x.FILEPART", "x.tmp", ".x", "x.pgp.abc.partial"])
def test_the_names_that_clients_rename_later(name: str) -> None:
    assert is_temporary(name)
    assert is_unfinished(published(name))


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=30), st.integers(0, 20), st.integers(0, 80))
def test_ranges_are_a_set_of_bytes(parts: list[tuple[int, int]], prefix: int, cut: int) -> None:
    ranges, wanted = Ranges(prefix), set(range(prefix))
    for start, count in parts:
        ranges.add(start, start + count)
        wanted |= set(range(start, start + count))
    for _ in range(2):
        gapless = next(n for n in range(200) if n not in wanted)
        assert ranges.prefix() == gapless
        assert ranges.covers(gapless)
        assert not ranges.covers(gapless + 1)
        ranges.cut(cut)
        wanted = {n for n in wanted if n < cut}


def test_ranges_are_bounded() -> None:
    ranges = Ranges()
    for n in range(MOST):
        ranges.add(2 * n, 2 * n + 1)
    with pytest.raises(Scattered):
        ranges.add(2 * MOST, 2 * MOST + 1)
    ranges.add(1, 2 * MOST - 1)
    assert ranges.prefix() == 2 * MOST - 1
