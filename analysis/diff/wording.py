"""Which words of a passage changed in more than their looks, and in which sentences they stand."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from analysis.model import Passage, Side
from analysis.text.looks import irregular, looks
from analysis.text.normal import TICKS
from analysis.text.sentence_ends import sentence_bounds
from analysis.text.spelling import ADDRESS, AGO, DATE, Keyed, keyed_words, misspelt
from analysis.text.times import times_in
from analysis.text.words import Edit, edits, without_islands

_GLUED = re.compile(r"(20\d\d)(?=[A-Z]|\d{1,2}\s?min)")  # "2024Updated", of two parts of one line
_LONGEST_STAMP = 10  # words
_STEM = 5  # letters by which two forms of one word are taken for the same
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESS_ALONE = "looks.address"
_SHORT_FORM = 8  # letters
_NAMES = re.compile(r"[^\W\d_]+")
_HERE = ("here", "ici", "hier", "aquí")  # the words of a link
# one for the other: somebody else does it
_ACTORS = frozenset((("you", "we"), ("we", "you"), ("vous", "nous"), ("nous", "vous")))


@dataclass(frozen=True, eq=False, slots=True)  # itself only, so that what it says is quickly found again
class ChangedSentence:
    """A sentence with changed words, as offsets into its side of the passage. `whole`: all of it is new or gone."""

    side: Side
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    whole: bool


_Span = tuple[int, int]
_Mailbox = tuple[str, _Span]


@dataclass(frozen=True, slots=True)
class Wording:
    """What of a passage differs in more than looks; `looks` is the code of why, where nothing does."""

    sentences: tuple[ChangedSentence, ...]
    looks: str | None = None


def wording(passage: Passage, elsewhere_before: Collection[str] = (), elsewhere_after: Collection[str] = ()) -> Wording:
    """The changed sentences of a passage.

    `elsewhere_before` and `elsewhere_after` hold the sentences (by their keys) of the other changed places on each
    side: a sentence that went from one paragraph to another is no change.
    """
    if passage.operation == "moved":
        return Wording((), "looks.moved")
    before, after = passage.before or "", passage.after or ""
    b, a = keyed_words(before), keyed_words(after)
    if not passage.before or not passage.after:
        if _is_stamp((a if passage.after else b).keys):
            return Wording((), "looks.stamp")
        side = passage.side
        text, words, other = (after, a, elsewhere_before) if passage.after else (before, b, elsewhere_after)
        if _addresses(text, words) and " ".join(words.keys) in other:
            return Wording((), _ADDRESS_ALONE)
        found = _changed_sentences(side, text, list(words.spans(0, len(words.keys))), other)
        return Wording(found, None if found else "looks.all_elsewhere")
    if all(_is_stamp(keyed_words(_GLUED.sub(r"\1 ", text)).keys) for text in (before, after)):
        return Wording((), "looks.stamp")
    runs = without_islands(edits(b.keys, a.keys))
    real, why = [], None
    for run in runs:
        if run.same:
            continue
        reason = _only_looks(run, b, a) or _abbreviated(run, b, before, a, after)
        if reason is None:
            real.append(run)
        else:
            why = why or reason
    gone, came = _other_mailboxes(_mailboxes(before, b), _mailboxes(after, a))
    if came:  # the sentence is the same by its keys, and would be found elsewhere
        elsewhere_before = elsewhere_after = ()
    if not (real or came):
        other_address = _addresses(before, b) != _addresses(after, a)
        form = _ADDRESS_ALONE if other_address else "looks.punctuation"
        return Wording((), why or form)
    if not came and (reason := _same_in_other_form(real, b, a) or _same_times(passage, real, b, a)):
        return Wording((), reason)
    b_words = sorted([span for run in real for span in b.spans(run.b0, run.b1)] + gone)
    a_words = sorted([span for run in real for span in a.spans(run.a0, run.a1)] + came)
    # a place where words only went or only came marks the sentence of the other side, too
    sentences = (
        *_changed_sentences("before", before, b_words, elsewhere_after, count=len(b.keys)),
        *_changed_sentences("after", after, a_words, elsewhere_before, count=len(a.keys)),
    )
    return Wording(sentences, None if sentences else "looks.elsewhere")


def _mailboxes(text: str, words: Keyed) -> list[_Mailbox]:
    """The addresses of e-mail that a text shows, and where."""
    spans = ((text[start:end].casefold(), (start, end)) for start, end in _places_of(words, ADDRESS))
    return [each for each in spans if _MAILBOX.fullmatch(each[0])]


def _other_mailboxes(was: Sequence[_Mailbox], now: Sequence[_Mailbox]) -> tuple[list[_Span], list[_Span]]:
    """Where one came for another. Whom people write to is news; what a page hides from robots, or glues to it, is
    none."""
    if len(was) != len(now):
        return [], []
    others = [
        (gone, came)
        for (old, gone), (new, came) in zip(was, now, strict=True)
        if not (old.startswith(new) or new.startswith(old))
    ]
    return [gone for gone, _ in others], [came for _, came in others]


def _addresses(text: str, words: Keyed) -> list[str]:
    """The addresses and relative dates of a text, which are all alike to a comparison by keys."""
    return [text[start:end] for start, end in _places_of(words, ADDRESS, AGO)]


def _places_of(words: Keyed, *keys: str) -> Iterator[_Span]:
    if not any(key in words.keys for key in keys):
        return iter(())  # as in most texts
    spans = zip(words.keys, words.spans(0, len(words.keys)), strict=True)
    return (span for key, span in spans if key in keys)


def stem(key: str) -> str:
    """What the forms of a word have in common, by and large: "protects" and "protected", "d'autres" and "autre"."""
    if not key.isalpha():
        return key
    single = key.rstrip("s") or key
    return irregular().get(single, single)[:_STEM]


def _same_in_other_form(real: Sequence[Edit], b: Keyed, a: Keyed) -> str | None:
    """Whether the changed words of both sides are the same but for their order, their forms and small words."""
    gone = [key for run in real for key in b.keys[run.b0 : run.b1]]
    came = [key for run in real for key in a.keys[run.a0 : run.a1]]
    known = looks().words
    if not known.turning.isdisjoint((*gone, *came)) or not known.negations.isdisjoint((*gone, *came)):
        return None
    stems = [Counter(stem(key) for key in keys if key not in known.empty) for keys in (gone, came)]
    return "looks.order" if stems[0] == stems[1] else None


def _same_times(passage: Passage, real: Sequence[Edit], b: Keyed, a: Keyed) -> str | None:
    """Whether a length of time is only written in another way: "60 days" and "two months"."""
    b_times, a_times = times_in(passage.before or ""), times_in(passage.after or "")
    if not b_times or Counter(time.days for time in b_times) != Counter(time.days for time in a_times):
        return None
    inside = all(
        any(time.start <= start < time.end for time in times)
        for words, times, spans in (
            (b, b_times, [(run.b0, run.b1) for run in real]),
            (a, a_times, [(run.a0, run.a1) for run in real]),
        )
        for first, last in spans
        for start in words.starts[first:last]
    )
    return "looks.time" if inside else None


class KeyedSentence(NamedTuple):
    """Where a sentence starts and ends, and the keys of its words: those that it has alone."""

    start: int
    end: int
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """What two sentences have in common that say the same."""
        return " ".join(self.keys)


@lru_cache(maxsize=2048)
def keyed_sentences(text: str) -> tuple[KeyedSentence, ...]:
    """The sentences of a text, whose words are not looked for again."""
    words = keyed_words(text)
    found = []
    for start, end in sentence_bounds(text):
        first = bisect_right(words.ends, start)
        last = bisect_right(words.ends, end)
        torn = (first < last and words.starts[first] < start) or bisect_left(words.starts, end) > last
        # a date that goes on behind the end of a sentence is no date of the sentence
        of_sentence = keyed_words(text[start:end]).keys if torn else words.keys[first:last]
        found.append(KeyedSentence(start, end, of_sentence))
    return tuple(found)


def _only_looks(run: Edit, b: Keyed, a: Keyed) -> str | None:
    """Why an edit is none of the wording; None if it is one."""
    gone, came = b.keys[run.b0 : run.b1], a.keys[run.a0 : run.a1]
    if {*gone, *came} <= {ADDRESS, AGO}:
        return _ADDRESS_ALONE
    if all(key.startswith(DATE) for key in (*gone, *came)):
        return "looks.date"
    if "".join(gone).replace(" ", "") == "".join(came).replace(" ", ""):
        return "looks.spelling"
    if {ADDRESS, *_HERE} & {*gone, *came} and {*gone, *came} <= {ADDRESS} | looks().words.link:
        return "looks.link"
    if {*gone, *came} & (looks().words.negations | set(TICKS.values())):
        return None
    if (*gone, *came) in _ACTORS:
        return None
    if all(key in looks().words.empty for key in (*gone, *came)):
        return "looks.empty_words"
    if len(gone) == len(came) and all(misspelt(x, y) for x, y in zip(gone, came, strict=True)):
        return "looks.spelling"
    if _repeated(run, b, a):
        return "looks.repeated"
    if _numbers_of_sections(run, b, a, gone, came):
        return "looks.number"
    return None


def _abbreviated(run: Edit, b: Keyed, before: str, a: Keyed, after: str) -> str | None:
    """Whether the short form of a name came or went behind it: "the General Data Protection Regulation (GDPR)"."""
    words, text, first, last = (b, before, run.b0, run.b1) if run.a0 == run.a1 else (a, after, run.a0, run.a1)
    if last - first != 1 or (run.a0 != run.a1 and run.b0 != run.b1):
        return None
    start, end = words.starts[first], words.ends[first]
    short = text[start:end]
    if not (2 <= len(short) <= _SHORT_FORM and short.isupper() and text[start - 1 : start] == "("):
        return None
    names = [word for word in _NAMES.findall(text[max(0, start - 20 * len(short)) : start]) if word[0].isupper()]
    return "looks.short_form" if "".join(name[0] for name in names[-len(short) :]) == short else None


def _is_stamp(keys: Sequence[str]) -> bool:
    """Whether a text is no more than "Last updated" and a date."""
    if len(keys) > _LONGEST_STAMP:
        return False
    dates = sum(key.startswith(DATE) or key == AGO or bool(re.fullmatch(r"20\d\d", key)) for key in keys)
    return dates > 0 and all(
        key in looks().words.stamp or key in looks().words.empty or key.startswith(DATE) or key == AGO or key.isdigit()
        for key in keys
    )


def _repeated(run: Edit, b: Keyed, a: Keyed) -> bool:
    """Whether the words stand once more right beside: somebody mended a slip of the pen, or made one."""
    keys, start, end = (b.keys, run.b0, run.b1) if run.a0 == run.a1 else (a.keys, run.a0, run.a1)
    if run.a0 != run.a1 and run.b0 != run.b1:
        return False
    count = end - start
    mine = keys[start:end]
    beside = (keys[first : first + count] for first in (start - count, end, end + 1) if first >= 0)
    return any(mine == other for other in beside)


def _numbers_of_sections(run: Edit, b: Keyed, a: Keyed, gone: Sequence[str], came: Sequence[str]) -> bool:
    sections = looks().words.section
    if not all(key in sections or re.fullmatch(r"\d{1,3}[a-z]?|[ivx]+|[a-h]", key) for key in (*gone, *came)):
        return False
    near = {*b.keys[max(0, run.b0 - 4) : run.b0], *a.keys[max(0, run.a0 - 4) : run.a0]}
    first = run.b0 == 0 and run.a0 == 0
    # "l'article 8": the article before it is part of the word
    return any(key in sections or key[1:] in sections for key in near) or first


def _changed_sentences(
    side: Side, text: str, changed: Sequence[tuple[int, int]], elsewhere: Collection[str], count: int | None = None
) -> tuple[ChangedSentence, ...]:
    if not changed:
        return ()
    found = []
    k = 0
    for one in keyed_sentences(text):
        start, end = one.start, one.end
        while k < len(changed) and changed[k][0] < start:
            k += 1
        first = k
        while k < len(changed) and changed[k][0] < end:
            k += 1
        if first == k:
            continue
        key = one.key
        if key in elsewhere and len(key) > 25:
            continue
        spans = _joined_spans(changed[first:k])
        whole = count is None or k - first >= 0.8 * len(key.split())
        found.append(ChangedSentence(side, start, end, spans, whole))
    return tuple(found)


def _joined_spans(changed: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for start, end in changed:
        if spans and start - spans[-1][1] <= 2:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)
