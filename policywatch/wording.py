"""The words of the interface in the languages that we speak, from `words/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from analysis.classify.verdict import Verdict
from messages import Told, told, told_each
from notifier.wording import Words
from notifier.wording import words as words_of_messages

if TYPE_CHECKING:
    from storage.checks import Check

LANGUAGES = ("en", "fr")  # the first is spoken to whoever wishes none of them


class Wording:
    """One language's words, by dotted key: `words("change.number", n=17)`."""

    def __init__(self, language: str, words: Mapping[str, Any]) -> None:
        self.language = language
        self._messages = words_of_messages(language)  # what both say is there
        self._words = {**words, **_of_messages(self._messages)}

    def __call__(self, key: str, **values: object) -> str:
        """Raise `KeyError` for a key that the language lacks."""
        found = self._find(key)
        if not isinstance(found, str):
            raise KeyError(key)
        return found.format(**values) if values else found

    def label(self, group: str, name: str) -> str:
        """The word for one of a group of names; a name that a user declared (an own topic) stands for itself."""
        known = self._find(group)
        return str(known.get(name, name.replace("_", " ")))

    def group(self, name: str) -> list[tuple[str, str]]:
        """All names of a group with their words, as a form offers them."""
        return [(key, str(said)) for key, said in self._find(name).items()]

    def named(self, group: str, names: Iterable[str]) -> list[tuple[str, str]]:
        """These names with their words."""
        return [(name, self.label(group, name)) for name in names]

    def question(self, key: str, *, gone: bool) -> str:
        """What a brief answers, and whether it is no longer said."""
        return self._messages.question(key, gone=gone)

    def quoted(self, text: str) -> str:
        """In the quotation marks of the language."""
        return self._messages.quoted.format(text=text)

    @property
    def colon(self) -> str:
        """With the space that stands before it in French."""
        return self._messages.colon

    def number(self, n: int) -> str:
        """With its thousands apart, as the language writes them."""
        return f"{n:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def days_left(self, n: int) -> str:
        """How far a day lies ahead."""
        return self("count.days.today") if n == 0 else self.count("days", n)

    def count(self, thing: str, n: int) -> str:
        """A number with its noun: French counts zero as one, English as many."""
        is_one = n <= 1 if self.language == "fr" else n == 1
        return self(f"count.{thing}.{'one' if is_one else 'other'}", n=n)

    def operations(self, counts: Mapping[str, int]) -> str:
        """How many passages of each operation: "3 passages: 1 added, 2 reworded"."""
        if len(counts) == 1:
            (name, n) = next(iter(counts.items()))
            return self.count(f"only_{name}", n)
        each = [self.count(name, counts[name]) for name in ("added", "removed", "reworded", "moved") if name in counts]
        return f"{self.count('passages', sum(counts.values()))}{self.colon}{', '.join(each)}"

    def places(self, also: Iterable[str]) -> str:
        """In how many places a passage stands, and under which headings besides its own."""
        others = list(also)
        headings = ", ".join(self.quoted(each) for each in dict.fromkeys(others) if each)
        also_under = self("change.also_under", headings=headings) if headings else ""
        return self("change.places", n=len(others) + 1) + also_under

    def why_high(self, brief: Mapping[str, Any]) -> str:
        """Why a change is high, in the words of messages; nothing where no convention says so."""
        said = self._messages.why_high(brief)
        return f"{self._messages.say.severity_reasons}{self.colon}{said}." if said else ""

    def reason(self, check: Check) -> Told:
        """Why a check brought no text that is believed, and the language that this is said in."""
        return told(check.reason, check.reason_code, self.language)

    def error(self, sentence: str | None, stored: Mapping[str, Any] | None) -> Told:
        """Why a message was not taken."""
        return told(sentence, stored, self.language)

    def why(self, brief: Mapping[str, Any]) -> list[Told]:
        """Why a change as a whole is told or not, as it is stored with its brief."""
        return told_each(brief.get("why", []), brief.get("why_codes"), self.language)

    def lead(self, brief: Mapping[str, Any]) -> str:
        """What stands before the meaning of a change, where its words are those of the earlier text."""
        return self._messages.lead(brief)

    def direction(self, name: str) -> str:
        """In whose favour a change is, as messages say it."""
        return self._messages.direction(name)

    def second(self, verdict: Verdict) -> str:
        """What a second reader would decide, in one line."""
        if not verdict.alert:
            return self("changes.not_about")
        names = [("severity", verdict.severity), ("direction", verdict.direction)]
        return " · ".join(self.label(*each) for each in [*names, *(("topics", topic) for topic in verdict.topics)])

    def headline(self, brief: Mapping[str, Any]) -> str:
        """The meaning of a change and what stands before it; nothing where no brief could be made."""
        said = brief.get("meaning")
        return f"{self.lead(brief)}{said}" if said else ""

    def day(self, when: date, *, weekday: bool = False) -> str:
        """A day in words, with its weekday if wished."""
        said, names = self._messages.date(when), self._find("date")
        return str(names["weekday"].format(weekday=names["weekdays"][when.weekday()], day=said)) if weekday else said

    def moment(self, when: datetime) -> str:
        """A day and a time of day, UTC as everything is that we store."""
        return self._messages.moment(when)

    def _find(self, key: str) -> Any:
        found: Any = self._words
        for part in key.split("."):
            found = found[part]
        return found


def _of_messages(said: Words) -> dict[str, Any]:
    """What pages and messages call alike; names that stand alone begin with a capital."""
    return {
        "topics": {name: capital(topic) for name, topic in said.topics.items()},
        "severity": {name: capital(severity) for name, severity in said.severities.model_dump().items()},
        "direction": said.directions.model_dump(),
        "operation": said.operations.model_dump(),
        "brief": said.brief.model_dump(),
        "say": said.say.model_dump(),
    }


def capital(said: str) -> str:
    """With a first letter as at the beginning of a sentence."""
    return said[:1].upper() + said[1:]


def counted(n: int, one: str, more: str | None = None) -> str:
    """A number with its English noun, for what is said in English only."""
    return f"{n} {one if n == 1 else more or f'{one}s'}"


@cache
def wording(language: str) -> Wording:
    """The words of one of `LANGUAGES`."""
    source = resources.files("policywatch") / "words" / f"{language}.toml"
    return Wording(language, tomllib.loads(source.read_text(encoding="utf-8")))


def wished_language(accept: str) -> str:
    """The language that an Accept-Language header wishes most among `LANGUAGES`."""
    best, best_weight = LANGUAGES[0], 0.0
    for wish in accept[:500].split(","):
        name, _, quality = wish.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        code = name.strip().lower().partition("-")[0]
        if code in LANGUAGES and weight > best_weight:
            best, best_weight = code, weight
    return best
