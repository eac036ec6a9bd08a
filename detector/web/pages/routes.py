"""The routes of all pages."""

from __future__ import annotations

from fastapi import APIRouter

from detector.web.pages import (
    assets,
    configuration,
    feeds,
    incident,
    live,
    login,
    overview,
    service,
    silences,
)

router = APIRouter(include_in_schema=False)
for part in (overview, service, incident, feeds, silences, configuration, login, live, assets):
    router.include_router(part.router)
