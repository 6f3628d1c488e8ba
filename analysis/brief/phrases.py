"""The phrases that the brief knows, per language: data files that a lawyer can add to, checked when they are loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from analysis.brief.text import Word, word_in

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^A-ZÀ-ÖØ-Þ]+$")]

CUES = (
    "data_head",
    "data_kind",
    "content_kind",
    "sensitive",
    "person",
    "collect",
    "process",
    "share",
    "retain",
    "purpose_lead",
    "purpose_verb",
    "purpose_noun",
    "ai",
    "train",
    "advertising",
    "tracking",
    "recipient_lead",
    "recipient_head",
    "company_form",
    "refuse_act",
    "refuse_where",
    "go",
    "control",
    "rights",
    "contact",
    "you_may",
    "unless",
    "negation",
    "exception",
    "age",
    "prohibition",
    "irreversible",
    "undone",
    "default_on",
    "default_off",
    "no_choice",
    "can_stop",
    "legitimate_interest",
    "consent",
    "place",
    "place_kind",
    "place_lead",
    "seat",
    "law",
    "security",
    "legal_matter",
    "liability",
    "thing",
    "hand_on",
    "run_by",
    "banned",
    "but_for",
    "condition",
    "document",
    "firm",
    "tool",
    "make",
    "given",
    "duty",
    "by_which",
    "role",
    "contracting",
    "set_aside",
    "taken_in",
    "taken_out",
    "asking",
    "nobody",
    "reads",
    "shared_with",
    "set_by",
    "unwilling",
)


class PhraseError(Exception):
    """A phrase file that can't be used; says which file and what is wrong with it."""


class Grammar(BaseModel):
    """What the language's small words do; each is one word, in small letters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    determiners: frozenset[Phrase]
    stops: frozenset[Phrase]
    links: frozenset[Phrase]
    participles: frozenset[Phrase]
    after: frozenset[Phrase]
    inner: frozenset[Phrase]
    breaks: frozenset[Phrase]
    leaning: frozenset[Phrase] = frozenset()
    nouns: frozenset[Phrase] = frozenset()
    joins: frozenset[Phrase]
    subjects: frozenset[Phrase]
    general: frozenset[Phrase]
    dangling: frozenset[Phrase]
    lean_on: frozenset[Phrase] = frozenset()
    noun_first: bool
    pronouns: frozenset[Phrase]
    gerunds: str
    adverbs: tuple[str, ...]
    verbs: tuple[str, ...] = ()
    infinitives: tuple[str, ...] = ()
    trades: tuple[str, ...] = ()
    abstract: tuple[str, ...] = ()
    futures: tuple[str, ...] = ()
    partitive: frozenset[Phrase] = frozenset()
    between: frozenset[Phrase] = frozenset()
    composing: frozenset[Phrase] = frozenset()
    vague: frozenset[Phrase] = frozenset()
    points_on: frozenset[Phrase] = frozenset()
    as_such: frozenset[Phrase] = frozenset()
    ends: frozenset[Phrase] = frozenset()
    told_there: frozenset[Phrase] = frozenset()
    measures: frozenset[Phrase] = frozenset()
    to_us: frozenset[Phrase] = frozenset()
    ours: frozenset[Phrase] = frozenset()
    run: frozenset[Phrase] = frozenset()
    doings: frozenset[Phrase] = frozenset()
    frames: frozenset[Phrase] = frozenset()
    acts_or_things: frozenset[Phrase] = frozenset()
    holding: frozenset[Phrase] = frozenset()
    reach: frozenset[Phrase] = frozenset()
    no_things: frozenset[Phrase] = frozenset()
    articles: frozenset[Phrase] = frozenset()
    # whose act a verb is, and what a denial is of: analysis/brief/acts.py
    readers: frozenset[Phrase] = frozenset()
    others: frozenset[Phrase] = frozenset()
    agrees: tuple[str, ...] = ()
    means: frozenset[Phrase] = frozenset()
    doers: frozenset[Phrase] = frozenset()
    yours: frozenset[Phrase] = frozenset()
    modals: frozenset[Phrase] = frozenset()
    passives: frozenset[Phrase] = frozenset()
    pasts: tuple[str, ...] = ()
    denied_by: frozenset[Phrase] = frozenset()
    only_with: frozenset[Phrase] = frozenset()
    only_by: frozenset[Phrase] = frozenset()
    only_before: frozenset[Phrase] = frozenset()
    sole: frozenset[Phrase] = frozenset()
    relatives: frozenset[Phrase] = frozenset()
    naming: frozenset[Phrase] = frozenset()
    handing_to: frozenset[Phrase] = frozenset()
    # how far a denial reaches: analysis/brief/denied.py
    partly: frozenset[Phrase] = frozenset()
    mine: frozenset[Phrase] = frozenset()
    beyond: frozenset[Phrase] = frozenset()
    tells: frozenset[Phrase] = frozenset()
    noting: frozenset[Phrase] = frozenset()
    sourced: frozenset[Phrase] = frozenset()
    embeds: frozenset[Phrase] = frozenset()
    asked: frozenset[Phrase] = frozenset()
    lacking: frozenset[Phrase] = frozenset()
    concedes: frozenset[Phrase] = frozenset()
    including: frozenset[Phrase] = frozenset()
    having: frozenset[Phrase] = frozenset()
    infinite: frozenset[Phrase] = frozenset()
    # how a sentence begins that speaks of what was said before it: analysis/brief/default.py
    points_back: frozenset[Phrase] = frozenset()
    # and how one that says nothing without it, by its first word or two; or its answer: analysis/brief/headline.py
    carries_on: frozenset[Phrase] = frozenset()
    answers: frozenset[Phrase] = frozenset()
    # what readers are forbidden: analysis/brief/bans.py
    bound: frozenset[Phrase] = frozenset()
    duties: frozenset[Phrase] = frozenset()
    people: frozenset[Phrase] = frozenset()
    wishes: frozenset[Phrase] = frozenset()
    commands: frozenset[Phrase] = frozenset()
    # how orders end: analysis/brief/unnamed.py
    orders: tuple[str, ...] = ()


class PhraseFile(BaseModel):
    """One file of analysis/brief/: the grammar and, for each cue, the phrases that give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    complete: bool
    grammar: Grammar
    cues: dict[str, tuple[Phrase, ...]]


class _Begun(NamedTuple):
    """A phrase: its second word where that is a whole one, the whole words and all words behind its first."""

    cue: str
    second: str | None
    needs: frozenset[str]
    rest: tuple[str, ...]


class Phrases:
    """Finds the cues of one language in the words of a sentence.

    In a phrase a word that ends with `*` stands for all words that begin so, and `...` for up to four words.
    """

    def __init__(self, file: PhraseFile) -> None:
        self.language = file.language
        self.grammar = file.grammar
        self._exact: dict[str, list[_Begun]] = {}
        self._prefix: dict[str, list[_Begun]] = {}
        self._known: dict[str, list[_Begun]] = {}
        for cue, phrases in file.cues.items():
            for phrase in phrases:
                first, *rest = _pattern(phrase)
                table = self._prefix if first.endswith("*") else self._exact
                whole = [word for word in rest if word != "..." and not word.endswith("*")]
                second = whole[0] if whole and whole[0] == rest[0] else None
                table.setdefault(first.rstrip("*"), []).append(_Begun(cue, second, frozenset(whole), tuple(rest)))

    def find(self, words: Sequence[Word]) -> dict[str, list[tuple[int, int]]]:
        """For each cue where its phrases stand (first word, word after the last); the longest at each word."""
        texts = [word.text for word in words]
        there = set(texts)
        found: dict[str, list[tuple[int, int]]] = {}
        for start, (text, after) in enumerate(zip(texts, [*texts[1:], ""], strict=False)):
            begun = self._known.get(text)
            if begun is None:
                begun = self._begun_by(text)
            if not begun:
                continue
            longest: dict[str, int] = {}
            for cue, second, needs, rest in begun:
                if (second is not None and second != after) or not needs <= there:
                    continue  # as most do
                end = _rest_ends(texts, start + 1, rest) if rest else start + 1
                if end is not None and end > longest.get(cue, 0):
                    longest[cue] = end
            for cue, end in longest.items():
                found.setdefault(cue, []).append((start, end))
        return found

    def _begun_by(self, text: str) -> list[_Begun]:
        begun = list(self._exact.get(text, ()))
        for length in range(1, len(text) + 1):
            begun += self._prefix.get(text[:length], ())
        if len(self._known) < 50_000:
            self._known[text] = begun
        return begun


def _pattern(phrase: str) -> list[str]:
    return [
        piece
        for part in phrase.split()
        for piece in (
            [part] if part == "..." else [w + ("*" if part.endswith("*") and last else "") for w, last in _marked(part)]
        )
    ]


def _marked(part: str) -> list[tuple[str, bool]]:
    pieces = word_in(part).findall(part)
    return [(piece, number == len(pieces) - 1) for number, piece in enumerate(pieces)]


def _rest_ends(texts: Sequence[str], at: int, rest: tuple[str, ...]) -> int | None:
    for number, part in enumerate(rest):
        if part == "...":
            after = rest[number + 1 :]
            for skip in range(5):
                end = _rest_ends(texts, at + skip, after)
                if end is not None:
                    return end
            return None
        if at >= len(texts):
            return None
        if part.endswith("*"):
            if not texts[at].startswith(part[:-1]):
                return None
        elif texts[at] != part:
            return None
        at += 1
    return at


@lru_cache(maxsize=8)
def phrases_for(language: str) -> Phrases:
    """The phrases of a language, with those of English where it is not known. Raises `PhraseError` for a bad file."""
    folder = resources.files(__package__)
    file = folder / f"{language[:2].lower()}.toml"
    if not file.is_file():
        file = folder / "en.toml"
    return Phrases(load_phrases(file.read_text(encoding="utf8"), file.name))


def load_phrases(text: str, name: str) -> PhraseFile:
    """Check a phrase file. Raises `PhraseError` for unknown keys and cues, for missing ones in a complete language."""
    try:
        file = PhraseFile.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as failure:
        raise PhraseError(f"{name}: {failure}") from failure
    unknown = sorted(set(file.cues) - set(CUES))
    if unknown:
        raise PhraseError(f"{name}: no such cue: {', '.join(unknown)}; known are {', '.join(CUES)}")
    missing = sorted(set(CUES) - set(file.cues))
    if missing and file.complete:
        raise PhraseError(f"{name}: a complete language has phrases for {', '.join(missing)}")
    return file
