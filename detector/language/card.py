"""The model card: what the model learnt from and what it is worth, written beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from detector.language.classifier import COMPLAINTS, TRAINED_KINDS


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
