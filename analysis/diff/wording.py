"""Which words of a passage changed in meaning, and in which sentences."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from analysis.model import Passage
from analysis.text.dates import is_term
from analysis.text.normal import TICKS
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.spelling import (
    ADDRESS,
    AGO,
    DATE,
    KeyedWords,
    keyed_words,
    misspelt,
)
from analysis.text.times import times_in
from analysis.text.word_lists import irregular_forms, word_lists
from analysis.text.words import Edit, edits, without_islands
from foundation.vocabulary import Side

_GLUED = re.compile(
    r"(20\d\d)(?=[A-Z]|\d{1,2}\s?min)"
)  # "2024Updated", two parts of one line
_LONGEST_STAMP = 10  # words
_STEM = 5  # letters that make two forms one word
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SHORT_FORM = 8  # letters
_NAMES = re.compile(r"[^\W\d_]+")
_HERE = ("here", "ici", "hier", "aquí")  # words of links
_SHORT_KEY = 25  # characters; shorter sentences recur by chance
# somebody else acts
_ACTORS = frozenset(
    (("you", "we"), ("we", "you"), ("vous", "nous"), ("nous", "vous"))
)

_Span = tuple[int, int]
_Mailbox = tuple[str, _Span]


@dataclass(frozen=True, eq=False, slots=True)  # compared and hashed by identity
class ChangedSentence:
    """Offsets into its side. `whole`: all of it is new or gone."""

    side: Side
    start: int
    end: int
    spans: tuple[_Span, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences whose meaning may differ; else `cosmetic` is the code of the difference."""

    sentences: tuple[ChangedSentence, ...]
    cosmetic: str | None = None


def wording(
    passage: Passage,
    elsewhere_before: Collection[str] = (),
    elsewhere_after: Collection[str] = (),
) -> Wording:
    """The keys of sentences in the other changed places: a sentence that moved between paragraphs is no change."""
    if passage.operation == "moved":
        # elsewhere the same words may mean something else
        return (
            _one_sided(passage, ())
            if passage.former
            else Wording((), "looks.moved")
        )
    if not passage.before or not passage.after:
        return _one_sided(
            passage, elsewhere_before if passage.after else elsewhere_after
        )
    before, after = passage.before, passage.after
    if all(
        _is_stamp(keyed_words(_GLUED.sub(r"\1 ", text)).keys)
        for text in (before, after)
    ):
        return Wording((), "looks.stamp")
    b, a = keyed_words(before), keyed_words(after)
    substantive, cosmetic = [], None
    for run in without_islands(edits(b.keys, a.keys)):
        if run.same:
            continue
        reason = _cosmetic_reason(run, b, a) or _abbreviation(
            run, b, before, a, after
        )
        if reason == "looks.date" and (
            _are_terms(before, b.starts[run.b0 : run.b1])
            and _are_terms(after, a.starts[run.a0 : run.a1])
        ):
            reason = None
        if reason is None:
            substantive.append(run)
        cosmetic = cosmetic or reason
    gone, came = _other_mailboxes(_mailboxes(before, b), _mailboxes(after, a))
    if not (substantive or came):
        other_address = _addresses(before, b) != _addresses(after, a)
        return Wording(
            (),
            cosmetic or ("looks.address" if other_address else "looks.punctuation"),
        )
    if came:  # it would be found elsewhere
        elsewhere_before = elsewhere_after = ()
    elif reason := _same_in_other_form(substantive, b, a) or _same_times(
        passage, substantive, b, a
    ):
        return Wording((), reason)
    b_words = sorted(
        [span for run in substantive for span in b.spans(run.b0, run.b1)] + gone
    )
    a_words = sorted(
        [span for run in substantive for span in a.spans(run.a0, run.a1)] + came
    )
    sentences = (
        *_changed_sentences("before", before, b_words, elsewhere_after),
        *_changed_sentences("after", after, a_words, elsewhere_before),
    )
    return Wording(sentences, None if sentences else "looks.elsewhere")


def _one_sided(passage: Passage, other_side: Collection[str]) -> Wording:
    words = keyed_words(passage.text)
    if _is_stamp(words.keys):
        return Wording((), "looks.stamp")
    if _addresses(passage.text, words) and " ".join(words.keys) in other_side:
        return Wording((), "looks.address")
    spans = list(words.spans(0, len(words.keys)))
    sentences = _changed_sentences(
        passage.side, passage.text, spans, other_side, all_changed=True
    )
    return Wording(sentences, None if sentences else "looks.all_elsewhere")


def _mailboxes(text: str, words: KeyedWords) -> list[_Mailbox]:
    spans = (
        (text[start:end].casefold(), (start, end))
        for start, end in _places_of(words, ADDRESS)
    )
    return [mailbox for mailbox in spans if _MAILBOX.fullmatch(mailbox[0])]


def _other_mailboxes(
    was: Sequence[_Mailbox], now: Sequence[_Mailbox]
) -> tuple[list[_Span], list[_Span]]:
    """A new contact is news, unless merely obfuscated or glued to a word."""
    if len(was) != len(now):
        return [], []
    others = [
        (gone, came)
        for (old, gone), (new, came) in zip(was, now, strict=True)
        if not (old.startswith(new) or new.startswith(old))
    ]
    return [gone for gone, _ in others], [came for _, came in others]


def _addresses(text: str, words: KeyedWords) -> list[str]:
    """And relative dates, which comparison by keys takes for equal."""
    return [text[start:end] for start, end in _places_of(words, ADDRESS, AGO)]


def _places_of(words: KeyedWords, *keys: str) -> Iterator[_Span]:
    if not any(key in words.keys for key in keys):
        return iter(())  # as in most texts
    spans = zip(words.keys, words.spans(0, len(words.keys)), strict=True)
    return (span for key, span in spans if key in keys)


def stem(key: str) -> str:
    """Of "protects" and "protected", "d'autres" and "autre"."""
    if not key.isalpha():
        return key
    single = key.rstrip("s") or key
    return irregular_forms().get(single, single)[:_STEM]


def _same_in_other_form(
    runs: Sequence[Edit], b: KeyedWords, a: KeyedWords
) -> str | None:
    """Both sides' changed words differ only in order, form and small words."""
    gone = [key for run in runs for key in b.keys[run.b0 : run.b1]]
    came = [key for run in runs for key in a.keys[run.a0 : run.a1]]
    known = word_lists()
    if not (known.reversing | known.negations).isdisjoint((*gone, *came)):
        return None
    stems = [
        Counter(stem(key) for key in keys if key not in known.empty)
        for keys in (gone, came)
    ]
    return "looks.order" if stems[0] == stems[1] else None


def _same_times(
    passage: Passage, runs: Sequence[Edit], b: KeyedWords, a: KeyedWords
) -> str | None:
    """ "60 days", "two months"."""
    b_times, a_times = times_in(passage.before or ""), times_in(passage.after or "")
    if not b_times or Counter(time.days for time in b_times) != Counter(
        time.days for time in a_times
    ):
        return None
    b_starts = [start for run in runs for start in b.starts[run.b0 : run.b1]]
    a_starts = [start for run in runs for start in a.starts[run.a0 : run.a1]]
    inside = all(
        any(time.start <= start < time.end for time in times)
        for starts, times in ((b_starts, b_times), (a_starts, a_times))
        for start in starts
    )
    return "looks.time" if inside else None


class KeyedSentence(NamedTuple):
    """Its bounds, and the keys of its words."""

    start: int
    end: int
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """Equal for sentences that say the same."""
        return " ".join(self.keys)


@lru_cache(maxsize=2048)
def keyed_sentences(text: str) -> tuple[KeyedSentence, ...]:
    """With the bounds of `keyed_words`."""
    words = keyed_words(text)
    sentences = []
    for start, end in sentence_bounds(text):
        first = bisect_right(words.ends, start)
        last = bisect_right(words.ends, end)
        # a date that crosses the end of a sentence is not part of it
        crossed = (first < last and words.starts[first] < start) or bisect_left(
            words.starts, end
        ) > last
        keys = (
            keyed_words(text[start:end]).keys if crossed else words.keys[first:last]
        )
        sentences.append(KeyedSentence(start, end, keys))
    return tuple(sentences)


def _cosmetic_reason(run: Edit, b: KeyedWords, a: KeyedWords) -> str | None:
    """None if the edit changes meaning."""
    gone, came = b.keys[run.b0 : run.b1], a.keys[run.a0 : run.a1]
    keys, known = {*gone, *came}, word_lists()
    if keys <= {ADDRESS, AGO}:
        return "looks.address"
    if all(key.startswith(DATE) for key in keys):
        return "looks.date"
    if "".join(gone).replace(" ", "") == "".join(came).replace(" ", ""):
        return "looks.spelling"
    if keys & {ADDRESS, *_HERE} and keys <= {ADDRESS} | known.link:
        return "looks.link"
    if keys & (known.negations | set(TICKS.values())) or (*gone, *came) in _ACTORS:
        return None
    if keys <= known.empty:
        return "looks.empty_words"
    if len(gone) == len(came) and all(
        misspelt(x, y) for x, y in zip(gone, came, strict=True)
    ):
        return "looks.spelling"
    if _is_repetition(run, b, a):
        return "looks.repeated"
    if _are_section_numbers(run, b, a):
        return "looks.number"
    return None


def _are_terms(text: str, starts: Sequence[int]) -> bool:
    return bool(starts) and all(is_term(text, start) for start in starts)


def _abbreviation(
    run: Edit, b: KeyedWords, before: str, a: KeyedWords, after: str
) -> str | None:
    """ "the General Data Protection Regulation (GDPR)"."""
    words, text, first, last = (
        (b, before, run.b0, run.b1)
        if run.a0 == run.a1
        else (a, after, run.a0, run.a1)
    )
    if last - first != 1 or (run.a0 != run.a1 and run.b0 != run.b1):
        return None
    start, end = words.starts[first], words.ends[first]
    short = text[start:end]
    if not (
        2 <= len(short) <= _SHORT_FORM
        and short.isupper()
        and text[start - 1 : start] == "("
    ):
        return None
    names = [
        word
        for word in _NAMES.findall(text[max(0, start - 20 * len(short)) : start])
        if word[0].isupper()
    ]
    return (
        "looks.short_form"
        if "".join(name[0] for name in names[-len(short) :]) == short
        else None
    )


def _is_stamp(keys: Sequence[str]) -> bool:
    """ "Last updated" and a date, nothing else."""
    if len(keys) > _LONGEST_STAMP:
        return False
    rest = [key for key in keys if not (key.startswith(DATE) or key == AGO)]
    dated = len(rest) < len(keys) or any(
        re.fullmatch(r"20\d\d", key) for key in rest
    )
    beside = word_lists().stamp | word_lists().empty
    return dated and all(key in beside or key.isdigit() for key in rest)


def _is_repetition(run: Edit, b: KeyedWords, a: KeyedWords) -> bool:
    """A slip came or was mended."""
    keys, start, end = (
        (b.keys, run.b0, run.b1) if run.a0 == run.a1 else (a.keys, run.a0, run.a1)
    )
    if run.a0 != run.a1 and run.b0 != run.b1:
        return False
    count = end - start
    beside = (
        keys[first : first + count]
        for first in (start - count, end, end + 1)
        if first >= 0
    )
    return any(keys[start:end] == other for other in beside)


def _are_section_numbers(run: Edit, b: KeyedWords, a: KeyedWords) -> bool:
    sections = word_lists().section
    keys = (*b.keys[run.b0 : run.b1], *a.keys[run.a0 : run.a1])
    if not all(
        key in sections or re.fullmatch(r"\d{1,3}[a-z]?|[ivx]+|[a-h]", key)
        for key in keys
    ):
        return False
    near = {
        *b.keys[max(0, run.b0 - 4) : run.b0],
        *a.keys[max(0, run.a0 - 4) : run.a0],
    }
    # "l'article 8": the article is part of the word
    return (
        any(key in sections or key[1:] in sections for key in near)
        or run.b0 == run.a0 == 0
    )


def _changed_sentences(
    side: Side,
    text: str,
    changed: Sequence[_Span],
    elsewhere: Collection[str],
    *,
    all_changed: bool = False,
) -> tuple[ChangedSentence, ...]:
    sentences = []
    starts = [start for start, _ in changed]
    for start, end, keys in keyed_sentences(text) if changed else ():
        inside = changed[bisect_left(starts, start) : bisect_left(starts, end)]
        key = " ".join(keys)
        if not inside or (key in elsewhere and len(key) > _SHORT_KEY):
            continue
        whole = all_changed or len(inside) >= 0.8 * len(key.split())
        sentences.append(ChangedSentence(side, start, end, _joined(inside), whole))
    return tuple(sentences)


def _joined(spans: Sequence[_Span]) -> tuple[_Span, ...]:
    joined: list[_Span] = []
    for start, end in spans:
        if joined and start - joined[-1][1] <= 2:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
