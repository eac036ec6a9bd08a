"""Matchers: which incidents a route, a silence or an inhibition is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

Labels = Mapping[str, tuple[str, ...]]
"""What an incident is known by: label to its values; a label without values is not there."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on the labels of an incident, as Alertmanager writes them.

    Attributes
    ----------
    label : e.g. ``service``, ``severity``, ``source``, ``component``, ``region``, ``platform``.
    value : the text that one of the label's values must equal, or the pattern it must match whole.
    pattern : whether ``value`` is a regular expression (``=~``, ``!~``) as RE2 reads them.
    negated : whether no value may match (``!=``, ``!~``); a label that is not there satisfies it.

    Raises
    ------
    ValueError : the pattern is none, or it is one that RE2 has not: back references, look-around.

    Notes
    -----
    Anybody who may add a silence writes patterns. RE2 matches in time linear in the text (Cox,
    "Regular Expression Matching in the Wild", 2010), so no pattern can hold up a run.
    """

    label: str
    value: str
    pattern: bool = False
    negated: bool = False

    def __post_init__(self) -> None:
        if self.pattern:
            _compiled(self.value)

    def __str__(self) -> str:
        sign = ("!" if self.negated else "=") + ("~" if self.pattern else "=" * self.negated)
        value = re.sub(r'(["\\\\])', r"\\\1", self.value)
        return f'{self.label}{sign}"{value}"'

    def matches(self, labels: Labels) -> bool:
        """Return whether ``labels`` satisfy this condition."""
        return self.negated != any(self._is(value) for value in labels.get(self.label, ()))

    def _is(self, value: str) -> bool:
        if self.pattern:
            return _compiled(self.value).fullmatch(_bytes(value)) is not None
        return value == self.value


def _bytes(text: str) -> bytes:
    """Return ``text`` as RE2 reads it; half of a surrogate pair is no character to it."""
    return text.encode("utf-8", errors="replace")


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False  # a mistake is told to whoever made it
    options.max_mem = 1 << 20  # a pattern that takes more is refused
    return options


_OPTIONS = _options()


@lru_cache(maxsize=200)
def _compiled(pattern: str) -> Any:
    try:
        return re2.compile(_bytes(pattern), _OPTIONS)
    except re2.error as error:
        told = error.args[0] if error.args else error
        why = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        raise ValueError(f"not a regular expression of RE2: {why}") from None


_WRITTEN = re.compile(
    r"""\s*([a-z_]+)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^"'\s=~!][^"'\s]*))\s*""",
    re.DOTALL,
)

LABELS = (
    "service",
    "severity",
    "source",
    "component",
    "region",
    "platform",
    "provider",
    "incident",
)
"""What incidents are known by (`detector.notify.route`)."""


def parse_matcher(text: str) -> Matcher:
    r"""Return the condition that ``text`` states, e.g. ``service="WeChat"``, ``severity=~"m.*"``.

    Quotes may be left out around a value without blanks; ``\"`` and ``\\`` stand for ``"`` and
    ``\`` inside them.

    Raises
    ------
    ValueError : saying what would be right.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f'{text!r} is not a matcher; write label="value" or label=~"pattern"')
    label, sign, quoted, bare = found.groups()
    if label not in LABELS:
        raise ValueError(f"{text!r}: incidents have no {label!r}; known: {', '.join(LABELS)}")
    value = bare if quoted is None else re.sub(r"\\([\\\"])", r"\1", quoted)
    try:
        return Matcher(label, value, pattern=sign[-1] == "~", negated=sign[0] == "!")
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Return whether ``labels`` satisfy every one of ``matchers``; none asks for nothing."""
    return all(matcher.matches(labels) for matcher in matchers)
