"""What a text says fails, and what it says works."""

from __future__ import annotations

import pandas as pd
import pytest

from detector import resources
from detector.complaints.facets import FacetLexicon, tag
from detector.complaints.places import parse_places
from detector.config import parse_settings
from detector.errors import InputError
from detector.pipeline import setup
from detector.text.catalogue import LANGUAGES, catalogue


@pytest.fixture(scope="module")
def lexicon() -> FacetLexicon:
    return setup.facet_lexicon(parse_settings("", path="none.toml"))


@pytest.mark.parametrize(
    ("text", "component"),
    [
        pytest.param("texts go through fine, calls drop", "voice", id="one of two works"),
        pytest.param("calls work and texts don't", "text", id="joined by and"),
        pytest.param("everything except payments works", "payments", id="all but"),
        pytest.param("everything but voice calls works", "voice", id="everything but"),
        pytest.param("nothing works except voice notes", "", id="nothing but"),
        pytest.param("除了支付都能用", "payments", id="all but, in Chinese"),
        pytest.param("除了支付，其他都正常", "payments", id="with a comma"),
        pytest.param("除了支付其他都打不开", "", id="nothing but, in Chinese"),
        pytest.param("only voice works", "", id="only what works"),
        pytest.param("calls are fine, not texts", "text", id="the opposite of what works"),
        pytest.param("calls are dead, not texts", "voice", id="the opposite of what fails"),
        pytest.param("not only payments, login too", "login;payments", id="not only"),
        pytest.param("do messages work for anyone?", "text", id="a question says nothing works"),
        pytest.param("payments work again, refunds fail", "payments", id="by another name"),
        pytest.param("los mensajes sí llegan pero las fotos no", "pictures", id="Spanish"),
        pytest.param("Bilder laden nicht, Nachrichten gehen", "pictures", id="German"),
        pytest.param("сообщения идут, фото не отправляются", "pictures", id="Russian"),
    ],
)
def test_components_that_fail(text: str, component: str, lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": [text], "service": ["WhatsApp"]})
    assert tag(posts, lexicon)["component"].tolist() == [component]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        pytest.param("down in Turkey", "Turkey", id="a country"),
        pytest.param("down here in turkey", "Turkey", id="written small"),
        pytest.param("turkey sandwich and it is down", "", id="a bird"),
        pytest.param("Nice, it is down again", "", id="a word of praise"),
        pytest.param("down in Nice", "France", id="a city"),
        pytest.param("down in nice weather", "", id="no capital, no city"),
        pytest.param("out in Florida and Georgia", "Florida;Georgia", id="behind another place"),
        pytest.param("Jordan says it is down", "", id="a person"),
        pytest.param("down in Portland, OR", "Oregon", id="a state's letters behind a comma"),
        pytest.param("down OR is it me", "", id="the same letters, a word"),
        pytest.param("no signal in TX", "Texas", id="letters that are no word"),
        pytest.param("not in Texas, here it works", "", id="not there"),
        pytest.param("works in Ohio, not in Texas", "Texas", id="works elsewhere"),
        pytest.param("only in Chicago", "Illinois", id="only there"),
        pytest.param("Bank of America is down", "", id="in a service's name"),
        pytest.param("广东移动没信号", "Guangdong", id="a carrier's area"),
        pytest.param("中国移动没信号", "", id="a country in a carrier's name"),
        pytest.param("cannot book from Paris to Rome", "", id="a route"),
        pytest.param("北京到上海的机票订不了", "", id="a route, in Chinese"),
        pytest.param("не работает в Казахстане", "Kazakhstan", id="declined"),
        pytest.param("タイムラインが見えない", "", id="no Thailand in a timeline"),
        pytest.param("मुंबई में बंद", "India", id="Hindi"),
        pytest.param("معطل في السعودية", "Saudi Arabia", id="Arabic"),
        pytest.param("down in South Africa", "South Africa", id="the last of the alphabet"),
    ],
)
def test_regions_of_the_world(text: str, region: str, lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": [text], "service": [""]})
    assert tag(posts, lexicon)["region"].tolist() == [region]


@pytest.mark.parametrize(
    ("field", "region"),
    [
        pytest.param("Austin, TX", "Texas", id="city and state"),
        pytest.param("Turkey", "Turkey", id="nothing else to mean"),
        pytest.param("London", "United Kingdom", id="a city"),
    ],
)
def test_a_field_holds_a_place_and_nothing_else(
    field: str, region: str, lexicon: FacetLexicon
) -> None:
    posts = pd.DataFrame({"text": ["it is down"], "region": [field]})
    assert tag(posts, lexicon)["region"].tolist() == [region]


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        pytest.param("only on iPhone", "iOS", id="only there"),
        pytest.param("只有安卓打不开", "Android", id="only there, in Chinese"),
        pytest.param("works on my iPhone, not on windows", "desktop", id="works elsewhere"),
        pytest.param("not just iPhone, android too", "Android;iOS", id="not only there"),
    ],
)
def test_platforms(text: str, platform: str, lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": [text]})
    assert tag(posts, lexicon)["platform"].tolist() == [platform]


@pytest.mark.parametrize(
    ("service", "component"),
    [
        pytest.param("支付宝", "", id="a part of the name"),
        pytest.param("微信支付", "payments", id="a part of a service"),
    ],
)
def test_a_word_in_a_name_is_no_component(
    service: str, component: str, lexicon: FacetLexicon
) -> None:
    posts = pd.DataFrame({"text": [f"{service}崩了"], "service": [service]})
    assert tag(posts, lexicon)["component"].tolist() == [component]


def test_the_category_of_a_listed_service_says_what_a_word_means(lexicon: FacetLexicon) -> None:
    posts = pd.DataFrame({"text": ["internet is down"] * 2, "service": ["Movistar", "Roblox"]})
    assert tag(posts, lexicon)["component"].tolist() == ["home internet", ""]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param("place,names\n", "must begin with region,names", id="another header"),
        pytest.param("region,names\nPeru\n", "line 2", id="a field is missing"),
    ],
)
def test_a_wrong_table_of_places_is_refused(table: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_places("[names]\n", [table])


def test_every_region_has_a_name_in_every_language() -> None:
    tables = [resources.text(f"data/lexicon/{name}.csv") for name in ("cities", "world")]
    places = parse_places(resources.text("data/lexicon/regions.toml"), tables)
    regions = {region for meanings in places.in_field.meanings for region in meanings}
    assert {"Texas", "Georgia (country)", "South Africa"} <= regions
    for language in LANGUAGES:
        texts = catalogue(language)
        assert [region for region in sorted(regions) if f"name.{region}" not in texts] == []
