"""Services nobody configured: "X崩了", "is X down", "#Xdown" name their subject themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ahocorasick_rs import AhoCorasick

from detector.complaints.normalise import fold

_CLAUSE = 24
_SHORT = 16
_LONGEST, _LONGEST_PLAIN = 14, 9
_STOP = re.compile(r"[\s，。！？、；：…~～,.!?;:()（）【】\[\]《》<>“”\"'「」|/\\@#]+")
_NUMBER = re.compile(r"[零一二三四五六七八九十\d]+.?$")
_NAME = r"[a-z0-9][\w.\-&+]*"
TAG = re.compile(r"#([a-z][a-z0-9_]{1,24}?)(?:is|are)?(?:down|outage|crashed)\b")
"""A hashtag that says that its subject is down."""
# "#lockdown", "#countdown": words of their own.
_WORDS_WITH_DOWN = re.compile(
    "break|clamp|count|crack|down|knock|lay|let|lock|low|mark|melt|put|rub|run|show|shut|slow|"
    "stand|sun|thumbs|touch|tumble|turn|up|upside|wind"
)
# One of these is in whatever the patterns below match; looking for it first is quick.
_TELLING = re.compile(
    "down|offline|broken|crash|working|unavailable|outage|server|bug|"
    "@[a-z]\\w*(?:support|help|care|status|assist)|@(?:ask|team)"
)
_ENGLISH = (
    re.compile(
        rf"\b(?:is|are) (?:the )?@?({_NAME}(?: {_NAME}){{0,2}}?) "
        r"(?:down|offline|not working|broken|crashing)\b"
    ),
    re.compile(
        rf"({_NAME}(?: (?:app|website|web|servers?|store|login|mail|cloud|pay|bank))?)"
        r"(?: (?:is|are|has been|just went|went|keeps|has)|'s)"
        r"(?: (?:currently|completely|all|still|totally|just|literally))?"
        r" (?:down|offline|crashing|crashed|not working|broken|unavailable|gone down)\b"
    ),
    re.compile(rf"^({_NAME}(?: {_NAME}){{0,2}}?) (?:down|outage|servers?|server down|bug)\W*$"),
    re.compile(r"@([a-z]\w{1,24}?)_?(?:support|helps|help|cares|care|status|assist)\b"),
    re.compile(r"@(?:ask|team)_?([a-z]\w{1,24})\b"),
)


@dataclass(frozen=True, slots=True)
class SubjectWords:
    """Which words bound a subject and which subjects are no service.

    Attributes
    ----------
    between, lead : what is stripped from a subject's end and start.
    heads, people : ends of names, and words within them, that fail without being a service.
    systems : ends of names that are a service whatever stands before them.
    parts : parts of a service, as the rest of a longer name.
    function : particles, pronouns and the like, which hardly stand in a name in running text.
    ordinary : Latin words that are no name.
    """

    between: re.Pattern[str]
    lead: re.Pattern[str]
    heads: tuple[str, ...]
    people: AhoCorasick
    systems: tuple[str, ...]
    parts: re.Pattern[str]
    function: re.Pattern[str]
    ordinary: frozenset[str]

    def before(self, own: str, start: int) -> str:
        """Return the subject that ends right before ``own[start]``, ``""`` if there is none."""
        chunk = self._chunk(own, start)
        tagged = own[: start - len(chunk)].rstrip().endswith(("#", "【")) or own.startswith(chunk)
        if not (tagged or len(own) <= _SHORT) and (len(chunk) > 6 or self.function.search(chunk)):
            return ""
        if not 2 <= len(chunk) <= self._longest(chunk) or chunk in self.ordinary:
            return ""
        if "回应" in chunk or (_NUMBER.match(chunk) and not chunk.isascii()):
            return ""
        if self.is_system(chunk):
            return chunk
        return "" if "的" in chunk or self.is_no_service(chunk) else chunk

    def forbids(self, own: str, start: int) -> bool:
        """Return whether what ends right before ``own[start]`` fails without being a service."""
        chunk = self._chunk(own, start)
        return self.is_no_service(chunk) and not self.is_system(chunk)

    def is_system(self, name: str) -> bool:
        """Return whether ``name`` ends like a system ("报名系统", "官网")."""
        return name.endswith(self.systems)

    def is_no_service(self, text: str) -> bool:
        """Return whether ``text`` ends with a mood, a machine and the like, or speaks of people."""
        return text.endswith(self.heads) or bool(self.people.find_matches_as_indexes(text))

    def _chunk(self, own: str, start: int) -> str:
        chunk = _STOP.split(own[max(start - _CLAUSE, 0) : start].rstrip())[-1]
        return self.bare(self.lead.sub("", chunk))

    def bare(self, chunk: str) -> str:
        """Return ``chunk`` without the adverbs and particles at its end."""
        while len(shorter := self.between.sub("", chunk)) < len(chunk):
            chunk = shorter
        return chunk

    def in_english(self, own: str) -> str:
        """Return the first Latin name that ``own`` says is down, ``""`` if there is none."""
        if not _TELLING.search(own):
            return ""
        for pattern in (TAG, *_ENGLISH):
            for match in pattern.finditer(own):
                if pattern is TAG and _WORDS_WITH_DOWN.fullmatch(match[1]):
                    continue
                words = match[1].split()
                while words and words[0] in self.ordinary:
                    words.pop(0)
                if words and len(words[0]) > 1 and not words[0].isdigit():
                    return " ".join(words)
        return ""

    def _longest(self, chunk: str) -> int:
        """Chinese says more per character; a longer run of it is a clause, not a name."""
        return _LONGEST if chunk.isascii() or self.is_system(chunk) else _LONGEST_PLAIN


def parse_subject_words(table: Mapping[str, Any]) -> SubjectWords:
    """Return the words of the table ``[subject]`` of a lexicon; raises `KeyError` for a gap."""
    parts = _either(table["parts"])
    return SubjectWords(
        between=re.compile(f"(?:回应(?:{parts})?|{_either(table['between'])}|(?<!成)都)$"),
        lead=re.compile(f"^(?:{_either(table['lead'])})+"),
        heads=tuple(map(fold, table["heads"])),
        people=AhoCorasick(tuple(map(fold, table["people"]))),
        systems=tuple(map(fold, table["systems"])),
        parts=re.compile(f"(?:{parts})+$"),
        function=re.compile(f"[{re.escape(table['function'])}]|{_either(table['clauses'])}"),
        ordinary=frozenset(map(fold, table["ordinary"])),
    )


def discovered(own: str, faults: Sequence[int], words: SubjectWords) -> str:
    """Return the unlisted subject that fails in the folded text ``own``, ``""`` if there is none.

    ``faults`` are the places where fault words that may follow their subject begin.
    "画包包又崩了" names 画包包; "心态崩了" and "is it down" name nothing.
    """
    subjects = (words.before(own, start) for start in faults)
    return next(filter(None, subjects), "") or words.in_english(own)


def _either(phrases: Iterable[str]) -> str:
    """Return an alternation of the folded ``phrases``, longest first."""
    folded = sorted({fold(phrase) for phrase in phrases}, key=lambda p: (-len(p), p))
    return "|".join(map(re.escape, folded))
