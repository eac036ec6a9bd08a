"""Plain text: what strangers wrote, made safe to show."""

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


# Inert text: what strangers wrote, made safe for chat rooms beside being plain.


__all__ = ["inert", "plain"]

_LOOKALIKES = str.maketrans({"@": "＠", "<": "‹", ">": "›"})


def inert(text: str, *, longest: int = 200) -> str:
    """Return ``text`` as `plain` does, and without what chat rooms take for commands.

    ``@all``, ``<!channel>`` and ``[text](address)`` would call people or lead them astray;
    look-alikes stand for the signs that do it.
    """
    return plain(text, longest=longest).translate(_LOOKALIKES).replace("](", "] (")
