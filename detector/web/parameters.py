"""Parameters of addresses: what an operation does not know is a mistake, not to be ignored."""

from __future__ import annotations

from difflib import get_close_matches

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from detector.web.problems import Problem


def _check(request: Request) -> None:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = [parameter.alias for parameter in route.dependant.query_params]
    errors = [
        {"pointer": f"/query/{name}", "detail": _remedy(name, known)}
        for name in request.query_params
        if name not in known
    ]
    given = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in given if given.count(name) > 1})
    errors += [{"pointer": f"/query/{name}", "detail": "given more than once"} for name in twice]
    if errors:
        raise Problem(422, "the request is not what this address takes", errors=errors)


def _remedy(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"no such parameter; did you mean {close[0]!r}?"
    return f"no such parameter; known: {', '.join(known) or 'none'}"


known_parameters = Depends(_check)
"""The dependency of operations that refuse parameters they do not know."""
