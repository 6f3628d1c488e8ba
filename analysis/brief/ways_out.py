"""The words that could say how to refuse, what is left out and what can't be undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.brief.acts import Acts
from analysis.brief.nouns import LONGEST, STEP, VOID
from analysis.brief.text import Sentence, addresses, words_of

_ACTS = ("refusal", "control", "way", "contact")
_KINDS = ("data_head", "data_kind", "content_kind", "sensitive")
_ABOUT = (
    *_KINDS,
    "collect",
    "process",
    "share",
    "retain",
    "train",
    "ai",
    "consent",
    "person",
    "recipient_head",
    "tracking",
    "purpose_noun",
    "control",
)
_ARROWS = frozenset((">", "›", "→", "->", "»", "/ >"))
_CHOICE = (
    "refuse_act",
    "can_stop",
    "rights",
    "control",
    "you_may",
    "unless",
    "consent",
    "default_on",
    "default_off",
    "negation",
    "set_aside",
)
_COUNTED = 4  # words from a number to what is counted: "415 requests to opt out"
_DOUBLE = 3  # words between a denial and an exception that it denies
_WHO = 6  # words between people and their age: "members who we believe are under 18"


class WaysOut(Acts):
    """Reads candidates for `refuse`, `excluded` and `irreversible` out of sentences of one language."""

    def _refuse(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        for first, last, rule in self._ways(sentence):
            end = self._before_state(sentence, first, last)
            yield first, end, f"{VOID}{rule}" if self._is_no_way(sentence, first, rule) else rule
        for first, last in self._paths(sentence):
            yield first, last, "stated way"
        for first, last in sentence.cues.get("default_on", ()):
            if first in sentence.where("you_may") - sentence.where("condition"):  # "you may decline"
                yield first, self.clause_end(sentence, last - 1, commas=False), "stated way"

    def _paths(self, sentence: Sentence) -> Iterator[tuple[int, int]]:
        """Ways through menus, where the sentence says that one refuses: "To refuse: Settings > Privacy"."""
        words = sentence.words
        if not any(cue in sentence.cues for cue in ("refuse_act", "can_stop")):
            return
        steps = [at for at in range(1, len(words)) if words[at].gap.strip() in _ARROWS]
        for at in steps:
            if any(other < at and at - other <= STEP for other in steps):
                continue
            first, last = at - 1, at + 1
            while first > 0 and at - first < STEP and words[first - 1].capital and not words[first].gap.strip():
                first -= 1
            while last < len(words) and (self._steps_on(sentence, last) or last in steps):
                last += 1
            yield first, last

    @staticmethod
    def _steps_on(sentence: Sentence, at: int) -> bool:
        word = sentence.words[at]
        return not word.gap.strip() and (word.capital or "-" in word.gap)

    def _before_state(self, sentence: Sentence, first: int, last: int) -> int:
        """Where a way through menus ends before what is said of it: "Settings > Privacy is set to on"."""
        words = sentence.words
        arrows = [at for at in range(first + 1, last) if words[at].gap.strip() in _ARROWS]
        if not arrows:
            return last
        return next((at for at in range(arrows[-1] + 1, last) if words[at].text in self.grammar.passives), last)

    def _is_no_way(self, sentence: Sentence, first: int, rule: str) -> bool:
        """Whether it is counted how many refuse, or where something is that is not about a choice."""
        words, grammar = sentence.words, self.grammar
        kind = rule.partition(",")[0]
        if kind == "place" and grammar.noun_first and not self._is_where(sentence, first):
            return True
        if kind in ("place", "contact") and not any(cue in sentence.cues for cue in _CHOICE):
            around = self.phrases.find(words_of(f"{sentence.heading} {sentence.lead}"))
            return not any(cue in around for cue in _CHOICE)
        if kind == "control" and first > 0 and words[first - 1].text in grammar.passives:
            return True  # "is set to on"
        if kind not in ("refusal", "right"):
            return False
        for at in range(first, max(-1, first - _COUNTED), -1):
            if words[at].text in grammar.readers & grammar.pronouns or (at < first and self.hard(sentence, at + 1)):
                return False
            if words[at].text.isdecimal() and at > 0:
                return True
        return False

    def _is_where(self, sentence: Sentence, first: int) -> bool:
        words, places = sentence.words, sentence.where("refuse_where")
        while first < len(words) - 1 and words[first].text in self.grammar.determiners:
            first += 1
        return first in places or words[first].capital

    def _ways(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
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
                if not self._may_refuse(sentence, first, last, rule):
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
                if start > 0 and words[start - 1].text in self.grammar.joins:
                    start = next((at for at in sorted(sentence.where("you_may")) if start < at < first), start)
                ours = words[start].text in self.grammar.others  # "we must deny your deletion request"
                if 0 < first - start <= 6 and near - start <= LONGEST and not ours:
                    yield start, near, f"{rule}, clause"
        for match in addresses(sentence.text, words[0].start, words[-1].end):
            inside = [n for n, word in enumerate(words) if match.start() <= word.start < match.end()]
            if inside:
                yield inside[0], inside[-1] + 1, "address"

    def _may_refuse(self, sentence: Sentence, first: int, last: int, rule: str) -> bool:
        """Whether what is done is the reader's, and told rather than supposed."""
        words, grammar = sentence.words, self.grammar
        readers = first > 0 and words[first - 1].text in grammar.readers
        if rule == "refusal" and not grammar.noun_first and words[first].text.endswith("s") and not readers:
            return False  # "Cordova deletes them": who does it is not the reader
        if rule in _ACTS and not self._is_way(sentence, first, last):
            return False
        return rule not in ("refusal", "control") or not self._only_supposes(sentence, first)

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
        yield from self._set_aside(sentence)
        yield from self._exceptions(sentence)
        yield from self._ages(sentence)

    def _denials(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words = sentence.cues, sentence.words
        for first, last in cues.get("negation", ()):
            if self._disclaims(sentence, first) or self.if_refused(sentence, first):
                continue
            if self._measures(sentence, last) or self._only_narrows(sentence, first):
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
            if words[first].text in self.grammar.lacking and not self._tells(sentence, first, near):
                continue  # "without charge"
            far = self.clause_end(sentence, first, commas=True)
            start = self.denial_start(sentence, first)
            yield start, near, "denial"
            if (whole := self._whole_subject(sentence, start)) < start:
                yield whole, near, "denial, whole"
            if far > near:
                yield start, far, "denial, on"
            if first > start and self._denies_verb(sentence, first):
                yield first - 1, near, "denial, short"

    def _set_aside(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        """What is said to be left out: "Messages are excluded"."""
        words = sentence.words
        for first, last in sentence.cues.get("set_aside", ()):
            verb = first - 1
            if verb > 0 and words[verb].text in self.grammar.passives and words[verb - 1].text not in self._finite:
                start = self.subject_start(sentence, verb)
                who = {word.text for word in words[start:verb]}
                if start < verb and not who & (self._openings | self._finite) and self._tells(sentence, start, verb):
                    yield start, self.clause_end(sentence, last - 1, commas=False), "denial"

    @staticmethod
    def _tells(sentence: Sentence, first: int, last: int) -> bool:
        """Whether words are about data, what is done with them, people or parties."""
        return any(first <= at < last for at in sentence.where(*_ABOUT))

    def _measures(self, sentence: Sentence, last: int) -> bool:
        """Whether a denial only says how much or how long at most: "for no more than 7 days"."""
        words, beyond = sentence.words, self.grammar.beyond
        return (
            last + 1 < len(words)
            and words[last].text in beyond
            and bool({words[last - 1].text, words[last + 1].text} & beyond)
        )

    def _only_narrows(self, sentence: Sentence, first: int) -> bool:
        """Whether a denial says of which things something is done: "profiles that have not been opened are deleted"."""
        words, grammar = sentence.words, self.grammar
        which = next((at for at in range(first, max(0, first - STEP), -1) if words[at].text in grammar.relatives), 0)
        if which == 0 or not self.soft(sentence, which):
            return False
        acts = sentence.where("retain")
        for at in range(first + 2, min(first + LONGEST, len(words))):
            if not self.soft(sentence, at):
                return False
            if words[at].text in grammar.passives and words[at - 1].text not in self._finite | grammar.denied_by:
                return any(done in acts for done in range(at + 1, min(at + _DOUBLE, len(words))))
        return False

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
