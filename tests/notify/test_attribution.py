"""Which incident others likely come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from detector.model.alert import Attribution, Because
from detector.model.incident import Incident
from detector.notify.related import Mentions, attribute
from tests.fakes.outages import NOON, an_incident

MINUTE = timedelta(minutes=1)


def at(service: str, minute: float, *, excess: float = 100.0, over: bool = False) -> Incident:
    noticed = NOON + minute * MINUTE
    incident = an_incident(service, noticed_at=noticed, lasted=5 * MINUTE if over else None)
    return replace(incident, excess=excess)


def attributed(
    one: Incident, *others: Incident, named: dict[str, int] | None = None, of: int = 20, **tied: str
) -> Attribution | None:
    providers = {name: services.split() for name, services in tied.items()}
    return attribute(one, others, mentions=Mentions(of, named), providers=providers)


WECHAT = at("WeChat", 0, excess=1000)


class TestMentions:
    def test_complaints_that_name_another_service_too_tell_where_it_comes_from(self) -> None:
        found = attributed(at("QQ", 10), WECHAT, named={"WeChat": 9})
        assert found == Attribution("WeChat", WECHAT.id, Because.MENTIONS, share=0.45)
        assert found.params == {
            "root": "WeChat",
            "root_id": WECHAT.id,
            "because": "mentions",
            "share": 0.45,
        }

    @pytest.mark.parametrize(
        ("named", "of"),
        [
            pytest.param({"WeChat": 3}, 20, id="too small a share"),
            pytest.param({"WeChat": 4}, 8, id="too few voices"),
            pytest.param({"Weibo": 9}, 20, id="a service without an incident"),
            pytest.param(None, 0, id="counts alone"),
        ],
    )
    def test_a_few_words_prove_nothing(self, named: dict[str, int] | None, of: int) -> None:
        assert attributed(at("QQ", 10), WECHAT, named=named, of=of) is None

    def test_what_began_later_is_no_origin(self) -> None:
        assert attributed(at("QQ", -30), WECHAT, named={"WeChat": 9}) is None

    def test_of_two_that_began_together_the_larger_is_the_origin(self) -> None:
        small, large = at("QQ", 0.5, excess=90), at("WeChat", 0, excess=900)
        assert attributed(small, large, named={"WeChat": 9}) is not None
        assert attributed(large, small, named={"QQ": 9}) is None

    def test_what_was_over_is_no_origin(self) -> None:
        over = at("WeChat", 0, excess=1000, over=True)
        assert attributed(at("QQ", 60), over, named={"WeChat": 9}) is None

    def test_the_service_named_most_is_the_origin(self) -> None:
        others = (WECHAT, at("Weibo", 0))
        found = attributed(at("QQ", 10), *others, named={"WeChat": 6, "Weibo": 8})
        assert found is not None
        assert found.root == "Weibo"


class TestProvider:
    def test_services_of_one_provider_that_fail_together_share_it(self) -> None:
        found = attributed(at("QQ", 6), WECHAT, Tencent="WeChat QQ")
        assert found is not None
        assert (found.because, found.provider, found.root) == (
            Because.PROVIDER,
            "Tencent",
            "WeChat",
        )
        assert found.params == {
            "root": "WeChat",
            "root_id": WECHAT.id,
            "because": "provider",
            "provider": "Tencent",
            "count": 2,
        }

    def test_hours_apart_is_not_together(self) -> None:
        assert attributed(at("QQ", 120), WECHAT, Tencent="WeChat QQ") is None

    def test_others_have_nothing_to_do_with_it(self) -> None:
        assert attributed(at("QQ", 6), at("Steam", 0), Tencent="WeChat QQ") is None


class TestTogether:
    def test_three_at_once_have_a_cause_in_common(self) -> None:
        found = attributed(at("QQ", 4), WECHAT, at("Weibo", 2))
        assert found is not None
        assert (found.because, found.together, found.root) == (Because.TOGETHER, 3, "WeChat")

    def test_two_at_once_may_be_chance(self) -> None:
        assert attributed(at("QQ", 4), WECHAT) is None

    def test_where_outages_are_many_three_at_once_are_chance(self) -> None:
        often = [at(f"s{i}", -100.0 * i, over=True) for i in range(1, 100)]
        assert attributed(at("QQ", 4), WECHAT, at("Weibo", 2), *often) is None

    def test_the_first_is_nobodys_echo(self) -> None:
        assert attributed(WECHAT) is None
