"""Plug-ins: those of docs/plugins.md, word for word, and what happens to those that are wrong."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from detector.config import parse_settings
from detector.errors import ConfigError, Garbled
from detector.pipeline.setup import build_receivers, build_sources
from detector.sources.base import Poll
from detector.sources.contract import GuardedSource
from detector.testing.receivers import ReceiverContract
from tests.receivers.loopback import Loopback
from tests.sources.servers.place import CANARY, NOW, Asked, Place, Reply

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text("utf-8")
MINUTE = timedelta(minutes=1)


def block(title: str) -> str:
    """Return the code block of the page with that title."""
    (code,) = re.findall(rf'```python title="{re.escape(title)}"\n(.*?)```', PAGE, re.DOTALL)
    return code


class Forum(Place):
    """Answers ``GET /posts?since=UNIX&before=UNIX``."""

    def answer(self, asked: Asked) -> Reply:
        since, before = int(asked.query["since"]), int(asked.query["before"])
        said = [s for s in self.said if since <= s.time.timestamp() < before]
        posts = [
            {"id": s.id, "at": s.time.isoformat(), "by": s.author, "body": s.text}
            for s in self.listed(said)
        ]
        return 200, posts, {}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with the page's plug-ins, and some that are wrong, as pip would lay it."""
    for title in ("forum.py", "pager.py"):
        (tmp_path / title).write_text(block(title), "utf-8")
    (tmp_path / "wrong.py").write_text("def make(name, options):\n    return options['missing']\n")
    (tmp_path / "empty.py").write_text("def make(name, options):\n    return object()\n")
    info = tmp_path / "forum-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forum\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[detector.sources]\nforum = forum:make\nwrong = wrong:make\nempty = empty:make\n"
        "gone = no_such_module:make\n[detector.receivers]\npager = pager:make\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FORUM_TOKEN", CANARY)
    yield tmp_path
    for name in ("forum", "pager", "wrong", "empty"):
        sys.modules.pop(name, None)


@pytest.fixture
def forum() -> Iterator[Forum]:
    with Forum().running() as place:
        assert isinstance(place, Forum)
        for i in range(-10, 6):
            place.say(2, NOW + i * MINUTE + timedelta(seconds=3))
        yield place


def settings(plugin: str, options: str, kind: str = "sources") -> Any:
    text = f'[[{kind}]]\ntype = "plugin"\nname = "ours"\nplugin = "{plugin}"\noptions = {options}\n'
    return parse_settings(text, path="config.toml")


def test_the_source_of_the_page_passes_its_own_test(installed: Path, forum: Forum) -> None:
    space: dict[str, Any] = {"server": forum}
    exec(compile(block("test_forum.py"), "test_forum.py", "exec"), space)
    suite = space["TestForum"]
    assert suite.now == NOW
    tests = [name for name in dir(suite) if name.startswith("test_")]
    assert len(tests) == 8
    for name in tests:
        getattr(suite(), name)()


def test_the_source_of_the_page_is_about_thirty_lines() -> None:
    assert sum(bool(line.strip()) for line in block("forum.py").splitlines()) <= 32


def test_the_configuration_of_the_page_makes_a_source(installed: Path, forum: Forum) -> None:
    options = f'{{ url = "{forum.url}", token_env = "FORUM_TOKEN" }}'
    (source,) = build_sources(settings("forum", options), base=installed)
    poll = source.poll(None, until=NOW)
    assert source.name == "ours"
    assert poll.posts is not None
    assert len(poll.posts) == 20
    assert {asked.headers["authorization"] for asked in forum.asked} == {f"Bearer {CANARY}"}


class TestPager(ReceiverContract):
    @pytest.fixture(autouse=True)
    def receiver(self, installed: Path) -> Iterator[None]:
        with Loopback.started() as self.server:
            yield

    def make(self) -> Any:
        options = f'{{ url = "{self.server.url}" }}'
        made = settings("pager", options, kind="receivers")
        return build_receivers(made, base=Path(), console=sys.stdout)["ours"]

    def arrived(self) -> list[str]:
        return [request.body.decode() for request in self.server.accepted]

    def break_down(self) -> None:
        self.server.answer = 503

    def mend(self) -> None:
        self.server.answer = 200


@pytest.mark.parametrize(
    ("plugin", "options", "said"),
    [
        pytest.param("furom", "{}", "no plug-in 'furom'.*forum, gone", id="not installed"),
        pytest.param("gone", "{}", "cannot be loaded.*no_such_module", id="does not import"),
        pytest.param("wrong", "{}", "refuses them", id="refuses its options"),
        pytest.param("empty", "{}", r"has no poll\(\)", id="makes something else"),
        pytest.param("forum", '{ token_env = "NOT_SET" }', "NOT_SET is not set", id="no secret"),
        pytest.param("forum", "{ token_env = 3 }", "the name of a variable", id="no name"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_a_mistake_in_the_configuration(
    installed: Path, plugin: str, options: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        build_sources(settings(plugin, options), base=installed)
    assert "sources.ours" in str(caught.value)


def test_the_group_without_plug_ins_says_so() -> None:
    assert not importlib.metadata.entry_points(group="detector.sources")
    with pytest.raises(ConfigError, match="there is: none"):
        build_sources(settings("forum", "{}"), base=Path())


def rows(**columns: Any) -> pd.DataFrame:
    times = pd.DatetimeIndex([NOW - MINUTE])
    return pd.DataFrame({"time": times, "text": "down"} | columns)


@pytest.mark.parametrize(
    ("poll", "said"),
    [
        pytest.param(Poll(3), "cursor must be text", id="a cursor that is a number"),  # type: ignore[arg-type]
        pytest.param(Poll("", posts=rows(time=[NOW])), "is not before", id="a row of later"),
        pytest.param(Poll("", posts=rows(time=["now"])), "aware UTC", id="a time that is a text"),
        pytest.param(Poll("", posts=rows(text=[None])), "must be text", id="a post without text"),
        pytest.param(Poll("", posts=rows(mood=1)), "'mood'", id="a column nobody knows"),
        pytest.param(
            Poll("", posts=rows().drop(columns="text")), "lack the column", id="a column missing"
        ),
        pytest.param(
            Poll("", counts=rows(service="WeChat", count=-1).drop(columns="text"), width=MINUTE),
            "negative",
            id="a negative count",
        ),
        pytest.param(
            Poll("", counts=rows(service="WeChat", count=1).drop(columns="text")),
            "width",
            id="counts without a width",
        ),
        pytest.param(
            Poll("", observed=((NOW - MINUTE, NOW + MINUTE),)), "observed until", id="a look ahead"
        ),
        pytest.param(
            Poll("", observed=((NOW, NOW - MINUTE),)), "before it begins", id="a look backwards"
        ),
    ],
)
def test_a_poll_of_another_shape_observes_nothing(poll: Poll, said: str) -> None:
    class Stranger:
        name = "strange"

        def poll(self, cursor: str | None, *, until: object) -> Poll:
            return poll

    with pytest.raises(Garbled, match=said):
        GuardedSource("strange", Stranger()).poll(None, until=NOW)


def test_a_refused_option_shows_no_secret(installed: Path) -> None:
    (installed / "wrong.py").write_text("def make(n, o):\n    raise ValueError(o['token'])\n")
    with pytest.raises(ConfigError) as caught:
        build_sources(settings("wrong", '{ token_env = "FORUM_TOKEN" }'), base=installed)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
