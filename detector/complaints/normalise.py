"""One form for texts that look different and mean the same; only the author's own words.

`fold` gives the form in which everything is matched: NFKC, case-folded, traditional script
simplified, curly quotes straightened, invisible characters dropped. It maps characters, never
words, so that a text can be folded together with its neighbours (`fold_all`) or alone with the
same result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from opencc import OpenCC

URL = re.compile(r"(?:https?://|www\.)[^\s一-鿿，。！？、“”]+|\bt\.cn/\w+")
CJK = re.compile("[\u3400-\u9fff]")
MENTION = re.compile(r"@[\w\-·]{1,40}")

# Zero-width and soft characters that hide words from matchers, and the selectors that only say
# how an emoji is drawn. The joiner inside composed emoji (U+200D) stays.
_INVISIBLE = "\u00ad\u200b\u200c\u2060\ufeff\ufe0e\ufe0f"
_STRAIGHT = {"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"'}

_RETWEET = re.compile(r"//\s*@[^\s:：]+\s*[:：]?|\brt @\w+:?|\|\|\s*@[^\s:：]+\s*[:：]")
_REPLY = re.compile(r"^\s*回复\s*@[^\s:：]+\s*[:：]")
_FOOTER = re.compile(r"\s\S{1,24}的微博(?:视频|直播|图片)\s*$|\s*(?:收起|展开)(?:全文|d|c)?\s*$")
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


@cache
def _characters() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what is replaced character by character: a class to find it and a table."""
    simplify = OpenCC("t2s").convert
    blocks = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
    table = {chr(o): simplify(chr(o)) for block in blocks for o in block}
    table = {old: new for old, new in table.items() if new != old and len(new) == 1}
    # Full-width forms are in every Chinese post: replaced here, they leave most lines in NFKC.
    wide = (chr(o) for o in (*range(0xFF01, 0xFF5F), 0x3000, 0x2026))
    table |= {char: unicodedata.normalize("NFKC", char) for char in wide}
    table |= dict.fromkeys(_INVISIBLE, "") | _STRAIGHT
    return re.compile(f"[{''.join(map(re.escape, table))}]"), table


def fold(text: str) -> str:
    """Return ``text`` in the form in which aliases and fault words are matched."""
    plain = _plain(_replaced(text)).casefold()
    return _plain(_replaced(plain))


def fold_all(texts: Iterable[str]) -> str:
    """Return the folded texts, one a line; line breaks inside a text become spaces.

    One call over a whole batch is an order of magnitude faster than a call per text. Line ``i``
    is ``fold`` of text ``i`` with its breaks turned into spaces.
    """
    return fold("\n".join([t if t.isprintable() else _BREAKS.sub(" ", t) for t in texts]))


def _replaced(text: str) -> str:
    found, table = _characters()
    return found.sub(lambda m: table[m[0]], text)


def _plain(text: str) -> str:
    """Return ``text`` in NFKC; only lines that are not in it already are touched."""
    if unicodedata.is_normalized("NFKC", text):
        return text
    lines = text.split("\n")
    return "\n".join(
        [
            ln if unicodedata.is_normalized("NFKC", ln) else unicodedata.normalize("NFKC", ln)
            for ln in lines
        ]
    )


def own_words(folded: str) -> str:
    """Return what the author wrote: the text before a retweet chain, without ``回复@name:``.

    What Weibo itself appends ("someone的微博视频") goes too: it names Weibo in every such post.

    Examples
    --------
    >>> own_words("我的也是//@小明:微信崩了")
    '我的也是'
    >>> own_words("rt @ann: wechat is down")
    ''
    """
    return _FOOTER.sub("", _REPLY.sub("", _RETWEET.split(folded, maxsplit=1)[0])).strip()


def masked(own: str) -> str:
    """Return ``own`` with links as ``<url>``, mentions as ``<user>`` and hash signs as spaces."""
    return MENTION.sub("<user>", URL.sub("<url>", own)).replace("#", " ").strip()
