"""receivers test: whether those who would be told can be told at all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from detector.alerting.drill import drill
from detector.app import build_sinks
from detector.cli.output import print_table
from detector.cli.running import settings_and_base
from detector.clock import wall_now
from detector.domain.alert import Alert, AlertKind
from detector.errors import ConfigError, Rejected, Unreachable
from detector.ports import Sink
from detector.settings import Settings

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
    sinks = build_sinks(settings, base=base, console=sys.stdout)
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
        raise ConfigError("receivers: there is none to test; add [[receivers]] (docs/sinks.md)")
    chosen = tuple(r for r in settings.receivers if not names or r.name in names)
    return settings.model_copy(update={"receivers": chosen})


def _result(sink: Sink, alert: Alert) -> str:
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


def _reason(error: Exception, sink: Sink) -> str:
    return str(error).removeprefix(f"{sink.name}: ")
