"""What stands in each passage of a change: its phrases, and whether it is a policy's text at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from analysis.blocks import Page
from analysis.change import Passage, Side
from analysis.diff.wording import ChangedSentence, Wording, keyed_sentences, stems_by_sentence, stems_of, wording
from analysis.judging.anew import anew
from analysis.judging.found import Found, found_in, named_in, overlaps, places_in, recipients_in, within
from analysis.judging.listed import lists_recipients, parties_listed, party_of
from analysis.judging.lists import put_into_lists
from analysis.judging.news import is_renamed
from analysis.judging.postal import only_addresses
from analysis.judging.sentences import Chances, says
from analysis.judging.shape import OF_LEADS, names, shape_of
from analysis.judging.surroundings import BANNER, TEMPLATE, Surroundings
from analysis.judging.ticked import Ticked, answered, ticked
from analysis.text.looks import pattern
from analysis.text.spelling import keyed_words
from analysis.text.topics import Lexicon, matches, section_topics
from analysis.text.words import word_texts

_BUTTONS = 60  # characters of a line of them


class Heard(NamedTuple):
    """What a changed sentence says by its phrases: topics that its changed words decide, groups of general words in it,
    and which of these are in its changed words."""

    sentence: ChangedSentence
    acts: frozenset[str]
    general: frozenset[str]
    changed: frozenset[str]


@dataclass(frozen=True, eq=False)  # itself only, so that what is asked of it again and again can be kept by it
class Seen:
    """A passage and what was seen in it. `shape` is "text" (a sentence), "row" (of a table, or labelled),
    "entry" (of a list in a section about data), "address" (of a house) or "fragment" (a title, a label, an entry of a
    menu). `named`: an entry that names a law or a company."""

    passage: Passage
    kind: str  # of the document, see `kind_of`
    language: str | None
    wording: Wording
    shape: str
    changed_words: int
    cut: bool  # a sentence that ends in the middle on one side: text that was captured in part
    found: tuple[Found, ...] = ()
    section: frozenset[str] = frozenset()
    named: bool = False
    recipients: tuple[Found, ...] = ()  # proper names that came or went where it is told who gets data
    news: tuple[Found, ...] = ()  # what a sentence or row of a policy newly says beside words that stayed
    torn: bool = False  # told although one side breaks off, as the only one: what the other has more is nothing new
    ticked: tuple[Ticked, ...] = ()  # its cells that newly say yes, or no
    listed: bool = False  # an item of a list, without a sentence, that came or went
    lead: str = ""  # what an entry goes on from: "We do not collect", or else the title over its list
    renamed: bool = False  # a row about the same thing, by another name, or the titles of columns

    @property
    def real(self) -> bool:
        """Whether it is a change of the policy's wording, as far as the passage alone tells."""
        return bool(self.wording.sentences) and not self.cut

    @property
    def is_wording(self) -> bool:
        """Whether it counts in a change: real, and no title, label or menu."""
        return self.real and self.shape != "fragment"

    @property
    def other_recipient(self) -> bool:
        """Whether a name came for another, behind "provider", "shared with" or the like."""
        return {one.side for one in self.recipients} == {"before", "after"}

    @cached_property
    def decided(self) -> frozenset[str]:
        """The topics that its changed words decide."""
        return frozenset(one.topic for one in self.found if one.direct and one.tier == "decides")

    def within(self, sentence: ChangedSentence) -> list[Found]:
        """What was found in one of its sentences."""
        return within(sentence, self.found)

    def text_of(self, sentence: ChangedSentence) -> str:
        return self.passage.texts[sentence.side][sentence.start : sentence.end]

    def says(self, text: str) -> Chances:
        """What some of its text says under its heading, and behind its lead."""
        text = f"{self.lead}: {text}" if self.lead else text
        return says(text, self.language, self.kind, self.passage.heading)

    def stems(self, text: str) -> frozenset[str]:
        """Of the words that say something in one of its sentences, or in any other text."""
        return self._stems[text] if text in self._stems else stems_of(text)

    @cached_property
    def _stems(self) -> dict[str, frozenset[str]]:
        before, after = map(stems_by_sentence, self.passage.texts.values())
        return before | after

    @cached_property
    def heard(self) -> tuple[Heard, ...]:
        """Its changed sentences, one by one."""
        return tuple(_heard(sentence, self.within(sentence)) for sentence in self.wording.sentences)


def _heard(sentence: ChangedSentence, inside: Sequence[Found]) -> Heard:
    return Heard(
        sentence,
        frozenset(one.topic for one in inside if one.tier == "decides" and one.direct),
        frozenset(one.topic for one in inside if one.tier == "words"),
        frozenset(one.topic for one in inside if one.tier == "words" and one.direct),
    )


def look(passages: Sequence[Passage], before: Page, after: Page, language: str | None, kind: str) -> tuple[Seen, ...]:
    """What stands in each passage of a change to a document of that kind (`kind_of`).

    Each is seen beside the others, for text moves between paragraphs.
    """
    around: dict[Side, Surroundings] = {"before": Surroundings(before), "after": Surroundings(after)}
    elsewhere: dict[Side, set[str]] = {"before": set(), "after": set()}
    times = Counter((passage.operation, passage.before, passage.after) for passage in passages)
    for passage in passages:
        elsewhere["before"] |= _keys(passage.before)
        elsewhere["after"] |= _keys(passage.after)
    listed = put_into_lists(passages)
    seen = [
        _seen(
            passage,
            (Wording((), "looks.order") if passage in listed else None)
            or _repeats(passage, around, times[passage.operation, passage.before, passage.after], language)
            or _in_other_form(passage, around)
            or wording(passage, elsewhere["before"], elsewhere["after"]),
            around,
            language,
            kind,
        )
        for passage in passages
    ]
    buttons = {one.passage.heading for one in seen if _is_buttons(one.passage)}
    if buttons:
        dialog = [one.passage.heading in buttons and _is_of_dialog(one) for one in seen]
        seen = [replace(one, shape="fragment") if of_it else one for one, of_it in zip(seen, dialog, strict=True)]
    cut = [one for one in seen if one.cut]
    if len(cut) == 1 and cut[0].decided:
        # what a single end of a sentence adds is told if it is about data; several are a page that came in part
        seen = [replace(one, cut=False, torn=one.cut) for one in seen]
    return tuple(seen)


def _is_buttons(passage: Passage) -> bool:
    text = passage.text
    return passage.operation in ("added", "removed") and len(text) < _BUTTONS and bool(pattern("button").search(text))


def _is_of_dialog(one: Seen) -> bool:
    """Whether a passage came or went with the buttons that stand under its heading."""
    return one.passage.operation in ("added", "removed") and "cookie" in " ".join(one.passage.heading).casefold()


def _repeats(passage: Passage, around: Mapping[Side, Surroundings], times: int, language: str | None) -> Wording | None:
    """Why whole text that came or went is no change of the policy: the page has it elsewhere, or it is furniture."""
    if passage.operation not in ("added", "removed"):
        return None
    other: Side = "before" if passage.after else "after"
    text = passage.text
    # "Photos" in the list of what models learn from is another thing than in that of what is collected
    under = passage.heading[-1] if passage.heading and around[passage.side].is_item(passage.heading, text) else None
    if around[other].has(text, under):
        return Wording((), "looks.other_side")
    if times >= TEMPLATE:
        return Wording((), "looks.furniture")
    notice = passage.before and len(passage.before) < BANNER and not passage.heading[2:]
    if notice and any(match.topic == "notice" for match in matches(passage.before or "", language)):
        return Wording((), "looks.ended")
    return None


def _in_other_form(passage: Passage, around: Mapping[Side, Surroundings]) -> Wording | None:
    """Why a row that became an item of a list, or the other way round, is no change: only the columns' titles came."""
    if passage.operation != "reworded":
        titles_alone = passage.operation != "moved" and _is_title_row(passage, around)
        return Wording((), "looks.columns") if titles_alone else None
    if around["before"].is_row(passage.before or "") == around["after"].is_row(passage.after or ""):
        return None
    titles = [title for side, text in passage.texts.items() for title in around[side].columns_of(text)]
    before, after = (Counter(keyed_words(text).keys) for text in passage.texts.values())
    named = {key for title in titles for key in keyed_words(title).keys}
    differ = (before - after) + (after - before)
    return Wording((), "looks.row_as_item") if differ.keys() <= named else None


def _keys(text: str | None) -> set[str]:
    return {one.key for one in keyed_sentences(text)} if text else set()


def _seen(
    passage: Passage,
    changed: Wording,
    around: Mapping[Side, Surroundings],
    language: str | None,
    kind: str,
) -> Seen:
    if not changed.sentences:
        return Seen(passage, kind, language, changed, shape="fragment", changed_words=0, cut=False)
    texts = passage.texts
    listed = _lists_party(passage, around, language)
    side = passage.side
    titles = tuple(map(around[side].without_names, passage.heading))
    section = section_topics(titles[-1:] if listed else titles, language)
    lead = around[side].lead_of(passage.heading, texts[side]) if passage.operation != "reworded" else ""
    of_lead = OF_LEADS & {match.topic for match in matches(lead, language) if match.tier == "decides"}
    section |= of_lead
    found: list[Found] = []
    count = 0
    recipients: list[Found] = []
    named = listed or names(passage, section)
    for sentence in changed.sentences:
        count += sum(len(word_texts(texts[sentence.side][start:end])) for start, end in sentence.spans)
        found += found_in(texts[sentence.side], sentence, section, around[sentence.side], language)
        if named:
            found += named_in(texts[sentence.side], sentence, section)
        found += places_in(texts[sentence.side], sentence, found)
        recipients += recipients_in(texts[sentence.side], sentence, section)
    if listed:
        recipients += parties_listed(changed, texts)
    reworded = bool(passage.heading) and passage.operation == "reworded"
    address = reworded and not _says_whole(changed, found) and only_addresses(changed, texts)
    renamed = is_renamed(passage) or _is_title_row(passage, around)
    if address or renamed:
        found, recipients = [one._replace(direct=False) for one in found], []
    cut = _cut_off(passage, changed)
    shape = "address" if address else shape_of(changed, texts, section, around, passage, language, named, of_lead)
    reply = tuple(answered(texts, around)) if reworded else ()
    shape = "row" if reply and shape == "fragment" else shape
    silent = cut or renamed or shape in ("address", "fragment")
    cells = reply or (() if silent else tuple(ticked(texts, around[side].columns_of(texts[side]), language)))
    newly = () if silent else tuple(anew(passage, changed, found, section, around, language, kind, cells))
    contact = named and "user_rights" in section  # an address to write to is no right
    return Seen(
        passage,
        kind,
        language,
        changed,
        shape=shape,
        changed_words=count,
        cut=cut,
        found=(*found, *recipients, *newly),
        section=section,
        named=named,
        recipients=tuple(recipients),
        news=newly,
        ticked=cells,
        listed=_is_listed(passage, shape, around),
        lead="" if shape != "entry" or not passage.heading or contact else lead or passage.heading[-1],
        renamed=renamed,
    )


def _lists_party(passage: Passage, around: Mapping[Side, Surroundings], language: str | None) -> bool:
    """Whether it is the entry of one of those who get data, and no link of a menu."""
    if not lists_recipients(passage.heading, language):
        return False
    texts = {side: text for side, text in passage.texts.items() if text}
    return any(party_of(text) and not around[side].in_menu(text) for side, text in texts.items())


def _is_listed(passage: Passage, shape: str, around: Mapping[Side, Surroundings]) -> bool:
    alone = passage.operation in ("added", "removed") and shape in ("entry", "row")
    return alone and bool(passage.heading) and around[passage.side].is_item(passage.heading, passage.text)


def _says_whole(changed: Wording, found: Sequence[Found]) -> bool:
    """Whether a whole new sentence decides a topic: who the data protection officer is, beside where to reach him."""
    return any(
        one.direct and one.tier == "decides" and sentence.whole and one.side == sentence.side
        for one in found
        for sentence in changed.sentences
        if sentence.start <= one.start < sentence.end
    )


def _is_title_row(passage: Passage, around: Mapping[Side, Surroundings]) -> bool:
    """Whether it is the titles of a table's columns: they name what the rows say."""
    texts = {side: text for side, text in passage.texts.items() if text}
    return all(around[side].names_columns(text) for side, text in texts.items())


def found_by(lexicon: Lexicon, seen: Seen) -> list[Found]:
    """The phrases of another lexicon in a passage's changed words: a user's own topics."""
    found = []
    for sentence in seen.wording.sentences:
        for match in lexicon.matches(seen.text_of(sentence)):
            start, end = sentence.start + match.start, sentence.start + match.end
            if overlaps(sentence, start, end):
                found.append(Found(match.topic, match.tier, sentence.side, start, end, True))
    return found


def _cut_off(passage: Passage, changed: Wording) -> bool:
    """Whether one side only lacks the other's last words and stops in the middle of a sentence."""
    if not passage.before or not passage.after or len({sentence.side for sentence in changed.sentences}) != 1:
        return False
    shorter, longer = sorted((passage.before.rstrip(), passage.after.rstrip()), key=len)
    if not longer.startswith(shorter) or not shorter[-1].isalnum() or len(shorter) <= 30:
        return False
    rest = longer[len(shorter) :]
    if rest.startswith(" (") and rest.endswith(")"):
        return False  # an item of a list, with words in brackets behind it
    return (longer[-1] in ".!?:;)" and rest[0] == " ") or bool(_is_unfinished(shorter))


def _is_unfinished(text: str) -> bool:
    return any(found.end() == len(text) for found in pattern("unfinished").finditer(text, max(0, len(text) - 10)))
