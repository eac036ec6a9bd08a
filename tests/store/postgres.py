"""A PostgreSQL server of our own, started for the tests and gone after them.

Debian's server is tried first, then one on the path, then the one that the package `pgserver`
brings; where none can be started, the tests that need one skip and say why.
"""

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

import pytest

_DEBIAN = Path("/usr/lib/postgresql")
_NOBODY = 65534


class NoServerError(Exception):
    """No PostgreSQL server can be started here; the message says why."""


@contextmanager
def server_or_skip() -> Iterator[PostgresServer]:
    """Run a server, or skip the test that asks for it."""
    with TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as made:
        # Not under pytest's folders: another run of pytest takes the server's right to enter away.
        try:
            server = first_that_starts(server_folders(), Path(made))
        except NoServerError as error:
            pytest.skip(str(error))
        try:
            yield server
        finally:
            server.stop()


def server_folders() -> list[Path]:
    """Return the folders that hold ``initdb``, in the order in which they are tried."""
    debian = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: folder.parent.name.zfill(4))
    found = [*reversed(debian)]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    packaged = importlib.util.find_spec("pgserver")
    if packaged is not None and packaged.origin is not None:
        found.append(Path(packaged.origin).parent / "pginstall" / "bin")
    return [folder for folder in found if (folder / "initdb").exists()]


def first_that_starts(folders: list[Path], data: Path) -> PostgresServer:
    """Start the first of ``folders`` that can be started; raise `NoServerError` if none can."""
    if importlib.util.find_spec("psycopg") is None:
        raise NoServerError("psycopg is not installed")
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        raise NoServerError("PostgreSQL refuses to run as root, and setpriv is not installed")
    refusals = []
    for i, folder in enumerate(folders):
        server = PostgresServer(folder, data / str(i))
        try:
            server.start()
        except NoServerError as error:
            refusals.append(f"{folder}: {error}")
        else:
            return server
    raise NoServerError("; ".join(refusals) or "no PostgreSQL server is installed (no initdb)")


class PostgresServer:
    """The server of ``binaries``, which listens on a socket in ``folder`` only."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._numbers = itertools.count()

    def start(self) -> None:
        """Make a cluster of databases and serve it; raise `NoServerError` where that fails."""
        self._folder.mkdir()
        if os.geteuid() == 0:
            os.chown(self._folder.parent, _NOBODY, _NOBODY)
            os.chown(self._folder, _NOBODY, _NOBODY)
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._run("initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-c listen_addresses= -c fsync=off -k {self._folder}"
        self._run("pg_ctl", "-D", data, "-w", "-o", options, "-l", log, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def fresh_database(self) -> str:
        """Return the URL of an empty database."""
        name = f"store{next(self._numbers)}"
        self._run("createdb", "-h", str(self._folder), "-U", "tester", name)
        return f"postgresql+psycopg://tester@/{name}?host={self._folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_somebody_else(), str(self._binaries / program), *arguments]
        # Not a pipe: the server inherits the stream, and the reader would wait for its end.
        with (self._folder / "out").open("wb") as out:
            try:
                done = subprocess.run(
                    command, stdout=out, stderr=out, cwd=self._folder, check=False
                )
            except OSError as error:
                raise NoServerError(f"{program} cannot be run: {error}") from None
        if done.returncode != 0:
            said = (self._folder / "out").read_text(errors="replace").split("\n")
            raise NoServerError(f"{program} failed: {' '.join(filter(None, said[-4:]))}")


def _as_somebody_else() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
