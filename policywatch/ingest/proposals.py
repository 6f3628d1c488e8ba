"""Proposals to the operator: linked policies and help pages that nobody watches, and moved addresses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from sqlmodel import Session
from tldextract import TLDExtract

from analysis.model import Link, Page
from analysis.text.lexicon import section_topics
from analysis.text.phrases import kinds_of, pattern
from crawler.markup import canonical_address
from foundation.vocabulary import AI_TOPICS, NoticeKind
from notifier.escape import web_link
from policywatch.config.additions import KINDS, entry_text, named_entry
from policywatch.ingest.extraction import isolated
from policywatch.sanitize import sanitize
from storage.captures import capture, newest_captures
from storage.checks import Check, last_checks
from storage.database import AdvisoryLock, take
from storage.deliveries import Notice, notices_of
from storage.documents import Document, document, known, watched
from storage.errors import DamagedCapture
from storage.journal import Action, Actor, enter

_LISTED, _READ = 8, 500  # links in a notice; examined on a page
_LONGEST, _WORDS = (
    2_000,
    200,
)  # of an address; of a link's words or path
_DATA = {
    "data_collection",
    "data_use",
    "data_sharing",
    "user_choice",
    "retention",
    "tracking",
}
_SIGNS = re.compile(r"[\W_]+")
_PLACE = re.compile(
    r"(?!ai\b)[a-z]{2}(?:[-_][a-z]{2,4})?"
)  # a language or country in a path
_ASIDE = re.compile(
    r"(?i)utm_.*|[a-z]+clid|mc_[ce]id|trk|ref|hl|lang|locale"
)  # parameters that do not change the page


def propose_links(
    session: Session, check: Check, before: Page, after: Page
) -> None:
    """Notify once of links to unknown pages of the same organisation, in the transaction that writes the text."""
    links, of = (
        [*islice(_new_links(before, after), _READ)],
        document(session, check.document_id),
    )
    if not links:
        return
    # two processes may propose the same address
    take(session, AdvisoryLock.PLANNING)
    documents = known(session)
    own = {
        _organisation(url)
        for row in documents
        if row.service == of.service
        for url in row.addresses
    }
    rows, checks, ids = (
        watched(session),
        last_checks(session),
        {row.id for row in documents},
    )
    known_pages = _addresses(rows)
    known_pages += [  # where they were last found
        (url, row.title)
        for row in documents
        if row.id in checks and (url := checks[row.id].final_url)
    ]
    known_pages += [
        (canonical, row.title)
        for row in rows
        if row.service == of.service and (canonical := _canonical(session, row))
    ]
    known_pages += [
        (url, _title(entry))
        for notice in notices_of(session, NoticeKind.LINKS)
        for url, entry in notice.facts["proposals"]
    ]
    taken = _Taken(known_pages)
    proposals = [
        (link.url, entry)
        for link, heading in links
        if _organisation(link.url) in own and not taken.has(link.url, link.text)
        if (entry := _entry(link, heading, of, ids))
    ]
    if proposals:
        shown, more = proposals[:_LISTED], len(proposals[_LISTED:])
        session.add(Notice.of(check, NoticeKind.LINKS, proposals=shown, more=more))


class Proposal(NamedTuple):
    """Of a `moved` document, `entry` is the line to replace."""

    notice: Notice
    url: str
    entry: str

    @property
    def is_moved(self) -> bool:
        return self.notice.kind == NoticeKind.MOVED

    @property
    def keys(self) -> dict[str, str]:
        """For the form of a new document."""
        tables = tomllib.loads(self.entry).get("documents", [{}])
        return {
            name: str(value) for name, value in tables[0].items() if name != "id"
        }


def open_proposals(
    session: Session, document_id: str | None = None
) -> list[Proposal]:
    """Still unwatched and not dismissed."""
    notices = [
        each
        for kind in (NoticeKind.LINKS, NoticeKind.MOVED)
        for each in notices_of(session, kind, document_id)
    ]
    services = {
        document(session, notice.document_id).service
        for notice in notices
        if notice.document_id is not None
    }
    rows = [
        row
        for row in (known(session, services) if services else [])
        if not row.retired
    ]
    addresses, taken = (
        {url for row in rows for url in row.addresses},
        _Taken(_addresses(rows)),
    )
    return [
        Proposal(notice, url, entry)
        for notice in notices
        for url, entry in notice.facts["proposals"]
        if url not in notice.facts.get("dismissed", ())
        and not (
            url in addresses
            if notice.kind == NoticeKind.MOVED
            else taken.has(url, _title(entry))
        )
    ]


def dismiss(
    session: Session, notice_id: int, url: str, actor: Actor, at: datetime
) -> None:
    """What a person does not want is not proposed any more."""
    notice = session.get(Notice, notice_id)
    if notice is None or "proposals" not in notice.facts:
        return
    dismissed = {*notice.facts.get("dismissed", ()), url}
    notice.facts = notice.facts | {"dismissed": sorted(dismissed)}
    enter(
        session,
        actor,
        Action.DISMISS,
        notice.document_id or "",
        at=at,
        before={"url": url},
    )


def page_key(url: str) -> str:
    """Equal for addresses of one page: without scheme, fragment, tracking parameters, language and last slash."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    path = "/".join(
        part
        for part in parts.path.lower().split("/")
        if part and not _PLACE.fullmatch(part)
    )
    query = sorted(
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True)
        if not _ASIDE.fullmatch(pair[0])
    )
    return (
        f"{(parts.hostname or '').removeprefix('www.')}/{path}?{urlencode(query)}"
    )


class _Taken:
    """Addresses with titles."""

    def __init__(self, pages: Iterable[tuple[str, str]]) -> None:
        self._pages = [(*_place(url), title) for url, title in pages]

    def has(self, url: str, words: str) -> bool:
        """Additional parameters do not matter, unless the link's words name another kind of document."""
        place, query = _place(url)
        named = _SIGNS.sub(" ", place)
        return any(
            own == query
            or (own < query and kinds_of(words) <= kinds_of(f"{title} / {named}"))
            for its_place, own, title in self._pages
            if its_place == place
        )


def _place(url: str) -> tuple[str, frozenset[tuple[str, str]]]:
    place, _, query = page_key(url).partition("?")
    return place, frozenset(parse_qsl(query, keep_blank_values=True))


def _addresses(rows: Iterable[Document]) -> list[tuple[str, str]]:
    return [(url, row.title) for row in rows for url in row.addresses]


def _canonical(session: Session, row: Document) -> str | None:
    """The last one, on the same site."""
    newest = newest_captures(session, row.id)
    if not newest:
        return None
    record = newest[0]
    try:
        body = capture(session, record.id).body
        own: str | None = isolated(
            canonical_address, body, record.mime, record.final_url
        )
    except DamagedCapture:  # of another document, reported elsewhere
        return None
    return (
        own
        if own and _organisation(own) == _organisation(record.final_url)
        else None
    )


def _title(entry: str) -> str:
    (table,) = tomllib.loads(entry)["documents"]
    return str(table["title"])


def _new_links(before: Page, after: Page) -> Iterator[tuple[Link, str]]:
    """With the heading above; one for each page that the earlier text did not link."""
    taken = {
        key
        for block in before.blocks
        for link in block.links
        for key in _keys(link)
    }
    for block in after.blocks:
        for link in block.links:
            keys = _keys(link)
            if (
                keys.isdisjoint(taken)
                and link.url.startswith("http")
                and len(link.url) <= _LONGEST
            ):
                yield (
                    link,
                    block.text
                    if block.kind == "heading"
                    else " ".join(block.heading[-1:]),
                )
            taken |= keys


def _keys(link: Link) -> set[str]:
    """Links to one page share one of these."""
    key = page_key(link.url)
    return {key, f"{key.partition('?')[0]} {link.text}"}


def _entry(link: Link, heading: str, of: Document, ids: set[str]) -> str | None:
    """None if neither a policy nor a help page on data or AI, or if it can't be watched."""
    host, _, path = page_key(link.url).partition("?")[0].partition("/")
    last = path.rpartition("/")[2].partition(".")[0].lstrip("-_0123456789")
    words, last, path = (
        _SIGNS.sub(" ", unquote(part))[:_WORDS].strip()
        for part in (link.text, last, path)
    )
    kinds, topics = kinds_of(words), section_topics(words, of.language)
    title = (
        link.text[:_WORDS]
        if (kinds or topics) and not words.startswith("http")
        else last or words
    )
    kinds, topics = (
        kinds | kinds_of(path),
        topics | section_topics(path, of.language),
    )
    kind = next(
        (
            kind
            for word, kind in {**KINDS, "providers": "other"}.items()
            if word in kinds
        ),
        None,
    )
    if pattern("links", "help").search(f"{host} / {path}"):
        is_on_topic = (
            topics & (AI_TOPICS | _DATA)
            or section_topics(heading[:_WORDS], of.language) & AI_TOPICS
        )
        kind = "help" if kind or is_on_topic else None
    if (
        kind is None
        or pattern("links", "earlier").search(f"{words} / {path}")
        or not web_link(link.url)
    ):
        return None
    given = {
        "service": of.service,
        "title": sanitize(title).strip() or kind,
        "kind": kind,
        "url": link.url,
    }
    try:
        entry = named_entry({**given, "language": of.language}, ids)
    except ValueError:
        return None
    ids.add(entry.id)
    return entry_text(entry)


def _organisation(url: str) -> str:
    """The registered domain; a local host stands for itself."""
    name = _suffixes()(url)
    return str(name.top_domain_under_public_suffix or name.domain)


@cache
def _suffixes() -> Any:
    return TLDExtract(
        cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
    )
