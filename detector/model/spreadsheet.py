"""The guard of table cells: what strangers wrote is never a formula to a spreadsheet."""

from __future__ import annotations

import unicodedata

#: A cell that begins with one of these is calculated; some programs read the full-width signs too.
_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
#: Spreadsheets skip some of these before they look for a sign: controls and separators (Unicode's
#: general categories C and Z).
_SKIPPED = "CZ"


def guard_cell(text: str) -> str:
    """Return the text of a cell, an apostrophe in front where a spreadsheet would calculate it.

    Guarded are texts whose first visible character is ``=``, ``+``, ``-`` or ``@``, in either
    width, and texts that begin with a tab or the end of a line, which some programs drop with what
    stands before it. The apostrophe makes it text to every spreadsheet; everything else stays as
    it is, line breaks and quotes included: those are the writer's to quote.

    Examples
    --------
    >>> guard_cell("WeChat"), guard_cell("=1+1"), guard_cell(" ＝1+1")
    ('WeChat', "'=1+1", "' ＝1+1")
    """
    return f"'{text}" if _is_calculated(text) else text


def _is_calculated(text: str) -> bool:
    if text.startswith(("\t", "\r", "\n")):
        return True
    first = next((c for c in text if unicodedata.category(c)[0] not in _SKIPPED), "")
    return first in _SIGNS
