"""``config.toml`` to frozen settings; all mistakes reported at once, by key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from detector.domain.incident import Severity
from detector.errors import ConfigError

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def parse_duration(text: object) -> timedelta:
    """Return the duration that ``text`` names: ``30s``, ``1min``, ``2h``, ``1d``.

    Raises
    ------
    ValueError
        Saying what would be right.
    """
    if isinstance(text, timedelta):
        return text
    for unit, seconds in _UNITS.items():
        number = str(text).strip().removesuffix(unit)
        if number != str(text).strip() and _is_number(number):
            return timedelta(seconds=float(number) * seconds)
    raise ValueError(f"{text!r} is not a duration; write 30s, 1min, 2h or 1d")


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        close = get_close_matches(name, available_timezones(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "; e.g. 'Asia/Shanghai'"
        raise ValueError(f"{name!r} is not a known time zone{hint}") from None
    return name


def _positive(duration: timedelta) -> timedelta:
    if duration <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return duration


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant} needs an offset, e.g. 2026-02-17T00:00:00+08:00")
    return instant


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
LongDuration = Annotated[Duration, AfterValidator(_positive)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Instant = Annotated[datetime, AfterValidator(_aware)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(_Part):
    """Where state, incidents and the outbox are kept: a SQLite file, or a database's URL."""

    location: str = "var/outage-detector.sqlite"


class ClockSettings(_Part):
    """The clock: the wall's, or one that runs ``speed`` times as fast over the scenarios' time."""

    speed: Annotated[float, Field(gt=1)] | None = None
    leap: LongDuration = timedelta(days=3)


class ScheduleSettings(_Part):
    """How often the sources are pulled, on the wall clock."""

    every: LongDuration = timedelta(minutes=1)
    misfire_grace: LongDuration = timedelta(minutes=5)


class PostSettings(_Part):
    """How posts are counted."""

    width: LongDuration = timedelta(minutes=1)
    settle: Duration = timedelta(minutes=2)
    complaint_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    discover_voices: Annotated[float, Field(gt=0)] | None = 10.0


class KnownEventSettings(_Part):
    """A planned surge or holiday."""

    start: Instant
    end: Instant
    factor: Annotated[float, Field(gt=0)] | None = None
    note: str = ""


class DetectionSettings(_Part):
    """What an alarm costs, and when people are awake."""

    max_false_pages_per_week: Annotated[float, Field(gt=0, le=10)] | None = None
    time_zone: Zone | None = None
    known_events: tuple[KnownEventSettings, ...] = ()


class SeveritySettings(_Part):
    """From which excess on an incident is major or critical (see docs/detection.md)."""

    major_hours: Annotated[float, Field(gt=0)] = 6.0
    critical_hours: Annotated[float, Field(gt=0)] = 48.0
    major_posts: Annotated[float, Field(gt=0)] = 60.0
    critical_posts: Annotated[float, Field(gt=0)] = 600.0
    major_heat: Annotated[float, Field(gt=0)] = 5.0
    critical_heat: Annotated[float, Field(gt=0)] = 20.0


class ServiceSettings(DetectionSettings):
    """A service that is followed: the names people give it, and its own detection settings."""

    aliases: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class ScenarioSourceSettings(_Part):
    """A bundled reconstruction, simulated."""

    type: Literal["scenario"]
    name: Annotated[str, Field(min_length=1)]
    scenario: str
    seed: int = 0


class FileSourceSettings(_Part):
    """A file or folder of counts, posts or trending tables that may grow."""

    type: Literal["files"]
    name: Annotated[str, Field(min_length=1)]
    path: Path
    columns: Mapping[str, str] = {}
    width: LongDuration | None = None
    gaps: Path | None = None


SourceSettings = Annotated[
    ScenarioSourceSettings | FileSourceSettings, Field(discriminator="type")
]


class _Receiver(_Part):
    name: Annotated[str, Field(min_length=1)]
    min_severity: Literal["minor", "major", "critical"] = "minor"

    @property
    def least(self) -> Severity:
        """The severity from which on this receiver is told."""
        return Severity[self.min_severity.upper()]


class ConsoleSettings(_Receiver):
    """Alerts as text on the terminal."""

    type: Literal["console"]
    time_zone: Zone = "UTC"


class JsonLinesSettings(_Receiver):
    """Alerts as one JSON object per line, appended to a file."""

    type: Literal["jsonlines"]
    path: Path


class WebhookSettings(_Receiver):
    """Alerts as JSON by HTTP POST. Secrets are named here, never written here."""

    type: Literal["webhook"]
    url: Annotated[str, Field(pattern=r"^https?://[^/]")]
    timeout: LongDuration = timedelta(seconds=4)
    token_env: str | None = None
    token_file: Path | None = None
    signing_key_env: str | None = None
    signing_key_file: Path | None = None


ReceiverSettings = Annotated[
    ConsoleSettings | JsonLinesSettings | WebhookSettings, Field(discriminator="type")
]


class DeliverySettings(_Part):
    """When to stop trying."""

    max_alert_age: LongDuration = timedelta(days=1)
    give_up_after: LongDuration = timedelta(days=1)


class Settings(_Part):
    """All of ``config.toml``."""

    store: StoreSettings = StoreSettings()
    clock: ClockSettings = ClockSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    posts: PostSettings = PostSettings()
    detection: DetectionSettings = DetectionSettings()
    severity: SeveritySettings = SeveritySettings()
    delivery: DeliverySettings = DeliverySettings()
    services: Mapping[str, ServiceSettings] = {}
    sources: tuple[SourceSettings, ...] = ()
    receivers: tuple[ReceiverSettings, ...] = ()


def parse_settings(text: str, *, path: object) -> Settings:
    """Return the settings in TOML ``text``.

    Raises
    ------
    ConfigError
        Listing every mistake: file, key, what is wrong, what would be right.
    """
    try:
        settings = Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        mistakes = [f"{path}: {_explain(e)}" for e in error.errors()]
        raise ConfigError("\n".join(mistakes)) from error
    mistakes = [f"{path}: {mistake}" for mistake in _contradictions(settings)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return settings


def read_settings(path: Path) -> Settings:
    """Read and parse ``path``. Raises `ConfigError`, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return parse_settings(text, path=path)


def _contradictions(settings: Settings) -> Iterator[str]:
    for kind, parts in (("sources", settings.sources), ("receivers", settings.receivers)):
        names = [part.name for part in parts]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"{kind}: the name {name!r} is given twice; names must differ"
    if settings.clock.speed and not all(s.type == "scenario" for s in settings.sources):
        yield "clock.speed: only scenarios can be run on an accelerated clock; remove it"
    for receiver in settings.receivers:
        if receiver.type == "webhook":
            for secret in ("token", "signing_key"):
                if getattr(receiver, f"{secret}_env") and getattr(receiver, f"{secret}_file"):
                    yield f"receivers.{receiver.name}: give {secret}_env or {secret}_file, not both"


def _explain(error: ErrorDetails) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_beside(error["loc"])
        close = get_close_matches(str(error["loc"][-1]), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(known))}"
        return f"{place}: no such setting; {hint}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if message.startswith(repr(error["input"])) else (
        f"{place}: {message} (is: {error['input']!r})"
    )


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the part of the configuration at ``loc[:-1]`` knows."""
    parts: dict[Any, type[BaseModel]] = {
        "store": StoreSettings,
        "clock": ClockSettings,
        "schedule": ScheduleSettings,
        "posts": PostSettings,
        "detection": DetectionSettings,
        "severity": SeveritySettings,
        "delivery": DeliverySettings,
        "services": ServiceSettings,
        "scenario": ScenarioSourceSettings,
        "files": FileSourceSettings,
        "console": ConsoleSettings,
        "jsonlines": JsonLinesSettings,
        "webhook": WebhookSettings,
        "known_events": KnownEventSettings,
    }
    for part in reversed(loc[:-1]):
        if part in parts:
            return list(parts[part].model_fields)
    return list(Settings.model_fields)
