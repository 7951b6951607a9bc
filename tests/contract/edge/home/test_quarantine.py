"""What was set aside is counted and removed whatever an LEA has made of it."""

import os
import tempfile
from pathlib import Path

import pytest

from broker.edge.home.quarantine import Quarantine

TRACKING = "018f0000-0000-7000-8000-000000000001"
OTHER = "018f0000-0000-7000-8000-000000000002"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "quarantine"
    made.mkdir()
    return made


def emptied(quarantine: Quarantine, most: int = 100_000) -> int:
    """Remove all that stands there; in how many rounds."""
    rounds = 0
    while things := quarantine.things():
        left = most
        for one in things:
            left -= quarantine.remove(one, left)
            if left <= 0:
                break
        rounds += 1
        assert rounds < 100
    return rounds


def test_what_is_no_thing_of_a_packet_is_let_be(place: Path) -> None:
    (place / "notes.txt").write_text("the operator's")
    assert Quarantine(place).things() == []


def test_a_folder_that_is_deeper_than_any_path_goes(place: Path) -> None:
    here = os.open(place, os.O_RDONLY)
    for name in (TRACKING, *["a" * 100] * 1500):
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    (one,) = Quarantine(place).things()
    assert one.tracking == TRACKING
    assert emptied(Quarantine(place)) >= 1
    assert list(place.iterdir()) == []


def test_a_folder_with_very_many_files_goes_in_several_rounds_and_is_counted_once(place: Path) -> None:
    for folder in ("", "sub", "sub/sub"):
        (place / TRACKING / folder).mkdir()
        for number in range(1000):
            (place / TRACKING / folder / str(number)).touch()
    quarantine = Quarantine(place)
    (one,) = quarantine.things()
    assert 1_000 <= one.files < 1_100
    assert quarantine.things() == [one]
    assert quarantine.remove(one, 700) == 700
    assert 2_300 <= sum(len(files) for _, _, files in os.walk(place)) < 2_400
    assert emptied(quarantine, 700) in (4, 5)


def test_no_link_is_followed_and_other_things_stay(place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (place / TRACKING).mkdir()
    (place / TRACKING / "link").symlink_to(outside)
    (place / OTHER).symlink_to(outside)
    quarantine = Quarantine(place)
    for one in quarantine.things():
        if one.tracking == TRACKING:
            assert quarantine.remove(one, 100) == 2
    assert [path.name for path in place.iterdir()] == [OTHER]
    assert emptied(quarantine) == 1
    assert (outside / "kept").read_text() == "x"


def test_what_may_not_be_removed_stays_and_is_no_failure() -> None:
    with tempfile.TemporaryDirectory() as above:
        _stays(Path(above))


def _stays(place: Path) -> None:
    if os.geteuid():
        (place / TRACKING / "closed").mkdir(parents=True)
        (place / TRACKING / "closed" / "x").touch()
        (place / TRACKING / "closed").chmod(0)
        (place / TRACKING).chmod(0o500)
        (one,) = Quarantine(place).things()
        Quarantine(place).remove(one, 100)
        (place / TRACKING).chmod(0o700)
        (place / TRACKING / "closed").chmod(0o700)
        return
    os.chown(place, 65534, 65534)
    for name, mode in ((TRACKING, 0o755), (f"{TRACKING}/closed", 0o700)):
        (place / name).mkdir(mode=mode)  # another user's
    (place / OTHER).touch()
    os.seteuid(65534)
    try:
        quarantine = Quarantine(place)
        for one in quarantine.things():
            quarantine.remove(one, 100)
    finally:
        os.seteuid(0)
    assert [path.name for path in place.iterdir()] == [TRACKING]
