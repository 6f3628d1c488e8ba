"""Whether what a change tells of happens unless a person acts, counted from phrases of refusing and of agreeing."""

from __future__ import annotations

from analysis.brief_scene import Scene
from analysis.brief_text import Sentence
from analysis.change import Default

_STOPPED = 0.5  # what a person can stop, but perhaps had to start
_BESIDE = 0.3  # unchanged phrases of a changed sentence
_SAID = 0.3  # from here on it is said
_OPENS = 2  # among the first words of a sentence, as "you may not" of a rule
_NEAR = 3  # words between who acts and the act
_BY_A_PERSON = ("you_may", "refuse_where", "go", "control")
_OF_DATA = ("data_head", "data_kind", "content_kind", "sensitive", "advertising", "tracking", "ai")


def told_default(scene: Scene) -> Default | None:
    """Whether it happens unless a person acts, by what the later text says of refusing and of agreeing.

    "Off by default" has both cues; the longer one, that begins first, counts.
    """
    said_on = said_off = 0.0
    for sentence in scene.sentences:
        if sentence.side == "before" or not sentence.touched or not sentence.told or not _of_choice(sentence):
            continue
        cues = sentence.cues
        off = cues.get("default_off", [])
        on = [place for place in cues.get("default_on", []) if not any(a <= place[0] < b for a, b in off)]
        stop = _can_stop(sentence, scene.phrases.grammar.subjects)
        said_on += _said(sentence, on) + _STOPPED * _said(sentence, stop)
        said_off += _said(sentence, off)
    if max(said_on, said_off) < _SAID:
        return None
    return "on" if said_on >= said_off else "off"


def _said(sentence: Sentence, places: list[tuple[int, int]]) -> float:
    """How many of the places changed; of unchanged ones a little."""
    changed = sum(any(word.changed for word in sentence.words[first:last]) for first, last in places)
    return changed or (_BESIDE if places else 0.0)


def _can_stop(sentence: Sentence, we: frozenset[str]) -> list[tuple[int, int]]:
    """Where it is said that a person, not the service, can stop it."""
    if not any(cue in sentence.cues for cue in _BY_A_PERSON):
        return []
    words = sentence.words
    places = sentence.cues.get("can_stop", [])
    return [place for place in places if not any(w.text in we for w in words[max(0, place[0] - _NEAR) : place[0]])]


def _of_choice(sentence: Sentence) -> bool:
    """Whether the sentence can speak of what happens to people's data: no rule of conduct, no clause of a contract."""
    cues = sentence.cues
    if any(first <= _OPENS for first, _ in cues.get("prohibition", ())):
        return False
    return "legal_matter" not in cues or any(cue in cues for cue in _OF_DATA)
