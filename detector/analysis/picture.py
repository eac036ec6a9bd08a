"""Pictures: SVG text to PNG without a browser."""

from __future__ import annotations

from detector.errors import ConfigError

#: Pixels of the picture per pixel of the figure: sharp on paper and on dense screens.
SHARPNESS = 2


def png_of(svg: str) -> bytes:
    """Return ``svg`` painted as PNG.

    Raises
    ------
    ConfigError
        If the painter is not installed.
    """
    try:
        import resvg_py  # an extra: nobody needs it to read the report in a browser
    except ImportError as error:
        message = "pictures need the extra 'report': pip install 'outage-detector[report]'"
        raise ConfigError(message) from error
    return bytes(
        resvg_py.svg_to_bytes(svg_string=svg, zoom=SHARPNESS, font_family="Noto Sans CJK SC")
    )
