"""The floors of docs/architecture.md, and the house's habits that a machine can hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "detector"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "process", "data", "ts"}
LONGEST = 260
#: Rooms that import inside functions, and why.
LAZY = {
    PACKAGE / "cli": "quick to start: a command loads what it needs when it is called",
    PACKAGE / "words.py": "the classifier's libraries are loaded with the first text to be judged",
    PACKAGE / "app.py": "clients of live sources are loaded when one is configured",
    PACKAGE / "analysis" / "picture.py": "the painter is an extra, loaded when a picture is wanted",
    PACKAGE / "receivers.py": "Apprise is an extra, loaded when a receiver needs it",
    PACKAGE / "stores" / "schema.py": "migrations are loaded when there is something to migrate",
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_go_down_and_guests_stay_in_their_rooms() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.fail("import-linter is not installed: pip install -e '.[dev]'")
    run = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module begins with what it is for"
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    assert text.count("\n") <= LONGEST


def test_nothing_is_imported_inside_a_function() -> None:
    inside = [
        f"{named(path)}:{line}"
        for path in MODULES
        if not LAZY.keys() & {path, *path.parents}
        for line in _imports_in_functions(path)
    ]
    assert inside == []


def test_nothing_pickles_and_nothing_swallows_errors() -> None:
    found = [f"{named(path)}: {what}" for path in MODULES for what in _forbidden(path)]
    assert found == []


def test_the_core_reads_no_clock_file_network_or_environment() -> None:
    worldly = {"os", "pathlib", "socket", "subprocess", "time", "urllib", "httpx", "requests"}
    rooms = ("domain", "language", "detection", "alerting", "simulation", "reports")
    found = [
        f"{named(path)}: {name}"
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] in rooms
        for name in _imported(path) & worldly
    ]
    assert found == []


def _imports_in_functions(path: Path) -> Iterator[int]:
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node.lineno


def _forbidden(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name in _imported(path) & {"pickle", "marshal", "shelve", "dill", "cloudpickle"}:
        yield f"imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield f"a bare except in line {node.lineno}"
            elif all(isinstance(statement, ast.Pass) for statement in node.body):
                yield f"an error swallowed in line {node.lineno}"


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
