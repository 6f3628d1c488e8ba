"""Entries and enumerations of which a part answers, told whole: who is told of one datum wants those beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from analysis.brief.no_data import DATA
from analysis.brief.nouns import LONGEST
from analysis.brief.spans import Reader, Span
from analysis.change import Side

Answers = list[tuple[float, Span]]
_DISPLACED = 1  # answers that make room for the rest of a list
_ENTRY_LONGEST = 16  # words of an item that is told whole
_LABEL = 5  # words of an item with a full stop; more are a sentence
_NOTES = frozenset("(,:–—")


def whole_entries(reader: Reader, told: Answers, found: Answers) -> Answers:
    """With items and cells that name data as they stand: "contact records and transcripts that you pick"."""
    wholes: defaultdict[int, list[Span]] = defaultdict(list)
    for _, span in found:
        if list_of(span) and span.rule in ("whole", "after colon") and _is_entry(reader, span):
            wholes[span.sentence.order].append(span)
    kept: Answers = []
    for chance, span in told:
        around = [whole for whole in wholes[span.sentence.order] if span.within(whole)]
        entry = min(around, key=lambda whole: whole.last - whole.first, default=span)
        if not any(entry is other for _, other in kept):
            kept.append((chance, entry))
    return kept


def with_siblings(reader: Reader, told: Answers, found: Answers, most: int, least: float) -> Answers:
    """With the other entries of a list of which one answers: who quotes a list quotes all of it.

    Those that do not begin with "your" need the chance `least`.
    """
    yours = reader.grammar.yours
    lists = {list_of(span) for _, span in told if _is_entry(reader, span)} - {None}
    entries = {id(span.sentence) for _, span in told}
    others: Answers = []
    for chance, span in found:
        if list_of(span) not in lists or not span.sentence.touched or id(span.sentence) in entries:
            continue
        if _is_entry(reader, span) and (chance >= least or span.sentence.words[0].text in yours):
            entries.add(id(span.sentence))
            others.append((chance, span))
    if not others:
        return told
    listed = [one for one in told if list_of(one[1]) in lists]
    rest = [one for one in told if one not in listed]
    rest = rest[: max(most - len(listed) - len(others), len(rest) - _DISPLACED)]
    listed = [*listed, *others][: most - len(rest)]
    return sorted(listed, key=lambda one: one[1].sentence.order) + rest


def list_of(span: Span) -> tuple[str, Side] | None:
    """The list whose entry the words stand in, by what leads to it and the side."""
    sentence = span.sentence
    return (sentence.lead, sentence.side) if sentence.item and sentence.lead else None


def _is_entry(reader: Reader, span: Span) -> bool:
    """Whether words are all that an item names but for a label and notes, so that it is no sentence."""
    sentence, words = span.sentence, span.sentence.words
    if span.first and ":" not in words[span.first].gap:
        return False
    if span.last < len(words) and _NOTES.isdisjoint(words[span.last].gap):
        return False
    ended = sentence.text[words[-1].end :].strip().startswith((".", "!", "?"))
    return words[0].text in reader.grammar.yours or len(words) <= (_LABEL if ended else _ENTRY_LONGEST)


def whole_lists(reader: Reader, told: Answers, cues: tuple[str, ...] = DATA) -> Answers:
    """With the other entries of the enumerations that the words stand in, up to the most words of an answer."""
    kept: Answers = []
    for chance, span in told:
        start = reader.enumerated_from(span.sentence, span.first, span.last, cues)
        wider = replace(span, first=start) if span.last - start <= LONGEST else span
        beside = next((one for one in kept if _beside(reader, wider, one[1])), None)
        if beside is None:
            kept.append((chance, wider))
            continue
        other = beside[1]
        joined = replace(other, first=min(wider.first, other.first), last=max(wider.last, other.last))
        if joined.last - joined.first <= LONGEST:
            kept[kept.index(beside)] = (beside[0], joined)
        elif not wider.meets(other):
            kept.append((chance, wider))
    for at, (chance, span) in enumerate(kept):
        wider = replace(span, last=reader.enumerated_to(span.sentence, span.first, span.last))
        if not any(wider.meets(other) for _, other in kept if other is not span):
            kept[at] = (chance, wider)
    return [one for one in kept if not any(_is_part(one[1], other) for _, other in kept)]


def with_names(reader: Reader, told: Answers) -> Answers:
    """Parties with the names that are given for them, as one: "our partners, such as Corvina and Kestrel"."""
    kept: Answers = []
    for chance, span in sorted(told, key=lambda one: (one[1].sentence.order, one[1].first)):
        if kept and (joined := _named(reader, kept[-1][1], span)):
            kept[-1] = (max(chance, kept[-1][0]), joined)
        else:
            kept.append((chance, span))
    return sorted(kept, key=lambda one: -one[0])


def _named(reader: Reader, party: Span, name: Span) -> Span | None:
    """A party and the name behind it as one, where "such as" stands between them or a further name."""
    sentence, between = party.sentence, party.sentence.words[party.last : name.first]
    if name.sentence is not sentence or name.first < party.last or name.last - party.first > LONGEST:
        return None
    naming = bool(between) and all(word.text in reader.grammar.naming for word in between)
    if naming and "(" in between[0].gap:
        end = reader.noted(sentence, party.last)
        return replace(party, last=end) if name.last <= end <= party.first + LONGEST else None
    grammar = reader.grammar
    owned = len(between) == 1 and between[0].text in grammar.doers and party.words[-1].text.endswith(grammar.pasts)
    further = reader.adjoin(sentence, party.last, name.first) and any(
        word.text in reader.grammar.naming for word in sentence.words[party.first : party.last]
    )
    return replace(party, last=name.last) if naming or owned or further else None


def with_subjects(reader: Reader, told: Answers) -> Answers:
    """Denials with who does not, or with what is not done: "Files in a notebook are not used"."""
    kept: Answers = []
    for chance, span in told:
        first = reader.subject_start(span.sentence, reader.denied_verb(span.sentence, span.first))
        first = reader.whole_subject(span.sentence, first, span.last) if span.rule.startswith("denial") else first
        last = reader.cut(span.sentence, first, span.last)
        kept.append((chance, replace(span, first=first, last=last) if last else span))
    return kept


def told_apart(reader: Reader, told: Answers) -> Answers:
    """With what says which data are meant: "the photos that you have shared"."""
    return [
        (chance, replace(span, last=reader.told_apart(span.sentence, span.first, span.last))) for chance, span in told
    ]


def _beside(reader: Reader, span: Span, other: Span) -> bool:
    """Whether two stand in one enumeration."""
    if span.meets(other):
        return True
    one, two = sorted((span, other), key=lambda each: each.first)
    return one.sentence is two.sentence and reader.adjoin(one.sentence, one.last, two.first)


def _is_part(span: Span, other: Span) -> bool:
    """Whether an enumeration has the words."""
    return span is not other and "," in other.text and f" {span.key} " in f" {other.key} "
