"""Live sources from config.toml: what ships commented works when uncommented."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pytest

from detector.cli.check import check_settings
from detector.config import parse_settings
from detector.config.settings import Settings
from detector.errors import ConfigError
from detector.pipeline import setup
from detector.sources.bluesky import BlueskySettings
from detector.sources.hackernews import HackerNewsSettings
from detector.text.phrasing import phrasing
from tests.sources.servers.place import CANARY

ROOT = Path(__file__).parents[2]
SECRETS = ("WEIBO_COOKIE", "MASTODON_TOKEN", "REDDIT_SECRET", "X_TOKEN", "SEARCH_LOGIN")


def shipped() -> str:
    """The live sources of config.toml, uncommented, on an ordinary clock."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    lines = text[text.index("# Examples: made by") : text.index("# [[receivers]]")].splitlines()[1:]
    return "\n".join(line.removeprefix("# ") for line in lines)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{CANARY}.sqlite")


def settings() -> Settings:
    return parse_settings(shipped(), path="config.toml")


def test_every_kind_of_live_source_ships_commented_and_can_be_built(secrets: None) -> None:
    sources = setup.build_sources(settings(), base=Path())
    assert [part.type for part in settings().sources] == [
        "bluesky",
        "files",
        "hackernews",
        "mastodon",
        "opensearch",
        "prometheus",
        "push",
        "reddit",
        "sql",
        "weibo_hotsearch",
        "x",
    ]
    assert [source.name for source in sources] == [part.name for part in settings().sources]
    assert CANARY not in repr(sources)


def test_without_any_key_bluesky_and_hacker_news_can_be_built() -> None:
    keyless = BlueskySettings.example + HackerNewsSettings.example
    built = setup.build_sources(parse_settings(keyless, path="config.toml"), base=Path())
    assert [source.name for source in built] == ["bluesky", "hackernews"]


@pytest.mark.parametrize("missing", ["REDDIT_SECRET", "X_TOKEN", "WAREHOUSE_URL"])
def test_a_missing_secret_is_told_by_its_key(
    secrets: None, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(ConfigError, match=f"_env: the environment variable {missing} is not set"):
        setup.build_sources(settings(), base=Path())


def test_a_needed_secret_that_is_not_named_is_told_by_its_keys() -> None:
    text = '[[sources]]\ntype = "x"\nname = "x"\nqueries = { a = "b" }'
    with pytest.raises(ConfigError, match=r"sources\.x: missing; give token_env or token_file"):
        setup.build_sources(parse_settings(text, path="c"), base=Path())


def test_a_secret_may_be_in_a_file_but_not_in_both(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{CANARY}\n", encoding="utf-8")
    text = '[[sources]]\ntype = "x"\nname = "x"\nqueries = { a = "b" }\ntoken_file = "token"'
    (source,) = setup.build_sources(parse_settings(text, path="c"), base=tmp_path)
    assert CANARY not in repr(source)
    with pytest.raises(ConfigError, match="give token_env or token_file, not both"):
        parse_settings(f'{text}\ntoken_env = "X_TOKEN"', path="c")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://user:pass@host", "a login in the address"),
        ("ftp://host", "another protocol"),
        ("host:9090", "no protocol"),
    ],
)
def test_an_address_is_one_and_holds_no_login(url: str, why: str) -> None:
    text = f'[[sources]]\ntype = "prometheus"\nname = "p"\nqueries = {{ a = "b" }}\nurl = "{url}"'
    with pytest.raises(ConfigError, match="not a URL"):
        parse_settings(text, path="c")


def test_check_shows_what_a_day_asks_for_and_costs(
    secrets: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        shipped().replace('every = "5min"', 'every = "5min"\nprice_per_call = 0.005'),
        encoding="utf-8",
    )
    check_settings(config)
    printed = capsys.readouterr().out
    assert "poll bluesky (bluesky): one connection that stays open" in printed
    assert "poll hackernews (hackernews): 1,440 requests a day of 240,000 allowed" in printed
    assert "poll mastodon (mastodon): 5,760 requests a day of 86,400 allowed" in printed
    assert (
        "poll x (x): 288 requests a day of 28,800 allowed, which cost 1.44; up to 12 more"
        in printed
    )
    assert "poll weibo (weibo_hotsearch): 1,440 requests a day" in printed
    assert CANARY not in printed


def test_too_much_is_told() -> None:
    text = '[[sources]]\ntype = "hackernews"\nname = "h"'
    (part,) = parse_settings(text, path="c").sources
    assert isinstance(part, HackerNewsSettings)
    quota = part.quota(every=timedelta(seconds=0.1))
    assert not quota.fits
    assert "TOO MANY" in quota.words(phrasing("en", UTC))
