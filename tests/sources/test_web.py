"""The polite client: waits when asked to, gives up in time, tells no secret."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from detector.errors import ConfigError, Garbled, Refused, SourceError, Unavailable
from detector.model.times import retry_after
from detector.sources.http.client import Patience, Web
from detector.sources.http.exchange import quota_pause
from detector.sources.http.html_text import plain_text
from detector.sources.pace import FIRST_REST, LONGEST_REST, OPEN_AFTER, Pace
from tests.sources.contract.rigs import SHORT
from tests.sources.servers.place import CANARY, NOW, Asked, FakeFailure, Place, Reply


class Echo(Place):
    def answer(self, asked: Asked) -> Reply:
        return 200, {"n": len(self.asked)}, {}


class Counted(msgspec.Struct):
    n: int


@pytest.fixture
def place() -> Iterator[Place]:
    with Echo().running() as running:
        yield running


def a_web(place: Place, **settings: object) -> Web:
    given = {"patience": SHORT, "headers": {"Authorization": CANARY}, **settings}
    return Web("echo", place.url, **given)  # type: ignore[arg-type]


def n(web: Web) -> int:
    return web.read("/x", Counted).n


def test_it_says_who_it_is_and_who_is_responsible(place: Place) -> None:
    n(a_web(place, contact="ops@example.org"))
    assert place.asked[0].headers["user-agent"].startswith("outage-detector/")
    assert place.asked[0].headers["user-agent"].endswith(" (+ops@example.org)")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_asked_again(place: Place, status: int) -> None:
    place.failures.append(FakeFailure(status))
    assert n(a_web(place)) == 2


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 410, 451])
def test_what_will_not_change_is_asked_once(place: Place, status: int) -> None:
    place.always = FakeFailure(status, {"Location": "http://127.0.0.1:1/"})
    with pytest.raises(Refused, match=f"echo: 127.0.0.1 answered {status}"):
        n(a_web(place))
    assert len(place.asked) == 1


def test_a_long_retry_after_is_obeyed_by_later_requests_too(place: Place) -> None:
    place.failures.append(FakeFailure(429, {"Retry-After": "120"}))
    web = a_web(place)
    with pytest.raises(Unavailable, match="asks to be left alone for 120 s") as caught:
        n(web)
    assert caught.value.retry_after == 120
    with pytest.raises(Unavailable, match=r"left alone for another 1\d\d s"):
        n(web)
    assert len(place.asked) == 1


def test_sources_of_one_host_leave_it_alone_together(place: Place) -> None:
    place.failures.append(FakeFailure(503, {"Retry-After": "60"}))
    pace = Pace(10, 1.0)
    with pytest.raises(Unavailable):
        n(a_web(place, pace=pace))
    with pytest.raises(Unavailable, match="left alone"):
        n(a_web(place, pace=pace))
    assert len(place.asked) == 1


def test_a_used_up_quota_stops_the_next_request_and_not_this_one(place: Place) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "300"}
    place.failures.append(FakeFailure(headers=headers))
    web = a_web(place)
    assert n(web) == 1
    with pytest.raises(Unavailable, match="left alone for another"):
        n(web)


@pytest.mark.parametrize("how", ["drip", "cut", "hang up"])
def test_an_answer_that_does_not_end_ends_in_time(place: Place, how: str) -> None:
    place.always = FakeFailure(how=how)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        n(a_web(place))
    assert time.monotonic() - began < 3


def test_nobody_there_is_told_in_our_words() -> None:
    with Echo().running() as place:
        url = place.url
    with pytest.raises(Unavailable, match="no connection"):
        Web("echo", url, patience=SHORT).get("/x")


@pytest.mark.parametrize("how", ["malformed", "page"])
def test_what_is_no_json_is_garbled_and_not_asked_again(place: Place, how: str) -> None:
    place.always = FakeFailure(how=how)
    with pytest.raises(Garbled) as caught:
        n(a_web(place))
    assert CANARY not in str(caught.value)
    assert len(place.asked) == 1


def test_another_shape_is_told_by_its_field(place: Place) -> None:
    class Other(msgspec.Struct):
        m: int

    with pytest.raises(Garbled, match="missing required field `m`"):
        a_web(place).read("/x", Other)


@pytest.mark.parametrize(
    "url",
    ["ftp://host", "host", "https://", "https://a b", "https://u:p@host", "https://host/?key=x"],
)
def test_an_address_is_plain(url: str) -> None:
    with pytest.raises(ConfigError, match="source 'echo': the address must be"):
        Web("echo", url)


def test_a_host_that_keeps_failing_is_left_alone_and_then_tried_once(place: Place) -> None:
    now = [0.0]
    pace = Pace(1_000, 1.0, monotonic=lambda: now[0])
    web = a_web(place, pace=pace, patience=Patience(timeout=0.3, attempts=1, wait=0.01))
    place.always = FakeFailure(500)
    for _ in range(OPEN_AFTER):
        with pytest.raises(Unavailable, match="500"):
            n(web)
    with pytest.raises(Unavailable, match=f"left alone for another {FIRST_REST:.0f} s"):
        n(web)
    now[0] += FIRST_REST
    with pytest.raises(Unavailable, match="500"):
        n(web)
    with pytest.raises(Unavailable, match=f"another {2 * FIRST_REST:.0f} s"):
        n(web)
    assert len(place.asked) == OPEN_AFTER + 1
    place.heal()
    now[0] += 2 * FIRST_REST
    n(web)
    place.always = FakeFailure(500)
    with pytest.raises(Unavailable, match="500"):
        n(web)
    with pytest.raises(Unavailable, match="500"):
        n(web)


def test_a_rest_has_an_end_however_long_a_host_is_down() -> None:
    now = [0.0]
    pace = Pace(10, 1.0, monotonic=lambda: now[0])
    for _ in range(100):
        pace.failed()
    with pytest.raises(Unavailable) as caught:
        pace.admit()
    assert caught.value.retry_after == LONGEST_REST


def test_the_limit_holds_in_every_window() -> None:
    now, asked = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(3, 10.0, longest_wait=10.0, monotonic=lambda: now[0], sleep=sleep)
    for _ in range(20):
        pace.admit()
        asked.append(now[0])
        now[0] += 0.5
    for i, first in enumerate(asked):
        assert sum(first <= at < first + 10.0 for at in asked[i:]) <= 3


def test_a_place_in_the_queue_that_is_far_away_is_refused_at_once() -> None:
    pace = Pace(1, 60.0, longest_wait=5.0, monotonic=lambda: 0.0)
    pace.admit()
    with pytest.raises(Unavailable, match="our limit of 1 requests in 60 s is used up"):
        pace.admit()


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("soon", None),
        ("-3", None),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
    ],
    ids=lambda value: repr(value),
)
def test_retry_after_is_seconds_or_a_date(header: str | None, pause: float | None) -> None:
    assert retry_after(header, NOW) == pause


@pytest.mark.parametrize(
    ("remaining", "reset", "pause"),
    [
        ("1", "300", None),
        ("0", "300", 300.0),
        ("0.0", "300.5", 300.5),
        ("0", str(int(NOW.timestamp()) + 60), 60.0),
        ("0", (NOW + timedelta(seconds=90)).isoformat(), 90.0),
        ("0", "2026-11-22T11:00:00.000Z", 0.0),
        ("none", "300", None),
        ("0", "whenever", None),
        ("0", "2026-11-22T12:00:00", None),
        ("0", None, None),
    ],
    ids=repr,
)
def test_a_quota_tells_its_reset_in_three_ways(
    remaining: str, reset: str | None, pause: float | None
) -> None:
    headers = {"x-ratelimit-remaining": remaining}
    told = headers if reset is None else {**headers, "x-ratelimit-reset": reset}
    assert quota_pause(told, NOW) == pause


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("<p>a<br>b</p><p>c</p>", "a\nb\nc"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<script>alert(1)</script>x<style>y</style>", "x"),
        ("<a href='x' title='<p>'>微信</a>崩了", "微信崩了"),
        ("</script>x", "x"),
        ("1 <p", "1 <p"),
        ("&#0;&#x110000;&nosuch;", "\ufffd\ufffd&nosuch;"),
    ],
)
def test_html_becomes_what_people_read(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_errors_of_sources_are_one_family() -> None:
    assert all(issubclass(kind, SourceError) for kind in (Refused, Unavailable, Garbled))
