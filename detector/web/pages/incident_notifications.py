"""Who was notified of an incident, who was not, and why; to be filtered by reason and receiver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from markupsafe import Markup, escape

from detector.model.decision import Decision
from detector.model.delivery import Delivery, DeliveryStatus
from detector.model.plain_text import plain
from detector.views.incident_view import IncidentView
from detector.web.pages.presentation import Presentation


@dataclass(frozen=True, slots=True)
class NotificationLine:
    """A notification that was sent, or a decision to send none.

    Attributes
    ----------
    state : ``sent``, ``pending``, ``dead`` or ``held`` (not sent).
    what, became : which notification, and what became of it and why.
    receiver : whom it is about; empty for the incident as a whole.
    reason : the code of the decision, empty where none is known.
    times : how many decisions in a row the line stands for.
    place : of the decision among those about the incident, from 0: the order of the lines.
    """

    at: datetime
    state: str
    what: Markup
    became: Markup
    receiver: str
    reason: str
    times: int = 1
    place: float = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter offers: its value, its name, on how many decisions it lets through."""

    value: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class NotificationFilters:
    """The filters over the lines: what they offer, and what is chosen (empty: everything)."""

    reasons: Sequence[Choice]
    receivers: Sequence[Choice]
    reason: str = ""
    receiver: str = ""

    def lets_through(self, line: NotificationLine) -> bool:
        """Tell whether ``line`` is what was asked for."""
        return self.reason in ("", line.reason) and self.receiver in ("", line.receiver)


def notifications(view: IncidentView, show: Presentation) -> list[NotificationLine]:
    """Return what was sent and what was not, in the order in which that was decided.

    The same reason in a row is one line.
    """
    found = [*_sent(view, show), *_held(view, show)]
    return sorted(found, key=lambda line: line.place)


def filters_over(
    lines: Sequence[NotificationLine], show: Presentation, *, reason: str, receiver: str
) -> NotificationFilters:
    """Return the filters; values that no line has are taken for none."""
    reasons = _choices((line.reason, line.times) for line in lines)
    receivers = _choices((line.receiver, line.times) for line in lines)
    return NotificationFilters(
        [Choice(code, show.say.reason_name(code), n) for code, n in reasons.items()],
        [Choice(name, plain(name, longest=60), n) for name, n in receivers.items()],
        reason if reason in reasons else "",
        receiver if receiver in receivers else "",
    )


def _choices(found: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    """Return how often each value stands there, the commonest first."""
    numbers: Counter[str] = Counter()
    for value, times in found:
        if value:
            numbers[value] += times
    return dict(numbers.most_common())


def _sent(view: IncidentView, show: Presentation) -> Iterator[NotificationLine]:
    places = {(d.at, d.receiver, d.kind.value): n for n, d in enumerate(view.decisions) if d.kind}
    for delivery in view.deliveries:
        alert = delivery.alert
        found = [places.get((alert.at, who, alert.label)) for who in (delivery.receiver, "")]
        place = next((n for n in found if n is not None), None)
        why = None if place is None else view.decisions[place]
        became = _became(delivery, show)
        if why:
            became += Markup('<br><span class="soft">{}</span>').format(_sentence(why, show))
        yield NotificationLine(
            alert.at,
            delivery.status.value,
            show.html(f"kind.{alert.label}"),
            became,
            delivery.receiver,
            why.reason.value if why else "",
            place=_place_by_time(alert.at, view) if place is None else place,
        )


def _place_by_time(at: datetime, view: IncidentView) -> float:
    """Return the place of what no decision is known of: behind those of before."""
    return sum(decision.at <= at for decision in view.decisions) - 0.5


def _became(delivery: Delivery, show: Presentation) -> Markup:
    match delivery.status:
        case DeliveryStatus.SENT if delivery.sent_at is not None:
            return show.html("page.notifications.sent_at", at=show.when(delivery.sent_at))
        case DeliveryStatus.PENDING if delivery.error:
            return show.html("page.notifications.waiting_error", error=plain(delivery.error))
        case DeliveryStatus.DEAD:
            return show.html("page.notifications.dead", error=plain(delivery.error or ""))
        case status:
            return show.html(f"page.notifications.{status.value}")


def _held(view: IncidentView, show: Presentation) -> Iterator[NotificationLine]:
    by_receiver = sorted(enumerate(view.decisions), key=lambda placed: placed[1].receiver)
    for _, same in groupby(by_receiver, key=lambda placed: _alike(placed[1])):
        (place, first), *more = same
        if first.kind is not None:
            continue
        sentence = escape(_sentence(first, show))
        if more:
            number, last = len(more) + 1, show.when(more[-1][1].at)
            sentence += show.html("page.notifications.repeated", number=number, at=last)
        yield NotificationLine(
            first.at,
            "held",
            show.html("page.notifications.held"),
            sentence,
            first.receiver,
            first.reason.value,
            len(more) + 1,
            place,
        )


def _sentence(decision: Decision, show: Presentation) -> str:
    return show.say.reason(decision.reason, decision.params)


def _alike(decision: Decision) -> tuple[str, str, object, object]:
    return decision.receiver, decision.reason, sorted(decision.params.items()), decision.kind
