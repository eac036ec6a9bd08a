"""Which other services the complaints of an incident name: "QQ也崩了" beside "微信崩了"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from detector.alerting.attribution import Mentions
from detector.domain.incident import Incident
from detector.engine.complaints import Archive
from detector.language.complaints import Reader
from detector.language.normalise import fold

#: So many of the latest complaints tell enough.
MOST = 500


def mentions(
    incident: Incident, services: Sequence[str], archive: Archive, reader: Reader, *, at: datetime
) -> Mentions:
    """Return how many of the complaints of ``[earliest start, at)`` name each of ``services``.

    One complaint a voice, the latest; those of unknown authors count each.
    """
    said = archive.about(incident.service, start=incident.onset.earliest, end=at).tail(MOST)
    nameless = said["author"] == ""
    heard = pd.concat([said[nameless], said[~nameless].drop_duplicates("author", keep="last")])
    folded = {service: fold(service).strip() for service in services}
    named: Counter[str] = Counter()
    for text in heard["text"]:
        named.update(_named(fold(text), folded, reader))
    return Mentions(len(heard), dict(named))


def _named(own: str, folded: dict[str, str], reader: Reader) -> set[str]:
    """Return which of the services one folded text names, by any name or literally."""
    found = {place.service for place in reader.names.found(own, reader.lexicon.hits(own))}
    return {service for service, name in folded.items() if service in found or name in own}
