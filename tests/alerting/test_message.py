"""What people read, compared as a whole with golden files.

``GOLDEN=write pytest tests/alerting`` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.alerting.block import block
from detector.alerting.message import both, duration, message
from detector.alerting.plain import plain
from detector.domain.alert import Alert, AlertKind
from detector.domain.details import Details, FacetVerdict, SampleComplaint, Speakers
from detector.domain.incident import Severity
from detector.domain.surge import Onset
from tests.fakes.outages import an_alert, an_incident

GOLDEN = Path(__file__).parents[1] / "golden" / "alerts"
CHINA = ZoneInfo("Asia/Shanghai")
NIGHT = datetime(2022, 7, 22, 19, 3, tzinfo=UTC)  # 03:03 on the next day in China
MINUTE = timedelta(minutes=1)


def opened() -> Alert:
    return an_alert(an_incident(noticed_at=NIGHT))


def escalated() -> Alert:
    worse = an_incident(noticed_at=NIGHT, severity=Severity.CRITICAL, sources=("weibo", "bluesky"))
    return an_alert(worse, kind=AlertKind.ESCALATED, sequence=2, at=NIGHT + 9 * MINUTE)


def resolved() -> Alert:
    over = an_incident(noticed_at=NIGHT, lasted=127 * MINUTE)
    at = NIGHT + 134 * MINUTE
    return an_alert(over, kind=AlertKind.RESOLVED, sequence=3, at=at)


def resolved_days_later() -> Alert:
    over = an_incident(noticed_at=NIGHT, lasted=timedelta(days=2, hours=5))
    at = NIGHT + timedelta(days=2, hours=5)
    return an_alert(over, kind=AlertKind.RESOLVED, sequence=2, at=at)


def reopened() -> Alert:
    return an_alert(an_incident(noticed_at=NIGHT), kind=AlertKind.REOPENED, sequence=4, at=NIGHT)


def with_details() -> Alert:
    def facet(facet: str, name: str, verdict: str) -> FacetVerdict:
        return FacetVerdict(facet, name, verdict, share=0.4, lift=4.0, lift_low=2.7, lift_high=5.4)

    details = Details(
        speakers=Speakers.PEOPLE,
        posts=63,
        voices=57,
        linked=0.035,
        newcomers=0.9,
        facets=(
            facet("component", "text", "affected"),
            facet("component", "pictures", "affected"),
            facet("component", "voice", "not affected"),
            facet("component", "login", "not enough posts"),
            facet("region", "Shanghai", "affected"),
        ),
        samples=(
            SampleComplaint(NIGHT, "微信发不出去了，只有语音能用"),
            SampleComplaint(NIGHT, "wechat\x1b[2J down"),
        ),
        words=("发不出去", "红色感叹号"),
    )
    return replace(opened(), details=details)


def discovered() -> Alert:
    alert = with_details()
    return replace(alert, details=replace(alert.details, samples=(), words=(), discovered=True))


def interval_over_midnight() -> Alert:
    noticed = datetime(2022, 7, 22, 16, 2, tzinfo=UTC)
    incident = an_incident(noticed_at=noticed, severity=Severity.MINOR)
    began = noticed - 3 * MINUTE
    onset = Onset(began, began - 10 * MINUTE, began + 2 * MINUTE)
    return an_alert(replace(incident, onset=onset))


def no_usual_level() -> Alert:
    incident = an_incident("微信", noticed_at=NIGHT)
    exact = Onset(incident.onset.at, incident.onset.at, incident.onset.at)
    return an_alert(
        replace(
            incident,
            onset=exact,
            expected_at_peak=float("nan"),
            peak_count=1_234_567.0,
            excess=float("nan"),
        )
    )


def hostile_name() -> Alert:
    name = "Evil\x1b]0;owned\x07\x1b[2J\r\nOVER  all is well\u202e\u2028" + "x" * 300
    return an_alert(an_incident(name, noticed_at=NIGHT, id="evil-1", sources=("a\x9bb",)))


CASES = [
    opened,
    escalated,
    resolved,
    resolved_days_later,
    with_details,
    reopened,
    discovered,
    interval_over_midnight,
    no_usual_level,
    hostile_name,
]


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
@pytest.mark.parametrize("zone", [CHINA, UTC], ids=["in China", "in UTC"])
def test_the_block_reads_as_agreed(make: type, zone: tzinfo) -> None:
    text = block(make(), zone, colour=False)
    where = "china" if zone is CHINA else "utc"
    golden = GOLDEN / f"{make.__name__}_{where}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
def test_the_block_without_colour_is_what_is_seen_with_it(make: type) -> None:
    painted = block(make(), CHINA, colour=True)
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m", "\x1b[1;97;41m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == block(make(), CHINA, colour=False)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(opened, "\x1b[1;31m", id="a major outage is red"),
        pytest.param(interval_over_midnight, "\x1b[1;33m", id="a minor outage is yellow"),
        pytest.param(escalated, "\x1b[1;97;41m", id="a critical outage is white on red"),
        pytest.param(resolved, "\x1b[1;32m", id="what is over is green"),
    ],
)
def test_only_the_title_is_painted(make: type, code: str) -> None:
    title, *rest = block(make(), CHINA, colour=True).splitlines()
    assert title.startswith(code)
    assert title.endswith("\x1b[0m")
    assert "\x1b" not in "".join(rest)


@given(st.text(max_size=250))
def test_no_name_brings_a_control_character_or_a_line_break(name: str) -> None:
    said = message(an_alert(an_incident(name, id="id")), CHINA)
    for line in (said.title, *said.lines):
        assert line.isprintable() or all(c.isprintable() or c.isspace() for c in line)
        assert len(line.splitlines()) == 1


@given(st.text())
def test_plain_text_is_short_and_plain_already(text: str) -> None:
    once = plain(text)
    assert plain(once, longest=len(once)) == once
    assert len(plain(text, longest=10).replace("\\", "")) <= 100


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("微信 WeChat 👍", "微信 WeChat 👍", id="letters of all kinds stay"),
        pytest.param("a\x1b[31mb", "a\\x1b[31mb", id="escape sequences are written out"),
        pytest.param("a\nb\tc", "a\\nb\\tc", id="line breaks and tabs are written out"),
        pytest.param("a\u202eb", "a\\u202eb", id="text direction overrides are written out"),
        pytest.param("a\x9bb", "a\\x9bb", id="eight-bit control characters are written out"),
        pytest.param("a\ud800b", "a\\ud800b", id="lone surrogates are written out"),
        pytest.param("x" * 201, "x" * 199 + "…", id="what is too long is cut"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 00 min"),
        (86_399, "23 h 59 min"),
        (86_400, "1 d 0 h"),
        (190_800, "2 d 5 h"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: int, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        pytest.param("UTC", "Fri 2022-07-22 19:03 UTC", id="UTC is said once"),
        pytest.param(
            "Asia/Shanghai",
            "Sat 2022-07-23 03:03 +08:00 (Fri 19:03 UTC)",
            id="another day in UTC is named",
        ),
        pytest.param(
            "America/St_Johns", "Fri 2022-07-22 16:33 -02:30 (19:03 UTC)", id="half an hour"
        ),
        pytest.param("Europe/London", "Fri 2022-07-22 20:03 +01:00 (19:03 UTC)", id="summer time"),
    ],
)
def test_instants_are_said_in_both_zones(zone: str, said: str) -> None:
    assert both(NIGHT, ZoneInfo(zone)) == said


def test_seconds_are_said_only_if_there_are_any() -> None:
    assert "19:03:30 UTC" in both(NIGHT + timedelta(seconds=30), UTC)
