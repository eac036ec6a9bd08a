"""Both languages say everything, with the same facts in it; readers get the one they want."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from markupsafe import Markup

import detector.web.pages
import tests
from detector.model.alert import AlertKind
from detector.model.health import SourceState
from detector.model.incident import Severity
from detector.web.pages.reader import (
    Words,
    table_of,
    wanted,
)

PAGES = Path(detector.web.pages.__file__).parent
TEMPLATES = PAGES.parent / "templates"
_MESSAGES = Path(tests.__file__).parent / "golden" / "alerts"
GOLDEN = {
    Severity.MINOR: _MESSAGES / "interval_over_midnight_zh_china.txt",
    Severity.MAJOR: _MESSAGES / "opened_zh_china.txt",
    Severity.CRITICAL: _MESSAGES / "escalated_zh_china.txt",
}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_tables_have_the_same_keys() -> None:
    assert table_of("en").keys() == table_of("zh").keys()


def test_both_tables_have_the_same_blanks_but_for_counts_said_otherwise() -> None:
    other = {"incident.fails_more", "incident.in_more", "incident.places_more"}
    wrong = [
        key
        for key, text in table_of("en").items()
        if key not in other and blanks(text) != blanks(table_of("zh")[key])
    ]
    assert wrong == []


def test_every_key_that_a_page_names_is_in_the_tables() -> None:
    named = re.compile(r'(?:\bt|words|\.text|\.many)\(\s*"([a-z_]+\.[a-z_0-9]+)"')
    files = [*TEMPLATES.glob("*.html"), *PAGES.glob("*.py")]
    keys = {key for file in files for key in named.findall(file.read_text("utf-8"))}
    assert len(keys) > 100
    assert {key for key in keys if key[-1] != "_" and key not in table_of("en")} == set()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_that_has_a_name_in_the_domain_has_words(language: str) -> None:
    table = table_of("zh" if language == "zh" else "en")
    keys = [
        *(f"kind.{kind.value}" for kind in AlertKind),
        *(f"state.{state.value}" for state in SourceState),
        *(f"state.{severity.label}" for severity in Severity),
        *(f"severity.{severity.label}" for severity in Severity),
    ]
    assert [key for key in keys if key not in table] == []


def test_facts_are_escaped_unless_they_are_safe_already() -> None:
    words = Words({"a": "x < {name}", "n": "{number} of them", "n.one": "one of them"})
    assert words("a", name="<b>") == "x &lt; &lt;b&gt;"
    assert words("a", name=Markup("<b>")) == "x &lt; <b>"
    assert words.text("a", name="<b>") == "x < <b>"
    assert (words.many("n", 1), words.many("n", 1200)) == ("one of them", "1,200 of them")


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "language"),
    [
        (None, None, "", "en"),
        ("zh", "en", "en", "zh"),
        (None, "zh", "en", "zh"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "de,zh;q=0.2,en;q=0.8", "en"),
        (None, None, "fr;q=nonsense, zh", "zh"),
        ("xx", "<script>", "xx", "en"),
    ],
    ids=[
        "nothing is known",
        "the address goes first",
        "then what was chosen before",
        "then what the browser likes most",
        "by its preference, not by order",
        "nonsense is passed over",
        "unknown languages are passed over",
    ],
)
def test_the_language_wanted(
    asked: str | None, cookie: str | None, accepted: str, language: str
) -> None:
    assert wanted(asked, cookie, accepted) == language


@pytest.mark.parametrize("severity", Severity)
def test_pages_reports_and_messages_call_a_severity_the_same(severity: Severity) -> None:
    word = table_of("zh")[f"severity.{severity.label}"]
    message = GOLDEN[severity].read_text(encoding="utf-8")
    assert f"级别：{word}\n" in message
