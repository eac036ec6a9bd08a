"""outbox, receivers test, routes test: how notifications go, and whether they get there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import typer

from detector.cli.language import reader
from detector.cli.output import heads, print_table, settings_and_base
from detector.clock import wall_now
from detector.config.settings import Settings
from detector.errors import ConfigError, InputError, Rejected, Unreachable
from detector.model.alert import Alert, AlertKind
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.incident import Severity
from detector.model.matcher import LABELS
from detector.notify.drill import drill
from detector.notify.policy import NotificationPolicy, ReceiverPolicy, Route, RouteMatch
from detector.notify.receiver import Receiver
from detector.notify.route import route_matches
from detector.pipeline.setup import build_policy, build_receivers, store_location
from detector.store.outbox import DeadLetters, open_dead_letters
from detector.text.phrasing import Phrasing


def explained(policy: NotificationPolicy, say: Phrasing) -> Iterator[str]:
    """Yield the tree of routes, line by line, deeper branches further in, as ``say`` words it."""
    if not policy.routes:
        return
    yield say.texts("command.routes.tree")
    for route in policy.routes:
        yield from _branch(route, "  ", say)
    yield f"  {say.texts('command.routes.rest')}"
    for name, interval in policy.mute_time_intervals.items():
        yield say.texts(
            "command.routes.mute_time",
            name=name,
            start=f"{interval.start:%H:%M}",
            end=f"{interval.end:%H:%M}",
            zone=interval.zone.key,
        )
    for rule in policy.inhibitions:
        source, target = (", ".join(map(str, m)) for m in (rule.when, rule.mute))
        yield say.texts("command.routes.inhibition", source=source, target=target)


def _branch(route: Route, indent: str, say: Phrasing) -> Iterator[str]:
    yield indent + say.texts(
        "command.routes.route",
        matchers=_matchers(str(route), say),
        receivers=_receivers(route, say),
        details=_details(route, say),
    )
    for inner in route.routes:
        yield from _branch(inner, indent + "  ", say)


def _matchers(written: str, say: Phrasing) -> str:
    return written or say.texts("command.routes.everything")


def _receivers(route: Route, say: Phrasing) -> str:
    if route.receivers is None:
        return say.texts("command.routes.inherited")
    return ", ".join(route.receivers) or say.texts("command.routes.nobody")


def _details(route: Route, say: Phrasing) -> str:
    """Return how a route notifies otherwise than its parent, each behind a comma."""
    parts = []
    if route.reminder_every:
        length = say.format.duration(route.reminder_every)
        parts.append(say.texts("command.routes.reminders", length=length))
    if route.mute_time_intervals:
        parts.append(say.texts("command.routes.muted", names=", ".join(route.mute_time_intervals)))
    if route.continues:
        parts.append(say.texts("command.routes.continues"))
    return "".join(parts)


def list_outbox(config: Path | None, *, dead: bool) -> None:
    """Print the notifications that wait, or the dead letters."""
    with closing(_outbox(config)) as outbox:
        letters = outbox.with_status(DeliveryStatus.DEAD if dead else DeliveryStatus.PENDING)
    say = reader()
    columns = heads(say, "key", "receiver", "at", "attempts", "error")
    print_table(columns, [_row(letter, say) for letter in letters])


def retry_dead_letters(config: Path | None, key: str | None, *, receiver: str | None) -> None:
    """Have dead letters sent again: one by its key, or all; to one receiver, or to all."""
    with closing(_outbox(config)) as outbox:
        dead = [
            letter
            for letter in outbox.with_status(DeliveryStatus.DEAD)
            if key in (None, letter.alert.key) and receiver in (None, letter.receiver)
        ]
        if key is not None and not dead:
            raise InputError(f"no dead letter {key!r}; see outage-detector outbox list --dead")
        now = wall_now()
        revived = sum(outbox.retry(d.receiver, d.alert.key, at=now) for d in dead)
    print(reader().texts("command.outbox.retried", number=revived))


def _outbox(config: Path | None) -> DeadLetters:
    settings, base, _ = settings_and_base(config)
    return open_dead_letters(store_location(settings, base=base))


def _row(letter: Delivery, say: Phrasing) -> tuple[str, ...]:
    return (
        letter.alert.key,
        letter.receiver,
        say.format.zoned(letter.alert.at),
        say.format.number(letter.attempts),
        letter.error or "",
    )


def try_receivers(config: Path | None, names: Sequence[str], kind: AlertKind) -> None:
    """Send a test to the receivers of these names, to all where none is given; print the results.

    It goes past routes, silences and the outbox, and is tried once. Nothing is recorded.

    Raises
    ------
    ConfigError : there is no receiver of that name, or a secret of one is missing.
    typer.Exit : with status 1 when a receiver was not reached.
    """
    settings, base, _ = settings_and_base(config)
    settings = _only(settings, names)
    sinks = build_receivers(settings, base=base, console=sys.stdout)
    alert, say = drill(kind, wall_now()), reader()
    failures = {name: _failure(sink, alert, say) for name, sink in sinks.items()}
    types = {receiver.name: receiver.type for receiver in settings.receivers}
    sent = say.texts("command.receivers.sent")
    rows = [(name, types[name], failure or sent) for name, failure in failures.items()]
    print_table(heads(say, "receiver", "type", "result"), rows)
    if any(failures.values()):
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


def _failure(sink: Receiver, alert: Alert, say: Phrasing) -> str | None:
    """Send ``alert``; return why that failed, None if it did not.

    Of an error that is no `DeliveryError` only the type is shown: its words may hold a secret.
    """
    try:
        sink.send(alert)
    except Rejected as error:
        return say.texts("command.receivers.refused", error=_reason(error, sink))
    except Unreachable as error:
        return say.texts("command.receivers.unreachable", error=_reason(error, sink))
    except Exception as bug:
        return say.texts("command.receivers.failed", error=type(bug).__name__)
    return None


def _reason(error: Exception, sink: Receiver) -> str:
    return str(error).removeprefix(f"{sink.name}: ")


def try_routes(config: Path | None, words: Sequence[str]) -> None:
    """Print which receivers would be notified of an incident with these labels, and how."""
    settings, _, _ = settings_and_base(config)
    policy, say = build_policy(settings), reader()
    labels = _labels(words)
    matches = route_matches(policy.routes, policy.receivers, labels)
    print_table(
        heads(say, "receiver", "notified", "by", "reminders", "mute_times"),
        [_routes_row(r, matches.get(r.name), labels, say) for r in policy.receivers],
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
    receiver: ReceiverPolicy,
    match: RouteMatch | None,
    labels: Mapping[str, tuple[str, ...]],
    say: Phrasing,
) -> tuple[str, ...]:
    yes, no = (say.texts(f"command.{key}") for key in ("yes", "no"))
    if match is None:
        return (receiver.name, no, say.reason("not_routed", {}), "", "")
    names = (*receiver.mute_time_intervals, *match.mute_time_intervals)
    mute_times = ", ".join(dict.fromkeys(names))
    if _severity(labels) < receiver.least:
        why = say.reason("below_severity", {"least": receiver.least.label})
        return (receiver.name, no, why, "", mute_times)
    led = [_matchers(one, say) for one in match.trail]
    by = " > ".join(led) or say.texts("command.default_route")
    reminders = ""
    if match.reminder_every is not None:
        length = say.format.duration(match.reminder_every)
        reminders = say.texts("command.every", length=length)
    return (receiver.name, yes, by, reminders, mute_times)


def _severity(labels: Mapping[str, tuple[str, ...]]) -> Severity:
    """Return the severity given, the worst where none is."""
    (name, *_) = labels.get("severity", ("critical",))
    try:
        return Severity[name.upper()]
    except KeyError:
        grades = ", ".join(s.label for s in Severity)
        raise ConfigError(f"severity={name}: one of {grades}") from None
