"""Where an enumeration of data begins and ends, and what says which of them are meant."""

from __future__ import annotations

from analysis.brief.data import DataWords
from analysis.brief.no_data import DATA
from analysis.brief.nouns import LONGEST
from analysis.brief.text import Sentence

_OF = "of"
_CUT = 5  # words at the end of a denial that make room for its subject
_ANTECEDENT = 7  # words of what a French relative clause is of
_NO_ENTRIES = ("place", "recipient_head", "person")  # what stands beside data is none


class Enumerations(DataWords):
    """Widens words that name data to those beside them. Positions are indices of a sentence's words."""

    def enumerated_from(self, sentence: Sentence, first: int, last: int, cues: tuple[str, ...] = DATA) -> int:
        """Where the enumeration begins that words are a later entry of: "name, email and phone number".

        One of two entries needs one of `cues` in the other ("AI tools and cookies" have none), or a "your" or mark
        before both; one without an "and" needs a mark or "such as": "in our app, data". Where a verb comes behind it,
        it begins its clause.
        """
        words, grammar = sentence.words, self.grammar
        start, entries = first, 0
        joined = any(words[at].text in grammar.joins for at in range(first, last))
        while (before := self._entry_before(sentence, start)) < start:
            joined |= words[start - 1].text in grammar.joins
            start, entries = before, entries + 1
        if not entries or sentence.where(*_NO_ENTRIES) & set(range(start, first)):
            return first
        opens = start == 0 or self.hard(sentence, start)
        small = words[start].text in grammar.determiners
        led = opens or (not small and words[start - 1].text in grammar.naming)
        if not (joined or led):
            return first
        bare = words[first].text not in grammar.determiners
        shared = bare and (opens or words[start].text in grammar.yours)
        if entries == 1 and not shared and not sentence.where(*cues) & set(range(start, first)):
            return first
        verb = last < len(words) and words[last].text in self._finite and self.soft(sentence, last)
        return first if verb and start > 0 and self.soft(sentence, start) else start

    def _entry_before(self, sentence: Sentence, start: int) -> int:
        """Where the entry begins before the one at `start`: `start` where there is none, as before a determiner that
        it has not ("by email, your name")."""
        words, grammar, end = sentence.words, self.grammar, start
        while end > 0 and words[end - 1].text in grammar.joins and not self.hard(sentence, end):
            end -= 1
        if end == 0 or self.hard(sentence, end) or not (end < start or "," in words[end].gap):
            return start
        if self.ends_phrase(words[end - 1].text) and not self._is_noun(sentence, end - 1):
            return start
        begin = self.data_phrase(sentence, end - 1, end)[0]
        small = grammar.determiners - grammar.general
        if begin >= end or (begin == end - 1 and words[begin].text in grammar.determiners):
            return start
        return start if words[start].text in small and words[begin].text not in small else begin

    def enumerated_to(self, sentence: Sentence, first: int, last: int) -> int:
        """Where the enumeration ends that words stand in."""
        words, end, joins = sentence.words, last, self.grammar.joins
        while end < len(words):
            stop = self._entry_behind(sentence, first, end)
            if stop == end or stop - first > LONGEST:
                break
            alone = end == last and all(
                word.text not in joins and "," not in word.gap for word in words[first + 1 : end]
            )
            if alone and words[end].text not in joins and self.is_apart(sentence, first, stop):
                break
            if first > 0 and self.soft(sentence, first) and self.is_subject_of(sentence, stop):
                break  # "we keep your name, and your notes may"
            end = stop
        return end

    def _entry_behind(self, sentence: Sentence, first: int, end: int) -> int:
        """Where the entry ends behind the one that ends at `end`; `end` where there is none."""
        words, grammar, at = sentence.words, self.grammar, end
        if self.hard(sentence, at) or not ("," in words[at].gap or words[at].text in grammar.joins):
            return end
        while at < len(words) and words[at].text in grammar.joins and not self.hard(sentence, at):
            at += 1
        if at == len(words) or self.hard(sentence, at) or at in sentence.where(*_NO_ENTRIES):
            return end
        kind = grammar.inner if words[at].text in grammar.inner else grammar.determiners
        if grammar.noun_first and (words[first].text in kind) != (words[at].text in kind):
            return end  # "les notes, distribuer"
        stop = self._entry_end(sentence, at)
        if stop > at and words[stop - 1].text in self._small_of_noun:
            stop = self.phrase_end(sentence, stop)
        last = words[stop - 1].text
        if stop == at or self.ends_phrase(last) or last in self._small_of_noun | grammar.dangling | grammar.lean_on:
            return end
        if stop - at == 1 and self._only_acts(sentence, end, at):
            return end
        if self.data_phrase(sentence, stop - 1, stop)[0] >= stop:
            return end
        if stop == len(words) or words[stop].text != _OF:
            return stop
        return next((to for to, how in self.post_modified(sentence, stop) if how.endswith("nearest")), stop)

    def whole_subject(self, sentence: Sentence, first: int, last: int) -> int:
        """Where a denial up to `last` begins whose subject would be torn: "notes and photos are not", "notes, which are
        not", "notes are kept and are not". Behind "note that" begins what is to be noted."""
        words, grammar = sentence.words, self.grammar
        if first + 2 < last and words[first].text in grammar.noting and words[first + 1].text in grammar.relatives:
            return first + 2
        start = first
        if first > 0 and words[first].text in grammar.relatives:
            start = self._antecedent(sentence, first)
        elif words[first].text in self._finite | grammar.denied_by | grammar.only_with:
            if first > 1 and words[first - 1].text in grammar.relatives:
                start = self._antecedent(sentence, first - 1)
            elif first > 1 and words[first - 1].text in grammar.joins and self.soft(sentence, first - 1):
                start = self.clause_start(sentence, first - 1)
                start = start if start == 0 or self.hard(sentence, start) else first
        elif not self.ends_phrase(words[first].text):
            verb = next((at for at in range(first, last) if words[at].text in self._finite | grammar.denied_by), first)
            start = self.enumerated_from(sentence, first, verb) if verb > first else first
        if start == first and first > 1 and words[first - 1].text in grammar.joins:
            start = self._subject_alone(sentence, first)
        return start if last - start <= LONGEST else first

    def _subject_alone(self, sentence: Sentence, first: int) -> int:
        """Where a sentence begins that has only its subject before `first`: "users in France and Italy"."""
        words, grammar = sentence.words, self.grammar
        start = next((at for at in range(first - 1, 0, -1) if self.hard(sentence, at)), 0)
        no_subject = self._finite | self._subjects | grammar.relatives | grammar.breaks | grammar.denied_by
        if self.ends_phrase(words[start].text) or any(words[at].text in no_subject for at in range(start, first)):
            return first
        return start

    def _antecedent(self, sentence: Sentence, which: int) -> int:
        """Where the noun phrase begins before a relative pronoun, or `which` where there is none."""
        words, grammar = sentence.words, self.grammar
        if self.ends_phrase(words[which - 1].text):
            return which
        if not grammar.noun_first:
            return self.chunk(sentence, which - 1, which)[0]
        for at in range(which - 1, max(-1, which - _ANTECEDENT), -1):
            if words[at].text in grammar.determiners - grammar.inner:
                return at
        return which

    def refused_from(self, sentence: Sentence, first: int, last: int) -> int:
        """Where, of several acts, the one begins that refuses: "download a copy, close your account, switch it off"."""
        words = sentence.words
        commas = (at for at in range(first + 1, last) if "," in words[at].gap and not self.hard(sentence, at))
        starts = [first, *(at + (at + 1 < last and words[at].text in self.grammar.joins) for at in commas)]
        final = starts[-1]
        if len(starts) < 3 or final not in sentence.where("refuse_act", "can_stop"):
            return first
        before = range(first, final)
        places = sentence.where("refuse_where", "contact") & set(before)
        refuses = sentence.where("refuse_act", "can_stop") & set(before)
        return first if refuses or places else final

    def adjoin(self, sentence: Sentence, end: int, start: int) -> bool:
        """Whether only a comma or an "and" stands between words that end at `end` and those that begin at `start`."""
        words, at = sentence.words, end
        if not end <= start < len(words) or self.hard(sentence, at):
            return False
        while at < start and words[at].text in self.grammar.joins and not self.hard(sentence, at + 1):
            at += 1
        return at == start and (at > end or "," in words[at].gap)

    def cut(self, sentence: Sentence, first: int, last: int) -> int:
        """Where words too long for an answer are cut before a determiner, or 0 where only little would be lost."""
        if last - first <= LONGEST:
            return last
        words, grammar = sentence.words, self.grammar
        ends = range(first + LONGEST, max(first, last - _CUT) - 1, -1)
        return next(
            (at for at in ends if words[at].text in grammar.determiners and words[at - 1].text not in grammar.dangling),
            0,
        )

    def told_apart(self, sentence: Sentence, first: int, last: int) -> int:
        """Where words that name data end with what says which: "any content you add to a project"."""
        words, grammar = sentence.words, self.grammar
        if last >= len(words):
            return last
        word = words[last].text
        if word in grammar.inner and self.soft(sentence, last):
            end = self.phrase_end(sentence, last)
            return end if end - first <= LONGEST else last
        noted = words[last].gap.strip() == ")" and word in grammar.relatives
        if word not in grammar.relatives | grammar.participles | grammar.bound or not (
            noted or self.soft(sentence, last)
        ):
            return last
        ends = (to for to, _ in self.post_modified(sentence, last, noted=noted))
        end = max((self.told_end(sentence, first, last, to) for to in ends), default=last)
        end = self.trimmed(sentence, first, end)[1]
        return last if end - first > LONGEST else max(end, last)
