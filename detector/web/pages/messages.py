"""Every message about an incident, sent or not, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup, escape

from detector.alerting.notify import NoticeReason
from detector.alerting.plain import plain
from detector.domain.alert import Alert
from detector.domain.decision import Decision
from detector.domain.delivery import Delivery, DeliveryStatus, Notice
from detector.web.incidents import IncidentView
from detector.web.pages.reader import Reader
from detector.web.pages.spoken import news_told


@dataclass(frozen=True, slots=True)
class Message:
    """A line of the table.

    Attributes
    ----------
    state : ``sent``, ``pending``, ``dead`` or ``held`` (not sent).
    what, whom : which message, to whom.
    became : what became of it, and why.
    """

    at: datetime
    state: str
    what: Markup
    whom: str
    became: Markup


def messages(view: IncidentView, reader: Reader) -> list[Message]:
    """Return what was sent and what was not, in order; the same reason in a row is one line."""
    found = [*_sent(view, reader), *_held(view, reader)]
    return sorted(found, key=lambda message: (message.at, message.whom))


def _sent(view: IncidentView, reader: Reader) -> Iterator[Message]:
    reasons = {(d.at, d.receiver): d.reason for d in view.decisions if d.kind is not None}
    for delivery in view.deliveries:
        alert = delivery.alert
        why = reasons.get((alert.at, delivery.receiver)) or reasons.get((alert.at, ""))
        became = _became(delivery, reader)
        if why:
            became += Markup('<br><span class="soft">{}</span>').format(_reason(why, alert, reader))
        yield Message(
            alert.at,
            delivery.status.value,
            reader.words(f"kind.{alert.label}"),
            plain(delivery.receiver, longest=60),
            became,
        )


def _became(delivery: Delivery, reader: Reader) -> Markup:
    t = reader.words
    match delivery.status:
        case DeliveryStatus.SENT if delivery.sent_at is not None:
            return t("messages.sent_at", at=reader.when(delivery.sent_at))
        case DeliveryStatus.PENDING if delivery.error:
            return t("messages.waiting_error", error=plain(delivery.error))
        case DeliveryStatus.DEAD:
            return t("messages.dead", error=plain(delivery.error or ""))
        case status:
            return t(f"messages.{status.value}")


def _held(view: IncidentView, reader: Reader) -> Iterator[Message]:
    by_receiver = sorted(view.decisions, key=lambda d: (d.receiver, d.at))
    for (receiver, reason, kind), same in groupby(by_receiver, key=_same):
        if kind is not None:
            continue
        first, *more = same
        said = escape(_reason(reason, None, reader))
        if more:
            said += reader.words("messages.repeated", n=len(more) + 1, at=reader.when(more[-1].at))
        whom = plain(receiver, longest=60) or reader.words.text("messages.everybody")
        yield Message(first.at, "held", reader.words("messages.held"), whom, Markup(said))  # noqa: S704 - escaped above


def _reason(sentence: str, alert: Notice | None, reader: Reader) -> str:
    """Return why in the reader's words, where these are known; else as it was written down."""
    known = next((one for one in NoticeReason if sentence.startswith(one.value)), None)
    news = news_told(alert.news, reader) if isinstance(alert, Alert) else ""
    if known is None or (reader.language != "en" and not news):
        return plain(reader.speech.retold(sentence))
    rest = f": {news}" if news else sentence.removeprefix(known.value)
    return reader.words.text(f"reason.{known.name}") + plain(rest)


def _same(decision: Decision) -> tuple[str, str, object]:
    return decision.receiver, decision.reason, decision.kind
