"""The one door to numba: compile a function to machine code and keep its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled on first call; the machine code is cached beside the source."""
    return cast("Callable[P, R]", numba.njit(cache=True)(function))
