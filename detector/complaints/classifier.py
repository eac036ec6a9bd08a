"""The trained model: readings in, probabilities of the five kinds out.

The file holds arrays and strings only, stored with skops, which runs no code on load.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn
import skops.io
from numpy.typing import NDArray
from scipy.special import softmax

from detector.complaints.features import CHAR_BITS, FEATURES, WORD_BITS, matrix, weighed
from detector.complaints.lexicon import Hit
from detector.complaints.reading import Reading
from detector.errors import InputError

KINDS = ("outage", "malfunction", "recovered", "report", "unrelated")
"""What a text can be. Outage: it does not work, now. Malfunction: it works, but not right."""

TRAINED_KINDS = ("outage", "malfunction", "quirk", "recovered", "report", "unrelated")
"""What the model tells apart. A quirk is a malfunction that is laughed at and stops nobody."""

COMPLAINTS = (0, 1)
"""Columns of `TRAINED_KINDS` whose probabilities add up to that of a complaint."""

_PUBLIC = np.array([KINDS.index({"quirk": "malfunction"}.get(k, k)) for k in TRAINED_KINDS])
_FORMAT = 1
_RETRAIN = "train it anew with `outage-detector train`"
_OLDEST_SKLEARN = (1, 6)


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A multinomial logistic regression with calibrated temperature.

    Attributes
    ----------
    rarities : shape (N_HASHED,), see `weighed`.
    weights : shape (n_trained_kinds, n_columns), float32.
    intercepts : shape (n_trained_kinds,).
    temperature : the scores are divided by it; above 1 it makes the model less sure.
    """

    rarities: NDArray[np.float32]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    temperature: float

    def probabilities(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Return shape (n_readings, 6), rows summing to 1, columns in order of `TRAINED_KINDS`."""
        if not readings:
            return np.empty((0, len(TRAINED_KINDS)))
        scores = self.scores(matrix(readings)) / self.temperature
        return np.asarray(softmax(scores, axis=1), dtype=np.float64)

    def scores(self, columns: sp.csr_matrix) -> NDArray[np.float64]:
        """Return the unscaled log-odds of each row of `matrix`, shape (n_readings, 6)."""
        known = weighed(columns, self.rarities)
        return np.asarray(known @ self.weights.T + self.intercepts, dtype=np.float64)

    def judge(self, readings: Sequence[Reading]) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the probability of a complaint and the kind of each reading.

        The kind is the likeliest among the kinds on the same side of 0.5 as the probability, so
        that a row counted as a complaint is never called unrelated.
        """
        chances = self.probabilities(readings)
        complaint = chances[:, COMPLAINTS].sum(axis=1)
        is_complaint = np.isin(np.arange(len(TRAINED_KINDS)), COMPLAINTS)
        allowed = is_complaint[np.newaxis, :] == (complaint >= 0.5)[:, np.newaxis]
        best = np.where(allowed, chances, -1.0).argmax(axis=1)
        return complaint, np.array(KINDS, dtype=object)[_PUBLIC[best]]


def dump_classifier(classifier: Classifier) -> bytes:
    """Return the model file of ``classifier``; the same classifier loads to the same arrays."""
    state = {
        "format": _FORMAT,
        "layout": _layout(),
        "scikit-learn": sklearn.__version__,
        "rarities": classifier.rarities.astype(np.float16),
        "weights": classifier.weights.astype(np.float16),
        "intercepts": classifier.intercepts,
        "temperature": classifier.temperature,
        "probe": Classifier.probabilities(classifier, _PROBE),
    }
    model: bytes = skops.io.dumps(state, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    return model


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
        intercepts=state["intercepts"],
        temperature=float(state["temperature"]),
    )
    if not np.allclose(classifier.probabilities(_PROBE), state["probe"], atol=0.02):
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
    parts = (*FEATURES, *TRAINED_KINDS, str(CHAR_BITS), str(WORD_BITS))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


_PROBE = (
    Reading("微信崩了", (Hit("collapse", 2, 4),), "微信", place=(0, 2)),
    Reading("is wechat down?", (Hit("down_alone", 10, 14),), "微信", place=(3, 9)),
    Reading("thanks, works now!", (Hit("over", 8, 17),), "微信", given=True),
)
"""Readings whose probabilities travel with the model: hashing that differs shows on them."""
