"""One more file is one more source or receiver: everything else follows from it."""

from __future__ import annotations

import importlib
import io
import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import detector.receivers
import detector.sources
from detector.cli.check import check_settings
from detector.config import parse_settings
from detector.errors import ConfigError
from detector.integrations import Integrations, IntegrationSettings
from detector.notify.receiver import Receiver
from detector.pipeline.setup import build_receivers, build_sources
from detector.receivers.registry import RECEIVERS
from detector.sources.base import Source
from detector.sources.registry import SOURCES
from detector.testing import ReceiverContract, SourceContract
from tests.config import reference

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONFIG = """
[[sources]]
type = "guestbook"
name = "guests"
path = "guests.txt"
[[receivers]]
type = "postcard"
name = "aunt"
box = "letters"
language = "zh"
"""


@pytest.fixture
def added(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The two files, as if they lay in detector/sources and detector/receivers."""
    with pytest.MonkeyPatch.context() as patch:
        for package, name in ((detector.sources, "guestbook"), (detector.receivers, "postcard")):
            folder = tmp_path_factory.mktemp(name)
            shutil.copy(HERE / f"{name}.py", folder)
            patch.setattr(package, "__path__", [*package.__path__, str(folder)])
        importlib.invalidate_caches()
        yield
    for package, name in ((detector.sources, "guestbook"), (detector.receivers, "postcard")):
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)


def test_without_the_files_there_are_no_such_types() -> None:
    with pytest.raises(ConfigError, match="no such type 'guestbook'") as refused:
        parse_settings(CONFIG, path="c.toml")
    assert "no such type 'postcard'" in str(refused.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One more folder in which sources are looked for."""
    monkeypatch.setattr(detector.sources, "__path__", [*detector.sources.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield tmp_path
    sys.modules.pop("detector.sources.fresh", None)
    vars(detector.sources).pop("fresh", None)


@pytest.mark.parametrize(
    "text",
    [
        "raise ImportError('whatever is no integration is not imported')\n",
        "class Fresh:\n    type: Literal['fresh']\n",
        "class FreshSettings:\n    type: str\n",
    ],
    ids=["no class", "no settings", "a base class"],
)
def test_another_file_of_the_folder_is_no_type(folder: Path, text: str) -> None:
    before = SOURCES.types()
    (folder / "fresh.py").write_text(text, "utf-8")
    assert SOURCES.types() == before


@pytest.mark.parametrize(
    ("base", "kind", "has"),
    [("object", "fresh", "none"), ("SourceSettings", "stale", "none")],
    ids=["another base class", "named otherwise than its file"],
)
def test_a_file_without_its_settings_class_is_named(
    folder: Path, base: str, kind: str, has: str
) -> None:
    (folder / "fresh.py").write_text(
        "from typing import Literal\n"
        "from detector.sources.base import SourceSettings\n"
        f"class FreshSettings({base}):\n    type: Literal['{kind}']\n",
        "utf-8",
    )
    assert "fresh" in SOURCES.types()
    with pytest.raises(TypeError, match=rf"fresh\.py: must have one class .*; it has {has}"):
        SOURCES.settings_of("fresh")


@pytest.mark.usefixtures("added")
def test_the_configuration_accepts_them_and_explains_their_mistakes() -> None:
    settings = parse_settings(CONFIG, path="c.toml")
    assert [s.type for s in (*settings.sources, *settings.receivers)] == ["guestbook", "postcard"]
    with pytest.raises(ConfigError) as refused:
        parse_settings(CONFIG.replace("path =", "pth ="), path="c")
    assert str(refused.value).splitlines() == [
        "c: sources.guests.path: missing",
        "c: sources.guests.pth: no such setting; did you mean 'path'?",
    ]


@pytest.mark.usefixtures("added")
def test_check_says_what_they_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.toml").write_text(CONFIG, "utf-8")
    check_settings(tmp_path / "c.toml")
    lines = capsys.readouterr().out.splitlines()
    assert f"  poll guests (guestbook): the guestbook {tmp_path / 'guests.txt'}" in lines
    assert "notify aunt (postcard) from severity minor on: postcards into letters" in lines
    check_settings(tmp_path / "c.toml", as_json=True)
    (source,) = json.loads(capsys.readouterr().out)["sources"]
    assert source["type"] == "guestbook"


@pytest.mark.usefixtures("added")
def test_the_pages_and_the_examples_get_their_rows() -> None:
    page = reference.page()
    assert '## `[[sources]]` with `type = "guestbook"`' in page
    assert "| `box` | must be given | The letter box. |" in page
    row = "| `guestbook` | lines of a guestbook | a guestbook | all of it | the file is there | - |"
    assert row in reference.sources_list()
    assert "| `postcard` | one postcard per alert | a letter box |" in reference.receivers_list()
    assert '# type = "postcard"\n# name = "aunt"\n' in reference.examples()


@pytest.mark.usefixtures("added")
class TestGuestbook(SourceContract):
    now = NOW

    @pytest.fixture(autouse=True)
    def _book(self, tmp_path: Path) -> None:
        self.base = tmp_path
        minutes = [NOW + timedelta(minutes=i, seconds=7) for i in range(-10, 6)]
        lines = [f"{minute.isoformat()} WeChat is down again" for minute in minutes]
        (tmp_path / "guests.txt").write_text("\n".join(lines), "utf-8")

    def make(self) -> Source:
        (source,) = build_sources(parse_settings(CONFIG, path="c.toml"), base=self.base)
        return source

    def break_down(self) -> None:
        (self.base / "guests.txt").rename(self.base / "away")

    def mend(self) -> None:
        (self.base / "away").rename(self.base / "guests.txt")


@pytest.mark.usefixtures("added")
class TestPostcards(ReceiverContract):
    @pytest.fixture(autouse=True)
    def _box(self, tmp_path: Path) -> None:
        self.base = tmp_path
        (tmp_path / "letters").mkdir()

    def make(self) -> Receiver:
        settings = parse_settings(CONFIG, path="c.toml")
        return build_receivers(settings, base=self.base, console=io.StringIO())["aunt"]

    def arrived(self) -> list[str]:
        letters = self.base / "letters"
        return [card.read_text("utf-8") for card in sorted(letters.glob("*"))]

    def break_down(self) -> None:
        (self.base / "letters").rename(self.base / "away")

    def mend(self) -> None:
        (self.base / "away").rename(self.base / "letters")


@pytest.mark.parametrize("integrations", [SOURCES, RECEIVERS], ids=["sources", "receivers"])
def test_every_type_can_be_configured(
    integrations: Integrations[IntegrationSettings],
) -> None:
    for name in integrations.types():
        assert f'type = "{name}"' in integrations.settings_of(name).example
