"""What all acceptance tests share: the mark of those that take seconds."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes seconds (leave out with -m 'not slow')")
