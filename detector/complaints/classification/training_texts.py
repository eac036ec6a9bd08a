"""Training texts: own sentences, and templates that a seeded generator fills and misspells.

A file of templates has sections ``[kind channel]``; every further line is one template. ``{slot}``
takes a value from ``slots.toml``, ``<a|b|>`` one of the alternatives; ``%`` begins a remark.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from detector.errors import InputError

CHANNELS = ("title", "post", "support")

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"<([^<>|]*(?:\|[^<>|]*)+)>")
_SECTION = re.compile(r"\[(\w+) (\w+)\]$")

Slots = Mapping[str, tuple[str, ...]]

_EMOJI = ("😭", "😂", "🙄", "😡", "🤔", "...", "!!", "？", "。")


class Template(NamedTuple):
    """One line to be filled: what it is, where it would be said, its text, the file it is from."""

    kind: str
    channel: str
    text: str
    path: str


def parse_slots(toml_text: str) -> Slots:
    """Return the slots' values; a value ``@other`` stands for any value of the slot ``other``."""
    return {name: tuple(values) for name, values in tomllib.loads(toml_text).items()}


def parse_templates(text: str, *, kinds: tuple[str, ...], path: str) -> tuple[Template, ...]:
    """Return the templates of one file in order.

    Raises
    ------
    InputError
        A line stands before the first section, or a section names an unknown kind or channel.
    """
    return tuple(_templates(text, kinds, path))


def _templates(text: str, kinds: tuple[str, ...], path: str) -> Iterator[Template]:
    section: tuple[str, str] | None = None
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line or line.startswith("%"):
            continue
        if head := _SECTION.match(line):
            section = (head[1], head[2])
            if section[0] not in kinds or section[1] not in CHANNELS:
                known = f"kinds are {', '.join(kinds)}; channels are {', '.join(CHANNELS)}"
                raise InputError(f"unknown section {line}: {known}", path=path, line=number)
        elif section is None:
            raise InputError("a text before the first [kind channel]", path=path, line=number)
        else:
            yield Template(*section, line, path)


_KIND = re.compile(r"\[([a-z_]+)\]$")


def parse_sentences(text: str, *, kinds: tuple[str, ...], path: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of every own sentence of a language: sections ``[kind]``, one a line.

    ``ordinary`` is written for what the model calls unrelated.

    Raises
    ------
    InputError
        A line stands before the first section, or a section names an unknown kind.
    """
    kind = ""
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if head := _KIND.match(line):
            kind = "unrelated" if head[1] == "ordinary" else head[1]
            if kind not in kinds:
                known = ", ".join(kinds)
                raise InputError(
                    f"unknown section {line}: kinds are {known}", path=path, line=number
                )
        elif line and not kind:
            raise InputError("a text before the first [kind]", path=path, line=number)
        elif line:
            yield kind, line


def fill(text: str, slots: Slots, rng: random.Random) -> str:
    """Return ``text`` with every alternative and slot decided by ``rng``.

    Raises
    ------
    InputError
        The text asks for a slot that ``slots`` does not have.
    """
    while (chosen := _CHOICE.sub(lambda m: rng.choice(m[1].split("|")), text)) != text:
        text = chosen
    try:
        while (filled := _SLOT.sub(lambda m: _pick(m[1], slots, rng), text)) != text:
            text = filled
    except KeyError as missing:
        raise InputError(f"no slot {missing} for the template {text!r}") from None
    return text.strip()


def _pick(slot: str, slots: Slots, rng: random.Random) -> str:
    value = rng.choice(slots[slot])
    return _pick(value[1:], slots, rng) if value.startswith("@") else value


def fillings(text: str, slots: Slots, rng: random.Random, *, most: int) -> tuple[str, ...]:
    """Return up to ``most`` different fillings of ``text``, in the order in which they came."""
    if not (_SLOT.search(text) or _CHOICE.search(text)):
        return (text,)
    return tuple(dict.fromkeys(fill(text, slots, rng) for _ in range(2 * most)))[:most]


def sloppy(text: str, rng: random.Random) -> str:
    """Return ``text`` as people type it: apostrophes forgotten, an emoji or a link behind."""
    if rng.random() < 0.25:
        text = text.replace("'", "")
    if rng.random() < 0.12:
        text += rng.choice(_EMOJI)
    return text + " <url>" if rng.random() < 0.05 else text
