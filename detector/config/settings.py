"""The sections of ``config.toml``: every key, its default and its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, PrivateAttr, SerializeAsAny

from detector.config.renamed_keys import Renamed
from detector.config.routing import (
    AlertSettings,
    InhibitionSettings,
    MuteTimeSettings,
    ProviderSettings,
    RouteSettings,
)
from detector.config.web_settings import WebSettings
from detector.detection.options import DetectionOptions, KnownEvent
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
    inherited,
)
from detector.notify.render import Links
from detector.receivers.base import Language, ReceiverSettings, Wording
from detector.receivers.registry import RECEIVERS
from detector.sources.base import SourceSettings
from detector.sources.registry import SOURCES

Page = Annotated[str, Field(pattern=r"^https?://[^/]")]


class StoreSettings(Part):
    """Where state, incidents and the outbox are kept."""

    location: Name = "var/outage-detector.sqlite"
    """A SQLite file, or a database URL (``postgresql+psycopg://...``)."""

    lease: LongDuration = timedelta(seconds=20)
    """Of several instances on one PostgreSQL database, one leads and the others stand by. One of
    them takes over when the leader has not reported for so long."""

    keep: Annotated[LongDuration | None, Optional] = timedelta(days=400)
    """Counts, and notifications about resolved incidents, are deleted when they are older than
    this; ``false`` keeps everything. Incidents and the decisions about them are never deleted."""


class ClockSettings(Part):
    """The clock. Without this section it is the real time; scenarios can run on a faster clock."""

    speed: Annotated[float, Field(gt=1)] | None = None
    """How many times faster than real time; for scenario sources only."""

    leap: LongDuration = timedelta(days=3)
    """Longest step of the accelerated clock between two runs."""


class ScheduleSettings(Part):
    """How often the pipeline runs, in real time."""

    every: LongDuration = timedelta(minutes=1)
    """Time from the start of one run to the start of the next. Runs that fall due while one is
    still going are combined into one."""

    misfire_grace: LongDuration = timedelta(minutes=5)
    """A run that would start later than this is skipped, and that is logged."""


class PostSettings(Part):
    """How posts are counted."""

    width: JudgedWidth = timedelta(minutes=1)
    """Bin width: whole seconds, 10 s to 2 h."""

    allowed_lateness: Duration = timedelta(minutes=2)
    """A bin is final this long after its end. Posts that arrive later are not counted."""

    complaint_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """A post is a complaint from this probability on."""

    discover_authors: Annotated[Positive | None, Optional] = 10.0
    """A service that is not configured is followed once so many authors complained about it within
    one hour; ``false`` follows configured services only."""


class KnownEventSettings(Part):
    """A planned surge or a holiday; the baseline learns nothing from it."""

    start: Instant
    """When it begins, with an offset."""

    end: Instant
    """When it ends (exclusive), with an offset."""

    factor: Positive | None = None
    """How many times the usual volume to expect. Without it only an extreme excess is reported."""

    note: str = ""
    """What it is."""


class DetectionSettings(Part):
    """When an excess of complaints is an outage. Services can have their own values."""

    max_false_pages_per_week: Annotated[float, Field(gt=0, le=10)] | None = None
    """False-alarm budget per service: 0.03 is one false page in 33 weeks (the default)."""

    time_zone: Zone | None = None
    """Time zone of the daily and weekly baseline (default UTC)."""

    known_events: tuple[KnownEventSettings, ...] = ()
    """Planned surges and holidays; those of ``[detection]`` apply to every service."""

    def options(self, general: DetectionSettings | None = None) -> DetectionOptions:
        """Return the options of detection; what is not given here is taken from ``general``."""
        general = general or DetectionSettings()
        default = DetectionOptions()
        return DetectionOptions(
            max_false_pages_per_week=inherited(
                self.max_false_pages_per_week,
                inherited(general.max_false_pages_per_week, default.max_false_pages_per_week),
            ),
            time_zone=inherited(self.time_zone, inherited(general.time_zone, default.time_zone)),
            known_events=tuple(
                KnownEvent(event.start, event.end, event.factor)
                for event in (*general.known_events, *self.known_events)
            ),
        )


class SeveritySettings(Part):
    """Severity thresholds: by total excess, or by magnitude and duration."""

    major_hours: Positive = 6.0
    """Total excess from which an incident is major, in hours of the service's usual volume."""

    critical_hours: Positive = 48.0
    """The same for critical."""

    major_ratio: Annotated[float, Field(gt=1)] = 5.0
    """Or: mean rate since the start over the usual rate, if it lasts for ``major_for``."""

    critical_ratio: Annotated[float, Field(gt=1)] = 10.0
    """The same for critical, if it lasts for ``critical_for``."""

    major_for: LongDuration = timedelta(minutes=30)
    """Duration that ``major_ratio`` requires."""

    critical_for: LongDuration = timedelta(hours=2)
    """Duration that ``critical_ratio`` requires."""

    major_posts: Positive = 60.0
    """In any case: excess posts that a major incident has at least."""

    critical_posts: Positive = 600.0
    """The same for critical."""

    major_heat: Positive = 5.0
    """For trending lists: heat at the peak over the list's floor from which it is major."""

    critical_heat: Positive = 20.0
    """The same for critical."""


class IncidentSettings(Part):
    """What belongs to one incident."""

    reopen_window: Duration = timedelta(hours=1)
    """A surge that begins this soon after an incident's end reopens the incident."""


class ServiceSettings(DetectionSettings):
    """A service that is followed from the first bin on; the section's name is the service's."""

    aliases: tuple[Name, ...] = ()
    """Other names of the service. The name of a bundled service brings that service's aliases."""

    runbook: Page | None = None
    """Web page that says what to do when the service fails; messages link to it."""

    components: Mapping[Name, tuple[Name, ...]] = {}
    """Parts of the service and the words for them, in addition to the bundled ones:
    `stickers = ["表情包"]`."""


class DeliverySettings(Part):
    """When to stop trying to deliver."""

    max_alert_age: LongDuration = timedelta(days=1)
    """Alerts that are older than this when they are found are recorded and not sent."""

    give_up_after: LongDuration = timedelta(days=1)
    """A notification that a receiver did not accept for so long is not tried again."""


class SourceHealthSettings(Part):
    """When a source is degraded or down, and who is notified (docs/sources.md).

    The health of a source never opens or closes an incident.
    """

    down_after: LongDuration = timedelta(minutes=10)
    """A source is down when nothing was observed for so long, and at least for three runs."""

    down_after_for: Mapping[Name, LongDuration] = {}
    """Another duration for single sources: `{ forum = "2h" }`."""

    degraded_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    """A source is degraded when it brings less than this share of its usual volume."""

    receivers: tuple[Name, ...] = ()
    """Who is notified when a source goes down, is degraded or is up again. If empty, only the log
    and the dashboard show it."""


class HeartbeatSettings(Part):
    """A ping after each committed run; whoever misses it raises the alarm (docs/receivers.md)."""

    url_env: str | None = None
    """Environment variable with the address to ping; it is a secret."""

    url_file: Path | None = None
    """File with the address."""

    every: LongDuration = timedelta(minutes=1)
    """Shortest time between pings."""

    fail: bool = True
    """Ping `ADDRESS/fail`, with the reasons, when a source or a receiver is in trouble."""

    timeout: LongDuration = timedelta(seconds=4)
    """How long to wait for an answer."""


class MessageSettings(Part):
    """What all messages have in common; services and receivers can have their own values."""

    runbook: Page | None = None
    """Web page that says what to do in an outage."""

    language: Language = "en"
    """A language of the interface, `en` or `zh`."""

    time_zone: Zone = "UTC"
    """Time zone of the times in messages."""

    template: Path | None = None
    """Your own Jinja2 template for the text (docs/receivers.md)."""


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
    source_health: SourceHealthSettings = SourceHealthSettings()
    services: Mapping[Name, ServiceSettings] = {}
    sources: tuple[
        Annotated[SerializeAsAny[SourceSettings], BeforeValidator(SOURCES.parse)], ...
    ] = ()
    receivers: tuple[
        Annotated[SerializeAsAny[ReceiverSettings], BeforeValidator(RECEIVERS.parse)], ...
    ] = ()
    routes: tuple[RouteSettings, ...] = ()
    mute_time_intervals: tuple[MuteTimeSettings, ...] = ()
    inhibitions: tuple[InhibitionSettings, ...] = ()
    providers: tuple[ProviderSettings, ...] = ()
    _renamed: tuple[Renamed, ...] = PrivateAttr(default=())

    @property
    def renamed(self) -> Sequence[Renamed]:
        """Keys that the file gives under an old name."""
        return self._renamed

    def remember_renamed(self, keys: Iterable[Renamed]) -> None:
        """Keep which keys were given under an old name, for whoever can warn of them."""
        self._renamed = tuple(keys)

    @property
    def services_by_provider(self) -> Mapping[str, Sequence[str]]:
        """The services of each provider, by its name."""
        return {provider.name: provider.services for provider in self.providers}

    @property
    def links(self) -> Links:
        """Addresses that go into messages."""
        own = {name: service.runbook for name, service in self.services.items()}
        runbooks = {name: runbook for name, runbook in own.items() if runbook is not None}
        return Links(self.web.public_url, self.messages.runbook, runbooks)

    @property
    def wording(self) -> Wording:
        """How messages are written where a receiver says nothing else."""
        messages = self.messages
        return Wording(messages.language, messages.time_zone, messages.template)
