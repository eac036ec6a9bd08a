"""The lists of docs/architecture.md, made from the code: ``python -m tests.docs.house``.

Rooms with one line per file from the docstrings, floors from pyproject.toml, guests from
tests/test_floors.py. `make docs` writes them anew, and a test fails while they are out of date.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.test_floors import GUESTS, MODULES, PACKAGE, ROOT

PAGE = ROOT / "docs" / "architecture.md"


def rooms() -> str:
    """Return every module with what its docstring says first, room by room."""
    modules = [path for path in MODULES if "versions" not in path.parts]
    modules.sort(key=lambda path: (path.parent.relative_to(PACKAGE).parts, path.name))
    return "\n".join(
        "\n".join(_room(folder, list(paths)))
        for folder, paths in groupby(modules, key=lambda path: path.parent)
    )


def _room(folder: Path, paths: list[Path]) -> Iterator[str]:
    name = folder.relative_to(ROOT).as_posix()
    yield f"### `{name}/`\n"
    init = folder / "__init__.py"
    if init in paths:
        yield f"{first_sentence(init)}\n"
    if rest := [path for path in paths if path != init]:
        yield "| file | what it does |\n|---|---|"
        for path in rest:
            yield f"| `{path.name}` | {first_sentence(path).replace('|', chr(92) + '|')} |"
    yield ""


def first_sentence(path: Path) -> str:
    """Return the first paragraph of a module's docstring on one line, as Markdown."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split()).replace("``", "`")


def floors() -> str:
    """Return the floors from top to bottom, as import-linter holds them."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contract = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]
    return "```\n" + "\n".join(contract["layers"]) + "\n```\n"


def guests() -> str:
    """Return every third-party package and the rooms it may be used in."""
    rows = (
        f"| `{guest}` | {', '.join(f'`{room}`' for room in sorted(rooms))} |"
        for guest, rooms in sorted(GUESTS.items())
    )
    return "\n".join(["| package | rooms |", "|---|---|", *rows, ""])


MADE = {"rooms": rooms, "floors": floors, "guests": guests}


def written(text: str) -> str:
    """Return the page's text with every list between its marks made anew."""
    for name, make in MADE.items():
        begin, end = f"<!-- {name}: made by python -m tests.docs.house -->", f"<!-- end {name} -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{make()}\n{end}{rest.split(end)[1]}"
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
