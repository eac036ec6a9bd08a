"""Text files, gzipped or not, as streams that can be read from an offset."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

#: A header line, or the first records of JSON Lines, lie within so many bytes.
HEAD = 64 << 10
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The bytes of a text file.

    Attributes
    ----------
    stream : seekable; offsets count unpacked bytes.
    head : the first `HEAD` bytes, fewer if the file is shorter.
    """

    stream: IO[bytes]
    head: bytes

    def reaches(self, offset: int) -> bool:
        """Move to ``offset``; False if the file ends before it."""
        is_gzip = isinstance(self.stream, gzip.GzipFile)
        if not is_gzip and self.stream.seek(0, os.SEEK_END) < offset:
            return False
        return self.stream.seek(offset) == offset


class Unpacker:
    """Unpacks one file, again and again.

    A compressed file stays open between calls, so that reading it piece by piece costs one pass;
    it is opened anew when another took its name or it was cut short.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gzip: gzip.GzipFile | None = None
        self._head = b""
        self._status = (-1, -1)

    def unpacked(self, raw: IO[bytes]) -> Unpacked:
        """Return the text of ``raw``, this path newly opened."""
        if not _is_gzip(raw):
            return Unpacked(raw, raw.read(HEAD))
        status = os.fstat(raw.fileno())
        inode, size = self._status
        if self._gzip is None or status.st_ino != inode or status.st_size < size:
            self.close()
            self._gzip = gzip.open(self._path)  # noqa: SIM115  (it stays open between calls)
        stream = cast("IO[bytes]", self._gzip)
        if len(self._head) < HEAD:
            stream.seek(0)
            self._head = stream.read(HEAD)
        self._status = (status.st_ino, status.st_size)
        return Unpacked(stream, self._head)

    def lines_before(self, raw: IO[bytes], offset: int) -> int:
        """Return how many lines end before ``offset`` in ``raw``, this path newly opened."""
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if _is_gzip(raw) else raw
        lines = 0
        while chunk := stream.read(min(offset, _CHUNK)):
            lines += chunk.count(b"\n")
            offset -= len(chunk)
        return lines

    def close(self) -> None:
        """Close what stays open between calls."""
        if self._gzip is not None:
            self._gzip.close()
        self._gzip, self._head = None, b""


def _is_gzip(raw: IO[bytes]) -> bool:
    raw.seek(0)
    magic = raw.read(2)
    raw.seek(0)
    return magic == _GZIP
