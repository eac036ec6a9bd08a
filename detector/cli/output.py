"""What commands print: tables that read well on a terminal and in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from detector.alerting.plain import plain
from detector.errors import InputError


@cache
def stderr() -> Console:
    """Return the console for progress and messages."""
    return Console(stderr=True)


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


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, wholly or not at all; folders are made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", path=path) from error
