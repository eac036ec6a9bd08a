"""Waves of posts that sound like an outage: songs, news, yesterday, jokes. Only one kind pages.

Run ``python -m benchmarks.waves``. Three days of one complaint every twenty minutes, then two
hundred people who write the sentences of a wave (`waves.toml`) within twenty minutes, replayed
with the default settings. No sentence was learnt from.
"""

from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from detector.config.settings import Settings
from detector.pipeline import setup
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import replay
from detector.sources.files import FileSource

PEOPLE, MINUTES = 200, 20
START = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = timedelta(days=3)
#: Said now and then about every service that a wave may be about.
_BACKGROUND = ("{} is down for me", "{}打不开了", "can't log in to {}, anyone else?", "{}崩了吗")
_TAILS = ("", "!", "...", " 😭", " lol", " 唉", "？", " tbh", "~", " 🙄")


class Wave(NamedTuple):
    """What many people write within twenty minutes, and whether that is to page."""

    name: str
    language: str
    pages: bool
    texts: tuple[str, ...]


def waves() -> tuple[Wave, ...]:
    """Return the bundled waves."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["wave"]
    return tuple(Wave(r["name"], r["language"], r["pages"], tuple(r["texts"])) for r in rows)


def posts_of(wave: Wave, services: tuple[str, ...], *, seed: int = 1) -> pd.DataFrame:
    """Return the posts of three quiet days and of the wave: time, author, text."""
    rng = random.Random(seed)
    rows = []
    for i in range(int(DAYS / timedelta(minutes=20))):
        at = START + timedelta(minutes=20 * i, seconds=rng.randrange(1200))
        text = rng.choice(_BACKGROUND).format(services[i % len(services)])
        rows.append((at, f"quiet{i}", text))
    for i in range(PEOPLE):
        at = START + DAYS + timedelta(seconds=rng.randrange(60 * MINUTES))
        text = wave.texts[i % len(wave.texts)] + rng.choice(_TAILS)
        rows.append((at, f"wave{i}", text))
    end = START + DAYS + timedelta(hours=2)
    rows.append((end, "last", "good night"))
    return pd.DataFrame(sorted(rows), columns=["time", "author", "text"])


def incidents_of(wave: Wave, plan: PipelinePlan, folder: Path) -> list[str]:
    """Return the services that the wave opened an incident for."""
    services = ("Snapchat", "Discord", "微博", "淘宝", "Netflix", "支付宝", "Spotify", "微信")
    path = folder / "wave.jsonl"
    posts = posts_of(wave, services)
    posts.assign(time=posts["time"].astype(str)).to_json(path, orient="records", lines=True)
    history = replay(FileSource("wave", path), plan)
    return [incident.service for incident in history.incidents.values()]


def main() -> None:
    """Print which waves paged."""
    from tempfile import TemporaryDirectory

    plan = setup.build_plan(Settings())
    print("| wave | language | to page | incidents |\n|---|---|---|---|")
    wrong = 0
    with TemporaryDirectory() as folder:
        for wave in waves():
            opened = incidents_of(wave, plan, Path(folder))
            wrong += bool(opened) != wave.pages
            wanted = "yes" if wave.pages else "no"
            print(f"| {wave.name} | {wave.language} | {wanted} | {', '.join(opened)} |", flush=True)
    print(f"\n{wrong} of {len(waves())} judged wrong")


if __name__ == "__main__":
    main()
