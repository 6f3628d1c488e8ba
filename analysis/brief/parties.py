"""The words that could say who gets it: a party by its kind, a company, a name that comes beside a party."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.blocks import CELL, Page
from analysis.brief.clauses import Clauses
from analysis.brief.nouns import VOID
from analysis.brief.phrases import Phrases
from analysis.brief.text import Sentence, Word, addresses, has_address, words_of

_ENDS = re.compile(r"[.;:!?]\s")
_COLUMN = 6  # words of the head of a column; more are a sentence
_ASKING = ("refuse_act", "contact", "control", "rights")
_NUMERAL = 4  # letters of a number: "viii"
_BESIDE = 3  # words between a party and its name: "providers, such as"
_HANDED = 8  # words between an act of sharing and with whom
_ITSELF = re.compile(r"[\"“«]\s?(?:we|us|our|nous|notre|the company)\s?[\"”»]", re.IGNORECASE)
_BACK = 90  # characters before "we" in which the name of the publisher stands
_NAME = re.compile(r"[^\W\d_][\w&-]*")
_BEFORE, _BEHIND = re.compile(r"(?<![\w.@/-])"), re.compile(r"(?![\w-]|\.\w)")  # what stands around a whole word
_LOOKED_AT = 12  # words with capitals that stand most often
_APPOSED = ("", ",", "(", ":")  # marks before the name of a party
_MOST_OFTEN = 10  # times a name stands in a text that its title does not name
_OFTEN = 2  # times a word of the title stands in the text to be a name


class Publisher:
    """Who publishes a page: told by its title and by the sentence that says who "we" are."""

    def __init__(self, page: Page) -> None:
        self._text = " ".join(block.text for block in page.blocks)
        words = {word for word in _NAME.findall(page.title) if word[0].isupper()}
        for match in _ITSELF.finditer(self._text):
            before = self._text[max(0, match.start() - _BACK) : match.start()]
            words |= {word for word in _NAME.findall(before.rpartition(". ")[2]) if word[0].isupper()}
        named = {word for word in words if self._counted(word) >= _OFTEN and not self.says(word.lower())}
        self._words = frozenset(word.lower() for word in named or self._most_often())

    def _most_often(self) -> Iterator[str]:
        every = Counter(_NAME.findall(self._text))
        names = Counter({word: count for word, count in every.items() if word[0].isupper()})
        for word, count in names.most_common(_LOOKED_AT):
            if count >= _MOST_OFTEN and not self.says(word.lower()):
                yield word
                return

    def _counted(self, word: str) -> int:
        """How often a name stands in the text; a title in capitals has it in others."""
        count = self._text.count(word)
        return count + self._text.count(word.capitalize()) if word.isupper() else count

    def is_named(self, word: str) -> bool:
        return word in self._words

    def says(self, word: str) -> bool:
        """Whether the text has the word in small letters, so that it is no name."""
        at = self._text.find(word)
        while at >= 0 and not (_BEFORE.match(self._text, at) and _BEHIND.match(self._text, at + len(word))):
            at = self._text.find(word, at + 1)
        return at >= 0


class Parties(Clauses):
    """Reads candidates for `recipients` out of sentences of one language."""

    def __init__(self, phrases: Phrases, publisher: Publisher) -> None:
        super().__init__(phrases)
        self.publisher = publisher

    def _within_list(self, sentence: Sentence, start: int, cues: tuple[str, ...]) -> bool:
        """Whether a phrase is a later one of an enumeration and has no determiner: no list begins with it."""
        words = sentence.words
        if start == 0 or words[start].text in self.grammar.determiners:
            return False
        at = start - 1 if words[start - 1].text in self.grammar.joins else start
        if at == start and ("," not in words[start].gap or self.hard(sentence, start)):
            return False
        return any(last == at for cue in cues for _, last in sentence.cues.get(cue, ()))

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
        if any(end == first for cue in ("role", "contracting", "taken_out") for _, end in cues.get(cue, ())):
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
        things = {last for _, last in sentence.cues.get("thing", ())}
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
        if not any(last == start for _, last in sentence.cues.get("purpose_lead", ())):
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

    def _names(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        words, grammar = sentence.words, self.grammar
        ai = sentence.where("ai")
        forms = sentence.where("company_form") | _dotted(sentence)
        documents = {last for _, last in sentence.cues.get("document", ())}
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
        return mark and any(at == first for at, _ in sentence.cues.get("document", ()))

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
            or any(end == first for _, end in cues.get("taken_in", ()))
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
        if any(end == first for _, end in cues.get("run_by", ())):
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


def _in_addresses(sentence: Sentence) -> frozenset[int]:
    """The words that are parts of an address, so name nobody."""
    said = sentence.text[sentence.words[0].start : sentence.words[-1].end]
    if not has_address(said):
        return frozenset()
    spans = [match.span() for match in addresses(sentence.text, sentence.words[0].start)]
    return frozenset(
        at for at, word in enumerate(sentence.words) if any(start <= word.start < end for start, end in spans)
    )
