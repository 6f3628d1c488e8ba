"""A passage that a person called not of the document: its words and its place are remembered, and left out of every
later text (docs/decisions/0061).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from analysis.page_json import page_from_json
from messages import counted
from storage.changes import Change, StoredPassage, change, passages
from storage.deliveries import cancel
from storage.documents import Document, document
from storage.errors import Unknown
from storage.journal import Action, Actor, enter
from storage.versions import Version


def ignore(
    session: Session,
    change_id: int,
    positions: Collection[int],
    *,
    actor: Actor,
    at: datetime,
) -> Document:
    """These passages of a change, in both texts where they were reworded or moved. What was sent stays; if nothing
    else of the change is left, what was not sent is cancelled. Raises `Unknown`.
    """
    row, all_of_it = change(session, change_id), passages(session, change_id)
    chosen = [each for each in all_of_it if each.position in positions]
    if len(chosen) < len({*positions}):
        raise Unknown(
            f"change {change_id} has {counted(len(all_of_it), 'passage')}; "
            f"`policywatch ignore {change_id}` lists them"
        )
    source = document(session, row.document_id)
    new = [each for each in chosen if ignored_by(source, each) is None]
    if found := [[*each] for each in _places(session, row, new)]:
        click = {"by": actor.name, "via": actor.via, "at": at.isoformat()}
        source.ignored = [*(source.ignored or ()), click | {"passages": found}]
        after = {"change": change_id, "passages": found}
        enter(session, actor, Action.IGNORE, source.id, at=at, after=after)
    if all(ignored_by(source, each) for each in all_of_it):
        cancel(session, change_id, at)
        row.waits = 0
    return source


def unignore(
    session: Session, document_id: str, when: str, *, actor: Actor, at: datetime
) -> None:
    """Take back what was ignored at that moment; nothing, if somebody else was faster. Raises `UnknownDocument`."""
    source = document(session, document_id)
    for click in source.ignored or ():
        if click["at"] == when:
            rest = [each for each in source.ignored or () if each is not click]
            source.ignored = rest or None
            before = {"passages": click["passages"]}
            enter(session, actor, Action.UNIGNORE, source.id, at=at, before=before)
            return


def ignored_by(source: Document, passage: StoredPassage) -> dict[str, Any] | None:
    """The click, if all the passage's words are ignored below its title."""
    wanted = {*_texts(passage)}
    for click in source.ignored or ():
        texts = {
            text
            for heading, text in click["passages"]
            if not heading or heading in passage.heading
        }
        if wanted <= texts:
            return click
    return None


def _texts(passage: StoredPassage) -> Iterator[str]:
    """Of several blocks, where paragraphs were split or joined."""
    for side in (passage.after, passage.before):
        if side:
            yield from side.split("\n")


def _places(
    session: Session, row: Change, chosen: Sequence[StoredPassage]
) -> Collection[tuple[str, str]]:
    """The title above each block, and its text."""
    places: dict[tuple[str, str], None] = {}
    for version_id in (row.version_id, row.before_id):
        page = page_from_json(session.get_one(Version, version_id).page)
        for passage, text in ((each, text) for each in chosen for text in _texts(each)):
            blocks = [block for block in page.blocks if block.text == text]
            if blocks:
                at = tuple(passage.heading)
                block = max(
                    blocks, key=lambda block: at[: len(block.heading)] == block.heading
                )
                places[block.heading[-1] if block.heading else "", text] = None
    return places
