"""Which of a change's sentences are rules for users, not what is done with people's data."""

from __future__ import annotations

from analysis.brief.excerpt import CUT
from analysis.brief.phrases import Phrases
from analysis.brief.scene import Scene
from analysis.brief.text import Sentence, words_of
from analysis.judging.found import accepts_or_gives, is_duty_of_reader

_LIKELY = 0.5
_DENIES = "don"  # 't, amid a sentence; at its beginning it forbids
_NO_RULE = ("practice", "protection", "data_collection", "user_choice", "user_rights")
_MOST = 0.8  # of what is worth telling
_HALF = 0.5  # of it, where a ban heads the change
_LONGEST = 20  # words that are put before what they forbid
_NAME = 6  # words; a column's head or a section's title that has more is a sentence
_CLAUSE = ",;:—–("
_SAYS_SOMETHING = 3  # words; fewer are the number of an item


def forbidding(sentence: Sentence, phrases: Phrases) -> str:
    """The words that turn an item or a cell into its opposite, where there are such: of the paragraph before its list,
    of the head of its column, or of its section's title; what an item says is then not said of what is done."""
    above = _above(sentence)
    words = words_of(above)
    found = phrases.find(words)
    turns = found.get("prohibition") or found.get("negation")
    if turns:
        at = turns[0][0]
        first = max((n for n in range(1, at + 1) if any(mark in words[n].gap for mark in _CLAUSE)), default=0)
        last = min(len(words), first + _LONGEST)
        end = words[last - 1].end if last < len(words) else len(above)
        return f"{CUT if first else ''}{above[words[first].start : end]}{CUT if last < len(words) else ''}"
    titled = sentence.item and not above and len(words_of(sentence.heading)) <= _NAME
    return sentence.heading.strip(" :*") if titled and "prohibition" in phrases.find(words_of(sentence.heading)) else ""


def _above(sentence: Sentence) -> str:
    """What the sentence goes on from, or stands under."""
    above = sentence.hangs_on.strip(" *")
    return above.rstrip(" :") if above.endswith(":") or len(words_of(above)) <= _NAME else ""


def only_rules(scene: Scene, head: int | None = None, *, of_data: bool = False) -> bool:
    """Whether nearly all that a change tells of is what users must or may not do; the greater part of it, where the
    sentence with the number `head`, that heads the change, is a ban. `of_data`: the document is a policy on data."""
    rules = everything = 0.0
    for sentence in scene.sentences:
        if sentence.touched and sentence.told and len(sentence.words) > _SAYS_SOMETHING:
            worth = scene.chances(sentence)["worth"]
            everything += worth
            rules += worth if _is_rule(scene, sentence, of_data) else 0.0
    banned = any(_bans(scene, sentence, of_data) for sentence in scene.sentences if sentence.order == head)
    return everything > 0 and rules >= (_HALF if banned else _MOST) * everything


def _bans(scene: Scene, sentence: Sentence, of_data: bool) -> bool:
    ours = sentence.words[0].text in scene.phrases.grammar.others  # "We see to it that providers may not ..."
    said = "prohibition" in sentence.cues and not ours and _is_rule(scene, sentence, of_data)
    return said or bool(forbidding(sentence, scene.phrases))


def _tells_readers(scene: Scene, sentence: Sentence, of_data: bool) -> bool:
    """Whether it says what users must or may not do; not that they must give data or accept a use of it, or what they
    must do to refuse one. What a policy on data says is not done is a promise, unless it plainly forbids."""
    chances = scene.chances(sentence)
    otherwise = max(chances[aspect] for aspect in _NO_RULE)
    duty = is_duty_of_reader(sentence.said)
    if any(not first or sentence.words[first].text != _DENIES for first, _ in sentence.cues.get("prohibition", ())):
        return duty or chances["conduct"] >= _LIKELY
    if duty:
        return otherwise < max(_LIKELY, chances["conduct"])
    if accepts_or_gives(sentence.said) or (of_data and "negation" in sentence.cues):
        return False
    return max(otherwise, _LIKELY) <= chances["conduct"]


def _is_rule(scene: Scene, sentence: Sentence, of_data: bool) -> bool:
    above = _above(sentence)
    if not above:
        return _tells_readers(scene, sentence, of_data)
    if scene.chances(sentence)["conduct"] >= _LIKELY:
        return True
    return is_duty_of_reader(above) or "prohibition" in scene.phrases.find(words_of(above))
