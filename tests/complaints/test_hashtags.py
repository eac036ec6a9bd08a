"""Hashtags that say that a service is down name it, whoever it is."""

from __future__ import annotations

import pandas as pd
import pytest

from detector.complaints.reader import read_posts
from detector.config.settings import Settings
from detector.pipeline import setup


@pytest.fixture(scope="module")
def read() -> pd.DataFrame:
    texts = [
        "what a day",
        "#Foobarlydown again, can not log in",
        "#lockdown day 5, can not log in to my life",
        "#countdown to friday",
    ]
    return read_posts(setup.reader(Settings()), pd.DataFrame({"text": texts}))


def test_an_unlisted_service_is_discovered_by_its_hashtag(read: pd.DataFrame) -> None:
    found = read.iloc[1]
    assert (found["service"], found["discovered"]) == ("foobarly", True)
    assert found["complaint"] >= 0.5


def test_words_that_end_in_down_name_nobody(read: pd.DataFrame) -> None:
    assert list(read["service"].iloc[[0, 2, 3]]) == ["", "", ""]
