"""Conditions on labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.domain.matcher import LABELS as KNOWN
from detector.domain.matcher import Matcher, parse_matcher
from detector.domain.token import Scope

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
            ('service=~"("', "not a regular expression"),
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
