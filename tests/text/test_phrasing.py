"""Facts in words: every reason, every notification, in every language."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, timedelta
from math import nan
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.model.incident import Severity
from detector.model.surge import Onset
from detector.text.catalogue import LANGUAGES, catalogue
from detector.text.format import Format
from detector.text.notification_text import alert_text, source_text
from detector.text.phrasing import Phrasing
from detector.text.scripts import scripts
from tests.fakes.outages import an_incident
from tests.text import stories
from tests.text.pseudo import pseudo, pseudo_format, unlocalised
from tests.text.stories import (
    DETAILS,
    MINUTE,
    NIGHT,
    REASONS,
    SOURCE_REASONS,
    STORIES,
    described,
    facet,
    opened,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "text"
#: Languages whose sentences are on file as they read.
WORDED = ("en", "zh")
CHINA = ZoneInfo("Asia/Shanghai")
#: What strangers wrote, names of services and sources, addresses, ids: the same in every language.
KNOWN = (
    "what an earlier version wrote",
    "WeChat",
    "QQ Music",
    "QQ",
    "qq-20220722T1900Z-0123",
    "qq-1",
    "Tencent Cloud",
    "weibo",
    "bluesky",
    "hackernews",
    "mastodon",
    "own thing",
    "Li Lei",
    "deploy {x}",
    "nights",
    "HTTP 503",
    "spinning",
    "wechat\\x1b[2J down",
    "微信发不出去了，只有语音能用",
)


def phrasing(language: str) -> Phrasing:
    texts = catalogue(language)
    return Phrasing(texts, Format(texts, CHINA))


def agrees(name: str, shown: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def notifications(say: Phrasing) -> str:
    found = [
        alert_text(story(), say, trend="rising", page="https://x.example/i", runbook="https://r")
        for story in STORIES
    ]
    for state, (code, params) in {
        "down": ("last_observed", SOURCE_REASONS["last_observed"]),
        "degraded": ("low_volume", SOURCE_REASONS["low_volume"]),
        "up": ("recovered", {}),
    }.items():
        found.append(
            source_text(
                say,
                source="weibo",
                state=state,
                since=NIGHT,
                at=NIGHT + 12 * MINUTE,
                reason=code,
                params=params,
                sequence=3,
            )
        )
    return "\n".join("\n  ".join([text.title, *text.lines]) + "\n" for text in found)


def reasons(say: Phrasing) -> str:
    lines = [f"{code}: {say.reason(code, params)}" for code, params in REASONS.items()]
    lines += [
        f"source {code}: {say.source_reason(code, params)}"
        for code, params in SOURCE_REASONS.items()
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("language", WORDED)
def test_notifications_read_like_this(language: str) -> None:
    agrees(f"notifications_{language}.txt", notifications(phrasing(language)))


@pytest.mark.parametrize("language", WORDED)
def test_reasons_read_like_this(language: str) -> None:
    agrees(f"reasons_{language}.txt", reasons(phrasing(language)))


def test_nothing_that_people_read_is_outside_the_catalogue(tmp_path: Path) -> None:
    texts = pseudo(tmp_path)
    say = Phrasing(texts, pseudo_format(texts))
    names = [story.__name__ for story in STORIES]
    assert len(names) >= 12
    shown = notifications(say)
    for marked in (
        "[OPENED]",
        "[ESCALATED]",
        "[UPDATED]",
        "[REOPENED]",
        "[RESOLVED]",
        "[REMINDER]",
    ):
        assert marked in shown
        shown = shown.replace(marked, "")
    for state in ("UP", "DEGRADED", "DOWN"):
        assert f"[SOURCE {state}]" in shown
        shown = shown.replace(f"[SOURCE {state}]", "")
    known = (*KNOWN, "https://x.example/i", "https://r", opened().incident.id)
    assert unlocalised(shown, known) == []
    listed = "\n".join(say.reason(code, params) for code, params in REASONS.items())
    listed += "\n".join(say.source_reason(code, ps) for code, ps in SOURCE_REASONS.items())
    assert unlocalised(listed, known) == []


def test_the_helper_finds_what_was_not_localised(tmp_path: Path) -> None:
    texts = pseudo(tmp_path)
    shown = f"WeChat: {texts('part.everyone')}, but nobody since Mon 03:06 UTC"
    assert unlocalised(shown, ["WeChat"]) == ["but", "nobody", "since", "Mon"]


def test_an_english_notification_has_no_fragments_of_chinese_words() -> None:
    lines = alert_text(described(), phrasing("en")).lines
    words = next(line for line in lines if line.startswith("words"))
    assert words.split() == ["words", "spinning"]
    chinese_only = replace(described(), details=replace(DETAILS, words=("发不出去",)))
    lines = alert_text(chinese_only, phrasing("en")).lines
    assert [line for line in lines if line.startswith("words")] == []
    assert phrasing("zh").readable(DETAILS.words) == ["发不出去", "spinning", "红色感叹号"]
    assert phrasing("zh").readable(["падает", "500"]) == ["500"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_that_lacks_what_it_must_say_is_an_error(language: str) -> None:
    with pytest.raises(KeyError, match=r"reason\.silenced.*until"):
        phrasing(language).reason("silenced", {"author": "x"})
    with pytest.raises(KeyError, match=r"reason\.nonsense"):
        phrasing(language).reason("nonsense", {})


def test_a_comment_is_shown_safely_and_is_no_template() -> None:
    until = "2022-07-22T21:00:00Z"
    params = {"author": "a\nb{x}", "until": until, "comment": "{0}\x1b[2J"}
    shown = phrasing("en").reason("silenced", params)
    assert shown == r"silenced by a\nb{x} until Sat 2022-07-23 05:00 +08:00: {0}\x1b[2J"


@pytest.mark.parametrize(
    ("language", "headline", "resolved"),
    [
        (
            "en",
            "WeChat: text and pictures not working in Shanghai since Sat 2022-07-23 03:00 +08:00",
            "WeChat: users report problems, resolved, started Sat 2022-07-23 03:00 +08:00",
        ),
        (
            "zh",
            "WeChat：文字消息和图片异常（上海），2022-07-23（周六）03:00 UTC+08:00 开始",
            "WeChat：用户反馈无法正常使用，已恢复，2022-07-23（周六）03:00 UTC+08:00 开始",
        ),
    ],
)
def test_a_headline_says_what_fails_where_and_since_when(
    language: str, headline: str, resolved: str
) -> None:
    say = phrasing(language)
    assert say.headline(opened().incident, DETAILS) == headline
    assert say.headline(stories.resolved().incident, None) == resolved


def test_many_components_are_cut_in_a_headline() -> None:
    names = ("login", "payments", "web", "search", "mine")
    details = replace(DETAILS, facets=tuple(facet("component", n, "affected") for n in names))
    assert phrasing("en").what_fails(details) == "login, payments, web, and 2 more not working"
    assert phrasing("zh").what_fails(details) == "登录、支付、网页版等 5 项异常"


@pytest.mark.parametrize(
    ("peak", "expected", "evidence", "english"),
    [
        (412.0, 31.0, 30.0, "412 posts in one bin, 31 expected (13 times as many)"),
        (412.0, 0.0, 30.0, "412 posts in one bin, none expected"),
        (412.0, nan, 30.0, "412 posts in one bin; the expected count is not known yet"),
        (9e5, 3e5, nan, "heat 900,000; the lowest entry of the list had 300,000"),
    ],
    ids=["counted", "none expected", "no baseline yet", "a trending list"],
)
def test_the_size(peak: float, expected: float, evidence: float, english: str) -> None:
    incident = replace(
        an_incident(noticed_at=NIGHT),
        peak_count=peak,
        expected_at_peak=expected,
        evidence=evidence,
    )
    assert phrasing("en").size(incident) == english


def test_the_interval_of_the_start_grows_to_whole_minutes() -> None:
    half = timedelta(seconds=30)
    onset = Onset(NIGHT + half, NIGHT - half, NIGHT + MINUTE + half)
    assert phrasing("en").start_interval(onset) == "90% interval 03:02 to 03:05"
    assert phrasing("en").start_interval(Onset(NIGHT, NIGHT, NIGHT)) == "exact to the bin"
    known = Onset(NIGHT + half, NIGHT + half, NIGHT + half + timedelta(seconds=5))
    assert phrasing("en").start_interval(known) == "90% interval 03:03:30 to 03:03:35"


def test_an_integration_outside_the_catalogues_has_its_own_texts(tmp_path: Path) -> None:
    texts = {"en": "postcards into {box}", "zh": "明信片，投入 {box}"}
    assert phrasing("en").by_language(texts, box="{x}") == "postcards into {x}"
    assert phrasing("zh").by_language(texts, box="b") == "明信片，投入 b"
    unknown = pseudo(tmp_path)
    say = Phrasing(unknown, pseudo_format(unknown))
    assert say.by_language(texts, box="b") == "postcards into b"
    with pytest.raises(KeyError):
        phrasing("zh").by_language({"zh": "明信片"})


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_names_the_severity_as_pages_do(language: str, severity: Severity) -> None:
    say = phrasing(language)
    incident = an_incident(noticed_at=NIGHT, severity=severity)
    title = alert_text(replace(opened(), incident=incident), say).title
    assert title.startswith("[OPENED] WeChat")
    assert say.texts(f"severity.{severity.label}") in title


def test_one_person_and_one_post() -> None:
    alone = replace(DETAILS, posts=1, authors=1, linked=0.0)
    assert phrasing("en").people(alone) == "1 person in 1 post"
    assert phrasing("zh").people(alone) == "1 人反馈，共 1 条"
    assert phrasing("en").people(DETAILS, newcomers=True) == (
        "57 people in 63 posts, 4% with a link, 90% had not complained in weeks"
    )


def test_times_are_those_of_the_reader() -> None:
    texts = catalogue("en")
    in_utc = Phrasing(texts, Format(texts, UTC))
    assert in_utc.reason("mute_time", REASONS["mute_time"]) == (
        "mute time interval nights, until Fri 2022-07-22 22:00 UTC"
    )


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("down", {"LATIN"}),
        ("ｄｏｗｎ", {"LATIN"}),
        ("微信down了", {"LATIN", "CJK"}),
        ("ダウン", {"KATAKANA"}),
        ("503!", set()),
    ],
)
def test_the_scripts_of_a_word(word: str, found: set[str]) -> None:
    assert scripts(word) == found
