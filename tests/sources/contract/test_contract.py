"""What every live source does. A new source joins by a line in ``RIGS``."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, timedelta
from itertools import pairwise

import pandas as pd
import pytest
import structlog

from detector.errors import InputError, SourceError
from detector.model.spans import Spans
from detector.sources.base import Poll
from tests.sources.contract.rigs import MINUTE, NOW, RIGS, SECRETS, Rig


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with RIGS[request.param]() as made:
        made.fill(NOW - 10 * MINUTE, NOW + 10 * MINUTE)
        yield made


def test_it_bears_its_name(rig: Rig) -> None:
    assert rig.make().name == "place"


def test_a_poll_brings_rows_in_aware_utc_and_says_when_it_looked(rig: Rig) -> None:
    poll = rig.poll(rig.make(), None, NOW)
    frame = poll.posts if poll.posts is not None else poll.counts
    assert frame is not None
    assert len(frame) > 0
    assert isinstance(frame["time"].dtype, pd.DatetimeTZDtype)
    assert str(frame["time"].dt.tz) == "UTC"
    assert all(start.tzinfo is not None and start < end for start, end in poll.observed)
    if rig.kind == "posts":
        assert poll.observed
        assert poll.observed[-1][1] <= NOW
        assert set(frame.columns) >= {"time", "text", "id", "author"}
    else:
        assert poll.width is not None
        assert set(frame.columns) >= {"time", "service", "count"}


def test_the_same_cursor_gives_the_same_rows_again(rig: Rig) -> None:
    source = rig.make()
    first = rig.poll(source, None, NOW - 5 * MINUTE)
    one = rig.poll(source, first.cursor, NOW)
    again = rig.poll(source, first.cursor, NOW)
    after_a_crash = rig.poll(rig.make(), first.cursor, NOW)
    assert rig.rows([one])
    assert rig.rows([one]) <= rig.rows([again])
    assert rig.rows([one]) <= rig.rows([after_a_crash])


def test_minute_by_minute_with_restarts_nothing_is_lost_or_doubled(rig: Rig) -> None:
    source, cursor, polls = rig.make(), None, list[Poll]()
    for i in range(6):
        polls.append(rig.poll(source, cursor, NOW + i * MINUTE))
        cursor = polls[-1].cursor
        if i in (1, 2, 4):
            source = rig.make()
    assert rig.rows(polls) == rig.rows_there(polls)
    if rig.kind == "posts":
        ids = [i for poll in polls if poll.posts is not None for i in poll.posts["id"]]
        assert len(ids) == len(set(ids))
        spans = [span for poll in polls for span in poll.observed]
        assert all(a[1] <= b[0] for a, b in pairwise(spans)), "no time is observed twice"
        assert len(Spans.of(spans)) == 1, "the looks leave no gap"


def test_every_row_lies_before_until(rig: Rig) -> None:
    poll = rig.poll(rig.make(), None, NOW)
    frame = poll.posts if poll.posts is not None else poll.counts
    assert frame is not None
    assert (frame["time"] < NOW + (MINUTE if rig.kind == "looks" else 0 * MINUTE)).all()


def test_a_failed_poll_observes_nothing_and_the_next_one_makes_up_for_it(rig: Rig) -> None:
    first = rig.poll(rig.make(), None, NOW - 5 * MINUTE)
    rig.place.apply("503 throughout")
    with pytest.raises(SourceError):
        rig.poll(rig.make(), first.cursor, NOW)
    rig.place.heal()
    second = rig.poll(rig.make(), first.cursor, NOW + MINUTE)
    assert rig.rows([first, second]) == rig.rows_there([first, second])
    if rig.kind == "posts":
        assert len(Spans.of([*first.observed, *second.observed])) == 1


def test_cursors_are_small_json(rig: Rig) -> None:
    cursor = rig.poll(rig.make(), None, NOW).cursor
    assert cursor is not None
    json.loads(cursor)
    assert len(cursor) < 16_000


def test_a_cursor_of_somebody_else_is_refused_in_words(rig: Rig) -> None:
    for foreign in ("", "{", '{"marks": 3}', "[]"):
        with pytest.raises(InputError, match="stored cursor"):
            rig.make().poll(foreign, until=NOW)


def test_time_that_has_not_passed_is_not_asked_for(rig: Rig) -> None:
    source = rig.make()
    first = rig.poll(source, None, NOW)
    again = source.poll(first.cursor, until=NOW - timedelta(minutes=1))
    assert not again.observed
    assert again.posts is None or again.posts.empty
    assert again.counts is None or again.counts.empty


@pytest.mark.parametrize("failure", ["none", "401", "503 throughout", "malformed JSON"])
def test_no_secret_is_in_anything_that_is_written(
    rig: Rig, failure: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    source = rig.make()
    shown = [repr(source), str(source)]
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logs:
        if failure != "none":
            rig.place.apply(failure)
            with pytest.raises(SourceError) as caught:
                rig.poll(source, None, NOW)
            shown += traceback.format_exception(caught.value)
            shown += [repr(error) + str(error.args) for error in _chain(caught.value)]
        else:
            poll = rig.poll(source, None, NOW)
            frame = poll.posts if poll.posts is not None else poll.counts
            shown += [str(poll.cursor), "" if frame is None else frame.to_csv()]
    shown += [str(record.__dict__) for record in caplog.records if "header" not in record.msg]
    shown += [str(logs), *capsys.readouterr()]
    assert not [secret for secret in SECRETS if secret in "\n".join(shown)]
    assert rig.secret_was_sent(), "the test looks for a secret that was really used"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def test_instants_are_utc() -> None:
    assert NOW.tzinfo is UTC
