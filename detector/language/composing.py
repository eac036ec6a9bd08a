"""Texts as they are met: several things said in one post, hashtags, sloppy spelling."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from detector.language.normalise import CJK
from detector.language.templates import Template

_INNOCENT = 0.8
_EMOJI = ("😭", "😂", "🙄", "😡", "🤔", "...", "!!", "？", "。")


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
