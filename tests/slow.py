"""Which tests are slow: the fast lane (`make test-fast`) leaves them out.

Slow are whole folders whose tests start processes or go through weeks, whatever asks for a browser
or for PostgreSQL, and the tests that took long when they were last measured. Those stand in
``slow.txt`` by name; `make durations` runs every test and writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

TESTS = Path(__file__).parent
LIST = TESTS / "slow.txt"
#: The laws over whole runs, killed processes, weeks of scenarios, measurements, executed pages.
FOLDERS = {("benchmarks",), ("crash",), ("docs",), ("laws",), ("scenarios",)}
FIXTURES = {"browser", "postgres"}
#: A test is slow if it took this share of the whole run. Shares, since machines differ and are
#: busy: of the 790 s of processor time that everything takes, this is a sixth of a second.
SHARE = 0.0002


def is_slow(item: pytest.Item, measured: frozenset[str]) -> bool:
    """Say whether the fast lane leaves ``item`` out; ``measured`` is what `measured_names` says."""
    return (
        item.name.partition("[")[0] in measured
        or in_slow_folder(item.path)
        or bool(FIXTURES.intersection(getattr(item, "fixturenames", ())))
        or _on_postgres(item)
    )


def in_slow_folder(path: Path) -> bool:
    """Say whether ``path`` is in a folder all of whose tests are slow, or is that folder."""
    return path.is_relative_to(TESTS) and path.relative_to(TESTS).parts[:1] in FOLDERS


def _on_postgres(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    params = () if call is None else call.params.values()
    return any(isinstance(param, str) and param == "postgresql" for param in params)


def measured_names() -> frozenset[str]:
    """Return the names of ``slow.txt``."""
    return frozenset(LIST.read_text(encoding="utf-8").split())


def slow_in(reports: Iterable[Path]) -> list[str]:
    """Return the names of the tests that took long in JUnit reports.

    The first is of a whole run. Others may be of the fast lane: where a test is left out, the next
    one of its file makes what both need.
    """
    runs = [seconds_in(report) for report in reports]
    least = SHARE * sum(seconds for _, seconds in runs[0])
    return sorted({name for run in runs for name, seconds in run if seconds > least})


def seconds_in(report: Path) -> list[tuple[str, float]]:
    """Return every test of a report and how long it took, without its parameters."""
    cases = ElementTree.parse(report).iter("testcase")
    return [(case.attrib["name"].partition("[")[0], float(case.attrib["time"])) for case in cases]


if __name__ == "__main__":
    names = slow_in(Path(argument) for argument in sys.argv[1:])
    LIST.write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"{len(names)} slow tests in {LIST}")
