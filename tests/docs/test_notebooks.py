"""The notebooks run from top to bottom; ``python -m tests.docs.test_notebooks`` saves outputs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra 'dev'")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra 'dev'")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LARGEST = 150_000


def executed(path: Path) -> object:
    """Return the notebook with its cells run anew; the first that fails raises."""
    os.environ["PYTHONPATH"] = str(ROOT)
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=180, kernel_name="python3")
    client.execute(cwd=str(path.parent))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def said(notebook: object) -> str:
    cells = [c for c in notebook.cells if c.cell_type == "code"]  # type: ignore[attr-defined]
    outputs = [o for cell in cells for o in cell.outputs]
    shown = [str(o.get("text", "")) + str(o.get("data", {}).get("text/html", "")) for o in outputs]
    return "\n".join(shown)


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_not_larger_than_needed(path: Path) -> None:
    assert path.stat().st_size < LARGEST


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the kernel's own machinery
def test_the_wechat_notebook_runs_and_finds_the_outage() -> None:
    text = said(executed(ROOT / "docs" / "notebooks" / "wechat-2013.ipynb"))
    assert re.search(r"began +2013-07-21 23:[23]\d", text)
    assert re.search(r"noticed 1:\d\d:\d\d before the operator spoke", text)
    assert re.search(r"component  .*login", text)
    assert '<svg class="od-chart"' in text


if __name__ == "__main__":
    for notebook_path in NOTEBOOKS:
        nbformat.write(executed(notebook_path), notebook_path)
