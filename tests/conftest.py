"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.slow import in_slow_folder, is_slow, measured_names


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even read the folders that the fast lane leaves out."""
    fast = config.option.markexpr == "not slow"
    return True if fast and in_slow_folder(collection_path) else None


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
