"""What is new among answers that stayed: a denial, and who is named beside others."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.brief.scene import Scene
from analysis.brief.spans import Span
from analysis.brief.text import Word
from analysis.brief.whole import with_subjects

Answers = list[tuple[float, Span]]
_DENIALS = ("denial", "denial, whole")
_LIKELY = 0.5
_MAY = 8  # words from "you may" to the last of several acts


def newly_denied(scene: Scene, told: Answers, found: Answers, least: float) -> Answers:
    """What is left out, with a new sentence that says so of data: "Messages are excluded". Where nothing else is told,
    the likeliest denial that is a new sentence and protects people."""
    new = [
        one
        for one in found
        if one[0] >= least
        and one[1].rule in _DENIALS
        and one[1].denies
        and one[1].sentence.side == "after"
        and _is_new(one[1].sentence.words)
    ]
    aside = [one for one in new if one[1].sentence.where("set_aside") & set(range(one[1].first, one[1].last))]
    if aside and not any(aside[0][1].meets(span) for _, span in told):
        return [*told, *with_subjects(scene.reader, aside[:1])]
    return told or [one for one in new if scene.chances(one[1].sentence)["protection"] >= _LIKELY][:1]


def newly_refusable(scene: Scene, told: Answers, found: Answers, least: float) -> Answers:
    """How to refuse; where nothing is told, the likeliest act that a new sentence says people may do: "You may revoke
    the link"."""
    return (
        told
        or [
            one
            for one in found
            if one[0] >= least
            and one[1].rule.startswith("refusal")
            and one[1].sentence.side == "after"
            and _is_new(one[1].sentence.words)
            and (
                _is_order(scene, one[1])
                or any(at <= one[1].first < end + _MAY for at, end in one[1].sentence.cues.get("you_may", ()))
            )
        ][:1]
    )


def _is_order(scene: Scene, span: Span) -> bool:
    """Whether a sentence begins with the words, which have no verb of their own: "Untick the box"."""
    grammar = scene.phrases.grammar
    verbs = grammar.modals | grammar.passives | grammar.having
    return span.first == 0 and not any(word.text in verbs for word in span.words)


def _is_group(scene: Scene, span: Span) -> bool:
    """Whether a party is named together with the publisher, as those that belong to it."""
    words, first, grammar = span.sentence.words, span.first, scene.phrases.grammar
    if span.rule != "party" or span.sentence.side != "after" or first < 2 or words[first - 1].text not in grammar.joins:
        return False
    publisher = words[first - 2].text
    return words[first].text in grammar.determiners and (
        scene.reader.publisher.is_named(publisher) or publisher in grammar.subjects | grammar.to_us
    )


def _is_company(span: Span) -> bool:
    """Whether a new name ends with the form of a company: "Kestrel GmbH"."""
    forms = {end for _, end in span.sentence.cues.get("company_form", ())}
    return span.last in forms and len(span.words) > 1 and span.sentence.side == "after" and span.sentence.touched


def _is_new(words: Sequence[Word]) -> bool:
    return all(word.changed for word in words)


def newly_named(scene: Scene, told: Answers, found: Answers, least: float) -> Answers:
    """Of a sentence that names somebody new beside others, who is new; not where that is one of the others. Where
    nobody is told, "Wrenfield or its affiliates" of a new sentence, from the chance `least`."""
    if not told:
        return [
            one for one in found if one[0] >= least and _is_group(scene, one[1]) and _is_new(one[1].sentence.words)
        ][:1] or [one for one in found if _is_company(one[1])][:3]
    naming = scene.phrases.grammar.naming
    new = {
        span.sentence.order
        for _, span in told
        if _is_new(span.words)
        and not (span.first and span.sentence.words[span.first - 1].text in naming)  # "partners such as Kestrel"
    }
    return [one for one in told if one[1].sentence.order not in new or any(word.changed for word in one[1].words)]
