"""The names of parties: companies by their form, and names that come beside a kind of party."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from analysis.blocks import CELL
from analysis.brief.clauses import Clauses
from analysis.brief.phrases import Phrases
from analysis.brief.publisher import Publisher
from analysis.brief.text import Sentence, Word, words_of

_ENDS = re.compile(r"[.;:!?]\s")
_COLUMN = 6  # words of the head of a column; more are a sentence
_NUMERAL = 4  # letters of a number: "viii"
_BESIDE = 3  # words between a party and its name: "providers, such as"
_HANDED = 8  # words between an act of sharing and with whom
_APPOSED = ("", ",", "(", ":")  # marks before the name of a party


class PartyNames(Clauses):
    """Reads names out of sentences of one language, and tells which are of parties."""

    def __init__(self, phrases: Phrases, publisher: Publisher) -> None:
        super().__init__(phrases)
        self.publisher = publisher

    def _names(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        words, grammar = sentence.words, self.grammar
        ai = sentence.where("ai")
        forms = sentence.where("company_form") | _dotted(sentence)
        documents = sentence.ends("document")
        kinds = [place for cue in ("data_kind", "data_head") for place in sentence.cues.get(cue, ())]
        at, sure = 0, 0  # up to which word the last name is a party's
        while at < len(words):
            word = words[at]
            if (
                not word.capital
                or word.text in grammar.stops
                or word.text in grammar.determiners
                or (at == 0 and self._merely_opens(sentence))
            ):
                at += 1
                continue
            end = at + 1
            while end < len(words) and end - at < 6 and (words[end].capital or end in forms or words[end].gap == "."):
                inside = self.soft(sentence, end) or end in forms or words[end].gap == "."  # "Kestrel.example, Inc."
                if not inside or "*" in words[end].gap:
                    break
                end += 1
            if end < len(words) and words[end].gap.strip() == "-" and end - at > 1:
                end -= 1  # "Kestrel SAS Co-responsable"
            ours = self.publisher.is_named(word.text)
            of_data = any(first <= at and end <= last for first, last in kinds)  # "adresse IP"
            letter = end - at == 1 and len(word.text) == 1  # "grades from A to D"
            part = end in documents or self._is_numbered_part(sentence, at)
            if not (at in ai and end - at == 1) and not ours and not of_data and not part and not letter:
                party = self._is_party(sentence, at, end, listed=self._lists_on(sentence, sure, at))
                company = any(form in forms for form in range(at + 1, end))
                yield at, end, "company" if company else "name of a party" if party else "name"
                sure = end if party and not self._is_firm(sentence, at, end) else sure  # "its host (Kestrel, Lyon)"
            at = end

    @staticmethod
    def _is_numbered_part(sentence: Sentence, first: int) -> bool:
        """Whether a name is that of a part of a document: "Section D"."""
        words = sentence.words
        mark = first + 1 < len(words) and (len(words[first + 1].text) <= 1 or words[first + 1].text.isdecimal())
        return mark and first in sentence.where("document")

    def _lists_on(self, sentence: Sentence, sure: int, at: int) -> bool:
        """Whether a list goes on from a party that ends at `sure` to a name: "Kestrel (mail), Otter and Heron"."""
        words, joins, inside = sentence.words, self.grammar.joins, False
        for near in range(sure, at + 1) if sure else ():
            gap = words[near].gap
            inside = ("(" in gap or inside) and ")" not in gap
            if not inside and (_ENDS.search(f"{gap} ") or (near < at and words[near].text not in joins)):
                return False
        return sure > 0 and ("," in words[at].gap or words[at - 1].text in joins)

    def _in_list(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a name is first in a cell of a column of parties, "Provider" or "Set by", or in an entry or a row of
        a section of them, where its end or what it is for follows."""
        if first > 0 or not sentence.item:
            return False
        head = words_of(sentence.lead) if CELL in sentence.text else ()
        if 1 < len(head) <= _COLUMN and head[-1].text in self.grammar.doers:
            return True
        if self._of_parties(head):
            return True
        alone = last == len(sentence.words) or any(mark in sentence.words[last].gap for mark in ":–—(-")
        return alone and self.opens_with_party(sentence)

    def opens_with_party(self, sentence: Sentence) -> bool:
        """Whether it is an entry, or the first cell of a row, in a section that lists those who get data."""
        opens = sentence.item and sentence.words[0].capital and CELL not in sentence.text[: sentence.words[0].start]
        return opens and self._of_parties(words_of(sentence.heading))

    def _of_parties(self, title: Sequence[Word]) -> bool:
        about = self.phrases.find(title) if len(title) <= _COLUMN else {}
        return "recipient_head" in about and "tracking" not in about  # not "First or third-party cookie"

    def _behind_colon(self, sentence: Sentence, first: int) -> bool:
        """Whether a list of parties begins with the name: "the following suppliers, all of them local: Kestrel"."""
        words, heads = sentence.words, sentence.cues.get("recipient_head", ())
        return ":" in words[first].gap and any(
            last <= first and not any(_ENDS.search(word.gap) for word in words[last:first]) for _, last in heads
        )

    def _in_numbered(self, sentence: Sentence, first: int) -> bool:
        """Whether a name begins a numbered entry, as a party before it does: "(i) our providers; (ii) Kestrel"."""
        if not _numbered(sentence, first):
            return False
        heads = sentence.cues.get("recipient_head", ())
        return any(_numbered(sentence, self.chunk(sentence, at, end)[0]) for at, end in heads if end <= first)

    def _merely_opens(self, sentence: Sentence) -> bool:
        """Whether the first word of a sentence has its capital from standing there, as far as can be seen."""
        words = sentence.words
        if sentence.item or len(words) <= 4:
            return False
        first = words[0].text
        named = len(words) > 1 and self.soft(sentence, 1) and (words[1].capital or self._processes(sentence, 1))
        return not named or self.publisher.says(first)

    def _processes(self, sentence: Sentence, at: int) -> bool:
        """Whether an English verb of what one does with data stands there: "Kestrel processes your card number"."""
        acts = sentence.where("collect", "process", "share", "retain")
        return not self.grammar.noun_first and at in acts and sentence.words[at].text.endswith("s")

    def _is_party(self, sentence: Sentence, first: int, last: int, *, listed: bool) -> bool:
        """Whether a name comes beside a kind of party ("our provider, Stripe") or is whom something is shared with."""
        words, cues = sentence.words, sentence.cues
        told = ("place", "law", "data_kind", "data_head", "person", "thing", "tracking")
        if any(at < last and first < end for cue in told for at, end in cues.get(cue, ())):
            return False
        after = words[last].text if last < len(words) and self.soft(sentence, last) else None
        firm = self._is_firm(sentence, first, last)
        if after and not firm and not self.ends_phrase(after) and after not in self.grammar.determiners:
            return False  # "third-party Northwind tools"
        beside = (
            listed
            or self._in_list(sentence, first, last)
            or self._behind_colon(sentence, first)
            or self._in_numbered(sentence, first)
            or any(self._names_head(sentence, end, first, last) for _, end in cues.get("recipient_head", ()))
            or firm
            or self._is_explained(sentence, last)
            or (first == 0 and last < len(words) and self._processes(sentence, last))
            or first in sentence.ends("taken_in")
        )
        if not beside and not self._is_given(sentence, first):
            return False
        return not all(self.publisher.says(word.text) for word in words[first:last])

    def _is_explained(self, sentence: Sentence, last: int) -> bool:
        """Whether a kind of party is said behind a name that ends at `last`: "Kestrel, a chatbot vendor"."""
        words, cues = sentence.words, sentence.cues
        if last == len(words) or "," not in words[last].gap or words[last].text not in self.grammar.determiners:
            return False
        return any(self.chunk(sentence, at, end) == (last, end) for at, end in cues.get("recipient_head", ()))

    def _is_firm(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a name is that of a kind of company: "the firm Kestrel", "its host (Kestrel)"."""
        words, grammar = sentence.words, self.grammar
        for at, end in sentence.cues.get("firm", ()):
            if end == first and words[first].gap.strip() in ("", "("):
                short = last - first == 1 and sentence.quote(first, last).isupper()  # "network (VPN)"
                return not short and at > 0 and (words[at - 1].text in grammar.determiners or "(" in words[first].gap)
        return False

    def _is_given(self, sentence: Sentence, first: int) -> bool:
        """Whether something is shared with whom the words name that begin at `first`, or is run by them."""
        words, cues = sentence.words, sentence.cues
        if first in sentence.ends("run_by"):
            return True  # "a model operated by Kestrel"
        lead = any(
            end == first and words[at].text in self.grammar.handing_to for at, end in cues.get("recipient_lead", ())
        )
        return lead and any(
            first - _HANDED <= at < first for at, _ in [*cues.get("share", ()), *cues.get("hand_on", ())]
        )

    def _names_head(self, sentence: Sentence, end: int, first: int, last: int) -> bool:
        """Whether a name says who the party is whose words end at `end`: "providers such as Northwind"."""
        words = sentence.words
        if not end <= first <= end + _BESIDE or any(word.text not in self.grammar.naming for word in words[end:first]):
            return False
        mark = words[end].gap.strip()
        short = last - first == 1 and sentence.quote(first, last).isupper()  # "provider (ISP)"
        return mark in _APPOSED and not short


def _numbered(sentence: Sentence, at: int) -> bool:
    """Whether a number in brackets stands before a word."""
    words = sentence.words
    return at > 0 and ")" in words[at].gap and len(words[at - 1].text) <= _NUMERAL


def _dotted(sentence: Sentence) -> set[int]:
    """The letters of forms of companies that are written with dots: "L.L.C."."""
    words, found = sentence.words, set[int]()
    for at in range(1, len(words)):
        if words[at].gap == "." and len(words[at].text) == len(words[at - 1].text) == 1 and words[at].capital:
            found |= {at - 1, at}
    return found
