"""The Grafana dashboard asks for metrics that there are, by labels that they have."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from detector.pipeline.run import Totals
from detector.web.backend import RunReport
from tests.web.house import NOW, House, everything, house

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana" / "outage-detector.json"


def test_every_panel_shows_metrics_that_there_are(tmp_path: Path) -> None:
    made = house(tmp_path, **everything())
    totals = Totals({"helpdesk": 120}, {"helpdesk": 2}, {"helpdesk": 0}, {"tickets": 1})
    report = RunReport(1, NOW, 0.2, 60.0, totals)
    turning = House(made.path, replace(made.backend, last_run=lambda: report))
    text = turning.client().get("/metrics").text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    legends = [target["legendFormat"] for p in dashboard["panels"] for target in p["targets"]]
    for expression, legend in zip(asked, legends, strict=True):
        (metric,) = re.findall(r"outage_detector_\w+", expression)
        used = set(re.findall(r"(\w+)[!=]~?\"", expression)) | set(re.findall(r"{{(\w+)}}", legend))
        assert used <= labels[metric], expression
    assert len(asked) == 12
    made.close()


def test_panels_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
