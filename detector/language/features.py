"""What the model looks at: n-grams of the masked text, and what the reading already knows.

The service's name is masked (``§`` listed, ``¤`` discovered), so that what is learnt about one
service holds for all, also for those nobody has heard of yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import HashingVectorizer

from detector.language.lexicon import Hit
from detector.language.normalise import masked
from detector.language.reading import Reading

GROUPS = (
    "collapse", "collapse_too", "overload", "unreachable", "fault_noun", "server", "down",
    "down_alone", "persists", "over", "response", "report", "planned", "aside",
)  # fmt: skip
STRONG = frozenset({"collapse", "overload", "unreachable", "fault_noun", "down"})
WEAK = frozenset({"collapse_too", "server", "down_alone"})
STATUS = ("given", "listed", "discovered", "unnamed")

CHAR_BITS, WORD_BITS = 16, 15
_HASHING = {"alternate_sign": False, "norm": "l2", "lowercase": False, "dtype": np.float32}
_CHARS = HashingVectorizer(
    analyzer="char_wb", ngram_range=(1, 4), n_features=2**CHAR_BITS, **_HASHING
)
_WORDS = HashingVectorizer(
    analyzer="word",
    token_pattern=r"[a-z0-9']+|<\w+>|[§¤?!]|[\u2600-\u27bf\U0001f300-\U0001faff]",  # noqa: S106 - no password
    ngram_range=(1, 3),
    n_features=2**WORD_BITS,
    **_HASHING,
)
_CJK = re.compile("[\u3400-\u9fff]")
_RUNNING = re.compile(r"[，。！？；,.!?;…]|<url>|<user>")
_LENGTHS = (4, 8, 12, 20, 40, 80, 160)
_RESIDUES = (0, 1, 3, 6, 10, 20, 40)
_GAPS = (0, 2, 5, 10)

FEATURES = (
    *(f"group:{name}" for name in GROUPS),
    *(f"status:{name}" for name in STATUS),
    *(f"{name}+strong" for name in STATUS),
    *(f"{name}+weak" for name in STATUS),
    *(f"{name}+silent" for name in STATUS),
    *(f"length<={n}" for n in _LENGTHS),
    *(f"residue<={n}" for n in _RESIDUES),
    *(f"title+residue<={n}" for n in _RESIDUES),
    *(f"gap<={n}" for n in _GAPS),
    "fault before name", "fault only in hashtag", "fault at end", "name at start",
    "title", "chinese", "no service", "title+no service", "no service+weak", "no service+strong",
    "question", "exclamation", "link", "mention", "over+fault", "aside+fault",
    "response+fault", "report+fault", "planned+fault", "persists+silent",
)  # fmt: skip


def matrix(readings: Sequence[Reading]) -> sp.csr_matrix:
    """Return shape (n_readings, n_columns): characters, words, then `FEATURES`."""
    texts = [concealed(reading) for reading in readings]
    known = np.array([_known(r) for r in readings], dtype=np.float32)
    blocks = [_CHARS.transform(texts), _WORDS.transform(texts), sp.csr_matrix(known)]
    return sp.hstack(blocks, format="csr")


def concealed(reading: Reading) -> str:
    """Return the text with its service as ``§`` (listed) or ``¤`` (discovered), links masked."""
    start, end = reading.place
    if end == 0:
        return masked(reading.own)
    mark = "¤" if reading.discovered else "§"
    return masked(f"{reading.own[:start]} {mark} {reading.own[end:]}")


def _known(reading: Reading) -> list[float]:
    own, hits = reading.own, reading.hits
    groups = {hit.group for hit in hits}
    strong, weak = bool(groups & STRONG), bool(groups & WEAK)
    is_title = bool(_CJK.search(own)) and len(own) <= 30 and not _RUNNING.search(own)
    status = _status(reading)
    residue = _residue(reading)
    faults = [hit for hit in hits if hit.group in STRONG or hit.group in WEAK]
    flags = (
        *(name in groups for name in GROUPS),
        *(name == status for name in STATUS),
        *(name == status and strong for name in STATUS),
        *(name == status and weak and not strong for name in STATUS),
        *(name == status and not faults for name in STATUS),
        *(len(own) <= n for n in _LENGTHS),
        *(residue <= n for n in _RESIDUES),
        *(is_title and residue <= n for n in _RESIDUES),
        *_nearness(reading, faults),
        bool(faults) and faults[-1].end >= len(own) - 1,
        reading.place[1] > 0 and reading.place[0] == 0,
        is_title,
        bool(_CJK.search(own)),
        reading.no_service,
        is_title and reading.no_service,
        reading.no_service and weak,
        reading.no_service and strong,
        "?" in own,
        "!" in own,
        "<url>" in own,
        "@" in own,
        "over" in groups and bool(faults),
        "aside" in groups and bool(faults),
        "response" in groups and bool(faults),
        "report" in groups and bool(faults),
        "planned" in groups and bool(faults),
        "persists" in groups and not faults,
    )
    return [float(flag) for flag in flags]


def _status(reading: Reading) -> str:
    if reading.given:
        return "given"
    if not reading.service:
        return "unnamed"
    return "discovered" if reading.discovered else "listed"


def _residue(reading: Reading) -> int:
    """Return how many characters neither the service nor a lexicon phrase explains."""
    spans = sorted([reading.place, *((hit.start, hit.end) for hit in reading.hits)])
    covered, reach = 0, 0
    for start, end in spans:
        covered += max(end - max(start, reach), 0)
        reach = max(reach, end)
    return len(reading.own.replace("#", "").replace(" ", "")) - covered


def _nearness(reading: Reading, faults: Sequence[Hit]) -> tuple[bool, ...]:
    """Return the gap flags, fault before name, fault only inside a hashtag."""
    start, end = reading.place
    if not faults:
        return (False,) * (len(_GAPS) + 2)
    after = [hit.start - end for hit in faults if hit.start >= end > 0]
    gap = min(after, default=1000)
    tagged = all(_in_hashtag(reading.own, hit.start) for hit in faults)
    return (*(gap <= n for n in _GAPS), end > 0 and not after, tagged and start > 0)


def _in_hashtag(own: str, place: int) -> bool:
    """Return whether ``place`` lies inside ``#...#``, or inside ``#word`` with words around."""
    before = own[:place]
    if own.count("#") >= 2 and _CJK.search(own):
        return before.count("#") % 2 == 1 and len(own.split("#")[-1].strip()) > 0
    return before.rpartition(" ")[2].startswith("#") and " " in own
