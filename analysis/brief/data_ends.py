"""Where words end that say which data: before a purpose, before whom they go to, before a verb that is not theirs."""

from __future__ import annotations

from analysis.brief.no_data import NoData
from analysis.brief.nouns import OF
from analysis.brief.text import Sentence

_HANDED = 8  # words between an act of sharing and to whom


class DataEnds(NoData):
    """Ends what names data. Positions are indices of a sentence's words."""

    def told_end(self, sentence: Sentence, start: int, end: int, further: int) -> int:
        """Where a noun phrase ends that is known up to `end`, before what is no longer said of it."""
        if (
            further == end + 2
            and sentence.words[end].text in self._subjects
            and sentence.words[end + 1].text in self._finite
        ):
            return end
        leads = (at for at in range(end, further) if self._leads_off(sentence, start, at))
        return self._before_open(sentence, end, self._before_verb(sentence, end, next(leads, further)))

    def _before_open(self, sentence: Sentence, end: int, further: int) -> int:
        """Where words end before a relative clause whose verb is behind them: "data that Corvina" of "... collects"."""
        words, grammar = sentence.words, self.grammar
        if further == len(words) or not self.soft(sentence, further) or words[further - 1].text in self._finite:
            return further
        other = grammar.links | grammar.joins | grammar.dangling | grammar.breaks | grammar.determiners | grammar.after
        if words[further].text in grammar.handing_to and words[further - 1].text in grammar.pronouns:
            # "facts that allow us" of "... to know you"
            return next((at for at in range(end, further) if words[at].text in grammar.relatives), further)
        if words[further].text not in (grammar.stops | self._finite) - (other - self._finite):
            return further
        whiches = [at for at in range(end, further) if words[at].text in grammar.relatives | grammar.asked]
        verbs = self._finite | grammar.stops
        if not whiches or any(words[at].text in verbs for at in range(whiches[-1] + 1, further)):
            return further
        return whiches[-1]

    def _leads_off(self, sentence: Sentence, start: int, at: int) -> bool:
        """Whether words lead to a purpose, to whom something is handed, or away: "in connection with"."""
        words, grammar, cues = sentence.words, self.grammar, sentence.cues
        text = words[at].text
        if text in grammar.composing and self._is_composed(sentence, at):
            return True
        if text in grammar.sourced and any(start - _HANDED <= act < start for act in sentence.where("security")):
            return True  # "protect your data from misuse"
        if text in grammar.means and at + 1 < len(words) and words[at + 1].text.endswith(grammar.gerunds):
            return True  # "en utilisant"
        if text not in grammar.inner:
            for first, last in cues.get("purpose_lead", ()):
                if first == at and (text not in grammar.after or last in sentence.where("purpose_verb")):
                    return True
        if text not in grammar.handing_to or words[at - 1].text in grammar.participles:
            return False
        if at in sentence.where("contact"):
            return True
        acts = (first for cue in ("share", "hand_on") for first, _ in cues.get(cue, ()))
        return any(
            max(0, start - _HANDED) <= act < start and not any(self.hard(sentence, n) for n in range(act + 1, start))
            for act in acts
        )

    def _is_composed(self, sentence: Sentence, at: int) -> bool:
        """Whether words are one preposition, "in violation of", "en cas de": a bare noun between two."""
        words, grammar = sentence.words, self.grammar
        if at + 2 >= len(words) or words[at + 1].text in grammar.determiners or self.ends_phrase(words[at + 1].text):
            return False
        after = words[at + 2].text
        return after in grammar.inner or (not grammar.inner and (after == OF or after in grammar.handing_to))

    def _before_verb(self, sentence: Sentence, end: int, further: int) -> int:
        """Where what a noun is of ends: before a verb that is not its relative clause's."""
        words, grammar = sentence.words, self.grammar
        finite = self._finite
        waits, related, at = False, False, end  # for the verb of a relative clause; whether one is begun
        while at < further:
            word = words[at].text
            subject = word in self._subjects and words[at - 1].text not in grammar.links | grammar.after
            related |= word in grammar.relatives or subject
            if word in grammar.relatives:
                after = words[at + 1].text if at + 1 < further else ""
                subject = after in grammar.determiners or after in self._subjects or at + 1 in sentence.where("person")
                waits = subject or after in finite
                at += not waits
            elif self._is_of_it(sentence, at, further):
                return at
            elif word in self._subjects:
                waits, at = False, at + 1
                at = self._last_verb(sentence, at, further) if at < further and words[at].text in finite else at
            elif at + 2 < further and self._goes_on(sentence, at):
                return at
            elif word in finite:
                if not waits and words[at - 1].text not in grammar.joins:
                    return at
                if not waits and not related and at - 1 >= end:
                    return at - 1  # "facts about you and may"
                waits, at = False, self._last_verb(sentence, at, further)
            at += 1
        return further

    def _is_of_it(self, sentence: Sentence, at: int, further: int) -> bool:
        """Whether a noun ends before "from it" and a verb that goes on: "your face from it and compares"."""
        words, grammar = sentence.words, self.grammar
        if at + 2 >= further or words[at].text not in grammar.links or grammar.noun_first:
            return False
        return words[at + 1].text in grammar.pronouns - grammar.readers and words[at + 2].text in grammar.joins

    def _goes_on(self, sentence: Sentence, at: int) -> bool:
        """Whether behind word `at`, an "and", a verb comes with its object: "and keeps it"."""
        words, grammar = sentence.words, self.grammar
        if words[at].text not in grammar.joins or words[at - 1].text in grammar.links:
            return False
        if words[at + 1].text in grammar.asked:
            return True  # "the notes we read and how"
        word = words[at + 1].text
        small = (
            word in grammar.determiners or word in grammar.links or word in grammar.after or word in grammar.dangling
        )
        return not small and self.soft(sentence, at + 2) and self._opens_object(words[at + 2].text)

    def _last_verb(self, sentence: Sentence, at: int, further: int) -> int:
        words, denied = sentence.words, self.grammar.denied_by
        while at + 1 < further and (words[at + 1].text in self._finite or words[at + 1].text in denied):
            at += 1
        return at

    @staticmethod
    def _is_closed(sentence: Sentence, end: int) -> bool:
        """Whether a bracket closes behind the words up to `end`."""
        words = sentence.words
        return ")" in (words[end].gap if end < len(words) else sentence.text[words[-1].end :])

    def owned(self, sentence: Sentence, first: int, last: int) -> int:
        """Where data end without whose they are, where it is not said what of theirs: "data of the customer's"."""
        words = sentence.words
        if last - first < 3 or last == len(words) or not self.soft(sentence, last):
            return last
        return self.trimmed(sentence, first, last - 2)[1] if words[last - 1].text == "s" else last
