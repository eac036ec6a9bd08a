"""A receiver in one file, as a contributor would add it: postcards into a letter box (a folder)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from detector.errors import Unreachable
from detector.model.alert import Alert
from detector.notify.render import Writer
from detector.receivers.base import ReceiverContext, WordedSettings
from detector.text.phrasing import Phrasing


class PostcardSettings(WordedSettings):
    """Postcards into a letter box."""

    carries: ClassVar[str] = "one postcard per alert"
    needs: ClassVar[str] = "a letter box"
    example: ClassVar[str] = """\
[[receivers]]                   # postcards
type = "postcard"
name = "aunt"
box = "letters"
"""

    type: Literal["postcard"]
    box: Path
    """The letter box."""

    def build(self, context: ReceiverContext) -> Postcards:
        """Return the receiver."""
        return Postcards(self.name, context.base / self.box, self.writer(context))

    def describe(self, say: Phrasing) -> str:
        """Return where the letter box is."""
        texts = {"en": "postcards into {box}", "zh": "明信片，投入 {box}"}
        return say.by_language(texts, box=self.box)


@dataclass
class Postcards:
    """Writes one card per alert."""

    name: str
    box: Path
    writer: Writer

    def send(self, alert: Alert) -> None:
        """Put a card into the box, or raise `Unreachable`."""
        said = self.writer.message(alert)
        try:
            number = len(list(self.box.iterdir()))
            card = self.box / f"{number:04}.txt"
            card.write_text("\n".join([said.title, *said.lines]), "utf-8")
        except OSError as error:
            raise Unreachable(f"{self.name}: the box is gone ({error.strerror})") from None
