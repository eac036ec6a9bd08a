"""Which service a text names: all aliases in one pass, and which of several the fault is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from detector.complaints.lexicon import Hit, Services, stands_alone
from detector.complaints.normalise import CJK, fold, fold_all

_FAULT_TAIL = re.compile(
    r"(?:is)?(?:down|outage|crash(?:ed|ing)?|fail(?:ed|s)?|broken|issues?|help|support|cares)\b"
)
_BESIDE = 12
_GERUND = re.compile(r"(?!nothing)\w+ing\b")
# "came to twitter to see", "来微博看看": where people look, not what fails.
_LOOKING = re.compile(
    r"(?:来|去|上|逛|刷|跑来|回到|赶紧来|\bon|\bto|\bvia|\bfrom|\bcheck(?:ing|ed)?)\s*[@#]?$"
)
_ELSEWHERE = 40
_AFTER = 3


class Named(NamedTuple):
    """A service named in a text: its canonical name and the place ``[start, end)``."""

    service: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Every alias of every service, and the automaton that finds them.

    Attributes
    ----------
    aliases : folded; ``services[i]`` is the canonical name of ``aliases[i]``.
    owners : the same as a table: alias to canonical name.
    weak : aliases that are ordinary words too.
    """

    aliases: tuple[str, ...]
    services: tuple[str, ...]
    owners: Mapping[str, str]
    weak: frozenset[str]
    automaton: AhoCorasick

    def canonical(self, name: str) -> str:
        """Return the service that ``name`` is an alias of, or ``name`` if it is none's."""
        return self.owners.get(fold(name).strip(), name)

    def found(self, own: str, hits: Sequence[Hit]) -> tuple[Named, ...]:
        """Return the services that the folded text ``own`` names, by place.

        Of overlapping aliases the leftmost counts, of those the longest. A weak alias counts only
        as ``@handle``, ``#hashtag``, beside Chinese, or within 12 characters of one of ``hits``.
        A weak alias in Chinese that goes on where a name ends belongs to it: 支付宝小程序 names
        支付宝, though 小程序 alone is an alias of 微信.
        """
        spans = sorted(self._spans(own, hits), key=lambda span: (span[1], -span[2]))
        kept: list[Named] = []
        for i, start, end in spans:
            if kept and (start < kept[-1].end or self._goes_on(own, i, start, kept[-1])):
                continue
            kept.append(Named(self.services[i], start, end))
        return tuple(kept)

    def _goes_on(self, own: str, alias: int, start: int, before: Named) -> bool:
        glued = start == before.end or own[before.end : start] == "的"
        return glued and self.aliases[alias] in self.weak and bool(CJK.match(own[start]))

    def _spans(self, own: str, hits: Sequence[Hit]) -> Iterator[tuple[int, int, int]]:
        for i, start, end in self.automaton.find_matches_as_indexes(own, overlapping=True):
            if not (stands_alone(own, start, end) or _is_tag(own, start, end)):
                continue
            if self.aliases[i] not in self.weak or _is_meant(own, start, end, hits):
                yield i, start, end


def build_names(services: Services, weak: Iterable[str] = ()) -> Names:
    """Return the index of ``services``; an alias claimed twice belongs to the first claimant."""
    called = [(alias, name) for name, aliases in services.items() for alias in (name, *aliases)]
    folded = fold_all(alias for alias, _ in called).split("\n")
    owner: dict[str, str] = {}
    for alias, (_, name) in zip(folded, called, strict=bool(called)):
        owner.setdefault(alias.strip().lstrip("@#"), name)
    owner.pop("", None)
    automaton = AhoCorasick(tuple(owner), matchkind=MatchKind.Standard)
    return Names(tuple(owner), tuple(owner.values()), owner, frozenset(weak), automaton)


def _is_tag(own: str, start: int, end: int) -> bool:
    """Whether this is ``#wechatdown`` or ``@zoomsupport``: a name glued to a word of trouble."""
    return own[start - 1 : start] in ("#", "@") and bool(_FAULT_TAIL.match(own, end))


def _is_meant(own: str, start: int, end: int, hits: Sequence[Hit]) -> bool:
    if own[start - 1 : start] in ("@", "#"):
        return True
    latin = own[start:end].isascii()
    if latin and any(CJK.match(c) for c in own[max(start - 1, 0) : start] + own[end : end + 1]):
        return True
    return any(
        _tells_of(own[hit.start : hit.end], hit.start - end, start - hit.end) for hit in hits
    )


def _tells_of(fault: str, after: int, before: int) -> bool:
    """Whether a fault word, so many characters after or before a weak alias, may be about it.

    "zoom is down" is about Zoom; "I keep crashing" and "keep it down" are not about Keep.
    """
    if fault == "down":
        return after == 1
    return 0 <= before <= _BESIDE or (0 <= after <= _BESIDE and not _GERUND.match(fault))


def about(named: Sequence[Named], hits: Sequence[Hit], own: str) -> Named | None:
    """Return the service that the fault words are about, None if none is named.

    The rule: the one with the smallest distance to a fault word, in characters. One named after
    the fault word is taken to be 3 further away ("wechat is down, back to weibo"), one that is
    only the place where people look ("来微博看看", "on twitter") 40; on a tie, and without fault
    words, the one named first.
    """
    if not named:
        return None
    return min(named, key=lambda name: (_distance(name, hits, own), name.start))


def _distance(name: Named, hits: Sequence[Hit], own: str) -> int:
    away = _ELSEWHERE if _LOOKING.search(own[max(name.start - 12, 0) : name.start]) else 0
    gaps = [
        hit.start - name.end if hit.start >= name.end else name.start - hit.end + _AFTER
        for hit in hits
    ]
    return away + max(min(gaps, default=0), 0)
