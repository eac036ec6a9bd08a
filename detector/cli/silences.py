"""silences add, list, expire, and ack: what people on call ask for."""

from __future__ import annotations

import getpass
import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from detector.cli.language import reader
from detector.cli.output import heads, print_table, settings_and_base
from detector.clock import wall_now
from detector.errors import ConfigError, InputError
from detector.fields import parse_duration
from detector.model.incident import Incident
from detector.model.matcher import Matcher, all_match, parse_matcher
from detector.model.silence import Acknowledgement, Silence
from detector.model.times import iso
from detector.notify.route import labels_of
from detector.pipeline.setup import store_location
from detector.store.controls import SqlControls, open_controls
from detector.store.sql_store import open_store
from detector.text.phrasing import Phrasing
from detector.views.snapshot import observed_until


def add_silence(
    config: Path | None,
    matchers: Sequence[str],
    *,
    lasting: str,
    start: str | None,
    author: str | None,
    comment: str,
) -> None:
    """Store a silence and print which open incidents it applies to now."""
    wanted = tuple(map(_matcher, matchers))
    starts_at = wall_now().replace(microsecond=0) if start is None else _instant(start)
    try:
        ends_at = starts_at + parse_duration(lasting)
        silence = Silence(
            secrets.token_hex(4), wanted, starts_at, ends_at, author or _me(), comment
        )
    except ValueError as error:
        raise ConfigError(f"--for: {error}") from None
    with closing(_controls(config)) as controls:
        controls.silence(silence)
    say = reader()
    print(
        say.texts(
            "command.silences.added",
            id=silence.id,
            matchers=", ".join(map(str, wanted)),
            start=say.format.zoned(starts_at),
            end=say.format.zoned(silence.ends_at),
        )
    )
    for incident in _matched(config, wanted):
        print("  " + say.texts("command.silences.applies", incident=incident.id))


def list_silences(config: Path | None, *, all_of_them: bool, as_json: bool) -> None:
    """Print the silences that have not ended, or all."""
    now = wall_now()
    with closing(_controls(config)) as controls:
        silences = controls.silences(ending_after=None if all_of_them else now)
    if as_json:
        print(json.dumps([_to_dict(s) for s in silences], ensure_ascii=False))
        return
    say = reader()
    columns = ("id", "state", "matchers", "from", "until", "author", "comment")
    print_table(heads(say, *columns), [_row(silence, now, say) for silence in silences])


def expire_silence(config: Path | None, silence_id: str) -> None:
    """End a silence now."""
    with closing(_controls(config)) as controls:
        if not controls.expire(silence_id, wall_now()):
            raise InputError(f"no silence {silence_id!r}; see outage-detector silences list")
    print(reader().texts("command.silences.expired", id=silence_id))


def acknowledge(
    config: Path | None, incident_id: str, *, author: str | None, comment: str, withdraw: bool
) -> None:
    """Acknowledge an incident, or withdraw that."""
    if withdraw:
        with closing(_controls(config)) as controls:
            if not controls.withdraw(incident_id):
                raise InputError(f"{incident_id!r} is not acknowledged")
        print(reader().texts("command.silences.withdrawn", incident=incident_id))
        return
    settings, base, _ = settings_and_base(config)
    with closing(open_store(store_location(settings, base=base), readonly=True)) as store:
        incident = store.incident(incident_id)
        at = None if settings.clock.speed is None else observed_until(store)
    if incident is None:
        raise InputError(f"no incident {incident_id!r}; see outage-detector incidents list")
    if not incident.is_open:
        raise InputError(f"{incident_id} is resolved: there is nothing to acknowledge")
    with closing(_controls(config)) as controls:
        who = author or _me()
        at = at or wall_now()  # the data's time, as alerts have it: on a fast clock not the wall's
        controls.acknowledge(Acknowledgement(incident_id, at, incident.severity, who, comment))
    say = reader()
    severity = say.severity(incident.severity.label)
    print(say.texts("command.silences.acknowledged", incident=incident_id, severity=severity))


def _controls(config: Path | None) -> SqlControls:
    settings, base, _ = settings_and_base(config)
    return open_controls(store_location(settings, base=base))


def _matched(config: Path | None, matchers: Sequence[Matcher]) -> list[Incident]:
    """Return the open incidents that ``matchers`` match, as last notified."""
    settings, base, _ = settings_and_base(config)
    with closing(open_store(store_location(settings, base=base), readonly=True)) as store:
        found = []
        for incident in (i for i in store.incidents() if i.is_open):
            last = store.alerts(incident_id=incident.id, limit=1)
            details = last[0].details if last else None
            if all_match(matchers, labels_of(incident, details, settings.services_by_provider)):
                found.append(incident)
    return found


def _matcher(text: str) -> Matcher:
    try:
        return parse_matcher(text)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--start: {text!r} is no time; write 2026-11-22T08:00+08:00") from None
    if instant.tzinfo is None:
        raise ConfigError(f"--start: {text!r} needs an offset, e.g. {text}+08:00")
    return instant.astimezone(UTC)


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in a container
        return ""


def _row(silence: Silence, now: datetime, say: Phrasing) -> tuple[str, ...]:
    return (
        silence.id,
        say.texts(f"page.silences.{_state(silence, now)}"),
        ", ".join(map(str, silence.matchers)),
        say.format.zoned(silence.starts_at),
        say.format.zoned(silence.ends_at),
        silence.author,
        silence.comment,
    )


def _state(silence: Silence, now: datetime) -> str:
    """Return ``waiting``, ``active`` or ``ended``."""
    if now < silence.starts_at:
        return "waiting"
    return "active" if now < silence.ends_at else "ended"


def _to_dict(silence: Silence) -> dict[str, object]:
    return {
        "id": silence.id,
        "matchers": [str(m) for m in silence.matchers],
        "starts_at": iso(silence.starts_at),
        "ends_at": iso(silence.ends_at),
        "author": silence.author,
        "comment": silence.comment,
    }
