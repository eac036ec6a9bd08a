"""routes test: who would be told of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from detector.alerting.routing import Receiver, Way, ways
from detector.audience import build_audience
from detector.cli.output import print_table
from detector.cli.running import settings_and_base
from detector.cli.tree import span
from detector.domain.incident import Severity
from detector.domain.matcher import LABELS
from detector.errors import ConfigError


def try_routes(config: Path | None, words: Sequence[str]) -> None:
    """Print who would be told of an incident with the labels that ``words`` give."""
    settings, _, _ = settings_and_base(config)
    audience = build_audience(settings)
    labels = _labels(words)
    led = ways(audience.routes, audience.receivers, labels)
    print_table(
        ("receiver", "told", "by", "repeated", "quiet"),
        [_row(r, led.get(r.name), labels) for r in audience.receivers],
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


def _row(
    receiver: Receiver, way: Way | None, labels: Mapping[str, tuple[str, ...]]
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
