"""The directory of keys in the LEAs' folders: each file once, whatever the number of LEAs, and nobody can alter it."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from broker.core.model import LeaId
from broker.edge.home import durable
from broker.edge.home.folders import DIRECTORY, Home
from broker.edge.home.published import publishing

LEAS = [LeaId(name) for name in ("01", "02", "6G")]
FILES = {"exchange.asc": "X", "01.asc": "A", "02.asc": "B", "6G.asc": ""}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    for lea in LEAS:
        made.create_lea(lea)
    return made


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that are linked."""
    made: list[str] = []
    real = os.link

    def link(name: str, *words: str, **how: int) -> None:
        made.append(name)
        real(name, *words, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", link)
    return made


def publish(home: Home, files: Mapping[str, str] = FILES) -> list[LeaId]:
    with publishing(home) as publisher:
        return publisher.publish(LEAS, files)


def held(home: Home, lea: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in home.folder(LeaId(lea), DIRECTORY).iterdir()}


def all_of(files: Mapping[str, str]) -> dict[str, str]:
    return {**files, "all.asc": "\n".join(files.values())}


def test_every_lea_has_every_file(home: Home) -> None:
    assert publish(home) == []
    for lea in LEAS:
        assert held(home, lea) == all_of(FILES)
    assert home.lea_ids() == LEAS


def test_a_file_is_once_and_is_the_exchanges_alone_to_change(home: Home) -> None:
    publish(home)
    for name in all_of(FILES):
        known = {(home.folder(lea, DIRECTORY) / name).stat() for lea in LEAS}
        assert len({one.st_ino for one in known}) == 1
        assert {(one.st_uid, stat.S_IMODE(one.st_mode)) for one in known} == {(os.geteuid(), 0o644)}
    assert stat.S_IMODE((home.leas / ".directory").stat().st_mode) == 0o700


def test_a_change_costs_a_link_for_each_lea(home: Home, links: list[str]) -> None:
    publish(home)
    links.clear()
    publish(home, FILES | {"02.asc": "B2"})
    assert sorted(links) == ["02.asc"] * 3 + ["all.asc"] * 3
    for lea in LEAS:
        assert held(home, lea) == all_of(FILES | {"02.asc": "B2"})
    links.clear()
    publish(home, FILES | {"02.asc": "B2"})
    assert links == []


def test_a_file_that_was_fetched_open_stays_as_it_was(home: Home) -> None:
    """Nothing is written in place: who is just reading gets the old file whole."""
    publish(home)
    with (home.folder(LeaId("01"), DIRECTORY) / "02.asc").open() as reader:
        publish(home, FILES | {"02.asc": "B2"})
        assert reader.read() == "B"


def test_an_lea_that_missed_changes_gets_them_at_the_next_one(home: Home) -> None:
    publish(home)
    away = home.root / "away"
    home.folder(LeaId("6G"), DIRECTORY).rename(away)
    assert publish(home, FILES | {"01.asc": "A2"}) == ["6G"]
    away.rename(home.folder(LeaId("6G"), DIRECTORY))
    assert publish(home, FILES | {"01.asc": "A2", "02.asc": "B2"}) == []
    assert held(home, "6G") == all_of(FILES | {"01.asc": "A2", "02.asc": "B2"})


def test_a_run_that_breaks_off_is_made_good_by_the_next(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(home)
    new, real = FILES | {"01.asc": "A2"}, os.link

    def breaks(name: str, *words: str, **how: int) -> None:
        if name == "all.asc":
            raise KeyboardInterrupt
        real(name, *words, **how)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", breaks)
        with pytest.raises(KeyboardInterrupt):
            publish(home, new)
    publish(home, new)
    for lea in LEAS:
        assert held(home, lea) == all_of(new)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK])
def test_where_there_are_no_links_there_are_copies(home: Home, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = durable.replace_at

    def refuses(*_words: str, **_how: int) -> None:
        raise OSError(number, os.strerror(number))

    def replace(folder: int, name: str, data: bytes, mode: int, *, flush: bool) -> None:
        written.append(name)
        real(folder, name, data, mode, flush=flush)

    monkeypatch.setattr(os, "link", refuses)
    monkeypatch.setattr(durable, "replace_at", replace)
    publish(home)
    written.clear()
    publish(home, FILES | {"02.asc": "B2"})
    for lea in LEAS:
        assert held(home, lea) == all_of(FILES | {"02.asc": "B2"})
    assert sorted(written) == ["02.asc"] * 4 + ["all.asc"] * 4


@pytest.mark.parametrize("how", ["content", "mode"])
def test_what_someone_has_altered_is_published_anew_for_everyone(home: Home, how: str) -> None:
    """An operator's slip, such as giving all in an LEA's folder to the LEA's user, lasts until the next time."""
    publish(home)
    mine = home.folder(LeaId("01"), DIRECTORY) / "02.asc"
    if how == "content":
        mine.write_text("Z")
    else:
        mine.chmod(0o666)
    publish(home)
    for lea in LEAS:
        there = home.folder(lea, DIRECTORY) / "02.asc"
        assert (there.read_text(), stat.S_IMODE(there.stat().st_mode)) == ("B", 0o644)


def test_a_name_that_leads_elsewhere_is_refused(home: Home) -> None:
    with pytest.raises(ValueError, match="a file name here"):
        publish(home, {"../README.txt": "x"})


def test_no_temporary_file_is_left_when_a_name_is_taken_by_a_folder(home: Home) -> None:
    (home.folder(LeaId("01"), DIRECTORY) / "02.asc").mkdir()
    assert publish(home) == [LeaId("01")]  # what stands in the way there is the trouble of that LEA
    assert not [path for path in home.folder(LeaId("01"), DIRECTORY).iterdir() if path.name.endswith(".tmp")]
