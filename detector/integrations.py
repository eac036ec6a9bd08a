"""Integrations: every source and every receiver is one file, found by that file's name.

``type = "reddit"`` in ``[[sources]]`` means ``detector/sources/reddit.py``, which is imported when
a configuration names it and not before: a file is an integration if its text has a class
``...Settings`` with a line ``type: Literal[...]``, and nothing else in its folder is one. That
class says what can be configured, how the source is built, and what ``check`` and the
documentation say about it. Other packages bring theirs by entry points.
"""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, get_args

from pydantic_core import PydanticCustomError

from detector.errors import ConfigError
from detector.fields import Name, Part, named_secret, suggestion, with_secrets


class IntegrationSettings(Part):
    """What can be configured for every source and every receiver.

    Attributes
    ----------
    section : the list in ``config.toml`` that it stands in.
    example : its entry in ``config.toml``, as the documentation shows it.
    needs : what has to be at hand to use it, in a few words.
    """

    section: ClassVar[str]
    example: ClassVar[str]
    needs: ClassVar[str] = "nothing"

    type: str
    name: Name
    """Its name, which counts, messages and logs show."""

    @property
    def place(self) -> str:
        """What errors call this entry of the configuration."""
        return f"{self.section}.{self.name}"

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield keys whose values contradict each other, and how."""
        for key in type(self).model_fields:
            secret = key.removesuffix("_env")
            if secret != key and getattr(self, key) and getattr(self, f"{secret}_file"):
                yield "", f"give {secret}_env or {secret}_file, not both"

    def secret(self, name: str, base: Path) -> str | None:
        """Return the secret that ``NAME_env`` or ``NAME_file`` names, None if neither is given.

        Raises
        ------
        ConfigError : it is named and cannot be read.
        """
        return named_secret(self, name, base, place=self.place)

    def required_secret(self, name: str, base: Path) -> str:
        """Return the secret. Raises `ConfigError` when it is not named or cannot be read."""
        secret = self.secret(name, base)
        if secret is None:
            raise ConfigError(f"{self.place}: missing; give {name}_env or {name}_file")
        return secret


S = TypeVar("S", bound=IntegrationSettings)


@dataclass(frozen=True, slots=True)
class Integrations(Generic[S]):
    """The integrations of one package.

    Attributes
    ----------
    package : its dotted name.
    base : the settings class that those of the integrations inherit from.
    """

    package: str
    base: type[S]

    def types(self) -> tuple[str, ...]:
        """Return what ``type`` may be, in alphabetical order; nothing is imported for it."""
        folders = import_module(self.package).__path__
        found = {m.name: m for m in pkgutil.iter_modules(folders) if not m.ispkg}
        return tuple(sorted(name for name in found if _is_integration(_file(folders, name))))

    def settings_of(self, kind: str) -> type[S]:
        """Return the settings class of ``type = KIND``, one of `types`.

        Raises
        ------
        TypeError : its file has no such class, or several.
        """
        module = import_module(f"{self.package}.{kind}")
        found = [value for value in vars(module).values() if self._is_of(value, kind)]
        if len(found) != 1:
            names = ", ".join(sorted(value.__name__ for value in found)) or "none"
            raise TypeError(
                f"{module.__file__}: must have one class that inherits from "
                f'{self.base.__name__} and says type: Literal["{kind}"]; it has {names}'
            )
        settings: type[S] = found[0]
        return settings

    def _is_of(self, value: object, kind: str) -> bool:
        if not isinstance(value, type) or not issubclass(value, self.base):
            return False
        return get_args(value.model_fields["type"].annotation) == (kind,)

    def parse(self, written: object) -> object:
        """Return the settings written in an entry of ``config.toml``; for pydantic to call.

        Raises
        ------
        PydanticCustomError : the type is missing or unknown.
        ValidationError : what the settings class refuses.
        """
        if not isinstance(written, Mapping):
            return written
        kind = written.get("type")
        if kind is None:
            raise PydanticCustomError("type_missing", f"missing; one of {', '.join(self.types())}")
        if kind not in self.types():
            known = suggestion(str(kind), self.types())
            # As an argument, because a template must not be made of what a user wrote.
            raise PydanticCustomError(
                "type_unknown", "no such type {kind}; {known}", {"kind": repr(kind), "known": known}
            )
        return self.settings_of(kind).model_validate(written)


def _file(folders: Iterable[str], name: str) -> Path:
    """Return the file of a module, which is in the first folder that has it."""
    return next(file for folder in folders if (file := Path(folder) / f"{name}.py").is_file())


@cache
def _is_integration(file: Path) -> bool:
    """Return whether a class of ``file`` has the form of an integration's settings."""
    tree = ast.parse(file.read_text("utf-8"), str(file))
    return any(
        isinstance(part, ast.ClassDef)
        and part.name.endswith("Settings")
        and any(map(_declares_type, part.body))
        for part in tree.body
    )


def _declares_type(line: ast.stmt) -> bool:
    return (
        isinstance(line, ast.AnnAssign)
        and isinstance(line.target, ast.Name)
        and line.target.id == "type"
        and ast.unparse(line.annotation).startswith("Literal[")
    )


def plug_in(
    groups: tuple[str, ...], plugin: str, settings: IntegrationSettings, base: Path, *, method: str
) -> Any:
    """Return what the plug-in ``plugin`` makes of the settings' ``options``.

    Parameters
    ----------
    groups : the groups of entry points that it may be announced in; the first is the current one.
    method : what the made object must be able to do.

    Raises
    ------
    ConfigError : no such plug-in is installed, it cannot be loaded, or it refuses its options.
    """
    place = settings.place
    factory = _factory(groups, plugin, place)
    options: Mapping[str, Any] = getattr(settings, "options", {})
    known = with_secrets(options, base, place=f"{place}.options")
    try:
        made = factory(settings.name, known)
    except ConfigError as error:
        raise ConfigError(f"{place}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        # The message alone: an option may be a secret, and a traceback would show it.
        why = type(error).__name__
        raise ConfigError(f"{place}.options: the plug-in {plugin!r} refuses them ({why})") from None
    if not callable(getattr(made, method, None)):
        kind = type(made).__name__
        raise ConfigError(f"{place}.plugin: it made a {kind}, which has no {method}()")
    return made


def _factory(
    groups: tuple[str, ...], plugin: str, place: str
) -> Callable[[str, Mapping[str, Any]], Any]:
    found = {p.name: p for group in reversed(groups) for p in entry_points(group=group)}
    if plugin not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            f"{place}.plugin: no plug-in {plugin!r} is installed under {groups[0]!r}; "
            f"there is: {known}"
        )
    return _loaded(found[plugin], place)


def _loaded(point: EntryPoint, place: str) -> Callable[[str, Mapping[str, Any]], Any]:
    try:
        factory: Callable[[str, Mapping[str, Any]], Any] = point.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{place}.plugin: {point.name!r} ({point.value}) cannot be loaded: {error}"
        ) from error
    return factory
