"""What every store's controls and every inbox does, the fakes included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from detector.errors import StoreError
from detector.model.incident import Severity
from detector.model.matcher import Matcher
from detector.model.push_batch import PushBatch
from detector.model.silence import Acknowledgement, Silence
from detector.model.token import Scope, Token, digest_of
from detector.store.base import Controls, Inbox
from detector.store.controls import open_controls
from detector.store.inbox import open_inbox
from detector.store.sql_store import open_store
from tests.fakes.controls import FakeControls, FakeInbox
from tests.fakes.outages import NOON

HOUR = timedelta(hours=1)


def _location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        location = str(request.getfixturevalue("postgres").fresh_database())
    else:
        location = str(tmp_path / "store.db")
    open_store(location).close()
    return location


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def controls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controls]:
    if request.param == "fake":
        yield FakeControls()
        return
    with closing(open_controls(_location(request, tmp_path))) as opened:
        yield opened


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Inbox]:
    if request.param == "fake":
        yield FakeInbox()
        return
    with closing(open_inbox(_location(request, tmp_path))) as opened:
        yield opened


def a_silence(name: str = "quiet", *, hours: int = 2) -> Silence:
    matchers = (Matcher("service", "微信|WeChat", pattern=True), Matcher("severity", "minor"))
    return Silence(name, matchers, NOON, NOON + hours * HOUR, "wang", "planned work; 'quoted'")


def a_parcel(key: str, source: str = "push") -> PushBatch:
    return PushBatch(source, key, NOON, "posts", '{"rows": []}')


def test_silences_come_back_as_they_went(controls: Controls) -> None:
    controls.silence(a_silence())
    assert controls.silences() == (a_silence(),)


def test_a_silence_with_the_same_id_replaces_the_one_before(controls: Controls) -> None:
    controls.silence(a_silence())
    controls.silence(a_silence(hours=5))
    assert controls.silences() == (a_silence(hours=5),)


def test_silences_that_are_over_can_be_left_out(controls: Controls) -> None:
    controls.silence(a_silence("short", hours=1))
    controls.silence(a_silence("long", hours=3))
    assert [s.id for s in controls.silences(ending_after=NOON + HOUR)] == ["long"]


def test_an_expired_silence_ends_then_and_stays_on_record(controls: Controls) -> None:
    controls.silence(a_silence())
    assert controls.expire("quiet", NOON + HOUR)
    (held,) = controls.silences()
    assert (held.ends_at, held.comment) == (NOON + HOUR, a_silence().comment)
    assert controls.expire("quiet", NOON + 2 * HOUR)
    assert controls.silences() == (held,)


def test_a_silence_that_never_began_is_removed(controls: Controls) -> None:
    controls.silence(a_silence())
    assert controls.expire("quiet", NOON)
    assert controls.silences() == ()


def test_expiring_what_is_not_there_says_so(controls: Controls) -> None:
    assert not controls.expire("never", NOON)


def test_an_acknowledgement_replaces_the_one_before_and_can_be_withdrawn(
    controls: Controls,
) -> None:
    first = Acknowledgement("wechat-1", NOON, Severity.MINOR, "li", "on it")
    second = Acknowledgement("wechat-1", NOON + HOUR, Severity.MAJOR, "wang")
    controls.acknowledge(first)
    controls.acknowledge(second)
    assert controls.acknowledgements() == (second,)
    assert controls.withdraw("wechat-1")
    assert not controls.withdraw("wechat-1")
    assert controls.acknowledgements() == ()


def test_a_token_is_kept_as_a_digest_under_a_name_of_its_own(controls: Controls) -> None:
    token = Token("ci", Scope.WRITE, digest_of("secret"), NOON, NOON + HOUR)
    assert controls.add_token(token)
    assert not controls.add_token(Token("ci", Scope.READ, digest_of("other"), NOON))
    assert controls.tokens() == (token,)
    assert controls.revoke_token("ci")
    assert not controls.revoke_token("ci")


def test_a_desk_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"):
        open_controls(tmp_path / "none.db")


def test_a_desk_writes_while_a_pipeline_holds_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(open_store(path)), closing(open_controls(path)) as controls:
        controls.silence(a_silence())
        assert controls.silences() == (a_silence(),)


def test_parcels_come_in_order_of_arrival_each_key_once(inbox: Inbox) -> None:
    assert inbox.put(a_parcel("b"))
    assert inbox.put(a_parcel("a"))
    assert not inbox.put(a_parcel("b"))
    assert inbox.held("push", "b") == replace(a_parcel("b"), position=1)
    assert inbox.held("other", "a") is None
    assert inbox.put(a_parcel("b", source="other"))
    first, second = inbox.after("push", 0, limit=10)
    assert (first.key, second.key) == ("b", "a")
    assert inbox.after("push", first.position, limit=10) == (second,)
    assert inbox.after("push", 0, limit=1) == (first,)


def test_a_position_is_never_given_twice(inbox: Inbox) -> None:
    inbox.put(a_parcel("a"))
    (first,) = inbox.after("push", 0, limit=10)
    inbox.forget("push", up_to=first.position, before=NOON)
    assert inbox.after("push", 0, limit=10) == (first,)
    inbox.forget("push", up_to=first.position, before=NOON + HOUR)
    assert inbox.after("push", 0, limit=10) == ()
    inbox.put(a_parcel("b"))
    (second,) = inbox.after("push", 0, limit=10)
    assert second.position > first.position


def test_a_silence_that_says_nothing_we_understand_mutes_nothing(tmp_path: Path) -> None:
    """Earlier versions took patterns that need a matcher which may take for ever."""
    open_store(tmp_path / "store.db").close()
    with closing(open_controls(tmp_path / "store.db")) as controls:
        controls.silence(a_silence("old"))
        controls.silence(a_silence("new"))
        with controls.engine.begin() as connection:
            older = "UPDATE silences SET document = replace(document, '|WeChat', '(?=x)') "
            connection.execute(text(older + "WHERE id = 'old'"))
        assert [s.id for s in controls.silences()] == ["new"]
        assert controls.expire("old", NOON + HOUR)
