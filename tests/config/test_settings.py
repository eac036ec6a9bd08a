"""config.toml: what it may say, and what is said of its mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import config as module
from detector.config import parse_settings, read_settings
from detector.config.settings import Settings
from detector.errors import ConfigError
from detector.fields import parse_duration, parse_width
from detector.integrations import IntegrationSettings
from tests.config.reference import (
    INTEGRATIONS,
    PAGE,
    REGIONS,
    page,
    parts,
    settings_of,
    type_of,
    up_to_date,
)

ROOT = Path(__file__).parents[2]


def mistakes(toml: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse_settings(toml, path="c.toml")
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("1min", 60), ("2h", 7200), ("1d", 86400), ("1.5h", 5400), (" 0.1 s ", 0.1)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "min",
        "1m",
        "-5s",
        "1e3s",
        "1.2.3s",
        "²s",
        "1 hour",
        "1h30min",
        5,
        None,
        True,
        "nans",
    ],
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration; write 30s, 1min, 2h or 1d"):
        parse_duration(text)


def test_durations_have_an_end() -> None:
    with pytest.raises(ValueError, match="is longer than 3660d"):
        parse_duration("9" * 400 + "d")


@given(st.integers(1, 86400))
def test_every_whole_second_up_to_a_day_is_a_width(seconds: int) -> None:
    assert parse_width(f"{seconds}s") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0s", "0.5s", "1.5s", "25h"])
def test_what_is_no_width(text: str) -> None:
    with pytest.raises(ValueError, match="write whole seconds, from 1s to 1d"):
        parse_width(text)


def test_an_empty_file_is_the_defaults() -> None:
    assert parse_settings("", path="c.toml") == Settings()


def test_the_shipped_file_is_in_order() -> None:
    shipped = read_settings(ROOT / "config.toml")
    assert shipped.sources
    assert shipped.receivers


EVERYTHING = """
[store]
location = "x.sqlite"
[schedule]
every = "5min"
misfire_grace = "1h"
[posts]
width = "5min"
allowed_lateness = "0s"
complaint_threshold = 0.7
discover_authors = false
[detection]
max_false_pages_per_week = 0.1
time_zone = "Asia/Shanghai"
[[detection.known_events]]
start = 2026-02-17T00:00:00+08:00
end = 2026-02-18T00:00:00+08:00
factor = 2
[services.WeChat]
aliases = ["微信"]
time_zone = "UTC"
[[services.WeChat.known_events]]
start = 2026-03-17T00:00:00Z
end = 2026-03-18T00:00:00Z
note = "launch"
[[sources]]
type = "files"
name = "weibo"
path = "incoming/"
columns = { time = "created_at" }
width = "10min"
gaps = "gaps.csv"
[[receivers]]
type = "webhook"
name = "hook"
url = "https://example.com/x"
timeout = "3s"
token_env = "TOKEN"
signing_key_file = "key"
min_severity = "major"
"""


def test_everything_can_be_said() -> None:
    settings = parse_settings(EVERYTHING, path="c.toml")
    assert settings.posts.width == timedelta(minutes=5)
    assert settings.posts.discover_authors is None
    (event,) = settings.detection.known_events
    assert event.start == datetime(2026, 2, 16, 16, tzinfo=UTC)
    assert settings.services["WeChat"].known_events[0].note == "launch"
    (receiver,) = settings.receivers
    assert receiver.least.label == "major"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().posts.allowed_lateness = timedelta(0)  # type: ignore[misc]


def test_all_mistakes_are_told_at_once_by_name_and_with_a_remedy() -> None:
    assert mistakes(
        """
        sorces = []
        [posts]
        widht = "1min"
        allowed_lateness = "5"
        width = "90.5s"
        [clock]
        speed = inf
        [detection]
        time_zone = "Asia/Shanghi"
        [[detection.known_events]]
        start = 2026-02-17T00:00:00
        end = 2026-02-18T00:00:00Z
        [services.files]
        aliase = ["x"]
        [[sources]]
        name = "weibo"
        type = "files"
        columns = { tme = "x" }
        [[sources]]
        type = "filez"
        [[sources]]
        name = "b"
        [[receivers]]
        type = "webhook"
        url = "htps://user:password@host"
        retries = 5
        """
    ) == [
        "c.toml: clock.speed: Input should be a finite number (is: inf)",
        "c.toml: posts.width: '90.5s' is no bin width; write whole seconds, from 1s to 1d",
        "c.toml: posts.allowed_lateness: '5' is not a duration; write 30s, 1min, 2h or 1d",
        "c.toml: posts.widht: no such setting; did you mean 'width'?",
        (
            "c.toml: detection.time_zone: 'Asia/Shanghi' is not a known time zone; "
            "did you mean 'Asia/Shanghai'?"
        ),
        (
            "c.toml: detection.known_events[1].start: 2026-02-17 00:00:00 needs an offset, "
            "e.g. 2026-02-17T00:00:00+08:00 (is: datetime.datetime(2026, 2, 17, 0, 0))"
        ),
        "c.toml: services.files.aliase: no such setting; did you mean 'aliases'?",
        "c.toml: sources.weibo.path: missing",
        (
            "c.toml: sources.weibo.columns: 'tme' is no column of ours; did you mean 'time'? "
            "(is: {'tme': 'x'})"
        ),
        "c.toml: sources[2].type: no such type 'filez'; did you mean 'files'?",
        (
            "c.toml: sources.b.type: missing; one of bluesky, files, hackernews, mastodon, "
            "opensearch, plugin, prometheus, push, reddit, scenario, sql, weibo_hotsearch, x"
        ),
        "c.toml: receivers[1].name: missing",
        "c.toml: receivers[1].url: not a URL; write https://host/path",
        (
            "c.toml: receivers[1].retries: no such setting; known here: format, min_severity, "
            "mute_time_intervals, name, signing_key_env, signing_key_file, timeout, token_env, "
            "token_file, type, url"
        ),
        "c.toml: sorces: no such setting; did you mean 'sources'?",
    ]


SOURCE = '[[sources]]\ntype = "files"\nname = "{}"\npath = "x"\n'
HOOK = '[[receivers]]\ntype = "webhook"\nname = "h"\nurl = "http://x"\n'


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        (SOURCE.format("a") * 2, "sources: the name 'a' is given twice; names must differ"),
        (
            "[clock]\nspeed = 10\n" + SOURCE.format("a"),
            "clock.speed: only scenarios can be run on an accelerated clock; remove it",
        ),
        (
            "[severity]\nmajor_hours = 50\n",
            "severity.critical_hours: must not be less than major_hours (50)",
        ),
        (
            "[[detection.known_events]]\nstart = 2026-02-17T00:00:00Z\nend = 2026-02-16T00:00:00Z",
            "detection.known_events[1].end: must be after start",
        ),
        (
            '[services.A]\naliases = ["x"]\n[services.B]\naliases = ["X"]\n',
            "services.B: 'x' is a name of 'A' already",
        ),
        (
            HOOK + 'token_env = "A"\ntoken_file = "b"\n',
            "receivers.h: give token_env or token_file, not both",
        ),
    ],
    ids=["a name twice", "speed", "severity", "an event", "an alias", "two secrets"],
)
def test_contradictions(toml: str, complaint: str) -> None:
    assert mistakes(toml) == [f"c.toml: {complaint}"]


def test_what_is_no_toml() -> None:
    (line,) = mistakes("[posts\n")
    assert line.startswith("c.toml: not TOML: ")
    assert "line 1" in line


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "c.toml").write_bytes('note = "微信"'.encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_settings(tmp_path / "c.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("", encoding="utf-8-sig")
    assert read_settings(tmp_path / "c.toml") == Settings()


def test_every_key_is_explained() -> None:
    unexplained = [
        f"{part.__name__}.{name}"
        for part in parts()
        if part is not Settings
        for name, field in part.model_fields.items()
        if name != "type" and not field.description
    ]
    assert len(parts()) > 30
    assert unexplained == []


def test_the_page_has_every_key() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.config.reference"


@pytest.mark.parametrize("path", REGIONS, ids=lambda path: path.name)
def test_the_examples_and_the_lists_of_integrations_are_up_to_date(path: Path) -> None:
    assert path.read_text("utf-8") == up_to_date(path), "run python -m tests.config.reference"


@pytest.mark.parametrize(
    "part",
    [part for kind in INTEGRATIONS.values() for part in settings_of(kind)],
    ids=lambda part: f"{part.section}-{type_of(part)}",
)
def test_every_example_is_a_configuration_of_its_type(part: type[IntegrationSettings]) -> None:
    settings = parse_settings(part.example, path="c.toml")
    (entry,) = getattr(settings, part.section)
    assert type(entry) is part
    assert entry.type == type_of(part)


def test_what_the_package_names_is_there() -> None:
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("width", ["1s", "3h"])
@pytest.mark.parametrize(
    "section",
    ["[posts]", '[[sources]]\nname = "in"\ntype = "push"\nrows = "counts"'],
    ids=["posts", "pushed counts"],
)
def test_counts_are_not_asked_for_in_bins_that_cannot_be_judged(section: str, width: str) -> None:
    with pytest.raises(ConfigError, match="counts are judged in bins of 10 s to 2 h"):
        parse_settings(f'{section}\nwidth = "{width}"\n', path="c.toml")
