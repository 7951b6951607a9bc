"""What holds for every test."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.support import scale

if scale.IS_LONG:  # new examples each time, even where CI=true
    settings.register_profile("long", max_examples=scale.examples(100), derandomize=False, deadline=None)
    settings.load_profile("long")


_MEMORY, _ROOM = Path("/dev/shm"), 8 << 30  # bytes: what one whole run leaves at most, several times

if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    # a fifth of a test's time would be waits for a disk; what is flushed, and in which order, is counted, not timed
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What `satchel send` notes in its user's folder is no test's own user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="module", autouse=True)
def _umask() -> Iterator[None]:
    """A part of the exchange that is built in a test's own process makes files private from then on; the next module's
    tests begin as they would alone."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


# What takes longest begins first, so that no worker is left with it at the end (with `--no-loadscope-reorder`: else the
# files of the fewest tests come last, and these are among them).
_LONG = (
    "test_documents_run.py",
    "test_hostile_bytes.py",
    "test_chaos.py",
    "test_bounds_of_intake.py",
    "test_bounds_of_keeping.py",
    "test_endings.py",
    "test_trust_in_keys.py",
    "test_keys_as_published.py",
    "test_whose_keys.py",
    "test_mistakes.py",
    "test_textmode.py",
    "test_upgrade.py",
    "test_upgrade_of_old_homes.py",
    "test_homes.py",
    "test_homes_and_inboxes.py",
    "test_servers.py",
    "test_knowledge.py",
    "test_identity_bulk.py",
    "test_merge.py",
    "test_reports_in_any_order.py",
    "test_model.py",
    "test_flagged.py",
    "test_interop.py",
    "test_registry_at_once.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are given to workers; and what `make long` runs of what `make test` runs too."""
    items.sort(key=lambda item: _LONG.index(item.path.name) if item.path.name in _LONG else len(_LONG))
    for item in items:
        if scale.IS_LONG and _grows(item):
            item.add_marker("long")


def _grows(item: pytest.Item) -> bool:
    """Whether the test shows more with larger numbers."""
    return item.get_closest_marker("grows") is not None or is_hypothesis_test(getattr(item, "obj", None))


def pytest_collection_finish() -> None:
    """What was loaded stays: else every full collection of a long run looks through all of it."""
    gc.collect()
    gc.freeze()
