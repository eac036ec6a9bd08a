"""The JSON document that receivers get."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from detector.model.delivery import Notice
from detector.model.documents import notice_to_dict

# Controls beyond ASCII, direction marks and overrides, zero-width signs, separators, surrogates.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def document(alert: Notice, *, ascii_only: bool) -> bytes:
    """Return the alert as one line of strict JSON, numbers that JSON lacks as null.

    Parameters
    ----------
    alert : what to send; the shape is that of `detector.model.documents.notice_to_dict`.
    ascii_only : escape everything else, so that nobody has to guess an encoding; otherwise UTF-8,
        which people can read (but for what would turn the text around, or is not seen).
    """
    fields = _strict(notice_to_dict(alert))
    text = json.dumps(fields, ensure_ascii=ascii_only, allow_nan=False)
    # All of it is inside of strings; among it are lone surrogates, which UTF-8 cannot hold.
    escaped = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return escaped.encode("utf-8")


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_strict(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
