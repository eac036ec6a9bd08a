"""``config.toml`` to frozen settings; all mistakes reported at once, by key."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from detector.config.mistakes import contradictions, explain
from detector.config.receivers import (
    AlertmanagerSettings,
    AppriseSettings,
    ConsoleSettings,
    JsonLinesSettings,
    PagerDutySettings,
    PluginReceiverSettings,
    ReceiverSettings,
    WebhookSettings,
)
from detector.config.sections import (
    ClockSettings,
    DeliverySettings,
    DetectionSettings,
    IncidentSettings,
    KnownEventSettings,
    PostSettings,
    ScheduleSettings,
    ServiceSettings,
    Settings,
    SeveritySettings,
    StoreSettings,
)
from detector.config.sources import (
    FileSourceSettings,
    PluginSourceSettings,
    ScenarioSourceSettings,
    SourceSettings,
)
from detector.errors import ConfigError
from detector.fields import parse_duration, parse_width

__all__ = [
    "AlertmanagerSettings",
    "AppriseSettings",
    "ClockSettings",
    "ConsoleSettings",
    "DeliverySettings",
    "DetectionSettings",
    "FileSourceSettings",
    "IncidentSettings",
    "JsonLinesSettings",
    "KnownEventSettings",
    "PagerDutySettings",
    "PluginReceiverSettings",
    "PluginSourceSettings",
    "PostSettings",
    "ReceiverSettings",
    "ScenarioSourceSettings",
    "ScheduleSettings",
    "ServiceSettings",
    "Settings",
    "SeveritySettings",
    "SourceSettings",
    "StoreSettings",
    "WebhookSettings",
    "parse_duration",
    "parse_settings",
    "parse_width",
    "read_settings",
]


def parse_settings(text: str, *, path: object) -> Settings:
    """Return the settings in TOML ``text``.

    Raises
    ------
    ConfigError
        Listing every mistake, one a line: file, key, what is wrong, what would be right.
    """
    try:
        document = tomllib.loads(text)
        settings = Settings.model_validate(document)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        mistakes = [f"{path}: {explain(e, document)}" for e in error.errors()]
        raise ConfigError("\n".join(mistakes)) from error
    mistakes = [f"{path}: {mistake}" for mistake in contradictions(settings)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return settings


def read_settings(path: Path) -> Settings:
    """Read and parse ``path``. Raises `ConfigError`, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error}") from error
    return parse_settings(text, path=path)
