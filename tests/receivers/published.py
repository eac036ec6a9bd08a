"""Published schemas that captured requests are held to."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker

SCHEMAS = Path(__file__).parent / "schemas"

FORMATS = FormatChecker(())
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(text: object) -> bool:
    if not isinstance(text, str):
        return True
    datetime.fromisoformat(text)
    return _RFC3339.fullmatch(text) is not None


@FORMATS.checks("uri", raises=httpx.InvalidURL)
def _is_uri(text: object) -> bool:
    return not isinstance(text, str) or (_reference(text) and bool(httpx.URL(text).scheme))


@FORMATS.checks("uri-reference", raises=httpx.InvalidURL)
def _is_reference(text: object) -> bool:
    return not isinstance(text, str) or _reference(text)


def _reference(text: str) -> bool:
    httpx.URL(text)
    return text.isascii() and text.isprintable() and not set(' "<>\\^`{|}') & set(text)


def mistakes(schema: str, document: object) -> list[str]:
    """What is wrong with ``document`` by the schema in ``schemas/SCHEMA.json``."""
    return mistakes_by(json.loads((SCHEMAS / f"{schema}.json").read_text("utf-8")), document)


def mistakes_by(rules: Any, document: object) -> list[str]:
    """What is wrong with ``document`` by the schema ``rules``."""
    Draft202012Validator.check_schema(rules)
    validator = Draft202012Validator(rules, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
