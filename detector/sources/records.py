"""Records of one file from a given offset on: CSV, JSON Lines (both also gzipped) and Parquet.

An offset counts bytes of the (uncompressed) text, or rows of a Parquet file. Reading stops at the
last complete record, so a file that is being written can be read again from there.
"""

from __future__ import annotations

import gzip
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
import pandas as pd

from detector.errors import InputError

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Some consecutive records of a file.

    Attributes
    ----------
    frame : one row per record, cells as they stand in the file (CSV: texts).
    end : offset behind the last record.
    at_end : whether the file had nothing more.
    """

    frame: pd.DataFrame
    end: int
    at_end: bool


class RecordFile:
    """A file of records that may grow.

    The file stays open between calls, so that reading a compressed file piece by piece costs one
    pass over it; it is opened anew when another file took its name.

    Parameters
    ----------
    path : the file; what it is, is told by its content, then by its ending.
    grows : whether a last line without line end may still be completed by its writer.
    """

    def __init__(self, path: Path, *, grows: bool) -> None:
        self.path = path
        self.grows = grows
        self._stream: IO[bytes] | None = None
        self._inode = -1
        self._size_known = False
        self._header = b""

    def read(self, offset: int, *, limit: int | None = None) -> Records:
        """Return the complete records behind ``offset``.

        Parameters
        ----------
        offset : 0, or the ``end`` of an earlier call. One behind the end of a file that was cut
            short (rotated) starts over, as ``tail -F`` does.
        limit : read about this many bytes at most; None reads to the end.

        Raises
        ------
        InputError
            If the file is missing or not in one of the formats; names the line.
        """
        try:
            with self.path.open("rb") as raw:
                magic = raw.read(4)
            if magic == _PARQUET:
                return self._read_parquet(offset, limit)
            return self._read_text(self._open(magic), offset, limit)
        except (OSError, EOFError) as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise InputError(f"cannot be read: {why}", path=self.path) from error

    def line_at(self, offset: int) -> int:
        """Return the 1-based line number of the record at ``offset`` (Parquet: its row number)."""
        if self._stream is None:
            return offset + 1
        self._stream.seek(0)
        return 1 + self._stream.read(max(offset, 0 if self._is_json else len(self._header))).count(b"\n")

    def _open(self, magic: bytes) -> IO[bytes]:
        status = os.stat(self.path)
        if self._stream is None or status.st_ino != self._inode:
            is_gzip = magic[:2] == _GZIP
            self._stream = gzip.open(self.path) if is_gzip else self.path.open("rb")
            self._inode = status.st_ino
            self._size_known = not is_gzip
            self._header = b""
        if not self._header.endswith(b"\n"):
            self._stream.seek(0)
            self._header = self._stream.readline()
        return self._stream

    def _read_text(self, stream: IO[bytes], offset: int, limit: int | None) -> Records:
        if self._size_known and offset > os.stat(self.path).st_size:
            offset = 0
        start = offset if self._is_json else max(offset, len(self._header))
        stream.seek(start)
        body = stream.read() if limit is None else stream.read(limit)
        at_end = limit is None or len(body) < limit
        whole = body if at_end and not self.grows else _ended(body, csv=not self._is_json)
        if not whole and not at_end:
            message = f"a record longer than {limit} bytes (an unclosed quotation mark?)"
            raise InputError(message, path=self.path, line=self.line_at(start))
        frame = self._json(whole, start) if self._is_json else self._csv(whole, start)
        return Records(frame, start + len(whole), at_end)

    @property
    def _is_json(self) -> bool:
        is_json = self._header.lstrip().startswith(b"{")
        if not is_json and self.path.name.removesuffix(".gz").endswith(_JSON_ENDINGS):
            message = "not JSON Lines: a line must be an object {...}"
            raise InputError(message, path=self.path, line=1)
        return is_json

    def _csv(self, body: bytes, start: int) -> pd.DataFrame:
        text = io.BytesIO(self._header + body)
        try:
            return pd.read_csv(text, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        except pd.errors.EmptyDataError:
            raise InputError("empty: a table needs a header line", path=self.path, line=1) from None
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            line = self.line_at(start)
            message = f"not a CSV table in UTF-8 (from this line on): {error}"
            raise InputError(message, path=self.path, line=line) from error

    def _json(self, body: bytes, start: int) -> pd.DataFrame:
        decoder = msgspec.json.Decoder(dict)
        rows = []
        for i, text in enumerate(body.splitlines()):
            try:
                rows.append(decoder.decode(text) if text.strip() else {})
            except msgspec.DecodeError as error:
                line = self.line_at(start) + i
                raise InputError(f"not a JSON object: {error}", path=self.path, line=line) from error
        return pd.DataFrame.from_records(rows)

    def _read_parquet(self, offset: int, limit: int | None) -> Records:
        try:
            frame = pd.read_parquet(self.path)
        except ImportError:
            message = "reading Parquet needs pyarrow: pip install 'outage-detector[parquet]'"
            raise InputError(message, path=self.path) from None
        end = len(frame) if limit is None else min(len(frame), offset + max(limit // 100, 1))
        rows = frame.iloc[offset:end].reset_index(drop=True)
        return Records(rows, end, end == len(frame))


def _ended(body: bytes, *, csv: bool) -> bytes:
    """Return ``body`` up to the last record whose line end is there.

    A line end inside a quoted CSV cell ends no record: behind a record, quotes are even.
    """
    cut = body.rfind(b"\n") + 1
    while csv and cut and body.count(b'"', 0, cut) % 2:
        cut = body.rfind(b"\n", 0, cut - 1) + 1
    return body[:cut]
