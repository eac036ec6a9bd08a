"""The language of what commands print: ``--lang``, else that of the user's environment.

What machines read (JSON, CSV) is the same in every language.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC

from detector.text.catalogue import LANGUAGES
from detector.text.phrasing import Phrasing, phrasing

#: What POSIX reads; the first one that is set counts.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
_asked: ContextVar[str | None] = ContextVar("language that was asked for", default=None)


def ask_for(code: str | None) -> None:
    """Have this command speak the language ``code``; None: that of the environment."""
    _asked.set(code)


def reader() -> Phrasing:
    """Return what words the output of this command; its times are in UTC."""
    return phrasing(language(), UTC)


def language() -> str:
    """Return the language that was asked for with ``--lang``, else that of the environment."""
    return _asked.get() or environment_language(os.environ)


def environment_language(environment: Mapping[str, str]) -> str:
    """Return the language of a POSIX locale such as ``zh_CN.UTF-8``; English where we lack it.

    Examples
    --------
    >>> environment_language({"LANG": "zh_CN.UTF-8"}), environment_language({"LANG": "C.UTF-8"})
    ('zh', 'en')
    """
    locale = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    code = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return code if code in LANGUAGES else "en"
