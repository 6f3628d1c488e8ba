"""What a text forbids its readers, told from what it denies of itself: "you may not", "do not post", "prohibited"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analysis.brief.scene import Scene
from analysis.brief.spans import Span
from analysis.brief.text import Sentence, words_of

_OF_DENIALS = ("denial", "exception", "what is excepted")
_LAW = 3  # words between a law and what it forbids: "the law, which prohibits"
_LIKELY = 0.5  # a chance from which a sentence is a rule of conduct


class Bans:
    """Tells the bans among the sentences of one change."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._reader = scene.reader
        self._grammar = scene.phrases.grammar

    def forbid(self, span: Span) -> bool:
        """Whether what a span denies is forbidden to readers, in its sentence or by what leads to its list."""
        if not span.rule.startswith(_OF_DENIALS):
            return False
        sentence = span.sentence
        return any(self._is_ban(sentence, at) for at in range(span.first, span.last)) or self._led(sentence)

    def cover(self, span: Span, denials: Iterable[int]) -> bool:
        """Whether what a span quotes is forbidden: by one of the denials that it stands in, or by what leads to it."""
        sentence = span.sentence
        if any(self._is_ban(sentence, at) or self._is_conduct(sentence) for at in denials):
            return True
        excepted = any(at < span.first for at, _ in sentence.cues.get("but_for", ()))
        return not excepted and self._led(sentence)

    def _is_conduct(self, sentence: Sentence) -> bool:
        return self._scene.chances(sentence)["conduct"] >= _LIKELY

    def _led(self, sentence: Sentence) -> bool:
        """Whether the paragraph before its list forbids what an item says."""
        led = sentence.hangs_on if sentence.hangs_on.rstrip().endswith(":") else sentence.lead if sentence.item else ""
        if not (words := words_of(led)):
            return False
        lead = replace(sentence, text=led, words=words, cues=self._scene.phrases.find(words), item=False)
        return any(self._is_ban(lead, at) for at in range(len(words)))

    def _is_ban(self, sentence: Sentence, at: int) -> bool:
        """Whether a denial or a word of banning at `at` binds the reader."""
        cues = sentence.cues
        if at in sentence.where("banned"):
            by_law = any(at - _LAW <= end <= at for _, end in cues.get("law", ()))
            return not (by_law or self._binds_others(sentence, at) or self._in_case(sentence, at))
        if at not in sentence.where("negation"):
            return False
        return self._commands(sentence, at) or self._binds_reader(sentence, at)

    def _in_case(self, sentence: Sentence, at: int) -> bool:
        """Whether it only may be forbidden: "unless your state forbids it"."""
        cases = sentence.where("unless", "condition")
        start = at
        while start > 0 and start not in cases and self._reader.soft(sentence, start):
            start -= 1
        return start in cases

    def _commands(self, sentence: Sentence, at: int) -> bool:
        first = sentence.words[0]
        title = at == 1 and sentence.words[at].capital  # "Do Not Sell My Data"
        return at <= 1 and first.capital and not title and first.text in self._grammar.commands

    def _binds_reader(self, sentence: Sentence, at: int) -> bool:
        """Whether a denial is of what a reader may do: "you may not", "vous ne devez pas", "advertisers must not"."""
        words, grammar = sentence.words, self._grammar
        duty, who = (at + 1, at - 1) if grammar.noun_first else (at - 1, at - 2)
        if who < 0 or duty >= len(words) or words[duty].text not in grammar.duties:
            return False
        if at + 1 < len(words) and words[at + 1].text in grammar.passives:
            return False  # "you will not be asked", "your data may not be used"
        subject, start = words[who].text, self._reader.chunk(sentence, who, who + 1)[0]
        if subject in grammar.bound or words[start].text in grammar.yours:
            return True
        return self._is_conduct(sentence)

    def _binds_others(self, sentence: Sentence, at: int) -> bool:
        """Whether the subject before `at` is the publisher or a party: "our providers are not permitted to"."""
        words, grammar = sentence.words, self._grammar
        while at > 0 and words[at - 1].text in grammar.passives | grammar.denied_by | grammar.modals:
            at -= 1
        parties = sentence.ends("recipient_head")
        if at == 0 or at in parties or words[at - 1].text in grammar.others:
            return at > 0
        return self._reader.publisher.is_named(words[at - 1].text)
