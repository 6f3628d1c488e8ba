"""The JSON shapes of pages and comparisons: kept in the store, printed by `try` and `compare`."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from analysis.model import QUESTIONS, Brief, Comparison, Page, Passage, Quote

_PAGES, _PASSAGES = TypeAdapter(Page), TypeAdapter(Passage)


def page_json(page: Page) -> dict[str, Any]:
    """Title, language, blocks, region and container if they are known; what was dropped is not part of the text."""
    shown = _PAGES.dump_python(page, mode="json", exclude={"dropped", "labelled"})
    return {name: value for name, value in shown.items() if value or name not in ("region", "container")}


def page_from_json(value: Any) -> Page:
    """The page that `page_json` wrote."""
    return _PAGES.validate_python(value)


def page_bytes(page: Page) -> bytes:
    """All of a page, what was dropped with it."""
    return _PAGES.dump_json(page)


def page_of_bytes(value: bytes) -> Page:
    """The page that `page_bytes` wrote."""
    return _PAGES.validate_json(value)


def _passage_json(passage: Passage) -> dict[str, Any]:
    shown: dict[str, Any] = _PASSAGES.dump_python(passage, mode="json", exclude={"chance", "why"})
    return shown | {"why": [str(reason) for reason in passage.why]}


def _quote_json(quote: Quote) -> dict[str, Any]:
    """Words of a page with their side, and with what else is known of them."""
    more = {
        "link": quote.link,
        "links": [[link.at, link.at + len(link.text), link.url] for link in quote.links if len(quote.links) > 1],
        "new": [list(span) for span in quote.new],
        "passage": quote.place,
        "rest": quote.rest,
    }
    known = {name: value for name, value in more.items() if value not in (None, [], "")}
    return {"text": quote.text, "side": quote.side} | known


def brief_json(brief: Brief) -> dict[str, Any]:
    """The brief, with `from` for its start."""
    return {
        "meaning": brief.meaning,
        "meaning_side": brief.meaning_side,
        "from": brief.start.isoformat() if brief.start else None,
        "default": brief.default,
        "severity_reasons": list(brief.severity_reasons),
        **{question: [*map(_quote_json, getattr(brief, question))] for question in (*QUESTIONS, "already")},
    }


def stored_brief(comparison: Comparison) -> dict[str, Any]:
    """The brief as it is stored with a change: with what else is said of the whole, where there is something."""
    more = {
        "notice_links": [*map(_quote_json, comparison.notice_links)],
        "why": [reason.to_json() for reason in comparison.why],
        "dated": comparison.dated,
    }
    brief, lead = comparison.brief, comparison.brief.lead
    if lead:
        more |= {
            "lead": {"topic": lead.topic, "direction": lead.direction, "reason": lead.reason},
            "meaning_new": brief.meaning_new,
        }
    place = {} if brief.place is None else {"place": brief.place}
    return brief_json(brief) | place | {name: value for name, value in more.items() if value}


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """What `compare --json` prints."""
    return {
        "substantive": comparison.substantive,
        "alert": comparison.alert,
        "severity": comparison.severity,
        "direction": comparison.direction,
        "topics": list(comparison.topics),
        "effective_date": comparison.effective_date.isoformat() if comparison.effective_date else None,
        "dated": comparison.dated,
        "held": str(comparison.held) if comparison.held else None,
        "why": [str(reason) for reason in comparison.why],
        "notice_links": [*map(_quote_json, comparison.notice_links)],
        "returns": comparison.returns,
        "brief": brief_json(comparison.brief),
        "passages": [_passage_json(passage) for passage in comparison.passages],
    }
