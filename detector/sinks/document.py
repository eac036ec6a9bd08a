"""The JSON document that receivers get."""

from __future__ import annotations

import json
import math
from typing import Any

from detector.domain.alert import Alert
from detector.domain.wire import alert_to_dict


def document(alert: Alert, *, ascii_only: bool) -> bytes:
    """Return the alert as one line of strict JSON, numbers that JSON lacks as null.

    Parameters
    ----------
    alert : what to send; the shape is that of `detector.domain.wire.alert_to_dict`.
    ascii_only : escape everything else, so that nobody has to guess an encoding; otherwise UTF-8,
        which people can read.
    """
    fields = _strict(alert_to_dict(alert))
    text = json.dumps(fields, ensure_ascii=ascii_only, allow_nan=False)
    # A lone surrogate, which UTF-8 cannot hold, becomes the JSON escape of itself.
    return text.encode("utf-8", "backslashreplace")


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_strict(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
