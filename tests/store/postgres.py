"""A PostgreSQL server of our own, started for the tests and gone after them."""

from __future__ import annotations

import importlib.util
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_BIN = "/usr/lib/postgresql"
_NOBODY = 65534


def why_no_postgres() -> str | None:
    """Why the tests over PostgreSQL are skipped here, or None."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    if _binaries() is None:
        return "no PostgreSQL server is installed (initdb not found)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL refuses to run as root, and setpriv is not there to step down"
    return None


class PostgresServer:
    """A server that listens on a socket in ``folder`` only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[PostgresServer]:
        # Not under pytest's folders: another run of pytest takes the server's right to enter away.
        with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as made:
            folder = Path(made)
            if os.geteuid() == 0:
                os.chown(folder, _NOBODY, _NOBODY)
            with cls(folder)._running() as server:
                yield server

    @contextmanager
    def _running(self) -> Iterator[PostgresServer]:
        server, folder = self, self._folder
        data = str(folder / "data")
        server._run("initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-c listen_addresses= -c fsync=off -k {folder}"
        log = str(folder / "log")
        server._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", log, "start")
        try:
            yield server
        finally:
            server._run("pg_ctl", "-D", data, "-m", "immediate", "stop")

    def fresh_database(self) -> str:
        """The URL of an empty database."""
        name = f"store{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", "tester", name)
        return f"postgresql+psycopg://tester@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        binaries = _binaries()
        assert binaries is not None
        command = [*_as_somebody_else(), str(binaries / program), *arguments]
        # Not a pipe: the server inherits the stream, and the reader would wait for its end.
        with (self._folder / "out").open("ab") as out:
            done = subprocess.run(command, stdout=out, stderr=out, cwd=self._folder, check=False)
        assert done.returncode == 0, (self._folder / "out").read_text()


def _binaries() -> Path | None:
    found = sorted(Path(_BIN).glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    packaged = importlib.util.find_spec("pgserver")
    if packaged is None or packaged.origin is None:
        return None
    return Path(packaged.origin).parent / "pginstall" / "bin"


def _as_somebody_else() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
