"""Routes, mute time intervals, inhibitions, providers: as written, and the policy made of them."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from detector.config import parse_settings
from detector.config.settings import Settings
from detector.errors import ConfigError
from detector.model.incident import Severity
from detector.model.matcher import parse_matcher
from detector.pipeline.setup import build_policy

CONFIG = """
[incidents]
reopen_window = "2h"
[alerts]
flaps = 3
update_every = "20min"
[delivery]
max_alert_age = "2d"
[[receivers]]
type = "console"
name = "ops"
min_severity = "major"
mute_time_intervals = ["nights"]
[[routes]]
match = ['service="WeChat"', 'severity=~"major|critical"']
receivers = ["ops"]
continue = true
reminder_every = "4h"
    [[routes.routes]]
    match = ["component=payments"]
    receivers = []
[[mute_time_intervals]]
name = "nights"
weekdays = ["fri", "sat"]
start = "22:00"
end = 07:00:00
time_zone = "Asia/Shanghai"
match = ["severity=minor"]
[[inhibitions]]
when = ["service=WeChat"]
mute = ["service=QQ"]
equal = ["region"]
[[providers]]
name = "Cloud"
services = ["WeChat", "QQ"]
"""


def settings(text: str = CONFIG) -> Settings:
    return parse_settings(text, path="c.toml")


def test_the_audience_is_what_is_written() -> None:
    policy = build_policy(settings())
    (ops,) = policy.receivers
    assert (ops.name, ops.least, ops.mute_time_intervals) == ("ops", Severity.MAJOR, ("nights",))
    (route,) = policy.routes
    assert route.matchers == (
        parse_matcher("service=WeChat"),
        parse_matcher('severity=~"major|critical"'),
    )
    assert (route.receivers, route.continues) == (("ops",), True)
    assert route.reminder_every == timedelta(hours=4)
    assert route.routes[0].receivers == ()
    interval = policy.mute_time_intervals["nights"]
    assert (interval.weekdays, interval.start, interval.end) == (
        frozenset({4, 5}),
        time(22),
        time(7),
    )
    assert interval.zone.key == "Asia/Shanghai"
    assert policy.inhibitions[0].equal == ("region",)
    assert policy.providers == {"Cloud": ("WeChat", "QQ")}
    timing = policy.timing
    assert (timing.flaps, timing.calm, timing.max_age) == (
        3,
        timedelta(hours=2),
        timedelta(days=2),
    )


def test_nothing_needs_to_be_said() -> None:
    policy = build_policy(Settings())
    assert not policy.routes
    assert not policy.mute_time_intervals
    assert policy.timing.max_age == timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "after", "mistake"),
    [
        ('receivers = ["ops"]', 'receivers = ["opps"]', "routes[1].receivers: no such receiver"),
        ("receivers = []", 'receivers = ["x"]', "routes[1].routes[1].receivers: no such receiver"),
        ('= ["nights"]', '= ["night"]', "did you mean 'nights'?"),
        ("component=payments", "team=payments", "incidents have no 'team'"),
        ("component=payments", "payments", 'write label="value"'),
        ('"major|critical"', '"("', "not a regular expression"),
        ('start = "22:00"', 'start = "25:00"', "mute_time_intervals.nights.start"),
        ('start = "22:00"', 'start = "22:00Z"', "is a local time"),
        ('["fri", "sat"]', '["friday"]', "mute_time_intervals.nights.weekdays"),
        ('equal = ["region"]', 'equal = ["team"]', "inhibitions[1].equal: no such label"),
        ('when = ["service=WeChat"]', "when = []", "inhibitions[1].when"),
        ('services = ["WeChat", "QQ"]', 'services = ["WeChat"]', "providers.Cloud.services"),
        ("continue = true", "goes_on = true", "known here: continue"),
        ("flaps = 3", "flaps = 0", "alerts.flaps"),
    ],
)
def test_a_mistake_is_explained(before: str, after: str, mistake: str) -> None:
    assert before in CONFIG
    with pytest.raises(ConfigError) as refused:
        settings(CONFIG.replace(before, after, 1))
    assert mistake in str(refused.value)


def test_two_mute_time_intervals_of_one_name_are_refused() -> None:
    again = '[[mute_time_intervals]]\nname = "nights"\nstart = "01:00"\nend = "02:00"\n'
    with pytest.raises(ConfigError, match="'nights' is given twice"):
        settings(CONFIG + again)


@pytest.mark.parametrize("unit", ["hours", "ratio", "for", "posts", "heat"])
def test_critical_cannot_begin_before_major(unit: str) -> None:
    value = '"1s"' if unit == "for" else "1.01"
    with pytest.raises(ConfigError, match=f"severity.critical_{unit}: must not be less"):
        settings(f"[severity]\ncritical_{unit} = {value}\n")
