"""How Open Terms Archive lays out versions: Markdown files "Service/Document type.md"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from foundation.vocabulary import DocumentKind
from policywatch.config.additions import slug
from policywatch.config.schema import DocumentEntry
from policywatch.sources.repository import NotAnArchive, Record

_KINDS: dict[str, DocumentKind] = {
    "privacy policy": "privacy-policy",
    "terms of service": "terms",
    "developer terms": "terms",
    "commercial terms": "terms",
    "trackers policy": "cookie-policy",
    "community guidelines": "guidelines",
}
# by the archive "Terms of Service"
_TERMS = (
    "terms of service",
    "terms of use",
    "user agreement",
    "terms and conditions",
    "terms",
)
# an unchanged page was extracted by other rules
_REFILTERED = re.compile(r"(?i)refilter|apply technical or declaration upgrade")


@dataclass(slots=True)
class Archived:
    """Oldest first."""

    service: str
    type: str
    records: list[Record] = field(default_factory=list)

    @property
    def id(self) -> str:
        """By naming: linkedin/privacy-policy."""
        return f"{slug(self.service)}/{slug(self.type)}"

    @property
    def kind(self) -> DocumentKind:
        """ "other" for an unknown type."""
        return _KINDS.get(self.type.casefold(), "other")


def is_refiltered(record: Record) -> bool:
    return _REFILTERED.match(record.subject) is not None


def _last_part(repository: str) -> str:
    """Equal for the address, folder and bundle of one repository."""
    return re.sub(r"\.(git|bundle)$", "", repository.rstrip("/")).rpartition("/")[2]


def _likeness(title: str, other: str) -> float:
    """The share of words in both."""
    words, others = ({*slug(each).split("-")} for each in (title, other))
    return len(words & others) / len(words | others)


def documents(records: Iterable[Record], name: str) -> list[Archived]:
    """By id. Raises `NotAnArchive` where no file fits the layout."""
    archived: dict[str, Archived] = {}
    others: list[str] = []
    for record in records:
        parts = record.path.split("/")
        if (
            len(parts) != 2
            or not parts[1].endswith(".md")
            or not slug(parts[0])
            or not slug(parts[1][:-3])
        ):
            others.append(record.path)
            continue
        archived.setdefault(
            record.path, Archived(parts[0], parts[1][:-3])
        ).records.append(record)
    if not archived:
        examples = f"; it has {', '.join(map(repr, others[:3]))}" if others else ""
        raise NotAnArchive(
            f"{name} is not laid out as a repository of versions of Open Terms Archive (Service/Document type.md)"
            f"{examples}. Its repositories of snapshots hold pages, not texts: take the one of versions."
        )
    for each in archived.values():
        each.records.sort(key=lambda record: record.place)
    return sorted(
        archived.values(), key=lambda each: (each.id, each.service, each.type)
    )


def continued_by(
    archived: Archived,
    watched: Iterable[DocumentEntry],
    language: str,
    *,
    title: str = "",
    repository: str = "",
) -> DocumentEntry | None:
    """The watched document with this history: the one that names its type; else of the same id; else the service's only
    one of that kind. Of several, the one that follows this `repository`, else the nearest by `title`.
    """
    entries, path = list(watched), f"{archived.service}/{archived.type}.md"
    named = [entry for entry in entries if entry.archive_path == path] or [
        entry for entry in entries if entry.id == archived.id
    ]
    following = [
        entry
        for entry in named
        if _last_part(entry.repository or "") == _last_part(repository)
    ]
    if named or archived.kind == "other":
        return max(
            following or named,
            key=lambda entry: _likeness(entry.title, title),
            default=None,
        )
    same = [
        entry
        for entry in entries
        if entry.service.casefold() == archived.service.casefold()
        and entry.kind == archived.kind
        and entry.language == language
    ]
    if archived.kind == "terms":
        general = archived.type.casefold() == "terms of service"
        same = [entry for entry in same if general and entry.title.casefold() in _TERMS]
    return same[0] if len(same) == 1 else None
