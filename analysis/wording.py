"""Which words of a passage changed in more than their looks, and in which sentences they stand."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from analysis.change import Passage, Side
from analysis.dates import dates_in
from analysis.normal import normal
from analysis.words import Edit, Word, edits, without_islands, words

_ADDRESS = r"(?:data:image/|https?://|www\.)[^\s<>\"”»)\]]+|\[email\s?protected\]\S*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_PIECES = re.compile(rf"(?P<address>{_ADDRESS})", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?:(?:\d+|an?|one|un|une|einem|einer|hace)\s+)?(?:second|minute|hour|day|week|month|year|seconde|heure|jour|semaine|mois|an|année|"
    r"tag|woche|monat|jahr|día|mes|año)(?:s|es|en|e|n)?\s+ago\b|\bil y a\s+\w+\s+\w+|\bvor\s+\w+\s+(?:tag|woche|monat|jahr|stunde)\w*|\bhace\s+\w+\s+\w+",
    re.IGNORECASE,
)
# one way of writing of the two that English has
_BRITISH = (
    (re.compile(r"(\w{3,})is(e|es|ed|ing|ation|ations|er|ers)$"), r"\1iz\2"),
    (re.compile(r"(\w+)ys(e|es|ed|ing|er|ers)$"), r"\1yz\2"),
    (re.compile(r"^(behavi|col|fav|hon|lab|neighb|endeav|rum|hum|harb|vig)our"), r"\1or"),
    (re.compile(r"^(cent|theat|met|fib|lit)re(s?)$"), r"\1er\2"),
    (re.compile(r"^(licen|defen|offen|preten)ce"), r"\1se"),
    (re.compile(r"^practise"), "practice"),
    (re.compile(r"(\w+)ll(ed|ing|er|ers|ation)$"), r"\1l\2"),
    (re.compile(r"^program(?:me|m)(s?)$"), r"program\1"),
    (re.compile(r"^(judg|acknowledg)ement"), r"\1ment"),
    (re.compile(r"^(fulfi|enro|insta|ski)ll?"), r"\1l"),
    (re.compile(r"^catalogue"), "catalog"),
    (re.compile(r"^cheque"), "check"),
    (re.compile(r"^grey$"), "gray"),
    (re.compile(r"^(towards|afterwards|whilst|amongst)$"), lambda found: {"towards": "toward", "afterwards": "afterward", "whilst": "while", "amongst": "among"}[found[1]]),
)  # fmt: skip
_SHORT_FORMS = {
    "im": "i am", "youre": "you are", "theyre": "they are", "weve": "we have", "youve": "you have", "theyve": "they have",
    "youll": "you will", "theyll": "they will", "wont": "will not", "dont": "do not", "doesnt": "does not",
    "didnt": "did not", "isnt": "is not", "arent": "are not", "wasnt": "was not", "werent": "were not", "cant": "can not",
    "cannot": "can not", "couldnt": "could not", "shouldnt": "should not", "wouldnt": "would not", "thats": "that is",
    "heres": "here is", "whos": "who is", "havent": "have not", "hasnt": "has not", "hadnt": "had not",
}  # fmt: skip
# these are other words where the apostrophe is not written
_SHORT_IF_WRITTEN = {
    "were": "we are",
    "well": "we will",
    "ill": "i will",
    "lets": "let us",
    "its": "its",
    "id": "i would",
}
_MOJIBAKE = (
    ("â€™", "'"),
    ("â€˜", "'"),
    ("â€œ", '"'),
    ("â€\x9d", '"'),
    ("â€“", "-"),
    ("Ã©", "é"),
    ("Ã¨", "è"),
    ("Ã ", "à"),
    ("Â", ""),
)
_SECTION = frozenset(
    "section sections clause clauses article articles paragraph paragraphs point points chapter annex exhibit schedule step "
    "paragraphe paragraphes chapitre annexe étape alinéa abschnitt absatz ziffer artikel nr sección cláusula artículo apartado".split()
)
# words without which a sentence says the same
_EMPTY = frozenset(
    "a an the this that these those its their our of in on at to for by with from as and or also such any all other etc e g i "
    "our you we it is are be below above following herein thereof please respectively well "
    "le la les l un une des du de d ce cet cette ces et ou à au aux en dans sur par pour notre nos votre vos ainsi que qui "
    "der die das den dem des ein eine und oder zu im am el los las y o".split()
)
_STAMP = frozenset(
    "last updated update modified revised effective version date dated posted published changed amended since previous current see "
    "dernière mise mises jour modification modifiée révision entrée vigueur prise effet publié publiée "
    "stand zuletzt aktualisiert gültig ab version letzte änderung última actualización vigente desde fecha modificación".split()
)
_NEGATIONS = frozenset(
    "not no never without non ne pas jamais aucun aucune sans nicht kein keine nie ohne nunca sin unless except sauf".split()
)
_SENTENCE_END = re.compile(
    r"(?<=[.!?;])[\"”»')\]]*\s+(?=[\"“«(\[]?[A-ZÀ-Þ0-9•·\-–])|\n|\s\|\s|\s[•·▪]\s|(?<=[:;])\s+(?=\([a-z0-9]{1,3}\)|[-–•])"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|inc|ltd|no|art|al|par|p|ex|vs|st|cf|approx|corp|co|u\.s|u\.k|n)\.|\b[A-Z]\.)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with changed words, as offsets into its side of the passage. `whole`: all of it is new or gone."""

    side: Side
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Wording:
    """What of a passage differs in more than looks; `looks` says why where nothing does."""

    sentences: tuple[Sentence, ...]
    looks: str | None = None


def wording(passage: Passage, elsewhere_before: Collection[str] = (), elsewhere_after: Collection[str] = ()) -> Wording:
    """The changed sentences of a passage.

    `elsewhere_before` and `elsewhere_after` hold the sentences (by `sentence_key`) of the other changed places on
    each side: a sentence that went from one paragraph to another is no change.
    """
    if passage.operation == "moved":
        return Wording((), "it stands elsewhere, word for word")
    before, after = passage.before or "", passage.after or ""
    b, a = keyed_words(before), keyed_words(after)
    if not passage.before or not passage.after:
        if _is_stamp([key for _, key in a or b]):
            return Wording((), "only a date of the document")
        side: Side = "after" if passage.after else "before"
        text, tokens, other = (after, a, elsewhere_before) if passage.after else (before, b, elsewhere_after)
        found = _changed_sentences(side, text, [word for word, _ in tokens], other)
        return Wording(found, None if found else "every sentence of it stands elsewhere on the page")
    runs = without_islands(edits([key for _, key in b], [key for _, key in a]))
    real, looks = [], None
    for run in runs:
        if run.same:
            continue
        reason = _only_looks(run, b, a)
        if reason is None:
            real.append(run)
        else:
            looks = looks or reason
    if not real:
        return Wording((), looks or "only punctuation, case or white space differs")
    b_words = [b[i][0] for run in real for i in range(run.b0, run.b1)]
    a_words = [a[j][0] for run in real for j in range(run.a0, run.a1)]
    # a place where words only went or only came marks the sentence of the other side, too
    sentences = (
        *_changed_sentences("before", before, b_words, elsewhere_after, count=len(b)),
        *_changed_sentences("after", after, a_words, elsewhere_before, count=len(a)),
    )
    return Wording(sentences, None if sentences else "its sentences stand elsewhere on the page")


def sentence_bounds(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text start and end; the cells of a table row count as sentences."""
    bounds, start = [], 0
    for found in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text[start : found.start()]) and "\n" not in found.group() and "|" not in found.group():
            continue
        bounds.append((start, found.start()))
        start = found.end()
    bounds.append((start, len(text)))
    return [(first, last) for first, last in bounds if text[first:last].strip()]


def sentence_key(sentence: str) -> str:
    """What two sentences have in common that say the same in the same words."""
    return " ".join(key for _, key in keyed_words(sentence))


@lru_cache(maxsize=2048)
def keyed_words(text: str) -> tuple[tuple[Word, str], ...]:
    """The words of a text, each with what it is compared by: spelling, addresses and dates made one."""
    for broken, meant in _MOJIBAKE:
        if broken in text:
            # keeps the length, so that offsets hold
            text = text.replace(
                broken,
                meant.ljust(len(broken)) if len(broken) <= 2 else (meant + "\u200b" * (len(broken) - len(meant))),
            )
    taken: list[tuple[int, int, str]] = [(found.start(), found.end(), "@") for found in _PIECES.finditer(text)]
    taken += [(named.start, named.end, f"date:{named.day}") for named in dates_in(text, "dmy") if named.day]
    taken += [(found.start(), found.end(), "ago") for found in _RELATIVE.finditer(text)]
    taken.sort()
    keyed: list[tuple[Word, str]] = []
    at = 0
    for start, end, key in [*taken, (len(text), len(text), "")]:
        if start < at:
            continue
        keyed += _plain(text, at, start)
        if key:
            keyed.append((Word(text[start:end], start, end), key))
        at = end
    return tuple(keyed)


def _plain(text: str, start: int, end: int) -> list[tuple[Word, str]]:
    found = []
    for word in words(text[start:end]):
        key = _key(word.text)
        if key:
            found.append((Word(word.text, word.start + start, word.end + start), key))
    return found


@lru_cache(maxsize=16384)
def _key(word: str) -> str:
    plain = normal(word)
    key = plain.casefold().replace("'", "").replace("\u200b", "")
    if not key or not (key[0].isalnum() or key in "%$€£"):
        return ""
    key = _SHORT_FORMS.get(key, key)
    if "'" in plain:
        key = _SHORT_IF_WRITTEN.get(key, key)
    for pattern, american in _BRITISH:
        changed = pattern.sub(american, key)
        if changed != key:
            return changed
    return key


def _only_looks(run: Edit, b: tuple[tuple[Word, str], ...], a: tuple[tuple[Word, str], ...]) -> str | None:
    """Why an edit is none of the wording; None if it is one."""
    gone, came = [key for _, key in b[run.b0 : run.b1]], [key for _, key in a[run.a0 : run.a1]]
    if {*gone, *came} <= {"@", "ago"}:
        return "only an address or a relative date differs"
    if all(key.startswith("date:") for key in (*gone, *came)):
        return "only a date differs"
    if "".join(gone).replace(" ", "") == "".join(came).replace(" ", ""):
        return "only the spelling differs"
    if {*gone, *came} & _NEGATIONS:
        return None
    if all(key in _EMPTY for key in (*gone, *came)):
        return "only words that carry no meaning differ"
    if len(gone) == len(came) and all(_misspelt(x, y) for x, y in zip(gone, came, strict=True)):
        return "only the spelling differs"
    if _repeated(run, b, a):
        return "only a repeated word differs"
    if _numbers_of_sections(run, b, a, gone, came):
        return "only the number of a section or note differs"
    return None


def _is_stamp(keys: list[str]) -> bool:
    """Whether a text is no more than "Last updated" and a date."""
    dates = sum(key.startswith("date:") or key == "ago" or bool(re.fullmatch(r"20\d\d", key)) for key in keys)
    return (
        dates > 0
        and len(keys) <= 10
        and all(
            key in _STAMP or key in _EMPTY or key.startswith("date:") or key == "ago" or key.isdigit() for key in keys
        )
    )


def _repeated(run: Edit, b: tuple[tuple[Word, str], ...], a: tuple[tuple[Word, str], ...]) -> bool:
    """Whether the words stand once more right beside: somebody mended a slip of the pen, or made one."""
    tokens, start, end = (b, run.b0, run.b1) if run.a0 == run.a1 else (a, run.a0, run.a1)
    if run.a0 != run.a1 and run.b0 != run.b1:
        return False
    count = end - start
    mine = [key for _, key in tokens[start:end]]
    beside = (
        [key for _, key in tokens[first : first + count]] for first in (start - count, end, end + 1) if first >= 0
    )
    return any(mine == other for other in beside)


def _misspelt(x: str, y: str) -> bool:
    """Whether two words are one, spelt in two ways: a letter or two of a longer word, no number."""
    if x == y:
        return True
    if "\ufffd" in x + y:
        return len(x) == len(y) and all(p == q or "\ufffd" in (p, q) for p, q in zip(x, y, strict=True))
    if min(len(x), len(y)) < 4 or any(map(str.isdigit, x + y)) or x[0] != y[0]:
        return False
    if {x.rstrip("s"), y.rstrip("s")} == {x.rstrip("s")}:
        return True
    return len(x) > 5 and len(y) > 5 and Levenshtein.distance(x, y) == 1


def _numbers_of_sections(
    run: Edit, b: tuple[tuple[Word, str], ...], a: tuple[tuple[Word, str], ...], gone: list[str], came: list[str]
) -> bool:
    if not all(re.fullmatch(r"\d{1,3}[a-z]?|[ivx]+|[a-h]", key) for key in (*gone, *came)):
        return False
    near = {key for _, key in b[max(0, run.b0 - 4) : run.b0]} | {key for _, key in a[max(0, run.a0 - 4) : run.a0]}
    first = run.b0 == 0 and run.a0 == 0
    note = all(b[i][0].text.startswith("\\") for i in range(run.b0, run.b1)) and not came
    return bool(near & _SECTION) or first or note


def _changed_sentences(
    side: Side, text: str, changed: list[Word], elsewhere: Collection[str], count: int | None = None
) -> tuple[Sentence, ...]:
    if not changed:
        return ()
    found = []
    k = 0
    for start, end in sentence_bounds(text):
        while k < len(changed) and changed[k].start < start:
            k += 1
        first = k
        while k < len(changed) and changed[k].start < end:
            k += 1
        if first == k:
            continue
        sentence = text[start:end]
        key = sentence_key(sentence)
        if key in elsewhere and len(key) > 25:
            continue
        spans = _joined_spans(changed[first:k])
        whole = count is None or k - first >= 0.8 * len(key.split())
        found.append(Sentence(side, start, end, spans, whole))
    return tuple(found)


def _joined_spans(changed: list[Word]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for word in changed:
        if spans and word.start - spans[-1][1] <= 2:
            spans[-1] = (spans[-1][0], word.end)
        else:
            spans.append((word.start, word.end))
    return tuple(spans)
