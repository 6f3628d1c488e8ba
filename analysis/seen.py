"""What stands in each passage of a change: its phrases, and whether it is a policy's text at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from analysis.blocks import Page
from analysis.change import TOPICS, Passage, Side
from analysis.kinds import part_of
from analysis.news import News, news
from analysis.spelling import looks, pattern
from analysis.surroundings import BANNER, DEFINITION, LEAST, TEMPLATE, Surroundings, is_sentence
from analysis.topics import LANGUAGES, Lexicon, matches, section_topics
from analysis.wording import Sentence, Wording, sentence_bounds, sentence_key, wording
from analysis.words import words

AI = frozenset({"ai_training", "ai_features", "automated_decisions"})
DATA = frozenset(
    (
        "data_collection",
        "data_use",
        "data_sharing",
        "tracking",
        "retention",
        "transfer",
        "user_rights",
        "sensitive_minors",
        "security",
    )
)
_PRACTICES = DATA | {"advertising", "user_choice"}
# sections of a policy that list things without a sentence: kinds of data, purposes, recipients, cookies
LISTED = DATA - {"transfer", "user_rights", "security"}
_WITH_OBJECT = DATA | {"ai_training"}  # what is said to be done is done with something
_OBJECT_WITHIN = 12  # characters behind the phrase
_TURNS = frozenset({"negation", "exception"})
_GOOD_PART = 0.2  # of a phrase must be changed words
_LABELLED = re.compile(r"[^\W\d_][\w ’'-]{2,30}\s?:\s\S")  # "Purpose: analytics"
_ADDRESS = re.compile(r"\S*@\S+|\bhttps?://\S+")
_FIGURE = re.compile(r"\|\s*[\d.,%]+\s*(?=\||$)")
_FIGURES = 2  # cells with nothing but a number: a row of statistics
_SEPARATOR = re.compile(r"\s[—–|·•>/]\s")
_LINKS_IN_A_ROW = 3
_PROPER_NAME = re.compile(r"[A-ZÀ-Þ][^\W_]+")
_LEAD = 70  # characters before a name in which the word stands for what it is
_PRICE = re.compile(r"[$€£]|\d,\d\d\b")
_REMAINS = re.compile(r"!\[|\]\(|data:image/|<(?:div|img|a|span|script)\b")  # of a page's code


class Found(NamedTuple):
    """A phrase in a changed sentence; offsets are of the passage's side. `direct`: changed words are part of it."""

    topic: str
    tier: str
    side: Side
    start: int
    end: int
    direct: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage and what was seen in it. `shape` is "text" (a sentence), "row" (of a table, or labelled),
    "entry" (of a list in a section about data), "address" (of a house) or "fragment" (a title, a label, an entry of a
    menu). `named`: an entry that names a law or a company."""

    passage: Passage
    wording: Wording
    shape: str
    changed_words: int
    cut: bool  # a sentence that ends in the middle on one side: text that was captured in part
    found: tuple[Found, ...] = ()
    section: frozenset[str] = frozenset()
    named: bool = False
    other_recipient: bool = False  # a proper name for another, behind "provider", "shared with" or the like
    news: tuple[Found, ...] = ()  # what a sentence of a policy newly says beside words that stayed

    @property
    def real(self) -> bool:
        """Whether it is a change of the policy's wording, as far as the passage alone tells."""
        return bool(self.wording.sentences) and not self.cut

    def within(self, sentence: Sentence) -> list[Found]:
        """What was found in one of its sentences."""
        return [one for one in self.found if one.side == sentence.side and sentence.start <= one.start < sentence.end]


def look(passages: Sequence[Passage], before: Page, after: Page, language: str | None, kind: str) -> tuple[Seen, ...]:
    """What stands in each passage of a change to a document of that kind (`kind_of`).

    Each is seen beside the others, for text moves between paragraphs.
    """
    around: dict[Side, Surroundings] = {"before": Surroundings(before), "after": Surroundings(after)}
    elsewhere: dict[Side, set[str]] = {"before": set(), "after": set()}
    times = Counter((passage.operation, passage.before, passage.after) for passage in passages)
    for passage in passages:
        elsewhere["before"] |= _keys(passage.before)
        elsewhere["after"] |= _keys(passage.after)
    seen = [
        _seen(
            passage,
            _repeats(passage, around, times[passage.operation, passage.before, passage.after], language)
            or wording(passage, elsewhere["before"], elsewhere["after"]),
            around,
            language,
            kind,
        )
        for passage in passages
    ]
    cut = [one for one in seen if one.cut]
    if len(cut) == 1 and any(match.direct and match.tier == "decides" for match in cut[0].found):
        # what a single end of a sentence adds is told if it is about data; several are a page that came in part
        seen = [replace(one, cut=False) for one in seen]
    return tuple(seen)


def _repeats(passage: Passage, around: Mapping[Side, Surroundings], times: int, language: str | None) -> Wording | None:
    """Why whole text that came or went is no change of the policy: the page has it elsewhere, or it is furniture."""
    if passage.operation not in ("added", "removed"):
        return None
    text, other = (passage.after, "before") if passage.after else (passage.before, "after")
    if around[other].has(text or ""):  # type: ignore[index]
        return Wording((), "the text on the other side has it, too")
    if times >= TEMPLATE:
        return Wording((), "it stands on the page many times alike, as furniture does")
    notice = passage.before and len(passage.before) < BANNER and not passage.heading[2:]
    if notice and any(match.topic == "notice" for match in matches(passage.before or "", language)):
        return Wording((), "a notice that has ended")
    return None


def _keys(text: str | None) -> set[str]:
    return {sentence_key(text[start:end]) for start, end in sentence_bounds(text)} if text else set()


def _seen(
    passage: Passage,
    changed: Wording,
    around: Mapping[Side, Surroundings],
    language: str | None,
    kind: str,
) -> Seen:
    texts: dict[Side, str] = {"before": passage.before or "", "after": passage.after or ""}
    section = section_topics(passage.heading, language) if changed.sentences else frozenset()
    found: list[Found] = []
    count = 0
    recipients: list[Found] = []
    named = _names(passage, section)
    for sentence in changed.sentences:
        count += sum(len(words(texts[sentence.side][start:end])) for start, end in sentence.spans)
        found += _found(texts[sentence.side], sentence, section, around[sentence.side], language)
        if named:
            found += _named(texts[sentence.side], sentence, section)
        recipients += _recipients(texts[sentence.side], sentence)
    cut = _cut_off(passage, changed)
    anew: list[Found] = []
    if part_of(kind, passage.heading) == "policy" and not cut:
        row = any(around[side].is_row(text) for side, text in texts.items())
        for one in news(passage, changed):
            anew += _anew(one, changed, found, section, row=row)
    return Seen(
        passage,
        changed,
        _shape(changed, texts, section, around, passage, language, named),
        count,
        cut,
        (*found, *recipients, *anew),
        section,
        named,
        {one.side for one in recipients} == {"before", "after"},
        tuple(anew),
    )


def _anew(
    one: News, changed: Wording, found: Sequence[Found], section: frozenset[str], *, row: bool
) -> Iterator[Found]:
    """What a piece of news is about: the phrases of its sentence that stand nearest, else its section."""
    sentence = next(s for s in changed.sentences if s.side == one.side and s.start <= one.start < s.end)
    beside = [
        each
        for each in found
        if each.tier == "decides" and each.side == one.side and sentence.start <= each.start < sentence.end
    ]
    start, end = one.start, one.end
    if one.kind == "time":
        kept = [each for each in beside if each.topic == "retention"]
        beside = kept or beside
        if not beside and row:
            yield Found("retention", "decides", one.side, start, end, True)
            return
    if beside:
        nearest = min(_distance(each, one) for each in beside)
        for topic in {each.topic for each in beside if _distance(each, one) <= nearest}:
            yield Found(topic, "decides", one.side, start, end, True)
    else:
        for topic in TOPICS:
            if topic in section:
                yield Found(topic, "decides", one.side, start, end, True)


def _distance(found: Found, one: News) -> int:
    return max(0, found.start - one.end, one.start - found.end)


def _names(passage: Passage, section: frozenset[str]) -> bool:
    """Whether a passage names a law in a section about rights, or a company: what lists of a policy are made of."""
    text = passage.after or passage.before or ""
    if not passage.heading or len(text) > BANNER or "©" in text:
        return False
    if "user_rights" in section and pattern("law").search(text):
        return True
    return bool(pattern("company").search(text)) and not pattern("own_contact").search(passage.heading[-1])


def _found(
    text: str, sentence: Sentence, section: frozenset[str], around: Surroundings, language: str | None
) -> list[Found]:
    said = text[sentence.start : sentence.end]
    for_reader = is_duty_of_reader(said) or bool(pattern("of_the_text").search(said))
    there = matches(said, language)
    addresses = [found.span() for found in _ADDRESS.finditer(said)] if "@" in said or "//" in said else []
    decided = {match.topic for match in there if match.tier == "decides"} | section
    # a "not" or an "except" that comes or goes turns all that the sentence says
    turned = any(
        match.topic in _TURNS and _overlaps(sentence, sentence.start + match.start, sentence.start + match.end)
        for match in there
    )
    definition = DEFINITION.match(said)
    other_object = False
    found = []
    for match in there:
        start, end = sentence.start + match.start, sentence.start + match.end
        defined = definition is not None and match.end <= definition.end()
        if any(first <= match.start < last for first, last in addresses) or around.is_part_of_a_name(text, start, end):
            continue
        tier = match.tier
        if tier == "decides" and for_reader and match.topic in (_PRACTICES | {"automated_decisions"}) - {"user_choice"}:
            tier = "suggests"  # what readers must not do with data or content is no practice of the service
        elif tier == "suggests" and not for_reader and match.topic in decided:
            tier = "decides"  # the second sign that it needs
        # what a term is said to mean is about the term
        direct = _overlaps(sentence, start, end) or ((turned or defined) and tier == "decides")
        if not direct and tier == "decides" and match.topic in _WITH_OBJECT:
            end = _end_of_object(text, sentence, end) or end
            direct = end > sentence.start + match.end
            other_object = other_object or direct
        found.append(Found(match.topic, tier, sentence.side, start, end, direct))
    if other_object or (not sentence.whole and not for_reader and _says_something(text, sentence)):
        # other data, other people or other services: what is said of training is another
        found = [one._replace(direct=True) if one.topic == "ai_training" else one for one in found]
    return found


def _named(text: str, sentence: Sentence, section: frozenset[str]) -> Iterator[Found]:
    """A law or a state that joins or leaves a list of those that give rights, a company one of recipients."""
    said = text[sentence.start : sentence.end]
    if not sentence.whole or is_sentence(said):
        return
    if "user_rights" in section:
        for law in pattern("law").finditer(said):
            start, end = (sentence.start + offset for offset in law.span())
            yield Found("user_rights", "decides", sentence.side, start, end, True)
    elif company := pattern("company").search(said):
        yield Found("data_sharing", "decides", sentence.side, sentence.start, sentence.start + company.end(), True)


def _recipients(text: str, sentence: Sentence) -> Iterator[Found]:
    """A proper name that came for another behind the word for what it is: "our hosting provider is ..."."""
    if sentence.whole:
        return
    for start, end in sentence.spans:
        lead = text[max(sentence.start, start - _LEAD) : start]
        if pattern("recipient").search(lead) and _PROPER_NAME.match(text[start:end]) and not is_duty_of_reader(lead):
            yield Found("data_sharing", "decides", sentence.side, start, end, True)


def found_by(lexicon: Lexicon, seen: Seen) -> list[Found]:
    """The phrases of another lexicon in a passage's changed words: a user's own topics."""
    found = []
    for sentence in seen.wording.sentences:
        text = (seen.passage.before if sentence.side == "before" else seen.passage.after) or ""
        for match in lexicon.matches(text[sentence.start : sentence.end]):
            start, end = sentence.start + match.start, sentence.start + match.end
            if _overlaps(sentence, start, end):
                found.append(Found(match.topic, match.tier, sentence.side, start, end, True))
    return found


def _end_of_object(text: str, sentence: Sentence, end: int) -> int | None:
    """Where the words end that came for others right behind a phrase: "we use your" and which data."""
    for first, last in sentence.spans:
        if end <= first <= end + _OBJECT_WITHIN and not sentence.whole:
            between = text[end:first]
            if not re.search(r"[.;:!?()]", between) and any(is_content(word.text) for word in words(text[first:last])):
                return last if last - first <= _OBJECT_WITHIN * 2 else None
    return None


def _says_something(text: str, sentence: Sentence) -> bool:
    return any(is_content(word.text) for start, end in sentence.spans for word in words(text[start:end]))


def is_content(word: str) -> bool:
    """Whether a word says something by itself: no article, pronoun or preposition."""
    return word[0].isalpha() and word.casefold() not in looks().words.empty and not pattern("function").fullmatch(word)


def _overlaps(sentence: Sentence, start: int, end: int) -> bool:
    """Whether a phrase is made of changed words for a good part, not only around them."""
    changed = sum(max(0, min(end, last) - max(start, first)) for first, last in sentence.spans)
    return changed >= _GOOD_PART * (end - start)


def _shape(
    changed: Wording,
    texts: Mapping[Side, str],
    section: frozenset[str],
    around: Mapping[Side, Surroundings],
    passage: Passage,
    language: str | None,
    named: bool,
) -> str:
    side: Side = "after" if texts["after"] else "before"
    text = texts[side]
    if (
        _REMAINS.search(text)
        or _in_other_letters(text, language)
        or (len(text) < BANNER and pattern("picker").search(text))
        or (len(passage.heading) <= 1 and _is_consent_dialog(text))
    ):
        return "fragment"
    row = around[side].is_row(text)
    if row and len(_FIGURE.findall(text)) >= _FIGURES:
        return "fragment"
    if not row and len(_SEPARATOR.findall(text)) >= _LINKS_IN_A_ROW and len(text) < BANNER:
        return "fragment"
    labelled = bool(_LABELLED.match(text))
    address = bool(passage.heading) and pattern("address").search(text) and not _PRICE.search(text)
    sentence = any(is_sentence(texts[one.side][one.start : one.end]) for one in changed.sentences)
    law = named and not pattern("company").search(text)
    deep = len(passage.heading) > 1
    of_company = bool(passage.heading) and bool(pattern("company").search(passage.heading[-1]))
    listed = bool(section & LISTED) or of_company or "://" in text
    in_list = (deep and named) or (labelled and bool(passage.heading) and listed)
    amid = law or (named and sentence) or in_list or not changed.sentences or _amid_prose(texts, around)
    if not row and not amid:
        return "address" if address else "fragment"
    if sentence:
        return "text"
    if row or labelled:
        return "row"
    decides = deep and any(match.tier == "decides" for match in matches(text, language))
    if decides or named or section & LISTED:
        return "entry"
    return "address" if address else "fragment"


def _amid_prose(texts: Mapping[Side, str], around: Mapping[Side, Surroundings]) -> bool:
    """On either side: what is left of a shortened sentence is no menu's entry."""
    return any(around[side].amid_prose(text) for side, text in texts.items() if text)


def _in_other_letters(text: str, language: str | None) -> bool:
    """Whether a text is in another script than the page's language is written in."""
    if text.isascii() or language not in LANGUAGES:
        return False
    letters = [character for character in text if character.isalpha()]
    latin = sum(character < "\u0250" for character in letters)
    return len(letters) >= LEAST and 2 * latin < len(letters)


def _cut_off(passage: Passage, changed: Wording) -> bool:
    """Whether one side only lacks the other's last words and stops in the middle of a sentence."""
    if not passage.before or not passage.after or len({sentence.side for sentence in changed.sentences}) != 1:
        return False
    shorter, longer = sorted((passage.before.rstrip(), passage.after.rstrip()), key=len)
    if not longer.startswith(shorter) or not shorter[-1].isalnum() or len(shorter) <= 30:
        return False
    return (longer[-1] in ".!?:;)" and longer[len(shorter)] == " ") or bool(_is_unfinished(shorter))


def _is_unfinished(text: str) -> bool:
    return any(found.end() == len(text) for found in pattern("unfinished").finditer(text, max(0, len(text) - 10)))


def _is_consent_dialog(text: str) -> bool:
    return "cookie" in text.casefold() and len(text) < 2 * BANNER and bool(pattern("consent").search(text))


def is_duty_of_reader(sentence: str) -> bool:
    """Whether a sentence says what readers must or must not do, rather than what the service does."""
    begins = pattern("duty_first").match(sentence.lstrip(" •·-–—*\t“”\"«'‘"))
    return bool(begins or pattern("reader_duties").search(sentence))
