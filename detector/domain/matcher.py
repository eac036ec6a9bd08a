"""Matchers: which incidents a route, a silence or an inhibition is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Labels = Mapping[str, tuple[str, ...]]
"""What an incident is known by: label to its values; a label without values is not there."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on the labels of an incident, as Alertmanager writes them.

    Attributes
    ----------
    label : e.g. ``service``, ``severity``, ``source``, ``component``, ``region``, ``platform``.
    value : the text that one of the label's values must equal, or the pattern it must match whole.
    pattern : whether ``value`` is a regular expression (``=~``, ``!~``).
    negated : whether no value may match (``!=``, ``!~``); a label that is not there satisfies it.
    """

    label: str
    value: str
    pattern: bool = False
    negated: bool = False

    def __post_init__(self) -> None:
        if self.pattern:
            re.compile(self.value)

    def __str__(self) -> str:
        sign = ("!" if self.negated else "=") + ("~" if self.pattern else "=" * self.negated)
        return f'{self.label}{sign}"{self.value}"'

    def matches(self, labels: Labels) -> bool:
        """Return whether ``labels`` satisfy this condition."""
        return self.negated != any(self._is(value) for value in labels.get(self.label, ()))

    def _is(self, value: str) -> bool:
        if self.pattern:
            return re.fullmatch(self.value, value) is not None
        return value == self.value


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Return whether ``labels`` satisfy every one of ``matchers``; none asks for nothing."""
    return all(matcher.matches(labels) for matcher in matchers)
