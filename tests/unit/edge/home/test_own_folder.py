"""The folder of the embedded Redis's socket, where it stands among everybody's."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.core.errors import OperatorError
from broker.edge.home import own_folder
from broker.edge.queue.queues import Queues, check_socket, socket_path
from broker.edge.settings.values import Settings


def test_it_is_made_for_its_user_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        own_folder.make(tmp_path / "new")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    own_folder.make(tmp_path / "new")  # again
    own_folder.check(tmp_path / "new")
    own_folder.check(tmp_path / "none")


def _link(path: Path) -> None:
    (path.parent / "elsewhere").mkdir(mode=0o700)
    path.symlink_to(path.parent / "elsewhere")


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _open(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)


def _sticky(path: Path) -> None:
    path.mkdir()
    path.chmod(0o1777)


def _file(path: Path) -> None:
    path.touch(mode=0o700)


def _others(path: Path) -> None:
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)


@pytest.mark.parametrize("plant", [_link, _dangling, _open, _sticky, _file, _others])
def test_what_stands_there_already_is_refused(
    tmp_path: Path, plant: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "satchel-1234"
    plant(folder)
    if plant is _others and os.geteuid() != 0:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    for use in (own_folder.make, own_folder.check):
        with pytest.raises(
            OperatorError, match=r"satchel-1234, in which the exchange's Redis has its socket, .*removed"
        ):
            use(folder)


def test_a_folder_that_others_can_take_away_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(OperatorError, match="no sticky bit"):
        own_folder.make(tmp_path / "new")
    tmp_path.chmod(0o1777)
    own_folder.make(tmp_path / "new")


def test_nobody_speaks_to_a_redis_in_somebody_elses_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who starts it, nor who asks it."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    home = tmp_path / ("x" * 100)
    folder = socket_path(home).parent
    assert folder.parent == tmp_path
    Queues(Settings(home=home))  # nothing is there yet
    _open(folder)
    with pytest.raises(OperatorError, match="mode 0700"):
        Queues(Settings(home=home))
    with pytest.raises(OperatorError, match="mode 0700"):
        check_socket(home, is_made=True)
    folder.rmdir()
    check_socket(home, is_made=True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    Queues(Settings(home=home))


def test_within_the_home_it_is_made_with_it(tmp_path: Path) -> None:
    home = Path("/tmp") / "h"
    assert socket_path(home) == home / "run" / "redis.sock"
    check_socket(tmp_path / "h", is_made=True)
    assert (tmp_path / "h" / "run").is_dir() or not socket_path(tmp_path / "h").is_relative_to(tmp_path / "h")
