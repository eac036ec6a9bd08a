"""docs/configuration.md, made from the settings: ``python -m tests.config.reference``."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from detector.config.settings import KnownEventSettings, Settings
from detector.fields import Part

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"

_HEAD = """\
# Configuration

Everything is said in one file, `config.toml`, or the one that `--config` names; without any, the
bundled scenarios are run. `outage-detector check` says what is wrong with it, all at once, and what
it will make the detector do. Relative paths are meant from the folder of the file named by
`--config`, else from the current one.

Durations are texts: `"30s"`, `"1min"`, `"2h"`, `"1d"`. Instants have an offset:
`2026-02-17T00:00:00+08:00`. Secrets are never written here: name an environment variable or a file.

This page is made from the settings themselves (`python -m tests.config.reference`); a test fails
when it is not up to date.
"""


def page() -> str:
    return _HEAD + "".join(_section(name, field) for name, field in Settings.model_fields.items())


def _section(name: str, field: FieldInfo) -> str:
    kind = field.annotation
    origin = get_origin(kind)
    if origin is tuple and isinstance(part := get_args(kind)[0], type):
        return _table(f"`[[{name}]]`", part)
    if origin is tuple:
        return "".join(_choice(name, part) for part in get_args(get_args(kind)[0])[0].__args__)
    if origin is not None and issubclass(origin, Mapping):
        part = get_args(kind)[1]
        return _table(f"`[{name}.NAME]`", part) + _table(
            f"`[[{name}.NAME.known_events]]`, `[[detection.known_events]]`", KnownEventSettings
        )
    assert isinstance(kind, type)
    return _table(f"`[{name}]`", kind)


def _choice(name: str, part: type[Part]) -> str:
    tag = get_args(part.model_fields["type"].annotation)[0]
    return _table(f'`[[{name}]]` with `type = "{tag}"`', part)


def _table(title: str, part: type[BaseModel]) -> str:
    rows = [_row(name, field) for name, field in part.model_fields.items() if name != "type"]
    meaning = _plain(part.__doc__ or "")
    return f"\n## {title}\n\n{meaning}\n\n| key | default | meaning |\n|---|---|---|\n" + "".join(
        rows
    )


def _row(name: str, field: FieldInfo) -> str:
    default = "must be given" if field.is_required() else _toml(field.default)
    return f"| `{field.alias or name}` | {default} | {_plain(field.description or '')} |\n"


def _toml(value: Any) -> str:
    if value is None or value in ((), {}, ""):
        return "-"
    if isinstance(value, bool | int):
        return f"`{value}`".lower()
    if isinstance(value, timedelta):
        return f'`"{_duration(value)}"`'
    if isinstance(value, tuple):
        return ", ".join(map(_toml, value))
    return f'`"{value}"`' if isinstance(value, str | Path) else f"`{value:g}`"


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length:g}{unit}"
    return f"{seconds:g}s"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("``", "`")).strip()


def parts() -> list[type[Part]]:
    """Every part of the settings."""
    found: list[type[Part]] = []

    def visit(kind: Any) -> None:
        if get_origin(kind) in (Annotated, Union, types.UnionType, tuple) or get_args(kind):
            for argument in get_args(kind):
                visit(argument)
        elif isinstance(kind, type) and issubclass(kind, Part) and kind not in found:
            found.append(kind)
            for field in kind.model_fields.values():
                visit(field.annotation)

    visit(Settings)
    return found


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
