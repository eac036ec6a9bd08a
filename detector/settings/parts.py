"""The parts of ``config.toml``: every key, its default and its meaning."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from detector.settings.feeds import FeedSettings
from detector.settings.life import HeartbeatSettings, MessageSettings, Page
from detector.settings.part import Name, Part, Positive
from detector.settings.receivers import ReceiverSettings
from detector.settings.routing import (
    AlertSettings,
    InhibitionSettings,
    ProviderSettings,
    RouteSettings,
    WindowSettings,
)
from detector.settings.sources import SourceSettings
from detector.settings.values import (
    Duration,
    Instant,
    JudgedWidth,
    LongDuration,
    Optional,
    Zone,
)
from detector.settings.web import WebSettings


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
    """The longest step of the accelerated clock between two pulls."""


class ScheduleSettings(Part):
    """How often the sources are pulled, on the wall's clock."""

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
    feeds: FeedSettings = FeedSettings()
    services: Mapping[Name, ServiceSettings] = {}
    sources: tuple[SourceSettings, ...] = ()
    receivers: tuple[ReceiverSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()
    windows: tuple[WindowSettings, ...] = ()
    inhibitions: tuple[InhibitionSettings, ...] = ()
    providers: tuple[ProviderSettings, ...] = ()
