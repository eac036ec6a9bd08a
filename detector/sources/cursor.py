"""How far the files of a source were read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from detector.domain.tables import TableKind
from detector.errors import InputError
from detector.sources.records import Mark


class FileCursor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the next look at files continues.

    Attributes
    ----------
    marks : how far each file was read, by its name.
    kind : what the tables hold; all are of one kind.
    width : bin width of counts, seconds, once it is known.
    seen : the latest time in any row.
    until : up to here it was said what was observed.
    """

    marks: dict[str, Mark] = {}
    kind: TableKind | None = None
    width: float | None = None
    seen: datetime | None = None
    until: datetime | None = None

    def text(self) -> str:
        """Return the cursor as the text that a store keeps."""
        return msgspec.json.encode(self).decode()


def parse_cursor(text: str | None) -> FileCursor:
    """Return the cursor that ``text`` is; None is the beginning. Raises `InputError`."""
    if text is None:
        return FileCursor()
    try:
        return msgspec.json.decode(text, type=FileCursor)
    except msgspec.DecodeError as error:
        message = f"the place remembered by the store is not one in files: {error}"
        raise InputError(message) from error
