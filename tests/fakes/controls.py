"""The controls and the inbox as plain dictionaries: the oracles of their contract suites."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from detector.model.push_batch import PushBatch
from detector.model.silence import Acknowledgement, Silence
from detector.model.token import Token


class FakeControls:
    """Everything in memory."""

    def __init__(self) -> None:
        self._silences: dict[str, Silence] = {}
        self._acknowledgements: dict[str, Acknowledgement] = {}
        self._tokens: dict[str, Token] = {}

    def silences(self, *, ending_after: datetime | None = None) -> tuple[Silence, ...]:
        found = self._silences.values()
        asked = [s for s in found if ending_after is None or s.ends_at > ending_after]
        return tuple(sorted(asked, key=lambda s: (s.starts_at, s.id)))

    def silence(self, silence: Silence) -> None:
        self._silences[silence.id] = silence

    def expire(self, silence_id: str, at: datetime) -> bool:
        held = self._silences.get(silence_id)
        if held is None:
            return False
        if at <= held.starts_at:
            del self._silences[silence_id]
        elif at < held.ends_at:
            self._silences[silence_id] = replace(held, ends_at=at)
        return True

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        return tuple(self._acknowledgements[key] for key in sorted(self._acknowledgements))

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        self._acknowledgements[acknowledgement.incident_id] = acknowledgement

    def withdraw(self, incident_id: str) -> bool:
        return self._acknowledgements.pop(incident_id, None) is not None

    def tokens(self) -> tuple[Token, ...]:
        return tuple(self._tokens[name] for name in sorted(self._tokens))

    def add_token(self, token: Token) -> bool:
        return self._tokens.setdefault(token.name, token) is token

    def revoke_token(self, name: str) -> bool:
        return self._tokens.pop(name, None) is not None

    def close(self) -> None:
        pass


class FakeInbox:
    """Pushed batches in a list."""

    def __init__(self) -> None:
        self._batches: list[PushBatch] = []
        self._given = 0

    def put(self, batch: PushBatch) -> bool:
        if any((p.source, p.key) == (batch.source, batch.key) for p in self._batches):
            return False
        self._given += 1
        self._batches.append(replace(batch, position=self._given))
        return True

    def held(self, source: str, key: str) -> PushBatch | None:
        return next((p for p in self._batches if (p.source, p.key) == (source, key)), None)

    def after(self, source: str, position: int, *, limit: int) -> tuple[PushBatch, ...]:
        found = [p for p in self._batches if p.source == source and p.position > position]
        return tuple(found[:limit])

    def forget(self, source: str, *, up_to: int, before: datetime) -> None:
        self._batches = [
            p
            for p in self._batches
            if p.source != source or p.position > up_to or p.received_at >= before
        ]

    def close(self) -> None:
        pass
