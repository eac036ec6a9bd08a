"""Web addresses that sources are read from and notifications are posted to."""

from __future__ import annotations

import httpx

from detector.errors import ConfigError


def web_address(text: str, *, subject: str, instead: str, query: bool) -> httpx.URL:
    """Return ``text`` as an address.

    Parameters
    ----------
    subject : what errors begin with, e.g. ``receiver 'ops': url``.
    instead : what to do in place of a user and a password in the address.
    query : whether it may have one.

    Raises
    ------
    ConfigError
        It is no ``http://`` or ``https://`` address of a host, or holds a user or a password. The
        address is not in the error: it may be a secret.
    """
    failure = f"{subject} must be http://HOST/... or https://HOST/..."
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    blanks = any(character.isspace() for character in text)  # httpx would take them for a host's
    if url.scheme not in {"http", "https"} or not url.host or blanks or (url.query and not query):
        raise ConfigError(failure)
    if url.userinfo:
        raise ConfigError(f"{failure}, without user and password; {instead}")
    return url
