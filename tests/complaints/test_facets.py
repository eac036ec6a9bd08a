from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.complaints.facet_verdicts import Verdict, judge_facets
from detector.complaints.facets import FacetLexicon, parse_facets, tag
from detector.complaints.vocabulary import Vocabulary
from detector.demo.reconstruction import Scenario, parse_scenario
from detector.demo.simulate import simulate
from detector.errors import InputError
from detector.model.known_outages import parse_catalogue

DATA = Path(__file__).parents[2] / "data"
FILES = [
    (DATA / "lexicon" / f"{name}.toml").read_text(encoding="utf-8")
    for name in ("components", "regions", "platforms")
]
# What a reader of posts lets through, right or wrong: also those who say that something works.
HEARD = ["background", "doubt", "complaint", "feeling", "works", "worry", "android"]


@pytest.fixture(scope="module")
def lexicon() -> FacetLexicon:
    return parse_facets(*FILES)


@pytest.mark.parametrize(
    ("text", "component"),
    [
        pytest.param("微信登不上去了", "login", id="login by its verb"),
        pytest.param("微信图片发不出去", "pictures", id="pictures, not text, by what is sent"),
        pytest.param("微信发不出去了", "text", id="sending, of nothing in particular"),
        pytest.param("消息和图片都发不出去", "pictures;text", id="two at once"),
        pytest.param("消息发不出去，只有语音能发", "text", id="only voice can be sent"),
        pytest.param("微信图片发送失败，语音倒是没问题", "pictures", id="voice has no problem"),
        pytest.param("文字和图片都发不出去，语音却可以", "pictures;text", id="voice can"),
        pytest.param("消息发不出去，朋友圈还能刷", "text", id="moments still scroll"),
        pytest.param(
            "微信语音可以发，朋友圈也能看，就是打字不行", "text", id="two work, typing does not"
        ),
        pytest.param("微信语音还能用，先发语音吧", "", id="voice works, so send voice"),
        pytest.param("朋友圈刷不出来", "moments", id="moments themselves"),
        pytest.param("微信语音不能用", "voice", id="negated use is a failure"),
        pytest.param("语音没法正常发", "voice", id="cannot normally be sent is a failure"),
        pytest.param(
            "好担心微信钱包里的钱，登录不了", "login", id="worry about the wallet is none"
        ),
        pytest.param("微信支付付款失败", "payments", id="payments that do fail"),
        pytest.param("公众号后台打不开", "official accounts", id="official accounts"),
        pytest.param(
            "WeChat pictures won't send but voice works", "pictures", id="English, voice works"
        ),
        pytest.param("WeChat voice messages don't play", "voice", id="voice is not text messages"),
        pytest.param("Moments is not working", "moments", id="not working is not working"),
        pytest.param("can't log in to wechat", "login", id="English login"),
        pytest.param("微信翻译出bug了", "translation", id="translation"),
        pytest.param("微信崩了", "", id="nothing said"),
        pytest.param("the texture pack is broken", "", id="a word inside a word"),
        pytest.param("微信圖片發不出去", "pictures", id="traditional script"),
    ],
)
def test_component_is_what_is_said_to_fail(
    text: str, component: str, lexicon: FacetLexicon
) -> None:
    posts = pd.DataFrame({"text": [text], "service": ["微信"]})
    assert tag(posts, lexicon)["component"].tolist() == [component]


@pytest.mark.parametrize(
    ("text", "field", "region"),
    [
        pytest.param("微信崩了", "上海 浦东", "Shanghai", id="the profile"),
        pytest.param("WeChat is down", "Shanghai", "Shanghai", id="an English profile"),
        pytest.param(
            "坐标杭州，微信崩了", "北京 海淀", "Zhejiang", id="the text before the profile"
        ),
        pytest.param("微信崩了", "火星", "火星", id="a profile in other words is kept"),
        pytest.param("微信崩了", "", "", id="no place"),
        pytest.param("吃着重庆火锅微信崩了", "", "", id="a dish is no place"),
        pytest.param("广州深圳都崩了", "", "Guangdong", id="two cities of one province"),
        pytest.param("北京上海都崩了", "", "Beijing;Shanghai", id="two provinces"),
    ],
)
def test_region_comes_from_text_or_profile(
    text: str, field: str, region: str, lexicon: FacetLexicon
) -> None:
    posts = pd.DataFrame({"text": [text], "region": [field]})
    assert tag(posts, lexicon)["region"].tolist() == [region]


@pytest.mark.parametrize(
    ("text", "field", "platform"),
    [
        pytest.param("微信打不开", "iPhone客户端", "iOS", id="the client"),
        pytest.param(
            "电脑版微信打不开", "iPhone客户端", "desktop", id="the text before the client"
        ),
        pytest.param("苹果打不开，我安卓的微信没问题", "", "iOS", id="what works is not meant"),
        pytest.param("吃着吃苹果微信打不开", "", "", id="an apple is no phone"),
        pytest.param("微信打不开", "小米手机", "Android", id="a brand"),
        pytest.param("微信打不开 O网页链接", "", "", id="what Weibo puts for a link"),
    ],
)
def test_platform_comes_from_text_or_client(
    text: str, field: str, platform: str, lexicon: FacetLexicon
) -> None:
    posts = pd.DataFrame({"text": [text], "platform": [field]})
    assert tag(posts, lexicon)["platform"].tolist() == [platform]


def test_the_kind_of_service_decides_what_a_word_means(lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": ["评论看不了"] * 2, "service": ["微博", "微信"]})
    assert tag(posts, lexicon)["component"].tolist() == ["comments", ""]


def test_the_catalogue_speaks_the_words_of_the_lexicon(lexicon: FacetLexicon) -> None:
    def known(*vocabularies: Vocabulary) -> set[str]:
        return {name for words in vocabularies for names in words.meanings for name in names}

    parts = lexicon.components.of("WeChat")
    for outage in parse_catalogue((DATA / "outages.toml").read_text(encoding="utf-8")):
        components = {*outage.components_hit, *outage.components_not_hit}
        assert components <= known(parts.names, parts.signs)
        assert set(outage.regions) <= known(lexicon.regions.in_text)
        assert {*outage.platforms, *outage.platforms_not_hit} <= known(lexicon.platforms)


def test_nothing_to_tag_gives_nothing(lexicon: FacetLexicon) -> None:
    assert tag(pd.DataFrame({"text": []}, dtype=str), lexicon).empty


def test_the_index_is_kept_and_missing_fields_do_not_matter(lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": ["登不上", None], "region": [None, "上海"]}, index=[7, 3])
    tags = tag(posts, lexicon)
    assert tags.index.tolist() == [7, 3]
    assert tags["region"].tolist() == ["", "Shanghai"]


def scenario(name: str) -> Scenario:
    text = (DATA / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    return parse_scenario(text, (DATA / "templates.toml").read_text(encoding="utf-8"))


@cache
def verdicts(name: str) -> dict[str, Verdict]:
    """Return verdicts by facet value of the posts during the outage against the month before."""
    lexicon = parse_facets(*FILES)
    what = scenario(name)
    posts = simulate(what, labelled=True)
    posts = posts[posts["stream"].isin(HEARD)].assign(service="微信")
    tags = tag(posts, lexicon)
    assert what.truth.start is not None
    assert what.truth.end is not None
    usual = posts["time"] < what.truth.start
    surge = ~usual & (posts["time"] < what.truth.end)
    return {f.name: f.verdict for f in judge_facets(tags[surge], tags[usual])}


@pytest.mark.parametrize(
    "name",
    [
        "wechat-2013-07-22",
        "wechat-2014-10-20",
        "wechat-2015-09-13",
        "wechat-2019-06-20-official-accounts",
    ],
)
def test_each_scenario_reads_as_documented(name: str) -> None:
    found, truth = verdicts(name), scenario(name).truth
    for hit in (*truth.components, *truth.regions, *truth.platforms):
        assert found[hit] is Verdict.AFFECTED, hit
    for spared in truth.components_not_hit:
        assert found[spared] is Verdict.NOT_AFFECTED, spared


def test_2013_is_in_six_provinces_and_nowhere_else_for_sure() -> None:
    found = verdicts("wechat-2013-07-22")
    assert found["Shanghai"] is Verdict.NOT_AFFECTED
    assert found["Jiangsu"] is Verdict.NOT_AFFECTED


def test_2014_is_in_shanghai_only(lexicon: FacetLexicon) -> None:
    found = verdicts("wechat-2014-10-20")
    regions = lexicon.regions.in_text.meanings
    places = {name for names in regions for name in names}
    assert {n for n, v in found.items() if n in places and v is Verdict.AFFECTED} == {"Shanghai"}


def test_2015_is_on_ios_only() -> None:
    found = verdicts("wechat-2015-09-13")
    assert {n: found[n] for n in ("Android", "desktop", "web")} == dict.fromkeys(
        ("Android", "desktop", "web"), Verdict.NOT_AFFECTED
    )


def test_2019_is_on_desktop_only() -> None:
    found = verdicts("wechat-2019-06-20-official-accounts")
    assert found["iOS"] is Verdict.NOT_AFFECTED
    assert found["Android"] is Verdict.NOT_AFFECTED


def tagged(component: dict[str, int]) -> pd.DataFrame:
    values = [name for name, n in component.items() for _ in range(n)]
    return pd.DataFrame({"component": values, "region": "", "platform": ""}, dtype=str)


@pytest.mark.parametrize(
    ("surge", "usual", "name", "verdict"),
    [
        pytest.param({"a": 90, "b": 10}, {"a": 90, "b": 10}, "a", "affected", id="hits everybody"),
        pytest.param({"a": 300, "b": 1}, {"a": 100, "b": 100}, "b", "not affected", id="spared"),
        pytest.param({"a": 5, "b": 1}, {"a": 5, "b": 2}, "b", "not enough posts", id="too few"),
        pytest.param(
            {"a": 50, "c": 2}, {"a": 50}, "c", "not enough posts", id="new, but hardly named"
        ),
        pytest.param({"a": 50, "c": 30}, {"a": 50}, "c", "affected", id="new and loud"),
        pytest.param({}, {"a": 50}, "a", "not enough posts", id="a surge that names nothing"),
        pytest.param({"a": 50}, {}, "a", "not enough posts", id="nothing usual to compare with"),
    ],
)
def test_verdict_follows_from_the_lift(
    surge: dict[str, int], usual: dict[str, int], name: str, verdict: str
) -> None:
    found = {f.name: f for f in judge_facets(tagged(surge), tagged(usual))}
    assert found[name].verdict.value == verdict


@pytest.mark.parametrize(
    ("authors", "verdict"),
    [
        pytest.param([f"p{n}" for n in range(8)], "affected", id="eight people"),
        pytest.param([""] * 8, "affected", id="eight whose names are not known"),
        pytest.param(["p1"] * 8, "not enough posts", id="one, eight times"),
        pytest.param(["p1", "p2"] * 4, "not enough posts", id="two, four times each"),
        pytest.param(
            ["p1"] * 4 + ["p2", "p3", "p4", "p5"], "affected", id="five of whom one is loud"
        ),
    ],
)
def test_people_hit_a_facet_and_not_posts(authors: list[str], verdict: str) -> None:
    others = pd.DataFrame({"component": "a", "region": "", "platform": "", "author": ""}, range(9))
    loud = pd.DataFrame({"component": "a;b", "region": "", "platform": "", "author": authors})
    surge = pd.concat([others, loud], ignore_index=True).astype(str)
    found = {f.name: f for f in judge_facets(surge, tagged({"a": 90, "b": 30}))}
    assert found["b"].posts == 8
    assert found["b"].verdict.value == verdict


def test_taking_the_ordinary_posts_out_sharpens_a_small_surge() -> None:
    usual = tagged({"a": 500, "b": 500})
    surge = tagged({"a": 150, "b": 50})  # twice as many as usual, all of the excess about a
    lift = {f.name: f.lift for f in judge_facets(surge, usual, background=0.5)}
    assert lift["a"].at == pytest.approx(2.0, rel=0.05)
    assert lift["b"].at == pytest.approx(0.0, abs=0.05)


def test_background_of_one_leaves_no_surge() -> None:
    with pytest.raises(ValueError, match="background"):
        judge_facets(tagged({"a": 1}), tagged({"a": 1}), background=1.0)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(0, "[clauses]", "[clause]", "clause", id="component lexicon, unknown table"),
        pytest.param(0, "signs = []", "sign = []", "sign", id="component lexicon, unknown key"),
        pytest.param(1, "[names]", "[names", "region lexicon is not valid TOML", id="no TOML"),
        pytest.param(2, "iOS = [", "iOS = [3, ", "platform lexicon is wrong", id="a number"),
    ],
)
def test_a_wrong_lexicon_is_refused(file: int, old: str, new: str, message: str) -> None:
    texts = list(FILES)
    texts[file] = texts[file].replace(old, new, 1)
    with pytest.raises(InputError, match=message):
        parse_facets(*texts)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_any_texts_are_tagged_alone_as_together(texts: list[str]) -> None:
    lexicon = parse_facets(*FILES)
    posts = pd.DataFrame({"text": texts, "region": texts, "platform": texts}, dtype=str)
    together = tag(posts, lexicon)
    alone = pd.concat([tag(posts.iloc[[i]], lexicon) for i in range(len(texts))])
    pd.testing.assert_frame_equal(together, alone)
