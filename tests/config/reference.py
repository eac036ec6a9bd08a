"""What the settings say about themselves, on the pages: ``python -m tests.config.reference``.

docs/configuration.md is made as a whole; the examples in config.toml and the lists in
docs/sources.md and docs/receivers.md stand between marks.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from detector.config.renamed_keys import RENAMED
from detector.config.settings import KnownEventSettings, Settings
from detector.fields import Part
from detector.integrations import Integrations, IntegrationSettings
from detector.receivers.base import ReceiverSettings
from detector.receivers.registry import RECEIVERS
from detector.sources.base import Limit, SourceSettings
from detector.sources.registry import SOURCES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
EXAMPLES = ROOT / "config.toml"
#: Not among the commented examples: one is in use above them, the other needs a package.
NO_EXAMPLE = {"scenario", "plugin"}
INTEGRATIONS: Mapping[str, Integrations[Any]] = {"sources": SOURCES, "receivers": RECEIVERS}
MARK = "python -m tests.config.reference"

_HEAD = """\
# Configuration

The detector has one configuration file: `config.toml`, or the file named by `--config`. Without
either, it runs the bundled scenarios. `outage-detector check` lists every mistake in the file at
once, or what the detector will do. Relative paths start at the folder of the file named by
`--config`, else at the current folder.

Durations are texts: `"30s"`, `"1min"`, `"2h"`, `"1d"`. Instants have an offset:
`2026-02-17T00:00:00+08:00`. Secrets are never written here: name an environment variable or a file.

Keys that were renamed still work under their old names, with a warning; see the
[last section](#renamed-keys).

This page is generated from the settings (`python -m tests.config.reference`); a test fails when it
is out of date.
"""


def page() -> str:
    sections = "".join(_section(name, field) for name, field in Settings.model_fields.items())
    return _HEAD + sections + _renamed()


def _section(name: str, field: FieldInfo) -> str:
    kind = field.annotation
    origin = get_origin(kind)
    if name in INTEGRATIONS:
        return "".join(map(_integration, settings_of(INTEGRATIONS[name])))
    if origin is tuple:
        return _table(f"`[[{name}]]`", get_args(kind)[0])
    if origin is not None and issubclass(origin, Mapping):
        part = get_args(kind)[1]
        return _table(f"`[{name}.NAME]`", part) + _table(
            f"`[[{name}.NAME.known_events]]`, `[[detection.known_events]]`", KnownEventSettings
        )
    assert isinstance(kind, type)
    return _table(f"`[{name}]`", kind)


def settings_of(integrations: Integrations[Any]) -> list[type[IntegrationSettings]]:
    """The settings class of every integration, in the order of their types."""
    return [integrations.settings_of(kind) for kind in integrations.types()]


def type_of(part: type[IntegrationSettings]) -> str:
    """What ``type`` says to mean it."""
    kind: str = get_args(part.model_fields["type"].annotation)[0]
    return kind


def _integration(part: type[IntegrationSettings]) -> str:
    title = f'`[[{part.section}]]` with `type = "{type_of(part)}"`'
    return _table(title, part) + f"\n```toml\n{part.example}```\n"


def _renamed() -> str:
    rows = "".join(f"| `{old}` | `{new}` |\n" for old, new in RENAMED.items())
    return f"\n## Renamed keys\n\n| old | new |\n|---|---|\n{rows}"


def examples() -> str:
    """The commented examples of config.toml."""
    return "\n".join(
        "".join(f"# {line}\n" for line in part.example.splitlines())
        for integrations in INTEGRATIONS.values()
        for part in settings_of(integrations)
        if type_of(part) not in NO_EXAMPLE
    )


def sources_list() -> str:
    """The list of docs/sources.md."""
    head = "| `type` | brings | needs | history | up when | limit of ours |\n"
    head += "|---|---|---|---|---|---|\n"
    return head + "".join(map(_source_row, settings_of(SOURCES)))


def _source_row(part: type[IntegrationSettings]) -> str:
    assert issubclass(part, SourceSettings)
    limit: Limit | None = getattr(part, "limit", None)
    often = "-" if limit is None else f"{limit.requests} requests in {limit.per:g} s"
    said = (part.reads, part.needs, part.history, part.up_when, often)
    return f"| `{type_of(part)}` | {' | '.join(said)} |\n"


def receivers_list() -> str:
    """The list of docs/receivers.md."""
    head = "| `type` | sends | needs |\n|---|---|---|\n"
    return head + "".join(map(_receiver_row, settings_of(RECEIVERS)))


def _receiver_row(part: type[IntegrationSettings]) -> str:
    assert issubclass(part, ReceiverSettings)
    return f"| `{type_of(part)}` | {part.carries} | {part.needs} |\n"


#: What stands between marks, by page.
REGIONS: Mapping[Path, tuple[str, str, Callable[[], str]]] = {
    EXAMPLES: (f"# Examples: made by {MARK}\n", "# End of the examples.\n", examples),
    ROOT / "docs" / "sources.md": (
        f"<!-- list: made by {MARK} -->\n",
        "<!-- end of the list -->",
        sources_list,
    ),
    ROOT / "docs" / "receivers.md": (
        f"<!-- list: made by {MARK} -->\n",
        "<!-- end of the list -->",
        receivers_list,
    ),
}


def up_to_date(path: Path) -> str:
    """The page at ``path`` with its region made anew."""
    begin, end, made = REGIONS[path]
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    assert rest, f"{path} has no line {begin!r}"
    _, mark, after = rest.partition(end)
    return f"{before}{begin}{made()}{mark}{after}"


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
    for integrations in INTEGRATIONS.values():
        for part in settings_of(integrations):
            visit(part)
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    for path in REGIONS:
        path.write_text(up_to_date(path), encoding="utf-8")
