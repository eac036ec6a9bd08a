"""All commands, their options and help; what they do is in the modules beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detector.cli import desk_commands, history_commands
from detector.cli.arguments import Config, Input

app = typer.Typer(
    name="outage-detector",
    help="Hears outages in complaint posts: pull, count, detect, alert, with the estimated start.",
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
    """Run the scheduled pipeline: pull, count, detect, alert, serve the dashboard.

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
    from detector.cli.checking import check_settings

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


history_commands.register(app)
desk_commands.register(app)
