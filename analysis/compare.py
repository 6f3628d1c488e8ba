"""What the change between two texts of a document is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from analysis.classify.beside import (
    MUTES,
    chance_beside,
    is_foreign,
    is_label,
    is_silent,
    may_stand_beside,
)
from analysis.classify.clauses import quotation
from analysis.classify.conventions import HIGH
from analysis.classify.explain import evidence, why
from analysis.classify.features import (
    MOST_PASSAGES,
    PassageFeatures,
    annotate,
    kind_of,
)
from analysis.classify.lead import Candidate, candidates
from analysis.classify.model import CLASSIFIED, LANGUAGES, Model, shipped_model
from analysis.classify.summary import headline, summarize
from analysis.classify.verdict import Verdict, classify_change, classify_passage
from analysis.diff import passages, text_key
from analysis.model import Brief, Comparison, Page, Passage, Quote
from analysis.text.dates import (
    ORDERS,
    NamedDate,
    Order,
    dates_in,
    named_in_numbers,
    order_of,
    start_of,
    unclear_in,
)
from analysis.text.language import other_language
from analysis.text.lexicon import OwnTopic, own_lexicon
from analysis.validate.rejection import change_rejection
from messages import Message

# "for the version effective until then, click here"
_EARLIER = re.compile(
    r"(?i)\b(?:(?:until|previous|prior|earlier|former|archived)\b|jusqu|précédent|antérieur|ancien)"
)
_CLAUSE_ENDS = re.compile(r"[.;:!?]\s")


def compare(
    before: Page,
    after: Page,
    *,
    language: str | None = None,
    document: str | None = None,
    own_topics: Sequence[OwnTopic] = (),
    trusted: bool = False,
    earlier: Sequence[Collection[str]] = (),
    model: Model | None = None,
) -> Comparison:
    """`document` is its title or kind, where known.

    `trusted`: nothing is held. `earlier` holds the `block_keys` of older texts, oldest first: what alternates is no
    news. Raises `UnfitModel`.
    """
    model = model or shipped_model()
    language = language or after.language or before.language
    places = passages(before, after)
    if not places:
        return Comparison(substantive=False)
    held = (
        change_rejection(before, after, language=language, title=document)
        if not trusted
        else None
    )
    if held:
        return Comparison(substantive=False, held=held, passages=tuple(places))
    kind = kind_of(document, after)
    own = own_lexicon(tuple(own_topics), language) if own_topics else None
    annotated = annotate(
        places, before, after, kind=kind, language=language, own=own
    )
    names = model.untrained.union(topic.name for topic in own_topics)
    verdicts = [
        _with_own(
            classify_passage(each, kind, language, model),
            each,
            names,
        )
        for number, each in enumerate(annotated)
    ]
    if language in CLASSIFIED:
        verdicts = _without_translations(verdicts, places, before, language)
    beside = _beside(annotated, verdicts, language)
    verdicts = [
        Verdict(chances=verdict.chances) if beside[number] >= MUTES else verdict
        for number, verdict in enumerate(verdicts)
    ]
    returns = [_is_return(place, earlier) for place in places]
    fresh = classify_change(
        [
            verdict
            for verdict, is_return in zip(verdicts, returns, strict=True)
            if not is_return
        ]
    )
    whole = fresh if fresh.alert else classify_change(verdicts)
    order = _order_of_dates(places, after, language)
    dates = _dates_added(annotated, order)
    start = start_of(dates)
    waits = whole.alert and not fresh.alert
    # what only goes was believed
    brings_text = any(place.after for place in places)
    foreign = frozenset(after.foreign)
    comparison = Comparison(
        substantive=classify_change(verdicts).substantive,
        alert=fresh.alert,
        returns=waits,
        severity=whole.severity,
        direction=whole.direction,
        topics=whole.topics,
        effective_date=start.day if start else None,
        dated=start is not None and start.dated,
        why=(*_why(annotated, whole, waits=waits), *_unclear_date(dates)),
        notice_links=_notice_links(annotated, after),
        is_classified=whole.is_learned,
        passages=tuple(
            _classified(
                features,
                verdict,
                is_return,
                model,
                beside[number],
                may_pass=may_stand_beside(features, verdict, beside[number])
                or (brings_text and is_silent(features, verdict, language))
                or is_foreign(features, verdict, foreign),
            )
            for number, (features, verdict, is_return) in enumerate(
                zip(annotated, verdicts, returns, strict=True)
            )
        ),
    )
    if not whole.alert:
        return comparison
    alerting = {
        n: each
        for n, each in enumerate(verdicts)
        if each.alert and not (fresh.alert and returns[n])
    }
    reasons = tuple(
        name
        for name in whole.conventions
        if whole.severity == "high" and name in HIGH
    )
    if language not in LANGUAGES:
        return replace(
            comparison, brief=_quotation_only(annotated, alerting, comparison)
        )
    summary = summarize(
        [
            replace(each, passage=passage)
            for each, passage in zip(annotated, comparison.passages, strict=True)
        ],
        candidates(annotated, alerting, kind, language, model),
        before,
        after,
        order=order,
    )
    return replace(
        comparison,
        brief=replace(
            summary, start=comparison.effective_date, severity_reasons=reasons
        ),
    )


def _quotation_only(
    annotated: Sequence[PassageFeatures],
    alerting: Mapping[int, Verdict],
    comparison: Comparison,
) -> Brief:
    """Without a trained model: the longest changed sentence, and no claims."""
    sentences = [
        Candidate(
            number,
            sentence,
            quotation(
                annotated[number].passage.texts[sentence.side],
                sentence,
                annotated[number].sentences,
            ),
        )
        for number in alerting
        for sentence in annotated[number].sentences
    ]
    sentences.sort(
        key=lambda each: (
            each.side == "before",
            -(each.sentence.end - each.sentence.start),
        )
    )
    news = headline(sentences, annotated)
    return Brief(
        headline=news and replace(news, claim=None), start=comparison.effective_date
    )


def _without_translations(
    verdicts: Sequence[Verdict],
    places: Sequence[Passage],
    before: Page,
    language: str | None,
) -> list[Verdict]:
    """A block replaced by its translation, or in a language new to the page, is no news."""
    translated = {
        number
        for number, place in enumerate(places)
        if (verdicts[number].alert or verdicts[number].substantive)
        and (other := other_language(place.after or "", language))
        and not any(
            other_language(block.text, language) == other for block in before.blocks
        )
    }
    replaced = {
        number
        for number, place in enumerate(places)
        if place.operation == "removed"
        and not translated.isdisjoint((number - 1, number + 1))
    }
    return [
        Verdict(verdict.substantive, chances=verdict.chances)
        if number in translated | replaced
        else verdict
        for number, verdict in enumerate(verdicts)
    ]


def _beside(
    annotated: Sequence[PassageFeatures],
    verdicts: Sequence[Verdict],
    language: str | None,
) -> list[float]:
    """Each passage's chance to say nothing of the document; titles and single words take that of what changed with
    them.
    """
    chances = [
        chance_beside(features, verdict, language)
        for features, verdict in zip(annotated, verdicts, strict=True)
    ]
    for number, features in reversed([*enumerate(annotated)]):
        near = chances[number + 1 : number + 2]
        if features.passage.is_heading:
            chances[number] = max(near, default=0.0)
        elif is_label(features):
            near += chances[max(0, number - 1) : number]
            chances[number] = max(near, default=0.0)
    return chances


def _is_return(passage: Passage, earlier: Sequence[Collection[str]]) -> bool:
    """Added text that an older text had, or removed text that one lacked."""
    if not earlier or passage.operation == "moved":
        return False
    came, went = (
        [text_key(line) for line in text.split("\n")] if text else []
        for text in (passage.after, passage.before)
    )
    stood = [[key in text for text in earlier] for key in (*came, *went)]
    return all(map(any, stood)) and not any(map(all, stood[len(came) :]))


def _with_own(
    verdict: Verdict, features: PassageFeatures, names: Collection[str]
) -> Verdict:
    """Topics without weights, as the operator's own, alert whatever the model says."""
    named = sorted(
        {
            phrase.topic
            for phrase in features.phrases
            if phrase.changed and phrase.tier == "decides" and phrase.topic in names
        }
    )
    if not named:
        return verdict
    topics = tuple(dict.fromkeys((*verdict.topics, *named)))
    if verdict.alert:
        return replace(verdict, topics=topics)
    return replace(
        verdict, substantive=True, alert=True, topics=topics, severity="low"
    )


def _classified(
    features: PassageFeatures,
    verdict: Verdict,
    is_return: bool,
    model: Model,
    beside: float,
    *,
    may_pass: bool,
) -> Passage:
    quotes = evidence(features, verdict, model)
    reasons = why(features, verdict, quotes, model)
    if beside >= MUTES:
        reasons = (Message("why.beside"),)
    return replace(
        features.passage,
        topics=verdict.topics,
        evidence=tuple(quotes),
        severity=verdict.severity,
        direction=verdict.direction,
        returns=is_return,
        chance=verdict.chances.get("alert"),
        why=(*reasons, Message("why.returns")) if is_return else reasons,
        may_pass=may_pass,
    )


def _why(
    annotated: Sequence[PassageFeatures], verdict: Verdict, *, waits: bool
) -> Iterator[Message]:
    """`waits`: only returning text would alert."""
    if waits:
        yield Message("why.returns")
    if not any(features.sentences for features in annotated):
        yield Message("why.form_only")
    elif not verdict.alert:
        yield Message("why.nothing_to_tell")
    if (bounded := len(annotated) - MOST_PASSAGES) > 0:
        yield Message("why.left_out", n=bounded)


def _order_of_dates(
    places: Sequence[Passage], after: Page, language: str | None
) -> Order | None:
    """The whole page is read only if an added date is ambiguous."""
    if not any(
        named_in_numbers(place.after or "")
        for place in places
        if place.operation != "moved"
    ):
        return None
    return order_of((block.text for block in after.blocks), language, after.region)


def _dates_added(
    annotated: Sequence[PassageFeatures], order: Order | None
) -> list[tuple[str, list[NamedDate]]]:
    """Each place where the change adds dates."""
    added = [
        each.passage
        for each in annotated
        if each.passage.after and each.passage.operation != "moved"
    ]
    if not any("20" in (passage.after or "") for passage in added):
        return []
    places = []
    for passage in added:
        if dates := dates_in(passage.after or "", order):
            former = {
                named.day
                for read in (order, *ORDERS)
                for named in dates_in(passage.before or "", read)
            }
            if new := [
                named
                for named in dates
                if former.isdisjoint(named.either or (named.day,))
            ]:
                places.append((passage.after or "", new))
    return places


def _unclear_date(
    dates: Sequence[tuple[str, Sequence[NamedDate]]],
) -> Iterator[Message]:
    """The change has no date, or not the expected one."""
    if unclear := unclear_in(dates):
        text, named = unclear
        first, second = (day.isoformat() for day in named.either)
        yield Message("why.date_unclear", text=text, first=first, second=second)


def _notice_links(
    annotated: Sequence[PassageFeatures], after: Page
) -> tuple[Quote, ...]:
    """In page order, without those to earlier texts."""
    notices = {
        line
        for features in annotated
        if features.has("notice", side="after")
        for line in (features.passage.after or "").split("\n")
    }
    links = [
        Quote(link.text, "after", (replace(link, at=0),))
        for block in after.blocks
        for link in block.links
        if link.text and block.text in notices
        if not _EARLIER.search(
            _CLAUSE_ENDS.split(block.text.partition(link.text)[0])[-1] + link.text
        )
    ]
    return tuple(dict.fromkeys(links))
