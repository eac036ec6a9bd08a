"""The commands over history: replay, power, analyze, scores, evaluate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.arguments import Config, Gaps, History, Input, JsonOut, Width


class Language(StrEnum):
    """Languages that reports are written in."""

    EN = "en"
    ZH = "zh"


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    for command in (replay, power, analyze, scores, evaluate):
        app.command()(command)


def replay(
    input: History = None,  # noqa: A002  (the word of docs/interface.md)
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the result here, as JSON.")
    ] = None,
    config: Config = None,
    width: Width = None,
    gaps: Gaps = None,
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Other settings, to compare --config with."),
    ] = None,
) -> None:
    """Run the same cycle over history, as fast as it goes, and write incidents and alerts.

    With --against: say which alerts --config would gain, lose and move, compared with the other
    settings; without INPUT over what the store has.
    """
    if against is not None:
        from detector.cli.whatif import Past, compare_settings

        compare_settings(Past(input, config, width, gaps), against, out=json)
        return
    if input is None or json is None:
        raise typer.BadParameter("INPUT and --json OUT are needed, or --against SETTINGS")
    from detector.cli.history import replay_history

    replay_history(input, json, config=config, width=width, gaps=gaps)


def power(
    input: History = None,  # noqa: A002  (the word of docs/interface.md)
    within: Annotated[
        list[str] | None, typer.Option(help="Noticed within this, e.g. 10min; may be repeated.")
    ] = None,
    probability: Annotated[float, typer.Option(min=0.01, max=0.99, help="How surely.")] = 0.9,
    config: Config = None,
    width: Width = None,
    gaps: Gaps = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say how small a surge would still be noticed in time, per service, from its own history."""
    from detector.cli.whatif import Past, print_power

    times = within or ["10min", "30min", "1h"]
    past = Past(input, config, width, gaps)
    print_power(past, within=times, probability=probability, as_json=json)


def analyze(
    input: Input,  # noqa: A002  (the word of docs/interface.md)
    json: JsonOut,
    report: Annotated[
        Path | None, typer.Option(help="Write a self-contained HTML page here.")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Write a picture here (needs the extra 'report').")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the incidents here, as CSV.")] = None,
    md: Annotated[Path | None, typer.Option(help="Write the report here, as Markdown.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV service,start,end to compare with."),
    ] = None,
    catalogue: Annotated[
        bool, typer.Option(help="Compare with the documented outages of the services.")
    ] = True,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of the reports; default: the settings'.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the reports.")] = Language.EN,
    config: Config = None,
    width: Width = None,
    gaps: Gaps = None,
) -> None:
    """Look back over history with hindsight: refined starts and ends of every surge, a report."""
    from detector.cli.lookback import Wanted, analyze_history

    wanted = Wanted(json, report, png, csv, md, truth, catalogue, zone, language.value)
    analyze_history(input, wanted, config=config, width=width, gaps=gaps)


def scores(
    counts: Input,
    out: Annotated[Path, typer.Option("--out", help="Write the scores here, as CSV.")],
    config: Config = None,
    width: Width = None,
) -> None:
    """Score every bin of a counts table, causally: time,service,count,expected,evidence,score."""
    from detector.cli.history import score_history

    score_history(counts, out, config=config, width=width)


def evaluate(
    incidents: Annotated[Path, typer.Argument(exists=True, help="JSON of replay or analyze.")],
    truth: Annotated[Path, typer.Argument(exists=True, help="CSV: service,start,end.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Compare incidents with known outages: recall, precision, delay, start error and more."""
    from detector.cli.history import evaluate_incidents

    evaluate_incidents(incidents, truth, as_json=json)
