"""The health of a source as JSON, for the API and for the command line."""

from __future__ import annotations

from typing import Any

from detector.model.documents import feed_to_dict
from detector.model.health import SourceHealth
from detector.text.phrasing import Phrasing


def source_health_to_dict(found: SourceHealth, say: Phrasing) -> dict[str, Any]:
    """Return ``found`` as it is stored, with its reason in words (``text``) beside the code."""
    return {**feed_to_dict(found), "text": say.source_reason(found.reason, found.params)}
