"""``config.toml`` to frozen settings; all mistakes reported at once, by key."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from detector.config.mistakes import contradictions, explain
from detector.config.renamed_keys import with_current_names
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
    except ValidationError as error:
        mistakes = [f"{path}: {explain(e, document)}" for e in error.errors()]
        raise ConfigError("\n".join(mistakes)) from error
    mistakes = [f"{path}: {mistake}" for mistake in contradictions(settings)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    settings.remember_renamed(renamed)
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
