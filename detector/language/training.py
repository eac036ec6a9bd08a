"""Training: the texts under ``data/training`` in, model file and model card out.

Everything is seeded and single-threaded: the same texts give the same model.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from detector.errors import InputError
from detector.language.card import model_card
from detector.language.classifier import TRAINED_KINDS, Classifier, dump_classifier
from detector.language.features import matrix
from detector.language.lexicon import Lexicon, parse_lexicon, parse_services
from detector.language.normalise import fold
from detector.language.reading import Reading, read
from detector.language.services import Names, build_names
from detector.language.templates import (
    Slots,
    Template,
    fill,
    fillings,
    parse_slots,
    parse_templates,
)

_SEED = 20261122
_FILLINGS = 14
_FOLDS = 5
_STRENGTH = 3.0
_EMOJI = ("😭", "😂", "🙄", "😡", "🤔", "...", "!!", "？", "。")


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Everything to learn from.

    Attributes
    ----------
    columns : shape (n_texts, n_columns), sparse.
    kinds : shape (n_texts,), indices into `TRAINED_KINDS`.
    weights : shape (n_texts,); the fillings of a template share what a few texts would have.
    templates : shape (n_texts,), which template a text came from.
    """

    columns: sp.csr_matrix
    kinds: NDArray[np.intp]
    weights: NDArray[np.float64]
    templates: NDArray[np.intp]


def train(texts: Mapping[str, str]) -> tuple[bytes, str]:
    """Return the model file and its card.

    Parameters
    ----------
    texts : the files to learn from by path below ``data/``: ``lexicon/faults.toml``,
        ``lexicon/services.toml``, ``training/slots.toml`` and every ``training/*.txt``.

    Raises
    ------
    InputError
        A file is missing or cannot be read.
    """
    lessons = prepare(texts)
    unseen = _scores_of_unseen(lessons)
    temperature = _temperature(unseen, lessons)
    weights, intercepts = _fit(lessons)
    classifier = Classifier(weights.astype(np.float16).astype(np.float32), intercepts, temperature)
    chances = np.exp(log_softmax(unseen / temperature, axis=1))
    card = model_card(lessons.kinds, chances, lessons.weights, lessons.templates, temperature)
    return dump_classifier(classifier), card


def prepare(texts: Mapping[str, str]) -> Lessons:
    """Return the filled and read training texts; see `train` for ``texts``."""
    lexicon = parse_lexicon(_text(texts, "lexicon/faults.toml"))
    services, weak = parse_services(_text(texts, "lexicon/services.toml"))
    slots = parse_slots(_text(texts, "training/slots.toml"))
    templates = _templates(texts)
    rng = random.Random(_SEED)  # noqa: S311 - reproducible texts, no secret
    names = build_names(services, weak)
    readings: list[Reading] = []
    owner: list[int] = []
    for number, template in enumerate(templates):
        for text in fillings(template.text, slots, rng, most=_FILLINGS):
            readings.append(_reading(text, template, slots, rng, names=names, lexicon=lexicon))
            owner.append(number)
    of = np.array(owner)
    kinds = np.array([TRAINED_KINDS.index(template.kind) for template in templates])
    return Lessons(matrix(readings), kinds[of], np.bincount(of)[of] ** -0.5, of)


def _text(texts: Mapping[str, str], path: str) -> str:
    try:
        return texts[path]
    except KeyError:
        raise InputError("this file is needed for training", path=path) from None


def _templates(texts: Mapping[str, str]) -> list[Template]:
    paths = sorted(p for p in texts if p.startswith("training/") and p.endswith(".txt"))
    return [
        t for path in paths for t in parse_templates(texts[path], kinds=TRAINED_KINDS, path=path)
    ]


def _reading(
    text: str,
    template: Template,
    slots: Slots,
    rng: random.Random,
    *,
    names: Names,
    lexicon: Lexicon,
) -> Reading:
    """Return the reading of ``text`` as it would be met in its channel: tagged, sloppy, bare."""
    given = ""
    if template.channel == "support":
        given = "service" if rng.random() < 0.6 else ""
        if not given or rng.random() < 0.5:
            text = fill("@{handle} ", slots, rng) + " " + text
    elif template.channel == "post":
        given = "service" if rng.random() < 0.15 else ""
    if template.channel != "title":
        text = _sloppy(text, rng)
    return read(fold(text).replace("\n", " "), given, names=names, lexicon=lexicon)


def _sloppy(text: str, rng: random.Random) -> str:
    if rng.random() < 0.25:
        text = text.replace("'", "")
    if rng.random() < 0.12:
        text += rng.choice(_EMOJI)
    return text + " <url>" if rng.random() < 0.05 else text


def _fit(
    lessons: Lessons, rows: NDArray[np.intp] | slice = slice(None)
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    model = LogisticRegression(C=_STRENGTH, max_iter=400, tol=1e-3)
    model.fit(lessons.columns[rows], lessons.kinds[rows], sample_weight=lessons.weights[rows])
    if len(model.classes_) != len(TRAINED_KINDS):
        raise InputError(f"the training texts must have all of {', '.join(TRAINED_KINDS)}")
    return model.coef_, model.intercept_


def _scores_of_unseen(lessons: Lessons) -> NDArray[np.float64]:
    """Return the scores of every text by a model that saw no text of the same template."""
    scores = np.empty((len(lessons.kinds), len(TRAINED_KINDS)))
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    for seen, unseen in folds.split(lessons.columns, lessons.kinds, lessons.templates):
        weights, intercepts = _fit(lessons, seen)
        scores[unseen] = lessons.columns[unseen] @ weights.T + intercepts
    return scores


def _temperature(scores: NDArray[np.float64], lessons: Lessons) -> float:
    """Return the temperature that makes unseen texts likeliest (Guo et al., 2017)."""
    rows = np.arange(len(scores))

    def loss(log_temperature: float) -> float:
        chances = log_softmax(scores / np.exp(log_temperature), axis=1)
        return float(-(lessons.weights * chances[rows, lessons.kinds]).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))
