"""One file as a table of ours: new rows behind a mark, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from detector.errors import InputError
from detector.model.columns import TableKind, kind_of, our_columns
from detector.sources.tables import table_rows
from detector.sources.tables.records import PIECE, FileRecords, Mark, RecordFile

#: Of so many rows that are set aside it is said what is wrong with them.
MOST_FAULTS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """New rows of one file.

    Attributes
    ----------
    path : the file.
    kind : what the rows are.
    frame : the rows, columns named as ours; of counts labelled by their number in what was read.
    mark : behind them.
    at_end : whether the file had nothing more.
    aside : how many rows were set aside, of a file that grows.
    faults : what was wrong with the first of them.
    """

    path: Path
    kind: TableKind
    frame: pd.DataFrame
    mark: Mark
    at_end: bool
    aside: int = 0
    faults: tuple[InputError, ...] = ()


class TableFile:
    """A file that holds a counts, posts or trending table.

    Parameters
    ----------
    path : the file.
    mapping : ``{our column: the file's column}``.
    grows : whether it is still being written.
    piece : posts are read in pieces of about so many bytes.
    """

    def __init__(
        self, path: Path, mapping: Mapping[str, str], *, grows: bool, piece: int = PIECE
    ) -> None:
        self._file = RecordFile(path, grows=grows)
        self._mapping = mapping
        self._piece = piece
        self._nothing_at: tuple[object, Mark] | None = None

    def read(self, mark: Mark, kind: TableKind | None) -> Table | None:
        """Return the rows behind ``mark``, None if there are none (yet).

        Posts come a piece at a time, counts to the end of the file: only then is their bin width
        known.

        Raises
        ------
        InputError
            If the file is wrong, or of another kind than ``kind``; names file, line and column.
        """
        stamp = self._stamp()
        if self._nothing_at == (stamp, mark):
            return None
        table = self._read(mark, kind)
        self._nothing_at = (stamp, mark) if table is None else None
        return table

    def _read(self, mark: Mark, kind: TableKind | None) -> Table | None:
        columns = self._file.columns()
        if not columns:
            return None
        with self._file.located():
            found = self._kind(columns, kind)
            dtypes = table_rows.dtypes(found, our_columns(columns, self._mapping))
        parts: list[pd.DataFrame] = []
        faults: list[InputError] = []
        total, aside, at_end = 0, 0, False
        while not at_end and not (parts and found is TableKind.POSTS):
            mark, records = self._file.read(mark, limit=self._piece, dtypes=dtypes)
            at_end = records.at_end
            if records.total:
                with self._file.located():
                    part = self._checked(records, columns, found)
                parts.append(part.set_axis(part.index + total, axis=0))
                total += records.total
                faults += records.faults(MOST_FAULTS - len(faults))
                aside += len(records.aside or ())
        if not parts:
            return None
        frame = pd.concat(parts) if len(parts) > 1 else parts[0]
        return Table(self._file.path, found, frame, mark, at_end, aside, tuple(faults))

    def line_of(self, row: int) -> int:
        """Return the line of a row of a table that was read from the beginning; for an error."""
        mark = Mark()
        while True:
            mark, records = self._file.read(mark, limit=self._piece)
            if row < records.total or records.at_end:
                return records.line_of(row)
            row -= records.total

    def _kind(self, columns: list[str], expected: TableKind | None) -> TableKind:
        found = kind_of(our_columns(columns, self._mapping), columns)
        if expected not in (None, found):
            message = f"a {found.value} table behind {expected.value}; a source holds one kind"
            raise InputError(message, line=1)
        return found

    def _checked(self, records: FileRecords, columns: list[str], kind: TableKind) -> pd.DataFrame:
        """Return the rows as ours; in JSON Lines keys may be missing here, or come later.

        Of a file that grows wrong rows are set aside, as long as they are not the most.
        """
        records.refuse_if_mostly_wrong()
        names = list(dict.fromkeys([*columns, *records.frame.columns]))
        if len(names) > len(records.frame.columns):
            records = replace(records, frame=records.frame.reindex(columns=names))
        ours = our_columns(names, self._mapping)
        if kind is TableKind.POSTS:
            table = table_rows.posts(records, ours)
        else:
            table = table_rows.counts(records, ours, kind)
        records.refuse_if_mostly_wrong()
        return table

    def _stamp(self) -> object:
        """Return what changes when the file does, None if it cannot be had."""
        try:
            status = self._file.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns


def whole(path: Path, mapping: Mapping[str, str]) -> pd.DataFrame:
    """Return every row of a file as it stands, the columns that mean ours by our name."""
    file = RecordFile(path, grows=False)
    with file.located():
        ours = our_columns(file.columns(), mapping)
    shadowed = [name for name, theirs in ours.items() if name != theirs]
    mark, at_end, parts = Mark(), False, []
    while not at_end:
        mark, records = file.read(mark)
        at_end = records.at_end
        parts.append(records.frame)
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.drop(columns=frame.columns.intersection(shadowed))
    return frame.rename(columns={theirs: name for name, theirs in ours.items()})
