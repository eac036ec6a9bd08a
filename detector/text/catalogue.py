"""The texts of one language, by key; a language is one TOML file in this folder.

A key is the path of tables that leads to the text: ``page.overview.calm``. A text with a number in
it has one form per plural category that CLDR gives the language (``one``, ``few``, ``other``, ...);
``number`` chooses among them.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape

FOLDER = Path(__file__).parent


class Catalogue:
    """The texts of one language: ``catalogue("page.incident.since", at="07:26")``.

    Parameters
    ----------
    code : of the language, as in ``?lang=``.
    texts : by key.

    Raises
    ------
    KeyError : where the language does not say which locale it has.
    """

    def __init__(self, code: str, texts: Mapping[str, str]) -> None:
        self.code = code
        self._texts = dict(texts)
        self.locale = Locale.parse(self._raw("language.locale"))

    def __call__(self, key: str, /, **params: object) -> str:
        """Return the text of ``key`` with its parameters filled in.

        Raises
        ------
        KeyError : there is no such text, or it needs a parameter that was not given.
        """
        form, shown = self._chosen(key, params)
        self._require(key, form, shown)
        return form.format_map(shown)

    def html(self, key: str, /, **params: object) -> Markup:
        """Return the text as HTML; parameters are escaped unless they are `Markup`."""
        form, shown = self._chosen(key, params)
        self._require(key, form, shown)
        return escape(form).format(**shown)

    def __contains__(self, key: object) -> bool:
        return key in self._texts or f"{key}.other" in self._texts

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of all texts, each plural form under a key of its own."""
        return iter(self._texts)

    def template(self, key: str) -> str:
        """Return the text of ``key`` with its ``{parameters}`` not filled in."""
        return self._raw(key)

    def name(self, english: str) -> str:
        """Return what a component, region or platform is called; unknown ones keep their name."""
        return self._texts.get(f"name.{english}", english)

    def outage(self, english: str) -> str:
        """Return a sentence about documented outages or scenarios; unknown ones stay."""
        return self._texts.get(f"outage.{english}", english)

    def _chosen(self, key: str, params: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        """Return the form of the text, and its parameters with ``number`` as the locale has it."""
        shown = dict(params)
        number = params.get("number")
        if isinstance(number, int | float):
            shown["number"] = format_decimal(number, locale=self.locale)
            if key not in self._texts:
                form = f"{key}.{self.locale.plural_form(number)}"
                return self._raw(form if form in self._texts else f"{key}.other"), shown
        return self._raw(key), shown

    def _raw(self, key: str) -> str:
        if (text := self._texts.get(key)) is not None:
            return text
        if f"{key}.other" in self._texts:
            raise KeyError(f"the text {key!r} needs the parameter 'number' to choose its form")
        raise KeyError(f"no text {key!r} in language {self.code!r}")

    def _require(self, key: str, form: str, params: Mapping[str, object]) -> None:
        if missing := sorted(placeholders(form) - params.keys()):
            raise KeyError(f"the text {key!r} needs {', '.join(map(repr, missing))}")


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the parameters in ``text``."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)


def languages(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the codes of the languages that have a file in ``folder``, in alphabetical order."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


@cache
def catalogue(code: str, folder: Path = FOLDER) -> Catalogue:
    """Return the texts of a language; the file is read once.

    Raises
    ------
    KeyError : there is no such language.
    """
    if code not in languages(folder):
        raise KeyError(f"no language {code!r}; there are {', '.join(languages(folder))}")
    text = (folder / f"{code}.toml").read_text(encoding="utf-8")
    return Catalogue(code, dict(_flat("", tomllib.loads(text))))


def _flat(prefix: str, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", str(value)


#: The languages of the interface.
LANGUAGES = languages()
