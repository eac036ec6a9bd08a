"""States as bytes and back: MessagePack of the values themselves; nothing in it is executed.

Arrays are their type, shape and bytes; those read back are read-only. What is put in front of a
value is the number of its layout: bytes of another one cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_origin

import msgspec
import numpy as np

from detector.detection.kernels.series_record import RECORD

T = TypeVar("T")

_RECORD = "record"


def pack(layout: int, value: Any, encode: Callable[[Any], Any] | None = None) -> bytes:
    """Return ``value`` as bytes.

    Parameters
    ----------
    layout : number of the layout that ``value`` has.
    encode : turns what is neither plain, a dataclass nor an array into something that is.
    """

    def plain(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            kind = _RECORD if item.dtype == RECORD else item.dtype.str
            return kind, item.shape, item.tobytes()
        if encode is not None:
            return encode(item)
        raise NotImplementedError(type(item))

    return msgspec.msgpack.encode((layout, value), enc_hook=plain)


def unpack(
    data: bytes, layout: int, kind: type[T], decode: Callable[[Any, Any], Any] | None = None
) -> T:
    """Return what `pack` wrote.

    Parameters
    ----------
    kind : type of the value.
    decode : given a type and what ``encode`` made of a value of it, returns the value.

    Raises
    ------
    ValueError
        If ``data`` is of another layout, or damaged.
    """

    def made(wanted: Any, item: Any) -> Any:
        if (get_origin(wanted) or wanted) is np.ndarray:
            dtype, shape, content = item
            return np.frombuffer(content, RECORD if dtype == _RECORD else dtype).reshape(shape)
        if decode is not None:
            return decode(wanted, item)
        raise NotImplementedError(wanted)

    try:
        found, value = msgspec.msgpack.decode(data, type=tuple[int, msgspec.Raw])
        if found != layout:
            raise ValueError(f"layout {found}, expected {layout}")
        return msgspec.msgpack.decode(value, type=kind, dec_hook=made)
    except (msgspec.MsgspecError, TypeError) as error:
        raise ValueError(str(error)) from error
