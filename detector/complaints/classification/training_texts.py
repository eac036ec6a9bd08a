"""Training texts: templates filled by a seeded generator, joined, tagged and misspelt as in posts.

A file has sections ``[kind channel]``; every further line is one template. ``{slot}`` takes a
value from ``slots.toml``, ``<a|b|>`` one of the alternatives; ``%`` begins a remark.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from detector.complaints.normalise import CJK
from detector.errors import InputError

CHANNELS = ("title", "post", "support")

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"<([^<>|]*(?:\|[^<>|]*)+)>")
_SECTION = re.compile(r"\[(\w+) (\w+)\]$")

Slots = Mapping[str, tuple[str, ...]]

_INNOCENT = 0.8
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


class Filled(NamedTuple):
    """One training text.

    Attributes
    ----------
    text, template : what is said, and the template that it was made from.
    number : which template; texts of the same one are never seen and unseen at once.
    share : among how many texts the weight of the template is divided.
    """

    text: str
    template: Template
    number: int
    share: int


def joined(filled: Sequence[Filled], rng: random.Random, *, number: int) -> list[Filled]:
    """Return ``number`` texts of two or three said one after the other, as longer posts are.

    Whoever says, among other things, that it works again has no complaint; whoever says, among
    other things, that it does not work has one; a remark beside a report leaves it a report.
    """
    pools = {
        place: [one for one in filled if (one.template.path, one.template.channel) == place]
        for place in sorted({(one.template.path, one.template.channel) for one in filled})
        if place[1] != "title"
    }
    sizes = [len(pool) for pool in pools.values()]
    chosen = rng.choices(list(pools.values()), weights=sizes, k=number)
    return [_join(pool, rng) for pool in chosen]


def _join(pool: Sequence[Filled], rng: random.Random) -> Filled:
    quiet = [one for one in pool if one.template.kind == "unrelated"]
    first = rng.choice(pool)
    parts = [first, *rng.choices(quiet, k=rng.choice((1, 1, 2)))]
    rng.shuffle(parts)
    text = rng.choice((" ", ". ", ", ", "! ")).join(part.text for part in parts)
    return Filled(text, first.template, first.number, first.share)


def tagged(filled: Sequence[Filled], rng: random.Random, *, number: int) -> list[Filled]:
    """Return ``number`` Chinese posts under a trending title: ``#title# words``.

    A post under an innocent title is innocent; one under an outage's title is what its words are.
    """
    titles = [one for one in filled if one.template.channel == "title" and CJK.search(one.text)]
    innocent = [one for one in titles if one.template.kind == "unrelated"]
    failing = [one for one in titles if one.template.kind == "outage"]
    posts = [one for one in filled if one.template.channel == "post" and CJK.search(one.text)]
    quiet = [one for one in posts if one.template.kind == "unrelated"]
    pairs = [
        (rng.choice(innocent), rng.choice(quiet))
        if rng.random() < _INNOCENT
        else (rng.choice(failing), rng.choice(posts))
        for _ in range(number)
    ]
    return [
        Filled(f"#{title.text}# {post.text}", post.template, title.number, title.share)
        for title, post in pairs
    ]


def sloppy(text: str, rng: random.Random) -> str:
    """Return ``text`` as people type it: apostrophes forgotten, an emoji or a link behind."""
    if rng.random() < 0.25:
        text = text.replace("'", "")
    if rng.random() < 0.12:
        text += rng.choice(_EMOJI)
    return text + " <url>" if rng.random() < 0.05 else text
