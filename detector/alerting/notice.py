"""Notices: the message that one receiver gets, and the reason as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from detector.alerting.heard import Heard
from detector.alerting.muting import Mute
from detector.alerting.notify import Case, NoticeReason
from detector.domain.alert import NO_NEWS, Alert, News

_ABOUT_AN_ORIGIN = (NoticeReason.ECHO, NoticeReason.OUTGREW, NoticeReason.OUTLIVED)


def news_since(alerts: Sequence[Alert], heard: Heard) -> News:
    """Return all the news that the receiver missed, as one."""
    missed = [alert.news for alert in alerts if alert.sequence > heard.sequence and alert.news]

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for news in missed for value in getattr(news, name)}))

    return News(all_of("components"), all_of("regions"), all_of("sources")) if missed else NO_NEWS


def message(case: Case, reason: NoticeReason, news: News, at: datetime) -> Alert:
    """Return what the receiver is sent: the alert itself where it says just that.

    Everything else is a message of its own, with a key of its own that is the same whatever
    crashed in between: its number among those to this receiver.
    """
    if reason.kind is None:
        raise ValueError(f"{reason} sends nothing")
    if reason.kind is case.alert.kind and (case.fresh or reason is NoticeReason.ENDED):
        return case.alert
    told = news if reason in (NoticeReason.NEWS, NoticeReason.ECHOES) else NO_NEWS
    number = case.heard.messages + 1
    return replace(case.alert, kind=reason.kind, at=at, news=told, notice=number)


def sentence_of(reason: NoticeReason, mute: Mute | None, alert: Alert, news: News) -> str:
    """Return the reason as people read it."""
    if mute is not None and reason is mute.reason:
        return mute.sentence
    if reason in (NoticeReason.NEWS, NoticeReason.ECHOES):
        return f"{reason.value}: {news.sentence}"
    if reason in _ABOUT_AN_ORIGIN and alert.attribution is not None:
        likely = alert.attribution
        return f"{reason.value} ({likely.origin_id}): {likely.sentence}"
    return str(reason.value)
