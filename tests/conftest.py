"""What holds for every test."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _umask() -> Iterator[None]:
    """A part of the exchange that is built in a test's own process makes files private from then on; the next module's
    tests begin as they would alone."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


# What takes minutes begins first, so that no worker is left with it at the end.
_LONG = ("test_documents_run.py", "test_chaos.py", "test_upgrade.py", "test_reports_in_any_order.py", "test_flagged.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are given to workers."""
    items.sort(key=lambda item: item.path.name not in _LONG)
