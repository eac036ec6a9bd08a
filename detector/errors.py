"""Every exception that outage-detector raises on purpose.

DetectorError
├── ConfigError        config.toml is wrong; nothing was started
├── InputError         a table or file is wrong: file, line, column, what would be right
├── SourceError        a live source could not be looked at: nothing was observed
│   ├── Refused        it will not answer us as we are: credentials, address
│   ├── Unavailable    it could not answer now
│   └── Garbled        it answered something that is not what it promised
├── StoreError         the store cannot be read or written as it is (a newer schema, a locked file)
│   └── LeaseLost      another instance writes to it now; this one stands by
└── DeliveryError      a receiver refused an alert
    ├── Rejected       permanent: do not retry
    └── Unreachable    transient: retry
"""

from __future__ import annotations


class DetectorError(Exception):
    """Base of all errors that are explained to the user instead of traced."""


class ConfigError(DetectorError):
    """The configuration is wrong; nothing was started."""


class InputError(DetectorError):
    """A table or file is wrong.

    Parameters
    ----------
    message : what is wrong and what would be right.
    path : the file, if the input came from one.
    line : 1-based line (or record) number, if known.
    column : the column or key, if known.
    """

    def __init__(
        self,
        message: str,
        *,
        path: object = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        super().__init__(str(self))

    def __str__(self) -> str:
        place = "" if self.path is None else str(self.path)
        if self.line is not None:
            place += f":{self.line}" if place else f"line {self.line}"
        if self.column is not None:
            place += f", column {self.column!r}" if place else f"column {self.column!r}"
        return f"{place}: {self.message}" if place else self.message


class SourceError(DetectorError):
    """A live source could not be looked at; nothing was observed."""


class Refused(SourceError):
    """The source will not answer as long as our settings are what they are."""


class Unavailable(SourceError):
    """The source could not answer now.

    Parameters
    ----------
    retry_after : seconds that it asked us to stay away, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Garbled(SourceError):
    """The source answered, but not what it promised: no JSON, other fields, an empty list."""


class StoreError(DetectorError):
    """The store cannot be used as it is."""


class LeaseLost(StoreError):
    """Another instance writes to the store now; what this one wanted to write was not written."""


class DeliveryError(DetectorError):
    """A receiver did not take an alert."""


class Rejected(DeliveryError):
    """The receiver refused for good: sending the same again cannot help."""


class Unreachable(DeliveryError):
    """The receiver could not take it now: send again later."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
