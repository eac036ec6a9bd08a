"""What texts are read with: the bundled words, names and model, and those of the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from detector import resources
from detector.errors import InputError
from detector.language.complaints import Judge, Reader, build_reader
from detector.language.facets import FacetLexicon, parse_facets
from detector.language.lexicon import parse_lexicon, parse_services
from detector.language.reading import Reading
from detector.settings import Settings


def reader(settings: Settings) -> Reader:
    """Return the reader of posts: the bundled lexicon and names, and those of the settings."""
    bundled, weak = parse_services(resources.text("data/lexicon/services.toml"))
    lexicon = parse_lexicon(resources.text("data/lexicon/faults.toml"))
    own = {name: service.aliases for name, service in settings.services.items()}
    return build_reader(merge_names(bundled, own), lexicon, BundledModel(), weak=weak)


class BundledModel:
    """The bundled classifier, loaded when the first text is to be judged.

    Counts are replayed without it; scikit-learn takes seconds to import.
    """

    @cached_property
    def _classifier(self) -> Judge:
        from detector.language.classifier import load_classifier

        model = resources.MODELS / "complaints.skops"
        try:
            return load_classifier(model.read_bytes())
        except InputError as error:
            raise InputError(error.message, path=model) from error
        except OSError as error:
            message = (
                f"the bundled model cannot be read ({error.strerror}); "
                "install the package anew, or write it with `outage-detector train`"
            )
            raise InputError(message, path=model) from error

    def judge(self, readings: Sequence[Reading]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the probability of a complaint and the kind of each reading."""
        return self._classifier.judge(readings)


def facet_lexicon(settings: Settings) -> FacetLexicon:
    """Return the words for components, regions and platforms: the bundled ones and the user's."""
    components, regions, platforms = (
        resources.text(f"data/lexicon/{name}.toml")
        for name in ("components", "regions", "platforms")
    )
    own = {name: s.components for name, s in settings.services.items() if s.components}
    return parse_facets(components, regions, platforms, own)


def merge_names(
    bundled: Mapping[str, Sequence[str]], own: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Return aliases by service, the user's own names first.

    A bundled service that a user's service calls by its name is that service: naming "微信" as an
    alias of "WeChat" brings all bundled aliases of 微信 along. An alias that the user gives to
    one service is taken from every other.
    """
    owner = {a.casefold(): name for name, aliases in own.items() for a in (name, *aliases)}
    merged = {name: list(aliases) for name, aliases in own.items()}
    for name, aliases in bundled.items():
        free = [alias for alias in aliases if alias.casefold() not in owner]
        merged.setdefault(owner.get(name.casefold(), name), []).extend(free)
    return {name: tuple(aliases) for name, aliases in merged.items()}
