"""What looks like data and is none: a document, a tool, what a service makes."""

from __future__ import annotations

from analysis.brief.names import capital_runs
from analysis.brief.parties import Parties
from analysis.brief.text import Sentence

DATA = ("data_kind", "content_kind", "sensitive", "data_head")
ACTS = ("collect", "process", "share", "retain")
_OF_READER = 6  # words from what is shown to whose it is
_OURS = 4  # words of what the service does itself
_MADE = 10  # words between an act of making and what is made


class NoData(Parties):
    """Tells what names data from what only seems to."""

    def is_no_data(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether words that look like data are a count, a part of a longer name, a tool or what a service makes."""
        words = sentence.words
        if words[first].text.isdecimal() and first > 0:
            return True  # "2,018 requests"
        torn = any(start < last < end and words[last - 1].capital for start, end in sentence.long_names)
        if torn and any(start < last < end for start, end in capital_runs(sentence, self.grammar, joined=False)):
            return True  # "the International Data" of "the International Data Transfer Agreement"
        if self._is_of_name(sentence, first, last):
            return True
        steps = 0 in sentence.where("go") and words[0].capital and words[first].text not in self.grammar.yours
        if steps and sentence.where("go", "refuse_act", "control") - {0}:
            return True  # "Open Settings, choose Privacy and data and switch it off"
        return self._is_tool(sentence, first, last) or self.is_made(sentence, first)

    def _is_of_name(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether words are a part of a name that ends with no data: "the Information Commissioner's Office"."""
        if self.grammar.noun_first or all(end < last for _, end in sentence.long_names):
            return False
        kinds = sentence.ends(*DATA)
        return any(
            start <= self.bare(sentence, first, last) < end not in kinds and self._is_alone(sentence, last, end)
            for start, end in capital_runs(sentence, self.grammar, joined=False)
        )

    def _is_alone(self, sentence: Sentence, last: int, end: int) -> bool:
        """Whether words up to `last` end within a name that ends at `end`, or go on with another entry."""
        words = sentence.words
        return last <= end or "," in words[end].gap or words[end].text in self.grammar.joins

    def names_other(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a noun phrase names what is no data: a document, a legal ground, what is the service's."""
        words, grammar, cues = sentence.words, self.grammar, sentence.cues
        if self._is_document(sentence, first, last):
            return True
        if any(at < last and first < end > at + 1 for at, end in sentence.cues.get("asking", ())):
            return True  # "more information about"
        if any(first <= at and end <= last for at, end in cues.get("legitimate_interest", ())):
            return True
        head = words[self.bare(sentence, first, last)] if grammar.noun_first else words[last - 1]
        other = words[last - 1].text in grammar.ends or (last - first > 1 and head.text in grammar.no_things)
        if other or self._is_measured(sentence, first, last):
            return True
        return words[first].text in grammar.ours and last - first <= _OURS and head.text in grammar.doings

    def _is_measured(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a noun phrase tells how data are: "la qualité de vos données"."""
        words, grammar = sentence.words, self.grammar
        first = self.bare(sentence, first, last)
        return first + 1 < last and words[first].text in grammar.measures and words[first + 1].text in grammar.inner

    def is_somebody(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a noun phrase names a party: "data partners", and "the employer", not "your employer"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or last not in sentence.ends("recipient_head"):
            return False
        if last not in sentence.ends(*DATA):
            return True
        return words[first].text in grammar.articles

    def _is_document(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a noun phrase names a document or a part of one: "our cookie policy", "la politique relative aux"."""
        documents = sentence.cues.get("document")
        if not documents:
            return False
        if not self.grammar.noun_first:
            kinds = sentence.cues.get("data_kind", ())  # "search terms"
            return any(end == last for _, end in documents) and not any(end == last for _, end in kinds)
        first = self.bare(sentence, first, last)
        return any(at == first for at, _ in documents)

    def _is_tool(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a noun phrase is of what works with data: "a facial recognition software", "un modèle de langage"."""
        tools = sentence.cues.get("tool")
        if not tools:
            return False
        kinds = [place for cue in DATA for place in sentence.cues.get(cue, ())]
        if self.grammar.noun_first:
            first = self.bare(sentence, first, last)
            return any(at == first for at, _ in tools) and not any(at <= first < end for at, end in kinds)
        end = self.phrase_end(sentence, first + 1) if first + 1 < last else last
        return any(stop == min(end, last) and not any(at < stop <= to for at, to in kinds) for _, stop in tools)

    def is_made(self, sentence: Sentence, first: int) -> bool:
        """Whether it is what a service makes: "to write job advertisements, summaries and drafts", "models which
        generate content, such as summaries of a profile"."""
        makes = sentence.where("make")
        given = any(end == first or end == first - 1 for _, end in sentence.cues.get("given", ()))
        if not (makes or given) or self._is_readers(sentence, first):
            return False  # "to show your profile", "to display the photos that you post"
        if given:
            return True
        words, acts = sentence.words, sentence.where(*ACTS, "train")
        aims = sentence.ends("purpose_lead")
        for at in range(first - 1, max(-1, first - _MADE), -1):
            if at in makes:
                infinitive = words[at].text.endswith(self.grammar.infinitives)
                return at in aims or infinitive or (at > 1 and words[at - 1].text in self.grammar.relatives)
            if (
                at in acts
                or self.hard(sentence, at + 1)
                or words[at].text in self.grammar.handing_to | self.grammar.sourced
            ):
                return False
        return False

    def _is_readers(self, sentence: Sentence, first: int) -> bool:
        """Whether what begins at a word is said to be the reader's or to come from them."""
        words, theirs = sentence.words, self.grammar.yours | (self.grammar.readers & self.grammar.bound)
        ends = sentence.where("purpose_lead")
        for at in range(first, min(first + _OF_READER, len(words))):
            if at > first and (at in ends or words[at].text in self.grammar.handing_to or self.hard(sentence, at)):
                break
            if words[at].text in theirs:
                return True
        return False
