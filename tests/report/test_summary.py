"""The sentences of a report, in every language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from math import nan
from pathlib import Path

import pytest

from detector.report.analysis import looks
from detector.report.exports import report_markdown
from detector.report.html import report_page
from detector.report.poster import poster
from detector.report.story import Report, Standing, Story
from detector.report.summary import facts, figure, setting, summary
from detector.text.format import Format
from detector.text.phrasing import Phrasing, phrasing
from tests.report.looks import MINUTE, START
from tests.report.test_page import ZONE, Reading, a_known, a_report, a_story
from tests.text.pseudo import pseudo, unlocalised

#: What is rightly the same in every language.
NAMES = (
    "WeChat",
    "weibo",
    "QQ",
    "counts.csv",
    "outage-detector",
    "Asia/Shanghai",
    "Road works cut two cables",
    "微信崩了",
)


def an_open_story() -> Story:
    story = a_story("QQ")
    open_incident = replace(story.incident, ended_at=None, id="qq-1")
    return replace(story, incident=open_incident, was_noticed=False)


def a_listed_story() -> Story:
    story = a_story()
    listed = replace(story.incident, evidence=nan, id="wechat-2")
    return replace(story, incident=listed, details=None, known=())


def a_full_report() -> Report:
    standing = Standing(2, 3, 412.0, 31.5, START, 27.3)
    known = a_known(end_earliest=START + 1050 * MINUTE)
    stories = (a_story(standing=standing, known=(known,)), an_open_story(), a_listed_story())
    return a_report(*stories, missed=(a_known(),), series=14)


REPORTS = {
    "everything": a_full_report,
    "one incident": lambda: a_report(a_story()),
    "the only one of its history": lambda: a_report(
        a_story(standing=Standing(1, 1, 412.0, None, None, 27.3))
    ),
    "one incident of a trending list": lambda: a_report(a_listed_story()),
    "nothing": lambda: a_report(figures=()),
}


@pytest.fixture
def pseudo_phrasing(tmp_path: Path) -> Phrasing:
    texts = pseudo(tmp_path)
    return Phrasing(texts, Format(texts, ZONE))


@pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS.keys())
def test_a_language_is_one_file_and_the_whole_report_speaks_it(
    make: object, pseudo_phrasing: Phrasing
) -> None:
    report: Report = make()  # type: ignore[operator]
    page = report_page(report, pseudo_phrasing, looks())
    assert unlocalised(Reading(page).text, NAMES) == []
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', page))
    assert unlocalised(labels, NAMES) == []
    assert unlocalised(report_markdown(report, pseudo_phrasing).replace("\u2060", ""), NAMES) == []
    picture = poster(report, pseudo_phrasing, STYLE)
    picture = re.sub(r"(?s)<style>.*?</style>|<[^>]*>", " ", picture)
    assert unlocalised(picture, NAMES) == []


STYLE = looks().chart_style


def test_the_summary_names_the_worst_and_says_when_the_operator_spoke() -> None:
    said = summary(a_full_report(), phrasing("en", ZONE))
    assert "the complaints show 3 incidents of 2 services" in said[0]
    assert said[1].startswith("The worst was ")
    assert said[-1].startswith("The operator of WeChat first spoke on Mon 2013-07-22 16:00, 49 min")


def test_a_start_is_said_as_everywhere_else() -> None:
    say = phrasing("en", ZONE)
    label, text = next(facts(a_story(), say))
    assert label == "Started"
    assert text.endswith(say.start_interval(a_story().incident.onset))


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("false_alarms", 0.01, ("False alarms allowed", "0.01 per service and week")),
        ("complaint_threshold", 0.6, ("A post is a complaint from", "60%")),
        ("reopen_window", timedelta(minutes=90), ("Reopen window", "1 hr 30 min")),
        ("time_zone", "Asia/Shanghai", ("Time zone", "Asia/Shanghai")),
    ],
)
def test_a_setting_is_shown_as(code: str, value: object, shown: tuple[str, str]) -> None:
    assert setting(code, value, phrasing("en", ZONE)) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [("found", 0.975, "97.5%"), ("lag_median", 2.5, "2.5"), ("false_alarms", 3.0, "3")],
)
def test_a_figure_is_shown_as(code: str, value: float, shown: str) -> None:
    assert figure(code, value, phrasing("en", ZONE))[1] == shown
