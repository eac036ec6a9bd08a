"""The trained model: readings in, probabilities of the five kinds out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector.language.reading import Reading

KINDS = ("outage", "malfunction", "recovered", "report", "unrelated")
COMPLAINTS = [0, 1]


class Classifier(Protocol):
    """What `judge` asks of a model."""

    def probabilities(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Return shape (n_readings, 5), rows summing to 1, columns in the order of `KINDS`."""
