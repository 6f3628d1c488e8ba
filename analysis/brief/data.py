"""The words that could say which data: a noun phrase without the act it stands in, its recipient or its purpose."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from analysis.brief.data_ends import DataEnds
from analysis.brief.no_data import ACTS, DATA
from analysis.brief.text import Sentence

# cues of a word that may be a verb
_NO_NOUNS = (*ACTS, "purpose_verb", "purpose_lead", "recipient_lead", "hand_on", "make", "security")
_SHORTEST_VERB = 4  # letters of one that ends with "s"
_NO_VERBS = ("ss", "us", "is", "ics")  # how words end that are no verbs, though with "s"
_OF = "of"
_MANY = ("s", "x")  # how plurals end


class DataWords(DataEnds):
    """Reads candidates for `data` out of sentences of one language."""

    def _whole(self, sentence: Sentence, most: int = 16) -> Iterator[tuple[int, int, str]]:
        """An item, a cell or a bare line as it stands, and what follows its colon; not where it begins with who gets
        data: "Kestrel: for hosting"."""
        words = sentence.words
        whose = self.opens_with_party(sentence)
        bare = sentence.item or sentence.lead or (len(words) <= 8 and not self._is_said(sentence))
        starts = [0, *sorted(sentence.lines), len(words)]
        for first, last in pairwise(starts) if bare else ():
            if last - first <= most and not whose:
                yield first, last, "whole"
        for at in range(1, min(len(words), 8)):
            if ":" in words[at].gap and len(words) - at <= most:
                yield at + (at in sentence.where("purpose_lead")), len(words), "after colon"
                if not whose:
                    yield 0, at, "before colon"
                break

    def _is_said(self, sentence: Sentence) -> bool:
        """Whether the words are a sentence rather than a title or a label."""
        ends = sentence.text[sentence.words[-1].end :].lstrip("\"'”’»)")[:1]
        return bool(ends) and ends in ".!?"

    def _data(self, sentence: Sentence) -> Iterator[tuple[int, int, str]]:
        cues, words = sentence.cues, sentence.words
        yield from (one for one in self._whole(sentence) if self._is_noun_phrase(sentence, one[0], one[1]))
        for cue in DATA:
            for first, last in cues.get(cue, ()):
                if last < len(words) and words[last].gap == "-":
                    continue  # "content-generating models"
                start, end = self.data_phrase(sentence, first, last)
                if start >= end or self._names_none(sentence, start, end):
                    continue
                yield start, end, "phrase"
                ends = [end]
                for further, how in self.post_modified(sentence, end):
                    further = self.told_end(sentence, start, end, further)
                    if further > end:
                        yield start, further, f"phrase{how}"
                        ends.append(further)
                note = self.noted(sentence, end)
                if note > end and self._is_closed(sentence, note):
                    yield start, note, "phrase with note"
                if not self._within_list(sentence, start, DATA):
                    yield from self._data_lists(sentence, start, ends[:2])

    def _data_lists(self, sentence: Sentence, start: int, ends: list[int]) -> Iterator[tuple[int, int, str]]:
        """The enumerations that begin with a phrase, which may end in several places."""
        for end in ends:
            listed = self.listed(sentence, start, end)
            if start > 0 and self.soft(sentence, start) and self.is_subject_of(sentence, listed):
                continue  # "we scan cards, and scans made before were erased"
            if sentence.words[listed - 1].text in self.grammar.ends | self.grammar.no_things:
                continue  # "data mining or analysis purposes", "text and data mining"
            if listed > end and not any(end <= at < listed for at in sentence.where("place")):
                yield start, listed, "list"
                yield from ((start, further, "list, on") for further in self._by_whom(sentence, listed))

    def _names_none(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a phrase names somebody, a manner or an aim: "les finalités de statistiques"."""
        aim = sentence.words[self.bare(sentence, start, end)].text in self.grammar.ends
        return aim or self.is_somebody(sentence, start, end) or self._is_manner(sentence, start, end)

    def _is_manner(self, sentence: Sentence, start: int, end: int) -> bool:
        """Whether a bare noun tells how something is done or is: "greet you by name", "if a change is material"."""
        words, grammar = sentence.words, self.grammar
        if end - start == 1 and start > 0 and words[start - 1].text in grammar.passives and self.soft(sentence, start):
            return True
        verb = start + 1 < end and words[start].text in grammar.acts_or_things
        if verb and start in sentence.ends("purpose_lead"):
            return True  # "to file an objection"
        if not grammar.noun_first and end < len(words) and start + 1 < end and self.soft(sentence, end):
            done = words[end].text in grammar.determiners - grammar.relatives - grammar.general
            one = words[end - 1].text.endswith("s") and not words[end - 2].text.endswith("s")
            if done and one and words[end - 2].text not in grammar.determiners:
                return True  # "our quality team reviews the lowest scores"
        bare = end - start == 1 and not words[start].text.endswith(_MANY) and words[start].text not in grammar.general
        return bare and start > 0 and words[start - 1].text in grammar.doers and self.soft(sentence, start)

    def is_subject_of(self, sentence: Sentence, end: int) -> bool:
        """Whether a verb follows what ends at `end`, behind what says which are meant: "notes made on paper are"."""
        words, grammar, at = sentence.words, self.grammar, end
        modified = at < len(words) and words[at].text in grammar.participles
        while modified and at < len(words) and self.soft(sentence, at) and words[at].text not in self._finite:
            modified = words[at].text not in grammar.relatives | grammar.joins | self._subjects
            at += 1
        return at < len(words) and words[at].text in self._finite

    def data_phrase(self, sentence: Sentence, first: int, last: int) -> tuple[int, int]:
        """The noun phrase around words that name data; an empty one where it names none."""
        words = sentence.words
        start, end = self.chunk(sentence, first, last)
        start = self._behind_act(sentence, start, first)
        if self._is_torn(sentence, start, first, last) or self.names_other(sentence, start, end):
            return end, end
        reached = sentence.cues.get("contact", ())
        if any(at < start < to for at, to in reached):
            return end, end  # "write to the address"
        theirs = (
            words[start].text in self.grammar.articles | self.grammar.ours and words[first].text in self.grammar.reach
        )
        if theirs and any(to <= start for _, to in reached):
            return end, end  # "contact us by the contact details below"
        start = self._behind_its_verb(sentence, start, first)
        if start < first and "," in words[start].gap and words[start].text not in self.grammar.determiners:
            start += self._lists_acts(sentence, end)  # "reject uploads, compress content or delete it"
        if start >= end:
            return end, end
        return start + self._opens_clause(sentence, start, first, end), end

    def _opens_clause(self, sentence: Sentence, start: int, first: int, end: int) -> bool:
        """Whether the first word of a phrase is no determiner: "thinking that AI content was made by people"."""
        words, grammar = sentence.words, self.grammar
        if start in (0, first) or words[start].text not in grammar.relatives or not self.soft(sentence, start):
            return False
        if words[start - 1].text in grammar.tells:
            return True
        return end < len(words) and self.soft(sentence, end) and words[end].text in self._finite

    def _by_whom(self, sentence: Sentence, end: int) -> Iterator[int]:
        """Where a noun phrase ends that goes on with who does it: "the notes it reads"."""
        words = sentence.words
        if end < len(words) and words[end].text in self.grammar.pronouns:
            yield from (further for further, how in self.post_modified(sentence, end) if how.endswith("nearest"))

    def _is_noun_phrase(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether a whole item may name data: it is no sentence, no number, no order, no purpose, nobody."""
        words, grammar = sentence.words, self.grammar
        opening = words[first].text
        leads = opening in grammar.links and opening not in self._subjects
        if leads or opening in self._openings or all(word.text.isdecimal() for word in words[first:last]):
            return False
        if first in sentence.where("purpose_lead"):
            return False
        if first + 1 < last and words[first + 1].text == _OF and first in sentence.where(*ACTS):
            return False
        kinds = sentence.ends(*DATA)
        if last not in kinds and last in sentence.ends("recipient_head"):
            return False
        head = self.phrase_end(sentence, first + 1)
        if head < last and self._is_document(sentence, first, head):
            return False  # "a policy on content that harms"
        verbs = sentence.where(*ACTS, "purpose_verb", "control", "go")
        return not self._is_order(sentence, first, last, verbs) and not self._is_clause(sentence, first, last)

    def _is_order(self, sentence: Sentence, first: int, last: int, verbs: set[int]) -> bool:
        """Whether an item begins with what is done: "Manage and change the content", "using the content"."""
        words, grammar = sentence.words, self.grammar
        if self._is_doing(sentence, first, last):
            return True
        if first not in verbs or first + 1 >= last or words[first].text.endswith(grammar.gerunds):
            return False
        after = words[first + 1].text
        if after in grammar.joins:
            object_ = first + 3 < last and words[first + 3].text in grammar.determiners
            return first + 2 in verbs or object_
        return after in grammar.determiners and after not in grammar.inner

    def _is_doing(self, sentence: Sentence, first: int, last: int) -> bool:
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or not words[first].text.endswith(grammar.gerunds) or first + 1 >= last:
            return False
        after = words[first + 1].text
        acts = first in sentence.where(*ACTS) - sentence.where(*DATA)
        return acts or after in grammar.determiners | grammar.pronouns | grammar.people

    def _is_clause(self, sentence: Sentence, first: int, last: int) -> bool:
        """Whether an item has a verb of its own, before a comma or a relative clause: "these cookies are"."""
        words, grammar, bans = sentence.words, self.grammar, sentence.where("prohibition")
        for at in range(first + 1, last):
            word, before = words[at].text, words[at - 1].text
            if "," in words[at].gap or before in grammar.relatives or before in grammar.breaks:
                return False
            if at == first + 1 and before in grammar.dangling and before not in grammar.determiners:
                return False  # "what you bought"
            if word in grammar.modals or word in grammar.passives or (at in bans and before.endswith("s")):
                return True
        return False

    def _is_torn(self, sentence: Sentence, start: int, first: int, last: int) -> bool:
        """Whether a phrase begins within another one's: "Data" of "Contact Data"; its noun is before "pseudonymes"."""
        kinds = [place for cue in DATA for place in sentence.cues.get(cue, ())]
        if any(at < min(start, first) and first < end <= last for at, end in kinds):
            return True
        words, grammar = sentence.words, self.grammar
        bare = grammar.noun_first and start == first > 0 and self.soft(sentence, first)
        said = first in sentence.where("sensitive") or (last - first == 1 and words[first].text in grammar.holding)
        if bare and said and words[first - 1].text not in grammar.joins:
            return self._is_headless(sentence, first)  # "caractère sensible de", "un lien contenu dans"
        return bare and any(end == first for _, end in kinds)

    def _behind_act(self, sentence: Sentence, start: int, first: int) -> int:
        """Where the data begin that an act is of: "le partage de données", "stocker des données"."""
        words, inner = sentence.words, self.grammar.inner
        if not inner or first - start < 2:
            return start
        kinds = sentence.where(*DATA, "recipient_head")
        acts = sentence.where(*ACTS, "refuse_act", "purpose_verb") - kinds
        for at in range(first - 1, start, -1):
            if words[at].text not in inner:
                continue
            plural = words[at].text in self.grammar.partitive
            verb = at - 1 == start and words[start].text.endswith(self.grammar.infinitives)
            if verb or at - 1 in acts:
                return at if plural else at + 1
            behind = plural and at - 1 == start > 0 and self.soft(sentence, start)
            if behind and words[start - 1].text not in inner:
                return at  # "nous partageons avec Corvina des données"
        return start

    def _behind_its_verb(self, sentence: Sentence, start: int, first: int) -> int:
        """Where a noun phrase begins behind a verb that looks like a part of it: "may place data files"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first:
            return start
        word = words[start]
        if word.text in grammar.relatives and 0 < start < first - 1 and self.soft(sentence, start):
            before, verb = words[start - 1].text, words[start + 1].text
            if before.endswith("s") != verb.endswith("s"):
                return start + 2  # "programs that gather text"
        denied = any(at < start < last for at, last in sentence.cues.get("liability", ()))  # "does not guarantee"
        if (denied and start < first) or self._is_gerund(sentence, start, first):
            return start + 1
        if (done := self._verb_of_many(sentence, start, first)) is not None:
            return done + 1
        plain = start > 0 and self.soft(sentence, start) and not word.capital and word.text not in grammar.determiners
        if plain and self._is_done_by(sentence, start, first):
            return start + 1
        return self._behind_verb_of_one(sentence, start, first)

    def _verb_of_many(self, sentence: Sentence, start: int, first: int) -> int | None:
        """Where a verb stands whose subject a noun phrase seems to begin with: "our rules prohibit content"."""
        words, grammar = sentence.words, self.grammar
        verbs = sentence.where("prohibition", "purpose_verb", "make", *ACTS)
        for at in range(first - 1, start, -1):
            text, before = words[at].text, words[at - 1].text
            other = text.endswith((*grammar.pasts, grammar.gerunds, "s")) or self.compound(sentence, at)
            if at in verbs and not other and before.endswith("s"):
                return at
        return None

    def _is_gerund(self, sentence: Sentence, start: int, first: int) -> bool:
        """Whether a phrase begins with what is done to its data: "prohibits posting AI content"."""
        words, grammar = sentence.words, self.grammar
        word = words[start].text
        if start == first or not word.endswith(grammar.gerunds) or self.compound(sentence, start):
            return False
        stem = word.removesuffix(grammar.gerunds)
        known = stem in grammar.stops or f"{stem}e" in grammar.stops
        if not known and start not in sentence.where(*ACTS, "purpose_verb", "make"):
            return False
        adjective = start > 0 and words[start - 1].text.endswith(grammar.adverbs)  # "personally identifying data"
        if adjective or start - 1 in sentence.where("collect", "share", "retain"):
            return False
        return not self._is_named(sentence, start)

    @staticmethod
    def _is_named(sentence: Sentence, at: int) -> bool:
        """Whether a word is part of a phrase of a cue that verbs do not give."""
        nouns = (places for cue, places in sentence.cues.items() if cue not in _NO_NOUNS)
        return any(first <= at < last for places in nouns for first, last in places)

    def _is_done_by(self, sentence: Sentence, start: int, first: int) -> bool:
        """Whether words before a phrase make its first one a verb: "we", "may not", "to"."""
        words, grammar = sentence.words, self.grammar
        at = start - 1
        while at > 0 and (words[at].text in grammar.between or words[at].text.endswith(grammar.adverbs)):
            at -= 1
        before = words[at].text
        if before in grammar.joins and start < first:
            verbs = sentence.where(*ACTS, "purpose_verb", "liability")
            if start in verbs and at - 1 in verbs and not words[start].text.endswith((*grammar.pasts, grammar.gerunds)):
                return True
        if before in grammar.modals or (before in grammar.others and before not in grammar.pronouns):
            return True
        if start == first:
            return False
        if before in grammar.bound and before in grammar.pronouns:  # "you", not of "shows you"
            return at == 0 or not self.soft(sentence, at) or self.ends_phrase(words[at - 1].text)
        aims = start in sentence.ends("purpose_lead")
        return aims and start in sentence.where(*ACTS, "purpose_verb")

    def _behind_verb_of_one(self, sentence: Sentence, start: int, first: int) -> int:
        """Where the object begins of a verb with "s" that a noun phrase seems to hold: "Corvina places data"."""
        words, grammar = sentence.words, self.grammar
        for at in range(first - 1, start - 1, -1):
            word, gap = words[at], words[at].gap
            text = word.text
            if len(text) < _SHORTEST_VERB or not text.endswith("s") or text.endswith(_NO_VERBS) or word.capital:
                continue
            if text in grammar.determiners or gap == "-" or words[at + 1].gap.strip():
                continue
            alone = at == start > 0 and not self.soft(sentence, at)
            before = words[at - 1].text if at > start else "s"
            if not alone and (before.endswith("s") or before in grammar.determiners):
                continue
            if not self._is_named(sentence, at):
                return at + 1
        return start
