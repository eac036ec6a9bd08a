"""Integrations: every source and every receiver is one file, found by that file's name.

``type = "reddit"`` in ``[[sources]]`` means ``detector/sources/reddit.py``, which is imported when
a configuration names it and not before. The file's settings class says what can be configured, how
the source is built, and what ``check`` and the documentation say about it. Other packages bring
theirs by entry points.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
    shared : the package's modules that are building blocks of integrations, and none themselves.
    """

    package: str
    base: type[S]
    shared: frozenset[str]

    def types(self) -> tuple[str, ...]:
        """Return what ``type`` may be, in alphabetical order; nothing is imported for it."""
        found = pkgutil.iter_modules(import_module(self.package).__path__)
        names = {module.name for module in found if not module.ispkg}
        return tuple(sorted(names - self.shared))

    def settings_of(self, kind: str) -> type[S]:
        """Return the settings class of ``type = KIND``, one of `types`."""
        module = import_module(f"{self.package}.{kind}")
        (found,) = (value for value in vars(module).values() if self._is_of(value, kind))
        settings: type[S] = found
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
