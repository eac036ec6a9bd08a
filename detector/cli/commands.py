"""Arguments and options that several commands take."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Input = Annotated[
    Path, typer.Argument(exists=True, help="CSV, CSV.gz, JSON Lines or Parquet; file or folder.")
]
History = Annotated[
    Path | None,
    typer.Argument(exists=True, help="A table or a folder of them; default: what the store has."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", exists=True, dir_okay=False, help="Settings (TOML)."),
]
JsonOut = Annotated[Path, typer.Option("--json", help="Write the result here, as JSON.")]
Width = Annotated[
    str | None, typer.Option(help="Bin width, e.g. 1min; default: told by the table.")
]
Gaps = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV start,end of spans not observed."),
]


# The commands for those who are told: silences, ack, outbox, routes, receivers.


silences_app = typer.Typer(help="Want quiet about some incidents.", no_args_is_help=True)
outbox_app = typer.Typer(help="Messages on their way, and those given up.", no_args_is_help=True)
routes_app = typer.Typer(help="Who would be told of what.", no_args_is_help=True)
receivers_app = typer.Typer(help="Whether those who are told can be told.", no_args_is_help=True)


class Drill(StrEnum):
    """What a drill says of its incident."""

    OPENED = "opened"
    RESOLVED = "resolved"


Author = Annotated[str | None, typer.Option(help="Who says so; you where nothing is said.")]
Comment = Annotated[str, typer.Option(help="Why; shown wherever it acts.")]


def register(app: typer.Typer) -> None:
    """Add these commands to ``app``."""
    app.add_typer(silences_app, name="silences")
    app.add_typer(outbox_app, name="outbox")
    app.add_typer(routes_app, name="routes")
    app.add_typer(receivers_app, name="receivers")
    app.command("ack")(ack)


@silences_app.command("add")
def silences_add(
    matchers: Annotated[
        list[str], typer.Argument(help="""All must hold: 'service="WeChat"' 'severity=minor'.""")
    ],
    lasting: Annotated[str, typer.Option("--for", help="How long: 30min, 2h, 1d.")],
    comment: Comment = "",
    author: Author = None,
    start: Annotated[
        str | None, typer.Option(help="When it begins: 2026-11-22T08:00+08:00; now.")
    ] = None,
    config: Config = None,
) -> None:
    """Silence matching incidents. What still goes on at the end of it is told then."""
    from detector.cli.silences import add_silence

    add_silence(config, matchers, lasting=lasting, start=start, author=author, comment=comment)


@silences_app.command("list")
def silences_list(
    config: Config = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List silences."""
    from detector.cli.silences import list_silences

    list_silences(config, all_of_them=all_of_them, as_json=json)


@silences_app.command("expire")
def silences_expire(
    id: Annotated[str, typer.Argument(help="As `silences list` prints it.")],  # noqa: A002
    config: Config = None,
) -> None:
    """End a silence now."""
    from detector.cli.silences import expire_silence

    expire_silence(config, id)


def ack(
    incident: Annotated[str, typer.Argument(help="As `incidents list` prints it.")],
    comment: Comment = "",
    author: Author = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Give it back.")] = False,
    config: Config = None,
) -> None:
    """Take an incident in hand: quiet until it ends or grows worse, then it is told again."""
    from detector.cli.silences import acknowledge

    acknowledge(config, incident, author=author, comment=comment, withdraw=withdraw)


@outbox_app.command("list")
def outbox_list(
    config: Config = None,
    dead: Annotated[bool, typer.Option("--dead", help="What was given up, and why.")] = False,
) -> None:
    """List messages that wait, or that were given up."""
    from detector.cli.notifications import list_letters

    list_letters(config, dead=dead)


@outbox_app.command("retry")
def outbox_retry(
    key: Annotated[str | None, typer.Argument(help="As `outbox list --dead` prints it.")] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Everything given up.")] = False,
    receiver: Annotated[str | None, typer.Option(help="Only to this receiver.")] = None,
    config: Config = None,
) -> None:
    """Send again what was given up; a pipeline may be running."""
    if (key is None) is not all_of_them:
        raise typer.BadParameter("give a key, or --all")
    from detector.cli.notifications import retry_letters

    retry_letters(config, key, receiver=receiver)


@routes_app.command("test")
def routes_test(
    labels: Annotated[list[str], typer.Argument(help="service=WeChat severity=major ...")],
    config: Config = None,
) -> None:
    """Say who would be told of an incident with these labels, and how."""
    from detector.cli.notifications import try_routes

    try_routes(config, labels)


@receivers_app.command("test")
def receivers_test(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of receivers; all where none is given.")
    ] = None,
    kind: Annotated[
        Drill, typer.Option(help="resolved ends the test incident that opened began.")
    ] = Drill.OPENED,
    config: Config = None,
) -> None:
    """Send a message that says it is a test to receivers, past routes and silences."""
    from detector.cli.notifications import try_receivers
    from detector.model.alert import AlertKind

    try_receivers(config, names or (), AlertKind(kind.value))


# The commands over history: replay, power, analyze, scores, evaluate.


class Language(StrEnum):
    """Languages that reports are written in."""

    EN = "en"
    ZH = "zh"


def register_history_commands(app: typer.Typer) -> None:
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
        from detector.cli.what_if import Past, compare_settings

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
    from detector.cli.what_if import Past, print_power

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
    from detector.cli.history import Wanted, analyze_history

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


# All commands, their options and help; what they do is in the modules beside this one.


app = typer.Typer(
    name="outage-detector",
    help="Hears outages in complaint posts: poll, count, detect, alert, with the estimated start.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
incidents_app = typer.Typer(help="Look at recorded incidents.", no_args_is_help=True)
app.add_typer(incidents_app, name="incidents")
token_app = typer.Typer(help="Who may use the API and the dashboard.", no_args_is_help=True)
app.add_typer(token_app, name="token")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("outage-detector"))
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(config: Config = None) -> None:
    """Run the scheduled pipeline: poll, count, detect, alert, serve the dashboard.

    Without --config: config.toml here, else the bundled one, which replays the WeChat scenarios.
    """
    from detector.cli.running import run_pipeline

    run_pipeline(config)


@app.command()
def serve(config: Config = None) -> None:
    """Serve the dashboard and the API over what was recorded, without running the pipeline."""
    from detector.cli.serving import serve as serve_store

    serve_store(config)


@app.command()
def top(
    config: Config = None,
    hours: Annotated[float, typer.Option(min=0.1, max=720, help="How far back to draw.")] = 6.0,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print once instead of following.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON once.")] = False,
) -> None:
    """Watch services, open incidents and feeds on a terminal; print once when piped."""
    from detector.cli.top import show_top

    show_top(config, hours=hours, every=every, once=once, as_json=json)


@app.command()
def check(
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Check the settings and say what they make the detector do."""
    from detector.cli.check import check_settings

    check_settings(config, as_json=json)


@app.command()
def classify(
    posts: Input,
    out: Annotated[Path, typer.Option("--out", help="Write the posts here, as CSV.")],
    config: Config = None,
) -> None:
    """Say per post how surely it is a complaint, about which service and component."""
    from detector.cli.texts import classify_posts

    classify_posts(posts, out, config=config)


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="Name of a bundled scenario; `list` lists them.")],
    out: Annotated[Path | None, typer.Option("--out", help="Posts as JSON Lines.")] = None,
    seed: Annotated[int | None, typer.Option(help="Another draw of the same scenario.")] = None,
) -> None:
    """Write the posts of a bundled reconstruction, e.g. to replay them."""
    from detector.cli.texts import simulate_scenario

    simulate_scenario(scenario, out, seed=seed)


@app.command()
def train(
    out: Annotated[Path, typer.Option("--out", help="Folder for the model and its card.")] = Path(
        "models"
    ),
) -> None:
    """Train the complaint classifier anew from the bundled texts, and write model and card."""
    from detector.cli.texts import train_classifier

    train_classifier(out)


@incidents_app.command("list")
def incidents_list(
    config: Config = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List recorded incidents, the latest first."""
    from detector.cli.incidents import list_incidents

    list_incidents(config, service=service, limit=limit, as_json=json)


@incidents_app.command("show")
def incidents_show(
    id: Annotated[str, typer.Argument(help="As `incidents list` prints it.")],  # noqa: A002
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show one incident and every message about it."""
    from detector.cli.incidents import show_incident

    show_incident(config, id, as_json=json)


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="Whose it is, e.g. grafana.")],
    scope: Annotated[str, typer.Option(help="push, read, write or admin.")] = "read",
    expires: Annotated[str | None, typer.Option(help="E.g. 90d; else until revoked.")] = None,
    config: Config = None,
) -> None:
    """Make a token and print it, once."""
    from detector.cli.tokens import add_token

    add_token(config, name, scope=scope, expires=expires)


@token_app.command("list")
def token_list(
    config: Config = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List tokens: names, scopes, ends; never the tokens themselves."""
    from detector.cli.tokens import list_tokens

    list_tokens(config, as_json=json)


@token_app.command("revoke")
def token_revoke(
    name: Annotated[str, typer.Argument(help="As `token list` prints it.")],
    config: Config = None,
) -> None:
    """Forget a token: it opens nothing any more."""
    from detector.cli.tokens import revoke_token

    revoke_token(config, name)


register_history_commands(app)
register(app)
