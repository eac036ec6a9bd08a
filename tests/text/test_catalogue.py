"""Every language says everything, with the same facts in it; a further language is one file."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel import Locale
from markupsafe import Markup

from detector import resources
from detector.model.alert import AlertKind
from detector.model.decision import Reason
from detector.model.incident import Severity
from detector.sources.scenario import bundled_scenario, scenario_names
from detector.text.catalogue import LANGUAGES, Catalogue, catalogue, languages, placeholders
from tests.text.pseudo import CODE, pseudo
from tests.text.stories import REASONS, SOURCE_REASONS

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
#: A list that is cut says how many more there are, or how many in all.
ALTERNATIVES = {"all": "more"}


def a_language(folder: Path, **texts: str) -> Catalogue:
    lines = ['language.locale = "en"', *(f"{key} = '{text}'" for key, text in texts.items())]
    (folder / "xx.toml").write_text("\n".join(lines), encoding="utf-8")
    return catalogue("xx", folder)


def forms(texts: Catalogue) -> dict[str, dict[str, str]]:
    """Return the forms of every text by plural category; those with one form have it as other."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for key in texts:
        stem, _, last = key.rpartition(".")
        plural = last in CATEGORIES and f"{stem}.other" in set(texts)
        found[stem if plural else key][last if plural else "other"] = texts.template(key)
    return found


def facts_in(forms: dict[str, str]) -> set[str]:
    return {ALTERNATIVES.get(name, name) for text in forms.values() for name in placeholders(text)}


def test_english_and_chinese_are_there() -> None:
    assert {"en", "zh"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_language_has_the_same_texts_with_the_same_facts(language: str) -> None:
    english, other = forms(catalogue("en")), forms(catalogue(language))
    assert english.keys() == other.keys()
    assert len(english) > 500
    wrong = {
        key: facts_in(other[key])
        for key in english
        if key != "language.locale" and facts_in(english[key]) != facts_in(other[key])
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_with_a_number_have_every_plural_form_of_their_locale_or_one_for_all(
    language: str,
) -> None:
    texts = catalogue(language)
    needed = {texts.locale.plural_form(n) for n in range(200)}
    wrong = {
        key: found.keys()
        for key, found in forms(texts).items()
        if not found.keys() <= needed | {"other"} or (len(found) > 1 and found.keys() != needed)
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    texts = catalogue(language)
    assert [key for key in texts if not texts.template(key).strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_is_stored_as_a_code_has_words(language: str) -> None:
    texts = catalogue(language)
    keys = [
        *(f"reason.{code}" for code in REASONS),
        *(f"reason_name.{code}" for code in REASONS),
        *(f"source_health.{code}" for code in SOURCE_REASONS),
        *(f"related.{because}" for because in ("mentions", "provider", "together")),
        *(f"kind.{kind.value}" for kind in AlertKind if kind is not AlertKind.REMINDER),
        *(f"severity.{severity.label}" for severity in Severity),
        *(f"state.{severity.label}" for severity in Severity),
        *(f"state.{state}" for state in ("fine", "unknown", "up", "degraded", "down")),
        *(f"trend.{trend}" for trend in ("rising", "steady", "falling", "past_peak")),
    ]
    assert [key for key in keys if key not in texts] == []


def test_the_catalogue_has_no_reason_that_nothing_gives() -> None:
    found = {key.removeprefix("reason.") for key in catalogue("en") if key.startswith("reason.")}
    assert (
        found
        == {reason.value for reason in Reason} | {"opened_related"}
        == {
            *REASONS.keys(),
            "opened_related",
        }
    )
    named = {key.split(".")[1] for key in catalogue("en") if key.startswith("reason_name.")}
    assert named == REASONS.keys()


def lexicon() -> Iterator[str]:
    components, regions, platforms = (
        tomllib.loads(resources.text(f"data/lexicon/{name}.toml"))
        for name in ("components", "regions", "platforms")
    )
    for kind in components["kind"].values():
        yield from kind.get("components", {})
    yield from regions["names"]
    yield from platforms["names"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_the_lexicon_is_in_the_catalogue(language: str) -> None:
    texts = catalogue(language)
    assert {"login", "Beijing", "iOS"} <= set(lexicon())
    assert [name for name in lexicon() if f"name.{name}" not in texts] == []


def documented() -> Iterator[str]:
    for outage in tomllib.loads(resources.text("data/outages.toml"))["outages"]:
        yield from (outage[key] for key in ("title", "lasted") if key in outage)
        for statement in outage.get("statements", []):
            yield from (statement[k] for k in ("where", "says", "reaction") if k in statement)
    yield from (bundled_scenario(name).title for name in scenario_names())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_an_outage_or_scenario_is_in_the_catalogue(
    language: str,
) -> None:
    texts = catalogue(language)
    sentences = set(documented())
    assert len(sentences) >= 22
    assert [one for one in sentences if f"outage.{one}" not in texts] == []


@pytest.mark.parametrize("sentence", sorted(set(documented())))
def test_a_documented_outage_is_told_in_chinese_without_a_word_of_english(sentence: str) -> None:
    said = catalogue("zh").outage(sentence)
    assert re.findall(r"[A-Za-z]+", said.replace("iPhone", "")) == [], said


def test_names_that_nobody_knows_stay_as_they_are() -> None:
    chinese = catalogue("zh")
    assert chinese.name("login") == "登录"
    assert chinese.name("my own component") == "my own component"
    assert chinese.outage("A network fault.") == "网络故障。"
    assert chinese.outage("Something else.") == "Something else."
    assert [catalogue("en").name(name) for name in lexicon()] == list(lexicon())


def test_an_unknown_text_is_an_error_that_names_it() -> None:
    with pytest.raises(KeyError, match=r"no text 'page\.nothing' in language 'zh'"):
        catalogue("zh")("page.nothing")
    with pytest.raises(KeyError, match="no language 'fr'"):
        catalogue("fr")


def test_a_missing_parameter_is_an_error_that_names_text_and_parameter() -> None:
    with pytest.raises(KeyError, match=r"'page\.incident\.until' needs 'at', 'length'"):
        catalogue("en")("page.incident.until")
    with pytest.raises(KeyError, match=r"'page\.overview\.open' needs the parameter 'number'"):
        catalogue("en")("page.overview.open")
    with pytest.raises(KeyError, match=r"'page\.incident\.since' needs 'at'"):
        catalogue("en").html("page.incident.since")


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (0, "0 people complain", "0 人反馈"),
        (1, "1 person complains", "1 人反馈"),
        (2, "2 people complain", "2 人反馈"),
        (1200, "1,200 people complain", "1,200 人反馈"),
    ],
)
def test_a_number_chooses_the_form_of_its_text(number: int, english: str, chinese: str) -> None:
    assert catalogue("en")("page.overview.people", number=number) == english
    assert catalogue("zh")("page.overview.people", number=number) == chinese


def test_a_language_may_have_more_forms_than_english(tmp_path: Path) -> None:
    (tmp_path / "pl.toml").write_text(
        'language.locale = "pl"\n'
        "posts = { one = '{number} wpis', few = '{number} wpisy', many = '{number} wpisów',"
        " other = '{number} wpisu' }\n",
        encoding="utf-8",
    )
    polish = catalogue("pl", tmp_path)
    assert [polish("posts", number=n) for n in (1, 3, 5, 22, 1.5)] == [
        "1 wpis",
        "3 wpisy",
        "5 wpisów",
        "22 wpisy",
        "1,5 wpisu",
    ]


def test_html_escapes_texts_and_facts_unless_they_are_safe_already(tmp_path: Path) -> None:
    texts = a_language(tmp_path, a="x < {name}")
    assert texts.html("a", name="<b>") == "x &lt; &lt;b&gt;"
    assert texts.html("a", name=Markup("<b>")) == "x &lt; <b>"
    assert texts("a", name="<b>") == "x < <b>"


def test_facts_are_never_taken_for_templates(tmp_path: Path) -> None:
    texts = a_language(tmp_path, a="x {name}")
    assert texts("a", name="{0} {name} {x.__class__}") == "x {0} {name} {x.__class__}"


def test_a_language_without_a_locale_is_refused(tmp_path: Path) -> None:
    (tmp_path / "yy.toml").write_text('a = "b"\n', encoding="utf-8")
    with pytest.raises(KeyError, match=r"language\.locale"):
        catalogue("yy", tmp_path)


def test_a_further_language_is_one_file(tmp_path: Path) -> None:
    texts = pseudo(tmp_path)
    assert languages(tmp_path) == (CODE,)
    assert set(texts) == set(catalogue("en"))
    assert texts.locale == Locale.parse("el")
    assert texts("page.overview.people", number=2) == "2 þéóþļé çóɱþļáíñ"
    assert texts.name("Beijing") == "Ɓéíĵíñğ"
    assert texts.outage("A network fault.") == "Á ñéţŵóřķ ƒáúļţ."
