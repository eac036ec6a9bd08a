"""Where no PostgreSQL server can be started, tests that need one skip and say why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.store import postgres
from tests.store.postgres import NoServerError, first_that_starts, server_folders, server_or_skip

pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def broken() -> Iterator[Path]:
    """The folder of a server that is installed and cannot start."""
    with TemporaryDirectory(prefix="postgres-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # as root the server runs as somebody else, who must get there
        initdb = folder / "initdb"
        initdb.write_text("#!/bin/sh\necho 'could not map shared memory' >&2\nexit 1\n")
        initdb.chmod(0o755)
        yield folder


def test_a_server_that_cannot_start_is_a_skip_with_its_own_words(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "server_folders", lambda: [broken])
    with (
        pytest.raises(pytest.skip.Exception, match="could not map shared memory"),
        server_or_skip(),
    ):
        pytest.fail("it runs")


def test_a_server_whose_files_cannot_be_reached_is_a_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "server_folders", lambda: [tmp_path / "nowhere"])
    with (
        pytest.raises(pytest.skip.Exception, match=r"initdb (failed|cannot be run)"),
        server_or_skip(),
    ):
        pytest.fail("it runs")


def test_where_nothing_is_installed_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoServerError, match="no PostgreSQL server is installed"):
        first_that_starts([], tmp_path)


def test_after_one_that_cannot_start_the_next_is_tried(broken: Path) -> None:
    if not server_folders():
        pytest.skip("no PostgreSQL server is installed")
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as made:
        try:
            server = first_that_starts([broken, *server_folders()], Path(made))
        except NoServerError as error:
            pytest.skip(str(error))
        server.stop()
