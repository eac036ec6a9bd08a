"""Where a reader of a message goes next: the page of the incident, the runbook of the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detector.domain.incident import Incident

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that go into messages.

    Attributes
    ----------
    public_url : where people reach the dashboard, None if there is none.
    runbook : what to do about any service, None if nothing is written.
    runbooks : what to do about one service, by its name; it goes before ``runbook``.
    """

    public_url: str | None = None
    runbook: str | None = None
    runbooks: Mapping[str, str] = field(default_factory=dict)

    def page(self, incident: Incident) -> str | None:
        """Return the address of the incident's page."""
        if self.public_url is None:
            return None
        return f"{self.public_url.rstrip('/')}/incidents/{_quoted(incident.id)}"

    def runbook_of(self, incident: Incident) -> str | None:
        """Return the address of what is to be done."""
        return self.runbooks.get(incident.service, self.runbook)


def _quoted(name: str) -> str:
    """Return ``name`` as one segment of a path (RFC 3986, 2005, section 2)."""
    octets = name.encode("utf-8", "surrogatepass")
    return "".join(chr(octet) if octet in _LETTERS else f"%{octet:02X}" for octet in octets)
