"""What a policy newly says beside words that stayed, and sentences without a phrase that are worth telling anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.blocks import CELL
from analysis.change import TOPICS, Passage, Side
from analysis.diff.wording import ChangedSentence, Wording
from analysis.judging.found import AI, TURNS, Found, overlaps, within, without_addresses
from analysis.judging.kinds import part_of
from analysis.judging.news import News, news
from analysis.judging.sentences import Chances, says
from analysis.judging.surroundings import Surroundings
from analysis.judging.ticked import Ticked, asked
from analysis.text.looks import pattern
from analysis.text.sentence_ends import sentence_before
from analysis.text.topics import column_topics, matches, section_topics
from analysis.text.words import word_texts

_WORTH = 0.55  # the chance from which on a sentence is told though none of its phrases decide so
_SURELY = 0.8  # that a whole sentence of a policy is worth telling that is likely about none of the topics
_SURELY_OF_AI = 0.7  # the same, in a paragraph about AI
_SAYING = 6  # words that a sentence has at least of which no phrase says what it is about
_LIKELY = 0.5  # that words without a phrase are about what their section, or most of their row, is about
_POSSIBLE = 0.3  # that a cell is about what its titles are likeliest about
_OBSERVED = frozenset(("personal_data", "data_collection", "tracking"))  # what a ranking may look at
_NEAR = 20  # characters between a number and the word that makes it an age


def anew(
    passage: Passage,
    changed: Wording,
    found: Sequence[Found],
    section: frozenset[str],
    around: Mapping[Side, Surroundings],
    language: str | None,
    kind: str,
    cells: Sequence[Ticked],
) -> Iterator[Found]:
    """What a policy newly says beside words that stayed, or in a row that came or went under titles of columns."""
    texts = passage.texts
    heads = {side: around[side].columns_of(text) for side, text in texts.items()}
    in_table = any(heads.values())
    page = section_topics(passage.heading[:1], language)
    policy = part_of(kind, passage.heading) == "policy"
    named = {one.topic for one in found if one.tier == "decides"}
    fresh = news(passage, changed, in_table=in_table)
    for one in fresh:
        sentence = next(s for s in changed.sentences if s.side == one.side and s.start <= one.start < s.end)
        if one.kind == "entry":
            if policy and not any(each.direct and each.tier == "decides" for each in within(sentence, found)):
                yield from _of_entry(
                    one, says(texts[one.side][sentence.start : sentence.end], language, kind, passage.heading)
                )
            continue
        column = column_topics(_title(heads, texts, one.side, one.start), language) if in_table else None
        told = tuple(_told_by(one, sentence, found, section, column, page))
        if not told and one.kind in ("cell", "turn"):
            # neither a phrase nor its section names what it is about: all words of its row or paragraph do
            topic = _likeliest(says(texts[one.side], language, kind, passage.heading), _LIKELY)
            told = (Found(topic, "decides", one.side, one.start, one.end, True),) if topic else ()
        if sentence.whole and not in_table:
            chances = says(texts[one.side][sentence.start : sentence.end], language, kind, passage.heading)
            told = tuple(each for each in told if each.topic in AI | named or chances[each.topic] >= _LIKELY)
        # outside of policies only how long something is kept is news by itself
        yield from told if policy else (each for each in told if one.kind == "time" and _is_kept(each, found))
    yield from _said_anyway(passage, changed, fresh, found, section, around, language, kind)
    yield from _by_ticks(cells, passage.heading, language, kind)
    if policy:
        yield from _examples(changed, found, texts, language)
        yield from _reached(changed, found, texts, section)
    if policy and in_table and passage.operation in ("added", "removed"):
        side = passage.side
        listed = (topic for title in heads[side] for topic in TOPICS if topic in column_topics(title, language))
        if topic := next(listed, None):
            yield Found(topic, "decides", side, 0, len(texts[side].split(CELL)[0]), True)


def _of_entry(one: News, chances: Chances) -> Iterator[Found]:
    """What a sentence that is surely worth telling is about, where it names one thing more or less."""
    topic = _likeliest(chances, _LIKELY)
    if topic and chances["worth"] >= _SURELY and chances["conduct"] < _LIKELY:
        yield Found(topic, "decides", one.side, one.start, one.end, True)


def _told_by(
    one: News,
    sentence: ChangedSentence,
    found: Sequence[Found],
    section: frozenset[str],
    column: frozenset[str] | None,
    page: frozenset[str],
) -> Iterator[Found]:
    """What a piece of news is about: its column, else the nearest phrases of its sentence, else its section.

    `column` holds the topics of the column's title, None outside of tables. News of a page that is about AI is about
    AI, too.
    """
    beside = [each for each in within(sentence, found) if each.tier == "decides"]
    if one.kind == "time":
        beside = [each for each in beside if each.topic == "retention"] or beside
    nearest = min((_distance(each, one) for each in beside), default=0)
    topics = {each.topic for each in beside if _distance(each, one) <= nearest}
    if column is not None and one.kind == "time" and not topics:
        topics = {"retention"}
    for topic in TOPICS:
        if topic in (column or topics or section - AI) or topic in AI & page:  # none is about AI by its section alone
            yield Found(topic, "decides", one.side, one.start, one.end, True)


def _distance(found: Found, one: News) -> int:
    return max(0, found.start - one.end, one.start - found.end)


def _likeliest(chances: Chances, least: float) -> str | None:
    """What words are likeliest about; None where that, or that they are worth telling, is less than so likely."""
    if chances["worth"] < least:
        return None
    topic = max(TOPICS, key=lambda each: chances[each])
    return topic if chances[topic] >= least else None


def _of_paragraph(passage: Passage, side: Side, language: str | None, kind: str) -> str:
    """What a paragraph, and with it a sentence that names nothing, is likeliest about: AI only by a phrase."""
    text = passage.texts[side]
    chances = says(text, language, kind, passage.heading)
    named = {match.topic for match in matches(text, language) if match.tier == "decides"}
    return max((topic for topic in TOPICS if topic in named or topic not in AI), key=lambda topic: chances[topic])


def _is_worth(text: str, chances: Chances, least: float) -> bool:
    """Whether a sentence of a policy reads like what people want to be told, though no phrase says what it is about.

    The fewer its words, the more each of them weighs by chance."""
    return chances["worth"] >= least and len(word_texts(text)) >= _SAYING


def _said_anyway(
    passage: Passage,
    changed: Wording,
    fresh: Sequence[News],
    found: Sequence[Found],
    section: frozenset[str],
    around: Mapping[Side, Surroundings],
    language: str | None,
    kind: str,
) -> Iterator[Found]:
    """What terms or rules say of people's data or of AI in a sentence that came or went, or is a clause longer."""
    texts = passage.texts
    policy = part_of(kind, passage.heading) == "policy"
    for sentence in changed.sentences:
        inside = within(sentence, found)
        yield from (one._replace(tier="decides", direct=True) for one in inside if _is_age(one, sentence, texts))
        if not (
            sentence.whole
            or within(sentence, fresh)
            or any(one.direct and (one.tier == "decides" or one.topic in TURNS) for one in inside)
        ):
            continue
        said = around[sentence.side].without_names(texts[sentence.side][sentence.start : sentence.end])
        text = without_addresses(said)  # "help@parley.ai" is no AI
        start, end = sentence.spans[0][0], sentence.spans[-1][1]
        ranks = "automated_decisions" in section or any(map(pattern("ranked").search, passage.heading[-1:]))
        ranked = ranks and not policy
        of_people = (one.topic in _OBSERVED and (sentence.whole or one.direct) for one in inside)
        theirs = (pattern("yours").search(texts[sentence.side], *span) for span in sentence.spans)
        if ranked and (any(of_people) or (not sentence.whole and any(theirs))):
            yield Found("automated_decisions", "decides", sentence.side, start, end, True)  # what a ranking looks at
        chances = says(text, language, kind, passage.heading)
        topic = _likeliest(chances, _WORTH)
        if topic is None and policy and sentence.whole and _is_worth(text, chances, _SURELY_OF_AI):
            likeliest = _of_paragraph(passage, sentence.side, language, kind)
            topic = likeliest if likeliest in AI or _is_worth(text, chances, _SURELY) else None
        if topic:
            yield Found(topic, "decides", sentence.side, start, end, True)


def _by_ticks(cells: Sequence[Ticked], heading: tuple[str, ...], language: str | None, kind: str) -> Iterator[Found]:
    """What cells that newly say yes or no are about, by the titles of columns and rows; at least the likeliest."""
    for cell in cells:
        chances = says(cell.about, language, kind, heading)
        likely = {topic for topic in TOPICS if chances[topic] >= _LIKELY} | asked(cell, language)
        likely |= {"user_choice"} if cell.of_choice else set()
        likeliest = max(TOPICS, key=lambda each: chances[each])
        for topic in sorted(likely) or ({likeliest} if chances[likeliest] >= _POSSIBLE else ()):
            yield Found(topic, "decides", cell.side, cell.start, cell.end, True)


def _examples(
    changed: Wording, found: Sequence[Found], texts: Mapping[Side, str], language: str | None
) -> Iterator[Found]:
    """Whole sentences that give an example of the one before, and any that say where it does not hold: they are about
    what that is about."""
    for sentence in changed.sentences:
        text = texts[sentence.side]
        excepts = pattern("not_so").match(text, sentence.start)
        if not excepts and not (sentence.whole and pattern("example").match(text, sentence.start)):
            continue
        if any(one.tier == "decides" for one in within(sentence, found)):
            continue
        start, end = sentence_before(text, sentence.start)
        topics = {match.topic for match in matches(text[start:end], language) if match.tier == "decides"}
        for topic in TOPICS:
            if topic in topics:
                yield Found(topic, "decides", sentence.side, sentence.start, sentence.spans[-1][1], True)


def _reached(
    changed: Wording, found: Sequence[Found], texts: Mapping[Side, str], section: frozenset[str]
) -> Iterator[Found]:
    """Another way to reach whom people turn to about their rights, and what that costs them."""
    for sentence in changed.sentences:
        about = any(one.topic == "user_rights" and one.tier == "decides" for one in within(sentence, found))
        if not (about or "user_rights" in section):
            continue
        news = pattern("cost" if sentence.whole else "reached")
        for way in news.finditer(texts[sentence.side], sentence.start, sentence.end):
            if any(start < way.end() and way.start() < end for start, end in sentence.spans):
                yield Found("user_rights", "decides", sentence.side, *way.span(), True)


def _is_age(one: Found, sentence: ChangedSentence, texts: Mapping[Side, str]) -> bool:
    """Whether it is an age from which, or up to which, something holds, and another than it was."""
    text = texts[sentence.side]
    if one.topic != "sensitive_minors" or not any(map(str.isdigit, text[one.start : one.end].split())):
        return False
    around = max(sentence.start, one.start - _NEAR), min(sentence.end, one.end + _NEAR)
    return overlaps(sentence, one.start, one.end) and bool(pattern("age").search(text, *around))


def _is_kept(told: Found, found: Sequence[Found]) -> bool:
    """Whether the sentence says itself that something is kept or deleted."""
    return told.topic == "retention" and any(each.topic == "retention" and each.tier == "decides" for each in found)


def _title(heads: Mapping[Side, Sequence[str]], texts: Mapping[Side, str], side: Side, at: int) -> str:
    """The title of the column in which a place of a row stands."""
    cell = texts[side].count(CELL, 0, at)
    return heads[side][cell] if cell < len(heads[side]) else ""
