"""The trained model: readings in, the probability of a complaint and a kind for each out.

A cascade. The n-gram model judges every reading; where it is undecided, a sentence encoder is
asked, if one is installed (`encoders`), and the log-odds of both are added.
A second n-gram model, asked for every reading, names the kind.

The file holds arrays and strings only, stored with skops, which runs no code on load.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn
import skops.io
from numpy.typing import NDArray
from scipy.special import expit, softmax

from detector.complaints.classification import encoders
from detector.complaints.classification.encoders import ENCODERS, Encode
from detector.complaints.classification.features import (
    CHAR_BITS,
    FEATURES,
    FORMS,
    N_HASHED,
    WORD_BITS,
    form,
    matrix,
    weighed,
)
from detector.complaints.lexicon import Hit
from detector.complaints.reader import COUNTED
from detector.complaints.reading import Reading
from detector.errors import InputError
from detector.model.series import Floats

KINDS = (
    "outage", "malfunction", "response", "news", "quirk", "recovered", "past", "planned",
    "report", "wish", "joke", "artwork", "other_sense", "question", "own_trouble", "negated",
    "unrelated",
)  # fmt: skip
"""What a text can be.

outage, malfunction
    The author cannot use a service now; can, but not right.
response, news
    The operator admits, or a third person reports, that a service fails now.
quirk
    A malfunction that is laughed at and stops nobody.
recovered, past, planned, report
    It is over; was another time; will be; news around failures of which none is on.
wish, joke, artwork, other_sense
    Would it were so; not meant; a song, film or game of that name; people, prices, machines.
question, own_trouble, negated, unrelated
    Who asks has no trouble; only the author's own thing fails; it works; anything else.
"""

COMPLAINTS = KINDS[:4]
"""Kinds of which the text says that a service fails now."""

_IS_COMPLAINT = np.isin(KINDS, COMPLAINTS)
_IS_COUNTED = np.isin(KINDS, COUNTED)
_FORMAT = 2
_RETRAIN = "train it anew with `outage-detector train`"
_OLDEST_SKLEARN = (1, 6)
#: The model of kinds sees the hashed columns folded into so many of each sort.
KIND_BITS = 15
#: An encoder is asked where the probability so far lies between these.
UNDECIDED = (0.02, 0.98)
#: To replies the odds of the lexicon's words are added, and this: what people write to a support
#: account differs from account to account, and words carry over. Chosen on development labels.
_TO_REPLIES = 3.5
#: Texts as short as these are asked for again and again in an outage.
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class EncoderHead:
    """Log-odds from the vectors of one encoder.

    Attributes
    ----------
    weights : shape (width,).
    intercept : added.
    """

    weights: NDArray[np.float32]
    intercept: float

    def scores(self, vectors: NDArray[np.float32]) -> Floats:
        """Return the log-odds of each row of ``vectors``, shape (n,)."""
        return np.asarray(vectors @ self.weights + self.intercept, dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """The cascade; see the module.

    Attributes
    ----------
    rarities : shape (N_HASHED,), see `features.weighed`.
    weights, intercept : shape (n_columns,): the n-gram model of complaints.
    kind_weights, kind_intercepts : shape (n_kinds, n_kind_columns): the n-gram model of kinds.
    heads : by encoder.
    curves : by the encoders asked, joined by ``+`` (none: ``""``): shape (n_forms, n_scores + 1),
        what the log-odds of the n-gram model and of the encoders are multiplied by, then what is
        added, for each of `features.FORMS`. Fitted on texts that the models had not seen.
    word_odds : what a group of the lexicon adds to the log-odds of a reply; ``service`` is added
        where one is named beside words of faults, ``bias`` always.
    load : gives an encoder by name, or None if there is none.
    known : what encoders said of texts, by encoder and text.
    """

    rarities: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercept: float
    kind_weights: NDArray[np.float32]
    kind_intercepts: Floats
    heads: Mapping[str, EncoderHead]
    curves: Mapping[str, Floats]
    word_odds: Mapping[str, float]
    load: Callable[[str], Encode | None] = encoders.load
    known: dict[tuple[str, str], float] = field(default_factory=dict)

    def judge(self, readings: Sequence[Reading]) -> tuple[Floats, NDArray[np.object_]]:
        """Return the probability of a complaint and the kind of each reading, shapes (n,).

        The kind is the likeliest among those on the same side of 0.5 as the probability, so
        that a row counted as a complaint is never called unrelated. Of complaints those that are
        counted are weighed together against those that are not.
        """
        if not readings:
            return np.empty(0), np.empty(0, dtype=object)
        columns = weighed(matrix(readings), self.rarities)
        complaint = self._complaint(readings, columns)
        chances = self.kinds(columns)
        allowed = np.broadcast_to(~_IS_COMPLAINT, chances.shape).copy()
        sure = complaint >= 0.5
        suffer = chances[:, _IS_COUNTED].sum(axis=1)
        repeat = chances[:, _IS_COMPLAINT & ~_IS_COUNTED].sum(axis=1)
        allowed[sure & (suffer >= repeat)] = _IS_COUNTED
        allowed[sure & (suffer < repeat)] = _IS_COMPLAINT & ~_IS_COUNTED
        best = np.where(allowed, chances, -1.0).argmax(axis=1)
        return complaint, np.array(KINDS, dtype=object)[best]

    def kinds(self, columns: sp.csr_matrix) -> Floats:
        """Return the probability of each kind for rows of `weighed`, shape (n, n_kinds)."""
        scores = folded(columns) @ self.kind_weights.T + self.kind_intercepts
        return np.asarray(softmax(scores, axis=1), dtype=np.float64)

    def scores(self, columns: sp.csr_matrix) -> Floats:
        """Return the log-odds of the n-gram model for rows of `weighed`, shape (n,)."""
        return np.asarray(columns @ self.weights + self.intercept, dtype=np.float64)

    def _complaint(self, readings: Sequence[Reading], columns: sp.csr_matrix) -> Floats:
        named = [form(reading) for reading in readings]
        forms = np.array([FORMS.index(name) for name in named])
        added = np.array(
            [
                self._to_reply(reading) if name == "reply" else 0.0
                for reading, name in zip(readings, named, strict=True)
            ]
        )
        scores = [self.scores(columns)]
        asked: list[str] = []
        complaint = self._joined(asked, scores, forms, added)
        for encoder in ENCODERS:
            head, encode = self.heads.get(encoder.name), self.load(encoder.name)
            if head is None or encode is None:
                continue
            open_ = np.flatnonzero((complaint > UNDECIDED[0]) & (complaint < UNDECIDED[1]))
            score = np.zeros(len(readings))
            score[open_] = self._asked(
                encoder.name, head, encode, [readings[i].own for i in open_.tolist()]
            )
            asked.append(encoder.name)
            scores.append(score)
            joined = self._joined(asked, scores, forms, added)
            complaint[open_] = joined[open_]
        return complaint

    def _asked(self, name: str, head: EncoderHead, encode: Encode, texts: list[str]) -> Floats:
        """Return what an encoder says of ``texts``; what it has said before is remembered."""
        new = [t for t in dict.fromkeys(texts) if (name, t) not in self.known]
        if len(self.known) + len(new) > _REMEMBERED:
            self.known.clear()
            new = list(dict.fromkeys(texts))
        fresh = head.scores(encode(new)) if new else np.empty(0)
        self.known.update({(name, text): float(z) for text, z in zip(new, fresh, strict=True)})
        return np.array([self.known[name, text] for text in texts], dtype=np.float64)

    def _to_reply(self, reading: Reading) -> float:
        """Return what the lexicon's words add to the log-odds of a reply."""
        groups = {hit.group for hit in reading.hits}
        said = [self.word_odds.get(group, 0.0) for group in groups]
        is_named = bool(reading.service) and any(odds > 0 for odds in said)
        named = self.word_odds["service"] if is_named else 0.0
        return _TO_REPLIES + self.word_odds["bias"] + named + sum(said)

    def _joined(
        self,
        asked: Sequence[str],
        scores: Sequence[Floats],
        forms: NDArray[np.intp],
        added: Floats,
    ) -> Floats:
        curve = self.curves["+".join(asked)][forms]
        total = added + curve[:, -1] + sum(curve[:, i] * z for i, z in enumerate(scores))
        return np.asarray(expit(total), dtype=np.float64)


def folded(columns: sp.csr_matrix) -> sp.csr_matrix:
    """Return rows of `weighed`, hashed columns that are alike in their lowest bits added up."""
    size = 2**KIND_BITS
    index = columns.indices.astype(np.int64)
    is_char, is_word = index < 2**CHAR_BITS, (index >= 2**CHAR_BITS) & (index < N_HASHED)
    place = np.where(
        is_char, index % size, np.where(is_word, size + index % size, index - N_HASHED + 2 * size)
    )
    width = columns.shape[1] - N_HASHED + 2 * size
    return sp.csr_matrix((columns.data, place, columns.indptr), shape=(columns.shape[0], width))


def dump_classifier(classifier: Classifier) -> bytes:
    """Return the model file of ``classifier``; the same classifier loads to the same arrays."""
    alone = Classifier(**{**_parts(classifier), "load": _no_encoder})
    state = {
        "format": _FORMAT,
        "layout": _layout(),
        "scikit-learn": sklearn.__version__,
        "rarities": classifier.rarities.astype(np.float16),
        "weights": classifier.weights.astype(np.float16),
        "intercept": classifier.intercept,
        "kind_weights": classifier.kind_weights.astype(np.float16),
        "kind_intercepts": classifier.kind_intercepts,
        "heads": {
            name: {"weights": head.weights, "intercept": head.intercept}
            for name, head in classifier.heads.items()
        },
        "curves": dict(classifier.curves),
        "word_odds": dict(classifier.word_odds),
        "probe": alone.judge(_PROBE)[0],
    }
    model: bytes = skops.io.dumps(state, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    return model


def _parts(classifier: Classifier) -> dict[str, Any]:
    names = (
        "rarities",
        "weights",
        "intercept",
        "kind_weights",
        "kind_intercepts",
        "heads",
        "curves",
        "word_odds",
    )
    return {name: getattr(classifier, name) for name in names}


def _no_encoder(_name: str) -> None:
    return None


def load_classifier(model: bytes) -> Classifier:
    """Return the classifier in the model file ``model``.

    Raises
    ------
    InputError
        The bytes are no model file, hold anything but arrays, numbers and strings, were written
        for other features, or give other probabilities here than where they were trained.
    """
    state = _state(model)
    _check_versions(state)
    classifier = Classifier(
        rarities=state["rarities"].astype(np.float32),
        weights=state["weights"].astype(np.float32),
        intercept=float(state["intercept"]),
        kind_weights=state["kind_weights"].astype(np.float32),
        kind_intercepts=state["kind_intercepts"],
        heads={
            name: EncoderHead(head["weights"], float(head["intercept"]))
            for name, head in state["heads"].items()
        },
        curves=state["curves"],
        word_odds=state["word_odds"],
    )
    alone = Classifier(**{**_parts(classifier), "load": _no_encoder})
    if not np.allclose(alone.judge(_PROBE)[0], state["probe"], atol=0.02):
        raise InputError(
            f"the model gives other probabilities here than it was made with: {_RETRAIN}"
        )
    return classifier


def _state(model: bytes) -> dict[str, Any]:
    try:
        if foreign := skops.io.get_untrusted_types(data=model):
            raise InputError(f"the model holds types that are not trusted: {', '.join(foreign)}")
        state = skops.io.loads(model, trusted=[])
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as wrong:
        raise InputError(f"this is no model file ({wrong}): {_RETRAIN}") from None
    if not isinstance(state, dict):
        raise InputError(f"this is no model of outage-detector: {_RETRAIN}")
    return state


def _check_versions(state: dict[str, Any]) -> None:
    if state.get("format") != _FORMAT or state.get("layout") != _layout():
        raise InputError(f"the model was made by another version of outage-detector: {_RETRAIN}")
    here = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    if here < _OLDEST_SKLEARN:
        raise InputError(f"scikit-learn {sklearn.__version__} is too old; 1.6 or later is needed")


def _layout() -> str:
    """Return what must be equal where a model is made and where it is used."""
    parts = (*FEATURES, *KINDS, str(CHAR_BITS), str(WORD_BITS), str(KIND_BITS))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


_PROBE = (
    Reading("微信崩了", (Hit("collapse", 2, 4),), "微信", place=(0, 2)),
    Reading("is wechat down?", (Hit("down_alone", 10, 14),), "微信", place=(3, 9)),
    Reading("thanks, works now!", (Hit("over", 8, 17),), "微信", given=True),
)
"""Readings whose probabilities travel with the model: hashing that differs shows on them."""
