"""Detects outages from social-media complaints, often before the operator confirms them.

What the commands do, from Python:

>>> import detector
>>> posts = detector.simulate("wechat-2013-07-22")      # or detector.read("counts.csv.gz")
>>> found = detector.analyze(posts)                     # doctest: +SKIP
>>> found.table(), found.figure(1), found.page()        # doctest: +SKIP

`analyze` looks at a history with hindsight, `segment` at one series of counts, and
`OutageDetector` gives the outages of one as a table; `replay` gives what the live detector would
have sent, `read` reads a table, `simulate` makes the posts of a bundled scenario. Each is loaded
when it is first used, so that importing the package takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detector.library import OutageDetector, analyze, read, replay, segment, simulate

__all__ = ["OutageDetector", "analyze", "read", "replay", "segment", "simulate"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("detector.library"), name)
    raise AttributeError(f"module 'detector' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
