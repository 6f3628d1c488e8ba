"""Checks an answer against its quotations, and drops what they do not support. Pure.

Sentences can be wrong despite right quotations; checks.toml lists known contradictions and exaggerations. Doubtful
ones are dropped: the page's own words remain.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from analysis.text.dates import MONTH_NUMBERS, ORDERS, dates_in, deadline_in
from analysis.text.language import share_of_common_words
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.times import times_in
from analysis.text.word_lists import any_of, number_words
from foundation.vocabulary import Side
from notifier.escape import clean, for_machines
from policywatch.reader.answer import (
    AboutAnswer,
    Citation,
    ModelAnswer,
    Statement,
    Texts,
)
from policywatch.reader.prompt import FIRST_ITEM, Prompt
from storage.changes import StoredPassage

_LONGEST = 300  # characters of a sentence
_LONGEST_HEADLINE = 140
_SHORTEST = 3  # letters of a quotation
_MOST_STATEMENTS = 5
_LEAD_IN = 80  # characters before a list's first item
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
_VERB = re.compile(  # English and French, after a name
    r"(?:now|also|may|might|can|could|will|would|shall|must|has|had|is|was|gets?|et|and|peut|pourra|va|est|a|reçoit|\w+(?:s|era|ed|ent|it))"
)
_MONTHS = any_of(MONTH_NUMBERS)
_DAY_OF_MONTH = re.compile(
    rf"(?i)\b(?:\d{{1,2}}(?:st|nd|rd|th|er|\.)?\s+(?:of\s+|de\s+)?(?P<a>{_MONTHS})|(?P<b>{_MONTHS})\.?\s+\d{{1,4}}"
    rf"|(?:from|since|until|by|in|of|ab|im|seit|bis|dès|en|de|depuis|desde|hasta)\s+(?P<c>{_MONTHS}))\b"
)
# between two lengths of time: one replaced the other
_IN_PLACE_OF = re.compile(
    r"(?i)\b(?:instead of|rather than|not|au lieu d|plutôt que|statt|anstelle|en lugar)"
)
_BECOMES = re.compile(r"(?i)\b(?:to|à|auf|zu|a)\b")
# ends a clause, or begins one with its own subject
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
# addressing and instructing a model, or imitating an answer
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


@dataclass(slots=True)
class Checked:
    """What passed; `dropped` holds the rest with reasons."""

    statements: list[dict[str, Any]] = field(default_factory=list)
    headline: Texts = field(default_factory=dict)
    reason: str = ""
    dates: list[dict[str, Any]] = field(default_factory=list)
    default: str | None = None
    refuse: list[dict[str, Any]] = field(default_factory=list)
    about: list[dict[str, Any]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)


class _Fails(Exception):
    """A sentence or quotation without support; the text is the reason."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A quotation with its passage and offsets."""

    quote: Citation
    row: StoredPassage
    start: int
    end: int

    @property
    def text(self) -> str:
        return _side(self.row, self.quote.side)[self.start : self.end]

    @property
    def new(self) -> list[tuple[int, int]]:
        """Offsets of changed words."""
        spans = (
            (max(a, self.start) - self.start, min(b, self.end) - self.start)
            for a, b in _changed(self.row, self.quote.side)
        )
        return [(a, b) for a, b in spans if a < b or 0 < a == b < self.end - self.start]

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
        if item := _ENUMERATED.search(text, sentence, max(self.start, sentence + 6)):
            firsts = [each.start() for each in FIRST_ITEM.finditer(text, 0, sentence)]
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
    checked = Checked()
    for number, statement in enumerate(answer.statements[:_MOST_STATEMENTS]):
        try:
            placed = _placed(question, statement.quotes)
        except _Fails as failure:
            checked.dropped.append((_any(statement.text), str(failure)))
            continue
        texts = _standing(question, placed, statement.text, _LONGEST, checked)
        if not texts:
            continue
        checked.statements.append(
            {"text": texts, "quotes": [each.as_json() for each in placed]}
        )
        if number == 0 and answer.headline:
            checked.headline = _standing(
                question, placed, answer.headline, _LONGEST_HEADLINE, checked
            )
    _check_facts(question, answer, checked)
    for each in answer.about:
        if 0 <= each.question < len(question.about):
            checked.about.append(_about(question, each, checked))
    checked.reason = _reason(question, answer.reason)
    return checked


def check_quotations(question: Prompt, statement: Statement) -> Checked:
    """Its supported quotations, and its sentence if they support it."""
    checked = Checked()
    placed = []
    for quote in statement.quotes[:_MOST_STATEMENTS]:
        try:
            placed.append(_place(question, quote))
        except _Fails as failure:
            checked.dropped.append((clean(quote.text)[:_LONGEST], str(failure)))
    if placed:
        texts = _standing(question, placed, statement.text, _LONGEST, checked)
        checked.statements.append(
            {"text": texts, "quotes": [each.as_json() for each in placed]}
        )
    return checked


def speaks_to_model(rows: Iterable[StoredPassage]) -> str | None:
    """Added words that instruct a model or are invisible to people; None without any."""
    for row in rows:
        for text in (*row.heading, row.after or ""):
            if for_machines(text) != text:
                return clean(text)[:_LONGEST]
            if found := _SPEAKS_TO_MODEL.search(text):
                start = max(0, found.start() - 40)
                return clean(text[start : found.end() + 80])
    return None


def _check_facts(question: Prompt, answer: ModelAnswer, checked: Checked) -> None:
    for date in answer.dates:
        try:
            (placed,) = _placed(question, [date.quote])
            days = _days(_side(placed.row, "after")) - _days(
                _side(placed.row, "before")
            )
            if date.day not in days:
                raise _Fails("a date that its passage does not add")
            if date.role == "object_until" and date.day not in {
                deadline_in(placed.clause, order) for order in ORDERS
            }:
                raise _Fails("no deadline")
        except _Fails as failure:
            checked.dropped.append((f"{date.role} {date.day}", str(failure)))
            continue
        checked.dates.append({"day": date.day.isoformat(), "role": date.role})
    if answer.default:
        try:
            (placed,) = _placed(question, [answer.default.quote])
            state = answer.default.state
            if placed.quote.side == "before" or not _has(
                question.subject.language, state, placed.clause
            ):
                raise _Fails("a default that its words do not say")
            checked.default = state
        except _Fails as failure:
            checked.dropped.append((f"default {answer.default.state}", str(failure)))
    for quote in answer.refuse:
        try:
            placed = _place(question, quote)
        except _Fails as failure:
            checked.dropped.append((quote.text, str(failure)))
            continue
        if quote.side == "after":
            checked.refuse.append(placed.as_json())


def _about(question: Prompt, reply: AboutAnswer, checked: Checked) -> dict[str, Any]:
    """A yes needs supported quotations and a sentence; a no stands alone."""
    asked: dict[str, Any] = {"question": question.about[reply.question]}
    if reply.answer == "no":
        return asked | {"answer": "no"}
    try:
        placed = _placed(question, reply.quotes)
    except _Fails as failure:
        checked.dropped.append((_any(reply.text), str(failure)))
        return asked | {"answer": None}
    texts = _standing(question, placed, reply.text, _LONGEST, checked)
    quotes = [each.as_json() for each in placed]
    return asked | {"answer": "yes", "text": texts, "quotes": quotes}


def _reason(question: Prompt, reason: str) -> str:
    """Shown only as the model's, so it must merely not invent."""
    line = " ".join(clean(reason).split())[:_LONGEST]
    try:
        text = _words_of(question, question.shown.values())
        _check_words(line, "en", text, text)
    except _Fails:
        return ""
    return line


def _any(texts: Texts) -> str:
    return clean(next(iter(texts.values()), ""))[:_LONGEST]


def _standing(
    question: Prompt,
    placed: Sequence[_Placed],
    texts: Texts,
    longest: int,
    checked: Checked,
) -> Texts:
    stand = {}
    for language in question.languages:
        line = " ".join(clean(texts.get(language, "")).split())
        if not line:
            continue
        try:
            _check_sentence(question, placed, line, language, longest)
            stand[language] = line
        except _Fails as failure:
            checked.dropped.append((line[:_LONGEST], str(failure)))
    return stand


def _placed(question: Prompt, quotes: Sequence[Citation]) -> list[_Placed]:
    """Raises `_Fails`."""
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
    wanted = mark.sub("", other.sub("", quote.text))
    pieces = [_even(piece).strip(" .,;:\"'") for piece in re.split(r"…|\.\.\.", wanted)]
    pieces = [piece for piece in pieces if piece]
    if len("".join(_WORD.findall(" ".join(pieces)))) < _SHORTEST:
        raise _Fails("a quotation without words")
    text = _even(_side(row, quote.side), keep_length=True)
    spans = []
    at = 0
    for piece in pieces:
        pattern = r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", piece)))
        hits = [*re.compile(rf"(?<!\w){pattern}(?!\w)").finditer(text, at)]
        if not hits:
            raise _Fails("words that do not stand there")
        hit = next((h for h in hits if _touches(row, quote.side, *h.span())), hits[0])
        spans.append(hit.span())
        at = hit.end()
    if spans[-1][1] - spans[0][0] > 3 * sum(b - a for a, b in spans) + 40:
        raise _Fails("a quotation cut together")
    return _Placed(quote, row, spans[0][0], spans[-1][1])


def _touches(row: StoredPassage, side: Side, start: int, end: int) -> bool:
    return any(a < end and b > start for a, b in _changed(row, side))


def _even(text: str, *, keep_length: bool = False) -> str:
    """Ignores look-alikes and case, preserving length."""
    text = for_machines(text).translate(_LOOK_ALIKES)
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return lower if keep_length else " ".join(lower.split())


def _side(row: StoredPassage, side: Side) -> str:
    return (row.after if side == "after" else row.before) or ""


def _changed(row: StoredPassage, side: Side) -> Iterator[tuple[int, int]]:
    """Offsets; an empty range where only the other side has words."""
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
    """Raises `_Fails`."""
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
    """By its function words. Raises `_Fails`."""
    count = len(_WORD.findall(line))
    hits = {
        code: round(count * share_of_common_words(line, code))
        for code in _lists().keys() - {"names"}
    }
    own = hits.pop(language, count)
    is_strange = sum(char.isalpha() and ord(char) > 0x24F for char in line)
    if is_strange > len(line) / 4 or (own == 0 and count > 8):
        raise _Fails("another language")
    if any(other > max(1, 2.5 * own) for other in hits.values()):
        raise _Fails("another language")


def _words_of(
    question: Prompt, rows: Iterable[StoredPassage], *, old: bool = True
) -> str:
    """The words that may supply names, numbers and dates."""
    sides: tuple[Side, ...] = ("after", "before") if old else ("after",)
    subject = question.subject
    parts = [subject.service, subject.title]
    for row in rows:
        parts += [*row.heading, *(_side(row, side) for side in sides)]
    return "\n".join(parts)


def _check_words(line: str, language: str, text: str, around: str) -> None:
    """Addresses, numbers, dates and strong words must occur in the text, names there or around it. Raises `_Fails`."""
    even, names = _even(text), _even(around)
    for address in _ADDRESS.findall(line):
        if _even(address).strip(".,;:)") not in even:
            raise _Fails(f"an address that does not stand there ({address[:40]})")
    days = _days(text)
    for named in dates_in(line):
        if named.day and named.day not in days:
            raise _Fails(f"a date that does not stand there ({named.day})")
    months = _months(text) | {day.month for day in days}
    if not _months(line) <= months:
        raise _Fails("a month that does not stand there")
    bare = "".join(
        " " if any(d.start <= n < d.end for d in dates_in(line)) else char
        for n, char in enumerate(line)
    )
    numbers = {_digits(number) for number in _NUMBER.findall(text)} | {
        str(number)
        for word, number in number_words().items()
        if re.search(rf"\b{re.escape(word)}\b", even)
    }
    numbers |= {digits for day in days for digits in (str(day.day), str(day.year))}
    for number in _NUMBER.findall(bare):
        if _digits(number) not in numbers and number not in even:
            raise _Fails(f"a number that does not stand there ({number})")
    for name in _names(line, language, names):
        if not _stands(name, names):
            raise _Fails(f"a name that does not stand there ({name})")
    for claim, needed in _lists().get(language, {}).get("claims", ()):
        if _pattern((claim,)).search(line) and not _pattern((needed,)).search(text):
            raise _Fails("says what its words do not")


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
    return {
        MONTH_NUMBERS[(match["a"] or match["b"] or match["c"]).lower()]
        for match in _DAY_OF_MONTH.finditer(text)
    }


def _names(line: str, language: str, around: str) -> Iterator[str]:
    """Words spelt as names; in German, where all nouns are, only those unlike any noun. A sentence's first word
    counts if a verb seems to follow and nothing similar stands around.
    """
    opening = _pattern(_lists().get(language, {}).get("openings", ("(?!)",)))
    words = [*_WORD.finditer(line)]
    for number, match in enumerate(words):
        word = match.group()
        if not word[0].isupper() or word.lower() in MONTH_NUMBERS or len(word) < 2:
            continue
        if opening.fullmatch(word.lower()):
            continue
        is_odd = any(map(str.isupper, word[1:])) or any(map(str.isdecimal, word))
        is_first = number == 0 or line[: match.start()].rstrip()[-1:] in ".:?!"
        if not is_odd and is_first and language == "de":
            continue
        if not is_odd and is_first:
            following = words[number + 1].group() if number + 1 < len(words) else ""
            if following.islower() and (
                word.endswith("s")
                or not _VERB.fullmatch(following)
                or _even(word)[:5] in around
            ):
                continue
        elif not is_odd and language == "de":
            before = words[number - 1]
            beside = line[before.end() : match.start()] == " "
            if not (beside and before.group()[0].isupper() and number > 1):
                continue
        yield word


def _stands(name: str, even: str) -> bool:
    forms = {_even(name), _even(name).rstrip("s")}
    forms |= {
        other
        for names in _lists()["names"]["same"]
        if not forms.isdisjoint(names)
        for other in names
    }
    return any(
        re.search(rf"(?<!\w){re.escape(form)}(?:s|es|n)?(?!\w)", even) for form in forms
    )


def _check_times(
    line: str, placed: Sequence[_Placed], rows: Iterable[StoredPassage]
) -> None:
    """Must occur, and not take the old one for the new. Raises `_Fails`."""
    old, new = set[float](), set[float]()
    for row in rows:
        old |= {time.days for time in times_in(_side(row, "before"))}
        new |= {time.days for time in times_in(_side(row, "after"))}
    named = times_in(line)
    if not {time.days for time in named} <= old | new:
        raise _Fails("a length of time that does not stand there")
    only_old = [time.days in old - new for time in named]
    only_new = [time.days in new - old for time in named]
    for n, (one, other) in enumerate(pairwise(named)):
        between = line[one.end : other.start]
        if _IN_PLACE_OF.search(between):
            is_wrong = only_old[n] or only_new[n + 1]
        else:
            is_wrong = (
                bool(_BECOMES.search(between)) and only_new[n] and only_old[n + 1]
            )
        if is_wrong:
            raise _Fails("lengths of time the other way round")
    if any(only_old) and not any(each.quote.side == "before" for each in placed):
        raise _Fails("the old length of time")


def _check_denials(
    line: str, language: str, placed: Sequence[_Placed], of_page: str
) -> None:
    """The sentence denies exactly where its quotations do. Raises `_Fails`."""
    after = [each for each in placed if each.quote.side == "after"]
    decisive = after or placed
    clauses = [each.clause for each in decisive]
    ends = _has(language, "endings", line)
    denies = _has(language, "denials", line)
    refuses = _has(language, "refusals", line)
    if not after and not ends:
        raise _Fails("states removed words as if they held")
    stops = _has(language, "stops", line)
    if any(_has(of_page, "denials", clause) for clause in clauses):
        if not (denies or refuses or ends or _has(language, "meta", line)):
            raise _Fails("loses a denial")
    elif any(_has(of_page, "restrictions", clause) for clause in clauses):
        kinds = ("restrictions", "conditions", "meta")
        if not (ends or any(_has(language, kind, line) for kind in kinds)):
            raise _Fails("loses a restriction")
    elif (denies or stops) and len(after) == len(placed):
        kinds = ("refusals", "endings", "restrictions")
        if not any(_has(of_page, kind, clause) for kind in kinds for clause in clauses):
            raise _Fails("denies what its words do not")
    elif ends and len(after) == len(placed):
        if not any(_has(of_page, "endings", clause) for clause in clauses) and not any(
            tag == "removed" for each in placed for tag, _ in each.row.marks
        ):
            raise _Fails("ends what its words do not")
    elif denies and not ends:
        raise _Fails("denies what its words do not")


def _has(language: str, kind: str, text: str) -> bool:
    lists = _lists().get(language) or _lists()["en"]
    if kind in ("denials", "endings", "stops"):
        text = _pattern(tuple(lists["idioms"])).sub(" ", text)
    return _pattern(tuple(lists[kind])).search(text) is not None


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    return _compiled(tuple(words))


@cache
def _compiled(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<![\w'’-])(?:{'|'.join(words)})(?![\w-])")


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("checks.toml").read_text("utf-8"))
