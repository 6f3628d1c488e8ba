"""The words that could say how to refuse."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.brief.acts import Acts
from analysis.brief.nouns import LONGEST, STEP, VOID
from analysis.brief.text import Sentence, addresses, words_of

_ACTS = ("refusal", "control", "way", "contact")
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
_REFUSES = ("refuse_act", "can_stop", "control", "rights", "unless", "consent", "default_on", "default_off")
_PHRASE = 3  # words of an act that is no clause: "ask us not"
_CLAUSE = 6  # words of "you have the" before a right
_TAKEN = 4  # words from "removed" to the act that one could do before


class WaysOut(Acts):
    """Reads candidates for `refuse` out of sentences of one language."""

    def _refuse(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        for first, last, rule in self._ways(sentence):
            end = self._before_state(sentence, first, last)
            yield first, end, f"{VOID}{rule}" if self._is_no_way(sentence, first, rule) else rule
        for first, last in self._paths(sentence):
            yield first, last, "stated way"

    def _paths(self, sentence: Sentence) -> Iterator[tuple[int, int]]:
        """Ways through menus, where the sentence says that one refuses: "To refuse: Settings > Privacy"."""
        words = sentence.words
        if not any(cue in sentence.cues for cue in ("refuse_act", "can_stop")):
            return
        named = {last for _, last in sentence.names}
        steps = [at for at in range(1, len(words)) if words[at].gap.strip() in _ARROWS and at not in named]
        for at in steps:
            if any(other < at and at - other <= STEP for other in steps):
                continue
            first, last = at - 1, at + 1
            while first > 0 and at - first < STEP and words[first - 1].capital and not words[first].gap.strip():
                first -= 1
            while last < len(words) and (self._steps_on(sentence, last) or last in steps):
                last += 1
            yield first, last

    def _steps_on(self, sentence: Sentence, at: int) -> bool:
        word = sentence.words[at]
        goes_on = word.capital or "-" in word.gap or not self.ends_phrase(word.text)
        return not word.gap.strip() and goes_on and at not in sentence.where("control")

    def _before_state(self, sentence: Sentence, first: int, last: int) -> int:
        """Where a way through menus ends before what is said of it: "Settings > Privacy is set to on"."""
        words = sentence.words
        arrows = [at for at in range(first + 1, last) if words[at].gap.strip() in _ARROWS]
        if not arrows:
            return last
        return next((at for at in range(arrows[-1] + 1, last) if words[at].text in self.grammar.passives), last)

    def _is_no_way(self, sentence: Sentence, first: int, rule: str) -> bool:
        """Whether it says where something is that is not about a choice, or how a control is."""
        kind = rule.partition(",")[0]
        if kind == "place" and first in sentence.ends("negation"):
            return True
        if kind == "place" and self._is_state(sentence, first):
            return True
        if kind in ("place", "contact") and not any(cue in sentence.cues for cue in _CHOICE):
            around = self.phrases.find(words_of(f"{sentence.heading} {sentence.lead}"))
            return not any(cue in around for cue in _CHOICE)
        if kind in ("place", "contact", "way", "address") and self._only_informs(sentence, first):
            return True
        if kind == "right" and self._is_other_right(sentence, first):
            return True
        # "is set to on"
        return kind == "control" and (
            self._chooses_to(sentence, first) or self._follows(sentence, first, self.grammar.passives)
        )

    def _is_state(self, sentence: Sentence, first: int) -> bool:
        """Whether it is said of a control how it is: "the setting is on by default"."""
        words, end = sentence.words, self.chunk(sentence, first, first + 1)[1]
        return end < len(words) and self.soft(sentence, end) and words[end].text in self.grammar.passives

    @staticmethod
    def _is_other_right(sentence: Sentence, first: int) -> bool:
        """Whether it is a right that is no choice: "your right to privacy"."""
        acts, rights = sentence.where("refuse_act"), sentence.where("rights")
        return any(
            first <= at < first + _CLAUSE and at in rights and acts.isdisjoint(range(first, end))
            for at, end in sentence.cues.get("no_choice", ())
        )

    @staticmethod
    def _only_informs(sentence: Sentence, first: int) -> bool:
        """Whether people are sent there who want to ask or to know: "if you have questions, write to us"."""
        asked = any(at < first for at in sentence.where("asking"))
        return asked and not any(cue in sentence.cues for cue in _REFUSES)

    def _chooses_to(self, sentence: Sentence, first: int) -> bool:
        """Whether what people choose to do refuses nothing: "choose to add a photo", not "choose to switch it off"."""
        words, grammar = sentence.words, self.grammar
        controls = sorted(end for _, end in sentence.cues.get("control", ()) if end > first)
        last = controls[0] if controls else len(words)
        if last + 1 >= len(words) or not self.soft(sentence, last):
            return False
        infinitive = words[last + 1].text.endswith(grammar.infinitives or ("",))
        to = last in sentence.where("purpose_lead") or words[last].text in grammar.inner
        refuses = sentence.where("refuse_act", "can_stop", "negation", "control", "default_on", "unless")
        return to and infinitive and not any(at > last for at in refuses)

    @staticmethod
    def _follows(sentence: Sentence, first: int, words: frozenset[str]) -> bool:
        return first > 0 and sentence.words[first - 1].text in words

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
                if self._ends_order(sentence, first) or not self._may_refuse(sentence, first, last, rule):
                    continue
                first = self._with_pronouns(sentence, first)
                within = last - 1 if last - first > _PHRASE else first  # "request that we do not"
                near = self.clause_end(sentence, within, commas=False)
                far = self.clause_end(sentence, first, commas=True, breaks=False)
                far = max(near, self.till_another_acts(sentence, first, far))
                if rule == "place":
                    start = self.chunk(sentence, first, last)[0]
                    yield start, max(last, self.clause_end(sentence, last - 1, commas=False)), rule
                    continue
                if self._only_leads(sentence, first, near) or self._ends_way(sentence, first):
                    continue
                yield first, near, rule
                start = self.clause_start(sentence, first)
                if far > near and start - 1 not in sentence.where("unless"):
                    yield first, far, f"{rule}, on"
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
        if any(
            words[at].text in grammar.others - grammar.pronouns and words[at - 1].text not in grammar.relatives
            for at in range(first + 1, last)
        ):
            return False  # "upon request we will delete"
        if rule == "refusal" and not grammar.noun_first and words[first].text.endswith("s") and not readers:
            return False  # "Cordova deletes them": who does it is not the reader
        if rule == "refusal" and self._describes(sentence, first, last):
            return False
        if rule in _ACTS and not self._is_way(sentence, first, last):
            return False
        if any(end <= first <= end + _TAKEN for _, end in sentence.cues.get("taken_out", ())):
            return False  # "we have removed the option to opt out"
        if rule == "refusal" and self._is_impossible(sentence, first):
            return False
        start = self.clause_start(sentence, first)
        if start > 1 and words[start - 1].text in grammar.relatives and words[start - 2].text in grammar.means:
            return False  # "the means by which you can refuse"
        return rule not in ("refusal", "control") or not self._only_supposes(sentence, first)

    def _is_impossible(self, sentence: Sentence, first: int) -> bool:
        """Whether it is said right before an act that readers can't do it: "you can no longer", "you cannot"."""
        words, grammar = sentence.words, self.grammar
        denied = [at for at, end in sentence.cues.get("negation", ()) if end == first and at > 0]
        can = grammar.modals | (grammar.readers & grammar.pronouns)
        return any(words[at].text not in grammar.passives and words[at - 1].text in can for at in denied)

    def _describes(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether an English past participle says of which things something is so: "deleted posts"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or last - first > 1 or not words[first].text.endswith(grammar.pasts):
            return False
        if last == len(words) or not self.soft(sentence, last) or self.ends_phrase(words[last].text):
            return False
        return words[last].text not in grammar.determiners and not (first and words[first - 1].text in self._finite)

    def _is_way(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the act is the reader's, and no mere name of a state or aim: "set to opt-out by default"."""
        cues, cues_of_denial = sentence.cues, sentence.where("negation")
        state = (first, last) in cues.get("refuse_act", ()) and last in sentence.where("default_on")
        none = first - 1 in cues_of_denial and sentence.words[first - 1].text not in self.grammar.denied_by
        if state or none or self._is_event(sentence, first, last):
            return False  # "there is no opt-out form"
        return self.by_reader(sentence, first, last)

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
        led = any(
            at <= 1 and last <= first and not any("," in word.gap for word in words[last : first + 1])
            for at, last in cues.get("purpose_lead", ())
        )
        return led and any(at >= near for at in sentence.where("go", "contact", "control", "refuse_act"))

    def _ends_order(self, sentence: Sentence, first: int) -> bool:
        """Whether the words stand in the last step of a way that opens the sentence: "Go to Ads and set the toggle"."""
        opens = 0 in sentence.where("go")
        return opens and self._ends_way(sentence, self.clause_start(sentence, first))

    def _ends_way(self, sentence: Sentence, first: int) -> bool:
        """Whether a way begins before the words that they are the last step of: "go to Settings, and turn it off"."""
        words = sentence.words
        ways = [at for at, _ in sentence.cues.get("go", ()) if at < first]
        if any(start == first for start, _ in sentence.names):
            return bool(ways) and first - max(ways) <= STEP
        if first == 0 or words[first - 1].text not in self.grammar.joins:
            return False
        return bool(ways) and not any(self.hard(sentence, at) for at in range(max(ways) + 1, first + 1))
