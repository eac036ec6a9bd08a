"""The one door to numba: compile a function to machine code and keep its type.

The machine code is cached beside the source and is renewed when the function's own file changes,
but not when a function that it calls from another file does. After editing a kernel delete
``__pycache__/*.nb?``; an installed package never needs that.

Division by zero gives inf or nan, as numpy's does: a check before every division would cost a
twentieth of the time, and no kernel divides by what may be zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from detector.model.series import Floats

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` compiled on first call; the machine code is cached beside the source."""
    return cast("Callable[P, R]", numba.njit(cache=True, error_model="numpy")(function))


def _pointer(_: Any, address: Any) -> Any:
    """Say how numba takes a number for the address of floats."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    pointer: Any = numba.types.CPointer
    return pointer(numba.types.float64)(address), generate


_as_pointer: Any = intrinsic(_pointer)


@compiled
def floats_at(address: int, shape: tuple[int, int, int]) -> Floats:
    """Return the floats that lie at ``address``, in C order; their owner must be held meanwhile."""
    floats: Floats = carray(_as_pointer(address), shape)
    return floats
