"""Which language of the interface a reader wants; every catalogue in `detector.text` is one."""

from __future__ import annotations

from detector.text.catalogue import LANGUAGES

#: Of readers whose languages we do not have.
DEFAULT = "en"
_MOST = 20  # languages that a browser may name


def wanted_language(asked: str | None, cookie: str | None, accepted: str) -> str:
    """Return the code of the language to use.

    Parameters
    ----------
    asked : ``?lang=`` of the address.
    cookie : what the reader chose before.
    accepted : the browser's ``Accept-Language`` (RFC 9110, 2022); ``zh-CN`` is served by ``zh``.
    """
    for code in (asked, cookie, *_by_preference(accepted)):
        primary = (code or "").casefold().partition("-")[0]
        if primary in LANGUAGES:
            return primary
    return DEFAULT


def _by_preference(accepted: str) -> list[str]:
    ranked = []
    for place, part in enumerate(accepted.split(",")[:_MOST]):
        code, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1.0)
        except ValueError:
            weight = 0.0
        ranked.append((-weight, place, code))
    return [code for _, _, code in sorted(ranked)]
