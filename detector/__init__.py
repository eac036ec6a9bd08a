"""Hears outages in complaint posts. What the commands do, from Python.

>>> import detector
>>> posts = detector.simulate("wechat-2013-07-22")      # or detector.read("counts.csv.gz")
>>> found = detector.analyze(posts)                     # doctest: +SKIP
>>> found.table(), found.figure(1), found.page()        # doctest: +SKIP

`analyze` looks back with hindsight, `replay` says what the live path would have said, `read` reads
a table, `simulate` makes the posts of a bundled reconstruction. They are loaded when they are
first asked for, so that importing the package takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detector.library import (
        analyze,
        read,
        replay,
        simulate,
    )

__all__ = ["analyze", "read", "replay", "simulate"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("detector.library"), name)
    raise AttributeError(f"module 'detector' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
