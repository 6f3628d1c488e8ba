"""The words that could say what for: a verb with its clause behind "to" or "for", or a noun that names an aim."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from analysis.brief.enumerations import Enumerations
from analysis.brief.names import within_name
from analysis.brief.nouns import LONGEST, VOID
from analysis.brief.text import Sentence

_NO_ACTS = ("ai", "recipient_head", "condition")  # "generative", "provider", "provided that" are none
_KINDS_OF_DATA = ("data_kind", "content_kind")


class Aims(Enumerations):
    """Reads candidates for `purposes` out of sentences of one language."""

    def _purposes(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words = sentence.cues, sentence.words
        for first, last, rule in self._whole(sentence, LONGEST):
            yield first, last, rule if self._may_be_aim(sentence, first, last) else f"{VOID}{rule}"
        aims = cues.get("purpose_lead", ())
        leads = {last for _, last in aims}
        verbs, others = sentence.where("purpose_verb"), sentence.where(*_NO_ACTS)
        names = sentence.long_names
        noted = {at for verb in verbs for at in range(verb + 1, self.noted(sentence, verb + 1))}
        for first, last in cues.get("purpose_verb", ()):
            if first in noted or self._is_described(sentence, first, last) or within_name(names, first, last):
                continue
            if first in others or self._is_of_control(sentence, first):
                continue
            void = VOID if self._is_told(words[first].text) or self._is_duty(sentence, first) else ""
            first = self._with_objects(sentence, first, leads)
            gerund = words[first].text.endswith(self.grammar.gerunds)
            opens = first == 0 or (not self.soft(sentence, first) and first < 3)
            if gerund and first not in leads and self._has_verb(sentence, last):
                continue  # "advertising would be"
            if gerund and (first - 1, first) in aims and words[first - 1].text in self.grammar.handing_to:
                continue  # "to advertising clean rooms"
            if opens or first in leads or self._after_adverb(sentence, first, leads):
                yield from self._aim(sentence, first, last, verbs, f"{void}aim")
            elif self._joined_to(sentence, first, verbs):
                continue
            elif gerund or words[first - 1].text in self.grammar.joins or "," in words[first].gap:
                void = void or ("" if gerund or self._goes_on_from(sentence, first, leads) else VOID)
                yield from self._aim(sentence, first, last, verbs, f"{void}{'doing' if gerund else 'further aim'}")
        yield from self._named_purposes(sentence, verbs)

    def _named_purposes(self, sentence: Sentence, verbs: set[int]) -> Iterator[tuple[int, int, str]]:
        cues = sentence.cues
        for first, last in cues.get("purpose_noun", ()):
            if within_name(sentence.long_names, first, last):
                continue
            start, end = self.chunk(sentence, first, last)
            if start - 1 in verbs and self.soft(sentence, start):
                continue  # what is trained, shown or sent is no purpose; training, showing and sending it is
            if any(stop == end for _, stop in cues.get("recipient_head", ())) or self._is_of_party(sentence, end):
                continue  # "advertising partners"
            void = "" if self._heads(sentence, start, end) and not self.is_made(sentence, start) else VOID
            yield start, end, f"{VOID if self._is_aim_as_such(sentence, start, end) else void}purpose named"
            for further, how in self.post_modified(sentence, end):
                yield start, self._before_further(sentence, end, further), f"{void}purpose{how}"
            listed = self.listed(sentence, start, end)
            if listed > end and all(stop != listed for _, stop in cues.get("recipient_head", ())):
                yield start, listed, f"{void}purposes listed"
                for further, how in self.post_modified(sentence, listed):
                    yield start, self._before_further(sentence, listed, further), f"{void}purposes listed{how}"

    def _is_aim_as_such(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether words name no aim: "certain purposes"."""
        grammar = self.grammar
        return {word.text for word in sentence.words[start:end]} <= grammar.ends | grammar.determiners | grammar.general

    def _may_be_aim(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a whole item may say what for: it has an act or an end in it, is no party and begins no sentence."""
        words, cues = sentence.words, sentence.cues
        if not any(first <= at < last for at in sentence.where("purpose_verb", "purpose_noun", "purpose_lead")):
            return False
        if words[first].text in self._openings | self.grammar.others | self.grammar.bound:
            return False
        lead = max((end for at, end in cues.get("purpose_lead", ()) if at == first), default=first)
        if any(a.text in self.grammar.others and b.text in self._finite for a, b in pairwise(words[lead:last])):
            return False  # "Example: we might recommend"
        parties = cues.get("recipient_head", ())
        if any(end == last for _, end in parties) or self._is_of_party(sentence, first + 1):
            return False
        return not any(start <= first + 1 and not self._acts_before(sentence, first, start) for start, _ in parties)

    def _has_verb(self, sentence: Sentence, last: int) -> bool:
        """Whether a verb follows whose subject an act is: "providing features may take time"."""
        words, grammar = sentence.words, self.grammar
        for at in range(last, len(words)):
            word = words[at].text
            if word in grammar.relatives | self._subjects | grammar.breaks | grammar.joins or not self.soft(
                sentence, at
            ):
                return False
            if word in self._finite:
                return True
        return False

    def _is_of_control(self, sentence: Sentence, first: int) -> bool:
        """Whether an aim is that of a way: "open the menu to manage your cookie preferences"."""
        if first not in sentence.where("control") or all(at > first for at in sentence.where("go")):
            return False
        end = self.clause_end(sentence, first, commas=False)
        words, yours = sentence.words, self.grammar.yours
        places = sentence.where("refuse_where", "control")
        return any(words[at].text in yours for at in range(first + 1, end)) and any(first < at < end for at in places)

    def _acts_before(self, sentence: Sentence, first: int, last: int) -> bool:
        return any(first <= at < last for at in sentence.where("purpose_verb", "purpose_lead"))

    def _is_told(self, word: str) -> bool:
        """Whether what begins like a verb of an aim says what is done: "présentent", "affiché"."""
        grammar = self.grammar
        if not grammar.infinitives:
            return False
        return word.endswith(grammar.pasts) or (
            word.endswith(grammar.verbs) and not word.endswith(("ment", grammar.gerunds))
        )

    def _goes_on_from(self, sentence: Sentence, at: int, leads: set[int]) -> bool:
        """Whether an aim may be before a further one: not "what you post, send and hand in"."""
        words, grammar = sentence.words, self.grammar
        for near in range(at - 1, 0, -1):
            if near in leads:
                return True
            if words[near].text in grammar.embeds:
                return False
        return True

    def _is_duty(self, sentence: Sentence, first: int) -> bool:
        """Whether what begins at `first` is what readers have to do or do: "you agree to comply", "for you to test"."""
        words, grammar = sentence.words, self.grammar
        at = next((at for at, end in sentence.cues.get("duty", ()) if end == first), None)
        if at is not None:
            return any(words[n].text in grammar.bound and self.soft(sentence, n + 1) for n in range(max(0, at - 3), at))
        aims = sentence.where("purpose_lead")
        led = first > 1 and first - 1 in aims and words[first - 2].text in grammar.bound & grammar.readers
        return led and any(n in aims for n in range(max(0, first - 4), first - 2))

    def _with_objects(self, sentence: Sentence, first: int, leads: set[int]) -> int:
        """Where an aim begins whose object stands before its verb: "pour vous envoyer"."""
        start = first
        while self.grammar.noun_first and start > 0 and self.soft(sentence, start):
            if sentence.words[start - 1].text not in self.grammar.pronouns or start in leads:
                break
            start -= 1
        return start if start in leads else first

    def _before_terms(self, sentence: Sentence, first: int, last: int) -> int:
        """Where an aim ends before what is said of how it is reached: "in accordance with"."""
        return next((at for at, _ in sentence.cues.get("by_which", ()) if first < at < last), last)

    def _before_further(self, sentence: Sentence, first: int, last: int) -> int:
        """Where an aim ends before a further one with a "to" of its own: "run our shop and to know who visits it"."""
        leads, verbs = sentence.where("purpose_lead"), sentence.where("purpose_verb")
        for at in range(first + 1, last - 1):
            if sentence.words[at].text in self.grammar.joins and at + 1 in leads and {at + 2, at + 3} & verbs:
                return at
        return last

    def _before_subject(self, sentence: Sentence, first: int, near: int, far: int) -> int:
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

    def _heads(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether the noun that names a purpose is what its phrase is about: not "advertising agency"."""
        words, grammar, nouns = sentence.words, self.grammar, sentence.cues.get("purpose_noun", ())
        if not grammar.noun_first:
            done = words[start].text in grammar.relatives and start > 0 and self.soft(sentence, start)
            named = {stop for _, stop in (*nouns, *sentence.cues.get("purpose_verb", ()))}
            if end not in named and not words[end - 1].capital:
                return False  # "advertising clean rooms", "a support request"
            return not done and not self._is_means(sentence, start, end)  # not "services that carry ads"
        if start > 1 and words[start - 1].text in grammar.inner and any(last == start - 1 for _, last in nouns):
            return False  # "la fraude" of "prévention de la fraude"
        if start > 2 and words[start - 1].text in grammar.inner and words[start - 2].capital:
            return False  # and of "l'Observatoire de la fraude"
        start = self.bare(sentence, start, end)
        aim = words[start].text.endswith(grammar.infinitives or ("\n",)) or any(first == start for first, _ in nouns)
        return aim and not self._is_means(sentence, start, end)

    def _is_means(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a phrase names AI as what is used: "an artificial intelligence", not "for" it."""
        led = any(last == start for _, last in sentence.cues.get("purpose_lead", ()))
        return not led and (self.bare(sentence, start, end), end) in sentence.cues.get("ai", ())

    def _is_described(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether what looks like a verb is part of a noun: "content-generating", "targeted advertising"."""
        words, grammar = sentence.words, self.grammar
        if words[first].gap == "-" or (last < len(words) and words[last].gap == "-"):
            return True
        before = words[first - 1].text if first > 0 and self.soft(sentence, first) else None
        if not words[first].text.endswith(grammar.gerunds):
            return False
        kinds = (place for cue in _KINDS_OF_DATA for place in sentence.cues.get(cue, ()))
        if any(at <= first and end > last for at, end in kinds):
            return True  # "advertising identifier"
        if self._is_of_party(sentence, last):
            return True
        if before is None:
            return False
        return not self.ends_phrase(before) and before not in self._small_of_noun

    def _is_of_party(self, sentence: Sentence, last: int) -> bool:
        """Whether words are said of a party, as others beside them: "advertising and measurement partners"."""
        words = sentence.words
        if self.grammar.noun_first or last + 1 >= len(words) or words[last].text not in self.grammar.joins:
            return False
        heads = sentence.cues.get("recipient_head", ())
        return any(at > last + 1 and self.chunk(sentence, at, end) == (last + 1, end) for at, end in heads)

    def _after_adverb(self, sentence: Sentence, first: int, leads: set[int]) -> bool:
        return first - 1 in leads and sentence.words[first - 1].text.endswith(self.grammar.adverbs)

    def _joined_to(self, sentence: Sentence, at: int, verbs: set[int]) -> bool:
        """Whether the verb at `at` shares its object with the verb before it: "develop, train or evaluate models"."""
        before = at - 1
        if before >= 0 and sentence.words[before].text in self.grammar.joins:
            before -= 1
        if before not in verbs or any(self.hard(sentence, between) for between in range(before + 1, at + 1)):
            return False
        return before < at - 1 or "," in sentence.words[at].gap

    def _aim(
        self, sentence: Sentence, first: int, last: int, verbs: set[int], rule: str
    ) -> Iterator[tuple[int, int, str]]:
        words, grammar = sentence.words, self.grammar
        head = first
        for at in sorted(verbs):
            if at > head and self._joined_to(sentence, at, {head}):
                head = at
        near = self._before_terms(sentence, head, self.clause_end(sentence, head, commas=False, noted=True))
        near = self._before_further(sentence, head + 1, near)
        far = self._before_terms(sentence, head, self.clause_end(sentence, first, commas=True))
        far = self._before_further(sentence, head + 1, far)
        far = max(near, self._before_subject(sentence, first, near, far))
        yield first, near, rule
        if far > near:
            yield first, far, f"{rule}, on"
        for at in range(max(last, head + 1) + 1, near):
            if words[at].text in grammar.joins and (at + 1 in verbs or at + 2 in verbs):
                yield first, at, f"{rule}, first"
                break
