"""What ships with the package: scenarios, lexicon, catalogue, models.

In a wheel they lie inside the package (``detector/bundled``); in a checkout at the top level.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from detector.text.retelling import Retelling

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


@cache
def called(language: str) -> Mapping[str, str]:
    """Return what components, regions and platforms are called; nothing where that is English."""
    return {} if language == "en" else _table(f"names_{language}")


@cache
def retelling(language: str) -> Retelling:
    """Return what says recorded sentences again; as they are where that is English."""
    sentences = {} if language == "en" else _table(f"sentences_{language}")
    return Retelling(sentences, called(language))


def _table(name: str) -> dict[str, str]:
    """Return a table of ``data/messages``; its sections are for those who write it."""
    sections = tomllib.loads(text(f"data/messages/{name}.toml")).values()
    return {key: said for section in sections for key, said in section.items()}
