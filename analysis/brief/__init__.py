"""The short answers for a person who gets an alert: which data, what for, who gets it, how to refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from analysis.blocks import Page
from analysis.brief.answers import told_answers
from analysis.brief.default import told_default
from analysis.brief.headline import told_headline
from analysis.brief.marks import Marks
from analysis.brief.phrases import phrases_for
from analysis.brief.quote import quoted
from analysis.brief.rank import shipped_weights
from analysis.brief.rules import only_rules
from analysis.brief.scene import Scene
from analysis.brief.spans import Question
from analysis.change import Brief, Kept, Passage

_TELLING: tuple[Question, ...] = ("data", "purposes", "recipients", "excluded")  # what a change is, before its ways out


def brief(
    passages: Sequence[Passage],
    before: Page,
    after: Page,
    *,
    effective: date | None,
    language: str,
    kind: str = "other",
    because: tuple[str, ...] = (),
    kept: tuple[Kept, ...] = (),
) -> Brief:
    """What the passages of a change say, in the page's own words; what they do not say stays empty.

    `before` and `after` are the whole texts that the passages were found in, `language` the page's; a language without
    a phrase file is read with the English one. `kind` is the document's (`kind_of`). `effective`, `because`
    and `kept` were found elsewhere.
    """
    scene = Scene(passages, before, after, phrases_for(language))
    told = told_answers(scene, shipped_weights())
    marks = Marks(scene, after)
    quotes = {
        # rows of a table say the same again and again
        field: tuple(
            dict.fromkeys(quoted(span, linked=field == "refuse", marks=marks.of(field, span)) for _, span in those)
        )
        for field, those in told.items()
    }
    worth: defaultdict[int, float] = defaultdict(float)
    for field in _TELLING:
        for chance, span in told[field]:
            worth[span.sentence.order] += chance
    head = told_headline(scene, worth, because)
    default, default_words = told_default(scene, head)
    return Brief(
        meaning=head.text if head else None,
        meaning_side=head.side if head else None,
        place=head.place if head else None,
        only_rules=only_rules(scene, head.order if head else None, of_data=kind in ("privacy", "cookies")),
        start=effective,
        default=default,
        default_words=default_words,
        because=because,
        kept=kept,
        **quotes,
    )
