"""How many posts a second Jetstream's reader takes in: ``python -m tests.sources.speed``.

A process of its own replays posts at 20 times Bluesky's usual 50 a second, as fast as it can be
read, and cuts the connection ten times.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from bisect import bisect_left
from contextlib import suppress
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from detector.domain.spans import Spans
from detector.sources.jetstream import JetstreamSource
from tests.sources.servers.jetstream import event_of, micros
from tests.sources.servers.place import NOW, Said

POSTS, A_SECOND, CUTS = 100_000, 1_000, 10
START = NOW - timedelta(seconds=POSTS / A_SECOND)
TEXT = "WeChat is down again for me and my friends, since an hour or so, and nobody says why"


def replay() -> None:
    """Serve the posts, and print the port first."""
    at = [START + timedelta(seconds=i / A_SECOND) for i in range(POSTS)]
    events = [event_of(Said(str(i), t, TEXT, f"a{i % 5000}")) for i, t in enumerate(at)]
    messages, times = [json.dumps(event) for event in events], [micros(t) for t in at]
    cuts = [POSTS // (CUTS + 1) + 137 * i for i in range(CUTS)]

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        cursor = int(parse_qs(urlsplit(connection.request.path).query)["cursor"][0])
        cut = cuts.pop(0) if cuts else None
        with suppress(ConnectionClosed, OSError):
            for sent, message in enumerate(messages[bisect_left(times, cursor) :], 1):
                connection.send(message)
                if sent == cut:
                    connection.socket.close()
                    return
            connection.recv()

    server = serve(handle, "127.0.0.1", 0, compression=None)
    print(server.socket.getsockname()[1], flush=True)
    server.serve_forever()


def measure(port: int) -> str:
    """Return what was taken in, how fast, and with how much memory."""
    source = JetstreamSource(
        "speed", [f"ws://127.0.0.1:{port}"], pause=0.05, capacity=50_000, clock=lambda: NOW
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cursor = time.monotonic(), None
    ids: list[str] = []
    spans = Spans.none()
    while len(ids) < POSTS and time.monotonic() - began < 120:
        pull = source.pull(cursor, until=NOW)
        cursor = pull.cursor
        ids += [] if pull.posts is None else list(pull.posts["id"])
        spans = Spans.of([*spans.pairs(), *pull.observed])
        time.sleep(0.5)
    seconds = time.monotonic() - began
    source.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return (
        f"{len(ids):,} posts, {len(set(ids)):,} distinct, over {CUTS} cuts in {seconds:.1f} s: "
        f"{len(ids) / seconds:,.0f} a second; {len(spans)} span; {grown:.0f} MB more; "
        f"cursor of {len(cursor or '') / 1024:.0f} kB"
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["replay"]:
        replay()
    command = [sys.executable, "-m", "tests.sources.speed", "replay"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            print(measure(int(server.stdout.readline())))
        finally:
            server.terminate()
