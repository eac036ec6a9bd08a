"""Sentences that were written down in English, said again in another language.

What the engine decides it records with its reason as a sentence, and so does the catalogue: whoever
reads in another language gets it from a table. What no table knows stays as it was written.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping

#: Longer ones were not written by us.
_LONGEST = 2000
#: Names of blanks, and what may stand there; anything may in others. Components and regions have a
#: translation of their own.
_NAMES = "names"
#: These hold what we wrote ourselves.
_OURS = frozenset({"author", "because"})
_HELD = {
    **dict.fromkeys(("id", "until"), r"\S+?"),
    **dict.fromkeys(("n", "share", "seen", "expected"), r"[\d.,%]+?"),
    **dict.fromkeys((_NAMES, "source", "services"), "[^;]+?"),
}


class Retelling:
    """Says sentences again.

    Parameters
    ----------
    sentences : by the English one. ``{blanks}`` hold what is different each time. Of several that
        fit, the first is taken.
    names : of components, regions and platforms.
    colon, semicolon : what joins a sentence and its details, and details, in the other language.
    """

    def __init__(
        self,
        sentences: Mapping[str, str],
        names: Mapping[str, str],
        *,
        colon: str = "：",
        semicolon: str = "；",
    ) -> None:
        self._exact = dict(sentences)
        self._names = names
        self._colon, self._semicolon = colon, semicolon
        self._patterns = [
            (re.compile(_pattern(english), re.DOTALL), said)
            for english, said in sentences.items()
            if "{" in english
        ]

    def __call__(self, sentence: str) -> str:
        """Return ``sentence`` in the other language, or as it is."""
        if len(sentence) > _LONGEST:
            return sentence
        return self._known(sentence) or sentence

    def _known(self, sentence: str) -> str | None:
        """Return the sentence said again, None if it is not known."""
        if (said := self._exact.get(sentence)) is not None:
            return said
        for pattern, said in self._patterns:
            if found := pattern.fullmatch(sentence):
                return said.format(**dict(self._filled(found.groupdict())))
        parts = sentence.split("; ")
        if len(parts) > 1 and any(self._known(part) is not None for part in parts):
            return self._semicolon.join(map(self, parts))
        head, colon, tail = sentence.partition(": ")
        if colon and (known := self._known(head)) is not None:
            return f"{known}{self._colon}{self(tail)}"
        return None

    def _filled(self, blanks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in blanks.items():
            if name == _NAMES:
                yield name, "、".join(self._names.get(one, one) for one in value.split(", "))
            else:
                yield name, self(value) if name in _OURS else value


def _pattern(english: str) -> str:
    """Return the expression that finds ``english`` with its blanks filled in."""
    parts = []
    for text, blank, _, _ in string.Formatter().parse(english):
        parts.append(re.escape(text))
        if blank:
            parts.append(f"(?P<{blank}>{_HELD.get(blank, '.+?')})")
    return "".join(parts)
