"""The house of docs/architecture.md, held over every module that there is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "detector"
MODULES = sorted(PACKAGE.rglob("*.py"))
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "manager", "process", "data", "ts"}

#: Every third-party package and the rooms it may be used in; a room is a folder or a module.
GUESTS: Mapping[str, set[str]] = {
    "ahocorasick_rs": {"complaints"},
    "alembic": {"store"},
    "apprise": {"receivers.apprise"},
    "apscheduler": {"pipeline.schedule"},
    "babel": {"text"},
    "fastapi": {"web"},
    "httpx": {"sources", "receivers", "web_address"},
    "icalendar": {"web.subscriptions"},
    "jinja2": {"notify.render", "report.html", "web.pages.rendering"},
    "markupsafe": {"report.html", "text", "web"},
    "msgspec": {
        "complaints.facets",
        "complaints.places",
        "complaints.statements",
        "complaints.vocabulary",
        "demo",
        "detection",
        "model",
        "sources",
        "store",
        "web",
    },
    "numba": {"detection.kernels.compiled"},
    "numpy": {
        "complaints",
        "demo",
        "detection",
        "model",
        "pipeline",
        "report",
        "sources",
        "store",
        "views",
        "web",
    },
    "opencc": {"complaints"},
    "pandas": {
        "cli",
        "complaints",
        "demo",
        "detection",
        "library",
        "model",
        "pipeline",
        "report",
        "sources",
        "store",
        "testing",
        "views",
    },
    "prometheus_client": {"web.metrics"},
    "pydantic": {"config", "fields", "receivers", "sources", "web"},
    "pydantic_core": {"config", "integrations"},
    "re2": {"model.matcher"},
    "resvg_py": {"report.poster"},
    "rich": {"cli"},
    "ruptures": {"detection.hindsight"},
    "scipy": {"complaints", "views"},
    "skops": {"complaints"},
    "sklearn": {"complaints"},
    "sqlalchemy": {"store", "sources.sql"},
    "sse_starlette": {"web"},
    "stamina": {"cli.output", "sources"},
    "starlette": {"web"},
    "structlog": {"cli", "pipeline", "sources", "store", "web"},
    "typer": {"cli"},
    "uvicorn": {"web"},
    "websockets": {"sources"},
}

#: Modules that import inside functions, and why.
LAZY = {
    "cli": "quick to start: a command loads what it needs when it is called",
    "pipeline.setup": "the classifier and the clients of live sources are loaded when needed",
    "report.poster": "the painter is an extra, loaded when a picture is wanted",
    "receivers.apprise": "Apprise is an extra, loaded when a receiver is built",
    "store.schema": "migrations are loaded when there is something to migrate",
}

#: Packages that mirror each other: the same word in each of them names the same thing.
MIRRORS = (
    {"sources", "receivers"},  # a place that is read from and written to, over the same wire
    {"views", "cli", "web.api", "web.pages"},  # one thing, as what they show alike and each of them
    {"", "testing", "web.api", "web.pages"},  # a room, the contract of its plug-ins, what shows it
)
#: Files that a package has for what it is, not for what is in it.
PARTS_OF_A_PACKAGE = {"__init__", "__main__", "base", "registry"}
#: A package with more files than this is two packages.
MOST_FILES = 20
#: A class name with more homes than this has several meanings.
MOST_HOMES = 1

#: Siblings that import each other, and why they still do: one kernel, compiled as a whole, calls
#: the parts of the others, which are built on its records.
INTERTWINED = {
    "detection": {"baseline", "calibration", "kernels", "onset"},
}

#: Rooms that know no world: no clock, file, network, process or environment.
PURE = ("model", "complaints", "detection", "notify", "demo", "report")


def dotted(path: Path) -> str:
    """Return ``store.outbox`` for its path; ``""`` for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {dotted(path): path for path in MODULES}


@cache
def parsed(path: Path) -> ast.Module:
    """Return a module's syntax; each is read once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """Return line and full name of everything that a module imports, in functions too."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def own_imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a module imports."""
    for _, full in imports(path):
        room, _, rest = full.partition(".")
        if room == "detector":
            yield rest if rest in NAMES else rest.rpartition(".")[0]


def test_imports_go_down() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    if not lint.exists():
        pytest.fail("import-linter is not installed: pip install -e '.[dev]'")
    run = subprocess.run(
        [lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_modules_import_each_other_in_no_circle() -> None:
    graph = {name: set(own_imports(path)) - {name} for name, path in NAMES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))


def siblings() -> Mapping[str, Mapping[str, set[str]]]:
    """Return by package what its files and folders import of each other."""
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, path in NAMES.items():
        for other in own_imports(path):
            package, one, another = _parting(name.split("."), other.split("."))
            if one and another:
                found[package][one].add(another)
    return found


def _parting(one: list[str], other: list[str]) -> tuple[str, str, str]:
    """Return the package that two modules have in common, and what of it each of them is in."""
    depth = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), None)  # noqa: B905
    if depth is None:
        return "", "", ""
    return ".".join(one[:depth]), one[depth], other[depth]


def test_siblings_import_each_other_in_no_circle() -> None:
    circles = {}
    for package, graph in siblings().items():
        free = INTERTWINED.get(package, set())
        kept = {
            one: {another for another in others if not {one, another} <= free}
            for one, others in graph.items()
        }
        try:
            TopologicalSorter(kept).prepare()
        except CycleError as circle:
            circles[package] = " imports ".join(reversed(circle.args[1]))
    assert circles == {}


@pytest.mark.parametrize("package", INTERTWINED)
def test_what_may_be_intertwined_is(package: str) -> None:
    graph = siblings()[package]
    alone = [
        one
        for one in INTERTWINED[package]
        if not any(one in graph[other] for other in graph[one] & INTERTWINED[package])
    ]
    assert alone == []


def test_guests_stay_in_their_rooms() -> None:
    away = [
        f"detector.{name}:{line} imports {package}"
        for name, path in NAMES.items()
        for line, full in imports(path)
        if (package := full.partition(".")[0]) not in {"detector", *sys.stdlib_module_names}
        and not any(within(name, room) for room in GUESTS.get(package, ()))
    ]
    assert away == []


def test_every_guest_is_met_in_every_room_it_may_enter() -> None:
    met = defaultdict(set)
    for name, path in NAMES.items():
        for _, full in imports(path):
            met[full.partition(".")[0]].add(name)
    unused = [
        f"{guest} in {room}"
        for guest, rooms in GUESTS.items()
        for room in rooms
        if not any(within(name, room) for name in met[guest])
    ]
    assert unused == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parsed(path))
    assert path.stem not in NAMES_THAT_SAY_NOTHING


def test_a_module_name_has_one_home_or_its_homes_mirror_each_other() -> None:
    homes = defaultdict(set)
    for name in NAMES:
        package, _, module = name.rpartition(".")
        if module and module not in PARTS_OF_A_PACKAGE:
            homes[module].add(package)
    twice = {
        module: sorted(packages)
        for module, packages in homes.items()
        if len(packages) > 1 and not any(packages <= mirror for mirror in MIRRORS)
    }
    assert twice == {}


def test_a_public_class_name_has_one_meaning() -> None:
    homes = defaultdict(list)
    for name, path in NAMES.items():
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(name)
    many = {name: found for name, found in homes.items() if len(found) > MOST_HOMES}
    assert many == {}


def test_a_package_is_small_enough_to_be_read_at_a_glance() -> None:
    files: defaultdict[str, int] = defaultdict(int)
    for path in MODULES:
        if path.stem != "__init__":
            files[path.parent.relative_to(ROOT).as_posix()] += 1
    assert {package: n for package, n in files.items() if n > MOST_FILES} == {}


def test_nothing_is_imported_inside_a_function() -> None:
    inside = [
        f"detector.{name}:{line}"
        for name, path in NAMES.items()
        if not any(within(name, room) for room in LAZY)
        for line in _imports_in_functions(path)
    ]
    assert inside == []


def test_nothing_pickles_and_nothing_swallows_errors() -> None:
    found = [f"{name}: {what}" for name, path in NAMES.items() for what in _forbidden(path)]
    assert found == []


def test_the_core_reads_no_clock_file_network_or_environment() -> None:
    worldly = {"os", "pathlib", "socket", "subprocess", "time", "urllib", "httpx", "requests"}
    found = [
        f"{name}: {full}"
        for name, path in NAMES.items()
        if name.partition(".")[0] in PURE
        for _, full in imports(path)
        if full.partition(".")[0] in worldly
    ]
    assert found == []


def _imports_in_functions(path: Path) -> Iterator[int]:
    for function in ast.walk(parsed(path)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node.lineno


def _forbidden(path: Path) -> Iterator[str]:
    tree = parsed(path)
    pickles = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    yield from (f"imports {full}" for _, full in imports(path) if full.split(".")[0] in pickles)
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield f"a bare except in line {node.lineno}"
            elif all(isinstance(statement, ast.Pass) for statement in node.body):
                yield f"an error swallowed in line {node.lineno}"
