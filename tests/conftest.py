"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.slow import is_slow, measured_names


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the fast lane leaves out (tests/slow.py)."""
    measured = measured_names()
    for item in items:
        if is_slow(item, measured):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Undo what a command run in this process did to the log: its stream closes with its test."""
    yield
    structlog.reset_defaults()
