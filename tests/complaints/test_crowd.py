"""A wave that only talks is told from a crowd; nobody is believed because of others."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.complaints.crowd import are_believed, share_of

WIDTH = timedelta(minutes=1)


def wave(chances: list[float], *, service: str = "WeChat", every: float = 6.0) -> pd.DataFrame:
    """Return one post by one more author every six seconds, with these chances."""
    n = len(chances)
    return pd.DataFrame(
        {
            "time": pd.to_datetime(1.7e9 + every * np.arange(n), unit="s", utc=True),
            "service": service,
            "author": [f"a{i}" for i in range(n)],
            "text": [f"text {i}" for i in range(n)],
            "chance": chances,
        }
    )


def believed(posts: pd.DataFrame) -> np.ndarray:
    return are_believed(posts, width=WIDTH, threshold=0.5)


def test_a_crowd_that_suffers_is_believed() -> None:
    assert len(believed(wave([0.9, 0.97, 0.7, 0.55] * 50))) == 200


def test_a_wave_that_only_sounds_like_it_is_not_once_it_is_known() -> None:
    chances = [0.1, 0.2, 0.6, 0.3] * 50
    taken = believed(wave(chances))
    assert len(taken) <= 3  # of the first minute, before anything was known
    assert (taken < 11).all()


def test_a_service_is_not_judged_by_what_is_said_of_another() -> None:
    talk, crowd = wave([0.1, 0.2, 0.3, 0.2] * 50, service="A"), wave([0.7] * 60, service="B")
    both = pd.concat([talk, crowd], ignore_index=True).sort_values("time", ignore_index=True)
    assert (both["service"].to_numpy()[believed(both)] == "B").sum() == 60


def test_one_author_cannot_talk_an_outage_down() -> None:
    crowd = wave([0.8, 0.6] * 60)
    noise = wave([0.06] * 120).assign(author="one", text="a song called WeChat is down")
    both = pd.concat([crowd, noise], ignore_index=True).sort_values("time", ignore_index=True)
    assert len(believed(both)) == 120


@given(st.lists(st.floats(0.05, 0.99), min_size=1, max_size=60), st.integers(1, 59))
def test_what_comes_later_and_in_which_pieces_changes_nothing(
    chances: list[float], cut: int
) -> None:
    posts = wave(chances)
    whole, part = believed(posts), believed(posts.iloc[:cut])
    assert whole[whole < cut].tolist() == part.tolist()


@given(st.lists(st.floats(0.05, 0.99), max_size=60))
def test_nobody_is_believed_because_of_others(chances: list[float]) -> None:
    posts = wave(chances)
    assert (posts["chance"].to_numpy()[believed(posts)] >= 0.5).all()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_the_share_is_estimated(share: float) -> None:
    rng = np.random.default_rng(1)
    true = rng.random(4000) < share
    odds = np.exp(rng.normal(np.where(true, 2.0, -2.0), 2.0))  # calibrated for a share of a half
    assert share_of(odds / (1 + odds)) == pytest.approx(share, abs=0.04)
