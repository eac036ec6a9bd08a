"""Secrets: named in the settings, kept in the environment or in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    return _secret(variable, file, base, f"{place}.{name}_{'env' if variable else 'file'}")


def with_secrets(options: Mapping[str, Any], base: Path, *, place: str) -> dict[str, Any]:
    """Return ``options``, each ``X_env`` or ``X_file`` in it replaced by ``X``, the secret.

    Parameters and errors are those of `named_secret`.
    """
    known: dict[str, Any] = {}
    for key, value in options.items():
        name, _, kind = key.rpartition("_")
        if name and kind in {"env", "file"}:
            known[name] = _named(kind, value, base, f"{place}.{key}")
        else:
            known[key] = value
    return known


def _named(kind: str, value: object, base: Path, place: str) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{place}: the name of {'a variable' if kind == 'env' else 'a file'}")
    if kind == "env":
        return _secret(value, None, base, place)
    return _secret(None, Path(value), base, place)


def _secret(variable: str | None, file: Path | None, base: Path, place: str) -> str:
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
