"""Weeks in which much is paged: flapping, echoes, storms, and one in which nothing happens.

Three quiet weeks come before each, from which the detector learns what is usual. Everything is
drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from detector.model.series import Floats
from detector.sources.base import Poll

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""

WIDTH = timedelta(minutes=1)
DAY = 1440
QUIET, WHOLE = 21 * DAY, 28 * DAY
#: Unevenness of ten minutes against the next, beyond chance.
UNEVEN = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """A week and what led up to it.

    Attributes
    ----------
    name, about : what happens, in words.
    counts : complaints per minute and service, shape (`WHOLE`,) each.
    rates : what is usual in each minute: known to who drew them, and to the naive rule.
    posts : what people wrote, where counts are counted from posts; else None.
    providers : services by their provider, as the configuration would name them.
    """

    name: str
    about: str
    counts: Mapping[str, Floats]
    rates: Mapping[str, Floats]
    posts: pd.DataFrame | None = None
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        """When the week itself begins."""
        return START + QUIET * WIDTH

    def poll(self) -> Poll:
        """Return everything at once, as a source would."""
        end = START + WHOLE * WIDTH
        if self.posts is not None:
            return Poll("end", posts=self.posts, observed=((START, end),), exhausted=True)
        times = pd.date_range(START, periods=WHOLE, freq=WIDTH)
        frames = [
            pd.DataFrame({"time": times, "service": service, "count": counts})
            for service, counts in self.counts.items()
        ]
        return Poll("end", counts=pd.concat(frames, ignore_index=True), width=WIDTH, exhausted=True)


def weeks() -> list[Week]:
    """Return all weeks."""
    return [
        _quiet(),
        _flapping(),
        _echoes(),
        _storm({}),
        _storm({"Carrier": _names(8)}),
        _growing(),
    ]


def minute(day: int, hour: float) -> int:
    """Return the bin of an hour of a day of the week itself, 0 is its Monday."""
    return QUIET + day * DAY + round(hour * 60)


def _quiet() -> Week:
    return _counted("quiet", "12 services, nothing happens", _usual(_names(12), 1))


def _flapping() -> Week:
    rates = _usual(("WeChat", "QQ", "Weibo"), 2)

    def happen(now: dict[str, Floats]) -> None:
        for i in range(10):
            _surge(now["WeChat"], minute(2, 9 + i * 35 / 60), 15, 8)
        for i in range(5):
            _surge(now["QQ"], minute(4, 13 + i * 85 / 60), 45, 6)
        for i in range(12):
            _surge(now["Weibo"], minute(5, 2 + i * 95 / 60), 40, 10)

    about = (
        "three services fail 10 times for 15 minutes, 5 times for 45, 12 times for 40, "
        "with breaks of 20, 40 and 55"
    )
    return _counted("flapping", about, rates, happen)


def _storm(providers: Mapping[str, tuple[str, ...]]) -> Week:
    rates = _usual(_names(12), 3)

    def happen(now: dict[str, Floats]) -> None:
        for which, service in enumerate(_names(8)):
            _surge(now[service], minute(1, 10) + which, 70, 7)
            _surge(now[service], minute(5, 20) + which // 2, 40, 5)

    known = ", their carrier is configured" if providers else ""
    about = f"8 of 12 services fail together, twice{known}"
    return _counted("storm", about, rates, happen, providers=providers)


def _growing() -> Week:
    rates = _usual(("WeChat",), 4)

    def happen(now: dict[str, Floats]) -> None:
        for step, times in enumerate((3, 6, 12, 20)):
            _surge(now["WeChat"], minute(3, 8 + 2 * step), 120, times)

    return _counted("growing", "one outage that grows for eight hours", rates, happen)


def _echoes() -> Week:
    """Three services, in words: people who cannot reach one complain about the others too."""
    rng = np.random.default_rng(5)
    names = ("WeChat", "QQ", "Alipay")
    rates = {name: _rhythm(0.12) for name in names}
    now = {name: rate.copy() for name, rate in rates.items()}
    echo = {name: np.zeros(WHOLE) for name in names}
    for day, hour in ((1, 10.0), (4, 20.0)):
        first = minute(day, hour)
        now["WeChat"][first : first + 90] += 4.0
        echo["QQ"][first + 6 : first + 85] += 1.0
        echo["Alipay"][first + 9 : first + 80] += 0.8
    own = {name: rng.poisson(rate) for name, rate in now.items()}
    echoing = {name: rng.poisson(rate) for name, rate in echo.items()}
    posts = pd.concat(
        [_posts(own[name], _SAY[name], rng, "a") for name in names]
        + [_posts(echoing[name], _ECHO[name], rng, "e") for name in names if name in _ECHO]
    ).sort_values("time", kind="stable", ignore_index=True)
    counts = {name: (own[name] + echoing[name]).astype(float) for name in names}
    about = "one service fails twice; complaints about two others name it too"
    return Week("echo", about, counts, rates, posts)


_SAY = {
    "WeChat": ("微信崩了", "微信登不上去了", "微信消息发不出去", "WeChat挂了吗", "微信又崩了？"),
    "QQ": ("QQ崩了", "QQ登不上去", "QQ消息发不出去"),
    "Alipay": ("支付宝崩了", "支付宝打不开了", "支付宝付不了款"),
}
_ECHO = {
    "QQ": ("QQ也崩了，跟微信一样", "QQ也登不上去，和微信一起挂", "QQ崩了？微信那边也是"),
    "Alipay": ("支付宝也打不开了，跟微信一样", "支付宝崩了，微信那边也是"),
}


def _posts(
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    sayings: tuple[str, ...],
    rng: np.random.Generator,
    crowd: str,
) -> pd.DataFrame:
    n = int(counts.sum())
    bins = np.repeat(np.arange(WHOLE), counts)
    seconds = bins * 60 + rng.integers(0, 60, n)
    return pd.DataFrame(
        {
            "time": pd.Timestamp(START) + pd.to_timedelta(seconds, unit="s"),
            "author": [f"{crowd}{i}" for i in rng.integers(0, 10**9, n)],
            "text": [
                f"{sayings[i]} {_TAILS[j]}" for i, j in rng.integers(0, (len(sayings), 6), (n, 2))
            ],
        }
    )


_TAILS = ("", "啊", "。。。", "！", "怎么回事", "有人吗")


def _names(n: int) -> tuple[str, ...]:
    return tuple(f"service {i + 1}" for i in range(n))


def _rhythm(mean: float) -> Floats:
    bins = np.arange(WHOLE)
    rate: Floats = mean * (1.0 + 0.6 * np.sin(2 * np.pi * bins / DAY))
    return rate


def _usual(names: tuple[str, ...], seed: int) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    return {
        name: _rhythm(mean) for name, mean in zip(names, rng.uniform(1, 5, len(names)), strict=True)
    }


def _counted(
    name: str,
    about: str,
    rates: dict[str, Floats],
    happen: Callable[[dict[str, Floats]], None] = lambda _: None,
    *,
    providers: Mapping[str, tuple[str, ...]] | None = None,
) -> Week:
    rng = np.random.default_rng(len(about))
    now = {service: rate.copy() for service, rate in rates.items()}
    happen(now)
    uneven = {s: np.repeat(rng.gamma(1 / UNEVEN**2, UNEVEN**2, WHOLE // 10), 10) for s in now}
    counts = {s: rng.poisson(rate * uneven[s]).astype(float) for s, rate in now.items()}
    return Week(name, about, counts, rates, providers=providers or {})


def _surge(rate: Floats, first: int, minutes: int, times: float) -> None:
    rate[first : first + minutes] *= times
