"""Whose act a verb is, and how far a denial reaches: what a service does itself is no way to refuse."""

from __future__ import annotations

from analysis.brief.clauses import Clauses
from analysis.brief.text import Sentence

_REFUSING = ("refuse_act", "can_stop")
_OPENS = 1  # at most one word before it: "by opting out"
_FAR = 14  # words between a verb and who does it
_BRACKET = 25  # words in brackets that a denial reaches over
_VERB = 6  # words between a gerund and the verb that it is the subject of
_ONLY = 4  # words between French "ne" and the "que" that means only
_ONLY_FAR = 12  # and where "que" is sure to mean it: "que si"


class Acts(Clauses):
    """Tells acts of the reader from those of others, and what is denied from what is done."""

    def by_reader(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the verb at `first` may be an act of the reader: no other does it, and it is not done already."""
        words, grammar = sentence.words, self.grammar
        verb = words[first].text
        at = first - 1
        while at >= 0 and self.soft(sentence, at + 1) and self._small(words[at].text):
            at -= 1
        if at < 0 or not self.soft(sentence, at + 1):
            return not self._is_subject(sentence, first, last)
        before = words[at].text
        if before in grammar.passives and verb.endswith(grammar.pasts):
            return at > 0 and words[at - 1].text in grammar.modals  # "can be turned off"
        if before in grammar.means and verb.endswith(grammar.gerunds):
            return True
        if before in grammar.passives and verb.endswith(grammar.gerunds):
            return False  # "if you are visiting us"
        if before in grammar.determiners or not self.ends_phrase(before):
            return True  # a noun: "our opt-out form"
        return self._governed(sentence, at)

    def if_refused(self, sentence: Sentence, at: int) -> bool:
        """Whether what stands at `at` holds only for those who refuse: "opting out means that we will not ..."."""
        acts = [first for cue in _REFUSING for first, last in sentence.cues.get(cue, ()) if last <= at]
        conditional = sentence.words[0].text in self._openings
        return bool(acts) and (conditional or min(acts) <= _OPENS)

    def _small(self, word: str) -> bool:
        return word.endswith(self.grammar.adverbs) or (
            word in self.grammar.pronouns and word in self.grammar.determiners
        )

    def _is_subject(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a gerund is what the sentence is about: "disabling cookies may limit what you see"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or not words[first].text.endswith(grammar.gerunds):
            return False
        for at in range(last, min(last + _VERB, len(words))):
            if words[at].text in grammar.modals | grammar.passives | grammar.denied_by:
                return True
        known = any(start <= last < end for places in sentence.cues.values() for start, end in places)
        return last + 1 < len(words) and words[last].text.endswith("s") and not known  # "refusing costs nothing"

    def _governed(self, sentence: Sentence, at: int) -> bool:
        """Whether the nearest subject before a verb is the reader, or none is there."""
        words, grammar = sentence.words, self.grammar
        for near in range(at, max(-1, at - _FAR), -1):
            word = words[near].text
            if word in grammar.readers:
                return True
            if word in grammar.others and words[near + 1].text.endswith(grammar.agrees or ("",)):
                return False
            if self.hard(sentence, near):
                break
        return True

    def till_another_acts(self, sentence: Sentence, first: int, end: int) -> int:
        """Where an act of the reader is over: "delete your account, we will keep"."""
        words, grammar = sentence.words, self.grammar
        condition = words[0].text in self._openings  # "after you opt out, your data"
        for at in range(first + 1, end):
            if "," in words[at].gap and (condition or words[at].text in grammar.others):
                return at
        return end

    def denial_start(self, sentence: Sentence, at: int) -> int:
        """Where the clause of a denial begins; before "or" goes on what is denied before it: "do not access or use"."""
        words, grammar = sentence.words, self.grammar
        start = self.clause_start(sentence, at)
        denied = sentence.where("negation")
        while start > 1 and words[start - 1].text in grammar.joins and self.soft(sentence, start - 1):
            earlier = self.clause_start(sentence, start - 1)
            if not any(earlier <= near < start for near in denied):
                break
            start = earlier
        return start

    def denial_end(self, sentence: Sentence, first: int) -> int:
        """Where the clause of a denial ends; behind a bare "will not:" goes on what is denied: "(i) sell your data"."""
        words = sentence.words
        near = self.clause_end(sentence, first, commas=False)
        if near == first + 1 and near + 1 < len(words) and self.hard(sentence, near):
            number = words[near].text
            inside = ")" in words[near + 1].gap
            if (inside and len(number) <= 4) or ":" in words[near].gap:
                return self.clause_end(sentence, near + 1 if inside else near, commas=False)
        return near

    def reach(self, sentence: Sentence, end: int) -> int:
        """How far a denial holds whose quoted words end at `end`: over brackets to what it is not done for."""
        words = sentence.words
        aims = sentence.where("purpose_lead")
        if end >= len(words) or "(" not in words[end].gap:
            return end
        for at in range(end + 1, min(end + _BRACKET, len(words))):
            if ")" in words[at].gap:
                return self.clause_end(sentence, at, commas=False) if at in aims else end
        return end

    def only(self, sentence: Sentence, first: int) -> int | None:
        """Where "que" stands that makes a French "ne" mean only: "ne traitent que du texte"."""
        words, grammar = sentence.words, self.grammar
        if words[first].text not in grammar.only_with:
            return None
        for at in range(first + 2, min(first + 2 + _ONLY_FAR, len(words))):
            if not self.soft(sentence, at) or words[at].text in grammar.denied_by:
                return None
            if words[at].text not in grammar.only_by:
                continue
            near = at < first + 2 + _ONLY
            if near or (at + 1 < len(words) and words[at + 1].text in grammar.only_before):
                return at
        return None
