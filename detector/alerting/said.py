"""What people say in an incident, as facts of a message: what fails, where, on what, how worded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detector.alerting.plain import plain
from detector.domain.details import Details

_LABELS = (("component", "fails"), ("region", "where"), ("platform", "on"))
_MOST = 8


def facts_said(details: Details) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of what the complaints of an incident say, in the order of reading."""
    for facet, label in _LABELS:
        hit, spared = details.telling(facet)
        if hit and spared:
            yield label, f"{_listed(hit)}; not {_listed(spared)}"
        elif hit:
            yield label, _listed(hit)
    yield "voices", _voices(details)
    if details.words:
        yield "words", ", ".join(plain(word, longest=24) for word in details.words[:_MOST])
    for number, sample in enumerate(details.samples):
        yield "they say" if number == 0 else "", f'"{plain(sample.text, longest=140)}"'


def _voices(details: Details) -> str:
    told = f"{_many(details.voices, 'voice')} in {_many(details.posts, 'post')}"
    return f"{told}, {details.linked:.0%} with a link" if details.linked >= 0.005 else told


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    shown = [plain(name, longest=40) for name in names[:_MOST]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
