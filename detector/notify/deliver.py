"""Delivery: what the outbox holds is sent until a receiver has it, refuses it, or time is up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.errors import Rejected, Unreachable
from detector.model.alert import Alert
from detector.model.delivery import Delivery, DeliveryStatus, Notice
from detector.notify.receiver import Receiver, SourceAlertReceiver
from detector.store.base import Store


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patiently a receiver is asked again.

    Attributes
    ----------
    first : pause after the first failure; each further failure doubles it.
    longest : the pause does not grow beyond this.
    longest_asked : a receiver that asks for a longer pause gets this one, since an alert that
        waits for hours helps nobody.
    give_up_after : a failure this long after the alert was recorded is the last.
    """

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=10)
    longest_asked: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=24)


def next_attempt(
    attempts: int,
    now: datetime,
    key: str,
    retry_after: float | None,
    *,
    policy: RetryPolicy = RetryPolicy(),
) -> datetime:
    """Return when to try again.

    Parameters
    ----------
    attempts : failures so far, this one included, >= 1.
    now : when the last attempt was made.
    key : receiver and deduplication key; it decides the jitter, so that many deliveries that
        failed together do not return together, and yet the same one always returns alike.
    retry_after : the pause in seconds that the receiver asked for, or None.

    Returns
    -------
    ``now`` plus between 80 and 120 % of the doubled pause, and never before ``retry_after``.
    """
    # 2**40 first pauses outlast every `longest`; an exponent without bound would overflow.
    pause = min(policy.first * 2 ** min(attempts - 1, 40), policy.longest)
    seconds = pause.total_seconds() * (0.8 + 0.4 * _fraction(f"{key}#{attempts}"))
    if retry_after is not None:
        seconds = max(seconds, min(retry_after, policy.longest_asked.total_seconds()))
    return now + timedelta(seconds=seconds)


def is_given_up(delivery: Delivery, now: datetime, *, policy: RetryPolicy) -> bool:
    """Whether a failure at ``now`` is the last that is borne.

    Age counts from the record in the outbox, not from the alert: after a long standstill what
    waited is still tried once.
    """
    return now - (delivery.recorded_at or delivery.due_at) >= policy.give_up_after


def _fraction(text: str) -> float:
    """Return a number in [0, 1) that depends on ``text`` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48


_BATCH = 10_000  # messages read at once: a bound on memory, no more
_LONGEST_ERROR = 500  # characters


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one pass over the outbox did; deliveries are as they are after it.

    Attributes
    ----------
    sent : taken by their receivers.
    retried : failed, and due again later.
    dead : refused for good, or failing for too long.
    """

    sent: tuple[Delivery, ...] = ()
    retried: tuple[Delivery, ...] = ()
    dead: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outcome:
    delivery: Delivery
    reached: bool = True
    bug: Exception | None = None


def deliver(
    store: Store,
    receivers: Mapping[str, Receiver],
    *,
    now: datetime,
    policy: RetryPolicy = RetryPolicy(),
    stopping: Callable[[], bool] = lambda: False,
) -> DeliveryReport:
    """Send everything that is due at ``now``, in order within each incident and receiver.

    A receiver that cannot be reached is left in peace for the rest of the pass, so that its
    timeouts do not add up while others wait; what it did not get stays due. Each outcome is
    recorded before the next message is sent: a crash repeats at most one message, with its key.

    Parameters
    ----------
    store : holds the outbox.
    receivers : where to send, by receiver name. What is due to an unknown name waits as if
        unreachable, since a receiver that was renamed by mistake may come back.
    now : time of the pass; retries count from it.
    stopping : asked before each message; once true the pass ends, and what is left stays due.

    Raises
    ------
    ExceptionGroup : receivers failed with something else than a `DeliveryError`. Those are bugs;
        they are raised at the end, when all else is sent and the failures are recorded.
    StoreError : the outbox cannot be read or written.
    """
    outcomes: list[_Outcome] = []
    resting: set[str] = set()
    while batch := [d for d in store.due(now, limit=_BATCH) if d.receiver not in resting]:
        for delivery in batch:
            if stopping():
                return _finished(outcomes)
            if delivery.receiver in resting:
                continue
            outcome = _attempt(delivery, receivers, now=now, policy=policy)
            _record(store, outcome.delivery, now=now)
            outcomes.append(outcome)
            if not outcome.reached:
                resting.add(delivery.receiver)
    return _finished(outcomes)


def _attempt(
    delivery: Delivery, receivers: Mapping[str, Receiver], *, now: datetime, policy: RetryPolicy
) -> _Outcome:
    tried = replace(delivery, attempts=delivery.attempts + 1)
    try:
        _send(_receiver(delivery.receiver, receivers), delivery.alert)
    except Rejected as error:
        return _Outcome(replace(tried, status=DeliveryStatus.DEAD, error=_reason(error)))
    except Unreachable as error:
        return _Outcome(_postponed(tried, error, now=now, policy=policy), reached=False)
    except Exception as bug:
        # Raised at the end of the pass. Here only its type: its text might hold a secret.
        failure = Unreachable(f"the receiver failed with {type(bug).__name__}, see the log")
        return _Outcome(_postponed(tried, failure, now=now, policy=policy), reached=False, bug=bug)
    return _Outcome(replace(tried, status=DeliveryStatus.SENT, sent_at=now, error=None))


def _send(receiver: Receiver, notice: Notice) -> None:
    if isinstance(notice, Alert):
        receiver.send(notice)
    elif isinstance(receiver, SourceAlertReceiver):
        receiver.send_source_alert(notice)
    else:
        raise Rejected(f"{receiver.name}: cannot be notified of sources")


def _receiver(name: str, receivers: Mapping[str, Receiver]) -> Receiver:
    if name not in receivers:
        raise Unreachable(f"config.toml has no receiver {name!r}")
    return receivers[name]


def _postponed(
    tried: Delivery, failure: Unreachable, *, now: datetime, policy: RetryPolicy
) -> Delivery:
    if is_given_up(tried, now, policy=policy):
        reason = f"given up after {tried.attempts} attempts: {failure}"
        return replace(tried, status=DeliveryStatus.DEAD, error=_reason(reason))
    due_at = next_attempt(
        tried.attempts,
        now,
        f"{tried.receiver}/{tried.alert.key}",
        failure.retry_after,
        policy=policy,
    )
    return replace(tried, due_at=due_at, error=_reason(failure))


def _record(store: Store, after: Delivery, *, now: datetime) -> None:
    due_at = after.due_at if after.status is DeliveryStatus.PENDING else None
    store.mark(after, after.status, at=now, due_at=due_at, error=after.error)


def _reason(error: object) -> str:
    return str(error)[:_LONGEST_ERROR]


def _finished(outcomes: list[_Outcome]) -> DeliveryReport:
    if bugs := [outcome.bug for outcome in outcomes if outcome.bug is not None]:
        raise ExceptionGroup("receivers failed in a way that they should not", bugs)

    def those(status: DeliveryStatus) -> tuple[Delivery, ...]:
        return tuple(o.delivery for o in outcomes if o.delivery.status is status)

    return DeliveryReport(
        sent=those(DeliveryStatus.SENT),
        retried=those(DeliveryStatus.PENDING),
        dead=those(DeliveryStatus.DEAD),
    )
