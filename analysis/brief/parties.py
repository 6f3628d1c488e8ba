"""The words that could say who gets it: a party by its kind, or by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analysis.brief.nouns import VOID
from analysis.brief.party_names import PartyNames
from analysis.brief.text import Sentence, addresses, has_address

_ENDS = re.compile(r"[.;:!?]\s")
_ASKING = ("refuse_act", "contact", "control", "rights")
_HANDED = 8  # words from a verb to whom it is done
_BESIDE = 3  # words from a verb to whom something is given


class Parties(PartyNames):
    """Reads candidates for `recipients` out of sentences of one language."""

    def _within_list(self, sentence: Sentence, start: int, cues: tuple[str, ...]) -> bool:
        """Whether a phrase is a later one of an enumeration and has no determiner: no list begins with it."""
        words = sentence.words
        if start == 0 or words[start].text in self.grammar.determiners:
            return False
        at = start - 1 if words[start - 1].text in self.grammar.joins else start
        if at == start and ("," not in words[start].gap or self.hard(sentence, start)):
            return False
        return at in sentence.ends(*cues)

    def _recipients(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        for first, last, rule in self._parties(sentence):
            yield first, last, f"{VOID}{rule}" if self._gets_nothing(sentence, first, last) else rule

    def _gets_nothing(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether words name a button, a source, or who only asks: "choose “Our partners”", "anyone may ask"."""
        words, cues = sentence.words, sentence.cues
        if "go" in cues and any(start <= first and last <= end for start, end in sentence.names):
            return True
        if last + 1 < len(words) and words[last].text in self.grammar.modals and self.soft(sentence, last):
            asks = last + 1 in sentence.where(*_ASKING) or words[last + 1].text in self.grammar.readers
            return asks or self._gives_us(sentence, last)
        if first in sentence.ends("role", "contracting", "taken_out"):
            return True  # "act as joint controllers", "you are contracting with Kestrel Ltd"
        return self._is_source(sentence, first) or self._is_protected(sentence, first) or self._gives_us(sentence, last)

    def _is_protected(self, sentence: Sentence, first: int) -> bool:
        """Whether it is for their good, or against them: "to protect Kestrel, our users and the public"."""
        words, grammar = sentence.words, self.grammar
        protects = sentence.where("purpose_verb") & sentence.where("security")
        protects = {at for at in protects if not words[at].text.endswith(grammar.abstract)}
        acts = sentence.where("collect", "share", "hand_on", "process") - sentence.where("person")
        near = range(first - 1, max(-1, first - _HANDED), -1)
        return next((at in protects for at in near if at in protects | acts), False)

    def _gives_us(self, sentence: Sentence, last: int) -> bool:
        """Whether those whose name ends at `last` give what they have: "our partners may send us your name"."""
        words, cues, grammar = sentence.words, sentence.cues, self.grammar
        verbs = {at: end for cue in ("share", "hand_on") for at, end in cues.get(cue, ())}
        at = last
        while at < len(words) and self.soft(sentence, at) and words[at].text in grammar.modals | grammar.between:
            at += 1
        if grammar.noun_first:
            return at < len(words) - 1 and words[at].text in grammar.to_us and at + 1 in verbs
        end = verbs.get(at, 0) if self.soft(sentence, min(at, len(words) - 1)) else 0
        return 0 < end < len(words) and words[end].text in grammar.to_us

    def _is_source(self, sentence: Sentence, first: int) -> bool:
        """Whether data come from whom words name that begin at `first`: "we obtain your name from public registers"."""
        words, grammar, cues = sentence.words, self.grammar, sentence.cues
        got = [at for at, _ in cues.get("collect", ())]
        leads = [at for at in range(first) if words[at].text in grammar.sourced and any(act < at for act in got)]
        if not leads:
            return False
        given = sentence.where("share", "hand_on", "run_by", "process") - set(got)
        return not any(leads[-1] < at < first and self._hands(sentence, at) for at in given)

    def _hands(self, sentence: Sentence, at: int) -> bool:
        """Whether a verb says that something is given, not what a source is: "registers of licensed people"."""
        words, grammar = sentence.words, self.grammar
        near = {word.text for word in words[at + 1 : at + _BESIDE]}
        return not words[at].text.endswith(grammar.pasts) or bool(near & grammar.handing_to)

    def _parties(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        linked = _in_addresses(sentence)
        heads = [head for head in sentence.cues.get("recipient_head", []) if head[0] not in linked]
        words, grammar = sentence.words, self.grammar
        ends = {last for _, last in heads}
        aims = sentence.where("purpose_lead")
        things = sentence.ends("thing")
        yield from self._given_to(sentence)
        for first, last in heads:
            start, end = self.chunk(sentence, first, last)
            if words[first].capital and first > 0 and self.publisher.is_named(words[first - 1].text):
                continue  # "Kestrel Agents", a product
            if words[start].text in grammar.relatives and words[end - 1].text.endswith("s"):
                start += 1  # "so that customers"
            start = self._shared_head(sentence, self._behind_aim(sentence, start, first), first)
            if self._is_service(sentence, start, end):
                continue
            if end not in ends:
                if not any(last < thing <= end for thing in things):
                    yield start, end, "party as adjective"
                continue
            yield start, end, "party"
            note = self.noted(sentence, end)
            if note > end:
                yield start, note, "party with note"
            for further, how in self.post_modified(sentence, end):
                if end not in aims:
                    yield start, further, f"party{how}"
            listed = self.listed(sentence, start, end)
            if listed > end and not self._within_list(sentence, start, ("recipient_head",)):
                yield start, listed, "parties"
        yield from self._names(sentence)

    def _is_service(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a phrase names what the publisher itself runs: "our platforms", "our other services"."""
        words, grammar = sentence.words, self.grammar
        return words[start].text in grammar.ours and words[end - 1].text in grammar.run

    def _given_to(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        """Firms that something is shared with: "with your water company"."""
        for first, last in sentence.cues.get("firm", ()):
            start, end = self.chunk(sentence, first, last)
            if end == last and start < first and self._is_given(sentence, start):
                yield start, end, "party"

    def _behind_aim(self, sentence: Sentence, start: int, first: int) -> int:
        """Where a party begins behind a verb that looks like a part of it: "to engage outside providers"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or start == first or words[start].capital or words[start].text in grammar.determiners:
            return start
        if start > 0 and words[start - 1].text in self._subjects | grammar.bound and self.soft(sentence, start):
            return start + 1  # "if you integrate third-party tools"
        if start not in sentence.ends("purpose_lead"):
            return start
        gerund = words[start].text.removesuffix("e") + grammar.gerunds
        return start + 1 if self.publisher.says(gerund) else start

    @staticmethod
    def of_disclaimer(sentence: Sentence, first: int) -> bool:
        """Whether what begins at `first` stands behind the denial of a liability: "we do not monitor their apps"."""
        denied = (last for _, last in sentence.cues.get("liability", ()) if last <= first)
        return any(not any(_ENDS.search(word.gap) for word in sentence.words[last : first + 1]) for last in denied)

    def _shared_head(self, sentence: Sentence, start: int, first: int) -> int:
        """Where a party begins whose word the one before it shares: "banking and payments partners"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or start != first - 1 or start < 2 or words[start].text in grammar.determiners:
            return start
        if words[start - 1].text not in grammar.joins or not all(self.soft(sentence, at) for at in (start, start - 1)):
            return start
        other = words[start - 2]
        named = other.capital or self.ends_phrase(other.text) or other.text in grammar.determiners | grammar.general
        heads = sentence.cues.get("recipient_head", [])
        ends = {last for _, last in [*heads, *sentence.cues.get("data_head", ())]}
        whole = any(at == start for at, _ in heads)  # "service providers"
        return start if named or whole or start - 1 in ends else self.chunk(sentence, start - 2, start - 1)[0]


def _in_addresses(sentence: Sentence) -> frozenset[int]:
    """The words that are parts of an address, so name nobody."""
    said = sentence.text[sentence.words[0].start : sentence.words[-1].end]
    if not has_address(said):
        return frozenset()
    spans = [match.span() for match in addresses(sentence.text, sentence.words[0].start)]
    return frozenset(
        at for at, word in enumerate(sentence.words) if any(start <= word.start < end for start, end in spans)
    )
