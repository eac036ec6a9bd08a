"""docs/architecture.md lists every module and nothing else, the floors and the guests."""

from __future__ import annotations

import re

from tests.docs.house import PAGE, written
from tests.test_floors import MODULES, ROOT


def test_the_lists_are_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == written(text), "make docs, or python -m tests.docs.house, writes them anew"


def test_every_module_is_listed_and_nothing_else() -> None:
    listed, room = set(), ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"### `(detector/.*|detector/)`", line):
            room = found[1]
            listed.add(f"{room}__init__.py")
        elif room and (found := re.match(r"\| `(\w+\.py)` \|", line)):
            listed.add(room + found[1])
    migrations = {path for path in MODULES if "versions" in path.parts}
    there = {path.relative_to(ROOT).as_posix() for path in MODULES if path not in migrations}
    assert listed == there


def test_files_that_the_page_names_are_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:detector|tests|docs|data|examples)/[\w./-]+)`", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
