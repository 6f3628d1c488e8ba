"""What stands in each passage of a change: its phrases, and whether it is a policy's text at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from analysis.blocks import Page
from analysis.change import Passage, Side
from analysis.normal import normal
from analysis.spelling import pattern
from analysis.topics import Lexicon, matches, section_topics
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
_TURNS = frozenset({"negation", "exception"})
_LEAST = 6  # words; less is a heading, a button or an entry of a menu
_GOOD_PART = 0.2  # of a phrase must be changed words
_NEAR = 5  # blocks before and after
_SMALL = 12  # blocks; a page of less has no surroundings to speak of
_PROSE = 12  # words of a block that counts as prose
_PROSE_ANYWAY = 22  # also where it names no party
_ENOUGH_PROSE = 40  # words of prose in and around a block that is policy text
_TEMPLATE = 3  # times that a text comes or goes alike
_BANNER = 300  # characters; what is longer above the title is an introduction
_LABELLED = re.compile(r"[^\W\d_][\w ’'-]{2,30}\s?:\s\S")  # "Purpose: analytics"
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
    "entry" (of a list in a section about data) or "fragment" (a title, a label, an entry of a menu)."""

    passage: Passage
    wording: Wording
    shape: str
    changed_words: int
    cut: bool  # a sentence that ends in the middle on one side: text that was captured in part
    found: tuple[Found, ...] = ()
    section: frozenset[str] = frozenset()

    @property
    def real(self) -> bool:
        """Whether it is a change of the policy's wording, as far as the passage alone tells."""
        return bool(self.wording.sentences) and not self.cut


def look(passages: Sequence[Passage], before: Page, after: Page, language: str | None) -> tuple[Seen, ...]:
    """What stands in each passage of a change. Each is seen beside the others, for text moves between paragraphs."""
    around: dict[Side, Surroundings] = {"before": Surroundings(before), "after": Surroundings(after)}
    elsewhere: dict[Side, set[str]] = {"before": set(), "after": set()}
    times = Counter((passage.operation, passage.before, passage.after) for passage in passages)
    for passage in passages:
        elsewhere["before"] |= _keys(passage.before)
        elsewhere["after"] |= _keys(passage.after)
    return tuple(
        _seen(
            passage,
            _repeats(passage, around, times[passage.operation, passage.before, passage.after], language)
            or wording(passage, elsewhere["before"], elsewhere["after"]),
            around,
            language,
        )
        for passage in passages
    )


def _repeats(passage: Passage, around: Mapping[Side, Surroundings], times: int, language: str | None) -> Wording | None:
    """Why whole text that came or went is no change of the policy: the page has it elsewhere, or it is furniture."""
    if passage.operation not in ("added", "removed"):
        return None
    text, other = (passage.after, "before") if passage.after else (passage.before, "after")
    if around[other].has(text or ""):  # type: ignore[index]
        return Wording((), "the text on the other side has it, too")
    if times >= _TEMPLATE:
        return Wording((), "it stands on the page many times alike, as furniture does")
    notice = passage.before and len(passage.before) < _BANNER and not passage.heading[2:]
    if notice and any(match.topic == "notice" for match in matches(passage.before or "", language)):
        return Wording((), "a notice that has ended")
    return None


def _keys(text: str | None) -> set[str]:
    return {sentence_key(text[start:end]) for start, end in sentence_bounds(text)} if text else set()


class Surroundings:
    """Tells whether a block stands amid the prose of a policy, or amid menus, teasers and lists of links."""

    def __init__(self, page: Page) -> None:
        self._texts = [block.text for block in page.blocks]
        self._keys: frozenset[str] | None = None
        self._title = next((n for n, block in enumerate(page.blocks) if block.kind == "heading"), 0)
        self._places = {text: place for place, text in reversed(tuple(enumerate(self._texts)))}

    def has(self, text: str) -> bool:
        """Whether a block of the page says the same."""
        if self._keys is None:
            self._keys = frozenset(_block_key(block) for block in self._texts)
        return _block_key(text) in self._keys

    def amid_prose(self, text: str) -> bool:
        place = self._places.get(text.split("\n")[0])
        if place is None or len(self._texts) < _SMALL:
            return True
        if place < self._title and len(text) < _BANNER and not pattern("subject").search(text):
            return False
        near = (*self._texts[max(0, place - _NEAR) : place], *self._texts[place + 1 : place + 1 + _NEAR])
        prose = sum(_prose_words(other) for other in near)
        return prose + _prose_words(text) >= _ENOUGH_PROSE and prose > 0


@lru_cache(maxsize=8192)
def _block_key(text: str) -> str:
    return normal(text).casefold().rstrip(" .;:")


@lru_cache(maxsize=4096)
def _prose_words(text: str) -> int:
    """The number of words of a block that speaks to somebody in sentences; 0 for any other."""
    count = text.count(" ") + 1
    speaks = count >= _PROSE_ANYWAY or (count >= _PROSE and pattern("parties").search(text))
    return count if speaks and is_sentence(text) else 0


def _seen(
    passage: Passage,
    changed: Wording,
    around: Mapping[Side, Surroundings],
    language: str | None,
) -> Seen:
    texts: dict[Side, str] = {"before": passage.before or "", "after": passage.after or ""}
    section = section_topics(passage.heading, language) if changed.sentences else frozenset()
    found: list[Found] = []
    count = 0
    for sentence in changed.sentences:
        count += sum(len(words(texts[sentence.side][start:end])) for start, end in sentence.spans)
        found += _found(texts[sentence.side], sentence, section, language)
    return Seen(
        passage,
        changed,
        _shape(changed, texts, section, around, passage, language),
        count,
        _cut_off(passage, changed),
        tuple(found),
        section,
    )


def _found(text: str, sentence: Sentence, section: frozenset[str], language: str | None) -> list[Found]:
    said = text[sentence.start : sentence.end]
    for_reader = is_duty_of_reader(said)
    there = matches(said, language)
    decided = {match.topic for match in there if match.tier == "decides"} | section
    # a "not" or an "except" that comes or goes turns all that the sentence says
    turned = any(
        match.topic in _TURNS and _overlaps(sentence, sentence.start + match.start, sentence.start + match.end)
        for match in there
    )
    found = []
    for match in there:
        start, end = sentence.start + match.start, sentence.start + match.end
        tier = match.tier
        if tier == "decides" and for_reader and match.topic in _PRACTICES:
            tier = "suggests"  # what readers must not do with data or content is no practice of the service
        elif tier == "suggests" and not for_reader and match.topic in decided:
            tier = "decides"  # the second sign that it needs
        direct = _overlaps(sentence, start, end) or (turned and tier == "decides")
        found.append(Found(match.topic, tier, sentence.side, start, end, direct))
    return found


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
) -> str:
    side: Side = "after" if texts["after"] else "before"
    text = texts[side]
    if _REMAINS.search(text) or (len(passage.heading) <= 1 and _is_consent_dialog(text)):
        return "fragment"
    row = " | " in text or bool(_LABELLED.match(text))
    if not row and changed.sentences and not around[side].amid_prose(text):
        return "fragment"
    if any(is_sentence(texts[one.side][one.start : one.end]) for one in changed.sentences):
        return "text"
    if row:
        return "row"
    named = len(passage.heading) > 1 and any(match.tier == "decides" for match in matches(text, language))
    return "entry" if named or section & LISTED else "fragment"


def is_sentence(text: str) -> bool:
    """Whether a text says something, rather than name it: a menu's entries, buttons and titles do not."""
    found = words(text)
    plain = [word.text for word in found if word.text[0].isalpha()]
    if len(plain) < _LEAST:
        return False
    small = sum(word[0].islower() for word in plain)
    return len(pattern("function").findall(text)) >= 0.12 * len(plain) and small >= 0.5 * len(plain)


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
    return "cookie" in text.casefold() and len(text) < 2 * _BANNER and bool(pattern("consent").search(text))


def is_duty_of_reader(sentence: str) -> bool:
    """Whether a sentence says what readers must or must not do, rather than what the service does."""
    begins = pattern("duty_first").match(sentence.lstrip(" •·-–—*\t"))
    return bool(begins or pattern("reader_duties").search(sentence))
