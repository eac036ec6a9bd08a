"""What people read, compared as a whole with golden files.

``GOLDEN=write pytest tests/notify`` writes them anew; read the difference before committing it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import resources
from detector.errors import ConfigError
from detector.model.alert import Alert, AlertKind, Attribution, Because, NewFacts
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint, Trend
from detector.model.incident import Severity
from detector.model.plain_text import inert, plain
from detector.model.surge import Agreement, Onset
from detector.notify.render import OLD_NAMES, Links, Writer, trend
from detector.receivers.console import block
from detector.text.catalogue import LANGUAGES, catalogue
from tests.fakes.outages import an_alert, an_incident
from tests.fakes.words import a_writer

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
        written_by=AuthorKind.PEOPLE,
        posts=63,
        authors=57,
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
        trend=Trend.STEADY,
    )
    return replace(opened(), details=details)


def discovered() -> Alert:
    alert = with_details()
    return replace(alert, details=replace(alert.details, samples=(), words=(), discovered=True))


def updated() -> Alert:
    news = NewFacts(("pictures", "payments"), ("Guangdong",), ("bluesky",), ("QQ", "QQ Music"))
    at = NIGHT + 20 * MINUTE
    return replace(with_details(), kind=AlertKind.UPDATED, at=at, sequence=2, new_facts=news)


def repeated() -> Alert:
    at = NIGHT + 180 * MINUTE
    return replace(opened(), kind=AlertKind.REMINDER, at=at, notice=4)


def seen_by_some() -> Alert:
    says = {"weibo": 30.0, "bluesky": 2.5, "hackernews": 0.0, "mastodon": None}
    seen = replace(
        opened().incident,
        sources=("bluesky", "weibo"),
        agreement=tuple(Agreement(source, evidence) for source, evidence in says.items()),
    )
    return an_alert(seen)


def unobserved() -> Alert:
    since = NIGHT + 40 * MINUTE
    return replace(repeated(), incident=replace(opened().incident, not_observed_since=since))


def echo_by_mentions() -> Alert:
    return replace(opened(), attribution=likely(Because.MENTIONS, share=0.634))


def echo_by_provider() -> Alert:
    return replace(opened(), attribution=likely(Because.PROVIDER, provider="腾讯云", together=3))


def echo_by_time() -> Alert:
    return replace(opened(), attribution=likely(Because.TOGETHER, together=5))


def likely(because: Because, **known: Any) -> Attribution:
    return Attribution("QQ", "qq-20220722T1900Z-0123", because, **known)


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
    updated,
    repeated,
    seen_by_some,
    unobserved,
    echo_by_mentions,
    echo_by_provider,
    echo_by_time,
    reopened,
    discovered,
    interval_over_midnight,
    no_usual_level,
    hostile_name,
]


LINKS = Links(
    "https://outages.example.org/", None, {"WeChat": "https://wiki.example.org/runbooks/wechat"}
)
WAYS: dict[str, tuple[str, tzinfo]] = {
    "en_china": ("en", CHINA),
    "en_utc": ("en", UTC),
    "zh_china": ("zh", CHINA),
}


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.replace("_", " in "))
def test_the_block_reads_as_agreed(make: Callable[[], Alert], way: str) -> None:
    language, zone = WAYS[way]
    text = shown(make(), language, zone)
    golden = GOLDEN / f"{make.__name__}_{way}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def shown(alert: Alert, language: str = "en", zone: tzinfo = CHINA, *, colour: bool = False) -> str:
    said = a_writer(language, zone=zone, links=LINKS).message(alert)
    return block(alert, said, colour=colour)


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
def test_the_block_without_colour_is_what_is_seen_with_it(make: Callable[[], Alert]) -> None:
    painted = shown(make(), colour=True)
    for code in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m", "\x1b[1;97;41m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == shown(make())


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(opened, "\x1b[1;31m", id="a major outage is red"),
        pytest.param(interval_over_midnight, "\x1b[1;33m", id="a minor outage is yellow"),
        pytest.param(escalated, "\x1b[1;97;41m", id="a critical outage is white on red"),
        pytest.param(resolved, "\x1b[1;32m", id="what is over is green"),
    ],
)
def test_only_the_title_is_painted(make: Callable[[], Alert], code: str) -> None:
    title, *rest = shown(make(), colour=True).splitlines()
    assert title.startswith(code)
    assert title.endswith("\x1b[0m")
    assert "\x1b" not in "".join(rest)


PLAIN: dict[str, Writer] = {"en": a_writer(zone=CHINA), "zh": a_writer("zh", zone=CHINA)}


@pytest.mark.parametrize("language", ["en", "zh"])
@given(name=st.text(max_size=250))
def test_no_name_brings_a_control_character_or_a_line_break(language: str, name: str) -> None:
    said = PLAIN[language].message(an_alert(an_incident(name, id="id")))
    for line in (said.title, *said.lines):
        assert line.isprintable() or all(c.isprintable() or c.isspace() for c in line)
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_has_a_title_of_its_own(language: str) -> None:
    over = an_incident(lasted=timedelta(hours=1))
    titles = {
        a_writer(language).message(
            an_alert(over if kind is AlertKind.RESOLVED else None, kind=kind)
        )
        for kind in AlertKind
    }
    assert len({said.title for said in titles}) == len(AlertKind)


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_bundled_components_regions_and_platforms_have_names_in(language: str) -> None:
    lexicon = {
        name: tomllib.loads(resources.text(f"data/lexicon/{name}.toml"))
        for name in ("components", "regions", "platforms")
    }
    components = {n for k in lexicon["components"]["kind"].values() for n in k["components"]}
    bundled = {*components, *lexicon["regions"]["names"], *lexicon["platforms"]["names"]}
    texts = catalogue(language)
    assert len(bundled) > 60
    assert sorted(name for name in bundled if f"name.{name}" not in texts) == []


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
def test_an_english_message_has_no_words_that_its_reader_cannot_read(
    make: Callable[[], Alert],
) -> None:
    lines = a_writer().message(make()).lines
    words = [line for line in lines if line.startswith(("words", "failing", "where"))]
    assert all(line.isascii() for line in words)


@pytest.mark.parametrize("kind", AlertKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_starts_with_the_state_of_the_api_in_every_language(
    language: str, kind: AlertKind
) -> None:
    over = an_incident(lasted=timedelta(hours=1)) if kind is AlertKind.RESOLVED else None
    title = a_writer(language).message(an_alert(over, kind=kind)).title
    assert title.startswith(f"[{kind.value.upper()}] WeChat")


# --- templates of the user's own ---------------------------------------------------------------


def test_an_own_template_says_the_same_facts_in_its_own_words() -> None:
    own = "{{ service }} seit {{ began | clock }}\n{{ page }}\n\n{{ details.words | listed }}"
    with pytest.raises(ConfigError, match="the template fails: 'None' has no attribute 'words'"):
        a_writer(own=own)
    own = "{{ service }} seit {{ began | clock }}\n\n{{ 'hier: ' ~ page if page }}\n"
    said = a_writer(own=own, links=LINKS, zone=CHINA).message(opened())
    assert said.title == "WeChat seit 03:00"
    assert said.lines == (f"hier: {LINKS.page(opened().incident)}",)


@pytest.mark.parametrize(
    ("own", "mistake"),
    [
        pytest.param(
            "a\n\n{{ servce }}", "line 3: .* 'servce' is undefined", id="a word that is not known"
        ),
        pytest.param("x\n{% if kind %}", "line 2: Unexpected end", id="a block that does not end"),
        pytest.param("{{ began | date }}", "line 1: No filter named 'date'", id="no such filter"),
        pytest.param("{{ ''.__class__ }}", "unsafe", id="what lies behind a value"),
        pytest.param("{{ sources.append('x') }}", "unsafe", id="a change of a value"),
        pytest.param("{% include '/etc/passwd' %}", "no loader", id="another file"),
        pytest.param("{{ range(3) }}", "'range' is undefined", id="what is no fact"),
        pytest.param("{{ 1 // 0 }}", "division", id="arithmetic that fails"),
        pytest.param("{% if kind == 'opened' %}x{% endif %}", "says nothing", id="silence"),
    ],
)
def test_an_own_template_is_refused_that_asks_for(own: str, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        a_writer(own=own)


def test_an_own_template_that_fails_on_one_alert_costs_its_wording_only() -> None:
    own = "{{ service }}: {{ 100 // ((service | length) - 2) }}"
    said = a_writer(own=own).message(an_alert(an_incident("QQ")))
    assert said.title.startswith("[OPENED] QQ: major outage since")
    assert said.lines[-1].startswith("(the template failed: integer division")


TEMPLATES = Path(__file__).parent / "templates"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__.replace("_", " "))
def test_a_template_of_an_earlier_version_goes_on_rendering(
    language: str, make: Callable[[], Alert]
) -> None:
    own = (TEMPLATES / f"earlier_{language}.txt").read_text(encoding="utf-8")
    said = a_writer(language, own=own, zone=CHINA).message(make())
    head = {"en": TITLES_THEN[make().kind][0], "zh": TITLES_THEN[make().kind][1]}[language]
    assert said.title.startswith(head)
    assert not any("failed" in line or "模板" in line for line in said.lines)


def test_the_template_in_the_documentation_can_be_used() -> None:
    page = (Path(__file__).parents[2] / "docs" / "receivers.md").read_text(encoding="utf-8")
    own = page.split("```jinja\n")[1].split("```")[0]
    said = a_writer(own=own, zone=CHINA).message(with_details())
    assert said.title == "[OPENED] WeChat: major since 03:00 +08:00"
    assert "failing  text and pictures" in said.lines


TITLES_THEN = {
    AlertKind.OPENED: ("OUTAGE ", "【故障】"),
    AlertKind.ESCALATED: ("WORSE ", "【升级】"),
    AlertKind.UPDATED: ("UPDATE ", "【更新】"),
    AlertKind.REOPENED: ("AGAIN ", "【复发】"),
    AlertKind.REMINDER: ("STILL ", "【未恢复】"),
    AlertKind.RESOLVED: ("OVER ", "【恢复】"),
}


@pytest.mark.parametrize(("old", "new"), OLD_NAMES.items())
def test_a_fact_has_its_old_name_beside_the_new_one(old: str, new: str) -> None:
    own = f"{{{{ {old} == {new} }}}}"
    for make in CASES:
        assert a_writer(own=own).message(make()).title == "True"


def test_old_names_of_details_roots_kinds_and_filters_stay() -> None:
    own = (
        "{{ kind }} {{ state }}|"
        "{% if details %}{{ details.voices }} {{ details.authors }}{% endif %}|"
        "{% if origin %}{{ origin.together }} {{ root.count }}{% endif %}|"
        "{{ trend }}|{{ noticed_after | lasting }} {{ noticed_after | duration }}|"
        "{{ ['login'] | called | listed }} {{ ['login'] | named | listed }}|{{ 'x y' | retold }}"
    )
    said = a_writer("zh", own=own).message(repeated()).title
    assert said == "repeated reminder|||past its peak|3分钟 3分钟|登录 登录|x y"
    assert "|57 57|" in a_writer(own=own).message(with_details()).title
    assert "|5 5|" in a_writer(own=own).message(echo_by_time()).title


# --- facts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since_start", "since_peak", "said"),
    [
        pytest.param(10, 0, "rising", id="the latest count is the highest"),
        pytest.param(10, 3, "rising", id="counts are jagged: minutes ago is now"),
        pytest.param(10, 4, "past_peak", id="young and past its peak"),
        pytest.param(100, 20, "rising", id="a fifth of its life ago is now"),
        pytest.param(100, 21, "past_peak", id="old and past its peak"),
    ],
)
def test_the_trend_is(since_start: int, since_peak: int, said: str) -> None:
    incident = an_incident()
    at = incident.onset.at + since_start * MINUTE
    alert = an_alert(replace(incident, peak_at=at - since_peak * MINUTE), at=at)
    assert trend(alert) == said


@pytest.mark.parametrize("said", Trend)
def test_the_trend_is_what_the_complaints_say_if_they_are_of_this_moment(said: Trend) -> None:
    alert = replace(opened(), details=replace(with_details().details, trend=said))  # type: ignore[type-var]
    assert trend(alert) == said.value
    late = replace(alert, at=alert.at + 120 * MINUTE, kind=AlertKind.REMINDER, notice=2)
    assert trend(late) == "past_peak"


def test_what_is_over_has_no_trend() -> None:
    assert trend(resolved()) is None


def test_links_are_those_of_the_service_before_those_of_all() -> None:
    links = Links("https://o.example.org", "https://w/any", {"QQ": "https://w/qq"})
    assert links.runbook_of(an_incident("QQ")) == "https://w/qq"
    assert links.runbook_of(an_incident("WeChat")) == "https://w/any"
    assert links.page(an_incident("微信/..", id="微信/..")) == (
        "https://o.example.org/incidents/%E5%BE%AE%E4%BF%A1%2F.."
    )
    assert Links().page(an_incident()) is None
    assert Links().runbook_of(an_incident()) is None


@given(st.text(min_size=1))
def test_any_id_is_one_segment_of_the_address(name: str) -> None:
    page = Links("https://o.example.org/base/").page(an_incident(id=name))
    assert page == f"https://o.example.org/base/incidents/{quote(name, safe='')}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("@all 崩了", "＠all 崩了", id="calls nobody"),
        pytest.param("<!channel>", "‹!channel›", id="calls no channel"),
        pytest.param("[微信](https://evil)", "[微信] (https://evil)", id="leads nobody astray"),
        pytest.param("a\x1b", "a\\x1b", id="is plain besides"),
    ],
)
def test_inert_text(text: str, shown: str) -> None:
    assert inert(text) == shown


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
