"""Where the words end that say what for: before how it is done, a further aim, the clause that it serves, its verb."""

from __future__ import annotations

from analysis.brief.enumerations import Enumerations
from analysis.brief.text import Sentence


class AimEnds(Enumerations):
    """Ends aims. Positions are indices of a sentence's words."""

    def before_terms(self, sentence: Sentence, first: int, last: int) -> int:
        """Where an aim ends before what is said of how it is reached: "in accordance with"."""
        return next((at for at, _ in sentence.cues.get("by_which", ()) if first < at < last), last)

    def before_further(self, sentence: Sentence, first: int, last: int) -> int:
        """Where an aim ends before a further one with a "to" of its own: "run our shop and to know who visits it"."""
        leads, verbs = sentence.where("purpose_lead"), sentence.where("purpose_verb")
        for at in range(first + 1, last - 1):
            if sentence.words[at].text in self.grammar.joins and at + 1 in leads and {at + 2, at + 3} & verbs:
                return at
        return last

    def before_subject(self, sentence: Sentence, first: int, near: int, far: int) -> int:
        """Where an aim ends before the clause that it serves: "to detect fraud, Kestrel uses"."""
        words, grammar = sentence.words, self.grammar
        opens = any(at == 0 and last == first for at, last in sentence.cues.get("purpose_lead", ()))
        for at in range(max(near, first + 1), far):
            if "," not in words[at].gap:
                continue
            subject = at + (words[at].text in grammar.joins)
            if subject >= far:
                continue
            text = words[subject].text
            named = words[subject].capital or text in grammar.determiners
            verb = any(words[n].text in self._finite for n in range(subject + 1, min(subject + 5, far)))
            if text in grammar.others | grammar.subjects | (grammar.bound & grammar.pronouns) or (named and verb):
                return at
            if subject == at and named and opens:
                return at
        return far

    def aim_end(self, sentence: Sentence, first: int, head: int, last: int) -> int:
        """Where an aim whose verb stands at `head` and whose clause ends at `last` is told up to."""
        last = self._before_way(sentence, head, self.before_terms(sentence, head, last))
        last = self.before_further(sentence, head + 1, last)
        alone = sentence.words[first].text.removesuffix(self.grammar.gerunds) not in self.grammar.tells
        return self._before_its_verb(sentence, first, last, alone=alone)

    def _before_way(self, sentence: Sentence, first: int, last: int) -> int:
        """Where an aim ends before what readers do about it: "improve the service by changing your settings"."""
        words, grammar = sentence.words, self.grammar
        acts = sentence.where("control", "go", "contact", "can_stop")
        ways = (at for at in range(first + 1, last - 1) if words[at].text in grammar.means and at + 1 in acts)
        return next(ways, last)

    def named_end(self, sentence: Sentence, first: int, last: int, further: int) -> int:
        """Where an aim that a noun names up to `last` ends with what it is of, which ends at `further`."""
        return self._before_its_verb(sentence, first, self.before_further(sentence, last, further), alone=True)

    def _before_its_verb(self, sentence: Sentence, first: int, last: int, *, alone: bool) -> int:
        """Where an aim ends before a verb whose subject it is or that its sentence goes on with: "training models is
        forbidden", "to answer you and are compared with". Not `alone` is "ensure content is safe", a clause within."""
        words, grammar = sentence.words, self.grammar
        inner = grammar.relatives | (grammar.breaks - grammar.leaning) | grammar.embeds | self._subjects | grammar.bound
        for at in range(first + 1, last):
            if self._goes_on_with(sentence, at, last):
                return at
            if words[at].text in inner and not self._is_object_of_aim(sentence, at):
                return last
            verb = words[at].text in self._finite - grammar.infinite and not words[at].capital
            if not verb or not self.soft(sentence, at):
                continue
            if alone:
                commas = [near for near in range(first + 1, at) if "," in words[near].gap]
                return commas[-1] if commas else at
        return last

    def _goes_on_with(self, sentence: Sentence, at: int, last: int) -> bool:
        """Whether an "and" leads to another clause with a pronoun for its subject: "et vous n'avez pas"."""
        words, grammar = sentence.words, self.grammar
        if words[at].text not in grammar.joins or at + 2 >= last:
            return False
        says = words[at + 1].text in grammar.tells and at + 1 not in sentence.where("purpose_verb")
        if says and words[at + 2].text in grammar.relatives:
            return True  # "and agree that"
        if words[at + 1].text not in self._subjects:
            return False
        return any(word.text in self._finite for word in words[at + 2 : at + 5])

    def _is_object_of_aim(self, sentence: Sentence, at: int) -> bool:
        """Whether a pronoun is whom an aim is for: "sending you news", "vous envoyer"."""
        words, grammar = sentence.words, self.grammar
        if words[at].text not in grammar.pronouns:
            return False
        return grammar.noun_first or words[at - 1].text.endswith(grammar.gerunds)
