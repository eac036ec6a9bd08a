"""What commands print: tables that read well on a terminal and in a pipe."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import structlog
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from detector.config import read_settings
from detector.config.settings import Settings
from detector.errors import InputError
from detector.model.plain_text import guard_cell, plain
from detector.pipeline import setup
from detector.text.phrasing import Phrasing


def heads(say: Phrasing, *keys: str) -> tuple[str, ...]:
    """Return the heads of columns: texts of the catalogue's section ``command``."""
    return tuple(say.texts(f"command.{key}") for key in keys)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table: ruled on a terminal, tab-separated when piped. Cells are made harmless."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        print("\t".join(columns))
        for row in cells:
            print("\t".join(row))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)


@contextmanager
def progress(say: Phrasing, what: str, unit: str = "rows") -> Iterator[Callable[[int], None]]:
    """Show on a terminal that something is being done; yields what to call with how much is.

    Parameters
    ----------
    what, unit : codes of the catalogue's section ``command.progress``.
    """
    units = say.texts(f"command.progress.{unit}")
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:,.0f}} {units}"),
        TimeElapsedColumn(),
    )
    # Where no terminal is, rich would still write an empty line into the log.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task(say.texts(f"command.progress.{what}"), total=None)
        yield lambda done: shown.update(task, completed=done)


def require_writable(*paths: Path) -> None:
    """Raise `InputError` if one of ``paths`` cannot be written later; nothing is made yet.

    To be asked before the work whose result goes there.
    """
    for path in paths:
        folder = next(parent for parent in path.parents if parent.exists())
        if not folder.is_dir():
            raise InputError(f"cannot be written: {folder} is no folder", path=path)
        if path.is_dir():
            raise InputError("cannot be written: Is a directory", path=path)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(f"cannot be written: {folder} may not be written to", path=path)


def write_csv(path: Path, table: pd.DataFrame, *, float_format: str | None = None) -> None:
    """Write a table as CSV; texts that a spreadsheet would calculate are guarded, numbers never."""
    guarded = table.rename(columns=lambda name: guard_cell(str(name)))
    for place, kind in enumerate(table.dtypes):
        if not (is_numeric_dtype(kind) or is_datetime64_any_dtype(kind)):
            guarded.isetitem(place, [_guarded(cell) for cell in table.iloc[:, place]])
    write_text(path, guarded.to_csv(index=False, float_format=float_format))


def _guarded(cell: object) -> object:
    """Return a cell guarded where it is a text, but no number: ``-5`` calculates nothing."""
    return guard_cell(cell) if isinstance(cell, str) and not _NUMBER.fullmatch(cell) else cell


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in UTF-8, wholly or not at all; folders are made."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, wholly or not at all; folders are made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        os.replace(part, path)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"cannot be written: {path.parent} is no folder", path=path) from error
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from error


def settings_and_base(config: Path | None) -> tuple[Settings, Path, Path]:
    """Return the settings, the folder their relative paths are meant from, and their file."""
    path = config or setup.default_config()
    settings = read_settings(path)
    for key in settings.renamed:
        print(f"{path}: {key}", file=sys.stderr)
    return settings, Path.cwd() if config is None else path.resolve().parent, path


def shown_location(settings: Settings) -> str:
    """Return the store's place as it may be shown: of a URL, what stands behind the login."""
    scheme, separator, rest = settings.store.location.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if separator else scheme


def log_to_stderr() -> None:
    """Let everything that is logged go to the terminal, beside what is printed."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    set_on_retry_hooks([_log_retry])


def _log_retry(details: RetryDetails) -> None:
    log = structlog.get_logger("detector.sources")
    log.info("asking again", error=str(details.caused_by), wait=f"{details.wait_for:.1f} s")
