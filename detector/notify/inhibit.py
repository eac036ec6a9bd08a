"""Inhibition: while one incident goes on, others that follow from it are not notified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from detector.model.matcher import Labels, Matcher, all_match


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an incident satisfies ``when``, others that satisfy ``mute`` are muted.

    Attributes
    ----------
    when, mute : all of each must match. An incident that satisfies both does not mute itself, and
        is not muted by another that does.
    equal : labels in which the two must share a value; one that neither has is shared.
    """

    when: tuple[Matcher, ...]
    mute: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def mutes(self, labels: Labels, by: Labels) -> bool:
        """Return whether an incident with ``labels`` is muted by an open one with labels ``by``."""
        return (
            all_match(self.mute, labels)
            and not all_match(self.when, labels)
            and all_match(self.when, by)
            and all(_share(labels.get(name, ()), by.get(name, ())) for name in self.equal)
        )


def inhibitor(
    rules: Sequence[Inhibition], labels: Labels, open_ones: Iterable[Labels]
) -> str | None:
    """Return the id of the first of ``open_ones`` that mutes an incident with ``labels``."""
    candidates = list(open_ones) if rules else []
    for rule in rules:
        for by in candidates:
            if by.get("incident") != labels.get("incident") and rule.mutes(labels, by):
                return by["incident"][0]
    return None


def _share(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return bool(set(one) & set(other)) or not (one or other)
