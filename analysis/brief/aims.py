"""The words that could say what for: a verb with its clause behind "to" or "for", or a noun that names an aim."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from analysis.brief.aim_ends import AimEnds
from analysis.brief.names import within_name
from analysis.brief.no_data import DATA
from analysis.brief.nouns import LONGEST, VOID
from analysis.brief.text import Sentence

_NO_ACTS = ("ai", "recipient_head", "condition")  # "generative", "provider", "provided that" are none
_KINDS_OF_DATA = ("data_kind", "content_kind")


class Aims(AimEnds):
    """Reads candidates for `purposes` out of sentences of one language."""

    def _purposes(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words, grammar = sentence.cues, sentence.words, self.grammar
        for first, last, rule in self._whole(sentence, LONGEST):
            told = self._may_be_aim(sentence, first, last) and not self._is_label(sentence, first)
            yield first, last, rule if told else f"{VOID}{rule}"
        aims = cues.get("purpose_lead", ())
        leads = {last for _, last in aims}
        verbs, others = sentence.where("purpose_verb"), sentence.where(*_NO_ACTS)
        names = sentence.long_names
        noted = {at for verb in verbs for at in range(verb + 1, self.noted(sentence, verb + 1))}
        for first, last in cues.get("purpose_verb", ()):
            if first in noted or self._is_described(sentence, first, last) or within_name(names, first, last):
                continue
            if first in others or self._is_of_control(sentence, first) or self._is_mailbox(sentence, last):
                continue
            void = VOID if self._is_told(words[first].text) or self._is_duty(sentence, first) else ""
            void = VOID if self._is_of_readers(sentence, first, last) else void
            first = self._with_objects(sentence, first, leads)
            gerund = words[first].text.endswith(self.grammar.gerunds)
            noted_aim = words[first].gap.rstrip().endswith("(") and words[first].text.endswith(grammar.infinitives)
            opens = first == 0 or (not self.soft(sentence, first) and first < 3) or noted_aim
            if gerund and first not in leads and self._has_verb(sentence, last):
                continue  # "advertising would be"
            if gerund and (first - 1, first) in aims and words[first - 1].text in self.grammar.handing_to:
                continue  # "to advertising clean rooms"
            if opens or first in leads or self._after_adverb(sentence, first, leads):
                yield from self._aim(sentence, first, last, verbs, f"{void}aim")
            elif self._joined_to(sentence, first, verbs):
                continue
            elif gerund or words[first - 1].text in self.grammar.joins or "," in words[first].gap:
                act = not words[first].text.endswith(grammar.abstract)
                void = void or ("" if gerund or (act and self._goes_on_from(sentence, first, leads)) else VOID)
                yield from self._aim(sentence, first, last, verbs, f"{void}{'doing' if gerund else 'further aim'}")
        yield from self._named_purposes(sentence, verbs)

    def _named_purposes(self, sentence: Sentence, verbs: set[int]) -> Iterator[tuple[int, int, str]]:
        cues, words, grammar = sentence.cues, sentence.words, self.grammar
        for first, last in cues.get("purpose_noun", ()):
            if within_name(sentence.long_names, first, last):
                continue
            start, end = self.chunk(sentence, first, last)
            if start - 1 in verbs and self.soft(sentence, start):
                continue  # what is trained, shown or sent is no purpose; training, showing and sending it is
            if end in sentence.ends("recipient_head") or self._is_of_party(sentence, end):
                continue  # "advertising partners"
            if (
                start < first
                and words[start].capital
                and words[first].capital
                and not self.publisher.says(words[start].text)
            ):
                continue  # "Kestrel Analytics"
            told = self._heads(sentence, start, end) and not self.is_made(sentence, start)
            used = start > 1 and words[start - 2].text in grammar.bound and start - 1 in sentence.where("process")
            if used and self.soft(sentence, start):
                continue  # "if you use certain features"
            if start > 1 and words[start - 1].text in grammar.after and words[start - 2].text in grammar.lean_on:
                continue  # "related to video features"
            if self._is_told_elsewhere(sentence, start, max(end, self.listed(sentence, start, end))):
                continue
            told = told and not (self._is_done_to(sentence, start) or self._is_readers_own(sentence, start, end))
            void = "" if told else VOID
            yield start, end, f"{VOID if self._is_aim_as_such(sentence, start, end) else void}purpose named"
            for further, how in self.post_modified(sentence, end):
                yield start, self.named_end(sentence, start, end, further), f"{void}purpose{how}"
            listed = self.listed(sentence, start, end)
            if listed > end and listed not in sentence.ends("recipient_head"):
                yield start, listed, f"{void}purposes listed"
                for further, how in self.post_modified(sentence, listed):
                    yield start, self.named_end(sentence, start, listed, further), f"{void}purposes listed{how}"

    @staticmethod
    def _is_mailbox(sentence: Sentence, last: int) -> bool:
        """Whether words begin an address: "support@kestrel.example"."""
        return last < len(sentence.words) and sentence.words[last].gap == "@"

    def _is_told_elsewhere(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether words stand for what is said elsewhere: "the development described in (i)"."""
        words, grammar = sentence.words, self.grammar
        if all(word.text not in grammar.told_there for word in words[end - 1 : end + 1]):
            return False
        return words[self.enumerated_from(sentence, start, end, ("purpose_noun", *DATA))].text in grammar.determiners

    def _is_done_to(self, sentence: Sentence, start: int) -> bool:
        """Whether what a noun names is what something is done to, behind any verb: "to expand our features"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or start < 2 or words[start].text not in grammar.determiners:
            return False
        leads = sentence.ends("purpose_lead")
        verb = start - 1 in leads and words[start - 2].text in grammar.handing_to
        return verb and self.soft(sentence, start) and not self.ends_phrase(words[start - 1].text)

    def _is_readers_own(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a noun is a later entry of what is the reader's: "your face and features"."""
        first = self.enumerated_from(sentence, start, end, ("purpose_noun", *DATA))
        return first < start and sentence.words[first].text in self.grammar.yours

    def _is_label(self, sentence: Sentence, first: int) -> bool:
        """Whether an item begins with a bare word that says what follows is an aim: "Purpose: billing"."""
        words = sentence.words
        return words[first].text in self.grammar.ends and first + 1 < len(words) and ":" in words[first + 1].gap

    def _is_aim_as_such(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether words name no aim: "certain purposes"."""
        grammar = self.grammar
        return {word.text for word in sentence.words[start:end]} <= grammar.ends | grammar.determiners | grammar.general

    def _may_be_aim(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a whole item may say what for: it has an act or an end in it, is no party and begins no sentence."""
        words, cues = sentence.words, sentence.cues
        if not any(first <= at < last for at in sentence.where("purpose_verb", "purpose_noun", "purpose_lead")):
            return False
        if first in sentence.where("refuse_act"):
            return False  # "Object to processing"
        if words[first].text in self._openings | self.grammar.others | self.grammar.bound | self.grammar.asked:
            return False
        lead = max((end for at, end in cues.get("purpose_lead", ()) if at == first), default=first)
        if any(a.text in self.grammar.others and b.text in self._finite for a, b in pairwise(words[lead:last])):
            return False  # "Example: we might recommend"
        parties = cues.get("recipient_head", ())
        return not any(end == last or start <= first + 1 for start, end in parties)

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

    def _is_told(self, word: str) -> bool:
        """Whether what begins like a verb of an aim says what is done: "présentent", "affiché"."""
        grammar = self.grammar
        if not grammar.infinitives:
            return False
        return word.endswith(grammar.pasts) or (
            word.endswith(grammar.verbs) and not word.endswith(("ment", grammar.gerunds))
        )

    def _goes_on_from(self, sentence: Sentence, at: int, leads: set[int]) -> bool:
        """Whether an aim may be before a further one: not "what you post and send", "we collect and process"."""
        words, grammar = sentence.words, self.grammar
        for near in range(at - 1, 0, -1):
            if near in leads:
                return True
            if words[near].text in grammar.embeds or words[near].text in grammar.bound & grammar.pronouns:
                return False
            if words[near].text in grammar.others and self.soft(sentence, near + 1):
                return False
        return True

    def _is_duty(self, sentence: Sentence, first: int) -> bool:
        """Whether what begins at `first` is what readers have to do or do: "you agree to comply", "for you to test",
        "if you choose to send"."""
        words, grammar = sentence.words, self.grammar
        if self._is_wish(sentence, first):
            return True
        at = next((at for at, end in sentence.cues.get("duty", ()) if end == first), None)
        if at is not None:
            return any(words[n].text in grammar.bound and self.soft(sentence, n + 1) for n in range(max(0, at - 3), at))
        aims = sentence.where("purpose_lead")
        led = first > 1 and first - 1 in aims and words[first - 2].text in grammar.bound & grammar.readers
        return led and any(n in aims for n in range(max(0, first - 4), first - 2))

    def _is_of_readers(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether it is what readers write or say to the service: "sending an email to", "to contact our officer"."""
        words, grammar = sentence.words, self.grammar
        if first not in sentence.where("contact"):
            return False
        return (last < len(words) and words[last].text in grammar.ours | grammar.to_us) or (
            first > 0 and words[first - 1].text in grammar.means
        )

    def _is_wish(self, sentence: Sentence, first: int) -> bool:
        """Whether it is what readers choose to do."""
        words, grammar = sentence.words, self.grammar
        at = first - 1
        small = grammar.inner | grammar.after | (grammar.pronouns if grammar.noun_first else frozenset())
        at -= at > 0 and words[at].text in small
        if at < 1 or words[at].text not in grammar.wishes or not self.soft(sentence, first):
            return False
        before = words[at - 1].text
        return before in grammar.bound or (before in grammar.modals and at > 1 and words[at - 2].text in grammar.bound)

    def _with_objects(self, sentence: Sentence, first: int, leads: set[int]) -> int:
        """Where an aim begins whose object stands before its verb: "pour vous envoyer"."""
        start = first
        while self.grammar.noun_first and start > 0 and self.soft(sentence, start):
            if sentence.words[start - 1].text not in self.grammar.pronouns:
                break
            start -= 1
        return start if start in leads else first

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
        aim = words[start].text.endswith(grammar.infinitives) or any(first == start for first, _ in nouns)
        return aim and not self._is_means(sentence, start, end)

    def _is_means(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a phrase names AI as what is used: "an artificial intelligence", not "for" it."""
        led = start in sentence.ends("purpose_lead")
        return not led and (self.bare(sentence, start, end), end) in sentence.cues.get("ai", ())

    def _is_described(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether what looks like a verb is part of a noun: "content-generating", "targeted advertising"."""
        words, grammar = sentence.words, self.grammar
        if words[first].gap == "-" or (last < len(words) and words[last].gap == "-"):
            return True
        before = words[first - 1].text if first > 0 and self.soft(sentence, first) else None
        if not words[first].text.endswith(grammar.gerunds):
            past = not grammar.noun_first and words[first].text.endswith(grammar.pasts)
            by = last < len(words) and words[last].text in grammar.doers
            return past and (by or before in grammar.handing_to | grammar.joins)  # "related to enhanced features"
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
        near = self.aim_end(sentence, first, head, self.clause_end(sentence, head, commas=False, noted=True))
        far = self.aim_end(sentence, first, head, self.clause_end(sentence, first, commas=True))
        far = max(near, self.before_subject(sentence, first, near, far))
        yield first, near, rule
        if far > near:
            yield first, far, f"{rule}, on"
        for at in range(max(last, head + 1) + 1, near):
            if words[at].text in grammar.joins and (at + 1 in verbs or at + 2 in verbs):
                yield first, at, f"{rule}, first"
                break
