"""What pages are made of: settings without secrets, silences from text, reasons, times, assets."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from detector.cli.incidents import show_incident
from detector.config import parse_settings
from detector.model.alert import AlertKind
from detector.model.decision import Decision, Reason
from detector.model.health import SourceHealth, SourceReason, SourceState
from detector.model.times import iso
from detector.text.catalogue import catalogue
from detector.web.pages.assets import address_of
from detector.web.pages.configuration import sections_of
from detector.web.pages.silences import parse_all
from tests.fakes.outages import a_delivery, an_alert, an_incident
from tests.web.house import MINUTE, NOW, House, house

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

STORE = '[store]\nlocation = "store.sqlite"\n[services.WeChat]\n'


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
    assert home.backend.controls.silences() == ()
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
    assert home.backend.controls.acknowledgements() == ()
    home.close()


def test_who_may_only_look_sees_no_buttons_and_is_refused(tmp_path: Path) -> None:
    home = house(tmp_path, web='access = "public-read-only"\n')
    one = home.backend.store.incidents()[0]
    with home.client(address="192.0.2.7", headers={"accept": "text/html"}) as client:
        page = client.get(f"/incidents/{one.id}")
        assert page.status_code == 200
        assert 'method="post"' not in page.text
        csrf = client.get("/login").text.split('name="csrf" value="')[1].split('"')[0]
        sent = {"author": "x", "csrf": csrf}
        answer = client.post(f"/incidents/{one.id}/acknowledge", data=sent)
    assert answer.status_code in (303, 401)
    assert home.backend.controls.acknowledgements() == ()
    home.close()


def test_decisions_held_back_for_the_same_reason_are_one_line(tmp_path: Path) -> None:
    incident = an_incident(noticed_at=NOW - 30 * MINUTE)
    night = {"interval": "nights", "until": iso(NOW)}
    held = [
        Decision(incident.id, NOW - i * MINUTE, Reason.MUTE_TIME, night, None, "on-call")
        for i in range(5)
    ]
    ended = NOW - 9 * MINUTE
    sent = Decision(incident.id, ended, Reason.RESOLVED, {}, AlertKind.RESOLVED, "on-call")
    home = house(tmp_path, incidents=[incident], decisions=[*held, sent])
    with home.client(headers={"accept": "text/html"}) as client:
        english = client.get(f"/incidents/{incident.id}?lang=en").text
        chinese = client.get(f"/incidents/{incident.id}?lang=zh").text
    assert english.count("mute time interval nights, until Fri 2022-07-22 14:00 UTC") == 1
    assert "(5 times, last" in english
    assert "免打扰时段 nights" in chinese
    home.close()


def test_page_api_and_command_show_decisions_in_the_order_in_which_they_were_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = an_incident(noticed_at=NOW - 30 * MINUTE, lasted=20 * MINUTE)
    silenced = {"author": "Li Na", "until": iso(NOW)}
    one, who, (began, ended) = incident.id, "on-call", (NOW - 2 * MINUTE, NOW - 10 * MINUTE)
    decisions = [
        Decision(one, NOW - 20 * MINUTE, Reason.SILENCED, silenced, None, who),
        Decision(one, began, Reason.CAUGHT_UP, {}, AlertKind.OPENED, who),
        Decision(one, ended, Reason.RESOLVED, {}, AlertKind.RESOLVED, who),
    ]
    opened = replace(an_alert(incident, at=began), notice=1)
    over = an_alert(incident, kind=AlertKind.RESOLVED, at=ended, sequence=2)
    sent = [a_delivery(alert, receiver=who) for alert in (opened, over)]
    home = house(tmp_path, incidents=[incident], decisions=decisions, deliveries=sent)
    reasons = [d.reason.value for d in decisions]
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get(f"/incidents/{one}").text
        answer = client.get(f"/v1/incidents/{one}/decisions").json()
    assert [d["reason"] for d in answer["items"]] == reasons
    shown = page[page.index('id="notifications"') :]
    assert re.findall(r'<li class="is-(held|pending)">', shown) == ["held", "pending", "pending"]
    times = [shown.index(f'datetime="{iso(d.at)}"') for d in decisions]
    assert times == sorted(times)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(STORE)
    show_incident(tmp_path / "config.toml", one, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [d["reason"] for d in document["decisions"]] == reasons
    assert [m["kind"] for m in document["messages"]] == ["opened", "resolved"]
    home.close()


def decided(tmp_path: Path) -> tuple[House, str]:
    """An incident with decisions of three reasons for two receivers."""
    incident = an_incident(noticed_at=NOW - 30 * MINUTE)
    silenced = {"author": "Li Na", "until": iso(NOW + MINUTE)}
    decisions = [
        Decision(incident.id, NOW - 9 * MINUTE, Reason.SILENCED, silenced, None, "on-call"),
        Decision(incident.id, NOW - 8 * MINUTE, Reason.SILENCED, silenced, None, "on-call"),
        Decision(incident.id, NOW - 7 * MINUTE, Reason.NO_CHANGE, {}, None, "on-call"),
        Decision(incident.id, NOW - 7 * MINUTE, Reason.SILENCED, silenced, None, "chat"),
        Decision(
            incident.id, NOW - 6 * MINUTE, Reason.BELOW_SEVERITY, {"least": "major"}, None, "chat"
        ),
    ]
    home = house(tmp_path, incidents=[incident], decisions=decisions)
    return home, f"/incidents/{incident.id}"


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("", 4),
        ("?reason=silenced", 2),
        ("?receiver=chat", 2),
        ("?reason=silenced&receiver=on-call", 1),
        ("?reason=below_severity&receiver=on-call", 0),
        ("?reason=nonsense&receiver=%3Cb%3E", 4),
        ("?reason=&receiver=", 4),
    ],
)
def test_decisions_are_filtered_by_reason_and_receiver(
    tmp_path: Path, query: str, lines: int
) -> None:
    home, path = decided(tmp_path)
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get(path + query).text
    assert page.count('<li class="is-held">') == lines
    assert ("No notification and no decision is like that." in page) == (lines == 0)
    home.close()


def test_the_filter_says_how_many_there_are_and_keeps_what_was_chosen(tmp_path: Path) -> None:
    home, path = decided(tmp_path)
    with home.client(headers={"accept": "text/html"}) as client:
        page = client.get(f"{path}?reason=silenced").text
        chinese = client.get(f"{path}?lang=zh").text
    assert '<option value="silenced" selected>silenced (3)</option>' in page
    assert '<option value="no_change">no change (1)</option>' in page
    assert '<option value="on-call">on-call (3)</option>' in page
    name = catalogue("zh")("reason_name.silenced")
    assert f'<option value="silenced">{name}（3）</option>' in chinese
    home.close()


def test_incidents_are_filtered_by_the_reason_of_a_decision(tmp_path: Path) -> None:
    one, other = an_incident("WeChat", noticed_at=NOW), an_incident("QQ", noticed_at=NOW)
    decisions = [
        Decision(one.id, NOW, Reason.NO_CHANGE, {}, None, "on-call"),
        Decision(other.id, NOW, Reason.TOO_OLD, {}, None, "chat"),
    ]
    home = house(tmp_path, incidents=[one, other], decisions=decisions)
    with home.client(headers={"accept": "text/html"}) as client:
        for query, shown in (
            ("", {one.id, other.id}),
            ("?reason=too_old", {other.id}),
            ("?receiver=on-call", {one.id}),
            ("?reason=too_old&receiver=on-call", set()),
            ("?reason=nonsense", {one.id, other.id}),
        ):
            page = client.get(f"/incidents{query}").text
            assert {i.id for i in (one, other) if f'href="/incidents/{i.id}"' in page} == shown
        assert '<option value="too_old" selected>too old</option>' in (
            client.get("/incidents?reason=too_old").text
        )
    home.close()


def test_an_incident_that_nobody_observes_says_so(tmp_path: Path) -> None:
    since = NOW - timedelta(hours=1)
    incident = replace(an_incident(noticed_at=NOW - 90 * MINUTE), not_observed_since=since)
    home = house(tmp_path, incidents=[incident])
    with home.client(headers={"accept": "text/html"}) as client:
        for path in ("/", f"/incidents/{incident.id}"):
            page = client.get(path).text
            assert "whether it is still open is unknown" in page
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
    home = house(tmp_path, incidents=[listed], source_health=[feed])
    with home.client(headers={"accept": "text/html"}) as client:
        alive = client.get("/").text
        home.commit(source_health=[replace(feed, state=SourceState.DOWN)])
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


def test_uplot_is_ours_to_serve_with_its_licence(tmp_path: Path) -> None:
    home = house(tmp_path)
    with home.client() as client:
        script = client.get(address_of("uPlot.iife.min.js"))
        assert script.headers["content-type"].startswith("text/javascript")
        assert len(script.content) < 60_000
        assert client.get(address_of("uPlot.min.css")).status_code == 200
    licence = resources.files("detector.web") / "static" / "uplot" / "LICENSE"
    assert "Leon Sorokin" in licence.read_text(encoding="utf-8")
    home.close()


def test_reasons_are_in_the_readers_language(tmp_path: Path) -> None:
    going_on = an_incident(noticed_at=NOW - 20 * MINUTE)
    silenced = {"author": "ana", "until": "2022-07-22T15:00:00Z"}
    decisions = [
        Decision(going_on.id, NOW, Reason.SILENCED, silenced),
        Decision(going_on.id, NOW - MINUTE, Reason.NEVER_NOTIFIED, {}),
    ]
    down = SourceHealth("hn", SourceState.DOWN, NOW, SourceReason.NEVER_OBSERVED, {}, NOW, None)
    made = house(tmp_path, incidents=[going_on], decisions=decisions, source_health=[down])
    client = made.client(headers={"accept": "text/html"})
    page = client.get(f"/incidents/{going_on.id}?lang=zh").text
    texts = catalogue("zh")
    assert "ana" in page
    assert texts("reason.never_notified") in page
    assert texts("source_health.never_observed", error="") in client.get("/sources?lang=zh").text
    assert "it was never observed" in client.get("/sources?lang=en").text
    made.close()


def test_words_are_shown_to_those_who_can_read_them(tmp_path: Path) -> None:
    made = house(tmp_path)
    client = made.client(headers={"accept": "text/html"})
    path = f"/incidents/{made.backend.store.incidents(service='WeChat')[0].id}"
    assert "登不上和微信" in client.get(f"{path}?lang=zh").text
    english = client.get(f"{path}?lang=en").text
    assert "登不上" not in english.split("Words of the moment:")[-1].partition("</p>")[0]
    made.close()


def test_old_addresses_of_sources_lead_to_the_new_ones(tmp_path: Path) -> None:
    made = house(tmp_path)
    client = made.client()
    for old, new in (
        ("/feeds", "/sources"),
        ("/feeds?lang=zh", "/sources?lang=zh"),
        ("/v1/feeds", "/v1/sources"),
        ("/v1/feeds?lang=zh", "/v1/sources?lang=zh"),
    ):
        answer = client.get(old)
        assert (answer.status_code, answer.headers["location"]) == (308, new)
        assert client.get(new).status_code == 200
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
