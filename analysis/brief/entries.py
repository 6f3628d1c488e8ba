"""Where enumerations of noun phrases end, and what only looks like one: acts in a row, another clause."""

from __future__ import annotations

from analysis.brief.nouns import KINDS, LONGEST, MANY, NAMED, OF, Nouns
from analysis.brief.text import Sentence

_LIST_LONGEST = 14  # words of an enumeration
_ENTRY = 6  # words of an entry with what says which is meant


class Entries(Nouns):
    """Reads enumerations of one language. Positions are indices of a sentence's words."""

    def listed(self, sentence: Sentence, first: int, last: int) -> int:
        """Where the enumeration ends that a noun phrase begins: phrases of up to five words with commas or "and"."""
        words, grammar = sentence.words, self.grammar
        end = before = last
        entries, with_and = 0, False
        while end < len(words) and end - first < _LIST_LONGEST:
            at = end
            joined = "," in words[at].gap and not self.hard(sentence, at)
            while at < len(words) and words[at].text in grammar.joins and not self.hard(sentence, at):
                at, joined = at + 1, True
            if not joined or at >= len(words) or self.hard(sentence, at):
                break  # "the content or (ii)"
            of_it = first > 0 and words[first - 1].text == OF and words[first].text not in grammar.determiners
            if of_it and at == end and words[at].text in grammar.determiners - grammar.general:
                break  # "kinds of data, any period"
            stop = self._entry_end(sentence, at)
            if stop == at or (stop == at + 1 and self._only_acts(sentence, end, at)):
                break
            entries, with_and = entries + 1, with_and or at > end
            before, end = end, stop
        end = self._untorn(sentence, first, end, before) if end > last else end
        return last if entries == 1 and not with_and and self.is_apart(sentence, first, end) else end

    def is_apart(self, sentence: Sentence, first: int, end: int) -> bool:
        """Whether the second of two phrases with only a comma between them begins another clause: "when you open a
        chat, Wrenfield still reads it", "if you have a plan, your administrator(s) may"."""
        words, grammar = sentence.words, self.grammar
        if self._lists_acts(sentence, end):
            return True
        if end < len(words) and self.soft(sentence, end):
            further = grammar.joins | grammar.participles
            return words[end].text not in (further if grammar.noun_first else further | grammar.links | grammar.after)
        conditional = any(at < first for at in sentence.where("condition"))
        return conditional and not any("," in words[at].gap for at in range(1, first + 1))

    def _lists_acts(self, sentence: Sentence, end: int) -> bool:
        """Whether behind commas an enumeration ends with an act: "or delete it"."""
        words, at = sentence.words, end
        if at + 1 < len(words) and "," in words[at].gap and self._is_act(sentence, at):
            small = self.grammar.determiners | self.grammar.pronouns | self.grammar.joins
            if words[at + 1].text in small or "," in words[at + 1].gap:
                return True  # "change your password, suspend, transfer or", not "name, contact details"
        while at < len(words) and at - end < _ENTRY and words[at].text not in self.grammar.joins:
            if self.hard(sentence, at):
                return False
            at += 1
        if at + 1 >= len(words) or words[at].text not in self.grammar.joins:
            return False
        return self._is_act(sentence, at + 1)

    def _is_act(self, sentence: Sentence, at: int) -> bool:
        """Whether a word is a verb in its bare form that is no noun of the field."""
        acts = sentence.where("collect", "process", "share", "retain", "refuse_act", "purpose_verb", "control")
        text, other = sentence.words[at].text, (*self.grammar.pasts, self.grammar.gerunds, "s")
        bare = text in self.grammar.stops and not text.endswith(other)
        return bare and at in acts and at not in sentence.where(*NAMED)

    def _only_acts(self, sentence: Sentence, end: int, at: int) -> bool:
        """Whether word `at` is what is done rather than an entry behind that which ends at `end`: "ids and opting",
        "your name or failed to"."""
        words, gerunds, grammar = sentence.words, self.grammar.gerunds, self.grammar
        past = not grammar.noun_first and words[at].text.endswith(grammar.pasts) and at + 1 < len(words)
        if past and self.soft(sentence, at + 1) and words[at + 1].text in grammar.handing_to | grammar.determiners:
            return True
        if not words[at].text.endswith(gerunds) or words[end - 1].text.endswith(gerunds):
            return False
        return at not in sentence.where(*NAMED)

    def _entry_end(self, sentence: Sentence, start: int) -> int:
        """Where an entry of an enumeration ends; where it begins if it is none: "and keeps it"."""
        words, grammar = sentence.words, self.grammar
        stop = start
        while stop < len(words) and stop - start < 5 and (stop == start or self.soft(sentence, stop)):
            word = words[stop].text
            if stop == start + 1 and word in grammar.relatives and words[start].text in grammar.tells:
                return start  # "and agree that"
            if word in grammar.joins or (stop > start and word in grammar.relatives):
                break
            if stop > start and self._is_object(sentence, stop):
                return start
            doing = not grammar.noun_first and word.endswith(grammar.gerunds) and word in grammar.stops
            if stop == start + 1 and doing:
                return start  # "remove your content and stop using it"
            if word in grammar.stops and word not in grammar.inner and stop not in sentence.where(*KINDS):
                break
            if stop == start + 1 and (self._is_infinitive(sentence, start) or self._will_do_to(sentence, start)):
                return start
            if stop > start:
                before = words[stop - 1].text
                if self._opens_object(word) and before not in grammar.determiners:
                    return start
                if self._is_its_verb(sentence, stop):
                    break
            stop += 1
        return stop

    def _is_its_verb(self, sentence: Sentence, at: int) -> bool:
        """Whether a word is what an entry before it does: "access logs feed a dashboard"."""
        if self.grammar.noun_first:
            return self._is_verb_of_many(sentence, at, at)
        return self._is_verb(sentence, at, at)

    def _is_infinitive(self, sentence: Sentence, at: int) -> bool:
        """Whether a word is a French verb with an object rather than a noun: "ou publier des annonces"."""
        words, grammar = sentence.words, self.grammar
        return words[at].text.endswith(grammar.infinitives) and words[at + 1].text in grammar.partitive | grammar.yours

    def _will_do_to(self, sentence: Sentence, at: int) -> bool:
        """Whether a word is what a French verb behind it is done to: "et le comparera"."""
        return sentence.words[at + 1].text.endswith(self.grammar.futures)

    def _is_object(self, sentence: Sentence, at: int) -> bool:
        """Whether a pronoun is what a verb before it is done to: "and match them", "and clear it."."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or words[at].text not in grammar.pronouns:
            return False
        if words[at].text not in grammar.links:
            return True
        return at + 1 == len(words) or self.hard(sentence, at + 1)

    def _opens_object(self, word: str) -> bool:
        grammar = self.grammar
        if word in grammar.inner or word in grammar.relatives:
            return False
        return word in grammar.determiners or (not grammar.noun_first and word in grammar.pronouns)

    def _untorn(self, sentence: Sentence, first: int, end: int, before: int) -> int:
        """Where an enumeration ends whose last entry, behind `before`, may go on or be a part of something."""
        words, grammar = sentence.words, self.grammar
        if words[end - 1].text in grammar.determiners and words[end - 1].text in grammar.general:
            return before  # "or other"
        if end == len(words):
            return end
        if words[end].gap == "-":
            while end < len(words) and words[end].gap == "-":
                end += 1
            return self.phrase_end(sentence, end)
        kinds = [place for cue in (*KINDS, "data_head") for place in sentence.cues.get(cue, ())]
        note = self.noted(sentence, end)
        if note > end and note < len(words) and ")" in words[note].gap and any(at == note for at, _ in kinds):
            return self.phrase_end(sentence, note + 1)  # "subscriber identity (SIM) information"
        if not self.soft(sentence, end):
            return end
        word = words[end]
        if word.text in grammar.stops and word.capital and words[end - 1].capital:
            return before
        if word.text == OF and not words[end - 1].text.endswith(MANY):
            whole = next((to for to, how in self.post_modified(sentence, end) if how.endswith("nearest")), end)
            return whole if whole - first <= LONGEST else before  # "method of payment"
        torn = word.text in grammar.participles and any(at in (end + 1, end + 2) for at, _ in kinds)
        return before if torn else end  # "health related information"
