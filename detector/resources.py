"""What ships with the package: scenarios, lexicon, catalogue, models.

In a wheel they lie inside the package (``detector/bundled``); in a checkout at the top level.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "bundled"
ROOT = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent
DATA = ROOT / "data"
MODELS = ROOT / "models"


def text(path: str) -> str:
    """Return a bundled text file, e.g. ``text("data/outages.toml")``."""
    return (ROOT / path).read_text(encoding="utf-8")


def names(folder: str, suffix: str) -> tuple[str, ...]:
    """Return the names, without ``suffix``, of the files in a bundled folder, sorted."""
    return tuple(sorted(p.name.removesuffix(suffix) for p in (ROOT / folder).glob(f"*{suffix}")))
