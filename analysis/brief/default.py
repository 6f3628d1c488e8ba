"""Whether what a change tells of happens unless a person acts, counted from phrases of refusing and of agreeing."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from analysis.brief.excerpt import excerpt
from analysis.brief.headline import Headline
from analysis.brief.phrases import Grammar
from analysis.brief.scene import Scene
from analysis.brief.text import Sentence, addresses
from analysis.change import Default, DefaultWords
from analysis.judging.surroundings import DEFINITION

_STOPPED = 0.5  # what a person can stop, but perhaps had to start
_BESIDE = 0.3  # unchanged phrases of a changed sentence
_SAID = 0.3  # from here on it is said
_OPENS = 2  # among the first words of a sentence, as "you may not" of a rule
_CLOSE = 8  # sentences
_NEAR = 3  # words between who acts and the act
_VERB = 8  # words between a gerund and what it does not do
_QUOTED = 30  # words of the sentence that decides
_BY_A_PERSON = ("you_may", "refuse_where", "go", "control")
_OF_DATA = ("data_head", "data_kind", "content_kind", "sensitive", "advertising", "tracking", "ai")

_Places = list[tuple[int, int]]


class _Says(NamedTuple):
    """How much a sentence says for one answer, and where its first phrase of that stands."""

    default: Default
    weight: float
    sentence: Sentence
    at: tuple[int, int]


def told_default(scene: Scene, head: Headline | None) -> tuple[Default | None, DefaultWords | None]:
    """Whether it happens unless a person acts, by what the later text says of refusing and of agreeing, and the words
    that say it most plainly: those of the sentence and of the passage that the change is headed with go first.

    "Off by default" has both cues; the longer one, that begins first, counts.
    """
    said = [
        one
        for sentence in scene.sentences
        if sentence.side == "after" and sentence.touched and sentence.told and _of_choice(sentence)
        for one in _says(sentence, scene.phrases.grammar)
    ]
    on = sum(one.weight for one in said if one.default == "on")
    off = sum(one.weight for one in said if one.default == "off")
    if max(on, off) < _SAID:
        return None, None
    default: Default = "on" if on >= off else "off"
    headed = next((each for each in scene.sentences if head and each.order == head.order), None)
    near = partial(_near, headed=headed, grammar=scene.phrases.grammar)
    best = max(
        (one for one in said if one.default == default),
        key=lambda one: (near(one), one.weight, -one.sentence.order),
    )
    text = excerpt(best.sentence, scene.phrases.grammar, best.at, longest=_QUOTED)
    return default, DefaultWords(text, best.sentence.side, of_meaning=bool(near(best)))


def _near(one: _Says, headed: Sentence | None, grammar: Grammar) -> int:
    """How near it stands to the sentence that heads the change; in the rest of its passage only what is new counts, in
    the paragraphs behind it only what points back to it ("This use is on by default")."""
    if headed is None:
        return 0
    if one.sentence.order == headed.order:
        return 3
    if one.sentence.place == headed.place:
        return 2 if one.weight >= _STOPPED else 0
    return int(_points_back(one.sentence, headed, grammar))


def _points_back(one: Sentence, headed: Sentence, grammar: Grammar) -> bool:
    together = one.heading == headed.heading and one.whole
    return together and 0 < one.order - headed.order <= _CLOSE and one.words[0].text in grammar.points_back


def _says(sentence: Sentence, grammar: Grammar) -> list[_Says]:
    cues = sentence.cues
    off = _meant(sentence, cues.get("default_off", []))
    on = [place for place in _meant(sentence, cues.get("default_on", [])) if not _covers(off, place)]
    on += [place for place in _unless(sentence, grammar) if not any(_covers([place], other) for other in (*on, *off))]
    stop = _can_stop(sentence, grammar)
    weighed: list[tuple[Default, float, _Places]] = [
        ("on", _said(sentence, on) + _STOPPED * _said(sentence, stop), sorted(on + stop)),
        ("off", _said(sentence, off), off),
    ]
    return [_Says(default, weight, sentence, places[0]) for default, weight, places in weighed if weight]


def _unless(sentence: Sentence, grammar: Grammar) -> _Places:
    """Where it is so unless readers do something that is no consent: "unless you set your profile to private"."""
    words, agrees = sentence.words, sentence.where("consent", "default_off", "collect", "share")
    return [
        (first, last + 2)
        for first, last in sentence.cues.get("unless", ())
        if last + 2 < len(words)
        and words[last].text in grammar.readers & grammar.pronouns
        and not agrees & set(range(first, last + _NEAR + 2))
    ]


def _covers(places: _Places, place: tuple[int, int]) -> bool:
    return any(first <= place[0] < last for first, last in places)


def _meant(sentence: Sentence, places: _Places) -> _Places:
    """Without phrases of what is no choice about data, as which right one exercises, and parts of an address."""
    words, no_choice = sentence.words, sentence.cues.get("no_choice", [])
    inside = [found.span() for found in addresses(sentence.text)]
    return [
        place
        for place in places
        if not any(first < place[1] and place[0] < last for first, last in no_choice)
        and not any(start <= words[place[0]].start < end for start, end in inside)
    ]


def _said(sentence: Sentence, places: _Places) -> float:
    """How many of the places changed; of unchanged ones a little."""
    changed = sum(any(word.changed for word in sentence.words[first:last]) for first, last in places)
    return changed or (_BESIDE if places else 0.0)


def _can_stop(sentence: Sentence, grammar: Grammar) -> _Places:
    """Where it is said that a person, not the service, can stop it; not what "turning it off does not"."""
    if not any(cue in sentence.cues for cue in _BY_A_PERSON):
        return []
    words = sentence.words
    return [
        (first, last)
        for first, last in _meant(sentence, sentence.cues.get("can_stop", []))
        if not any(word.text in grammar.subjects for word in words[max(0, first - _NEAR) : first])
        and not ("unless" not in sentence.cues and first in sentence.ends("negation"))
        and not (words[first].text.endswith(grammar.gerunds) and _does_not(sentence, last))
    ]


def _does_not(sentence: Sentence, at: int) -> bool:
    return any(at <= first < at + _VERB for first, _ in sentence.cues.get("negation", ()))


def _defines(sentence: Sentence) -> bool:
    first, last = sentence.words[0], sentence.words[-1]
    return bool(DEFINITION.match(sentence.text[max(0, first.start - 1) : last.end].lstrip()))


def _of_choice(sentence: Sentence) -> bool:
    """Whether the sentence can speak of what happens to people's data: no rule of conduct, no clause of a contract, no
    definition."""
    cues = sentence.cues
    if any(first <= _OPENS for first, _ in cues.get("prohibition", ())) or _defines(sentence):
        return False
    return "legal_matter" not in cues or any(cue in cues for cue in _OF_DATA)
