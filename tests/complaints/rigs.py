"""The bundled lexicon, names and model, read once for the tests of this folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from detector.complaints.classification.classifier import Classifier, load_classifier
from detector.complaints.languages import Language, parse_language
from detector.complaints.lexicon import Lexicon, parse_lexicon, parse_services
from detector.complaints.reader import PostReader, build_reader
from detector.complaints.service_names import Names, build_names

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"


@cache
def lexicon() -> Lexicon:
    return parse_lexicon((ROOT / "data/lexicon/faults.toml").read_text(encoding="utf-8"))


@cache
def catalogue() -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    return parse_services((ROOT / "data/lexicon/services.csv").read_text(encoding="utf-8"))


@cache
def names() -> Names:
    services, weak = catalogue()
    return build_names(services, weak)


@cache
def classifier() -> Classifier:
    return load_classifier((ROOT / "models/complaints.skops").read_bytes())


@cache
def reader(*, trained: bool = True) -> PostReader:
    services, weak = catalogue()
    return build_reader(
        services,
        lexicon(),
        classifier() if trained else None,
        weak=weak,
        languages=languages() if trained else (),
    )


@cache
def languages() -> tuple[Language, ...]:
    return tuple(
        parse_language(path.name, (path / "lexicon.toml").read_text(encoding="utf-8"))
        for path in sorted((ROOT / "data/languages").iterdir())
    )
