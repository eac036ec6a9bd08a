from __future__ import annotations

import pytest

from detector.model.details import AuthorKind, Details, FacetVerdict


def details(*regions: tuple[str, str, float | None]) -> Details:
    facets = tuple(
        FacetVerdict("region", name, verdict, 0.1, low and low * 1.2, low, low and low * 2)
        for name, verdict, low in regions
    )
    return Details(AuthorKind.PEOPLE, 10, 10, 0.0, None, facets, (), ())


@pytest.mark.parametrize(
    ("regions", "hit", "spared"),
    [
        pytest.param(
            [("Shanghai", "affected", 4.0), ("Henan", "not affected", 0.1)],
            ("Shanghai",),
            ("Henan",),
            id="one hit, one spared",
        ),
        pytest.param(
            [("Shanghai", "affected", 0.8), ("Henan", "affected", 0.7)],
            (),
            (),
            id="everybody is hit",
        ),
        pytest.param(
            [("Shanghai", "affected", 4.0), ("Henan", "not enough posts", 0.1)],
            ("Shanghai",),
            (),
            id="one stands out early",
        ),
        pytest.param(
            [("Shanghai", "affected", 1.1), ("Henan", "affected", 0.9)],
            (),
            (),
            id="a little more than usual sets nothing apart",
        ),
        pytest.param(
            [("Shanghai", "affected", 1.3), ("Henan", "affected", 0.9)],
            ("Shanghai",),
            (),
            id="half as much again does",
        ),
        pytest.param([("Shanghai", "affected", None)], (), (), id="nothing to compare with"),
        pytest.param([], (), (), id="nobody names a place"),
    ],
)
def test_only_what_sets_the_incident_apart_is_told(
    regions: list[tuple[str, str, float | None]], hit: tuple[str, ...], spared: tuple[str, ...]
) -> None:
    assert details(*regions).distinctive("region") == (hit, spared)
