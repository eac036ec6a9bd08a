"""``python -m benchmarks.pages``: how many pages a week costs, written into ``docs/alerts.md``.

Ours is the whole way: counts or posts through the pipeline, its alerts through routing and damping
with the defaults, to one receiver that asks for everything. The naive rule pages when
the complaints of five minutes exceed three times what is usual (it knows the true rate) and are
ten at least, and once more when they no longer do.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.tables import table
from benchmarks.weeks import QUIET, START, WHOLE, WIDTH, Week, weeks
from detector.config import parse_settings
from detector.model.alert import Alert, AlertKind
from detector.model.incident import Severity
from detector.model.series import Floats
from detector.notify.policy import NotificationPolicy, ReceiverPolicy
from detector.pipeline.backtest import DryRun, dry_run
from detector.pipeline.plan import PipelinePlan
from detector.pipeline.replay import replay
from detector.pipeline.setup import build_plan
from detector.sources.base import Poll

PAGE = Path(__file__).resolve().parents[1] / "docs" / "alerts.md"
BEGIN, END = "<!-- pages: made by python -m benchmarks.pages -->", "<!-- end of pages -->"
HEAD = (
    "week",
    "incidents",
    "naive rule",
    "alerts",
    "pages sent",
    "opened",
    "escalated",
    "updated",
    "reopened",
    "resolved",
    "decided not to send",
)
_SETTINGS = """
[services]
WeChat = { aliases = ["微信"] }
Alipay = { aliases = ["支付宝"] }
QQ = {}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one week cost.

    Attributes
    ----------
    incidents : noticed in the week.
    naive : pages of the naive rule.
    alerts : what the pipeline raised.
    rehearsed : what was sent of it, and why and why not.
    """

    week: Week
    incidents: int
    naive: int
    alerts: int
    rehearsed: DryRun


@dataclass(frozen=True, slots=True)
class Once:
    """A source that brings a week at once."""

    week: Week
    name: str = "week"

    def poll(self, cursor: str | None, *, until: datetime) -> Poll:  # noqa: ARG002 - a port
        """Return everything."""
        return self.week.poll()


def main(argv: Sequence[str] | None = None) -> None:
    """Run all weeks and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="page whose table is renewed")
    page: Path = parser.parse_args(argv).page
    plan = the_plan()
    made = paged([lived(week, plan) for week in weeks()])
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{made}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    print(made)


def the_plan() -> PipelinePlan:
    """Return the default plan, posts judged by the lexicon alone (templates are easy)."""
    plan = build_plan(parse_settings(_SETTINGS, path="benchmarks.pages"))
    return replace(plan, reader=replace(plan.reader, classifier=None))


def lived(week: Week, plan: PipelinePlan) -> Result:
    """Return what ``week`` costs."""
    history = replay(Once(week), replace(plan, providers=week.providers))
    alerts = [alert for alert in history.alerts if alert.at >= week.since]
    policy = NotificationPolicy(
        [ReceiverPolicy("on-call", Severity.MINOR)], providers=week.providers
    )
    end = START + WHOLE * WIDTH + timedelta(days=1)
    return Result(
        week=week,
        incidents=sum(i.noticed_at >= week.since for i in history.incidents.values()),
        naive=sum(naive_pages(week.counts[s], week.rates[s]) for s in week.counts),
        alerts=len(alerts),
        rehearsed=dry_run(alerts, policy, until=end),
    )


def naive_pages(counts: Floats, rate: Floats) -> int:
    """Return how often the naive rule pages in the week itself, resolves included."""
    five = np.convolve(counts, np.ones(5))[: len(counts)]
    usual = np.convolve(rate, np.ones(5))[: len(rate)]
    above = (five >= 10) & (five > 3 * usual)
    return int(np.abs(np.diff(above[QUIET - 1 :].astype(int))).sum())


def paged(results: Sequence[Result]) -> str:
    """Return the table."""
    return table(HEAD, map(_row, results))


def _row(result: Result) -> tuple[str, ...]:
    kinds = Counter(d.alert.kind for d in result.rehearsed.deliveries if isinstance(d.alert, Alert))
    why = Counter(d.reason.value for d in result.rehearsed.decisions if d.kind is None)
    held = "; ".join(f"{n} x `{reason}`" for reason, n in sorted(why.items())) or "–"
    return (
        f"{result.week.name}: {result.week.about}",
        str(result.incidents),
        str(result.naive),
        str(result.alerts),
        f"**{len(result.rehearsed.deliveries)}**",
        str(kinds[AlertKind.OPENED]),
        str(kinds[AlertKind.ESCALATED]),
        str(kinds[AlertKind.UPDATED]),
        str(kinds[AlertKind.REOPENED]),
        str(kinds[AlertKind.RESOLVED]),
        held,
    )


if __name__ == "__main__":
    main()
