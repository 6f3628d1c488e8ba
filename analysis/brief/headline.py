"""The sentence that a change is headed with: the weightiest news, in the page's own words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from analysis.blocks import CELL
from analysis.brief.excerpt import CUT, excerpt
from analysis.brief.phrases import Phrases
from analysis.brief.rules import forbidding
from analysis.brief.scene import Scene
from analysis.brief.text import Sentence, words_of
from analysis.change import SEVERITIES, Direction, Side
from analysis.text.looks import answer, begins
from analysis.text.sentence_ends import sentence_before
from analysis.text.topics import matches

_LONGEST = 45  # words
_LONGEST_CELL = 8  # words; more are rather a sentence
_LABEL = 6  # words; less is rather the entry of a list than a sentence
_LONGEST_BEFORE = 20  # words, of the sentence before one that speaks of it
_NAMED = 3  # words before that of a document that a sentence begins with: "This online privacy policy"
_BOLD = "**"  # as it stands on pages that were made from Markdown
_NO_MORE: frozenset[Direction] = frozenset(("none", "limits", "clarifies"))
_LIKELY = 0.5
_POINTS_FROM = 12  # characters: "You can learn more"
_OPENING = 5  # words in which a sentence may say "it"
_SENTENCE_ENDS = (".", "!", "?")
# the grave.RULES by which a change is high for what it no longer says
_GONE = frozenset(("training_promise_gone", "promise_gone", "consent_gone", "choice_gone"))


class Headline(NamedTuple):
    """Words of one side; where some of a long sentence were left out, "…" stands for them."""

    text: str
    side: Side
    place: int  # of the passage among those of the change
    order: int  # of the sentence among those of the change


def told_headline(scene: Scene, worth: Mapping[int, float], because: Collection[str]) -> Headline | None:
    """The weightiest touched sentence; None where nothing but single words changed.

    `worth` is what the answers quoted from each sentence (by its order) weigh together, `because` the rules that make
    the change high: where one says that something is gone, that may be the news.
    """
    touched = [sentence for sentence in scene.sentences if sentence.touched and _says_something(sentence)]
    if not touched:
        return None

    lost = _lost(touched)
    gone = bool(_GONE & set(because))
    done = bool(set(because) - _GONE)

    def rank(sentence: Sentence) -> tuple[bool, bool, bool, bool, bool, int, int, bool, bool, float, int]:
        answers = worth.get(sentence.order, 0.0)
        says_what = answers > 0 and not _denies(sentence)
        spares = done and (_denies(sentence) or _only_spares(scene, sentence))
        trains = says_what and not spares and "train" in sentence.cues and "ai" in sentence.cues
        return (
            sentence.told,
            sentence.order in lost if lost else sentence.side == "after" or (gone and _spares(scene, sentence)),
            not _points_on(scene, sentence),
            trains,
            not spares,
            SEVERITIES.index(sentence.severity),
            round(2 * _weight(scene, sentence)),
            says_what,
            sentence.words[0].capital,
            answers,
            -sentence.order,
        )

    best = max(touched, key=rank)
    if best.side == "before" and (still := _without_condition(best)):
        return Headline(still, "after", best.place, best.order)
    text = _told(best, scene.phrases).replace(_BOLD, "")
    return Headline(text, best.side, best.place, best.order)


def _lost(touched: Sequence[Sentence]) -> frozenset[int]:
    """The numbers of what went, where people have less by it and nothing that came does more: beside a new address to
    write to, a choice that is gone is the news."""
    came = {sentence.direction for sentence in touched if sentence.side == "after" and sentence.told}
    if not came or not came <= _NO_MORE:
        return frozenset()
    gone = (one for one in touched if one.side == "before" and one.whole and one.told)
    return frozenset(one.order for one in gone if one.direction == "expands")


def _weight(scene: Scene, sentence: Sentence) -> float:
    """How much a sentence is worth telling; a notice of a coming policy more than what stands around it."""
    chances = scene.chances(sentence)
    notice = any(match.topic == "notice" for match in matches(sentence.said, scene.phrases.language))
    return chances["worth"] + chances["medium"] + chances["high"] + notice


def _points_on(scene: Scene, sentence: Sentence) -> bool:
    """Whether it only says where more is said: "Learn more about ..."."""
    found = matches(sentence.said, scene.phrases.language)
    return any(match.topic == "pointer" and match.start < _POINTS_FROM for match in found)


def _spares(scene: Scene, sentence: Sentence) -> bool:
    return scene.chances(sentence)["protection"] >= _LIKELY


def _only_spares(scene: Scene, sentence: Sentence) -> bool:
    return "negation" in sentence.cues and _spares(scene, sentence) and scene.chances(sentence)["practice"] < _LIKELY


def _denies(sentence: Sentence) -> bool:
    """Whether a later sentence says what is not done: "your posts, but not your messages" says what is."""
    excepts = sentence.cues.get("exception", ())
    negations = sentence.cues.get("negation", ())
    return sentence.side == "after" and any(
        not any(first <= at < last for first, last in excepts) for at, _ in negations
    )


def _without_condition(gone: Sentence) -> str | None:
    """What is said of all where an exception or a condition at its end went; told as gone it would mean less."""
    first = _first_changed(gone)
    ended = all(word.changed for word in gone.words[first:])
    held = any(begins(name, gone.text, gone.words[first].start) for name in ("excepted", "condition"))
    return gone.quote(0, first) if held and ended and 0 < first <= _LONGEST else None


def _told(sentence: Sentence, phrases: Phrases) -> str:
    """The sentence behind what forbids it; a cell behind the first of its row, a short entry of a list behind its
    section's title."""
    changed = _first_changed(sentence)
    turns = sentence.cues.get("prohibition", ())
    text = excerpt(sentence, phrases.grammar, (changed, changed + 1), longest=_LONGEST, turns=turns)
    of_ai = _changed_of_ai(sentence)
    if of_ai is not None and sentence.quote(of_ai, of_ai + 1) not in text:
        text = excerpt(sentence, phrases.grammar, (of_ai, of_ai + 1), longest=_LONGEST, turns=turns)
    label = forbidding(sentence, phrases)
    if not label and (row := _whole_row(sentence)):
        return row
    cell = sentence.text.split(CELL)[0] if sentence.item and CELL in sentence.text else ""
    within = bool(cell) and sentence.words[0].start > len(cell)
    if not label and within:
        named = all(word.capital for word in words_of(cell))  # "Kestrel, Inc."
        said = cell.rstrip().endswith(_SENTENCE_ENDS) and not named
        label = sentence.lead if said else _of_row(cell.rstrip(), sentence.lead)
        if sentence.lead.endswith("?"):
            return f"{cell.rstrip()}, {sentence.lead} {text}"
    elif not label and not cell and sentence.item and len(sentence.words) <= _LABEL:
        label = sentence.heading
    if label.endswith(CUT):
        return f"{label} {text.removeprefix(CUT)}"
    if label:
        return f"{label.rstrip(' :')}: {text}"
    if not text.startswith(CUT) and _carries_on(sentence, phrases):
        return f"{_before(sentence, phrases)}{text}"
    return text


def _whole_row(sentence: Sentence) -> str:
    """The cells of a row that came, went or got another name, where all are labels: none alone would say what it is."""
    text, start = sentence.text, sentence.words[0].start
    begins_at = text.rfind("\n", 0, start) + 1
    line = text[begins_at:].split("\n")[0]
    first = CELL not in text[begins_at:start]
    if not sentence.item or CELL not in line or not (sentence.whole or first) or _answers(sentence):
        return ""
    cells = [cell.strip() for cell in line.split(CELL)]
    return ", ".join(filter(None, cells)) if all(len(cell.split()) <= _LONGEST_CELL for cell in cells) else ""


def _first_changed(sentence: Sentence) -> int:
    """The number of the first changed word."""
    return next(number for number, word in enumerate(sentence.words) if word.changed)


def _changed_of_ai(sentence: Sentence) -> int | None:
    """The number of the first changed word about AI, which no cut may leave out."""
    places = (range(first, last) for first, last in sentence.cues.get("ai", ()))
    return next((number for place in places for number in place if sentence.words[number].changed), None)


def _says_something(sentence: Sentence) -> bool:
    """One word by itself does where it is an entry of a list, a name in a cell, or an answer."""
    return len(sentence.words) > 1 or _answers(sentence) or (sentence.item and sentence.words[0].capital)


def _answers(sentence: Sentence) -> bool:
    """Whether it is a cell that says yes or no to what its column asks."""
    return CELL in sentence.text and answer(sentence.said) is not None


def _of_row(cell: str, head: str) -> str:
    """The first cell of a row, and the head of the column that is told."""
    named = 0 < len(words_of(head)) <= _LABEL and not head.endswith(_SENTENCE_ENDS)
    return f"{cell}, {head.strip(' :*')}" if named else cell


def _carries_on(sentence: Sentence, phrases: Phrases) -> bool:
    """Whether it speaks of what was said before it: "These models ..."; "No. ..."; not "This policy ..."."""
    first, *others = sentence.words
    if first.text in phrases.grammar.answers:
        return bool(others) and any(mark in others[0].gap for mark in ".,!;")
    if any(start <= _NAMED for start, _ in sentence.cues.get("document", ())):
        return False
    if _has_no_noun(sentence, phrases):
        return True
    begins = " ".join(word.text for word in sentence.words[:2])
    return bool({first.text, begins} & phrases.grammar.carries_on)


def _has_no_noun(sentence: Sentence, phrases: Phrases) -> bool:
    """Whether it says "it" before it names anything: "We have taken it away", "Nous les effaçons"."""
    grammar, words = phrases.grammar, sentence.words
    if words[0].text not in grammar.others | grammar.subjects:
        return False
    things = grammar.pronouns - grammar.readers
    for word in words[1:_OPENING]:
        if word.text in things:
            return True
        if grammar.noun_first or word.capital or word.text in grammar.determiners | grammar.to_us:
            return False
    return False


def _before(sentence: Sentence, phrases: Phrases) -> str:
    """The sentence before it in its paragraph, or as much as a reader takes in of it."""
    start, end = sentence_before(sentence.text, sentence.words[0].start)
    words = words_of(sentence.text, start, end)
    if not words:
        return ""
    earlier = replace(sentence, words=words, cues=phrases.find(words), names=(), long_names=())
    turns = earlier.cues.get("prohibition", ())
    said = excerpt(earlier, phrases.grammar, (0, 1), longest=_LONGEST_BEFORE, turns=turns)
    return f"{said} " if said.endswith(CUT) else sentence.text[words[0].start : sentence.words[0].start]
