"""The phrases in a changed sentence, and which of them the change is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeVar

from analysis.blocks import CELL
from analysis.change import Side
from analysis.diff.wording import ChangedSentence
from analysis.judging.news import News
from analysis.judging.surroundings import DEFINITION, Surroundings, is_sentence
from analysis.text.looks import is_content, may_have, pattern
from analysis.text.topics import matches
from analysis.text.words import word_texts

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
_WITH_OBJECT = DATA | {"ai_training"}  # what is said to be done is done with something
_OBJECT_WITHIN = 12  # characters behind the phrase
TURNS = frozenset({"negation", "exception"})
_GOOD_PART = 0.2  # of a phrase must be changed words
# what says nothing by its words; "www.parley.example" in a table says whose cookie it is, so spelling.py knows more
_ADDRESS = re.compile(r"\S*@\S+|\bhttps?://\S+")
_DOMAIN = re.compile(r"(?<![\w.])(?:[\w-]+\.)+ai\b(?!\.\w)")  # in a table of cookies no word about AI
_PROPER_NAME = re.compile(r"(?:(?:by|with|or|par|avec|de|ou|von|and|et|und|oder)\s)?[A-ZÀ-Þ][^\W_]+")
_NAME = r"(?:(?:and|the|of|in|et|und|y|en|aux?|l[’']|la|le|les|der|die)\s+)*[A-ZÀ-Þ][^\W_]+(?:-[^\W_]+)*"
_PROPER_NAMES = re.compile(rf"\W*{_NAME}(?:[\s,]+{_NAME})*\W*")
_NAMED_BEFORE = re.compile(r"[^.!?\s]\s+[A-ZÀ-Þ][\w-]*\s$")  # what a name goes on from
_NAMED_BEHIND = re.compile(r"\s[A-ZÀ-Þ]")  # and goes on with
_TWO_NAMES = re.compile(r"[A-ZÀ-Þ][^\W_]+(?:,\s|,?\s(?:and|or|et|ou|und|oder)\s)(?=[A-ZÀ-Þ])")
_AI_COMPANY = re.compile(
    r"(?<![\w“\"«])(?:[A-ZÀ-Þ][\w-]+ AI|[A-Z][a-z]+AI)(?![\w”\"»])"
)  # a company that says it is one of AI
# one word that is no plural, behind and before small letters: a newspaper, no defined terms
_NAME_AMID = re.compile(r"[a-zß-ÿ] [A-ZÀ-Þ][a-zß-ÿ]*[a-rt-zß-ÿ](?!\w| [A-ZÀ-Þ])")
_VALUE = re.compile(r"[\w’' -]{0,20}[:：]\s?(?:\+?\(?\d[\d ().-]{6,}|\S+@)")  # "phone number: +44 ..."
_SEPARATOR = re.compile(r"[;,]\s")
_LISTED = 2  # separators that make a list
_LEAD = 70  # characters before a name in which the word stands for what it is


class Found(NamedTuple):
    """A phrase in a changed sentence; offsets are of the passage's side. `direct`: changed words are part of it."""

    topic: str
    tier: str
    side: Side
    start: int
    end: int
    direct: bool


Place = TypeVar("Place", Found, News)


def found_in(
    text: str, sentence: ChangedSentence, section: frozenset[str], around: Surroundings, language: str | None
) -> list[Found]:
    """The phrases of a sentence, with what the sentence makes of them."""
    said = around.without_names(text[sentence.start : sentence.end])
    for_reader = is_duty_of_reader(said)
    there = matches(said, language)
    addresses = [found.span() for found in _ADDRESS.finditer(said)] if _may_have_address(said) else []
    domains = [found.span() for found in _DOMAIN.finditer(said)] if CELL in text else []
    decided = {match.topic for match in there if match.tier == "decides"} | section
    # a "not" or an "except" that comes or goes turns all that the sentence says, and so does "off" for "on"
    turned = _is_set_otherwise(text, sentence) or any(
        match.topic in TURNS and overlaps(sentence, sentence.start + match.start, sentence.start + match.end)
        for match in there
    )
    contacts = CELL in text and "user_rights" in section
    definition = DEFINITION.match(said)
    found = []
    for match in there:
        start, end = sentence.start + match.start, sentence.start + match.end
        defined = definition is not None and match.end <= definition.end()
        named = addresses + domains if match.topic in AI else addresses
        if named and any(first <= match.start < last for first, last in named):
            continue
        if match.tier == "suggests" and match.topic not in AI and _is_name(said, match.start, match.end):
            continue
        if match.topic == "data_collection" and (contacts or _VALUE.match(said, match.end)):
            continue  # whom to write to, or where: nobody's data is collected
        tier = match.tier
        if tier == "decides" and for_reader and match.topic in (_PRACTICES | {"automated_decisions"}) - {"user_choice"}:
            tier = "suggests"  # what readers must not do with data or content is no practice of the service
        elif tier == "suggests" and not for_reader and match.topic in decided:
            tier = "decides"  # the second sign that it needs
        # what a term is said to mean is about the term
        direct = overlaps(sentence, start, end) or ((turned or defined) and tier == "decides")
        if not direct and tier == "decides" and match.topic in _WITH_OBJECT:
            end = _end_of_object(text, sentence, end) or end
            direct = end > sentence.start + match.end or (not definition and _joins_list(text, sentence, end))
        found.append(Found(match.topic, tier, sentence.side, start, end, direct))
    for name in _AI_COMPANY.finditer(said) if "AI" in said else ():
        start, end = sentence.start + name.start(), sentence.start + name.end()
        if overlaps(sentence, start, end) and not around.is_own(name.group()):
            found.append(Found("ai_features", "decides", sentence.side, start, end, True))
    if not sentence.whole and not for_reader and says_something(text, sentence):
        # other data, other people or other services: what is said of training is another
        found = [one._replace(direct=True) if one.topic == "ai_training" else one for one in found]
    return found


def without_addresses(text: str) -> str:
    return _ADDRESS.sub("", text) if _may_have_address(text) else text


def _may_have_address(text: str) -> bool:
    return "@" in text or "//" in text


def _is_set_otherwise(text: str, sentence: ChangedSentence) -> bool:
    """Whether words that changed are just how something is set: "off by default", and "on" before."""
    return any(pattern("state").fullmatch(text[start:end]) for start, end in sentence.spans)


def _is_name(said: str, start: int, end: int) -> bool:
    """Whether one word is written as a name in mid-sentence: "readers of the Guardian"."""
    name = _NAME_AMID.match(said, max(0, start - 2))
    return name is not None and name.end() == end


def named_in(text: str, sentence: ChangedSentence, section: frozenset[str]) -> Iterator[Found]:
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


def recipients_in(text: str, sentence: ChangedSentence, section: frozenset[str]) -> Iterator[Found]:
    """A proper name that came or went behind the word for what it is ("our hosting provider is ..."), or in a list of
    names in a section on who gets data."""
    if sentence.whole:
        return
    for start, end in sentence.spans:
        if not _PROPER_NAME.match(text[start:end]):
            continue
        listed = "data_sharing" in section and _is_among_names(text, start, end)
        if listed or _is_behind_recipient(text[max(sentence.start, start - _LEAD) : start]):
            yield Found("data_sharing", "decides", sentence.side, start, end, True)


def _is_among_names(text: str, start: int, end: int) -> bool:
    """Whether names, and nothing else, stand beside another one; a company's legal form is none."""
    return is_name(text[start:end]) and any(
        found.start() < end and start <= found.end() and not pattern("company").match(text, found.end())
        for found in _TWO_NAMES.finditer(text, max(0, start - _LEAD), end + _LEAD)
    )


def is_name(text: str) -> bool:
    """Whether it is a proper name, or several, and nothing else."""
    return bool(_PROPER_NAMES.fullmatch(text))


def is_whole_name(text: str, start: int, end: int) -> bool:
    """Whether changed words are a name by themselves: "Ireland", no part of "Data Privacy Framework"."""
    goes_on = text[start].isupper() and _NAMED_BEFORE.search(text, 0, start)
    return is_name(text[start:end]) and not (goes_on or _NAMED_BEHIND.match(text, end))


def _is_behind_recipient(lead: str) -> bool:
    """Whether the words before a name say what it is; behind a company's name comes its address."""
    recipient = pattern("recipient").search(lead)
    return recipient is not None and not pattern("company").search(lead, recipient.end())


def places_in(text: str, sentence: ChangedSentence, found: Sequence[Found]) -> Iterator[Found]:
    """A country that joins or leaves those of which a sentence says that data goes there or is kept there."""
    if sentence.whole or not any(one.topic == "transfer" and one.tier == "decides" for one in within(sentence, found)):
        return
    for start, end in sentence.spans:
        if is_name(text[start:end]):
            yield Found("transfer", "decides", sentence.side, start, end, True)


def within(sentence: ChangedSentence, found: Iterable[Place]) -> list[Place]:
    """What of it stands in a sentence."""
    return [one for one in found if one.side == sentence.side and sentence.start <= one.start < sentence.end]


def _end_of_object(text: str, sentence: ChangedSentence, end: int) -> int | None:
    """Where the words end that came for others right behind a phrase: "we use your" and which data."""
    for first, last in sentence.spans:
        if end <= first <= end + _OBJECT_WITHIN and not sentence.whole:
            between = text[end:first]
            if not re.search(r"[.;:!?()]", between) and any(map(is_content, word_texts(text[first:last]))):
                return last if last - first <= _OBJECT_WITHIN * 2 else None
    return None


def _joins_list(text: str, sentence: ChangedSentence, end: int) -> bool:
    """Whether words joined or left the list behind a phrase and a colon: "we share with partners: your name, ..."."""
    colon = text.find(":", end, sentence.end)
    if colon < 0 or sentence.whole or len(_SEPARATOR.findall(text, colon, sentence.end)) < _LISTED:
        return False
    return says_something(text, sentence, behind=colon)


def says_something(text: str, sentence: ChangedSentence, behind: int = -1) -> bool:
    """Whether a sentence has changed words that say something by themselves, behind an offset."""
    spans = (span for span in sentence.spans if span[0] > behind)
    return any(is_content(word) for start, end in spans for word in word_texts(text[start:end]))


def overlaps(sentence: ChangedSentence, start: int, end: int) -> bool:
    """Whether a phrase is made of changed words for a good part, not only around them."""
    changed = 0
    for first, last in sentence.spans:
        if first < end and start < last:
            changed += min(end, last) - max(start, first)
    return changed >= _GOOD_PART * (end - start)


@lru_cache(maxsize=2048)
def is_duty_of_reader(sentence: str) -> bool:
    """Whether a sentence says what readers must or must not do, rather than what the service does."""
    said = sentence.lstrip(" •·-–—*\t“”\"«'‘")
    if pattern("we_act").match(said):
        return False
    if not (pattern("duty_first").match(said) or pattern("reader_duties").search(sentence)):
        return False
    return not accepts_or_gives(sentence)


@lru_cache(maxsize=2048)
def accepts_or_gives(said: str) -> bool:
    """Whether a sentence says what readers must put up with, or what of theirs they must give the service."""
    return may_have("accepted", said.casefold()) and bool(pattern("accepted").search(said))
