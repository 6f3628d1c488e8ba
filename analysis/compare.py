"""From two texts of a document to what a change between them is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from analysis.believe import disbelief
from analysis.blocks import Page
from analysis.brief import brief
from analysis.change import TOPICS, Brief, Comparison, Passage
from analysis.dates import dates_in, effective_date, order_of
from analysis.diff import passages
from analysis.judgement import judged, whole_direction, whole_severity
from analysis.signs import Seen, look
from analysis.topics import OwnTopic as OwnTopic
from analysis.topics import own_lexicon
from analysis.words import words

_BARE = 12  # words: a text of a date and little more


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
    spoken = language or after.language or before.language
    held = None if believed else _held(before, after, language, document)
    own = own_lexicon(tuple(own_topics), spoken) if own_topics else None
    seen = look(passages(before, after), spoken)
    found = tuple(judged(one, own) for one in seen)
    if held:
        return Comparison(substantive=False, held=held, passages=found)
    flagged = [passage for passage in found if passage.topics]
    names = {topic for passage in flagged for topic in passage.topics}
    since = _since(before, after, seen, spoken)
    return Comparison(
        substantive=any(one.real and one.shape != "fragment" for one in seen) or bool(flagged) or since is not None,
        alert=bool(flagged),
        severity=whole_severity(found),
        direction=whole_direction(found),
        topics=tuple(topic for topic in TOPICS if topic in names) + tuple(sorted(names - set(TOPICS))),
        effective_date=since,
        brief=brief(flagged, before, after, effective=since, language=spoken or "en") if flagged else Brief(),
        passages=found,
    )


def _held(before: Page, after: Page, language: str | None, document: str | None) -> str | None:
    reason = disbelief(after, before=before, language=language, title=document)
    if reason is None and (earlier := disbelief(before, language=language, title=document)):
        reason = f"the earlier text was not the document's: {earlier}"
    return reason


def _since(before: Page, after: Page, seen: Sequence[Seen], language: str | None) -> date | None:
    """The date from which the change holds, of those that it adds."""
    order = order_of((block.text for page in (before, after) for block in page.blocks), language)
    places = []
    for one in seen:
        passage: Passage = one.passage
        if passage.after is None or passage.operation == "moved":
            continue
        known = {named.day for named in dates_in(passage.before or "", order)}
        new = [named for named in dates_in(passage.after, order) if named.day not in known]
        if new:
            places.append((passage.after, new, len(words(passage.after)) <= _BARE))
    return effective_date(places)
