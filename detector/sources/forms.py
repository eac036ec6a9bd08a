"""What a text file of records is: CSV or JSON Lines, and how records are told apart and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import pandas as pd

from detector.domain.tables import Fault
from detector.errors import InputError
from detector.sources import csvtext, jsonlines


class Form(Protocol):
    """The habits of one kind of text file."""

    @property
    def header(self) -> bytes:
        """What stands before the records."""

    def columns(self, *, grows: bool) -> list[str]:
        """Return the names of the columns; of a file that grows wrong records tell none."""

    def whole_records(self, body: bytes) -> int:
        """Return the length of ``body`` up to the end of its last complete record."""

    def line_of(self, body: bytes, row: int) -> int:
        """Return the line of ``body``, from 1, that record ``row``, from 0, begins on."""

    def parse(self, body: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
        """Return a row per record, or raise `InputError` at the first that is none."""

    def records(self, body: bytes) -> list[bytes]:
        """Return the records of ``body``, blank lines left out."""

    def fault(self, record: bytes) -> str | None:
        """Say why ``record`` cannot be read, None if it can."""


@dataclass(frozen=True)
class Csv:
    """The habits of CSV."""

    header: bytes

    @cached_property
    def _names(self) -> list[str]:
        return csvtext.columns(self.header)

    def columns(self, *, grows: bool) -> list[str]:  # noqa: ARG002  (the header stands)
        """See `Form`."""
        return self._names

    def whole_records(self, body: bytes) -> int:
        """See `Form`."""
        return csvtext.whole_records(body)

    def line_of(self, body: bytes, row: int) -> int:
        """See `Form`."""
        return csvtext.line_of(body, row)

    def parse(self, body: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
        """See `Form`."""
        return csvtext.parse(self.header, body, dtypes=dtypes)

    def records(self, body: bytes) -> list[bytes]:
        """See `Form`."""
        return csvtext.records(body)

    def fault(self, record: bytes) -> str | None:
        """See `Form`."""
        return csvtext.fault(record, len(self._names))


@dataclass(frozen=True)
class JsonLines:
    """The habits of JSON Lines; the columns are the keys in ``head``, its beginning."""

    head: bytes
    header = b""

    def columns(self, *, grows: bool) -> list[str]:
        """See `Form`."""
        whole = self.head[: jsonlines.whole_records(self.head)] or self.head
        if not grows:
            return list(jsonlines.parse(whole).columns)
        frame, faults = sorted_out(self, whole, {})
        return list(frame.columns) if len(frame) or not faults else self.columns(grows=False)

    def whole_records(self, body: bytes) -> int:
        """See `Form`."""
        return jsonlines.whole_records(body)

    def line_of(self, body: bytes, row: int) -> int:
        """See `Form`."""
        return jsonlines.line_of(body, row)

    def parse(self, body: bytes, _dtypes: Mapping[str, str]) -> pd.DataFrame:
        """See `Form`."""
        return jsonlines.parse(body)

    def records(self, body: bytes) -> list[bytes]:
        """See `Form`."""
        return jsonlines.records(body)

    def fault(self, record: bytes) -> str | None:
        """See `Form`."""
        return jsonlines.fault(record)


def sorted_out(
    form: Form, body: bytes, dtypes: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[int, Fault]]:
    """Return the records of ``body`` that can be read, and what is wrong with the others.

    Both are indexed by the number of the record in ``body``, from 0.
    """
    try:
        return form.parse(body, dtypes), {}
    except InputError:
        records = form.records(body)
    found = {row: why for row, record in enumerate(records) if (why := form.fault(record))}
    if not found:
        return form.parse(body, dtypes), {}
    good = [row for row in range(len(records)) if row not in found]
    frame = form.parse(b"".join(records[row] for row in good), dtypes)
    return frame.set_axis(good, axis=0), {row: Fault(None, why) for row, why in found.items()}
