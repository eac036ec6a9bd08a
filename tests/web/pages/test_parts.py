"""What pages are made of: settings without secrets, silences from text, reasons, times, assets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.config import parse_settings
from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.times import iso
from detector.views.incident import incident_view
from detector.web.pages.configuration import sections_of
from detector.web.pages.rendering import address_of, plotly_styles
from detector.web.pages.silences import parse_all
from tests.fakes.outages import an_incident
from tests.web.house import MINUTE, NOW, house

SECRETS = """
[store]
location = "postgresql+psycopg://me:hunter2@db/outages"
[services.WeChat]
aliases = ["微信"]
[[receivers]]
type = "webhook"
name = "chat"
url = "https://chat.example/hooks/hunter2"
token_env = "CHAT_TOKEN"
[[sources]]
type = "prometheus"
name = "tickets"
url = "http://hunter2.example:9090"
queries = { WeChat = "sum(tickets)" }
login_file = "/run/secrets/prometheus"
"""


def test_the_settings_show_every_key_and_no_secret() -> None:
    sections = {one.name: one for one in sections_of(parse_settings(SECRETS, path="config.toml"))}
    assert "hunter2" not in repr(sections)
    webhook = {row.key: row for row in sections["[receivers.chat]"].rows}
    assert webhook["url"].secret
    assert webhook["token_env"].value == "CHAT_TOKEN"
    assert webhook["timeout"].is_default
    assert {"[store]", "[services.WeChat]", "[sources.tickets]", "[web]"} <= set(sections)
    (aliases,) = (row for row in sections["[services.WeChat]"].rows if row.key == "aliases")
    assert (aliases.value, aliases.is_default) == ("微信", False)


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ('service="WeChat"', ['service="WeChat"']),
        ('service="a,b", severity!="critical"', ['service="a,b"', 'severity!="critical"']),
        ("service=WeChat,", ['service="WeChat"']),
        (r'service="say \"a,b\"",region=~"B.*"', [r'service="say \"a,b\""', 'region=~"B.*"']),
    ],
    ids=["one", "a comma inside quotes", "a comma at the end", "quotes inside quotes"],
)
def test_matchers_are_read_from_text(text: str, matchers: list[str]) -> None:
    assert [str(m) for m in parse_all(text)] == matchers


@pytest.mark.parametrize("text", ["", "  ", "nonsense", 'colour="red"', 'service=~"("'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write label=|incidents have no|not a regular"):
        parse_all(text)


def test_a_wrong_silence_comes_back_with_what_was_given(tmp_path: Path) -> None:
    home = house(tmp_path)
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get("/silences").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        given = {"matchers": 'colour="red"', "hours": "4", "author": "Li Na", "comment": "works"}
        answer = client.post("/silences", data={"csrf": csrf, **given})
    assert answer.status_code == 422
    assert "incidents have no" in answer.text
    assert 'value="works"' in answer.text
    assert home.backend.desk.silences() == ()
    home.close()


def test_a_silence_leads_nowhere_else(tmp_path: Path) -> None:
    home = house(tmp_path)
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get("/silences").text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        given = {"matchers": "service=QQ", "hours": "4", "author": "Li Na", "comment": "works"}
        for there in ("//evil.example", "https://evil.example", "/incidents/..//evil.example"):
            answer = client.post("/silences", data={"csrf": csrf, **given, "next": there})
            assert answer.headers["location"] == "/silences?done=silenced"
    home.close()


def test_a_form_of_another_site_changes_nothing(tmp_path: Path) -> None:
    home = house(tmp_path)
    one = home.backend.store.incidents()[0]
    with home.client(headers={"accept": "text/html"}) as client:
        for path in (f"/incidents/{one.id}/acknowledge", "/silences", "/silences/x/expire"):
            answer = client.post(path, data={"author": "x", "csrf": "wrong"})
            assert answer.status_code == 403
    assert home.backend.desk.acknowledgements() == ()
    home.close()


def test_who_may_only_look_sees_no_buttons_and_is_refused(tmp_path: Path) -> None:
    home = house(tmp_path, web='access = "public-read-only"\n')
    one = home.backend.store.incidents()[0]
    with home.client(address="192.0.2.7", headers={"accept": "text/html"}) as client:
        page = client.get(f"/incidents/{one.id}")
        assert page.status_code == 200
        assert "<form" not in page.text
        csrf = client.get("/login").text.split('name="csrf" value="')[1].split('"')[0]
        sent = {"author": "x", "csrf": csrf}
        answer = client.post(f"/incidents/{one.id}/acknowledge", data=sent)
    assert answer.status_code in (303, 401)
    assert home.backend.desk.acknowledgements() == ()
    home.close()


def test_messages_held_back_for_the_same_reason_are_one_line(tmp_path: Path) -> None:
    incident = an_incident(noticed_at=NOW - 30 * MINUTE)
    quiet = {"interval": "nights", "until": "2022-07-22T23:00:00Z"}
    held = [
        Decision(incident.id, NOW - i * MINUTE, Reason.MUTE_TIME, quiet, receiver="on-call")
        for i in range(5)
    ]
    sent = Decision(
        incident.id, NOW - 9 * MINUTE, Reason.RESOLVED, {}, AlertKind.RESOLVED, "on-call"
    )
    home = house(tmp_path, incidents=[incident], decisions=[*held, sent])
    assert incident_view(home.backend, incident.id) is not None
    with home.client(headers={"accept": "text/html"}) as client:
        english = client.get(f"/incidents/{incident.id}?lang=en").text
        chinese = client.get(f"/incidents/{incident.id}?lang=zh").text
    assert english.count("mute time interval nights, until") == 1
    assert "(5 times, last" in english
    assert "处于免打扰时段" in chinese
    home.close()


def test_an_incident_that_nobody_observes_says_so(tmp_path: Path) -> None:
    since = NOW - timedelta(hours=1)
    incident = replace(an_incident(noticed_at=NOW - 90 * MINUTE), not_observed_since=since)
    home = house(tmp_path, incidents=[incident])
    with home.client(headers={"accept": "text/html"}) as client:
        for path in ("/", f"/incidents/{incident.id}"):
            page = client.get(path).text
            assert "whether it goes on is not known" in page
            assert f'datetime="{iso(since)}"' in page
    home.close()


def test_the_calm_overview_is_calm(tmp_path: Path) -> None:
    home = house(tmp_path, incidents=[])
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get("/").text
    assert "No outage now" in page
    assert "Not observed" in page  # both services are configured, nobody looked
    home.close()


def test_a_service_off_a_list_that_is_looked_at_is_as_usual(tmp_path: Path) -> None:
    listed = replace(
        an_incident("Douyin", sources=("hot",), noticed_at=NOW - 300 * MINUTE, lasted=60 * MINUTE),
        evidence=float("nan"),
    )
    feed = SourceHealth(
        "hot", SourceState.UP, NOW - 900 * MINUTE, SourceReason.OBSERVED, {}, NOW, NOW
    )
    home = house(tmp_path, incidents=[listed], feeds=[feed])
    with home.client(headers={"accept": "text/html"}) as client:
        alive = client.get("/").text
        home.commit(feeds=[replace(feed, state=SourceState.DOWN)])
        dead = client.get("/").text
    assert "service is-fine" in alive
    assert "service is-fine" not in dead
    home.close()


def test_assets_are_kept_for_good_and_nothing_else_is_served(tmp_path: Path) -> None:
    home = house(tmp_path)
    with home.client() as client:
        kept = client.get(address_of("style.css"))
        assert kept.status_code == 200
        assert "immutable" in kept.headers["cache-control"]
        assert client.get("/static/style.css").headers["cache-control"] == "no-cache"
        for name in ("nothing.css", "..%2fapp.py", "%2e%2e/app.py"):
            assert client.get(f"/static/{name}").status_code == 404
    home.close()


def test_the_styles_that_plotly_would_add_are_known() -> None:
    assert len(plotly_styles()) == 1


def test_reasons_are_said_in_the_readers_language(tmp_path: Path) -> None:
    going_on = an_incident(noticed_at=NOW - 20 * MINUTE)
    muted = {"author": "ana", "until": "2022-07-22T15:00:00Z", "comment": ""}
    decided = [
        Decision(going_on.id, NOW, Reason.SILENCED, muted),
        Decision(going_on.id, NOW - MINUTE, Reason.PRESS),
    ]
    dead = SourceHealth("hn", SourceState.DOWN, NOW, SourceReason.NEVER_OBSERVED, {}, NOW, None)
    made = house(tmp_path, incidents=[going_on], decisions=decided, feeds=[dead])
    client = made.client(headers={"accept": "text/html"})
    page = client.get(f"/incidents/{going_on.id}?lang=zh").text
    assert "ana 已静默至" in page
    assert "只有媒体报道，没有用户反馈" in page
    assert "从未采集到数据" in client.get("/feeds?lang=zh").text
    assert "it was never observed" in client.get("/feeds?lang=en").text
    made.close()


def test_a_documented_outage_is_told_of_in_the_readers_language(tmp_path: Path) -> None:
    noticed = datetime(2013, 7, 21, 23, 39, tzinfo=UTC)
    made = house(tmp_path, incidents=[an_incident("WeChat", noticed_at=noticed)])
    client = made.client(headers={"accept": "text/html"})
    (one,) = made.backend.store.incidents()
    page = client.get(f"/incidents/{one.id}?lang=zh").text
    assert "道路施工挖断两条光缆" in page
    assert "运营方（微博）：“网络故障。”" in page
    assert "Road works" not in page
    assert "Road works cut two optical cables" in client.get(f"/incidents/{one.id}?lang=en").text
    made.close()
