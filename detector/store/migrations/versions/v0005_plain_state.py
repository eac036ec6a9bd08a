"""The state of the pipeline in its second layout: the values as they are, arrays with their shape.

Until now every entry was a map of plain values with a version in it, and what detectors know was
packed in it once more. The code of today, which will change, is not used here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Entry = dict[str, Any]

#: Numbers of the layouts that are written: of entries, and of the parts of a series.
_ENTRY, _SERIES = 2, 8
#: Shapes but for the one length that the bytes tell.
_RING, _ROWS = 256, 5
_SUMS = ("gain", "bins", "known", "seen", "expected", "low", "error", "weight")


def upgrade() -> None:
    """Convert every entry; what is not of the first layout stays, and is refused when read."""
    connection = op.get_bind()
    memory = sa.table("memory", sa.column("key"), sa.column("value"))
    for key, value in connection.execute(sa.select(memory.c.key, memory.c.value)).all():
        if (entry := converted(key, value)) is not None:
            change = sa.update(memory).where(memory.c.key == key)
            connection.execute(change.values(value=entry))


def converted(key: str, value: bytes) -> bytes | None:
    """Return the entry in the second layout, None if it is none of the first."""
    convert = _CONVERT.get(key.partition("/")[0])
    entry = _opened(value)
    if convert is None or not isinstance(entry, dict) or entry.get("version") != 1:
        return None
    return _packed(_ENTRY, convert(entry))


def _opened(data: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(data)
    except msgspec.DecodeError:
        return None


def _packed(layout: int, value: Any) -> bytes:
    return msgspec.msgpack.encode((layout, value))


def _array(dtype: str, data: bytes, *shape: int) -> tuple[str, tuple[int, ...], bytes]:
    """Return an array; of the one length that is -1 as many as there are bytes."""
    known = 1
    for n in shape:
        known *= abs(n)
    n_values = len(data) // int(dtype[2:])
    return dtype, tuple(n_values // known if n == -1 else n for n in shape), data


def _floats(data: bytes, *shape: int) -> Any:
    return _array("<f8", data, *shape)


def _seconds(duration: float) -> str:
    """Return a duration as MessagePack holds it."""
    return f"PT{duration:.6f}S"


def _frame(columns: Mapping[str, Any] | None) -> Any:
    if columns is None:
        return None
    return [(name, dtype, values) for name, (dtype, values) in columns.items()]


def _feed(entry: Entry) -> Any:
    kept = {name: entry[name] for name in ("cursor", "counted_until", "since")}
    kept["partial_until"] = entry["marked_until"]
    starts, ends = ([at[i].timestamp() for at in entry["observed"]] for i in (0, 1))
    observed = {"starts": _list_of_floats(starts), "ends": _list_of_floats(ends)}
    known = _array("<u8", entry["known"], -1)
    backlog = _frame(entry["backlog"])
    return entry["name"], {**kept, "observed": observed, "backlog": backlog, "known": known}


def _list_of_floats(values: list[float]) -> Any:
    return "<f8", (len(values),), struct.pack(f"<{len(values)}d", *values)


def _quick(data: bytes) -> Entry:
    """Return what changes with every bin."""
    old = msgspec.msgpack.decode(data)
    kept = {"options": old["options"], "start": old["start"], "width": _seconds(old["width"])}
    return {**kept, "records": ("record", (1,), old["hot"])}


def _tables(data: bytes) -> Entry:
    """Return what changes once a day."""
    old = msgspec.msgpack.decode(data)
    return {
        "sums": _floats(old["sums"], 2, 7, -1),
        "days": _floats(old["days"], 7),
        "weeks": _array("<f4", old["weeks"], 2, 4, 7, -1),
        "profile": _floats(old["profile"], 3, 7, -1),
    }


def _series(entry: Entry) -> Any:
    record = _packed(_SERIES, list(_quick(entry["hot"]).values()))
    return entry["key"], (entry["start"], entry["width"], entry["bins"], record)


def _of_tables(entry: Entry) -> Any:
    return entry["key"], _packed(_SERIES, _tables(entry["tables"]))


def _trend(entry: Entry) -> Any:
    return entry["key"], entry["state"]


def _piece(entry: Entry) -> Any:
    return entry["number"], _frame(entry["complaints"])


def _incident(entry: Entry) -> Any:
    surges = {
        (source, surge["noticed_at"]): {"surge": surge, "severity": severity}
        for source, surge, severity in entry["surges"]
    }
    kept = {name: entry[name] for name in ("service", "severity")}
    kept |= {name: entry[name] for name in ("agreement", "not_observed_since") if name in entry}
    return entry["service"], {"merging": {**kept, "surges": surges}, "told": entry["told"]}


def _watched(entry: Entry) -> Any:
    volume = None
    if (waiting := entry["waiting"]) is not None:
        state = None
        if entry["series"] is not None:
            quick, slow = msgspec.msgpack.decode(entry["series"])
            series = {**_quick(quick), "tables": _tables(slow)}
            state = {"series": series, **dict(zip(_SUMS, entry["sums"], strict=True))}
        names = (("service", "str"), ("second", "float64"), ("count", "float64"))
        columns = [
            (name, kind, [row[i] for row in waiting]) for i, (name, kind) in enumerate(names)
        ]
        volume = {"state": state, "waiting": columns}
    return entry["place"], {"feed": entry["feed"], "health": entry["health"], "volume": volume}


def _fused(entry: Entry) -> Any:
    old = msgspec.msgpack.decode(entry["state"])
    state = {
        "options": old["options"],
        "start": old["start"],
        "width": _seconds(old["width"]),
        "records": ("record", (1,), old["hot"]),
        "sources": old["sources"],
        "recent": _floats(old["recent"], len(old["sources"]), _ROWS, _RING),
    }
    waiting = {
        said["source"]: {
            **{name: said[name] for name in ("start", "width", "ends")},
            "rows": _floats(said["rows"], _ROWS, -1),
        }
        for said in entry["waiting"]
    }
    return entry["service"], {"state": state, "waiting": waiting}


_CONVERT: Mapping[str, Callable[[Entry], Any]] = {
    "feed": _feed,
    "series": _series,
    "tables": _of_tables,
    "trend": _trend,
    "incident": _incident,
    "archive": _piece,
    "watched": _watched,
    "fused": _fused,
}
