"""Which receivers an incident is for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detector.model.incident import Severity
from detector.model.matcher import Labels, parse_matcher
from detector.notify.policy import ReceiverPolicy, Route
from detector.notify.route import route_matches

HOUR = timedelta(hours=1)
OPS, WECHAT, PAY, LOG = (
    ReceiverPolicy(name, Severity.MINOR) for name in ("ops", "wechat", "pay", "log")
)
EVERYBODY = (OPS, WECHAT, PAY, LOG)
TREE = (
    Route(receivers=("log",), continues=True),
    Route(
        (parse_matcher("service=WeChat"),),
        ("wechat",),
        reminder_every=4 * HOUR,
        mute_time_intervals=("nights",),
        routes=(
            Route(
                (parse_matcher("component=payments"),), ("pay", "wechat"), mute_time_intervals=()
            ),
            Route((parse_matcher("severity=critical"),), reminder_every=HOUR),
        ),
    ),
    Route((parse_matcher("service=~Test.*"),), ()),
    Route(receivers=("ops",)),
)


def labels(service: str = "WeChat", **more: str) -> Labels:
    return {"service": (service,), **{label: (value,) for label, value in more.items()}}


@pytest.mark.parametrize(
    ("what", "who"),
    [
        pytest.param(labels(), ["log", "wechat"], id="to its branch and to what goes on"),
        pytest.param(labels("QQ"), ["log", "ops"], id="to the last branch if no other takes it"),
        pytest.param(
            labels(component="payments"), ["log", "pay", "wechat"], id="to the inner branch"
        ),
        pytest.param(labels(severity="critical"), ["log", "wechat"], id="to those around it"),
        pytest.param(labels("Testbed"), ["log"], id="to nobody if so said"),
    ],
)
def test_an_incident_is_led(what: Labels, who: list[str]) -> None:
    assert list(route_matches(TREE, EVERYBODY, what)) == who


def test_without_routes_everybody_is_told() -> None:
    assert list(route_matches((), EVERYBODY, labels())) == ["ops", "wechat", "pay", "log"]


def test_what_no_route_takes_goes_to_everybody() -> None:
    only = (Route((parse_matcher("service=WeChat"),), ("wechat",)),)
    assert list(route_matches(only, EVERYBODY, labels("QQ"))) == ["ops", "wechat", "pay", "log"]


def test_a_branch_inherits_what_it_does_not_say() -> None:
    plain = route_matches(TREE, EVERYBODY, labels())["wechat"]
    assert (plain.reminder_every, plain.mute_time_intervals) == (4 * HOUR, ("nights",))
    critical = route_matches(TREE, EVERYBODY, labels(severity="critical"))["wechat"]
    assert (critical.reminder_every, critical.mute_time_intervals) == (HOUR, ("nights",))
    pay = route_matches(TREE, EVERYBODY, labels(component="payments"))["pay"]
    assert (pay.reminder_every, pay.mute_time_intervals) == (4 * HOUR, ())


def test_who_is_reached_twice_is_reached_the_first_way() -> None:
    twice = (
        Route(receivers=("ops",), continues=True, reminder_every=HOUR),
        Route(receivers=("ops", "log")),
    )
    found = route_matches(twice, EVERYBODY, labels())
    assert list(found) == ["ops", "log"]
    assert found["ops"].reminder_every == HOUR


def test_the_way_is_told() -> None:
    pay = route_matches(TREE, EVERYBODY, labels(component="payments"))["pay"]
    assert pay.trail == ('service="WeChat"', 'component="payments"')
