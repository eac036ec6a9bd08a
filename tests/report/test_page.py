"""The report: complete, self-contained, in two languages, and deaf to what strangers wrote."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.detection.hindsight.findings import Regime
from detector.errors import ConfigError
from detector.model.details import AuthorKind, Details, FacetVerdict, SampleComplaint
from detector.model.known_outages import Statement
from detector.report.analysis import csv_of, looks, markdown_of, page_of, picture_of
from detector.report.exports import csv_text, markdown_cell
from detector.report.known import Known
from detector.report.poster import poster
from detector.report.story import Aside, Report, ReportSeries, Story
from detector.text.phrasing import phrasing
from tests.fakes.outages import an_incident
from tests.report.looks import MINUTE, START, a_curve

ZONE = ZoneInfo("Asia/Shanghai")
ROOM = Path(__file__).parents[2] / "detector" / "report"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    '=HYPERLINK("http://evil")',
    "@everyone [click](http://evil) ![x](http://evil/x.png) | a | b",
    "safe\u202eevil\x1b[31m\x00\nnext",
    "&lt;b&gt; ]]> --> <!--",
]
#: Cells that a spreadsheet would calculate.
FORMULAS = ["=1+1", " =1+1", "＝1+1", "\u200b@SUM(A1)", "\t-1", "+cmd", "　＋1"]
VOID = frozenset({"meta", "br", "img", "link", "hr", "input"})


def details(text: str = "微信崩了", name: str = "Guangdong") -> Details:
    verdict = FacetVerdict("region", name, "affected", 0.4, 3.0, 2.0, 4.0)
    part = FacetVerdict("component", name, "affected", 0.4, 3.0, 2.0, 4.0)
    sample = SampleComplaint(START, text)
    return Details(AuthorKind.PEOPLE, 618, 489, 0.03, 0.5, (verdict, part), (sample,), (text,))


def a_known(**changes: object) -> Known:
    said = Statement(at=START + 960 * MINUTE, where="Weibo", says="A network fault.")
    known = Known(
        service="WeChat",
        title="Road works cut two cables",
        start_earliest=START + 900 * MINUTE,
        start_latest=START + 930 * MINUTE,
        end_earliest=None,
        end_latest=START + 1100 * MINUTE,
        statements=(said,),
        documented=True,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def a_story(service: str = "WeChat", text: str = "微信崩了", **changes: object) -> Story:
    at = START + 900 * MINUTE
    onset = replace(an_incident().onset, at=at, earliest=at - 3 * MINUTE, latest=at + 4 * MINUTE)
    incident = replace(
        an_incident(),
        service=service,
        onset=onset,
        noticed_at=at + 11 * MINUTE,
        ended_at=at + 200 * MINUTE,
        resolved_at=at + 240 * MINUTE,
        peak_at=at + 100 * MINUTE,
    )
    story = Story(
        incident=incident,
        was_noticed=True,
        details=details(text, service),
        curves=(("weibo", a_curve()),),
        standing=None,
        known=(a_known(service=service),),
        until=START + 1440 * MINUTE,
    )
    return replace(story, **changes)  # type: ignore[arg-type]


def a_report(*stories: Story, **changes: object) -> Report:
    watched = ReportSeries("WeChat", "weibo", a_curve(), MINUTE, 0, timedelta(days=1))
    report = Report(
        stories=stories,
        watched=(watched,),
        series=1,
        start=START,
        end=START + timedelta(days=1),
        bins=1440,
        observed=timedelta(days=1),
        missed=(),
        figures=(("found", 1.0), ("start_error_median", 1.5)),
        settings=(
            ("false_alarms", 0.01),
            ("time_zone", "UTC"),
            ("complaint_threshold", 0.6),
            ("reopen_window", timedelta(hours=1)),
        ),
        made_at=START + timedelta(days=2),
        source="counts.csv",
        version="1.2.3",
        zone=ZONE,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


ASIDES = (
    Aside("level_change", "WeChat", "weibo", START, None, 3.0),
    Aside("unusual_volume", "WeChat", "weibo", START, START + timedelta(days=1), 0.6),
    Aside("unusual_shifted", "WeChat", "weibo", START, START + timedelta(days=1), 1.0),
    *(
        Aside(f"taken_back.{why}", "WeChat", "weibo", START, START + 60 * MINUTE, None)
        for why in ("level_change", "unusual_days", "not_sure", "ordinary")
    ),
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("change of level: 3 times", "0.60 times as many as usual", "taken back")),
        ("zh", ("水平变化：此后为原来的 3 倍", "为平常的 0.60 倍", "事后撤回")),
    ],
)
def test_what_was_no_incident_is_told_as_what_it_is(language: str, said: tuple[str, ...]) -> None:
    report = a_report(a_story(), asides=ASIDES)
    page, text = page_of(report, language), markdown_of(report, language)
    for words in said:
        assert words in page
        assert words in text.replace("\\", "")
    assert 'id="asides"' in page
    assert 'id="asides"' not in page_of(a_report(a_story()), language)


def test_the_course_of_an_incident_of_several_regimes_is_told() -> None:
    parts = (
        Regime(START, START + 60 * MINUTE, 10.0),
        Regime(START + 60 * MINUTE, START + 150 * MINUTE, 3.0),
    )
    told = markdown_of(a_report(a_story(regimes=parts)))
    assert "10 times the expected for 1 hr" in told
    assert "3 times the expected for 1 hr 30 min" in told


class Reading(HTMLParser):
    """Every element and attribute of a page, and whether all that was opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said.append(data)

    @property
    def ids(self) -> list[str]:
        return [a["id"] or "" for _, a in self.tags if "id" in a]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


@pytest.fixture(scope="module", params=["en", "zh"])
def read_page(request: pytest.FixtureRequest) -> Reading:
    return Reading(page_of(a_report(a_story()), request.param))


def test_every_element_is_closed_and_every_id_is_one_thing(read_page: Reading) -> None:
    assert read_page.open == []
    assert len(read_page.ids) == len(set(read_page.ids))


def test_every_link_leads_to_something_on_the_page(read_page: Reading) -> None:
    links = [a["href"] or "" for tag, a in read_page.tags if tag == "a"]
    assert links
    assert all(link.removeprefix("#") in read_page.ids for link in links)


def test_every_figure_has_words_for_those_who_do_not_see_it(read_page: Reading) -> None:
    charts = [a for tag, a in read_page.tags if tag == "svg" and a.get("role") == "img"]
    assert len(charts) == 4
    assert all(chart["aria-label"] for chart in charts)


def test_the_page_asks_for_nothing_from_elsewhere_and_runs_nothing(read_page: Reading) -> None:
    for tag, attributes in read_page.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "base", "form"}
        assert not {"src", "onload", "onclick", "style", "srcset"} & attributes.keys()
    policy = next(a for _, a in read_page.tags if a.get("http-equiv"))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", looks().style + looks().chart_style)


def test_what_matters_of_an_incident_stands_on_the_page() -> None:
    text = Reading(page_of(a_report(a_story()))).text
    for said in (
        "Mon 2013-07-22 15:00, 90% interval 14:57 to 15:04",
        "15:11, 11 min after it started",
        "18:20, after 3 hr 20 min",
        "489 people in 618 posts, 3% with a link",
        "A network fault.",
        "11 min after the earliest report",
        "49 min after the detector noticed",
        "times in Asia/Shanghai (+08:00)",
        "outage-detector 1.2.3",
    ):
        assert said in text


def test_regions_and_components_are_called_as_in_the_language() -> None:
    story = replace(a_story(), details=details(name="Guangdong"))
    report = a_report(story)
    assert "广东" in Reading(page_of(report, "zh")).text
    assert "Guangdong" in Reading(page_of(report, "en")).text
    assert "广东" in markdown_of(report, "zh")


def test_a_report_of_nothing_says_so() -> None:
    for language, said in (("en", "No outage found"), ("zh", "未发现故障")):
        page = Reading(page_of(a_report(), language))
        assert said in page.text
        assert page.open == []
    nothing = a_report(watched=(), series=0, figures=())
    assert "no outage was found" in Reading(page_of(nothing)).text
    assert "no outage was found" in markdown_of(nothing)
    assert csv_of(nothing).count("\n") == 1


def test_an_incident_that_goes_on_and_was_not_noticed_is_told_as_such() -> None:
    story = a_story()
    story = replace(
        story, incident=replace(story.incident, ended_at=None), was_noticed=False, known=()
    )
    text = Reading(page_of(a_report(story))).text
    assert "still open at the end of the data, for 9 hr" in text
    assert "the live detector would not have noticed it" in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_strangers_wrote_stays_text_on_the_page(hostile: str) -> None:
    known = a_known(service=hostile, title=hostile)
    report = a_report(
        a_story(hostile, hostile),
        missed=(known,),
        source=hostile,
        watched=(ReportSeries(hostile, hostile, a_curve(), MINUTE, 0, timedelta(days=1)),),
    )
    page = Reading(page_of(report))
    harmless = Reading(page_of(a_report(a_story(text="is down"), missed=(a_known(),))))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in harmless.tags]
    assert [a.keys() for _, a in page.tags] == [a.keys() for _, a in harmless.tags]
    assert page.open == []
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_strangers_wrote_stays_text_in_csv_and_markdown(hostile: str) -> None:
    report = a_report(a_story(hostile, hostile), missed=(a_known(),))
    (row,) = csv.DictReader(io.StringIO(csv_of(report)))
    assert row["service"].removeprefix("'") == hostile
    assert not row["service"].startswith(("=", "+", "-", "@", "\t", "\r"))
    text = markdown_of(report)
    assert not re.search(r"(?<!\\)<|(?<!\\)\]\(|(?<!\\)!\[|@everyone|://", text)
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {8}


@pytest.mark.parametrize("hostile", FORMULAS)
def test_no_cell_of_a_report_is_calculated(hostile: str) -> None:
    report = a_report(a_story(hostile), figures=())
    (row,) = csv.DictReader(io.StringIO(csv_of(report), newline=""))
    assert row["service"] == f"'{hostile}"
    (cells,) = [line for line in markdown_of(report).splitlines() if line.startswith("| 1 |")]
    assert cells.split(" | ")[1].startswith("'")


def test_numbers_and_texts_with_a_sign_inside_stay_as_they_are() -> None:
    assert csv_text([("1=1", -5, -0.5, None)]) == "1=1,-5,-0.5,\n"


def test_markdown_keeps_what_is_harmless() -> None:
    assert markdown_cell("Mon 2013-07-22 07:28, 9.5 (微信)") == "Mon 2013-07-22 07:28, 9.5 (微信)"
    assert markdown_cell("- x") == r"\- x"
    assert markdown_cell("1. x") == "1\u2060. x"


def test_the_csv_has_one_row_per_incident_with_the_names_of_the_interface() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_of(a_report(a_story()))))
    assert row["started_at"] == "2013-07-22T07:00:00Z"
    assert (row["authors"], row["minutes"]) == ("489", "200.0")


def test_the_catalogue_speaks_chinese_in_the_chinese_report() -> None:
    cut = a_known(title="Road works cut two optical cables", end_latest=None, lasted="about a week")
    page = page_of(a_report(a_story(known=(cut,))), "zh")
    text = Reading(page).text
    for said in ("道路施工挖断两条光缆", "微博: 网络故障。", "约一周"):
        assert said in text
    assert "Weibo" not in text
    assert "Road works cut two optical cables" in page_of(a_report(a_story(known=(cut,))), "en")


def test_a_picture_is_painted_without_a_browser() -> None:
    pytest.importorskip("resvg_py", reason="the extra 'report' is not installed")
    png = picture_of(a_report(a_story("微信")))
    assert png.startswith(b"\x89PNG")
    assert len(png) > 20_000


def test_the_picture_names_its_colours() -> None:
    svg = poster(a_report(a_story()), phrasing("en", ZONE), looks().chart_style)
    assert "var(" not in svg


def test_a_missing_painter_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(ConfigError, match="outage-detector\\[report\\]"):
        picture_of(a_report(a_story()))
