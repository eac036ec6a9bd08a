"""Problems: what went wrong with a request, as programs are told (RFC 9457, 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """What went wrong with a request, as whoever made it is told.

    Parameters
    ----------
    status : HTTP status.
    detail : what is wrong and what would be right.
    errors : one entry per mistake in what was sent: ``pointer`` (where) and ``detail``.
    headers : to be sent along.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    @property
    def title(self) -> str:
        """The phrase of the status."""
        return HTTPStatus(self.status).phrase

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON."""
        document = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return {**document, "errors": list(self.errors)} if self.errors else document


def problem_response(problem: Problem) -> Response:
    """Return the answer that is ``problem``."""
    return JSONResponse(problem.document(), problem.status, problem.headers, media_type=MEDIA_TYPE)
