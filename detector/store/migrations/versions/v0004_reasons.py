"""Reasons as codes with parameters, and the names of alerts' documents of today.

Until now decisions and the health of sources were stored with their reason as an English sentence.
Each of these sentences is read here, once, with the table below; one that is not in it becomes the
code ``recorded``, its text kept as it was. The code of today, which will change,
is not used here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_AT_ONCE = 1000
Reason = tuple[str, dict[str, Any]]


def upgrade() -> None:
    """Convert decisions, sources, alerts, the outbox and the state of the pipeline."""
    connection = op.get_bind()
    _convert_decisions(connection)
    _convert_sources(connection)
    _convert_documents(connection, "alerts", ("key",), "document")
    _convert_documents(connection, "outbox", ("receiver", "key"), "alert")
    _convert_state(connection)


# Sentences.

#: What an incident-level or a receiver's decision began with, and its code. What follows a colon is
#: what was new, or what the incident probably came from.
_HEADS = {
    "nobody was told of it yet": "opened",
    "it became more severe than was told": "escalated",
    "something new is known": "updated",
    "it ended": "resolved",
    "it had ended and began again": "reopened",
    "nothing new since the last message": "no_change",
    "something new is known, but the last message was too recent": "too_soon",
    "it ended and nobody had been told that it began": "never_notified",
    "the press reports, people do not complain": "press",
    "a handful of accounts writes it all": "few_accounts",
    "this receiver has not heard of it yet": "opened",
    "it goes on, and this receiver was not told before": "caught_up",
    "it is more severe than the incident that it likely echoes": "exceeds_root",
    "it goes on although the incident that it likely echoes is over": "outlasts_root",
    "it became more severe than this receiver knows": "escalated",
    "other services likely echo it": "related",
    "it still goes on, and this receiver wants to be reminded": "reminder",
    "it ended, and this receiver had not heard of it": "never_notified",
    "no route leads to this receiver": "not_routed",
    "it is less severe than this receiver asks for": "below_severity",
    "it was found too late to be of use": "too_old",
    "nobody has observed for long whether it goes on": "not_observed",
    "this receiver refused the message": "refused",
    "it is told as an echo of another incident": "grouped",
    "it flaps; its end is told once it stays ended": "flapping",
}
#: These cannot be worded without what stood behind them.
_NEED = {
    "exceeds_root": "root_id",
    "outlasts_root": "root_id",
    "grouped": "root_id",
    "related": "services",
}
_MUTES = {
    "silenced": r"silenced by (?P<author>.+?) until (?P<until>\S+?Z)(?:: (?P<comment>.+))?",
    "inhibited": r"muted while (?P<by>.+) goes on",
    "mute_time": r"quiet hours (?P<interval>'.*'|\".*\") until (?P<until>\S+)",
    "acknowledged": r"(?P<author>.+?) has it in hand(?:: (?P<comment>.+))?",
}
_NEWS = {
    "regions": r"now also in (.+)",
    "components": r"now also (.+)",
    "sources": r"seen at (.+) too",
    "services": r"likely echoes: (.+)",
}
_BECAUSE = {
    "mentions": r"(?P<share>[\d,]+)% of its complaints name (?P<root>.+) too",
    "provider": r"(?P<count>\d+) services of (?P<provider>.+) began at about the same time",
    "together": r"(?P<count>\d+) services began at about the same time, beyond chance",
}
_SOURCES = {
    "unknown": r"nothing is known yet",
    "observed": r"it is observed",
    "recovered": r"it is observed again",
    "never_observed": r"it was never observed(?:: (?P<error>.+))?",
    "last_observed": r"it was last observed until (?P<until>\S+?Z)(?:: (?P<error>.+))?",
    "low_volume": r"it answers, but brought (?P<count>[\d,]+) where (?P<expected>[\d,]+) are usual",
}


def reason_of(sentence: str) -> Reason:
    """Return the code and parameters that a decision's sentence meant."""
    for code, pattern in _MUTES.items():
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return code, _mute(found)
    head, _, tail = sentence.partition(": ")
    named = re.fullmatch(r"(.+) \((\S+)\)", head)
    if named and named[1] in _HEADS and (because := _because(tail)) is not None:
        return _HEADS[named[1]], {"root_id": named[2]} | because
    if head in _HEADS and (params := _params(tail)) is not None:
        needed = _NEED.get(_HEADS[head])
        if needed is None or needed in params:
            return _HEADS[head], params
    return "recorded", {"text": sentence}


def source_reason_of(sentence: str) -> Reason:
    """Return the code and parameters that the sentence about a source meant."""
    for code, pattern in _SOURCES.items():
        if found := re.fullmatch(pattern, sentence, re.DOTALL):
            return code, {name: _number(value) for name, value in _given(found)}
    return "recorded", {"text": sentence}


def _mute(found: re.Match[str]) -> dict[str, Any]:
    params = dict(_given(found))
    if "interval" in params:
        params["interval"] = params["interval"][1:-1]
    if "author" in params:
        author = "" if params["author"] == "somebody" else params["author"]
        params |= {"author": author, "comment": params.get("comment", "")}
    return params


def _params(tail: str) -> dict[str, Any] | None:
    """Return what stood behind a sentence's head; None where it is not of our making."""
    if not tail:
        return {}
    if echo := re.fullmatch(r"likely an echo of (\S+), for (.+)", tail):
        because = _because(echo[2])
        return None if because is None else {"root_id": echo[1]} | because
    params: dict[str, Any] = {}
    for part in tail.split("; "):
        found = next(
            ((what, m) for what, how in _NEWS.items() if (m := re.fullmatch(how, part))), None
        )
        if found is None:
            return None
        params[found[0]] = found[1][1].split(", ")
    return params


def _because(text: str) -> dict[str, Any] | None:
    for because, pattern in _BECAUSE.items():
        if found := re.fullmatch(pattern, text):
            params: dict[str, Any] = dict(_given(found)) | {"because": because}
            if "share" in params:
                params["share"] = _number(params["share"]) / 100
            if "count" in params:
                params["count"] = int(params["count"])
            return params
    return None


def _given(found: re.Match[str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in found.groupdict().items() if value is not None)


def _number(text: str) -> Any:
    return int(text.replace(",", "")) if re.fullmatch(r"[\d,]+", text) else text


def _stored(params: dict[str, Any]) -> str:
    return json.dumps(params, ensure_ascii=False, sort_keys=True)


# Tables.


def _convert_decisions(connection: sa.Connection) -> None:
    op.rename_table("decisions", "decisions_before")
    new = op.create_table(
        "decisions",
        sa.Column("incident_id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("receiver", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("params", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text),
        comment="why people were notified, and why not: a code, and its parameters as JSON",
    )
    op.create_index("decisions_by_reason", "decisions", ["reason", "receiver", "incident_id"])
    keys = ("incident_id", "at", "receiver", "reason")
    before: dict[tuple[Any, ...], dict[str, Any]] = {}
    for rows in _pages(connection, "decisions_before", keys, ("kind",)):
        # Two sentences of one moment may have meant the same.
        kept: dict[tuple[Any, ...], dict[str, Any]] = {}
        for incident_id, at, receiver, sentence, kind in rows:
            reason, params = reason_of(sentence)
            row = {"incident_id": incident_id, "at": at, "receiver": receiver, "reason": reason}
            row |= {"params": _stored(params), "kind": _KINDS.get(kind, kind)}
            kept[incident_id, at, receiver, reason, row["params"]] = row
        fresh = [row for place, row in kept.items() if place not in before]
        if fresh:
            connection.execute(sa.insert(new), fresh)
        before = kept
    op.drop_table("decisions_before")


def _convert_sources(connection: sa.Connection) -> None:
    before = sa.table("feeds", *map(sa.column, _FEEDS))
    rows = [row._asdict() for row in connection.execute(sa.select(before))]
    op.drop_table("feeds")
    new = op.create_table(
        "feeds",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("polled_at", sa.BigInteger),
        sa.Column("observed_until", sa.BigInteger),
        comment="how each source is",
    )
    for row in rows:
        row["state"], row["polled_at"] = _STATES[row["state"]], row.pop("looked_at")
        row["reason"], params = source_reason_of(row["reason"])
        connection.execute(sa.insert(new), row | {"params": _stored(params)})


_FEEDS = ("source", "state", "since", "reason", "looked_at", "observed_until")
_STATES = {"alive": "up", "silent": "degraded", "dead": "down"}
_KINDS = {"repeated": "reminder"}


def _convert_documents(
    connection: sa.Connection, name: str, keys: Sequence[str], column: str
) -> None:
    """Rewrite the JSON documents of a table, and the keys that are made of what they say."""
    table = sa.table(name, *map(sa.column, (*keys, column)))
    same = [table.c[key] == sa.bindparam(f"old_{key}") for key in keys]
    change = sa.update(table).where(*same)
    change = change.values({"key": sa.bindparam("new_key"), column: sa.bindparam("new_document")})
    for rows in _pages(connection, name, keys, (column,)):
        changed = []
        for *place, text in rows:
            document = _alert(json.loads(text))
            old = {f"old_{key}": value for key, value in zip(keys, place, strict=True)}
            new = {"new_key": document["key"], "new_document": json.dumps(document)}
            changed.append(old | new)
        connection.execute(change, changed)


def _pages(
    connection: sa.Connection, name: str, keys: Sequence[str], others: Sequence[str]
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Yield the rows of a table in order of its key, a thousand at a time.

    A row whose key grows while it is rewritten may come twice: to convert it again changes nothing.
    """
    table = sa.table(name, *map(sa.column, (*keys, *others)))
    order = [table.c[key] for key in keys]
    asked = sa.select(*order, *(table.c[one] for one in others)).order_by(*order).limit(_AT_ONCE)
    last: tuple[Any, ...] | None = None
    while True:
        after = asked if last is None else asked.where(sa.tuple_(*order) > last)
        rows = [tuple(row) for row in connection.execute(after)]
        if not rows:
            return
        last = rows[-1][: len(keys)]
        yield rows


# Documents.


def _alert(found: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an alert, with today's names."""
    if found["kind"] == "feed":
        feed = _source(found["feed"])
        key = f"feed/{feed['source']}/{found['sequence']}-{feed['state']}"
        return {**found, "key": key, "feed": feed}
    kind, notice = _KINDS.get(found["kind"], found["kind"]), found.get("notice", 0)
    own = f"#{notice:03}" if notice else ""
    key = f"{found['incident']['id']}/{found['sequence']}-{kind}{own}"
    changed = {**found, "kind": kind, "key": key}
    for old, new, convert in _PARTS:
        if old in changed:
            part = changed.pop(old)
            changed[new] = None if part is None else convert(part)
    return changed


def _renamed(names: dict[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda part: {names.get(name, name): value for name, value in part.items()}


def _details(found: dict[str, Any]) -> dict[str, Any]:
    changed = _renamed({"voices": "authors", "speakers": "written_by"})(found)
    if changed.get("written_by") == "brigade":
        changed["written_by"] = "few_accounts"
    return changed


_ATTRIBUTION = _renamed({"origin": "root", "origin_id": "root_id"})
_PARTS: tuple[tuple[str, str, Callable[[dict[str, Any]], dict[str, Any]]], ...] = (
    ("details", "details", _details),
    ("news", "new_facts", _renamed({"echoes": "related"})),
    ("attribution", "attribution", _ATTRIBUTION),
)


def _source(found: dict[str, Any]) -> dict[str, Any]:
    """Return how a source is, with today's names; as it is where it has them already."""
    if "params" in found:
        return found
    changed = _renamed({"looked_at": "polled_at"})(found)
    reason, params = source_reason_of(changed["reason"])
    return {**changed, "state": _STATES[changed["state"]], "reason": reason, "params": params}


# The state of the pipeline: MessagePack of what the documents hold too.


def _convert_state(connection: sa.Connection) -> None:
    memory = sa.table("memory", sa.column("key"), sa.column("value"))
    for prefix, convert in (("watched/", _watched), ("incident/", _latest)):
        asked = sa.select(memory.c.key, memory.c.value).where(memory.c.key.startswith(prefix))
        for key, value in connection.execute(asked).all():
            entry = convert(msgspec.msgpack.decode(value))
            change = sa.update(memory).where(memory.c.key == key)
            connection.execute(change.values(value=msgspec.msgpack.encode(entry)))


def _watched(entry: dict[str, Any]) -> dict[str, Any]:
    health = entry["health"]
    return {**entry, "health": {**health, "feed": _source(health["feed"])}}


def _latest(entry: dict[str, Any]) -> dict[str, Any]:
    told = entry["told"]
    if told is None or told.get("attribution") is None:
        return entry
    return {**entry, "told": {**told, "attribution": _ATTRIBUTION(told["attribution"])}}
