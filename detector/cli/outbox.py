"""outbox list, outbox retry: what waits to be delivered, and what never was."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from detector.app import store_location
from detector.cli.output import print_table
from detector.cli.running import settings_and_base
from detector.clock import wall_now
from detector.domain.delivery import Delivery, DeliveryStatus
from detector.domain.times import iso
from detector.errors import InputError
from detector.stores.letters import SqlLetters, open_letters


def list_letters(config: Path | None, *, dead: bool) -> None:
    """Print what waits, or what was given up."""
    with closing(_outbox(config)) as outbox:
        letters = outbox.letters(DeliveryStatus.DEAD if dead else DeliveryStatus.PENDING)
    print_table(
        ("key", "receiver", "at", "attempts", "gave up because" if dead else "last error"),
        [_row(letter) for letter in letters],
    )


def retry_letters(config: Path | None, key: str | None, *, receiver: str | None) -> None:
    """Let dead letters be sent again: one by its key, or all; to one receiver, or to all."""
    with closing(_outbox(config)) as outbox:
        dead = [
            letter
            for letter in outbox.letters(DeliveryStatus.DEAD)
            if key in (None, letter.alert.key) and receiver in (None, letter.receiver)
        ]
        if key is not None and not dead:
            raise InputError(f"no dead letter {key!r}; see outage-detector outbox list --dead")
        now = wall_now()
        revived = sum(outbox.retry(d.receiver, d.alert.key, at=now) for d in dead)
    print(f"{revived} to be sent again at the next turn")


def _outbox(config: Path | None) -> SqlLetters:
    settings, base, _ = settings_and_base(config)
    return open_letters(store_location(settings, base=base))


def _row(letter: Delivery) -> tuple[str, ...]:
    return (
        letter.alert.key,
        letter.receiver,
        iso(letter.alert.at),
        str(letter.attempts),
        letter.error or "",
    )
