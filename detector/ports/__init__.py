"""What the engine asks of the world: Protocols, and the values that cross them.

Adapters live in ``sources``, ``stores`` and ``sinks``; tests use fakes of the same shape.
"""

from detector.ports.ends import FeedSink, Pull, Refreshing, Sink, Source
from detector.ports.keeping import CycleRecord, Lease, OnRecord, Store
from detector.ports.looking import IncidentQuery, Viewer
from detector.ports.people import Desk, Inbox

__all__ = [
    "CycleRecord",
    "Desk",
    "FeedSink",
    "Inbox",
    "IncidentQuery",
    "Lease",
    "OnRecord",
    "Pull",
    "Refreshing",
    "Sink",
    "Source",
    "Store",
    "Viewer",
]
