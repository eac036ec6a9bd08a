"""``config.toml`` to frozen settings; all mistakes reported at once, by key."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from detector.config.mistakes import contradictions, explain
from detector.config.renamed_keys import Renamed, with_current_names
from detector.config.settings import Settings
from detector.errors import ConfigError

__all__ = ["Settings", "parse_settings", "read_settings"]


def parse_settings(text: str, *, path: object) -> Settings:
    """Return the settings in TOML ``text``; keys may have their old names (`Settings.renamed`).

    Raises
    ------
    ConfigError
        Listing every mistake, one a line: file, key, what is wrong, what would be right.
    """
    try:
        document, renamed = with_current_names(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        settings = Settings.model_validate(document)
        mistakes = list(contradictions(settings))
    except ValidationError as error:
        raise _wrong([explain(e, document) for e in error.errors()], renamed, path) from error
    if mistakes:
        raise _wrong(mistakes, renamed, path)
    settings.remember_renamed(renamed)
    return settings


def _wrong(mistakes: Sequence[str], renamed: Sequence[Renamed], path: object) -> ConfigError:
    """Return an error that lists ``mistakes`` and, as they use current names, the old ones."""
    return ConfigError("\n".join(f"{path}: {line}" for line in (*mistakes, *renamed)))


def read_settings(path: Path) -> Settings:
    """Read and parse ``path``. Raises `ConfigError`, also when there is no such file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8: {error}") from error
    return parse_settings(text, path=path)
