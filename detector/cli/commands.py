"""All commands, their arguments, options and help; what they do is in the modules beside this one.

Each command imports what it needs when it is called, so that ``--help`` answers at once.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from detector.text.catalogue import LANGUAGES

Input = Annotated[
    Path, typer.Argument(exists=True, help="CSV, CSV.gz, JSON Lines or Parquet; file or folder.")
]
History = Annotated[
    Path | None,
    typer.Argument(exists=True, help="A table or a folder of tables; default: the store's counts."),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", exists=True, dir_okay=False, help="Configuration file (TOML)."),
]
JsonOut = Annotated[Path, typer.Option("--json", help="Write the result to this file, as JSON.")]
JsonTable = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
JsonText = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Width = Annotated[
    str | None, typer.Option(help="Bin width, e.g. 1min; default: inferred from the table.")
]
Gaps = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="CSV start,end of spans not observed."),
]
Author = Annotated[str | None, typer.Option(help="Who asks for it; default: your user name.")]
Comment = Annotated[str, typer.Option(help="Why; shown wherever it has an effect.")]


def _known_language(code: str | None) -> str | None:
    if code is not None and code not in LANGUAGES:
        raise typer.BadParameter(f"{code!r} is none of {', '.join(LANGUAGES)}")
    return code


Lang = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(LANGUAGES),
        callback=_known_language,
        autocompletion=lambda: list(LANGUAGES),
        help="Language of what is printed; default: that of LC_ALL or LANG.",
    ),
]
ReportLanguage = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(LANGUAGES),
        callback=_known_language,
        autocompletion=lambda: list(LANGUAGES),
        help="Language of the reports; default: that of --lang.",
    ),
]


class TestKind(StrEnum):
    """What a test notification says of its incident."""

    OPENED = "opened"
    RESOLVED = "resolved"


app = typer.Typer(
    name="outage-detector",
    help="Detects outages from social-media complaints, often before the operator confirms them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
incidents_app = typer.Typer(help="Look at stored incidents.", no_args_is_help=True)
token_app = typer.Typer(help="Manage access to the API and the dashboard.", no_args_is_help=True)
silences_app = typer.Typer(help="Mute incidents that match, for a time.", no_args_is_help=True)
outbox_app = typer.Typer(help="Notifications that wait, and dead letters.", no_args_is_help=True)
routes_app = typer.Typer(help="Which receivers get which incidents.", no_args_is_help=True)
receivers_app = typer.Typer(help="Test that receivers can be reached.", no_args_is_help=True)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("outage-detector"))
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[  # noqa: ARG001  (its callback does it)
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    lang: Lang = None,
) -> None:
    from detector.cli.language import ask_for

    ask_for(lang)


@app.command()
def run(config: Config = None) -> None:
    """Run the scheduled pipeline: poll, count, detect, notify, serve the dashboard.

    Without --config it takes ./config.toml, else the bundled one, which replays the WeChat
    scenarios.
    """
    from detector.cli.running import run_pipeline

    run_pipeline(config)


@app.command()
def serve(config: Config = None) -> None:
    """Serve the dashboard and the API over the store, without running the pipeline."""
    from detector.cli.serving import serve as serve_store

    serve_store(config)


@app.command()
def top(
    config: Config = None,
    hours: Annotated[float, typer.Option(min=0.1, max=720, help="Hours to look back.")] = 6.0,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between updates.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print once instead of following.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON once.")] = False,
) -> None:
    """Show services, open incidents and sources on a terminal; print once when piped."""
    from detector.cli.top import show_top

    show_top(config, hours=hours, every=every, once=once, as_json=json)


@app.command()
def check(
    config: Config = None,
    json: JsonText = False,
) -> None:
    """Check the configuration and print what it makes the detector do."""
    from detector.cli.check import check_settings

    check_settings(config, as_json=json)


@app.command()
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
        typer.Option(exists=True, dir_okay=False, help="Configuration to compare --config with."),
    ] = None,
) -> None:
    """Run the pipeline over history, as fast as it goes, and write incidents and alerts.

    With --against it prints which incidents --config would gain, lose and move, compared with the
    other configuration; without INPUT it takes the counts of the store.
    """
    if against is not None:
        from detector.cli.what_if import Past, compare_settings

        compare_settings(Past(input, config, width, gaps), against, out=json)
        return
    if input is None or json is None:
        raise typer.BadParameter("INPUT and --json OUT are needed, or --against CONFIG")
    from detector.cli.history import replay_history

    replay_history(input, json, config=config, width=width, gaps=gaps)


@app.command()
def power(
    input: History = None,  # noqa: A002  (the word of docs/interface.md)
    within: Annotated[
        list[str] | None, typer.Option(help="Time to be noticed in, e.g. 10min; may be repeated.")
    ] = None,
    probability: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="At least so likely.")
    ] = 0.9,
    config: Config = None,
    width: Width = None,
    gaps: Gaps = None,
    json: JsonTable = False,
) -> None:
    """Print how small a surge would still be noticed in time, per service, from its history."""
    from detector.cli.what_if import Past, print_power

    times = within or ["10min", "30min", "1h"]
    past = Past(input, config, width, gaps)
    print_power(past, within=times, probability=probability, as_json=json)


@app.command()
def analyze(
    input: Input,  # noqa: A002  (the word of docs/interface.md)
    json: JsonOut,
    report: Annotated[Path | None, typer.Option(help="Write the report as one HTML page.")] = None,
    png: Annotated[
        Path | None, typer.Option(help="Write the report as a picture (needs the extra 'report').")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the incidents as CSV.")] = None,
    md: Annotated[Path | None, typer.Option(help="Write the report as Markdown.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV service,start,end to compare with."),
    ] = None,
    catalogue: Annotated[
        bool, typer.Option(help="Compare with the documented outages of the services.")
    ] = True,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of the reports; default: the configuration's.")
    ] = None,
    language: ReportLanguage = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only what happened from then on (ISO 8601).")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Only what happened before then (ISO 8601).")
    ] = None,
    false_per_year: Annotated[
        float | None,
        typer.Option(help="Bearable false incidents per service and year; default 0.2."),
    ] = None,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="List what fell just short too (`not_sure`).")
    ] = False,
    config: Config = None,
    width: Width = None,
    gaps: Gaps = None,
) -> None:
    """Analyze history with hindsight: every incident, changes of level, unusual days; a report."""
    from detector.cli.history import Wanted, analyze_history

    wanted = Wanted(
        json,
        report,
        png,
        csv,
        md,
        truth,
        catalogue,
        zone,
        language,
        since,
        until,
        false_per_year,
        unsure,
    )
    analyze_history(input, wanted, config=config, width=width, gaps=gaps)


@app.command()
def scores(
    counts: Input,
    out: Annotated[Path, typer.Option("--out", help="Write the scores to this file, as CSV.")],
    config: Config = None,
    width: Width = None,
) -> None:
    """Score every bin of a counts table, from its past only; columns as in docs/interface.md."""
    from detector.cli.history import score_history

    score_history(counts, out, config=config, width=width)


@app.command()
def evaluate(
    incidents: Annotated[Path, typer.Argument(exists=True, help="JSON of replay or analyze.")],
    truth: Annotated[Path, typer.Argument(exists=True, help="CSV: service,start,end.")],
    json: JsonTable = False,
) -> None:
    """Compare incidents with known outages: recall, precision, delay, start error and more."""
    from detector.cli.history import evaluate_incidents

    evaluate_incidents(incidents, truth, as_json=json)


@app.command()
def classify(
    posts: Input,
    out: Annotated[Path, typer.Option("--out", help="Write the posts to this file, as CSV.")],
    config: Config = None,
) -> None:
    """Write for each post how likely it is a complaint, and about which service and component."""
    from detector.cli.texts import classify_posts

    classify_posts(posts, out, config=config)


@app.command()
def simulate(
    scenario: Annotated[str, typer.Argument(help="Name of a bundled scenario; `list` lists them.")],
    out: Annotated[Path | None, typer.Option("--out", help="Posts as JSON Lines.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the random draw; default: its own.")] = None,
) -> None:
    """Write the posts of a bundled scenario, e.g. to replay them."""
    from detector.cli.texts import simulate_scenario

    simulate_scenario(scenario, out, seed=seed)


@app.command()
def train(
    out: Annotated[Path, typer.Option("--out", help="Folder for the model and its card.")] = Path(
        "models"
    ),
    ordinary: Annotated[
        Path | None,
        typer.Option(
            "--ordinary",
            help="Posts of which nearly none complains (CSV with a column text, or a folder of "
            "such): they cut false hits many times.",
        ),
    ] = None,
) -> None:
    """Train the complaint classifier on the bundled texts; write the model and its card."""
    from detector.cli.texts import train_classifier

    train_classifier(out, ordinary=ordinary)


@incidents_app.command("list")
def incidents_list(
    config: Config = None,
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    json: JsonTable = False,
) -> None:
    """List stored incidents, the latest first."""
    from detector.cli.incidents import list_incidents

    list_incidents(config, service=service, limit=limit, as_json=json)


@incidents_app.command("show")
def incidents_show(
    id: Annotated[str, typer.Argument(help="As `incidents list` prints it.")],  # noqa: A002
    config: Config = None,
    json: JsonText = False,
) -> None:
    """Show one incident, its notifications, and why each was sent or not."""
    from detector.cli.incidents import show_incident

    show_incident(config, id, as_json=json)


@app.command()
def ack(
    incident: Annotated[str, typer.Argument(help="As `incidents list` prints it.")],
    comment: Comment = "",
    author: Author = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
    config: Config = None,
) -> None:
    """Acknowledge an incident: nothing is sent until it is resolved or escalates."""
    from detector.cli.silences import acknowledge

    acknowledge(config, incident, author=author, comment=comment, withdraw=withdraw)


@silences_app.command("add")
def silences_add(
    matchers: Annotated[
        list[str], typer.Argument(help="""All must match: 'service="WeChat"' 'severity=minor'.""")
    ],
    lasting: Annotated[str, typer.Option("--for", help="How long: 30min, 2h, 1d.")],
    comment: Comment = "",
    author: Author = None,
    start: Annotated[
        str | None, typer.Option(help="When it starts, e.g. 2026-11-22T08:00+08:00; default: now.")
    ] = None,
    config: Config = None,
) -> None:
    """Silence matching incidents. Those still open when the silence expires are sent then."""
    from detector.cli.silences import add_silence

    add_silence(config, matchers, lasting=lasting, start=start, author=author, comment=comment)


@silences_app.command("list")
def silences_list(
    config: Config = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Also expired ones.")] = False,
    json: JsonTable = False,
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


@routes_app.command("test")
def routes_test(
    labels: Annotated[list[str], typer.Argument(help="service=WeChat severity=major ...")],
    config: Config = None,
) -> None:
    """Print which receivers would be notified of an incident with these labels, and how."""
    from detector.cli.notifications import try_routes

    try_routes(config, labels)


@receivers_app.command("test")
def receivers_test(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of receivers; default: all.")
    ] = None,
    kind: Annotated[
        TestKind, typer.Option(help="opened, then resolved to end the test incident.")
    ] = TestKind.OPENED,
    config: Config = None,
) -> None:
    """Send a test notification to receivers, past routes and silences."""
    from detector.cli.notifications import try_receivers
    from detector.model.alert import AlertKind

    try_receivers(config, names or (), AlertKind(kind.value))


@outbox_app.command("list")
def outbox_list(
    config: Config = None,
    dead: Annotated[bool, typer.Option("--dead", help="Dead letters: given up, and why.")] = False,
) -> None:
    """List notifications that wait, or dead letters."""
    from detector.cli.notifications import list_outbox

    list_outbox(config, dead=dead)


@outbox_app.command("retry")
def outbox_retry(
    key: Annotated[str | None, typer.Argument(help="As `outbox list --dead` prints it.")] = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    receiver: Annotated[str | None, typer.Option(help="Only to this receiver.")] = None,
    config: Config = None,
) -> None:
    """Send dead letters again; the pipeline may be running."""
    if (key is None) is not all_of_them:
        raise typer.BadParameter("give a key, or --all")
    from detector.cli.notifications import retry_dead_letters

    retry_dead_letters(config, key, receiver=receiver)


@token_app.command("add")
def token_add(
    name: Annotated[str, typer.Argument(help="Who uses it, e.g. grafana.")],
    scope: Annotated[str, typer.Option(help="push, read, write or admin.")] = "read",
    expires: Annotated[str | None, typer.Option(help="E.g. 90d; default: never.")] = None,
    config: Config = None,
) -> None:
    """Create a token and print it this once."""
    from detector.cli.tokens import add_token

    add_token(config, name, scope=scope, expires=expires)


@token_app.command("list")
def token_list(
    config: Config = None,
    json: JsonTable = False,
) -> None:
    """List tokens: name, scope, expiry; never the tokens themselves."""
    from detector.cli.tokens import list_tokens

    list_tokens(config, as_json=json)


@token_app.command("revoke")
def token_revoke(
    name: Annotated[str, typer.Argument(help="As `token list` prints it.")],
    config: Config = None,
) -> None:
    """Revoke a token: it stops working at once."""
    from detector.cli.tokens import revoke_token

    revoke_token(config, name)


for name, group in {
    "incidents": incidents_app,
    "silences": silences_app,
    "routes": routes_app,
    "receivers": receivers_app,
    "outbox": outbox_app,
    "token": token_app,
}.items():
    app.add_typer(group, name=name)
