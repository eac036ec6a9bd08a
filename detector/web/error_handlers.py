"""Every error becomes a problem: details for programs, a page for browsers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detector.errors import InputError, StoreError
from detector.web.pages.rendering import page
from detector.web.prefix import address, path_of
from detector.web.problems import Problem, problem_response

log = structlog.get_logger("detector.web")
#: What a page says of a status; of others by whose mistake it is.
_KINDS = {401: "forbidden", 403: "forbidden", 404: "not_found", 429: "busy"}


def add_problem_handlers(app: FastAPI) -> None:
    """Let ``app`` answer every error as a problem, and browsers with a page."""
    for kind in (Problem, HTTPException, RequestValidationError, StoreError, InputError):
        app.add_exception_handler(kind, _answer)


class Failures:
    """Middleware: what nobody foresaw is logged, and answered as a problem too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            await _answer(Request(scope), error)(scope, receive, send)


def _answer(request: Request, error: Exception) -> Response:
    problem = _problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        bug = None if isinstance(error, StoreError) else error
        log.error("request failed", path=request.url.path, error=str(error), exc_info=bug)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = _allowed(request, problem.headers.get("Allow", ""))
    return answer_to(request, problem)


def _allowed(request: Request, otherwise: str) -> str:
    """Return all methods of the address; the framework names those of one of its routes."""
    paths: Mapping[str, Any] = request.app.openapi()["paths"]
    methods = {
        method.upper()
        for path, operations in paths.items()
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), path_of(request))
        for method in operations
    }
    return ", ".join(sorted(methods)) or otherwise


def answer_to(request: Request, problem: Problem) -> Response:
    """Return a page for a browser that asked for one, JSON for everybody else."""
    path = path_of(request)
    if "text/html" not in request.headers.get("accept", "") or path.startswith("/v1/"):
        return problem_response(problem)
    if problem.status == HTTPStatus.UNAUTHORIZED and path != "/login":
        back = path + (f"?{request.url.query}" if request.url.query else "")
        there = back if request.method == "GET" else "/"
        return RedirectResponse(
            address(request, f"/login?next={quote(there, safe='')}"), HTTPStatus.SEE_OTHER
        )
    return _error_page(request, problem)


def _error_page(request: Request, problem: Problem) -> Response:
    """Return the page about a problem; its detail is in English, as the API gives it."""
    kind = _KINDS.get(problem.status, "ours" if problem.status >= 500 else "wrong")
    return page(
        request,
        request.app.state.backend,
        "error.html",
        status=problem.status,
        status_shown=problem.status,
        kind=kind,
        detail=problem.detail,
    )


def _problem_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case HTTPException(status_code=status, detail=detail, headers=headers):
            return Problem(status, _sentence(status, str(detail)), headers=headers)
        case RequestValidationError():
            errors = [_mistake(one) for one in error.errors()]
            return Problem(422, "the request is not what this address takes", errors=errors)
        case InputError():
            return Problem(422, str(error))
        case StoreError():
            return Problem(503, "the store cannot be read or written now; the log says why")
        case _:
            return Problem(500, "a mistake of ours; the log says more")


def _sentence(status: int, detail: str) -> str:
    match status:
        case 404:
            return "there is nothing at this address"
        case 405:
            return "this address does not take that method"
        case _:
            return detail


def _mistake(error: Mapping[str, Any]) -> dict[str, str]:
    """Return where in the request the mistake is, as a JSON pointer, and what it is."""
    where = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in error["loc"])
    return {"pointer": f"/{where}", "detail": str(error["msg"]).removeprefix("Value error, ")}
