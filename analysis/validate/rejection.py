"""Why an extracted text is not accepted as the document's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from analysis.model import Block, Page
from analysis.text.language import two_letters
from analysis.text.normal import normalize
from analysis.text.phrases import kinds_of, pattern
from analysis.text.words import bare_words
from analysis.validate.truncated import truncation_reason
from messages import Message

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"[.!?;:。！？；：]['\"’”»)\]]*$")
_LONG = 400  # words; a longer text is no error page, login or interstitial, unless its title says so
_SHORT = 60  # words; one phrase rejects a shorter page
_ENOUGH = 60  # words
_FRAGMENT = 200  # words
_LEFT = 0.4  # of the words; less was lost
_KEPT = 0.6  # of both; then the earlier text was the document
_MERE_LOSS = 0.8  # of the rest found in the longer text
# of the shorter text's trigrams: shared by one service's documents
_ALIKE = 0.15
_LITTLE = 1 / 3
_NOTHING = 0.05

_REWRITTEN_KINDS = (
    "notice",
    "help",
    "preview",
)  # to any length
# most certain first
_KINDS = ("challenge", "redirect", "gone", "error", "login", "shell")


def change_rejection(
    before: Page,
    after: Page,
    *,
    language: str | None = None,
    title: str | None = None,
    kind: str | None = None,
) -> Message | None:
    """None if both texts are the document's. `kind` is the watchlist's.

    The earlier one may be an error page, stored first.
    """
    if reason := truncation_reason(
        before, after, may_shrink=kind in _REWRITTEN_KINDS
    ):
        return reason
    if _unchanged_share(before, after) >= _KEPT:
        return None  # any other fault would leave less in common
    if reason := page_rejection(
        after, before=before, language=language, title=title, kind=kind
    ):
        return reason
    reason = page_rejection(
        before, before=after, language=language, title=title, kind=kind
    )
    if reason is None or _grown(before, after):
        return None
    if reason.code == "rejection.other_page":
        return _other_page(after, before)
    if reason.code != "rejection.most_gone":
        return Message("rejection.earlier", reason=reason)
    if _is_in_place(after, before, title, kind) and (
        kind in _REWRITTEN_KINDS or _overlap(after, before) < _MERE_LOSS
    ):
        return None
    words, words_before = _size(after), _size(before)
    return Message(
        "rejection.grown",
        times=round(words / words_before),
        words=words,
        before=words_before,
    )


def _grown(before: Page, after: Page) -> bool:
    """A text of some length within a longer one."""
    return (
        _SHORT <= _size(before) < _size(after) and _overlap(before, after) >= _KEPT
    )


def _unchanged_share(before: Page, after: Page) -> float:
    """Of the larger text."""
    texts = [{block.text for block in page.blocks} for page in (before, after)]
    common = sum(map(len, texts[0] & texts[1]))
    return common / max(1, *(sum(map(len, side)) for side in texts))


def page_rejection(
    page: Page,
    *,
    before: Page | None = None,
    language: str | None = None,
    title: str | None = None,
    kind: str | None = None,
) -> Message | None:
    """Why `page` is no later text of `before`; None if it is.

    Without `before`, only the page's own evidence counts.
    """
    size = _size(page)
    if before is not None and _same_words(page, before):
        return None
    return (
        (
            _broken(page, size)
            if before is None or not _broken(before, _size(before))
            else None
        )
        or _other_language(page, before, size, language)
        or _no_sentences(page)
        or (
            _gone_or_other(page, before, size, title, kind)
            if before is not None
            else None
        )
    )


@lru_cache(maxsize=4)
def _size(page: Page) -> int:
    return sum(
        len(bare_words(block.text))
        if block.text.isascii()
        else _wide_size(block.text)
        for block in page.blocks
    )


def _wide_size(text: str) -> int:
    """In words; two characters of scripts without spaces count as one."""
    wide = len(re.findall("[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0e7f]", text))
    return len(bare_words(text)) + wide // 2


def _same_words(page: Page, before: Page) -> bool:
    pairs = zip(page.blocks, before.blocks, strict=False)
    return len(page.blocks) == len(before.blocks) and all(
        normalize(mine.text) == normalize(other.text) for mine, other in pairs
    )


def _broken(page: Page, size: int) -> Message | None:
    """By the title, or a short page that says little else."""
    head = [
        page.title,
        *(block.text for block in page.blocks[:2] if block.kind == "heading"),
    ]
    kinds = [
        kind for kind in _KINDS if kind != "login" or size < 2 * _SHORT
    ]  # help pages explain signing in
    for kind in kinds:
        for text in head:
            if (
                len(text) < 120
                and size < 4 * _LONG
                and pattern("broken", kind, whole=True).fullmatch(text)
            ):
                return Message(
                    "rejection.titled", what=Message.term("page", kind), text=text
                )
    if size >= _LONG:
        return None
    matches: list[tuple[float, Message, str]] = []
    for kind in kinds:
        for text in [*head, *(block.text for block in page.blocks)]:
            if match := pattern("broken", kind).search(text):
                matches.append(
                    (
                        len(match.group()) / len(text),
                        Message.term("page", kind),
                        match.group(),
                    )
                )
                break
    # help pages contain "try again later", but not as a title
    if matches and (
        size < _SHORT
        or (len(matches) >= 2 and size < 2 * _SHORT)
        or max(matches)[0] > 0.5
    ):
        _, what, phrase = matches[0] if size < _SHORT else max(matches)
        return Message("rejection.saying", what=what, phrase=phrase)
    return None


def _other_language(
    page: Page, before: Page | None, size: int, language: str | None
) -> Message | None:
    """A document may keep its first text's language. A first text may differ if page and watchlist agree on the label:
    then the label is wrong.
    """
    declared = two_letters(language)
    known = (
        before.language
        if before is not None
        else page.language
        if page.labelled == declared
        else None
    )
    expected = {code for code in (declared, known) if code is not None}
    if (
        not expected
        or page.language is None
        or page.language in expected
        or size < _ENOUGH
    ):
        return None
    return Message(
        "rejection.language", found=page.language, expected=declared or known or ""
    )


def _no_sentences(page: Page) -> Message | None:
    if any(block.kind != "heading" and _reads(block) for block in page.blocks):
        return None
    return Message("rejection.no_sentences")


def _reads(block: Block) -> bool:
    count = _wide_size(block.text)
    linked = sum(len(link.text) for link in block.links)
    if block.kind == "row":
        return count >= 4
    return linked < 0.7 * len(block.text) and (
        count >= 10 or (count >= 5 and _SENTENCE_END.search(block.text) is not None)
    )


def _gone_or_other(
    page: Page, before: Page, size: int, title: str | None, kind: str | None
) -> Message | None:
    size_before = _size(before)
    if size_before < 30 or (size_before < _FRAGMENT and size > 4 * size_before):
        return None  # the former text was a fragment
    if _is_another(page, before, title):
        return _other_page(page, before)
    if size < _LEFT * size_before and not (
        _is_rewritten(page, before, title, kind) or _split_off(page, before, title)
    ):
        return Message("rejection.most_gone", words=size, before=size_before)
    if size > 1.6 * size_before and _doubled(page) > _doubled(before) + 0.3:
        return Message("rejection.twice", words=size, before=size_before)
    return None


def _other_page(page: Page, before: Page) -> Message:
    return Message(
        "rejection.other_page", title=page.title[:80], before=before.title[:80]
    )


def are_different_documents(
    before: Page, after: Page, *, title: str | None = None
) -> bool:
    """Incomparable: one document replaced another."""
    return _is_another(after, before, title) or _is_another(before, after, title)


def _is_another(page: Page, before: Page, title: str | None) -> bool:
    """Another title, and hardly a common sentence. Documents may be renamed and rewritten at once, so two of one kind
    must refer to each other by title; a small overlap then suffices.
    """
    if any(
        _share_words(page.title, other)
        for other in (before.title, title)
        if other is not None
    ):
        return False
    if not _same_title(page, before, title):
        return _overlap(page, before) < _ALIKE
    return (_names(page, before) or _names(before, page)) and _overlap(
        page, before
    ) < _LITTLE


def _names(page: Page, other: Page) -> bool:
    """As written, of several words and not part of its own."""
    if (
        len(_WORD.findall(other.title)) < 2
        or other.title.lower() in page.title.lower()
    ):
        return False
    name = re.compile(rf"(?<!\w){re.escape(other.title)}(?!\w)")
    return any(name.search(block.text) for block in page.blocks)


def _is_in_place(
    page: Page, before: Page, title: str | None, kind: str | None
) -> bool:
    """Where a full rewrite is possible."""
    same_container = (
        None in (page.container, before.container)
        or page.container == before.container
    )
    return kind in _REWRITTEN_KINDS or (
        same_container and _same_title(page, before, title)
    )


def _is_rewritten(
    page: Page, before: Page, title: str | None, kind: str | None
) -> bool:
    """A much shorter text was rewritten, not cut; below a tenth of the words it may be anything."""
    if _size(page) < max(_SHORT // 2, 0.1 * _size(before)) or not _is_in_place(
        page, before, title, kind
    ):
        return False
    return kind in _REWRITTEN_KINDS or _overlap(page, before) < _MERE_LOSS


def _split_off(page: Page, before: Page, title: str | None) -> bool:
    """One of several documents of the former page now has its own page.

    It stood there in one piece under its own title, not first (that may be truncation), and is the watched one as far
    as the watchlist names it.
    """
    if title and not _alike(page.title, title):
        return False
    places: dict[str, int] = {}
    for index, block in enumerate(before.blocks):
        places.setdefault(normalize(block.text), index)
    texts = [normalize(block.text) for block in page.blocks if len(block.text) > 40]
    indexes = sorted(places[text] for text in texts if text in places)
    if len(indexes) < max(3, 0.4 * len(texts)):
        return False
    middle = indexes[len(indexes) // 10 : len(indexes) - len(indexes) // 10]
    if middle[0] <= 0.1 * len(before.blocks) or middle[-1] - middle[0] >= 2 * len(
        page.blocks
    ):
        return False
    own = normalize(page.title)
    return any(
        normalize(block.text) == own
        for block in before.blocks[max(0, indexes[0] - 8) : middle[0] + 1]
    )


class HasText(Protocol):
    """A block or a line."""

    @property
    def text(self) -> str: ...


def word_trigrams(blocks: Iterable[HasText]) -> Counter[tuple[str, str, str]]:
    """Characters, in scripts without spaces."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for text in (block.text.lower() for block in blocks):
        tokens = _WORD.findall(text)
        if len(tokens) * 8 < len(text) and not text.isascii():
            tokens = [character for character in text if character.isalnum()]
        counts.update(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return counts


def _overlap(page: Page, other: Page) -> float:
    """Of the shorter text's trigrams."""
    own, others = word_trigrams(page.blocks), word_trigrams(other.blocks)
    return (own & others).total() / max(1, min(own.total(), others.total()))


def is_unlike(before: Page, after: Page) -> bool:
    """A complete rewrite, or an unknown kind of wrong page."""
    return (
        min(_size(before), _size(after)) >= _FRAGMENT
        and _overlap(before, after) < _NOTHING
    )


def bears_title(page: Page, title: str) -> bool:
    return _alike(page.title, title)


def _same_title(page: Page, before: Page, title: str | None) -> bool:
    """The page calls itself the document, or one of its kind."""
    return _alike(page.title, before.title) or (
        title is not None and _alike(page.title, title)
    )


def _alike(title: str, other: str) -> bool:
    """Shared words, or one kind of document."""
    kinds, others = kinds_of(title), kinds_of(other)
    named = kinds & others
    return _share_words(title, other) or bool(
        named - {"any"} or (named and not (kinds | others) - {"any"})
    )


def _share_words(title: str, other: str) -> bool:
    words, others = (
        set(_WORD.findall(title.lower())),
        set(_WORD.findall(other.lower())),
    )
    return bool(others) and len(words & others) >= 0.6 * max(
        len(words), len(others)
    )


def _doubled(page: Page) -> float:
    """The share of longer blocks that repeat earlier ones."""
    texts = [
        normalize(block.text) for block in page.blocks if len(block.text) >= 60
    ]
    whole = sum(map(len, texts))
    return (whole - sum(map(len, set(texts)))) / whole if whole else 0.0
