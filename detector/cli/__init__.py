"""The commands of ``docs/interface.md``.

Each imports what it needs when it is called, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys

from detector.cli.commands import app
from detector.errors import ConfigError, DetectorError, InputError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; mistakes of the user are explained, not traced.

    Exit status: 0 done, 1 failed, 2 the input or the configuration is wrong.
    """
    try:
        app()
    except (ConfigError, InputError) as error:
        _explain(error)
        sys.exit(2)
    except DetectorError as error:
        _explain(error)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _explain(error: DetectorError) -> None:
    for line in str(error).splitlines():
        print(f"outage-detector: {line}", file=sys.stderr)
