"""What the OpenAPI description says is so: generated requests, right and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from detector.config import parse_settings
from detector.model.token import Scope
from detector.web.app import create_app
from detector.web.backend import Backend
from tests.web.house import NOW, SETTINGS, house
from tests.web.serving import served

WEB = "requests_per_minute = 1_000_000\n"


def description() -> dict[str, Any]:
    """Return the OpenAPI document; it depends on no store."""
    nothing: Any = None
    backend = Backend(
        store=nothing,
        controls=nothing,
        inbox=nothing,
        settings=parse_settings(SETTINGS, path="config.toml"),
        now=lambda: NOW,
        wall=lambda: NOW,
        session_key=b"",
    )
    return create_app(backend).openapi()


schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    made = house(tmp_path_factory.mktemp("house"), web=WEB)
    token = made.token(Scope.ADMIN)
    with served(made) as address:
        yield {"base_url": address, "headers": {"Authorization": f"Bearer {token}"}}
    made.close()


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described_and_none_is_a_failure_of_ours(
    case: schemathesis.Case, asked: dict[str, Any]
) -> None:
    # Some requests are well-formed and wrong all the same: posts of the future, foreign cursors.
    excluded = [positive_data_acceptance]
    if case.path.startswith("/incidents."):
        # Their one parameter is any text, and the header that a wrong request lacks is set by us.
        excluded.append(negative_data_rejection)
    case.call_and_validate(**asked, excluded_checks=excluded)
