"""Conditions on labels."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.model.matcher import LABELS as KNOWN
from detector.model.matcher import Matcher, parse_matcher
from detector.model.token import Scope

LABELS = {"service": ("WeChat",), "region": ("Guangdong", "Beijing")}


@pytest.mark.parametrize(
    ("matcher", "shown", "holds"),
    [
        pytest.param(Matcher("service", "WeChat"), 'service="WeChat"', True, id="equal"),
        pytest.param(Matcher("service", "QQ"), 'service="QQ"', False, id="not equal"),
        pytest.param(Matcher("region", "Beijing"), 'region="Beijing"', True, id="one of several"),
        pytest.param(
            Matcher("region", "Beijing", negated=True),
            'region!="Beijing"',
            False,
            id="negated, though another value differs",
        ),
        pytest.param(
            Matcher("service", "We.*", pattern=True), 'service=~"We.*"', True, id="pattern"
        ),
        pytest.param(
            Matcher("service", "We", pattern=True), 'service=~"We"', False, id="part of a pattern"
        ),
        pytest.param(
            Matcher("service", "QQ", pattern=True, negated=True),
            'service!~"QQ"',
            True,
            id="negated pattern",
        ),
        pytest.param(Matcher("platform", "iOS"), 'platform="iOS"', False, id="label not there"),
        pytest.param(
            Matcher("platform", "iOS", negated=True), 'platform!="iOS"', True, id="nor negated"
        ),
    ],
)
def test_a_matcher(matcher: Matcher, shown: str, holds: bool) -> None:
    assert (str(matcher), matcher.matches(LABELS)) == (shown, holds)


@pytest.mark.parametrize(
    ("scope", "wanted", "allowed"),
    [
        (Scope.PUSH, Scope.PUSH, True),
        (Scope.PUSH, Scope.READ, False),
        (Scope.WRITE, Scope.READ, True),
        (Scope.WRITE, Scope.PUSH, False),
        (Scope.READ, Scope.WRITE, False),
        (Scope.ADMIN, Scope.PUSH, True),
        (Scope.ADMIN, Scope.WRITE, True),
    ],
)
def test_a_scope_covers_those_below_it(scope: Scope, wanted: Scope, allowed: bool) -> None:
    assert scope.allows(wanted) is allowed


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|a)*", "(a*)*b", "(.*a){25}", "(a|aa)+"], ids=lambda p: p
)
def test_no_pattern_takes_long(pattern: str) -> None:
    began = time.process_time()
    matcher = Matcher("service", pattern, pattern=True)
    assert not matcher.matches({"service": ("a" * 20 + "!",), "region": ()})
    assert not matcher.matches({"service": ("a" * 5_000 + "!",)})
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)a", "(?<!b)a", "(((a{100}){100}){100})", "a{2000}", "[", "\ud83d["]
)
def test_what_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="not a regular expression of RE2: "):
        Matcher("service", pattern, pattern=True)


def test_patterns_are_of_characters_and_of_whole_values() -> None:
    matcher = Matcher("service", r"(?i)微.|\p{Han}{3}|wechat", pattern=True)
    labels = [{"service": (name,)} for name in ("微信", "支付宝", "WeChat", "微信崩了", "wechat!")]
    assert [matcher.matches(one) for one in labels] == [True, True, True, False, False]
    assert Matcher("service", ".*", pattern=True).matches({"service": ("half \ud83d a pair",)})


class TestWritten:
    @pytest.mark.parametrize(
        ("text", "matcher"),
        [
            ('service="WeChat"', Matcher("service", "WeChat")),
            ("service=WeChat", Matcher("service", "WeChat")),
            (' service = "WeChat Pay" ', Matcher("service", "WeChat Pay")),
            ('severity=~"major|critical"', Matcher("severity", "major|critical", pattern=True)),
            ('region!="Beijing"', Matcher("region", "Beijing", negated=True)),
            ('source!~"x.*"', Matcher("source", "x.*", pattern=True, negated=True)),
            (r'service="say \"hi\" \\o"', Matcher("service", r'say "hi" \o')),
        ],
    )
    def test_a_matcher_is_read_as_alertmanager_writes_it(self, text: str, matcher: Matcher) -> None:
        assert parse_matcher(text) == matcher

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("WeChat", "write label="),
            ('service=="x"', "write label="),
            ('service="x', "write label="),
            ('team="x"', "known: service"),
            ('service=~"("', "not a regular expression of RE2: missing \\)"),
        ],
    )
    def test_what_is_no_matcher_is_explained(self, text: str, hint: str) -> None:
        with pytest.raises(ValueError, match=hint):
            parse_matcher(text)

    @given(
        label=st.sampled_from(KNOWN),
        value=st.text(min_size=1),
        negated=st.booleans(),
    )
    def test_what_is_shown_can_be_read_again(self, label: str, value: str, negated: bool) -> None:
        matcher = Matcher(label, value, negated=negated)
        assert parse_matcher(str(matcher)) == matcher
