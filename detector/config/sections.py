"""``[feeds]``: when a source is missed, and who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from detector.config.receivers import ReceiverSettings
from detector.config.routing import (
    AlertSettings,
    InhibitionSettings,
    ProviderSettings,
    RouteSettings,
    WindowSettings,
)
from detector.config.sources import SourceSettings
from detector.config.web import WebSettings
from detector.fields import (
    Duration,
    Instant,
    JudgedWidth,
    LongDuration,
    Name,
    Optional,
    Part,
    Positive,
    Zone,
)


class SourceHealthSettings(Part):
    """When a source is missed, and who is told (docs/sources.md). Never a matter of an outage."""

    dead_after: LongDuration = timedelta(minutes=10)
    """A source is dead when nothing was observed for so long, and at least for three turns."""

    patience: Mapping[Name, LongDuration] = {}
    """Another duration for single sources: `{ forum = "2h" }`."""

    silent_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    """A source is silent when it brings less than this share of what is usual in its week."""

    receivers: tuple[Name, ...] = ()
    """Who is told that a source is dead, silent or alive again. Nobody if empty: then the
    log and the dashboard alone show it."""


# ``[heartbeat]`` and ``[messages]``: signs of life, and what every message can say.


Page = Annotated[str, Field(pattern=r"^https?://[^/]")]


class HeartbeatSettings(Part):
    """A ping after each turn that was committed; who misses it raises the alarm (docs/sinks.md)."""

    url_env: str | None = None
    """Environment variable with the address to ping; it is a secret."""

    url_file: Path | None = None
    """File with that address."""

    every: LongDuration = timedelta(minutes=1)
    """Pings lie at least this far apart."""

    fail: bool = True
    """Ping `ADDRESS/fail`, with the reasons, when a source or a receiver is in trouble."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long an answer may take."""


class MessageSettings(Part):
    """What every message can say."""

    runbook: Page | None = None
    """What to do in an outage: a page. A service can have its own."""


# The parts of ``config.toml``: every key, its default and its meaning.


class StoreSettings(Part):
    """Where state, incidents and the outbox are kept."""

    location: Name = "var/outage-detector.sqlite"
    """A SQLite file, or a database's URL (``postgresql+psycopg://...``)."""

    lease: LongDuration = timedelta(seconds=20)
    """Of several instances on one PostgreSQL one writes and the others stand by; one of them takes
    over when the writer has said nothing for so long."""

    keep: Annotated[LongDuration | None, Optional] = timedelta(days=400)
    """Counts, and messages about incidents that are over, are dropped when they are older;
    ``false`` keeps all. Incidents and why people were told of them are kept for good."""


class ClockSettings(Part):
    """The clock. Without this section it is the wall's; scenarios can run on a faster one."""

    speed: Annotated[float, Field(gt=1)] | None = None
    """So many times as fast as the wall's clock; for scenario sources only."""

    leap: LongDuration = timedelta(days=3)
    """The longest step of the accelerated clock between two polls."""


class ScheduleSettings(Part):
    """How often the sources are polled, on the wall's clock."""

    every: LongDuration = timedelta(minutes=1)
    """From the start of one turn to the next; turns that fall due while one runs melt into one."""

    misfire_grace: LongDuration = timedelta(minutes=5)
    """A turn that is late by more than this is left out, and that is logged."""


class PostSettings(Part):
    """How posts are counted."""

    width: JudgedWidth = timedelta(minutes=1)
    """Width of the bins that complaints are counted in: whole seconds, 10 s to 2 h."""

    settle: Duration = timedelta(minutes=2)
    """A bin is final this long after its end; posts that come later are history."""

    complaint_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """From this probability on a post is a complaint."""

    discover_voices: Annotated[Positive | None, Optional] = 10.0
    """A service that is not configured is followed from so many voices in one hour on; ``false``
    follows configured services only."""


class KnownEventSettings(Part):
    """A planned surge or a holiday; nothing is learnt from it."""

    start: Instant
    """When it begins, with an offset."""

    end: Instant
    """When it ends (exclusive), with an offset."""

    factor: Positive | None = None
    """So many times the usual volume is expected; without it only what dwarfs it is reported."""

    note: str = ""
    """For people."""


class DetectionSettings(Part):
    """What an alarm costs, and when people are awake. A service can have its own."""

    max_false_pages_per_week: Annotated[float, Field(gt=0, le=10)] | None = None
    """False alarms that are bearable per service and week; the threshold follows from it. 0.03, one
    in 33 weeks, where nothing is said."""

    time_zone: Zone | None = None
    """Whose days and weeks the ordinary volume follows; UTC where nothing is said."""

    known_events: tuple[KnownEventSettings, ...] = ()
    """Planned surges and holidays."""


class SeveritySettings(Part):
    """From which weight, or height and length, on an incident is major or critical."""

    major_hours: Positive = 6.0
    """Excess in hours of the service's ordinary volume, from which on it is major."""

    critical_hours: Positive = 48.0
    """The same, critical."""

    major_ratio: Annotated[float, Field(gt=1)] = 5.0
    """Or: mean rate since its start over the ordinary one, from which on it is major,"""

    critical_ratio: Annotated[float, Field(gt=1)] = 10.0
    """The same, critical,"""

    major_for: LongDuration = timedelta(minutes=30)
    """once it has lasted so long."""

    critical_for: LongDuration = timedelta(hours=2)
    """The same, critical."""

    major_posts: Positive = 60.0
    """And only from so many excess posts on it is major."""

    critical_posts: Positive = 600.0
    """The same, critical."""

    major_heat: Positive = 5.0
    """For trending lists: heat at the peak over the list's floor, from which on it is major."""

    critical_heat: Positive = 20.0
    """The same, critical."""


class IncidentSettings(Part):
    """What belongs to one incident."""

    regroup: Duration = timedelta(hours=1)
    """A surge that begins this soon after an incident's end goes on with it: the outage flaps."""


class ServiceSettings(DetectionSettings):
    """A service that is followed from the first bin on; the section's name is the service's."""

    aliases: tuple[Name, ...] = ()
    """Other names that people give it. One that is a bundled service's name brings its aliases."""

    runbook: Page | None = None
    """What to do when it fails: a page; messages name it."""

    components: Mapping[Name, tuple[Name, ...]] = {}
    """Its parts and what people call them, beside the bundled ones: `stickers = ["表情包"]`."""


class DeliverySettings(Part):
    """When to stop trying."""

    max_alert_age: LongDuration = timedelta(days=1)
    """Alerts older than this when they are found are recorded and not sent."""

    give_up_after: LongDuration = timedelta(days=1)
    """A receiver that refused or was unreachable for so long is not tried again."""


class Settings(Part):
    """All of ``config.toml``."""

    store: StoreSettings = StoreSettings()
    clock: ClockSettings = ClockSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    posts: PostSettings = PostSettings()
    detection: DetectionSettings = DetectionSettings()
    severity: SeveritySettings = SeveritySettings()
    incidents: IncidentSettings = IncidentSettings()
    alerts: AlertSettings = AlertSettings()
    delivery: DeliverySettings = DeliverySettings()
    web: WebSettings = WebSettings()
    messages: MessageSettings = MessageSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    feeds: SourceHealthSettings = SourceHealthSettings()
    services: Mapping[Name, ServiceSettings] = {}
    sources: tuple[SourceSettings, ...] = ()
    receivers: tuple[ReceiverSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    windows: tuple[WindowSettings, ...] = ()
    inhibitions: tuple[InhibitionSettings, ...] = ()
    providers: tuple[ProviderSettings, ...] = ()

    @property
    def services_by_provider(self) -> Mapping[str, Sequence[str]]:
        """The services of each provider, by its name."""
        return {provider.name: provider.services for provider in self.providers}
