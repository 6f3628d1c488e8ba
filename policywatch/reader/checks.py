"""Checks an answer against its quotations, and drops what they do not support. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from babel import Locale

from analysis.text.dates import MONTH_NUMBERS, ORDERS, dates_in, deadline_in
from analysis.text.language import share_of_common_words
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.times import times_in
from analysis.text.word_lists import number_words
from foundation.vocabulary import SIDES, Side
from notifier.escape import clean, for_machines
from policywatch.reader.model import (
    AboutAnswer,
    Citation,
    DateOf,
    ModelAnswer,
    Statement,
    Texts,
)
from policywatch.reader.prompt import FIRST_ITEM, Prompt
from storage.changes import StoredPassage

_LONGEST = 300  # of a sentence
_LONGEST_HEADLINE = 140
_SHORTEST = 3  # of a quotation
_MOST_STATEMENTS = 5
_LEAD_IN = 80  # before a list's first item
_MARKED = {
    "after": (re.compile(r"\[-.*?-\]", re.DOTALL), re.compile(r"\{\+|\+\}")),
    "before": (re.compile(r"\{\+.*?\+\}", re.DOTALL), re.compile(r"\[-|-\]")),
}
_LOOK_ALIKES = str.maketrans(
    "‘’‚′`´ʼ“”„″«»‐‑‒–—―−\u00a0\u202f\n\t", "'''''''\"\"\"\"\"\"-------    "
)
_ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b[\w-]{2,}\.(?:com|org|net|info|io|eu|fr|de|me|ly|ai|co|app|dev)\b(?:/\S*)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,\u202f\u00a0 ]\d{3})*(?:[.,]\d+)?")
_WORD = re.compile(r"[^\W_]+")
_IN_PLACE_OF = re.compile(
    r"(?i)\b(?:instead of|rather than|not|au lieu d\w*|plutôt que|statt|anstelle|en lugar)\b"
)
_BECOMES = re.compile(r"(?i)\b(?:to|à|auf|zu)\b")
_CLAUSE = re.compile(
    r"""(?ix)[.;!?\n|•]|\s[–—-]\s|[()]
    |,?\s+(?:but|however|mais|aber|sondern|pero|sino)\b
    |,\s+(?:(?:and|or|so|et|ou|und|oder|y|o)\s+)?(?:we|you|they|it|this|these|if|when|where|which|who|nous|vous|ils?|elles?|on|si
        |lorsque|qui|wir|sie|er|es|wenn|die|der|das|nosotros|usted|cuando)\b"""
)
# modifies only the preceding word
_RELATIVE = re.compile(
    r"(?i)\s(?:that|which|who|whose|qui|que|dont|welche\w*|cuy\w+)\s"
)
_ENUMERATED = re.compile(r"\([\divxa-z]{1,4}\)|:")
_SPEAKS_TO_MODEL = re.compile(
    r"""(?ix)
    \b(?:ignore|disregard|forget|override|ignorez|oubliez|ignoriere?n?|vergiss|missachte|ignora|olvida)\b
        .{0,60}\b(?:instructions?|prompts?|(?:above|previous|prior)\s+rules?|directives?|consignes?|anweisung\w*|vorgaben|instrucci\w+)\b
    | \b(?:you\ are|act\ as|as|vous\ êtes|du\ bist|sie\ sind|eres)\s+(?:an?|une?|eine?n?|una?)\s+
        (?:AI|IA|KI|language|large|assistant|chat\s?bot|classifier|automated|modèle|sprachmodell|modelo)\b
    | \b(?:AI|IA|KI|LLM|language\ model|assistant|chat\s?bot|classifier|reader|summari[sz]er|modèle|sprachmodell|modelo)s?\b
        [\s:,!]{1,3}(?:must|should|please|do\ not|shall|reading|doit|muss|debe)\b.{0,60}
        \b(?:answer|respond|reply|report|output|say|classif\w+|label|rate|ignore|treat|summari[sz]e|alert|répond\w*|antwort\w*|respond\w*)
    | \b(?:answer|respond|reply|output|return|classify|label|rate|report|répondez|classez|antworte\w*|responde|clasifica)\b
        .{0,40}(?:\bjson\b|\bnone\b|\bcosmetic\b|\b(?:severity|alert|low\ severity|no\ alert|no\ change)\b)
    | \b(?:system|developer)\s?(?:prompt|message)\s*[:=]
    | ["'“]?\b(?:alert|severity|substantive)["'”]?\s*[:=]\s*["'“]?(?:false|none|low|no)\b
    """
)


class _Fails(Exception):
    """The text is the reason."""


@dataclass(slots=True)
class Checked:
    question: Prompt
    statements: list[dict[str, Any]] = field(default_factory=list)
    headline: Texts = field(default_factory=dict)
    reason: str = ""
    dates: list[dict[str, Any]] = field(default_factory=list)
    default: str | None = None
    refuse: list[dict[str, Any]] = field(default_factory=list)
    about: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        names = (each.name for each in fields(self))
        return {name: getattr(self, name) for name in names if name != "question"}

    @contextmanager
    def dropping(self, text: str) -> Iterator[None]:
        try:
            yield
        except _Fails as failure:
            self.dropped.append((text, str(failure)))

    def supported(self, placed: Sequence[_Placed], texts: Texts) -> dict[str, Any]:
        return {
            "text": self.standing(placed, texts, _LONGEST),
            "quotes": [each.as_json() for each in placed],
        }

    def standing(
        self, placed: Sequence[_Placed], texts: Texts, longest: int
    ) -> Texts:
        stand = {}
        for language in self.question.languages:
            line = " ".join(clean(texts.get(language, "")).split())
            with self.dropping(line[:_LONGEST]):
                if line:
                    _check_sentence(self.question, placed, line, language, longest)
                    stand[language] = line
        return stand


@dataclass(frozen=True, slots=True)
class _Placed:
    quote: Citation
    row: StoredPassage
    start: int
    end: int

    @property
    def text(self) -> str:
        return _side(self.row, self.quote.side)[self.start : self.end]

    @property
    def new(self) -> list[tuple[int, int]]:
        spans = (
            (max(a, self.start) - self.start, min(b, self.end) - self.start)
            for a, b in _changed(self.row, self.quote.side)
        )
        return [
            (a, b) for a, b in spans if a < b or 0 < a == b < self.end - self.start
        ]

    @property
    def clause(self) -> str:
        """With the rest of its clause and the governing line: a denial there covers it."""
        text = _side(self.row, self.quote.side)
        sentence = next(
            (
                (a, b)
                for a, b in sentence_bounds(text)
                if a <= self.start < max(b, a + 1)
            ),
            (0, len(text)),
        )
        cuts = [*_CLAUSE.finditer(text, *sentence)]
        start = max(
            (cut.start() for cut in cuts if cut.start() <= self.start),
            default=sentence[0],
        )
        cuts += _RELATIVE.finditer(text, *sentence)
        end = min(
            (cut.start() for cut in cuts if cut.start() >= self.end),
            default=max(sentence[1], self.end),
        )
        return f"{self._governing(text, sentence[0])} {text[start:end]}"

    def _governing(self, text: str, sentence: int) -> str:
        """A list's lead-in as a block, or what stands before its first item."""
        above: list[str] = []
        for line in reversed(self.row.heading):
            if not line.endswith(":"):
                break
            above.insert(0, line)
        if item := _ENUMERATED.search(
            text, sentence, max(self.start, sentence + 6)
        ):
            firsts = [
                each.start() for each in FIRST_ITEM.finditer(text, 0, sentence)
            ]
            above += [text[max(0, at - _LEAD_IN) : at] for at in firsts[-1:]]
            above.append(text[sentence : item.start()])
        return " ".join(above)

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "side": self.quote.side,
            "passage": self.row.position,
            "new": [[a, b] for a, b in self.new if a < b],
        }


def check(question: Prompt, answer: ModelAnswer) -> Checked:
    checked = Checked(question)
    for number, statement in enumerate(answer.statements[:_MOST_STATEMENTS]):
        with checked.dropping(_any(statement.text)):
            placed = _placed(question, statement.quotes)
            supported = checked.supported(placed, statement.text)
            if supported["text"]:
                checked.statements.append(supported)
                if number == 0 and answer.headline:
                    checked.headline = checked.standing(
                        placed, answer.headline, _LONGEST_HEADLINE
                    )
    for date in answer.dates:
        with checked.dropping(f"{date.role} {date.day}"):
            _check_date(question, date)
            checked.dates.append({"day": date.day.isoformat(), "role": date.role})
    if default := answer.default:
        with checked.dropping(f"default {default.state}"):
            (quoted,) = _placed(question, [default.quote])
            is_said = _has(question.subject.language, default.state, quoted.clause)
            if default.quote.side == "before" or not is_said:
                raise _Fails("a default that its words do not say")
            checked.default = default.state
    for quote in answer.refuse:
        with checked.dropping(quote.text):
            found = _place(question, quote)
            if quote.side == "after":
                checked.refuse.append(found.as_json())
    for reply in answer.about:
        if 0 <= reply.question < len(question.about):
            checked.about.append(_about(reply, checked))
    checked.reason = _reason(question, answer.reason)
    return checked


def check_quotations(question: Prompt, statement: Statement) -> Checked:
    checked = Checked(question)
    placed = []
    for quote in statement.quotes[:_MOST_STATEMENTS]:
        with checked.dropping(clean(quote.text)[:_LONGEST]):
            placed.append(_place(question, quote))
    if placed:
        checked.statements.append(checked.supported(placed, statement.text))
    return checked


def speaks_to_model(rows: Iterable[StoredPassage]) -> str | None:
    """Added words that instruct a model or are invisible to people."""
    for row in rows:
        for text in (*row.heading, row.after or ""):
            if for_machines(text) != text:
                return clean(text)[:_LONGEST]
            if found := _SPEAKS_TO_MODEL.search(text):
                start = max(0, found.start() - 40)
                return clean(text[start : found.end() + 80])
    return None


def _check_date(question: Prompt, date: DateOf) -> None:
    (placed,) = _placed(question, [date.quote])
    after, before = (_days(_side(placed.row, side)) for side in ("after", "before"))
    if date.day not in after - before:
        raise _Fails("a date that its passage does not add")
    deadlines = {deadline_in(placed.clause, order) for order in ORDERS}
    if date.role == "object_until" and date.day not in deadlines:
        raise _Fails("no deadline")


def _about(reply: AboutAnswer, checked: Checked) -> dict[str, Any]:
    """A yes needs supported quotations and a sentence; a no stands alone."""
    asked: dict[str, Any] = {"question": checked.question.about[reply.question]}
    if reply.answer == "no":
        return asked | {"answer": "no"}
    with checked.dropping(_any(reply.text)):
        placed = _placed(checked.question, reply.quotes)
        return asked | {"answer": "yes"} | checked.supported(placed, reply.text)
    return asked | {"answer": None}


def _reason(question: Prompt, reason: str) -> str:
    """Shown as the model's, so it must merely not invent."""
    line = " ".join(clean(reason).split())[:_LONGEST]
    text = _words_of(question, question.shown.values())
    with suppress(_Fails):
        _check_words(line, "en", text, text)
        return line
    return ""


def _any(texts: Texts) -> str:
    return clean(next(iter(texts.values()), ""))[:_LONGEST]


def _placed(question: Prompt, quotes: Sequence[Citation]) -> list[_Placed]:
    if not quotes:
        raise _Fails("no quotation")
    placed = [_place(question, quote) for quote in quotes]
    if not any(each.new for each in placed):
        raise _Fails("quotes nothing that changed")
    return placed


def _place(question: Prompt, quote: Citation) -> _Placed:
    row = question.shown.get(quote.passage)
    if row is None:
        raise _Fails("a passage that was not shown")
    if speaks_to_model([row]):
        raise _Fails("quotes a passage that speaks to the model")
    other, mark = _MARKED[quote.side]
    wanted = _even(mark.sub("", other.sub("", quote.text)))
    pieces = re.split(r"…|\.\.\.", wanted)
    if len("".join(_WORD.findall(wanted))) < _SHORTEST:
        raise _Fails("a quotation without words")
    runs = [r"\W+".join(re.findall(r"\w+", piece)) for piece in pieces]
    words = r"\b.*?\b".join(filter(None, runs))
    pattern = re.compile(rf"(?s)\b{words}\b")
    hits = [
        _Placed(quote, row, *hit.span())
        for hit in pattern.finditer(_even(_side(row, quote.side)))
    ]
    if not hits:
        raise _Fails("words that do not stand there")
    found = next((hit for hit in hits if hit.new), hits[0])
    if len(found.text) > 3 * sum(map(len, pieces)) + 40:
        raise _Fails("a quotation cut together")
    return found


def _even(text: str) -> str:
    """Each character in its place."""
    text = for_machines(text).translate(_LOOK_ALIKES)
    return "".join(
        char.lower() if len(char.lower()) == 1 else char for char in text
    )


def _side(row: StoredPassage, side: Side) -> str:
    return (row.after if side == "after" else row.before) or ""


def _changed(row: StoredPassage, side: Side) -> Iterator[tuple[int, int]]:
    at = 0
    for tag, text in row.marks:
        if tag == ("added" if side == "after" else "removed"):
            if text.strip():
                yield at, at + len(text)
            at += len(text)
        elif tag == "same":
            at += len(text)
        elif text.strip():
            yield at, at


def _check_sentence(
    question: Prompt,
    placed: Sequence[_Placed],
    line: str,
    language: str,
    longest: int,
) -> None:
    if len(line) > longest:
        raise _Fails("too long")
    _check_language(line, language)
    quotes_old = any(each.quote.side == "before" for each in placed)
    rows = {each.row.position: each.row for each in placed}.values()
    text = _words_of(question, rows, old=quotes_old)
    names = _words_of(question, question.shown.values())
    _check_words(line, language, text, names)
    _check_times(line, placed, rows)
    _check_denials(line, language, placed, question.subject.language)


def _check_language(line: str, language: str) -> None:
    """By its function words."""
    words = _WORD.findall(line)
    hits = {
        code: round(len(words) * share_of_common_words(line, code))
        for code in _lists().keys() - {"names"}
    }
    own = hits.pop(language, len(words))
    is_strange = sum(char.isalpha() and ord(char) > 0x24F for char in line)
    # a name is of no language
    if is_strange > len(line) / 4 or (
        own == 0 and sum(map(str.islower, words)) > 8
    ):
        raise _Fails("another language")
    if any(other > max(1, 2.5 * own) for other in hits.values()):
        raise _Fails("another language")


def _words_of(
    question: Prompt, rows: Iterable[StoredPassage], *, old: bool = True
) -> str:
    """Which may supply names, numbers and dates."""
    sides: tuple[Side, ...] = ("after", "before") if old else ("after",)
    subject = question.subject
    parts = [subject.service, subject.title]
    for row in rows:
        parts += [*row.heading, *(_side(row, side) for side in sides)]
    return "\n".join(parts)


def _check_words(line: str, language: str, text: str, around: str) -> None:
    """Addresses, numbers, dates and strong words must occur in the text, names there or around it."""
    even, names = _even(text), _even(around)
    for address in _ADDRESS.findall(line):
        if _even(address).strip(".,;:)") not in even:
            raise _Fails(f"an address that does not stand there ({address[:40]})")
    _check_numbers(line, text, even)
    for name in _names(line, language, names):
        if not _stands(name, names):
            raise _Fails(f"a name that does not stand there ({name})")
    for claim, needed in _patterns(language)["claims"]:
        if claim.search(line) and not needed.search(text):
            raise _Fails("says what its words do not")


def _check_numbers(line: str, text: str, even: str) -> None:
    """Dates too."""
    days = _days(text)
    bare = line
    for named in dates_in(line):
        if named.day and named.day not in days:
            raise _Fails(f"a date that does not stand there ({named.day})")
        bare = (
            bare[: named.start]
            + " " * (named.end - named.start)
            + bare[named.end :]
        )
    if not _months(line) <= _months(text) | {day.month for day in days}:
        raise _Fails("a month that does not stand there")
    numbers = {*map(_digits, _NUMBER.findall(text))}
    numbers |= {
        str(number)
        for word, number in number_words().items()
        if re.search(rf"\b{re.escape(word)}\b", even)
    }
    numbers |= {str(part) for day in days for part in (day.day, day.year)}
    for number in _NUMBER.findall(bare):
        if _digits(number) not in numbers and number not in even:
            raise _Fails(f"a number that does not stand there ({number})")


def _digits(number: str) -> str:
    return re.sub(r"[.,\s\u00a0\u202f](?=\d{3}\b)", "", number).replace(",", ".")


def _days(text: str) -> set[Any]:
    return {
        day
        for order in (None, *ORDERS)
        for named in dates_in(text, order)
        for day in (named.day, *named.either)
        if day
    }


def _months(text: str) -> set[int]:
    """Not "may", "march" or "sept", which are words too."""
    named = (
        word for word in _WORD.findall(text) if word[0].isupper() or len(word) > 5
    )
    return {
        MONTH_NUMBERS[word.lower()]
        for word in named
        if word.lower() in MONTH_NUMBERS
    }


def _names(line: str, language: str, around: str) -> Iterator[str]:
    """In German, where all nouns are spelt so, only those unlike any noun. A sentence's first word counts if nothing
    similar stands around.
    """
    opening = _patterns(language)["openings"]
    is_german, words = language == "de", [*_WORD.finditer(line)]
    for number, match in enumerate(words):
        word, above = match.group(), line[: match.start()]
        if not word[0].isupper() or len(word) < 2 or word.lower() in MONTH_NUMBERS:
            continue
        if opening.fullmatch(word.lower()):
            continue
        if not any(char.isupper() or char.isdecimal() for char in word[1:]):
            if number == 0 or above.rstrip()[-1:] in ".:?!":
                if is_german or word.endswith("s") or _even(word)[:5] in around:
                    continue
            elif is_german:
                former = words[number - 1].group()
                is_beside = number > 1 and above.endswith(f"{former} ")
                if not (is_beside and former[0].isupper()):
                    continue
        yield word


def _stands(name: str, even: str) -> bool:
    forms = {_even(name), _even(name).rstrip("s")}
    forms |= {
        other
        for names in _same_names()
        if not forms.isdisjoint(names)
        for other in names
    }
    return any(
        re.search(rf"(?<!\w){re.escape(form)}(?:s|es|n)?(?!\w)", even)
        for form in forms
    )


def _check_times(
    line: str, placed: Sequence[_Placed], rows: Iterable[StoredPassage]
) -> None:
    """And not take the old one for the new."""
    old, new = (
        {time.days for row in rows for time in times_in(_side(row, side))}
        for side in SIDES
    )
    named = times_in(line)
    days = {time.days for time in named}
    if not days <= old | new:
        raise _Fails("a length of time that does not stand there")
    gone, came = old - new, new - old
    for one, other in pairwise(named):
        between = line[one.end : other.start]
        if _IN_PLACE_OF.search(between):
            is_wrong = one.days in gone or other.days in came
        else:
            is_reversed = one.days in came and other.days in gone
            is_wrong = is_reversed and _BECOMES.search(between) is not None
        if is_wrong:
            raise _Fails("lengths of time the other way round")
    if days & gone and not any(each.quote.side == "before" for each in placed):
        raise _Fails("the old length of time")


def _check_denials(
    line: str, language: str, placed: Sequence[_Placed], of_page: str
) -> None:
    """Exactly where its quotations do."""
    after = [each for each in placed if each.quote.side == "after"]
    is_all_new = len(after) == len(placed)
    clauses = [each.clause for each in after or placed]

    def says(*kinds: str) -> bool:
        return any(_has(language, kind, line) for kind in kinds)

    def quotes(*kinds: str) -> bool:
        return any(
            _has(of_page, kind, clause) for kind in kinds for clause in clauses
        )

    if not after and not says("endings"):
        raise _Fails("states removed words as if they held")
    removed = (tag == "removed" for each in placed for tag, _ in each.row.marks)
    # of these the first that applies: whether it does, whether that is right, and what it is else
    rules = (
        (
            quotes("denials"),
            says("denials", "refusals", "endings", "meta"),
            "loses a denial",
        ),
        (
            quotes("restrictions"),
            says("endings", "restrictions", "conditions", "meta"),
            "loses a restriction",
        ),
        (
            says("denials", "stops") and is_all_new,
            quotes("refusals", "endings", "restrictions"),
            "denies what its words do not",
        ),
        (
            says("endings") and is_all_new,
            quotes("endings") or any(removed),
            "ends what its words do not",
        ),
        (
            says("denials") and not says("endings"),
            False,
            "denies what its words do not",
        ),
    )
    is_right, reason = next((rule[1:] for rule in rules if rule[0]), (True, ""))
    if not is_right:
        raise _Fails(reason)


def _has(language: str, kind: str, text: str) -> bool:
    patterns = _patterns(language)
    if kind in ("denials", "endings", "stops"):
        text = patterns["idioms"].sub(" ", text)
    return patterns[kind].search(text) is not None


@cache
def _patterns(language: str) -> dict[str, Any]:
    lists = _lists()
    kinds = lists.get(language) or lists["en"]
    claims = [tuple(map(_pattern, pair)) for pair in kinds["claims"]]
    words = {
        kind: _pattern("|".join(words))
        for kind, words in kinds.items()
        if kind != "claims"
    }
    return words | {"claims": claims}


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<![\w-])(?:{words})(?![\w-])")


@cache
def _same_names() -> list[set[str]]:
    """In several languages: those of checks.toml, and countries."""
    lists = _lists()
    countries = [
        Locale(language).territories for language in lists.keys() - {"names"}
    ]
    return [
        *map(set, lists["names"]["same"]),
        *({_even(names[code]) for names in countries} for code in countries[0]),
    ]


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("checks.toml").read_text("utf-8"))
