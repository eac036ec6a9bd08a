"""Training: the texts under ``data/training`` in, model file and model card out.

Everything is seeded and single-threaded: the same texts give the same model. The card, written
beside the model, says what it learnt from and what it is worth.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from sklearn.model_selection import GroupKFold

from detector.complaints.classifier import COMPLAINTS, TRAINED_KINDS, Classifier, dump_classifier
from detector.complaints.features import matrix, rarity, weighed
from detector.complaints.lexicon import Lexicon, parse_lexicon, parse_services
from detector.complaints.normalise import fold
from detector.complaints.reading import Reading, read
from detector.complaints.service_names import Names, build_names
from detector.complaints.training_texts import (
    Filled,
    Slots,
    Template,
    fill,
    fillings,
    joined,
    parse_slots,
    parse_templates,
    sloppy,
    tagged,
)
from detector.errors import InputError

_SEED = 20261122
_FILLINGS = 24
_JOINED, _TAGGED = 6000, 3000
_FOLDS = 5
_STRENGTH = 2.0
_DRAWS = 4
_COMPLAINTS = {"support": 0.5, "post": 1 / 3, "post without a service": 1 / 8}


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
        ``lexicon/services.csv``, ``training/slots.toml`` and every ``training/*.txt``.

    Raises
    ------
    InputError
        A file is missing or cannot be read.
    """
    lessons = prepare(texts, seed=_SEED)
    unseen = _scores_of_unseen(lessons)
    temperature = _temperature(unseen, lessons)
    others = [prepare(texts, seed=_SEED + i) for i in range(1, _DRAWS)]
    classifier = _average([fit(one, temperature=temperature) for one in (lessons, *others)])
    chances = np.exp(log_softmax(unseen / temperature, axis=1))
    card = model_card(lessons.kinds, chances, lessons.weights, lessons.templates, temperature)
    return dump_classifier(classifier), card


def prepare(texts: Mapping[str, str], *, seed: int) -> Lessons:
    """Return the filled and read training texts; see `train` for ``texts``."""
    lexicon = parse_lexicon(_text(texts, "lexicon/faults.toml"))
    services, weak = parse_services(_text(texts, "lexicon/services.csv"))
    slots = parse_slots(_text(texts, "training/slots.toml"))
    templates = _templates(texts)
    rng = random.Random(seed)  # noqa: S311 - reproducible texts, no secret
    names = build_names(services, weak)
    filled = [
        Filled(text, template, number, len(different))
        for number, template in enumerate(templates)
        for different in [fillings(template.text, slots, rng, most=_FILLINGS)]
        for text in different
    ]
    filled += [*joined(filled, rng, number=_JOINED), *tagged(filled, rng, number=_TAGGED)]
    readings = [_reading(one, slots, rng, names=names, lexicon=lexicon) for one in filled]
    kinds = np.array([TRAINED_KINDS.index(one.template.kind) for one in filled])
    return Lessons(
        columns=matrix(readings),
        kinds=kinds,
        weights=_weights(filled, readings, np.isin(kinds, COMPLAINTS)),
        templates=np.array([one.number for one in filled]),
    )


def _weights(
    filled: Sequence[Filled], readings: Sequence[Reading], is_complaint: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return weights by which, outside titles, a fixed share of the texts are complaints.

    Without it the mix would be an accident of how many templates were written for each kind. A
    post that names no service is rarely one: 崩了 is said of prices and moods all day.
    """
    weights = np.array([one.share for one in filled], dtype=np.float64) ** -0.5
    channels = np.array([one.template.channel for one in filled])
    named = np.array([bool(reading.service) for reading in readings])
    strata = (
        (channels == "support", _COMPLAINTS["support"]),
        ((channels == "post") & named, _COMPLAINTS["post"]),
        ((channels == "post") & ~named, _COMPLAINTS["post without a service"]),
    )
    for stratum, wanted in strata:
        if len(np.unique(is_complaint[stratum])) < 2:
            continue  # nothing to balance
        total = weights[stratum].sum()
        for side, share in ((is_complaint, wanted), (~is_complaint, 1 - wanted)):
            weights[stratum & side] *= share * total / weights[stratum & side].sum()
    return weights


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
    one: Filled,
    slots: Slots,
    rng: random.Random,
    *,
    names: Names,
    lexicon: Lexicon,
) -> Reading:
    """Return the reading of one text as it would be met in its channel: tagged, sloppy, bare."""
    text, template, given = one.text, one.template, ""
    if template.channel == "support":
        given = "service" if rng.random() < 0.6 else ""
        if not given or rng.random() < 0.5:
            text = fill("@{handle} ", slots, rng) + " " + text
    elif template.channel == "post":
        given = "service" if rng.random() < 0.15 else ""
    if template.channel != "title":
        text = sloppy(text, rng)
    return read(fold(text).replace("\n", " "), given, names=names, lexicon=lexicon)


def fit(
    lessons: Lessons, rows: NDArray[np.intp] | slice = slice(None), *, temperature: float = 1.0
) -> Classifier:
    """Return the classifier that the given ``rows`` of ``lessons`` teach."""
    columns, kinds = lessons.columns[rows], lessons.kinds[rows]
    rarities = _stored(rarity(columns))
    model = LogisticRegression(C=_STRENGTH, max_iter=400, tol=1e-3)
    model.fit(weighed(columns, rarities), kinds, sample_weight=lessons.weights[rows])
    if len(model.classes_) != len(TRAINED_KINDS):
        raise InputError(f"the training texts must have all of {', '.join(TRAINED_KINDS)}")
    return Classifier(rarities, _stored(model.coef_), model.intercept_, temperature)


def _average(drawn: Sequence[Classifier]) -> Classifier:
    """Return the mean of classifiers that learnt from different fillings of the templates."""
    return Classifier(
        rarities=_stored(np.mean([one.rarities for one in drawn], axis=0)),
        weights=_stored(np.mean([one.weights for one in drawn], axis=0)),
        intercepts=np.mean([one.intercepts for one in drawn], axis=0),
        temperature=drawn[0].temperature,
    )


def _stored(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return ``weights`` as they will be after the model file, which holds half precision."""
    return weights.astype(np.float16).astype(np.float32)


def _scores_of_unseen(lessons: Lessons) -> NDArray[np.float64]:
    """Return the scores of every text by a model that saw no text of the same template."""
    scores = np.empty((len(lessons.kinds), len(TRAINED_KINDS)))
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    for seen, unseen in folds.split(lessons.columns, lessons.kinds, lessons.templates):
        scores[unseen] = fit(lessons, seen).scores(lessons.columns[unseen])
    return scores


def _temperature(scores: NDArray[np.float64], lessons: Lessons) -> float:
    """Return the temperature that makes unseen texts likeliest (Guo et al., 2017)."""
    rows = np.arange(len(scores))

    def loss(log_temperature: float) -> float:
        chances = log_softmax(scores / np.exp(log_temperature), axis=1)
        return float(-(lessons.weights * chances[rows, lessons.kinds]).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def model_card(
    kinds: NDArray[np.intp],
    chances: NDArray[np.float64],
    weights: NDArray[np.float64],
    templates: NDArray[np.intp],
    temperature: float,
) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    kinds : shape (n_texts,), true indices into `TRAINED_KINDS`.
    chances : shape (n_texts, n_kinds), by models that saw no text of the same template.
    weights, templates : shape (n_texts,), as in `Lessons`.
    temperature : what the scores are divided by.
    """
    is_complaint = np.isin(kinds, COMPLAINTS)
    complaint = chances[:, COMPLAINTS].sum(axis=1)
    precision, recall, f1, _ = precision_recall_fscore_support(
        is_complaint, complaint >= 0.5, average="binary", sample_weight=weights
    )
    area = average_precision_score(is_complaint, complaint, sample_weight=weights)
    rows = "\n".join(_row(i, kinds, chances, templates) for i in range(len(TRAINED_KINDS)))
    return _CARD.format(
        n_texts=len(kinds),
        n_templates=len(np.unique(templates)),
        rows=rows,
        temperature=temperature,
        precision=precision,
        recall=recall,
        f1=f1,
        area=area,
    )


def _row(
    i: int, kinds: NDArray[np.intp], chances: NDArray[np.float64], templates: NDArray[np.intp]
) -> str:
    mine = kinds == i
    right = float((chances[mine].argmax(axis=1) == i).mean())
    lines = len(np.unique(templates[mine]))
    return f"| {TRAINED_KINDS[i]} | {lines} | {int(mine.sum())} | {right:.3f} |"


_CARD = """\
# Complaint classifier

Written by `outage-detector train`; do not edit.

**What it says.** The probability that a post or a trending title says that an online service
fails for its users *now*, and which of five kinds it is. A *quirk* (works, but oddly, and people
laugh) is reported as a malfunction and is no complaint.

**How.** Multinomial logistic regression over hashed n-grams of characters (1 to 4) and words
(1 to 3) of the text with the service's name masked, and flags from the lexicon and from how the
service was found. Temperature {temperature:.3f}, fitted on unseen templates.

**What it learnt from.** Texts written and templated for this purpose by the authors of
outage-detector (`data/training`), nothing else: {n_templates} templates, {n_texts} texts.

| kind | templates | texts | recognised when its template was held out |
|---|---|---|---|
{rows}

Complaints on held-out templates, threshold 0.5: precision {precision:.3f}, recall {recall:.3f},
F1 {f1:.3f}, area under the precision-recall curve {area:.3f}. These are our own texts; figures on
real, hand-labelled posts are in `docs/quality.md`.

**Limits.** Chinese and English only. Irony without a fault word, faults told in pictures, and
bare names of little-known services are missed. A short title about a person or thing whose name
looks like a service ("X崩了") is taken for an outage. The probability is calibrated for the mix of
the training texts, not for a stream in which complaints are rare. It must not be used to judge
the people who wrote the posts.
"""
