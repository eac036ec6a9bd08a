"""What is particular to HTTP: statuses, pauses, signatures, a real server that misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.errors import ConfigError, DeliveryError, Rejected, Unreachable
from detector.model.documents import alert_to_dict
from detector.model.times import retry_after
from detector.receivers.webhook import WebhookReceiver, signed_headers
from tests.fakes.clock import FakeClock
from tests.fakes.outages import NOON, an_alert, an_incident
from tests.receivers.loopback import Loopback
from tests.receivers.receivers import CANARY


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback.started() as started:
        yield started


def sink_to(server: Loopback, **options: Any) -> WebhookReceiver:
    options = {"timeout": 5.0} | options
    return WebhookReceiver("ops", f"{server.url}/hook?a=1", clock=FakeClock(NOON), **options)


def error_of(server: Loopback) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        sink_to(server).send(an_alert())
    return caught.value


# --- the request ----------------------------------------------------------------------------


def test_the_body_is_the_alert_of_the_wire(server: Loopback) -> None:
    alert = an_alert(an_incident("微信"))
    sink_to(server).send(alert)
    (request,) = server.requests
    assert request.path == "/hook?a=1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == alert_to_dict(alert)


def test_the_deduplication_key_is_a_header_even_if_it_is_not_ascii(server: Loopback) -> None:
    plain, chinese = an_alert(), an_alert(an_incident("微信"))
    for alert in (plain, chinese):
        sink_to(server).send(alert)
    assert server.requests[0].key == plain.key
    assert server.requests[1].key.isascii()
    assert unquote(server.requests[1].key) == chinese.key


def test_without_a_token_and_a_secret_nothing_of_the_kind_is_sent(server: Loopback) -> None:
    sink_to(server).send(an_alert())
    sent = set(server.requests[0].headers)
    assert not sent & {"authorization", "webhook-signature", "webhook-id", "webhook-timestamp"}


def test_a_token_is_sent_as_bearer(server: Loopback) -> None:
    sink_to(server, token="abc").send(an_alert())
    assert server.requests[0].headers["authorization"] == "Bearer abc"


def test_a_receiver_can_check_the_signature(server: Loopback) -> None:
    sink_to(server, secret=b"shared").send(an_alert())
    (request,) = server.requests
    headers = request.headers
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert headers["webhook-id"] == request.key
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(b"shared", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_the_signature_is_that_of_the_published_example() -> None:
    # The example of the Standard Webhooks reference libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        secret,
    )
    assert headers["Webhook-Signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


# --- the answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_statuses_of_success_are_sent(server: Loopback, status: int) -> None:
    server.answer = status
    sink_to(server).send(an_alert())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 599])
def test_statuses_of_passing_trouble_are_retried_by_the_outbox_alone(
    server: Loopback, status: int
) -> None:
    server.answer = status
    error = error_of(server)
    assert isinstance(error, Unreachable)
    assert str(status) in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 405, 409, 410, 413, 422, 431])
def test_statuses_of_lasting_trouble_are_rejected(server: Loopback, status: int) -> None:
    server.answer = status
    error = error_of(server)
    assert isinstance(error, Rejected)
    assert str(error).startswith(f"ops: the receiver answered {status} ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: Loopback, status: int) -> None:
    server.answer = status
    server.headers = {"Location": f"{server.url}/elsewhere"}
    error = error_of(server)
    assert isinstance(error, Rejected)
    assert "configure the final address" in str(error)
    assert [request.path for request in server.requests] == ["/hook?a=1"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param("hang up", "closed the connection", id="hangs up"),
        pytest.param("gibberish", "does not speak HTTP", id="answers in no known language"),
    ],
)
def test_a_receiver_that_breaks_the_exchange_is_unreachable(
    server: Loopback, answer: str, words: str
) -> None:
    server.answer = answer
    error = error_of(server)
    assert isinstance(error, Unreachable)
    assert words in str(error)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("hang", id="says nothing"),
        pytest.param("drip", id="never comes to the end of its headers"),
    ],
)
def test_a_receiver_that_does_not_answer_is_given_up_in_time(server: Loopback, answer: str) -> None:
    server.answer = answer
    began = time.monotonic()
    with pytest.raises(Unreachable, match="no answer within the timeout"):
        sink_to(server, timeout=0.2).send(an_alert())
    assert time.monotonic() - began < 2


def test_a_receiver_that_is_not_there_is_unreachable() -> None:
    with Loopback.started() as gone:
        sink = sink_to(gone)
    with pytest.raises(Unreachable, match="no connection"):
        sink.send(an_alert())


def test_a_receiver_that_comes_back_gets_the_alert_from_the_same_sink(server: Loopback) -> None:
    sink = sink_to(server, timeout=0.2)
    for server.answer in ("hang up", 503, "hang"):
        with pytest.raises(Unreachable):
            sink.send(an_alert())
    server.answer = 200
    sink.send(an_alert())
    assert len(server.accepted) == 1


# --- the pause that is asked for ------------------------------------------------------------


def test_the_pause_that_is_asked_for_is_handed_on(server: Loopback) -> None:
    server.answer, server.headers = 429, {"Retry-After": "17"}
    error = error_of(server)
    assert isinstance(error, Unreachable)
    assert error.retry_after == 17.0


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        pytest.param(None, None, id="nothing asked"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param(" 120 ", 120.0, id="seconds"),
        pytest.param("Fri, 22 Jul 2022 12:00:30 GMT", 30.0, id="a date"),
        pytest.param("Friday, 22-Jul-22 12:00:30 GMT", 30.0, id="a date in the old form"),
        pytest.param("Fri, 22 Jul 2022 12:00:30 -0000", 30.0, id="a date without a zone"),
        pytest.param("Fri, 22 Jul 2022 11:00:00 GMT", 0.0, id="a date that has passed"),
        pytest.param("-5", None, id="a negative number is not understood"),
        pytest.param("1.5", None, id="a fraction is not understood"),
        pytest.param("soon", None, id="words are not understood"),
        pytest.param("٣", None, id="digits of other scripts are not understood"),
        pytest.param("Fri, 99 Jul 2022 12:00:30 GMT", None, id="an impossible date"),
        pytest.param("", None, id="an empty header"),
    ],
)
def test_retry_after(header: str | None, pause: float | None) -> None:
    assert retry_after(header, NOON) == pause


@given(st.text())
def test_no_header_is_a_bug(header: str) -> None:
    pause = retry_after(header, NOON)
    assert pause is None or pause >= 0


@given(st.integers(-86_400, 86_400))
def test_dates_are_pauses_from_now(seconds: int) -> None:
    at = NOON + timedelta(seconds=seconds)
    assert retry_after(f"{at:%a, %d %b %Y %H:%M:%S} GMT", NOON) == max(seconds, 0)


# --- the configuration ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "http://example.com:port/",
        f"https://user:{CANARY}@example.com/",
        f"http://exa mple.com/{CANARY}",
    ],
)
def test_an_address_that_cannot_be_used_is_explained_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigError, match="receiver 'ops'") as caught:
        WebhookReceiver("ops", url, clock=FakeClock(NOON))
    assert CANARY not in str(caught.value)
    assert caught.value.__context__ is None or CANARY not in str(caught.value.__context__)


@pytest.mark.parametrize("token", ["", "two words", f"{CANARY}\n", "schlüssel"])
def test_a_token_that_cannot_be_a_header_is_explained_without_quoting_it(token: str) -> None:
    with pytest.raises(ConfigError, match="token") as caught:
        WebhookReceiver("ops", "http://example.com", clock=FakeClock(NOON), token=token)
    assert CANARY not in str(caught.value)
