"""From two texts of a document to what a change between them is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from analysis.classify.conventions import HIGH
from analysis.classify.explain import evidence, why
from analysis.classify.features import MOST_PASSAGES, PassageFeatures, annotate, kind_of
from analysis.classify.model import Model, shipped_model
from analysis.classify.summary import summarize
from analysis.classify.verdict import Verdict, classify_change, classify_passage
from analysis.diff import passages, plain_words
from analysis.model import SEVERITIES, Comparison, Lead, Page, Passage, Quote, Side
from analysis.text.dates import ORDERS, NamedDate, dates_in, named_in_numbers, order_of, start_of, unclear_in
from analysis.text.lexicon import OwnTopic, own_lexicon
from analysis.validate.rejection import change_rejection
from messages import Message

# before a link that leads to what was in force before: "for the version effective until then, click here"
_EARLIER = re.compile(r"(?i)\b(?:(?:until|previous|prior|earlier|former|archived)\b|jusqu|précédent|antérieur|ancien)")
# the conventions of high severity, the gravest first: what the change is about then, and on which side the news stands
_LEADS: Mapping[str, tuple[str | None, Side | None]] = {
    "training": ("ai_training", "after"),
    "sale": ("data_sharing", "after"),
    "promise_gone": (None, "before"),
    "choice_gone": ("user_choice", None),
}
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
    second: Mapping[int, Verdict] | None = None,
) -> Comparison:
    """Compare two texts of one document. `document` is its title or kind, where known.

    With `trusted` it is settled that both are the document's: nothing is held, whatever the texts look like.
    `earlier` holds the `block_keys` of each older text, oldest first: what alternates between them
    is no news. `second` holds a second reader's verdicts, by the passage's number. Raises `UnfitModel`.
    """
    model = model or shipped_model()
    language = language or after.language or before.language
    places = passages(before, after)
    if not places:
        return Comparison(substantive=False)
    held = change_rejection(before, after, language=language, title=document) if not trusted else None
    if held:
        return Comparison(substantive=False, held=held, passages=tuple(places))
    kind = kind_of(document, after)
    own = own_lexicon(tuple(own_topics), language) if own_topics else None
    annotated = annotate(places, before, after, kind=kind, language=language, own=own)
    names = {topic.name for topic in own_topics}
    verdicts = [
        _with_own(classify_passage(each, kind, language, model, (second or {}).get(number)), each, names)
        for number, each in enumerate(annotated)
    ]
    returns = [_is_return(place, earlier) for place in places]
    fresh = classify_change([verdict for verdict, is_return in zip(verdicts, returns, strict=True) if not is_return])
    whole = fresh if fresh.alert else classify_change(verdicts)
    dates = _dates_added(annotated, after, language)
    start = start_of(dates)
    waits = whole.alert and not fresh.alert
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
        passages=tuple(
            _classified(features, verdict, is_return, model)
            for features, verdict, is_return in zip(annotated, verdicts, returns, strict=True)
        ),
    )
    if not whole.alert:
        return comparison
    weights = [max(verdict.chances.get("alert", 0.0), float(verdict.alert)) for verdict in verdicts]
    alerting = {n: each for n, each in enumerate(verdicts) if not (fresh.alert and returns[n])}
    reasons = tuple(name for name in whole.conventions if whole.severity == "high" and name in HIGH)
    summary = summarize(
        comparison.passages,
        [each.sentences for each in annotated],
        before,
        after,
        weights=weights,
        lead=_lead(alerting, reasons),
    )
    return replace(comparison, brief=replace(summary, start=comparison.effective_date, severity_reasons=reasons))


def _lead(verdicts: Mapping[int, Verdict], reasons: Sequence[str]) -> Lead:
    """By the passages under the first convention that makes the change high, or else by the gravest."""
    alerting = {number: verdict for number, verdict in verdicts.items() if verdict.alert}
    reason = next((name for name in _LEADS if name in reasons), None)
    highest = max((verdict.severity for verdict in alerting.values()), key=SEVERITIES.index)
    leads = {
        number: verdict
        for number, verdict in alerting.items()
        if (reason in verdict.conventions if reason else verdict.severity == highest)
    }
    first = max(leads.values(), key=lambda verdict: verdict.chances.get("alert", 0.0))
    topic, side = _LEADS[reason] if reason else (None, None)
    # what is done is the news; how to refuse it comes with it
    topics = [name for name in first.topics if name not in ("user_choice", "user_rights")] or first.topics
    topic = topic or max(topics, key=lambda name: first.chances.get(name, 0.0), default=None)
    return Lead(topic, first.direction, reason, side, frozenset(leads))


def block_keys(page: Page) -> frozenset[str]:
    """What a text holds, to be asked whether a passage stood there."""
    return frozenset(_key(block.text) for block in page.blocks)


def _key(text: str) -> str:
    return " ".join(plain_words(text))


def _is_return(passage: Passage, earlier: Sequence[Collection[str]]) -> bool:
    """Whether text that came stood in an older text of the document, and text that went had been gone before: it has
    come once and gone once, and goes on alternating."""
    if not earlier or passage.operation == "moved":
        return False
    came, went = ([_key(line) for line in text.split("\n")] if text else [] for text in (passage.after, passage.before))
    stood = [[key in text for text in earlier] for key in (*came, *went)]
    return all(map(any, stood)) and not any(map(all, stood[len(came) :]))


def _with_own(verdict: Verdict, features: PassageFeatures, names: Collection[str]) -> Verdict:
    """With the topics that the operator declared, which alert whatever the model says."""
    named = sorted({phrase.topic for phrase in features.phrases if phrase.changed and phrase.topic in names})
    if not named:
        return verdict
    topics = (*verdict.topics, *named)
    if verdict.alert:
        return replace(verdict, topics=topics)
    return replace(verdict, substantive=True, alert=True, topics=topics, severity="low", direction="clarifies")


def _classified(features: PassageFeatures, verdict: Verdict, is_return: bool, model: Model) -> Passage:
    quotes = evidence(features, verdict, model)
    reasons = why(features, verdict, quotes, model)
    return replace(
        features.passage,
        topics=verdict.topics,
        evidence=tuple(quotes),
        severity=verdict.severity,
        direction=verdict.direction,
        returns=is_return,
        chance=(verdict.first or verdict).chances.get("alert"),
        why=(*reasons, Message("why.returns")) if is_return else reasons,
    )


def _why(annotated: Sequence[PassageFeatures], verdict: Verdict, *, waits: bool) -> Iterator[Message]:
    """Why the change as a whole alerts or not; `waits`: nothing but what stood before would."""
    if waits:
        yield Message("why.returns")
    if not any(features.sentences for features in annotated):
        yield Message("why.form_only")
    elif not verdict.alert:
        yield Message("why.nothing_to_tell")
    if (bounded := len(annotated) - MOST_PASSAGES) > 0:
        yield Message("why.left_out", n=bounded)


def _dates_added(
    annotated: Sequence[PassageFeatures], after: Page, language: str | None
) -> list[tuple[str, list[NamedDate]]]:
    """Each place to which the change adds dates, with these."""
    added = [each.passage for each in annotated if each.passage.after and each.passage.operation != "moved"]
    if not any("20" in (passage.after or "") for passage in added):
        return []
    # reading the whole page for it is worth while only where a date can be read in two ways
    in_numbers = any(named_in_numbers(passage.after or "") for passage in added)
    order = order_of((block.text for block in after.blocks), language, after.region) if in_numbers else None
    places = []
    for passage in added:
        if dates := dates_in(passage.after or "", order):
            former = {named.day for read in (order, *ORDERS) for named in dates_in(passage.before or "", read)}
            if new := [named for named in dates if former.isdisjoint(named.either or (named.day,))]:
                places.append((passage.after or "", new))
    return places


def _unclear_date(dates: Sequence[tuple[str, Sequence[NamedDate]]]) -> Iterator[Message]:
    """Why no date, or another one, is given where the change adds one."""
    if unclear := unclear_in(dates):
        text, named = unclear
        first, second = (day.isoformat() for day in named.either)
        yield Message("why.date_unclear", text=text, first=first, second=second)


def _notice_links(annotated: Sequence[PassageFeatures], after: Page) -> tuple[Quote, ...]:
    """The links that stand in new notices of coming changes, in the order of the page; not those to earlier texts."""
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
        if not _EARLIER.search(_CLAUSE_ENDS.split(block.text.partition(link.text)[0])[-1] + link.text)
    ]
    return tuple(dict.fromkeys(links))
