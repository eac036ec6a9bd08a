"""What every part of ``config.toml`` is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]


class Part(BaseModel):
    """A part of the configuration; what it does not know is a mistake."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )
