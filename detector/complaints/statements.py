"""What a text says fails and what it says works: "calls work, texts don't", "all but payments"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from msgspec import Struct

from detector.complaints.normalise import CJK
from detector.complaints.vocabulary import any_of

# "除了支付，都能用" is one statement; so is "everything but payments".
_CHINESE_EXCEPT = re.compile(r"(除[了咗][^，,。！？!?;；\s]{1,14})[，,\s]+")
_ALL_BUT = re.compile(r"\b(everything|everyone|all|nothing|anything) but\b")
_CHINESE_REST = re.compile(r"以外|之外|外|\s|都|其他|其它|其余|别的|全")
_QUESTION = re.compile(
    r"\W*(?:is|are|does|do|did|can|could|has|have|will|anyone|anybody|someone|who|why|what|how)\b"
)
_DOUBTED = r"(?!\s?[吗嘛么不])"
# "not texts" is short for "texts don't" or "texts do", "not sending" for neither.
_NOT_IT = r"not (?!\w*(?:ing|ed|able)\b|sure|just|only|even|again)(?=[^\W\d]+(?: \w+)?\W*$)"
_LEAD = r"^\W*(?:and |so |just )?"


class Statements(NamedTuple):
    """The statements of a text that may complain, and those that say that something works."""

    failing: tuple[str, ...]
    working: tuple[str, ...]


class ClausesTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The phrases of ``[clauses]`` in ``data/lexicon/components.toml``, which says what each is."""

    breaks: tuple[str, ...]
    joints: tuple[str, ...]
    works: tuple[str, ...]
    not_works: tuple[str, ...]
    works_alone: tuple[str, ...]
    negations: tuple[str, ...]
    worries: tuple[str, ...]
    except_before: tuple[str, ...]
    except_after: tuple[str, ...]
    not_only: tuple[str, ...]
    not_there: tuple[str, ...]


class _Said(NamedTuple):
    """A part of a text, and whether what it names works."""

    text: str
    works: bool


@dataclass(frozen=True, slots=True, eq=False)
class Clauses:
    """How a text falls into statements, and which of them are complaints.

    Attributes
    ----------
    breaks, joints : match between two statements; joints only if one says that something works
        and the other does not.
    works, works_alone, negations : a statement that something works matches the first, or the
        second and not the third.
    worries : matches a statement of worry; what is worried about has not failed.
    except_before, except_after : match before or after what is excepted.
    not_only, not_there : match "not only", "not in".
    """

    breaks: re.Pattern[str]
    joints: re.Pattern[str]
    works: re.Pattern[str]
    works_alone: re.Pattern[str]
    negations: re.Pattern[str]
    worries: re.Pattern[str]
    except_before: re.Pattern[str]
    except_after: re.Pattern[str]
    not_only: re.Pattern[str]
    not_there: re.Pattern[str]

    def read(self, folded: str) -> Statements:
        """Return the statements that may complain, and those that say that something works."""
        text = _ALL_BUT.sub(r"\1 except", _CHINESE_EXCEPT.sub(r"\1 ", folded))
        failing: list[str] = []
        working: list[str] = []
        works = False
        for clause in self._clauses(text):
            for said in self._said(clause, before=works):
                (working if said.works else failing).append(said.text)
                works = said.works
        return Statements(tuple(failing), tuple(working))

    def _clauses(self, text: str) -> Iterator[str]:
        for clause in self.breaks.split(text):
            parts = self.joints.split(clause)
            works = [self.does_work(part) for part in parts]
            fails = [bool(self.negations.search(part)) for part in parts]
            if any(works) and any(f and not w for f, w in zip(fails, works, strict=True)):
                yield from parts
            elif clause.strip():
                yield clause

    def does_work(self, clause: str) -> bool:
        """Return whether ``clause`` says that something works."""
        if self.works.search(clause):
            return True
        return bool(
            self.works_alone.search(clause)
            and not self.negations.search(clause)
            and not _QUESTION.match(clause)
        )

    def _said(self, clause: str, *, before: bool) -> Iterator[_Said]:
        if self.not_only.search(clause):
            yield _Said(self.not_only.sub(" ", clause), works=False)
        elif absent := self.not_there.match(clause):
            yield _Said(clause[absent.end() :], works=not before)
        elif excepted := self.except_before.search(clause):
            yield from self._all_but(clause[: excepted.start()], clause[excepted.end() :])
        elif excepted := self.except_after.search(clause):
            rest = clause[excepted.end() :]
            yield from self._excepted(clause[: excepted.start()], rest, said=rest)
        elif self.does_work(clause):
            yield _Said(clause, works=True)
        elif not self.worries.search(clause):
            yield _Said(clause, works=False)

    def _all_but(self, before: str, after: str) -> Iterator[_Said]:
        """Yield what "all BEFORE except AFTER" says of each; in Chinese the predicate follows."""
        if not CJK.match(after.lstrip()):
            yield from self._excepted(after, before, said=f"{before} {after}")
            return
        end = _CHINESE_REST.search(after.lstrip(), 1)
        subject, rest = (
            (after.lstrip()[: end.start()], after.lstrip()[end.start() :]) if end else (after, "")
        )
        yield from self._excepted(subject, f"{before} {rest}", said=rest or before)

    def _excepted(self, subject: str, rest: str, *, said: str) -> Iterator[_Said]:
        works = self.does_work(said)
        yield _Said(rest, works)
        yield _Said(subject, not works)


def build_clauses(table: ClausesTable) -> Clauses:
    """Return the patterns of the phrases in ``table``."""
    before = "".join(f"(?<!{re.escape(phrase)})" for phrase in table.not_works)
    return Clauses(
        breaks=re.compile("|".join(map(re.escape, table.breaks)) + "|\n"),
        joints=re.compile("|".join(map(re.escape, table.joints))),
        works=re.compile(before + any_of(table.works) + _DOUBTED),
        works_alone=re.compile(any_of(table.works_alone)),
        negations=re.compile(r"n't(?![^\W_])|" + any_of(table.negations)),
        worries=re.compile(any_of(table.worries)),
        except_before=re.compile(any_of(table.except_before)),
        except_after=re.compile(any_of(table.except_after)),
        not_only=re.compile(any_of(table.not_only)),
        not_there=re.compile(rf"{_LEAD}(?:{any_of(table.not_there)}(?![吗吧我只])|{_NOT_IT})"),
    )
