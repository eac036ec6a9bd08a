"""Signatures: how a receiver knows that a message is ours and fresh.

The scheme is that of Standard Webhooks (2023), for which receivers find ready libraries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from detector.domain.times import to_seconds


def signed_headers(message_id: str, at: datetime, body: bytes, secret: bytes) -> Mapping[str, str]:
    """Return the headers that sign ``body``: id, timestamp and HMAC-SHA256 over all three.

    Parameters
    ----------
    message_id : the deduplication key as the receiver sees it; ASCII, without dots that matter.
    at : when it is sent; receivers refuse old timestamps, so replays of a capture fail.
    body : the bytes as sent.
    secret : shared with the receiver.

    References
    ----------
    Standard Webhooks specification, 2023, "Signature scheme".
    """
    timestamp = str(to_seconds(at))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    mark = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode("ascii")
    return {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": f"v1,{mark}",
    }
