"""Noun phrases of a sentence, found by a small grammar that knows only the small words of a language."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from analysis.brief.phrases import Phrases
from analysis.brief.text import Sentence

_HARD = frozenset(".;:|()!?—–\n•[]")  # marks that end a clause
_SOFT_ENDS = _HARD | {","}  # marks that end a phrase
_BULLETS = frozenset("-*·•")  # between words with space around: the items of a cell
INSIDE = (".", "@", ":")  # marks without space around stand inside an address, a number, a name
VOID = "no "  # begins the rule of a candidate that can't answer, but is counted among them
LONGEST = 20  # words of an answer
STEP = 4  # words of one step of a way through menus
_OF_LONGEST = 9  # words that say what a noun is of; the last noun phrase is told whole
_LEFT, _RIGHT = 5, 5  # words that a noun phrase may have beside the words it was found by
OF = "of"
MANY = ("s", "x")  # how plurals end
KINDS = ("data_kind", "content_kind")
NAMED = (  # cues of words that are nouns, whatever they look like
    *KINDS,
    "data_head",
    "sensitive",
    "document",
    "thing",
    "recipient_head",
    "tracking",
    "refuse_where",
    "purpose_noun",
    "ai",
)


@lru_cache(maxsize=4096)
def softly(gap: str) -> bool:
    return _SOFT_ENDS.isdisjoint(gap) and not bullet(gap)


@lru_cache(maxsize=4096)
def _hard(gap: str) -> bool:
    return gap not in INSIDE and (not _HARD.isdisjoint(gap) or bullet(gap))


@lru_cache(maxsize=4096)
def bullet(gap: str) -> bool:
    return len(gap) > 1 and gap.strip() in _BULLETS


def _abbreviated(sentence: Sentence, at: int) -> bool:
    """Whether the dot before a word is of capitals with dots, as in "U.S. law": they end nothing."""
    words = sentence.words
    if at < 1 or not words[at - 1].capital or len(words[at - 1].text) > 1:
        return False
    within = words[at].gap == "." and len(words[at].text) == 1
    return within or (words[at].gap == ". " and at > 1 and words[at - 1].gap == ".")


class Nouns:
    """Where noun phrases of one language begin and end. Positions are indices of a sentence's words."""

    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases
        self.grammar = grammar = phrases.grammar
        self._small_of_noun = grammar.determiners | grammar.links
        self._no_nouns = grammar.stops | grammar.joins | grammar.modals | grammar.passives
        self._finite = grammar.modals | grammar.passives | grammar.having
        self._subjects = grammar.subjects | grammar.others | grammar.pronouns

    def bare(self, sentence: Sentence, first: int, last: int) -> int:
        """Where a phrase begins without its determiners; a word of it is left."""
        while first < last - 1 and sentence.words[first].text in self.grammar.determiners:
            first += 1
        return first

    def soft(self, sentence: Sentence, at: int) -> bool:
        """Whether word `at` follows the word before it without a mark that ends a phrase."""
        gap = sentence.words[at].gap
        if at in sentence.lines:
            return False
        return softly(gap) or (gap.startswith(".") and _abbreviated(sentence, at))

    def hard(self, sentence: Sentence, at: int) -> bool:
        gap = sentence.words[at].gap
        if at in sentence.lines:
            return True
        return _hard(gap) and not (gap.startswith(".") and _abbreviated(sentence, at))

    def chunk(self, sentence: Sentence, first: int, last: int) -> tuple[int, int]:
        """The noun phrase around words `first` to `last`, with its determiner."""
        words, grammar = sentence.words, self.grammar
        start = first
        denied = {end for at, end in sentence.cues.get("negation", ()) if end - at > 1}
        while start > 0 and self.soft(sentence, start) and start not in denied:
            word = words[start - 1].text
            if word in grammar.inner and start > 1 and self.soft(sentence, start - 1):
                head = words[start - 2].text
                done = start > 2 and words[start - 3].text in grammar.passives and head.endswith(grammar.pasts)
                torn = self._is_headless(sentence, start - 2)
                if not done and not torn and not self.ends_phrase(head) and head not in grammar.determiners:
                    start -= 2
                    continue
            if word in grammar.determiners:
                start -= 1
                break
            if grammar.noun_first or first - start >= _LEFT:
                break
            if self.ends_phrase(word) and not self.compound(sentence, start - 1):
                start -= self._is_participle(sentence, start - 1)
                break
            start -= 1
        while start > 0 and words[start].gap == "-":
            start -= 1
        return start, self.phrase_end(sentence, last)

    def _is_participle(self, sentence: Sentence, at: int) -> bool:
        """Whether an English past participle says of which things something is so: "drafts, uploaded files"."""
        words, grammar = sentence.words, self.grammar
        if grammar.noun_first or not words[at].text.endswith(grammar.pasts):
            return False
        if at == 0 or "," in words[at].gap:
            return True
        before = words[at - 1].text
        return self.soft(sentence, at) and before in grammar.determiners - grammar.relatives - grammar.general

    def _is_headless(self, sentence: Sentence, at: int) -> bool:
        """Whether a French word before "de" ends what is before it: "caractère sensible de", "il s'agit des"."""
        words, grammar = sentence.words, self.grammar
        if not grammar.noun_first or at == 0 or not self.soft(sentence, at):
            return False
        before = words[at - 1].text
        if words[at].text in grammar.frames:
            return True  # "à l'aide de"
        if words[at].capital and at not in sentence.where(*NAMED):
            return True  # "la Redonne des données"
        if before in grammar.determiners | grammar.inner or (before in grammar.pronouns and before in grammar.stops):
            return before in grammar.stops
        return before in grammar.joins or not self.ends_phrase(before)

    def ends_phrase(self, word: str) -> bool:
        return word in self._no_nouns or word.endswith(self.grammar.adverbs)

    @staticmethod
    def compound(sentence: Sentence, at: int) -> bool:
        """Whether word `at` is part of a hyphenated one: "device-related"."""
        words = sentence.words
        return words[at].gap == "-" or (at + 1 < len(words) and words[at + 1].gap == "-")

    def phrase_end(self, sentence: Sentence, last: int) -> int:
        """Where the noun phrase ends whose words up to `last` are known."""
        words, grammar = sentence.words, self.grammar
        end = last
        while end < len(words) and end - last < _RIGHT and self.soft(sentence, end):
            word = words[end].text
            if any(stop == end and start < stop for start, stop in sentence.names):
                break  # "“Your content” means"
            if word.isdecimal() and end + 1 in sentence.where("retain"):
                break  # "données comptables 10 ans"
            if word in grammar.inner:
                noun = end + 1
                while noun < len(words) and words[noun].text in grammar.determiners and self.soft(sentence, noun):
                    noun += 1
                if self._is_done(sentence, noun):
                    break
                if noun < len(words) and self.soft(sentence, noun) and not self.ends_phrase(words[noun].text):
                    end = noun + 1
                    continue
                break
            if word in grammar.determiners or word in grammar.participles:
                break
            if self.ends_phrase(word) and not self._is_noun(sentence, end):
                break
            if self._is_verb(sentence, last, end):
                break
            end += 1
        return end

    def _is_done(self, sentence: Sentence, at: int) -> bool:
        """Whether a French verb with its object follows "de": "permettent à des tiers d'obtenir des notes"."""
        words, grammar = sentence.words, self.grammar
        if at + 1 >= len(words) or not words[at].text.endswith(grammar.infinitives):
            return False
        return words[at + 1].text in grammar.partitive | grammar.yours and not words[at].text.endswith(grammar.trades)

    def _is_verb(self, sentence: Sentence, last: int, at: int) -> bool:
        """Whether word `at`, of a noun phrase that is known up to `last`, is its verb: "the author owns the text"."""
        words, grammar = sentence.words, self.grammar
        word, before = words[at], words[at - 1].text
        if grammar.noun_first:
            return self._is_verb_of_many(sentence, last, at)
        one = word.text.endswith("s") and not word.text.endswith("ss")
        if word.capital or before.endswith("s") == one or word.gap.strip():
            return False
        if at + 1 == len(words) or not self.soft(sentence, at + 1):
            return False
        after = words[at + 1].text
        if before.endswith("s"):  # "the pictures remain on your phone"
            small = after in grammar.stops or after in grammar.determiners
            verb = small and after != OF and after not in self._finite | grammar.joins
            verb = verb and not word.text.endswith(grammar.gerunds)
        else:
            verb = after in grammar.determiners and after not in grammar.relatives
        return verb and not any(first <= at < end for cue in NAMED for first, end in sentence.cues.get(cue, ()))

    def _is_verb_of_many(self, sentence: Sentence, last: int, at: int) -> bool:
        """Whether word `at` is no adjective of the noun before it: "les données servent", "un écrit contenant des"."""
        words, grammar = sentence.words, self.grammar
        word = words[at].text
        if not word.endswith(grammar.verbs) or words[at - 1].text in grammar.determiners:
            return False
        if word.endswith(grammar.gerunds) and at + 1 < len(words) and self.soft(sentence, at + 1):
            after = words[at + 1].text
            if after in grammar.determiners or after in grammar.after:
                return True
        nouns = (words[n].text for n in range(max(0, last - 2), at))
        return any(noun.endswith(MANY) and noun not in grammar.determiners for noun in nouns)

    def _is_noun(self, sentence: Sentence, at: int) -> bool:
        """Whether a word that may be a verb ends a noun phrase: "the contents of a support request"."""
        words, grammar = sentence.words, self.grammar
        before = words[at - 1].text
        if words[at].text not in grammar.nouns or self.ends_phrase(before) or before.endswith("s"):
            return False
        if at + 1 == len(words) or not self.soft(sentence, at + 1):
            return True
        after = words[at + 1].text
        return after in grammar.stops | grammar.joins and after not in grammar.determiners

    def _is_them(self, sentence: Sentence, at: int) -> bool:
        """Whether a word is a pronoun that can't be a subject."""
        text, grammar = sentence.words[at].text, self.grammar
        return not grammar.noun_first and text in grammar.pronouns - grammar.links and self.soft(sentence, at)

    def post_modified(self, sentence: Sentence, last: int, *, noted: bool = False) -> Iterator[tuple[int, str]]:
        """Further ends of a noun phrase that goes on: "of ...", "about ...", "licensed from ...", "you provide"."""
        words, grammar = sentence.words, self.grammar
        if last >= len(words) or not (noted or self.soft(sentence, last)):
            return
        licensed = words[last].text in grammar.participles
        if not licensed and words[last].text not in grammar.links:
            return
        if self._leads_on(sentence, last):
            return
        noun = last + 1
        if words[last].text in grammar.relatives:  # "que vous nous fournissez"
            while noun < len(words) and self.soft(sentence, noun) and words[noun].text in self._subjects:
                noun += 1
        while (
            noun < len(words)
            and self.soft(sentence, noun)
            and (words[noun].text in self._small_of_noun or (licensed and words[noun].text in grammar.after))
        ):
            noun += 1
        if noun < len(words) and self.soft(sentence, noun):
            nearest = max(noun + 1, self.phrase_end(sentence, noun))
            if words[last].text in grammar.relatives and nearest < len(words) and self._is_them(sentence, nearest):
                nearest += 1  # "companies that own us"
            nearest += self._is_verb_of(sentence, last, nearest)
            yield nearest, " and its nearest"
        end = last + 1
        while (
            end < len(words)
            and end - last < _OF_LONGEST
            and self.soft(sentence, end)
            and words[end].text not in grammar.breaks
        ):
            end += 1
        if end - last == _OF_LONGEST:
            end = self.phrase_end(sentence, end)
        yield end, " and what it is of"

    def _leads_on(self, sentence: Sentence, at: int) -> bool:
        """Whether a small word leads to no noun: of "keep data in or send data to", "features in order to"."""
        words, grammar = sentence.words, self.grammar
        if any(first == at and end - first > 1 for first, end in sentence.cues.get("purpose_lead", ())):
            return True
        if at + 2 >= len(words) or words[at + 1].text not in grammar.joins or words[at].text in grammar.participles:
            return False
        return not words[at + 2].text.endswith(grammar.pasts)  # "found on or accessed through"

    def _is_verb_of(self, sentence: Sentence, which: int, at: int) -> bool:
        """Whether a word is the verb of a relative clause with a noun for its subject: "that the assistant uses"."""
        words, grammar = sentence.words, self.grammar
        if words[which].text not in grammar.relatives or at == len(words) or not self.soft(sentence, at):
            return False
        other = grammar.links | grammar.joins | grammar.dangling | grammar.breaks
        return words[which + 1].text in grammar.determiners and words[at].text in grammar.stops - other

    def noted(self, sentence: Sentence, last: int) -> int:
        words = sentence.words
        if last >= len(words) or not words[last].gap.rstrip().endswith("("):
            return last
        end = last + 1
        while end < len(words) and end - last < 8 and ")" not in words[end].gap:
            end += 1
        return end

    def opened(self, sentence: Sentence, first: int, last: int) -> int:
        """Where words begin that close a bracket which was opened before them: "media access control (MAC) address"."""
        words = sentence.words
        if ")" not in sentence.text:
            return first
        marks = "".join(word.gap for word in words[first + 1 : last])
        if ")" not in marks.partition("(")[0]:
            return first
        for at in range(first, max(0, first - STEP), -1):
            if "(" in words[at].gap:
                start = self.chunk(sentence, at - 1, at)[0]
                while start > 1 and words[start].capital and words[start - 1].capital and self.soft(sentence, start):
                    start -= 1
                return start
        return first
