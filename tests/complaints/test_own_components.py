"""Components that a user adds in the configuration."""

from __future__ import annotations

import pandas as pd

from detector.complaints.facets import tag
from detector.config import parse_settings
from detector.pipeline import setup

OWN = """
[services.WeChat]
aliases = ["微信"]
[services.WeChat.components]
stickers = ["贴纸", "sticker"]
"""


def components(service: str, text: str) -> str:
    lexicon = setup.facet_lexicon(parse_settings(OWN, path="own.toml"))
    posts = pd.DataFrame({"text": [text], "service": [service]})
    return str(tag(posts, lexicon)["component"].iloc[0])


def test_a_users_component_is_heard_beside_the_bundled_ones() -> None:
    assert components("WeChat", "微信贴纸发不出去") == "stickers"
    assert (
        components("WeChat", "wechat sticker won't load, pictures neither") == "pictures;stickers"
    )


def test_it_belongs_to_its_service_alone() -> None:
    assert components("QQ", "QQ贴纸打不开") != "stickers"
