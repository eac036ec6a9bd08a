"""Keys of earlier releases: each still works, and says what it is called now."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from detector.cli.check import check_settings
from detector.config import parse_settings
from detector.config.renamed_keys import RENAMED
from detector.errors import ConfigError

ROOT = Path(__file__).parents[2]

HERE = '[[sources]]\ntype = "files"\nname = "here"\npath = "here"\n'
RECEIVER = '[[receivers]]\ntype = "console"\nname = "ops"\n'
NIGHTS = '[[mute_time_intervals]]\nname = "nights"\nstart = "22:00"\nend = "07:00"\n'

#: A document that uses the old key, and the same under the current name.
CASES = {
    "feeds": ('[feeds]\nreceivers = ["ops"]\n' + RECEIVER, "[feeds]", "[source_health]"),
    "source_health.dead_after": ('[feeds]\ndead_after = "7min"\n', "dead_after", "down_after"),
    "source_health.patience": ('[feeds]\npatience = { a = "1h" }\n', "patience", "down_after_for"),
    "source_health.silent_share": (
        "[feeds]\nsilent_share = 0.3\n",
        "silent_share",
        "degraded_share",
    ),
    "posts.settle": ('[posts]\nsettle = "3min"\n', "settle", "allowed_lateness"),
    "posts.discover_voices": (
        "[posts]\ndiscover_voices = 5\n",
        "discover_voices",
        "discover_authors",
    ),
    "incidents.regroup": ('[incidents]\nregroup = "2h"\n', "regroup", "reopen_window"),
    "alerts.echo_wait": ('[alerts]\necho_wait = "9min"\n', "echo_wait", "related_wait"),
    "alerts.echo_grace": ('[alerts]\necho_grace = "9min"\n', "echo_grace", "related_grace"),
    "windows": (NIGHTS.replace("mute_time_intervals", "windows"), "windows", "mute_time_intervals"),
    "routes[].quiet": (
        NIGHTS + '[[routes]]\nquiet = ["nights"]\n  [[routes.routes]]\n  quiet = ["nights"]\n',
        "quiet",
        "mute_time_intervals",
    ),
    "routes[].repeat_every": (
        '[[routes]]\n  [[routes.routes]]\n  repeat_every = "4h"\n',
        "repeat_every",
        "reminder_every",
    ),
    "receivers[].quiet": (
        NIGHTS + RECEIVER + 'quiet = ["nights"]\n',
        "quiet",
        "mute_time_intervals",
    ),
}


def test_every_renamed_key_is_tried() -> None:
    assert CASES.keys() == RENAMED.keys()


@pytest.mark.parametrize("old", CASES)
def test_an_old_key_means_the_new_one_and_is_reported(old: str) -> None:
    text, before, after = CASES[old]
    current = text.replace(before, after).replace("[feeds]", "[source_health]")
    settings = parse_settings(text, path="c.toml")
    assert settings.model_dump() == parse_settings(current, path="c.toml").model_dump()
    assert (old, RENAMED[old]) in [(key.old, key.new) for key in settings.renamed]
    assert not parse_settings(current, path="c.toml").renamed


@pytest.mark.parametrize("old", CASES)
def test_an_old_key_beside_the_new_one_is_refused(old: str) -> None:
    text, before, after = CASES[old]
    if old in {"feeds", "windows"}:
        both = text + (NIGHTS if old == "windows" else "[source_health]\n")
    else:
        line = next(line for line in text.splitlines() if line.strip().startswith(before))
        both = text.replace(line, f"{line}\n{line.replace(before, after)}")
    tomllib.loads(both)
    with pytest.raises(ConfigError, match=rf"c\.toml: {re.escape(old)}: the old name of "):
        parse_settings(both, path="c.toml")


def test_check_warns_of_old_keys_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[posts]\nsettle = "3min"\n', "utf-8")
    check_settings(config)
    out, err = capsys.readouterr()
    told = f"{config}: posts.settle is now called posts.allowed_lateness; please rename it\n"
    assert err == told
    assert out.startswith(f"{config}: valid\n")


def test_a_mistake_under_an_old_key_is_told_by_its_current_name() -> None:
    with pytest.raises(ConfigError, match=r"c\.toml: posts\.allowed_lateness: '3' is not a dur"):
        parse_settings('[posts]\nsettle = "3"\n', path="c.toml")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            '[feeds]\npatience = { forum = "2h" }\n' + HERE,
            [
                "source_health.down_after_for: no such source 'forum'",
                "feeds is now called source_health; please rename it",
                "source_health.patience is now called source_health.down_after_for",
            ],
        ),
        (
            '[[windows]]\nname = "nights"\nstart = "25:00"\nend = "07:00"\n',
            [
                "mute_time_intervals.nights.start: ",
                "windows is now called mute_time_intervals; please rename it",
            ],
        ),
    ],
    ids=["contradiction", "wrong value"],
)
def test_a_mistake_comes_with_the_names_that_the_file_has(text: str, lines: list[str]) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_settings(text, path="c.toml")
    said = str(refused.value).splitlines()
    assert len(said) == len(lines)
    for line, begins in zip(said, lines, strict=True):
        assert line.startswith(f"c.toml: {begins}")


def test_what_is_of_another_shape_is_left_to_the_settings_to_refuse() -> None:
    with pytest.raises(ConfigError, match="routes"):
        parse_settings('routes = "quiet"\nfeeds = 3\n', path="c.toml")


def test_no_other_code_knows_the_old_names() -> None:
    only_in_settings = {"discover_voices", "echo_wait", "echo_grace", "repeat_every"}
    old = {key.rpartition(".")[2] for key in RENAMED} & only_in_settings
    assert old == only_in_settings
    for path in (ROOT / "detector" / "config").glob("*.py"):
        if path.name == "renamed_keys.py":
            continue
        written = re.findall(r"^    (\w+): ", path.read_text("utf-8"), re.MULTILINE)
        assert old.isdisjoint(written), path
