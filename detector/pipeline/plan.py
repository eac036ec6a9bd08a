"""What the engine is to do: the settings, as far as a run needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from detector.complaints.facets import FacetLexicon
from detector.complaints.reader import PostReader
from detector.detection.options import DetectionOptions
from detector.model.severity import SeverityRules
from detector.pipeline.health_rules import SourceHealthRules

#: History lies wholly in the past: every bin that was observed is final.
END_OF_TIME = datetime.max.replace(tzinfo=UTC) - timedelta(days=366)


@dataclass(frozen=True, slots=True, eq=False)
class PipelinePlan:
    """Options of a run.

    Attributes
    ----------
    reader : tells complaints from other posts and names their service.
    facets : the words for components, regions and platforms.
    services : what the configuration names: followed in posts from the first bin on.
    width : width of the bins that posts are counted in.
    allowed_lateness : a bin is final this long after its right edge; posts that come later are
        only history.
    complaint_threshold : probability from which on a post is a complaint.
    discover_authors : a service that nobody configured is followed once the complaints of one hour
        reach this count; None follows configured services only.
    default_options, service_options : detection options, for all and by service.
    severity : how bad is bad.
    reopen_window : a surge that begins this soon after an incident's end goes on with it.
    update_every : news of an incident are told this long after the last message, at the earliest.
    providers : services by the provider that they depend on.
    health_rules : when a source is missed.
    """

    reader: PostReader
    facets: FacetLexicon
    services: frozenset[str] = frozenset()
    width: timedelta = timedelta(minutes=1)
    allowed_lateness: timedelta = timedelta(0)
    complaint_threshold: float = 0.5
    discover_authors: float | None = 10.0
    default_options: DetectionOptions = field(default_factory=DetectionOptions)
    service_options: Mapping[str, DetectionOptions] = field(default_factory=dict)
    severity: SeverityRules = field(default_factory=SeverityRules)
    reopen_window: timedelta = timedelta(hours=1)
    update_every: timedelta = timedelta(minutes=15)
    providers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    health_rules: SourceHealthRules = field(default_factory=SourceHealthRules)

    def options_for(self, service: str) -> DetectionOptions:
        """Return the detection options of ``service``."""
        return self.service_options.get(service, self.default_options)
