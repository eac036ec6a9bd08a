"""Secrets: named in the settings, kept in the environment or in a file."""

from __future__ import annotations

import os
from pathlib import Path

from detector.errors import ConfigError
from detector.settings.part import Part


def named_secret(settings: Part, name: str, base: Path, *, place: str) -> str | None:
    """Return the secret that ``NAME_env`` or ``NAME_file`` of ``settings`` names, None if neither.

    Parameters
    ----------
    base : a relative path is meant from here.
    place : what the settings are called in an error.

    Raises
    ------
    ConfigError : the variable is not set, the file cannot be read, or the secret is empty.
    """
    variable: str | None = getattr(settings, f"{name}_env", None)
    file: Path | None = getattr(settings, f"{name}_file", None)
    if variable is None and file is None:
        return None
    place = f"{place}.{name}_{'env' if variable else 'file'}"
    try:
        secret = os.environ[variable] if variable else _written_in(base, file)
    except KeyError:
        raise ConfigError(f"{place}: the environment variable {variable} is not set") from None
    except OSError as error:
        raise ConfigError(f"{place}: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place}: {file} is not UTF-8") from None
    if not secret:
        raise ConfigError(f"{place}: the secret is empty")
    return secret


def _written_in(base: Path, file: Path | None) -> str:
    return "" if file is None else (base / file).read_text("utf-8").strip()
