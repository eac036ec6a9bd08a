"""How much of Bluesky the reader takes in: ``python -m tests.sources.speed [day|paced]``.

``day``: a day of 50 posts a second, 4.32 million, as fast as they are read; at least 20 times as
fast as they were written. ``paced``: a minute at 20 times the usual rate, 1,000 posts a second, and
how far behind it the reader is. The connection is cut ten times; a server of its own process plays
Jetstream.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from detector.model.spans import Spans
from detector.sources.bluesky import JetstreamSource
from tests.sources.servers.jetstream import event_of
from tests.sources.servers.place import NOW, FakePost

CUTS = 10
TEXT = "WeChat is down again for me and my friends, since an hour or so, and nobody says why"
MEGA = 1_000_000


@dataclass(frozen=True)
class Story:
    """``posts`` posts, ``a_second``, from ``start`` (microseconds since 1970) on.

    ``paced``: each is sent when its time has come, by the wall; else as fast as can be.
    """

    posts: int
    a_second: int
    start: int
    paced: bool

    def at(self, number: int) -> int:
        return self.start + number * MEGA // self.a_second

    def first_after(self, cursor: int) -> int:
        return max(0, -(-(cursor - self.start) * self.a_second // MEGA))


def story(kind: str) -> Story:
    day = 86_400 * 50
    if kind == "day":
        return Story(day, 50, int((NOW - timedelta(days=1)).timestamp() * MEGA), paced=False)
    return Story(60_000, 1_000, int((time.time() + 2) * MEGA), paced=True)


def play(told: Story) -> None:
    """Serve the posts, and print the port first."""
    head, then, middle, tail = _pieces()
    cuts = [told.posts * i // (CUTS + 1) for i in range(1, CUTS + 1)]

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        cursor = int(parse_qs(urlsplit(connection.request.path).query)["cursor"][0])
        first = told.first_after(cursor)
        with suppress(ConnectionClosed, OSError):
            for number in range(first, told.posts):
                at = told.at(number)
                if told.paced and (early := at / MEGA - time.time()) > 0:
                    time.sleep(early)
                created = datetime.fromtimestamp(at / MEGA, UTC).isoformat()
                connection.send(f"{head}{at}{then}{number}{middle}{created}{tail}")
                if cuts and number >= cuts[0]:
                    cuts.pop(0)
                    connection.socket.close()
                    return
            connection.recv()

    server = serve(handle, "127.0.0.1", 0, compression=None)
    print(server.socket.getsockname()[1], flush=True)
    server.serve_forever()


def _pieces() -> tuple[str, str, str, str]:
    """Return an event's text before, between and behind its time, its number and its date."""
    event = event_of(FakePost("NUMBER", datetime(2026, 1, 1, tzinfo=UTC), TEXT, "someone"))
    event["time_us"] = "TIME"
    event["commit"]["record"]["createdAt"] = "DATE"
    head, rest = json.dumps(event).split('"TIME"')
    then, rest = rest.split("NUMBER")
    middle, tail = rest.split("DATE")
    return head, then, middle, tail


def measure(port: int, told: Story) -> str:
    """Return what was taken in, how fast, how far behind, and with how much memory."""
    wall = lambda: datetime.now(UTC) if told.paced else NOW  # noqa: E731
    source = JetstreamSource(
        "speed",
        [f"ws://127.0.0.1:{port}"],
        backfill=timedelta(days=2),
        pause=0.05,
        capacity=50_000,
        clock=wall,
    )
    seen = np.zeros(told.posts, dtype=np.int64)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cursor, lags = time.monotonic(), None, list[float]()
    spans = Spans.none()
    while not seen.all() and time.monotonic() - began < 1200:
        poll = source.poll(cursor, until=wall() + timedelta(seconds=1))
        cursor = poll.cursor
        if poll.posts is not None and len(poll.posts):
            numbers = poll.posts["id"].str.rpartition("/")[2].astype(np.int64).to_numpy()
            np.add.at(seen, numbers, 1)
            lags.append(time.time() - told.at(int(numbers.max())) / MEGA)
        spans = Spans.of([*spans.pairs(), *poll.observed])
        time.sleep(0.2)
    seconds = time.monotonic() - began
    source.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rate, taken = seen.sum() / seconds, int((seen > 0).sum())
    lag = f"; behind by {np.median(lags):.2f} s, at most {max(lags):.2f} s" if told.paced else ""
    return (
        f"{taken:,} of {told.posts:,} posts, {int((seen > 1).sum()):,} doubled, over {CUTS} cuts, "
        f"in {seconds:.0f} s: {rate:,.0f} a second, {rate / 50:,.0f} times Bluesky's{lag}; "
        f"{len(spans)} span of observation; {grown:.0f} MB more; "
        f"cursor of {len(cursor or '') / 1024:.0f} kB"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["play"]:
        play(Story(*json.loads(sys.argv[2])))
    asked = story(sys.argv[1] if len(sys.argv) > 1 else "day")
    fields = json.dumps([asked.posts, asked.a_second, asked.start, asked.paced])
    command = [sys.executable, "-m", "tests.sources.speed", "play", fields]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            print(measure(int(server.stdout.readline()), asked))
        finally:
            server.terminate()
