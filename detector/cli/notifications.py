"""The tree of routes as `check` explains it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import typer

from detector.cli.output import print_table, settings_and_base
from detector.clock import wall_now
from detector.config.settings import Settings
from detector.errors import (
    ConfigError,
    InputError,
    Rejected,
    Unreachable,
)
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Severity
from detector.model.matcher import LABELS
from detector.model.times import iso
from detector.notify.drill import drill
from detector.notify.policy import NotificationPolicy
from detector.notify.receiver import Receiver
from detector.notify.route import (
    ReceiverPolicy,
    Route,
    Way,
    ways,
)
from detector.pipeline.setup import build_policy, build_receivers, store_location
from detector.store.outbox import SqlLetters, open_letters


def explained(audience: NotificationPolicy) -> Iterator[str]:
    """Yield the tree, line by line, deeper branches further in."""
    if not audience.routes:
        return
    yield "routes, from the top; the first that takes an incident ends the search:"
    for route in audience.routes:
        yield from _branch(route, "  ")
    yield "  everything else -> every receiver"
    for name, window in audience.windows.items():
        yield f"quiet hours {name}: {window.start:%H:%M} to {window.end:%H:%M} {window.zone.key}"
    for rule in audience.inhibitions:
        when, mute = (", ".join(map(str, m)) for m in (rule.when, rule.mute))
        yield f"while {when} goes on, {mute} is muted"


def _branch(route: Route, indent: str) -> Iterator[str]:
    whom = "as around it"
    if route.receivers is not None:
        whom = ", ".join(route.receivers) or "nobody"
    more = "".join(
        [
            f", again every {span(route.repeat_every)}" if route.repeat_every else "",
            f", not in {', '.join(route.quiet)}" if route.quiet else "",
            ", and goes on" if route.goes_on else "",
        ]
    )
    yield f"{indent}{route} -> {whom}{more}"
    for inner in route.routes:
        yield from _branch(inner, indent + "  ")


def span(length: timedelta) -> str:
    """Return ``length`` in hours and minutes."""
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    return (
        f"{hours} h {minutes} min"
        if hours and minutes
        else f"{hours} h"
        if hours
        else f"{minutes} min"
    )


# outbox list, outbox retry: what waits to be delivered, and what never was.


def list_letters(config: Path | None, *, dead: bool) -> None:
    """Print what waits, or what was given up."""
    with closing(_outbox(config)) as outbox:
        letters = outbox.letters(DeliveryStatus.DEAD if dead else DeliveryStatus.PENDING)
    print_table(
        ("key", "receiver", "at", "attempts", "gave up because" if dead else "last error"),
        [_row(letter) for letter in letters],
    )


def retry_letters(config: Path | None, key: str | None, *, receiver: str | None) -> None:
    """Let dead letters be sent again: one by its key, or all; to one receiver, or to all."""
    with closing(_outbox(config)) as outbox:
        dead = [
            letter
            for letter in outbox.letters(DeliveryStatus.DEAD)
            if key in (None, letter.alert.key) and receiver in (None, letter.receiver)
        ]
        if key is not None and not dead:
            raise InputError(f"no dead letter {key!r}; see outage-detector outbox list --dead")
        now = wall_now()
        revived = sum(outbox.retry(d.receiver, d.alert.key, at=now) for d in dead)
    print(f"{revived} to be sent again at the next turn")


def _outbox(config: Path | None) -> SqlLetters:
    settings, base, _ = settings_and_base(config)
    return open_letters(store_location(settings, base=base))


def _row(letter: Delivery) -> tuple[str, ...]:
    return (
        letter.alert.key,
        letter.receiver,
        iso(letter.alert.at),
        str(letter.attempts),
        letter.error or "",
    )


# receivers test: whether those who would be told can be told at all.


SENT = "sent"


def try_receivers(config: Path | None, names: Sequence[str], kind: AlertKind) -> None:
    """Send a drill to the receivers of these names, to all where none is given; say who took it.

    It goes past routes, silences and the outbox, and is tried once. Nothing is recorded.

    Raises
    ------
    ConfigError : there is no receiver of that name, or a secret of one is missing.
    typer.Exit : with status 1 when somebody was not reached.
    """
    settings, base, _ = settings_and_base(config)
    settings = _only(settings, names)
    sinks = build_receivers(settings, base=base, console=sys.stdout)
    alert = drill(kind, wall_now())
    results = {name: _result(sink, alert) for name, sink in sinks.items()}
    types = {receiver.name: receiver.type for receiver in settings.receivers}
    print_table(
        ("receiver", "type", "test"), [(name, types[name], said) for name, said in results.items()]
    )
    if any(said != SENT for said in results.values()):
        raise typer.Exit(1)


def _only(settings: Settings, names: Sequence[str]) -> Settings:
    known = [receiver.name for receiver in settings.receivers]
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ConfigError(f"there is no receiver {name!r}; there is: {listed}")
    if not known:
        raise ConfigError("receivers: there is none to test; add [[receivers]] (docs/receivers.md)")
    chosen = tuple(r for r in settings.receivers if not names or r.name in names)
    return settings.model_copy(update={"receivers": chosen})


def _result(sink: Receiver, alert: Alert) -> str:
    """Return what became of it; of what is no `DeliveryError` the type alone may be told."""
    try:
        sink.send(alert)
    except Rejected as error:
        return f"refused: {_reason(error, sink)}"
    except Unreachable as error:
        return f"not reached: {_reason(error, sink)}"
    except Exception as bug:
        return f"the sink failed with {type(bug).__name__}"
    return SENT


def _reason(error: Exception, sink: Receiver) -> str:
    return str(error).removeprefix(f"{sink.name}: ")


# routes test: who would be told of what.


def try_routes(config: Path | None, words: Sequence[str]) -> None:
    """Print who would be told of an incident with the labels that ``words`` give."""
    settings, _, _ = settings_and_base(config)
    audience = build_policy(settings)
    labels = _labels(words)
    led = ways(audience.routes, audience.receivers, labels)
    print_table(
        ("receiver", "told", "by", "repeated", "quiet"),
        [_routes_row(r, led.get(r.name), labels) for r in audience.receivers],
    )


def _labels(words: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for word in words:
        label, sign, value = word.partition("=")
        if not sign or label not in LABELS:
            known = ", ".join(LABELS)
            raise ConfigError(f"{word!r} is not LABEL=VALUE; labels are {known}")
        labels[label] = (*labels.get(label, ()), value.strip('"'))
    return labels


def _routes_row(
    receiver: ReceiverPolicy, way: Way | None, labels: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    if way is None:
        return (receiver.name, "no", "no route leads there", "", "")
    quiet = ", ".join(dict.fromkeys((*receiver.quiet, *way.quiet)))
    by = " > ".join(way.trail) or "default"
    if _severity(labels) < receiver.least:
        return (receiver.name, "no", f"asks for {receiver.least.label}", "", quiet)
    repeated = "" if way.repeat_every is None else f"every {span(way.repeat_every)}"
    return (receiver.name, "yes", by, repeated, quiet)


def _severity(labels: Mapping[str, tuple[str, ...]]) -> Severity:
    """Return the severity given, the worst where none is."""
    (name, *_) = labels.get("severity", ("critical",))
    try:
        return Severity[name.upper()]
    except KeyError:
        grades = ", ".join(s.label for s in Severity)
        raise ConfigError(f"severity={name}: one of {grades}") from None
