"""Labels: what an incident is known by to routes, silences, windows and inhibitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detector.domain.details import Details
from detector.domain.incident import Incident
from detector.domain.matcher import Labels


def labels_of(
    incident: Incident,
    details: Details | None,
    providers: Mapping[str, Sequence[str]],
) -> Labels:
    """Return the labels of ``incident``; one that has no value is left out.

    Parameters
    ----------
    details : what its complaints say; components, regions and platforms are those affected.
    providers : services by the provider that they depend on.
    """
    labels: dict[str, tuple[str, ...]] = {
        "service": (incident.service,),
        "severity": (incident.severity.label,),
        "source": incident.sources,
        "incident": (incident.id,),
        "provider": tuple(name for name, all_ in providers.items() if incident.service in all_),
    }
    if details is not None:
        for facet in ("component", "region", "platform"):
            labels[facet] = details.telling(facet)[0]
    return {label: values for label, values in labels.items() if values}
