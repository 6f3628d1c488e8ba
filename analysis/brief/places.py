"""The words that could say where a change holds: places where people are, not those in names and addresses."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.brief.clauses import Clauses
from analysis.brief.names import capital_runs, within_name
from analysis.brief.text import Sentence
from analysis.judging.postal import in_address

_OF_COMPANY = 4  # words up to "company" behind a place
_ADDRESS = 10  # words of a postal address before its country


class Places(Clauses):
    """Reads candidates for `regions` out of sentences of one language."""

    def _regions(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        words, grammar = sentence.words, self.grammar
        named = [
            (first, last) for first, last in sentence.cues.get("place", ()) if self._is_place(sentence, first, last)
        ]
        leads = {last: first for first, last in sentence.cues.get("place_lead", ())}
        kinds = [
            (first, last)
            for first, last in sentence.cues.get("place_kind", ())
            if first in leads
            or words[first].text not in grammar.determiners - grammar.articles  # "your region" is data
        ]
        places = sorted({*named, *kinds})
        done = 0
        for number, (first, last) in enumerate(places):
            if first < done:
                continue
            end = last
            for later, stop in places[number + 1 :]:
                between = [word.text for word in words[end:later]]
                if any(word not in grammar.joins and word not in grammar.determiners for word in between):
                    break
                if any(self.hard(sentence, at) for at in range(end, later + 1)):
                    break
                end = max(end, stop)
            done = end
            start = first
            while start > 0 and words[start - 1].text in grammar.determiners:
                start -= 1
            yield first, end, "place"
            if start < first:
                yield start, end, "place"
            lead = leads.get(start)
            if lead is not None:
                yield lead, end, "in place"
            if (
                end < len(words)
                and self.soft(sentence, end)
                and words[end].text not in grammar.stops
                and end in sentence.where("place_lead")
                and end not in sentence.where("thing")
            ):
                yield first, end + 1, "of place"
                if lead is not None:
                    yield lead, end + 1, "of place"

    def _is_place(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the words name a place where people are: not where a house stands, not a part of another name."""
        words, grammar = sentence.words, self.grammar
        if not self._named(sentence, first, last):
            return False
        street = first  # whose name and number stand before the place, with capitals and commas
        while street > 0 and first - street < _ADDRESS and not self.hard(sentence, street):
            if not (words[street - 1].capital or words[street - 1].text[0].isdecimal() or "," in words[street].gap):
                break
            street -= 1
        if in_address(sentence.text, words[street].start, words[last - 1].end):
            return False
        if within_name(sentence.names, first, last) and (first, last) not in sentence.names:
            return False
        if first and words[first - 1].text in grammar.determiners - grammar.articles and self.soft(sentence, first):
            return False  # "our US customers", "this EEA notice"
        return not self._within_other(sentence, first, last) and not self._is_of_company(sentence, first, last)

    def _is_of_company(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a company is one of the place: "a Delaware corporation", "a Delaware limited liability company"."""
        words = sentence.words
        forms = sentence.where("company_form", "firm")
        for at in range(last, min(last + _OF_COMPANY, len(words))):
            if not self.soft(sentence, at) or self.ends_phrase(words[at].text):
                return False
            if at in forms:
                return first > 0 and words[first - 1].text in self.grammar.determiners
        return False

    def _within_other(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a place is part of a company's name or an office's; a law's tells where it holds."""
        words, cues = sentence.words, sentence.cues
        laws = cues.get("law", ())
        for start, end in capital_runs(sentence, self.grammar):
            if start <= first and last <= end and any(start <= at < end for at, _ in laws):
                return False
        for start, end in capital_runs(sentence, self.grammar, joined=False):
            if not (start <= first and last <= end):
                continue
            told = ("place", "place_lead", "person")
            known = {word for cue in told for at, stop in cues.get(cue, ()) for word in range(at, stop)}
            return any(words[at].capital and at not in known for at in range(max(1, start), end))
        return False

    def _named(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether the words are written as a name: "US", not "us"; "Jersey", not "jersey"; "espace Schengen"."""
        text = sentence.quote(first, last)
        before = sentence.quote(first - 1, first) if first else ""
        if (
            text.lower() in self.grammar.to_us
            and len(before) > 1
            and before.isupper()
            and before.lower() not in self.grammar.articles
        ):
            return False  # "CONTACT US"
        return text.isupper() if len(text) < 4 else any(word.capital for word in sentence.words[first:last])
