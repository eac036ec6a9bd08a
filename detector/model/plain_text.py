"""What strangers wrote, made safe: to show, for chat rooms, and in the cells of tables."""

from __future__ import annotations

import unicodedata

# Control, format (among them the overrides that turn text around), surrogate, private and
# unassigned characters, and the separators that some programs take for the end of a line.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str, *, longest: int = 200) -> str:
    r"""Return ``text`` on one line, unprintable characters written out as ``\x1b`` or ``\u202e``.

    Parameters
    ----------
    text : anything, for instance a service name taken from a table.
    longest : characters kept; what was cut is marked by an ellipsis.
    """
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(_written_out(c) if unicodedata.category(c) in _UNSAFE else c for c in shown)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


_LOOKALIKES = str.maketrans({"@": "＠", "<": "‹", ">": "›"})


def inert(text: str, *, longest: int = 200) -> str:
    """Return ``text`` as `plain` does, and without what chat rooms take for commands.

    ``@all``, ``<!channel>`` and ``[text](address)`` would call people or lead them astray;
    look-alikes stand for the signs that do it.
    """
    return plain(text, longest=longest).translate(_LOOKALIKES).replace("](", "] (")


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
