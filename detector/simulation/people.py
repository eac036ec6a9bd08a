"""The invented people of a scenario: their place, client, language, and how much each writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.simulation.shapes import PeopleShape, PlatformShape, RegionShape

REST = "others"
"""The key that stands for all regions or platforms that are not named."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Accounts, one per index.

    Attributes
    ----------
    region, platform : shape (n_people,), indices into the templates' regions and platforms.
    activity : shape (n_people,), how much each writes, relative; > 0.
    english : shape (n_people,), whether each writes English.
    profile : what the profile shows as region, empty when it shows none.
    client : what the posts show as platform, empty when they show none.
    """

    region: NDArray[np.intp]
    platform: NDArray[np.intp]
    activity: NDArray[np.float64]
    english: NDArray[np.bool_]
    profile: tuple[str, ...]
    client: tuple[str, ...]

    def weights(
        self, regions: NDArray[np.float64] | None, platforms: NDArray[np.float64] | None
    ) -> NDArray[np.float64]:
        """Return each person's share of a stream whose posts come from the given shares.

        Parameters
        ----------
        regions, platforms : wanted share per region and platform, summing to one; None: as usual.
        """
        weights = self.activity.copy()
        for wanted, where in ((platforms, self.platform), (regions, self.region)):
            if wanted is not None:
                usual = np.bincount(where, weights, minlength=len(wanted))
                weights *= np.divide(wanted, usual, out=np.zeros_like(wanted), where=usual > 0)[
                    where
                ]
        return np.asarray(weights / weights.sum(), dtype=np.float64)


def draw_people(
    shape: PeopleShape,
    regions: Mapping[str, RegionShape],
    platforms: Mapping[str, PlatformShape],
    rng: np.random.Generator,
) -> People:
    """Return ``shape.count`` people drawn from the usual shares of regions and platforms."""
    n = shape.count
    region = _draw([r.weight for r in regions.values()], n, rng)
    platform = _draw([p.weight for p in platforms.values()], n, rng)
    english = rng.random(n) < shape.english
    return People(
        region=region,
        platform=platform,
        activity=rng.lognormal(0.0, shape.activity_sigma, n),
        english=english,
        profile=_profiles(region, english, regions, rng, shape.shows_region),
        client=_clients(platform, platforms, rng, shape.shows_platform),
    )


def wanted_shares(wanted: Mapping[str, float], usual: Mapping[str, float]) -> NDArray[np.float64]:
    """Return shares in the order of ``usual``; `REST` is spread as usual over what is not named."""
    rest = sum(weight for name, weight in usual.items() if name not in wanted)
    spread = wanted.get(REST, 0.0) / rest if rest else 0.0
    shares = np.array([wanted.get(name, spread * weight) for name, weight in usual.items()])
    return np.asarray(shares / shares.sum(), dtype=np.float64)


def _draw(weights: list[float], n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    share = np.asarray(weights) / np.sum(weights)
    return rng.choice(len(share), size=n, p=share)


def _profiles(
    region: NDArray[np.intp],
    english: NDArray[np.bool_],
    regions: Mapping[str, RegionShape],
    rng: np.random.Generator,
    shown: float,
) -> tuple[str, ...]:
    names = list(regions.items())
    visible = rng.random(len(region)) < shown
    city = rng.integers(0, 1 << 16, len(region))
    return tuple(
        "" if not v else shape.english if e else f"{name} {shape.cities[c % len(shape.cities)]}"
        for v, e, c, (name, shape) in zip(
            visible, english, city.tolist(), (names[r] for r in region), strict=True
        )
    )


def _clients(
    platform: NDArray[np.intp],
    platforms: Mapping[str, PlatformShape],
    rng: np.random.Generator,
    shown: float,
) -> tuple[str, ...]:
    labels = [shape.shown for shape in platforms.values()]
    visible = rng.random(len(platform)) < shown
    pick = rng.integers(0, 1 << 16, len(platform)).tolist()
    return tuple(
        labels[p][k % len(labels[p])] if v else ""
        for p, k, v in zip(platform.tolist(), pick, visible, strict=True)
    )
