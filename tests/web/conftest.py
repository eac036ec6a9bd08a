"""What tests of the web ask for: a house without incidents, tokens that count at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.web import token_book
from tests.web.house import House, house


@pytest.fixture
def made(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, incidents=())
    yield made
    made.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_book, "FRESH", 0.0)
