"""The one door to numba: compile a function to machine code and keep its type.

The machine code is cached beside the source and is renewed when the function's own file changes,
but not when a function that it calls from another file does. After editing a kernel delete
``__pycache__/*.nb?``; an installed package never needs that.

Division by zero gives inf or nan, as numpy's does: a check before every division would cost a
twentieth of the time, and no kernel divides by what may be zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled on first call; the machine code is cached beside the source."""
    return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy")(function))
