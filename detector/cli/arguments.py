"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[
    Path, typer.Argument(exists=True, help="CSV, CSV.gz, JSON Lines or Parquet; file or folder.")
]
History = Annotated[
    Path | None,
    typer.Argument(exists=True, help="A table or a folder of them; default: what the store has."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", exists=True, dir_okay=False, help="Settings (TOML)."),
]
JsonOut = Annotated[Path, typer.Option("--json", help="Write the result here, as JSON.")]
Width = Annotated[
    str | None, typer.Option(help="Bin width, e.g. 1min; default: told by the table.")
]
Gaps = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV start,end of spans not observed."),
]
