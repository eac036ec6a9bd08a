"""Alerts as CloudEvents, for event buses and brokers.

References
----------
CloudEvents specification 1.0, 2019, with its JSON format (structured mode).
"""

from __future__ import annotations

import json

from detector.domain.alert import Alert
from detector.domain.delivery import Notice
from detector.domain.times import iso
from detector.sinks.document import document
from detector.sinks.webhook import Form

SCHEMA = "urn:outage-detector:alert:1"
"""Names the shape of ``data``; it changes when that does in a way that breaks readers."""


def cloud_events(source: str) -> Form:
    """Return the form of a webhook that posts CloudEvents in structured mode.

    ``source`` and ``id``, the deduplication key, tell a repeated event from a new one.

    Parameters
    ----------
    source : URI reference of this detector, e.g. its public address.
    """

    def body(alert: Notice) -> bytes:
        event = {
            "specversion": "1.0",
            "id": alert.key,
            "source": source,
            "type": f"outage-detector.{_type(alert)}",
            "subject": alert.about,
            "time": iso(alert.at),
            "dataschema": SCHEMA,
            "datacontenttype": "application/json",
            "data": json.loads(document(alert, ascii_only=True)),
        }
        return json.dumps(event, ensure_ascii=True, allow_nan=False).encode()

    return Form("application/cloudevents+json; charset=utf-8", body)


def _type(alert: Notice) -> str:
    if isinstance(alert, Alert):
        return f"incident.{alert.kind.value}"
    return f"feed.{alert.feed.state.value}"
