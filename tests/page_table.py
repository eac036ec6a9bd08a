"""Tables of the manual that are found out by tests, between two marks on their page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Cells = dict[str, dict[str, str]]


@dataclass(frozen=True)
class PageTable:
    """A table on ``page`` between the marks ``begin`` and ``end``."""

    page: Path
    begin: str
    end: str

    def read(self) -> Cells:
        """Return the cells as the page has them, by row, then column."""
        text = self.page.read_text(encoding="utf-8")
        between = text[text.index(self.begin) : text.index(self.end)]
        lines = between.splitlines()[1:]
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line]
        names = rows[0][1:]
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows[2:]}

    def write(self, table: str) -> None:
        """Put ``table``, in Markdown, between the marks."""
        text = self.page.read_text(encoding="utf-8")
        before, rest = text.split(self.begin)
        after = rest.split(self.end)[1]
        self.page.write_text(f"{before}{self.begin}\n{table}{self.end}{after}", encoding="utf-8")
