"""The JSON shapes of pages and comparisons: kept in the store, printed by `try` and `compare`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from analysis.model import QUESTIONS, Brief, Comparison, Evidence, Page, Passage, Quote

_PAGES = TypeAdapter(Page)


def page_json(page: Page) -> dict[str, Any]:
    """Title, language, region and container if they are known, and blocks; what was dropped is not part of the text."""
    optional = {"region": page.region, "container": page.container}
    return {name: value for name, value in optional.items() if value} | {
        "title": page.title,
        "language": page.language,
        "blocks": [
            {
                "kind": block.kind,
                "heading": list(block.heading),
                "text": block.text,
                "links": [{"text": link.text, "url": link.url, "at": link.at} for link in block.links],
            }
            for block in page.blocks
        ],
    }


def page_from_json(value: Any) -> Page:
    """The page that `page_json` wrote."""
    return _PAGES.validate_python(value)


def evidence_json(evidence: Evidence) -> dict[str, str]:
    """One topic's words."""
    return {"topic": evidence.topic, "text": evidence.text, "side": evidence.side}


def passage_json(passage: Passage) -> dict[str, Any]:
    """One place of a change."""
    return {
        "heading": list(passage.heading),
        "operation": passage.operation,
        "before": passage.before,
        "after": passage.after,
        "topics": list(passage.topics),
        "evidence": [evidence_json(evidence) for evidence in passage.evidence],
        "severity": passage.severity,
        "direction": passage.direction,
        "returns": passage.returns,
        "why": [str(reason) for reason in passage.why],
    }


def quotes_json(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """Words of a page, each with its side, and with what else is known of it: see `Quote`."""
    return [_quote_json(quote) for quote in quotes]


def _quote_json(quote: Quote) -> dict[str, Any]:
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
        **{question: quotes_json(getattr(brief, question)) for question in (*QUESTIONS, "already")},
    }


def stored_brief(comparison: Comparison) -> dict[str, Any]:
    """The brief as it is stored with a change: with what else is said of the whole, where there is something."""
    more = {
        "notice_links": quotes_json(comparison.notice_links),
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
        "notice_links": quotes_json(comparison.notice_links),
        "returns": comparison.returns,
        "brief": brief_json(comparison.brief),
        "passages": [passage_json(passage) for passage in comparison.passages],
    }
