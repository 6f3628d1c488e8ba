"""From two texts of a document to what a change between them is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from analysis.belief.believe import doubt
from analysis.blocks import Page
from analysis.brief import brief
from analysis.change import SEVERITIES, TOPICS, Comparison, Direction, Evidence, Passage, Quote, Severity, Side
from analysis.diff import passages
from analysis.judging.found import Found, says_something
from analysis.judging.grave import is_grave
from analysis.judging.judge import Judgement, judge, rules_of, with_places
from analysis.judging.kinds import kind_of
from analysis.judging.meaning import of_passage
from analysis.judging.seen import Seen, found_by, look
from analysis.judging.signs import signs_but_topics
from analysis.judging.why import named, why_suppressed, why_untold
from analysis.text.dates import ORDERS, Named, dates_in, named_in_numbers, order_of, start_of, unclear_in
from analysis.text.looks import is_content
from analysis.text.topics import OwnTopic, own_lexicon, titles_over
from analysis.text.words import words
from reasons import Reason, listed

_PHRASE = 60  # characters; what is longer is a sentence that no phrase was found in
_MOST_EVIDENCE = 3  # quotations for one topic of a passage
_OF_SIDE = {"before": "why.removed", "after": "why.added"}
# before a link that leads to what was in force before: "for the version effective until then, click here"
_EARLIER = re.compile(r"(?i)\b(?:(?:until|previous|prior|earlier|former|archived)\b|jusqu|précédent|antérieur|ancien)")
_CLAUSE_ENDS = re.compile(r"[.;:!?]\s")
_MOST_WORDS = 12  # of a quotation that stands for a section's topic


def compare(
    before: Page,
    after: Page,
    *,
    language: str | None = None,
    document: str | None = None,
    own_topics: Sequence[OwnTopic] = (),
    believed: bool = False,
) -> Comparison:
    """Compare two texts of one document. `document` is its title or kind, where known.

    With `believed` a person has said that both are the document's: nothing is held, whatever the texts look like.
    """
    language = language or after.language or before.language
    places = passages(before, after)
    held = doubt(before, after, language=language, title=document) if places and not believed else None
    if held:
        return Comparison(substantive=False, held=held, passages=tuple(places))
    kind = kind_of(document, after)
    seen = look(places, before, after, language, kind)
    judgement = judge(seen)
    own = {id(one): found_by(own_lexicon(tuple(own_topics), language), one) for one in seen} if own_topics else {}
    judged = [_judged(one, judgement, own.get(id(one), [])) for one in seen]
    judgement = with_places(judgement, {passage.direction for passage in judged if passage.topics})
    dates = _dates_added(seen, after, language)
    start = start_of(dates)
    told = Comparison(
        substantive=judgement.substantive or any(own.values()),
        effective_date=start.day if start else None,
        dated=start is not None and start.dated,
        why=(*judgement.why, *_of_own(own), *_left_out(dates)),
        see=_see(seen, after),
        passages=tuple(judged),
    )
    if not judgement.alert and not any(own.values()):
        return told
    return _alerting(told, judgement, before, after, language, kind)


def _of_own(own: Mapping[int, Sequence[Found]]) -> Iterator[Reason]:
    """That topics which the operator made up are told, too."""
    if topics := sorted({match.topic for found in own.values() for match in found}):
        yield Reason("why.told_own", topics=listed("list.words", map(named, topics)))


def _judged(one: Seen, judgement: Judgement, own: Sequence[Found]) -> Passage:
    """The passage with its topics and their evidence, and why."""
    passage = one.passage
    suppressed = tuple(why_suppressed(one))
    if (suppressed or not judgement.substantive) and not own:
        return replace(passage, why=suppressed or (Reason("why.too_little"),))
    said = {match.topic for match in one.found if match.direct}
    speaks = any(says_something(passage.texts[sentence.side], sentence) for sentence in one.wording.sentences)
    by_heading = one.section - said if speaks and not suppressed else frozenset()
    topics = [topic for topic in judgement.topics if topic in said | by_heading]
    matches = [match for match in one.found if match.topic in topics and match.direct and match.tier != "words"]
    if "data_use" in judgement.topics and not topics:
        notices = [match for match in one.found if match.topic == "notice" and match.direct and match.side == "after"]
        matches = [match._replace(topic="data_use") for match in notices]
        topics = ["data_use"] if notices else []
    changed = [_changed(one, topic) for topic in topics if topic in by_heading]
    if not topics and judgement.topics and is_grave(one):
        topics = [judgement.topics[0]]
        matches = [_changed(one, topics[0])]
    topics += sorted({match.topic for match in own})
    evidence = _evidence(passage, [*matches, *changed, *own], by_heading)
    why = [_why(quote) for quote in evidence]
    if not topics:
        return replace(passage, why=(why_untold(one),))
    signs_here = signs_but_topics((one,))
    severity, direction, reasons = of_passage(one, signs_here, judgement.back, judgement.severity, topics)
    told = [Reason("why.told", reason=rules)] if (rules := rules_of(signs_here)) else []
    return replace(
        passage,
        topics=tuple(topics),
        evidence=tuple(evidence),
        severity=severity,
        direction=direction,
        why=(*why, *told, *reasons),
    )


def _changed(one: Seen, topic: str) -> Found:
    """What stands for a topic that no phrase of a place names: of its changed words those that say most."""
    spans = [(sentence.side, *span) for sentence in one.wording.sentences for span in sentence.spans]
    texts = one.passage.texts

    def says(span: tuple[Side, int, int]) -> tuple[int, bool]:
        side, start, end = span
        return sum(is_content(word.text) for word in words(texts[side][start:end])), side == "after"

    side, start, end = max(spans, key=says)
    quoted = words(texts[side][start:end])[:_MOST_WORDS]
    return Found(topic, "section", side, start, start + quoted[-1].end, True)


def _why(quote: Evidence) -> Reason:
    topic = named(quote.topic)
    if quote.heading:
        return Reason("why.heading", topic=topic, heading=quote.heading)
    return Reason(_OF_SIDE[quote.side], topic=topic, text=quote.text)


def _evidence(passage: Passage, matches: Sequence[Found], by_heading: Collection[str]) -> list[Evidence]:
    """The longest phrases of each topic first, as they stand in the passage, whole sentences last; none in another.

    Topics `by_heading` are those that the heading decides.
    """
    sides = passage.texts
    kept: list[Found] = []
    for match in sorted(
        matches,
        key=lambda found: (
            found.tier != "decides",
            found.side == "before",
            found.end - found.start > _PHRASE,
            found.start - found.end,
        ),
    ):
        inside = any(
            match.topic == other.topic
            and match.side == other.side
            and (
                other.start <= match.start < match.end <= other.end
                or match.start <= other.start < other.end <= match.end
            )
            for other in kept
        )
        if not inside and sum(match.topic == other.topic for other in kept) < _MOST_EVIDENCE:
            kept.append(match)
    kept.sort(key=lambda found: (found.topic, found.side, found.start))
    return [
        Evidence(
            match.topic,
            sides[match.side][match.start : match.end],
            match.side,
            " › ".join(titles_over(passage.heading)) if match.topic in by_heading else None,
        )
        for match in kept
    ]


def _dates_added(seen: Sequence[Seen], after: Page, language: str | None) -> list[tuple[str, list[Named]]]:
    """Each place to which the change adds dates, with these."""
    added = [one.passage for one in seen if one.passage.after and one.passage.operation != "moved"]
    if not any("20" in (passage.after or "") for passage in added):
        return []
    # reading the whole page for it is worth while only where a date can be read in two ways
    in_numbers = any(named_in_numbers(passage.after or "") for passage in added)
    order = order_of((block.text for block in after.blocks), language, after.region) if in_numbers else None
    found = []
    for passage in added:
        if dates := dates_in(passage.after or "", order):
            former = {named.day for read in (order, *ORDERS) for named in dates_in(passage.before or "", read)}
            if new := [named for named in dates if former.isdisjoint(named.either or (named.day,))]:
                found.append((passage.after or "", new))
    return found


def _left_out(dates: Sequence[tuple[str, Sequence[Named]]]) -> Iterator[Reason]:
    """Why no date, or another one, is given where the change adds one."""
    if unclear := unclear_in(dates):
        text, named = unclear
        first, second = (day.isoformat() for day in named.either)
        yield Reason("why.date_unclear", text=text, first=first, second=second)


def _see(seen: Sequence[Seen], after: Page) -> tuple[Quote, ...]:
    """The links that stand in new notices of coming changes, in the order of the page; not those to earlier texts."""
    notices = {
        line
        for one in seen
        if one.real and any(match.topic == "notice" and match.direct and match.side == "after" for match in one.found)
        for line in (one.passage.after or "").split("\n")
    }
    links = [
        Quote(link.text, "after", link.url)
        for block in after.blocks
        for link in block.links
        if link.text and block.text in notices
        if not _EARLIER.search(_CLAUSE_ENDS.split(block.text.partition(link.text)[0])[-1] + link.text)
    ]
    return tuple(dict.fromkeys(links))


def _alerting(
    told: Comparison, judgement: Judgement, before: Page, after: Page, language: str | None, kind: str
) -> Comparison:
    flagged = [passage for passage in told.passages if passage.topics]
    topics = [*judgement.topics, *sorted({topic for passage in flagged for topic in passage.topics} - set(TOPICS))]
    severity: Severity = judgement.severity if judgement.alert else "low"
    direction: Direction = judgement.direction if judgement.alert else "clarifies"
    answers = brief(
        told.passages,
        before,
        after,
        effective=told.effective_date,
        language=language or "en",
        kind=kind,
        because=judgement.because,
        kept=judgement.kept,
    )
    places = told.passages
    if flagged and all(passage.severity != severity for passage in flagged):
        # the change as a whole can weigh more than each of its places: the one that heads the brief carries it
        heads = places[answers.place] if answers.place is not None else flagged[0]
        carries = heads if heads in flagged else max(flagged, key=lambda one: SEVERITIES.index(one.severity))
        places = tuple(replace(one, severity=severity) if one is carries else one for one in places)
    reworded = bool(flagged) and all(passage.operation == "reworded" for passage in flagged)
    return replace(
        told,
        alert=True,
        severity=severity,
        direction=direction,
        clearer=direction == "clarifies" and reworded and judgement.explains,
        topics=tuple(topics),
        passages=places,
        brief=answers,
    )
