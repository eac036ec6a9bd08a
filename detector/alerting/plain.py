"""Inert text: what strangers wrote, made safe for chat rooms beside being plain."""

from __future__ import annotations

from detector.domain.plain import plain

__all__ = ["inert", "plain"]

_LOOKALIKES = str.maketrans({"@": "＠", "<": "‹", ">": "›"})


def inert(text: str, *, longest: int = 200) -> str:
    """Return ``text`` as `plain` does, and without what chat rooms take for commands.

    ``@all``, ``<!channel>`` and ``[text](address)`` would call people or lead them astray;
    look-alikes stand for the signs that do it.
    """
    return plain(text, longest=longest).translate(_LOOKALIKES).replace("](", "] (")
