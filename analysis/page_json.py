"""JSON of pages and comparisons, as stored, and as printed by `try` and `compare`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from analysis.model import Brief, Comparison, Page, Passage, Quote
from messages.catalogue import ENGLISH, catalogue
from messages.headline import headline_text

_PAGES, _PASSAGES = TypeAdapter(Page), TypeAdapter(Passage)


def page_json(page: Page) -> dict[str, Any]:
    """Without what only this capture tells."""
    shown = _PAGES.dump_python(
        page, mode="json", exclude={"dropped", "labelled", "foreign"}
    )
    return {
        name: value
        for name, value in shown.items()
        if value or name not in ("region", "container")
    }


def page_from_json(value: Any) -> Page:
    return _PAGES.validate_python(value)


def page_bytes(page: Page) -> bytes:
    """With dropped text."""
    return _PAGES.dump_json(page)


def page_of_bytes(value: bytes) -> Page:
    return _PAGES.validate_json(value)


def _passage_json(passage: Passage) -> dict[str, Any]:
    shown: dict[str, Any] = _PASSAGES.dump_python(
        passage, mode="json", exclude={"chance", "why", "is_heading"}
    )
    return shown | {"why": [str(reason) for reason in passage.why]}


def _quote_json(quote: Quote) -> dict[str, Any]:
    more = {
        "link": quote.link,
        "links": [
            [link.at, link.at + len(link.text), link.url]
            for link in quote.links
            if len(quote.links) > 1
        ],
        "new": [list(span) for span in quote.new],
        "passage": quote.place,
        "lead_in": [*quote.lead_in],
    }
    known = {
        name: value for name, value in more.items() if value not in (None, [], "")
    }
    return {"text": quote.text, "side": quote.side} | known


def brief_json(brief: Brief) -> dict[str, Any]:
    """`from` is its start."""
    quotation = brief.headline.quotation if brief.headline else None
    return {
        "meaning": quotation.text if quotation else None,
        "meaning_side": quotation.side if quotation else None,
        "from": _value_json(brief.start),
        **{
            each.name: _value_json(getattr(brief, each.name))
            for each in fields(brief)
            if each.name not in ("headline", "start")
        },
    }


def _value_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [*map(_value_json, value)]
    if isinstance(value, Quote):
        return _quote_json(value)
    return value.isoformat() if isinstance(value, date) else value


def stored_brief(comparison: Comparison) -> dict[str, Any]:
    """With what is said of the whole."""
    more: dict[str, Any] = {
        "notice_links": [*map(_quote_json, comparison.notice_links)],
        "why": [reason.to_json() for reason in comparison.why],
        "dated": comparison.dated,
        "unlearned": not comparison.is_classified,
    }
    news = comparison.brief.headline
    if news:
        more |= {
            "headline": {
                "clause": [*news.clause],
                "claim": news.claim,
                "notice": news.is_notice,
            },
            "meaning_new": news.quotation.new,
            "lead_in": [*news.quotation.lead_in],
        }
    place = (
        {}
        if news is None or news.quotation.place is None
        else {"place": news.quotation.place}
    )
    return (
        brief_json(comparison.brief)
        | place
        | {name: value for name, value in more.items() if value}
    )


def headline_json(brief: Mapping[str, Any], text: str) -> dict[str, Any] | None:
    """`text` is the headline as shown."""
    if not brief.get("meaning"):
        return None
    quotation = {
        "text": brief["meaning"],
        "side": brief["meaning_side"],
        "passage": brief.get("place"),
    }
    claim = bool((brief.get("headline") or {}).get("claim"))
    return {"text": text, "claim": claim, "quotation": quotation}


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """For `compare --json`."""
    stored = stored_brief(comparison)
    return {
        "substantive": comparison.substantive,
        "alert": comparison.alert,
        "severity": comparison.severity,
        "direction": comparison.direction,
        "topics": list(comparison.topics),
        "effective_date": comparison.effective_date.isoformat()
        if comparison.effective_date
        else None,
        "dated": comparison.dated,
        "held": str(comparison.held) if comparison.held else None,
        "why": [str(reason) for reason in comparison.why],
        "notice_links": [*map(_quote_json, comparison.notice_links)],
        "returns": comparison.returns,
        "headline": headline_json(
            stored, headline_text(catalogue(ENGLISH), stored)
        ),
        "classified": comparison.is_classified,
        "brief": brief_json(comparison.brief),
        "passages": [_passage_json(passage) for passage in comparison.passages],
    }
