"""Texts from a grammar: a symbol stands for one of its phrases, which may hold symbols again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detector.errors import InputError

Phrase = tuple[tuple[str, bool], ...]
"""Pieces of a phrase in order: (literal text, False) or (symbol, True)."""

AUTHOR_SYMBOLS = frozenset({"PLACE", "PHONE"})
"""Symbols whose phrases come from the author, not from the grammar."""

_SYMBOL = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Grammar:
    """The phrases of one language.

    Attributes
    ----------
    phrases : the choices per symbol, each split into pieces; every symbol that occurs is known.
    """

    phrases: Mapping[str, tuple[Phrase, ...]]

    def grow(self, symbol: str, dice: Iterator[int], author: Mapping[str, Sequence[str]]) -> str:
        """Return a text grown from ``symbol``.

        Parameters
        ----------
        dice : random non-negative integers, one is taken per choice.
        author : the choices of the `AUTHOR_SYMBOLS`.
        """
        pieces: list[str] = []
        self._append(symbol, dice, author, pieces)
        return "".join(pieces).strip()

    def _append(
        self,
        symbol: str,
        dice: Iterator[int],
        author: Mapping[str, Sequence[str]],
        pieces: list[str],
    ) -> None:
        if symbol in AUTHOR_SYMBOLS:
            words = author[symbol]
            pieces.append(words[next(dice) % len(words)])
            return
        choices = self.phrases[symbol]
        for text, is_symbol in choices[next(dice) % len(choices)]:
            if is_symbol:
                self._append(text, dice, author, pieces)
            else:
                pieces.append(text)


def parse_grammar(choices: Mapping[str, Sequence[str]], *, key: str) -> Grammar:
    """Return the grammar of ``symbol -> phrases``; ``key`` names it in messages.

    Raises
    ------
    InputError
        If a symbol has no phrase, is used but not defined, or leads back to itself.
    """
    phrases = {symbol: tuple(map(_pieces, texts)) for symbol, texts in choices.items()}
    for symbol, options in phrases.items():
        if not options:
            raise InputError("a symbol needs at least one phrase", column=f"{key}.{symbol}")
        unknown = sorted(_symbols_in(options) - phrases.keys() - AUTHOR_SYMBOLS)
        if unknown:
            raise InputError(
                f"{{{unknown[0]}}} is not a symbol of this language; known: {_names(phrases)}",
                column=f"{key}.{symbol}",
            )
    _refuse_loops(phrases, key)
    return Grammar(phrases)


def _pieces(text: str) -> Phrase:
    parts = _SYMBOL.split(text)
    return tuple((part, i % 2 == 1) for i, part in enumerate(parts) if part)


def _symbols_in(options: Sequence[Phrase]) -> set[str]:
    return {text for phrase in options for text, is_symbol in phrase if is_symbol}


def _names(phrases: Mapping[str, object]) -> str:
    return ", ".join(sorted(phrases))


def _refuse_loops(phrases: Mapping[str, tuple[Phrase, ...]], key: str) -> None:
    finite = set(AUTHOR_SYMBOLS)
    waiting = {symbol: _symbols_in(options) for symbol, options in phrases.items()}
    while ready := [symbol for symbol, needs in waiting.items() if needs <= finite]:
        finite.update(ready)
        for symbol in ready:
            del waiting[symbol]
    if waiting:
        raise InputError(f"these symbols lead back to themselves: {_names(waiting)}", column=key)
