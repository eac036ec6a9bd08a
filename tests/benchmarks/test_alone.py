from __future__ import annotations

from importlib import import_module

import pytest

from benchmarks import alone, ours
from benchmarks.alone import CALM, GUARDS, UNGUARDED, Alone, Caused, section, tracks
from benchmarks.confounding import ORDER


@pytest.mark.parametrize("kind", GUARDS)
def test_a_track_has_its_confounder_on_every_service_and_no_other(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "SEEDS", (21,))
    (track,) = tracks(kind, services=3, days=35)
    assert set(track.confounders["kind"]) == {kind}
    if kind != "burst":  # bursts come by chance
        assert set(track.confounders["service"]) == {"svc00", "svc01", "svc02"}
    assert track.truth.empty


def test_the_calm_track_has_none() -> None:
    assert all(track.confounders.empty for track in tracks(CALM, services=2, days=22))


def test_every_kind_that_can_be_blamed_has_a_guard() -> None:
    assert set(GUARDS) == set(ORDER)


def test_guards_are_constants_that_exist() -> None:
    for _, patches in GUARDS.values():
        for name in patches:
            module, constant = name.rsplit(".", 1)
            assert isinstance(
                getattr(import_module(f"detector.detection.{module}"), constant), float
            )


def test_the_section_shows_before_and_after() -> None:
    found = [
        Alone(CALM, 0, {ours.NAME: Caused(0, 1)}),
        Alone("burst", 9, {UNGUARDED: Caused(7, 1), ours.NAME: Caused(0, 2)}),
    ]
    text = section(found, 12.0, 0.03)
    assert "| calm | 0 |  | 0 + 1 |" in text
    assert f"| burst: {GUARDS['burst'][0]} | 9 | 7 + 1 | 0 + 2 |" in text
