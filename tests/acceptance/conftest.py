"""What all acceptance tests share: the mark of those that take seconds, and students whose stories they tell."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import child
from tests.support.office import Office


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes seconds (leave out with -m 'not slow')")


@pytest.fixture(scope="module")
def autumn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An exchange on a day in November, whose clock no test moves."""
    made = child.opened(tmp_path_factory.mktemp("autumn"))
    yield made
    made.services.engine.dispose()


@pytest.fixture
def her(autumn: Office) -> child.Story:
    """A student on a day in November."""
    return child.Story(autumn)


@pytest.fixture
def his(tmp_path: Path) -> child.Story:
    """A student whose story goes on for days or months, from that day on."""
    return child.Story(child.opened(tmp_path))
