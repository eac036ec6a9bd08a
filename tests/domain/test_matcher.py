"""Conditions on labels."""

from __future__ import annotations

import pytest

from detector.domain.matcher import Matcher
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
