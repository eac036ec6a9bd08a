"""``[web]``: the dashboard and the API, and who may see them."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from detector.fields import LongDuration, Part

_LISTEN = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:]+)\]|(?P<host>[^:\[\]]+)):(?P<port>\d{1,5})")
_PUBLIC = re.compile(r"https?://[^/@?#\s]+(?:/[A-Za-z0-9._~-]+)*/?")


def parse_listen(text: str) -> tuple[str, int]:
    """Return host and port of ``127.0.0.1:8080`` or ``[::1]:8080``. Raises ``ValueError``."""
    match = _LISTEN.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"{text!r} is no address and port; write 127.0.0.1:8080 or [::1]:8080")
    return match["six"] or match["host"], int(match["port"])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches ``host``; a name other than localhost is not."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(text: str) -> str:
    parse_listen(text)
    return text


def _public(url: str) -> str:
    if _PUBLIC.fullmatch(url) is None:
        raise ValueError(f"{url!r} is no address of a page; write https://host/path")
    return url.rstrip("/")


class WebSettings(Part):
    """The dashboard and the API, served by ``run`` and by ``serve``."""

    enabled: bool = True
    """Whether ``run`` serves them."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8080"
    """Address and port. Any address but this machine's own requires a token, or public reading."""

    public_url: Annotated[str, AfterValidator(_public)] | None = None
    """Where people reach it, e.g. behind a proxy: for links in alerts, and accepted as `Host`. With
    a path (`https://host/outages`) every link begins with it; the proxy may take it off or not."""

    access: Literal["token", "public-read-only"] = "token"
    """`token`: reading requires a login, except on this machine as long as no token for reading
    exists. `public-read-only`: anybody may read. Changing anything always requires a token."""

    session: LongDuration = timedelta(hours=12)
    """How long a login lasts."""

    session_key_env: str | None = None
    """Environment variable with the key that logins are signed with; else one is made and kept
    beside the store's file. Give it if several instances serve one database."""

    session_key_file: Path | None = None
    """File with it."""

    requests_per_minute: Annotated[int, Field(ge=1)] = 600
    """From one address, or with one token."""

    max_body: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 8_000_000
    """The longest request that is read, in bytes."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen at."""
        return parse_listen(self.listen)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return is_loopback(self.address[0])

    @property
    def prefix(self) -> str:
        """The path of `public_url`, without a slash at the end; empty without one."""
        return urlsplit(self.public_url or "").path

    @property
    def url(self) -> str:
        """Where people reach it, without a slash at the end."""
        return self.public_url or f"http://{self.listen}"
