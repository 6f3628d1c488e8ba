"""The words that could say how to refuse, what is left out and what can't be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.brief.acts import Acts
from analysis.brief.nouns import LONGEST, STEP
from analysis.brief.text import Sentence, addresses, words_of

_ACTS = ("refusal", "control", "way", "contact")
_KINDS = ("data_head", "data_kind", "content_kind", "sensitive")
_DOUBLE = 3  # words between a denial and an exception that it denies
_WHO = 6  # words between people and their age: "members who we believe are under 18"


class WaysOut(Acts):
    """Reads candidates for `refuse`, `excluded` and `irreversible` out of sentences of one language."""

    def _refuse(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words = sentence.cues, sentence.words
        wanted = (
            ("refuse_act", "refusal"),
            ("contact", "contact"),
            ("control", "control"),
            ("rights", "right"),
            ("go", "way"),
            ("refuse_where", "place"),
        )
        for cue, rule in wanted:
            for first, last in cues.get(cue, ()):
                if rule == "refusal" and not self.grammar.noun_first and words[first].text.endswith("s"):
                    continue  # "Cordova deletes them": who does it is not the reader
                if rule in _ACTS and not self._is_way(sentence, first, last):
                    continue
                if rule in ("refusal", "control") and self._only_supposes(sentence, first):
                    continue
                first = self._with_pronouns(sentence, first)
                near = self.clause_end(sentence, first, commas=False)
                far = self.clause_end(sentence, first, commas=True, breaks=False)
                far = max(near, self.till_another_acts(sentence, first, far))
                if rule == "place":
                    start = self.chunk(sentence, first, last)[0]
                    yield start, max(last, self.clause_end(sentence, last - 1, commas=False)), rule
                    continue
                if self._only_leads(sentence, first, near) or self._ends_way(sentence, first):
                    continue
                yield first, near, rule
                if far > near:
                    yield first, far, f"{rule}, on"
                start = self.clause_start(sentence, first)
                ours = words[start].text in self.grammar.others  # "we must deny your deletion request"
                if 0 < first - start <= 6 and near - start <= LONGEST and not ours:
                    yield start, near, f"{rule}, clause"
        for match in addresses(sentence.text, words[0].start, words[-1].end):
            inside = [n for n, word in enumerate(words) if match.start() <= word.start < match.end()]
            if inside:
                yield inside[0], inside[-1] + 1, "address"

    def _is_way(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the act is the reader's, and no mere name of a state or aim: "set to opt-out by default"."""
        cues = sentence.cues
        state = (first, last) in cues.get("refuse_act", ()) and any(at == last for at, _ in cues.get("default_on", ()))
        return not state and not self._is_event(sentence, first, last) and self.by_reader(sentence, first, last)

    def _is_event(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether people write for whatever reason: "when you contact us", not "unless you notify us"."""
        cues, grammar = sentence.cues, self.grammar
        if first == 0 or (first, last) not in cues.get("contact", ()):
            return False
        you = sentence.words[first - 1].text in grammar.readers & grammar.pronouns
        named = any(end == first and sentence.words[at].text != "until" for at, end in cues.get("unless", ()))
        return you and not named and self.soft(sentence, first)

    def _only_supposes(self, sentence: Sentence, first: int) -> bool:
        """Whether it says when something holds, and not where or that one may: "when you refuse cookies, they ..."."""
        start = self.clause_start(sentence, first)
        opens = start - 1 if self.hangs(sentence, start) else start
        may = any(start <= at < first for at in sentence.where("you_may"))  # "if we refuse you may appeal"
        if may or opens < 0 or opens not in sentence.where("condition"):
            return False
        end = self.clause_end(sentence, first, commas=True)
        return not any(first <= at < end for at in sentence.where("go", "refuse_where", "contact"))

    def _with_pronouns(self, sentence: Sentence, first: int) -> int:
        """Where a verb begins with the pronouns before it: "vous y opposer"."""
        while self.grammar.noun_first and first > 0 and self.soft(sentence, first):
            if sentence.words[first - 1].text not in self.grammar.pronouns:
                break
            first -= 1
        return first

    def _only_leads(self, sentence: Sentence, first: int, near: int) -> bool:
        """Whether the words say what the way is to that follows: "To opt out, go to ..."."""
        words, cues = sentence.words, sentence.cues
        if near >= len(words) or "," not in words[near].gap:
            return False
        led = any(0 <= at <= 1 and last == first for at, last in cues.get("purpose_lead", ()))
        return led and any(at >= near for at in sentence.where("go", "contact", "control", "refuse_act"))

    def _ends_way(self, sentence: Sentence, first: int) -> bool:
        """Whether a way begins before the words that they are the last step of: "go to Settings, and turn it off"."""
        words = sentence.words
        ways = [at for at, _ in sentence.cues.get("go", ()) if at < first]
        if any(start == first for start, _ in sentence.names):
            return bool(ways) and first - max(ways) <= STEP
        if first == 0 or words[first - 1].text not in self.grammar.joins:
            return False
        return bool(ways) and not any(self.hard(sentence, at) for at in range(max(ways) + 1, first + 1))

    def _excluded(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        yield from self._denials(sentence)
        yield from self._exceptions(sentence)
        yield from self._ages(sentence)

    def _denials(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues = sentence.cues
        for first, last in cues.get("negation", ()):
            if self._disclaims(sentence, first) or self.if_refused(sentence, first):
                continue
            if any(last <= at <= first + _DOUBLE and self.soft(sentence, at) for at, _ in cues.get("exception", ())):
                continue  # "it cannot be excluded that", "not limited to"
            if end := self.restricted(sentence, first):
                yield first - 2, end, "exception"
                continue
            if (only := self.only(sentence, first)) is not None:
                yield (
                    self.clause_start(sentence, first),
                    self.clause_end(sentence, only, commas=False),
                    "what is excepted",
                )
                continue
            near = self.denial_end(sentence, first)
            far = self.clause_end(sentence, first, commas=True)
            start = self.denial_start(sentence, first)
            yield start, near, "denial"
            if (whole := self._whole_subject(sentence, start)) < start:
                yield whole, near, "denial, whole"
            if far > near:
                yield start, far, "denial, on"
            if first > start and self._denies_verb(sentence, first):
                yield first - 1, near, "denial, short"

    def _exceptions(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues = sentence.cues
        for first, last in cues.get("exception", ()):
            if self._is_of_denial(sentence, first):
                continue
            near = self.restricted(sentence, last - 1) or self.clause_end(sentence, last - 1, commas=False)
            if self._leaves_the_choice(sentence, first, near):
                continue
            yield first, near, "exception"
            if self._bans(sentence, first, last):
                continue  # what is forbidden reads as what is done
            yield last, near, "what is excepted"
            far = self.clause_end(sentence, last - 1, commas=True)
            if far > near:
                yield last, far, "what is excepted, on"

    def restricted(self, sentence: Sentence, at: int) -> int:
        """Where the noun ends that restricts the one before a denial ("notes that are not personal data"), or 0."""
        words, grammar = sentence.words, self.grammar
        if at < 3 or words[at].text not in grammar.denied_by or words[at - 1].text not in grammar.passives:
            return 0
        if words[at - 2].text not in grammar.relatives or not self.soft(sentence, at - 2):
            return 0
        nouns = (last for kind in _KINDS for first, last in sentence.cues.get(kind, ()) if first == at + 1)
        return max((self.chunk(sentence, last - 1, last)[1] for last in nouns), default=0)

    def _is_of_denial(self, sentence: Sentence, first: int) -> bool:
        """Whether the exception at `first` is of a denial, so says what is done: "we don't ..., except to"."""
        cues = sentence.cues
        denied = [last for _, last in cues.get("negation", ()) if last <= first]
        if any(first - last <= _DOUBLE and self.soft(sentence, first) for last in denied):
            return True  # "it cannot be excluded that"
        if all(at != first for at, _ in cues.get("but_for", ())):
            return False
        led = sentence.lead and "negation" in self.phrases.find(words_of(sentence.lead))
        return bool(led) or any(not self._ends_between(sentence, last, first) for last in denied)

    @staticmethod
    def _ends_between(sentence: Sentence, first: int, last: int) -> bool:
        return any(";" in word.gap or "." in word.gap for word in sentence.words[first : last + 1])

    def _denies_verb(self, sentence: Sentence, at: int) -> bool:
        """Whether the word before a denial belongs to it: "do not share", "données ne sont pas", not "data without"."""
        before, grammar = sentence.words[at - 1].text, self.grammar
        if before in grammar.joins:
            return False
        return before in grammar.stops or (grammar.noun_first and sentence.words[at].text in grammar.only_with)

    def _disclaims(self, sentence: Sentence, first: int) -> bool:
        """Whether what is denied is a liability."""
        return any(at - 1 <= first < last for at, last in sentence.cues.get("liability", ()))

    def _bans(self, sentence: Sentence, first: int, last: int) -> bool:
        denied = sentence.words[last - 1].text in self.grammar.denied_by
        return denied or any(at < last and first < end for at, end in sentence.cues.get("prohibition", ()))

    def _ages(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        for first, last in _merged(sentence.cues.get("age", [])):
            start, end = self.chunk(sentence, first, last)
            yield start, end, "age"
            for person, stop in sentence.cues.get("person", ()):
                between = {word.text for word in sentence.words[stop:start]}
                if stop <= start <= stop + _WHO and between & self.grammar.subjects:
                    yield self.chunk(sentence, person, stop)[0], end, "age of whom"

    def _whole_subject(self, sentence: Sentence, start: int) -> int:
        """Where a subject begins of which `start` is the last part: "your messages and the groups that ... are not"."""
        words, grammar = sentence.words, self.grammar
        if start < 2 or words[start - 1].text not in grammar.joins or words[start].text not in grammar.determiners:
            return start
        before = self.clause_start(sentence, start - 1)
        said = any(before <= at < start for at in sentence.where("collect", "process", "share", "retain"))
        return start if said else before

    @staticmethod
    def _leaves_the_choice(sentence: Sentence, first: int, last: int) -> bool:
        """Whether the exception is a person's own: "unless you opt out" says how to refuse, not what is left out."""
        return any(first <= at < last for at in sentence.where("refuse_act", "default_on", "default_off"))

    def _irreversible(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        denied = sentence.where("negation")
        for first, last in sentence.cues.get("irreversible", ()):
            if any(at >= first for at, _ in sentence.cues.get("liability", ())):
                continue  # "irrevocably submit to the jurisdiction of": of courts, not of data
            if first in denied and first > 0 and sentence.words[first - 1].text in self.grammar.stops:
                first -= 1  # "does not affect"
            yield first, min(self.listed(sentence, first, last), last + 2), "lasting"
            near = self.clause_end(sentence, last - 1, commas=False, breaks=False)
            yield first, max(near, last), "lasting, on"
            start = self.clause_start(sentence, first)
            yield start, max(near, last), "lasting, clause"


def _merged(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Places that touch or overlap as one: "at least 13" and "years old"."""
    begun: tuple[int, int] | None = None
    for first, last in sorted(places):
        if begun and first <= begun[1]:
            begun = begun[0], max(begun[1], last)
            continue
        if begun:
            yield begun
        begun = first, last
    if begun:
        yield begun
