"""One language's words by code: a folder with a `policywatch.po`; Babel provides the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale, negotiate_locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

ENGLISH = "en"
_FOLDER = Path(__file__).parent
_OTHERS = sorted(
    file.parent.name
    for file in _FOLDER.glob("*/policywatch.po")
    if file.parent.name != ENGLISH
)
LANGUAGES = (ENGLISH, *_OTHERS)  # the first is the default


class Catalogue:
    """`words("change.number", n=17)` formats a code's text."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)
        with (_FOLDER / language / "policywatch.po").open("rb") as file:
            texts = read_po(file, locale=language)
        self._codes = [
            text.id if isinstance(text.id, str) else text.id[0] for text in texts
        ]
        compiled = BytesIO()
        write_mo(compiled, texts)
        compiled.seek(0)
        self._translations = GNUTranslations(compiled)

    def __call__(self, code: str, **values: object) -> str:
        """`n` chooses the plural form. Raises `KeyError`."""
        text = self._text(code, values.get("n"))
        if text is None:
            raise KeyError(code)
        return text.format(**values) if values else text

    def _text(self, code: str, n: object = None) -> str | None:
        text: str = (
            self._translations.ngettext(code, code, n)
            if isinstance(n, int)
            else code
        )
        if text == code:
            text = self._translations.gettext(code)
        return None if text == code else text

    def term(self, group: str, name: str, /, **values: object) -> str:
        """A name without a text (a topic of the user's) stands for itself."""
        text = self._text(f"{group}.{name}", values.get("n"))
        return text.format(**values) if text else name.replace("_", " ")

    def label(self, group: str, name: str) -> str:
        return _capital(self.term(group, name))

    def group(self, group: str) -> list[tuple[str, str]]:
        names = [
            code.removeprefix(f"{group}.")
            for code in self._codes
            if code.startswith(f"{group}.")
        ]
        return [(name, self.label(group, name)) for name in names]

    def language_name(self, code: str) -> str:
        return str(self._locale.languages.get(code.replace("-", "_"), code))

    def language_labels(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        return [(code, _capital(self.language_name(code))) for code in codes]

    @property
    def own_name(self) -> str:
        return _capital(self.language_name(self.language))

    @property
    def colon(self) -> str:
        """French puts a space before it."""
        return self("sign.colon")

    @property
    def semicolon(self) -> str:
        return self("sign.semicolon")

    def quoted(self, text: str) -> str:
        return self("sign.quoted", text=text)

    def number(self, n: int) -> str:
        return format_decimal(n, locale=self._locale)

    def day(self, when: date, *, weekday: bool = False, short: bool = False) -> str:
        """CLDR lacks the first of a month."""
        pattern = self("date.first" if when.day == 1 else "date.day")
        day = format_date(
            when,
            pattern.replace("MMMM", "MMM") if short else pattern,
            locale=self._locale,
        )
        if not weekday:
            return day
        return self(
            "date.weekday",
            weekday=format_date(when, "EEEE", locale=self._locale),
            day=day,
        )

    def moment(self, when: datetime) -> str:
        """In UTC."""
        return self("date.moment", day=self.day(when), time=f"{when:%H:%M}")

    def days_left(self, n: int) -> str:
        return self("upcoming.today") if n == 0 else self("count.days", n=n)

    def operations(self, counts: Mapping[str, int]) -> str:
        """ "3 passages: 1 added, 2 reworded"."""
        if len(counts) == 1:
            (name, n) = next(iter(counts.items()))
            return self.term("count.only", name, n=n)
        names = ("added", "removed", "reworded", "moved")
        parts = [
            self.term("count", name, n=counts[name])
            for name in names
            if name in counts
        ]
        return f"{self('count.passages', n=sum(counts.values()))}{self.colon}{', '.join(parts)}"

    def places(self, also: Iterable[str]) -> str:
        """The number of places, and their other headings."""
        others = list(also)
        headings = ", ".join(
            self.quoted(heading) for heading in dict.fromkeys(others) if heading
        )
        also_under = (
            self("change.also_under", headings=headings) if headings else ""
        )
        return self("change.places", n=len(others) + 1) + also_under

    def severity_reasons(self, brief: Mapping[str, Any]) -> str:
        """May be empty."""
        if "severity" in brief.get("edit", {}):
            return ""
        return self.semicolon.join(
            self.term("severity_reasons", name)
            for name in brief["severity_reasons"]
        )

    def why_high(self, brief: Mapping[str, Any]) -> str:
        reasons = self.severity_reasons(brief)
        return (
            f"{self('say.severity_reasons')}{self.colon}{reasons}."
            if reasons
            else ""
        )

    def questions(self, keys: Iterable[str], state: str = "") -> str:
        return " · ".join(self.question(key, state) for key in keys)

    def actor(self, name: str, via: str) -> str:
        if via == "pages" and not name:
            return self("actor.shared")
        return self.term("actor", via, name=name)

    def severity(self, name: str, brief: Mapping[str, Any]) -> str:
        return (
            self("say.unclassified")
            if brief.get("unlearned") and "severity" not in brief.get("edit", {})
            else self.term("severity", name)
        )

    def question(self, key: str, state: str = "") -> str:
        """`state` "gone": from the earlier text; "already": on the page without the change."""
        if state == "gone":
            return self.term("brief.gone_label", key)
        if state == "already":
            if key == "refuse":
                return self("brief.refuse_already")
            return f"{self.term('brief', key)} ({self('brief.state_already')})"
        return self.term("brief", key)

    def classification(
        self, severity: str, direction: str, topics: Iterable[str]
    ) -> str:
        labels = [self.label("topics", topic) for topic in topics]
        severity = (
            f"{self('say.severity')}{self.colon}{self.term('severity', severity)}"
        )
        direction = f"{self('filter.direction')}{self.colon}{self.term('direction', direction)}"
        return " · ".join([severity, direction, *labels])


@cache
def catalogue(language: str) -> Catalogue:
    return Catalogue(language)


def preferred_language(accept: str) -> str:
    wishes = re.findall(
        r"([A-Za-z-]+)\s*(?:;\s*q=([01](?:\.\d+)?))?\s*(?:,|$)", accept[:500]
    )
    ranked = sorted(wishes, key=lambda wish: -float(wish[1] or 1))
    wanted = [name for name, quality in ranked if float(quality or 1) > 0]
    return negotiate_locale(wanted, LANGUAGES, sep="-") or ENGLISH


def counted(n: int, noun: str, plural: str | None = None) -> str:
    return f"{n} {noun if n == 1 else plural or f'{noun}s'}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
