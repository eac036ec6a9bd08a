"""Contract suites for sources and receivers that other packages write; see ``docs/plugins.md``.

A test class inherits the suite and says what is under test; pytest finds the tests in it.
"""

from detector.testing.receivers import ReceiverContract
from detector.testing.sources import SourceContract

__all__ = ["ReceiverContract", "SourceContract"]
