"""What the model looks at: n-grams of the masked text, and what the reading already knows.

The service's name is masked (``§`` listed, ``¤`` discovered), so that what is learnt about one
service holds for all, also for those nobody has heard of yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from detector.complaints.lexicon import Hit
from detector.complaints.normalise import CJK, masked
from detector.complaints.reading import Reading

GROUPS = (
    "collapse", "collapse_too", "overload", "unreachable", "fault_noun", "server", "down",
    "down_alone", "persists", "over", "response", "report", "planned", "aside",
)  # fmt: skip
STRONG = frozenset({"collapse", "overload", "unreachable", "fault_noun", "down"})
WEAK = frozenset({"collapse_too", "server", "down_alone"})
STATUS = ("given", "listed", "discovered", "unnamed")
FORMS = ("title", "chinese", "latin", "reply", "other")
"""A title has no running text, a reply begins with a handle, other is any other language."""

CHAR_BITS = WORD_BITS = 18
N_HASHED = 2**CHAR_BITS + 2**WORD_BITS
_HASHING = {
    "alternate_sign": False,
    "norm": None,
    "lowercase": False,
    "binary": True,
    "dtype": np.float32,
}
_CHARS = HashingVectorizer(
    analyzer="char_wb", ngram_range=(1, 4), n_features=2**CHAR_BITS, **_HASHING
)
_WORDS = HashingVectorizer(
    analyzer="word",
    # Words of scripts with blanks between them; of the others the characters tell.
    token_pattern=r"[^\W_\u3040-\u30ff\u3400-\u9fff]+(?:'\w+)?|<\w+>|[§¤?!]"  # noqa: S106 - no password
    r"|[\u2600-\u27bf\U0001f300-\U0001faff]",
    ngram_range=(1, 3),
    n_features=2**WORD_BITS,
    **_HASHING,
)
_RUNNING = re.compile(r"[，。！？；,.!?;…]|<url>|<user>")
#: Cyrillic, Arabic, Devanagari and their neighbours; kana; Hangul.
_OTHER_SCRIPT = re.compile("[\u0400-\u10ff\u3040-\u30ff\uac00-\ud7af]")
_LENGTHS = (4, 8, 16, 32)
_RESIDUES = (0, 1, 3, 6, 10, 20, 40)
_GAPS = (0, 2, 5, 10)
_STEM_GAPS = (3, 12, 30)

_FLAGS = (
    *(f"group:{name}" for name in GROUPS),
    *(f"status:{name}" for name in STATUS),
    *(f"{name}+strong" for name in STATUS),
    *(f"{name}+weak" for name in STATUS),
    *(f"{name}+silent" for name in STATUS),
    *(f"length<={n}" for n in _LENGTHS),
    *(f"residue<={n}" for n in _RESIDUES),
    *(f"gap<={n}" for n in _GAPS),
    "fault before name", "fault only in hashtag", "fault at end", "name at start",
    "system", "system+weak", "no service", "no service+weak", "no service+strong", "guarded",
    "question", "exclamation", "link", "mention", "over+fault", "aside+fault",
    "response+fault", "response+unnamed", "report+fault", "planned+fault", "persists+silent",
    "stem", "stems>1", "stems>2", "stem of an end", "stem+end", "no stem",
    "service+stem", "service+no stem", "no service+stem",
    *(f"stem gap<={n}" for n in _STEM_GAPS),
)  # fmt: skip

# Each flag once for all forms and once for its own, so that titles and posts share what holds for
# both and keep what does not (Daumé, "Frustratingly easy domain adaptation", 2007).
FEATURES = tuple(f"{form}|{flag}" for form in ("any", *FORMS) for flag in _FLAGS)


def matrix(readings: Sequence[Reading]) -> sp.csr_matrix:
    """Return shape (n_readings, n_columns): counts of characters, of words, then `FEATURES`."""
    texts = [concealed(reading) for reading in readings]
    flags = np.array([_flags(reading) for reading in readings], dtype=np.float32)
    forms = np.array([FORMS.index(form(reading)) for reading in readings])
    own = [sp.csr_matrix(flags * (forms == i)[:, np.newaxis]) for i in range(len(FORMS))]
    blocks = [_CHARS.transform(texts), _WORDS.transform(texts), sp.csr_matrix(flags), *own]
    return sp.hstack(blocks, format="csr")


def rarity(columns: sp.csr_matrix) -> NDArray[np.float32]:
    """Return the smoothed inverse document frequency of the hashed columns, shape (N_HASHED,)."""
    seen = np.bincount(columns[:, :N_HASHED].indices, minlength=N_HASHED)
    return np.asarray(np.log((1 + columns.shape[0]) / (1 + seen)) + 1, dtype=np.float32)


def weighed(columns: sp.csr_matrix, rarities: NDArray[np.float32]) -> sp.csr_matrix:
    """Return ``columns`` with counts times rarity, each block brought to its own norm.

    Characters have norm 1, words 1.2, a flag is 0.4: how much each may say before regularisation.
    """
    n_chars = 2**CHAR_BITS
    hashed = (columns[:, :n_chars], columns[:, n_chars:N_HASHED])
    weights = (rarities[:n_chars], rarities[n_chars:])
    chars, words = (normalize(h @ sp.diags(w)) for h, w in zip(hashed, weights, strict=True))
    return sp.hstack([chars, 1.2 * words, 0.4 * columns[:, N_HASHED:]], format="csr")


def form(reading: Reading) -> str:
    """Return which of `FORMS` the text has."""
    own = reading.own
    if own.startswith("@"):
        return "reply"
    if reading.stems.foreign or _OTHER_SCRIPT.search(own):
        return "other"
    if not CJK.search(own):
        return "latin"
    return "title" if len(own) <= 30 and not _RUNNING.search(own) else "chinese"


def concealed(reading: Reading) -> str:
    """Return the text with its service as ``§`` (listed) or ``¤`` (discovered), links masked."""
    start, end = reading.place
    if end == 0:
        return masked(reading.own)
    mark = "¤" if reading.discovered else "§"
    return masked(f"{reading.own[:start]} {mark} {reading.own[end:]}")


def _flags(reading: Reading) -> list[float]:
    own, hits = reading.own, reading.hits
    groups = {hit.group for hit in hits}
    strong, weak = bool(groups & STRONG), bool(groups & WEAK)
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
        *_nearness(reading, faults),
        bool(faults) and faults[-1].end >= len(own) - 1,
        reading.place[1] > 0 and reading.place[0] == 0,
        reading.is_system,
        reading.is_system and weak,
        reading.no_service,
        reading.no_service and weak,
        reading.no_service and strong,
        reading.guarded,
        "?" in own,
        "!" in own,
        "<url>" in own,
        "@" in own,
        "over" in groups and bool(faults),
        "aside" in groups and bool(faults),
        "response" in groups and bool(faults),
        "response" in groups and bool(faults) and status == "unnamed",
        "report" in groups and bool(faults),
        "planned" in groups and bool(faults),
        "persists" in groups and not faults,
        *_stem_flags(reading),
    )
    return [float(flag) for flag in flags]


def _stem_flags(reading: Reading) -> tuple[bool, ...]:
    """Return what the fault words of all languages say, beside the groups of the lexicon."""
    stems, (start, end) = reading.stems.faults, reading.place
    service = end > 0 or reading.given
    gaps = [max(first - end, start - last, 0) for first, last in stems] if end > 0 else []
    gap = min(gaps, default=1000)
    return (
        bool(stems),
        len(stems) > 1,
        len(stems) > 2,
        reading.stems.over,
        reading.stems.over and bool(stems),
        not stems,
        service and bool(stems),
        service and not stems,
        not service and bool(stems),
        *(gap <= n for n in _STEM_GAPS),
    )


def _status(reading: Reading) -> str:
    if reading.given:
        return "given"
    if not reading.service:
        return "unnamed"
    return "discovered" if reading.discovered else "listed"


def _residue(reading: Reading) -> int:
    """Return how many characters neither the service nor a lexicon phrase explains."""
    hits = ((hit.start, hit.end) for hit in reading.hits)
    spans = sorted([reading.place, *hits, *reading.stems.faults])
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
    if own.count("#") >= 2 and CJK.search(own):
        return before.count("#") % 2 == 1 and len(own.split("#")[-1].strip()) > 0
    return before.rpartition(" ")[2].startswith("#") and " " in own
