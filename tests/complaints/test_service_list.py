"""The bundled list of services, and what a wrong list is refused for."""

from __future__ import annotations

import time
import tomllib

import pytest

from detector.complaints.lexicon import parse_services
from detector.complaints.normalise import fold_all
from detector.complaints.service_list import parse_service_list
from detector.complaints.service_names import build_names
from detector.errors import InputError
from tests.complaints import rigs

TEXT = (rigs.ROOT / "data/lexicon/services.csv").read_text(encoding="utf-8")
HEAD = "category,name,aliases,countries\n"


def test_thousands_of_services_are_listed() -> None:
    listed = parse_service_list(TEXT)
    assert len(listed) > 5000
    assert listed["Nubank"].countries == ("BR",)
    assert listed["Nubank"].category == "bank"
    assert "推特" in listed["X"].aliases


def test_every_category_is_a_kind_of_service_with_components() -> None:
    components = (rigs.ROOT / "data/lexicon/components.toml").read_text(encoding="utf-8")
    kinds = set(tomllib.loads(components)["kind"])
    without = {service.category for service in parse_service_list(TEXT).values()} - kinds
    assert without == {"dating", "vpn"}


def test_no_name_is_claimed_by_two_services() -> None:
    named = [(n, name) for name, s in parse_service_list(TEXT).items() for n in (name, *s.aliases)]
    folded = fold_all(n for n, _ in named).split("\n")
    owner: dict[str, set[str]] = {}
    for (_, name), alias in zip(named, folded, strict=True):
        owner.setdefault(alias, set()).add(name)
    assert {alias: names for alias, names in owner.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    "word",
    ["line", "zoom", "target", "chase", "ring", "square", "wish", "max", "signal", "teams", "bolt",
     "grab", "orange", "three", "o2", "sky", "boost", "cricket", "visible", "monday", "notion",
     "arc", "medium", "steam", "origin", "epic", "移动", "小程序", "去哪儿", "飞猪"],
)  # fmt: skip
def test_an_ordinary_word_is_marked_as_one(word: str) -> None:
    assert word in rigs.names().weak


def test_the_index_is_built_in_no_time() -> None:
    took = []
    for _ in range(3):
        start = time.process_time()
        build_names(*parse_services(TEXT))
        took.append(time.process_time() - start)
    assert min(took) < 0.3  # 0.1 s on an idle machine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("name,aliases\n", "must begin with", id="another header"),
        pytest.param(HEAD + "chat,微信,wechat\n", "line 2", id="a field is missing"),
        pytest.param(HEAD + "chat,~,wechat,CN\n", "line 2", id="no name"),
        pytest.param(HEAD + "chat,微信,,\nchat,~微信,,\n", "names 微信 again", id="named again"),
    ],
)
def test_a_wrong_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_service_list(text)


def test_a_tilde_marks_an_ordinary_word() -> None:
    services, weak = parse_services(HEAD + "chat,~Line,ライン|~ln,JP|TH\n")
    assert services == {"Line": ("ライン", "ln")}
    assert weak == {"line", "ln"}
