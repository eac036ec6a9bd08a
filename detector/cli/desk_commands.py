"""The commands for those who are told: silences, ack, outbox, routes, receivers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from detector.cli.arguments import Config

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
    from detector.cli.outbox import list_letters

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
    from detector.cli.outbox import retry_letters

    retry_letters(config, key, receiver=receiver)


@routes_app.command("test")
def routes_test(
    labels: Annotated[list[str], typer.Argument(help="service=WeChat severity=major ...")],
    config: Config = None,
) -> None:
    """Say who would be told of an incident with these labels, and how."""
    from detector.cli.routes import try_routes

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
    from detector.cli.receivers import try_receivers
    from detector.domain.alert import AlertKind

    try_receivers(config, names or (), AlertKind(kind.value))
