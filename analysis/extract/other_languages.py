"""Parts of a page that repeat the document in another language."""

from __future__ import annotations

from analysis.extract.html_lines import MarkupLine
from analysis.extract.html_tree import Element
from analysis.text.language import is_mixed, language_of, two_letters

_LEAST = 0.08  # of the page's sentences


def leave_out_other_languages(
    elements: list[Element], lines: list[MarkupLine], language: str | None
) -> None:
    """If one part is in `language`, its siblings in several others: of two, either may say what the other does not.
    Elements must be measured.
    """
    wanted = two_letters(language)
    left = [line for line in lines if line.reason is None]
    if wanted is None or not is_mixed(" ".join(line.text for line in left)):
        return
    parent = elements[0]
    while True:
        parts = [
            child
            for child in parent.children
            if isinstance(child, Element) and child.prose > _LEAST * parent.prose
        ]
        if len(parts) != 1:
            break
        parent = parts[0]
    by_part = [
        [line for line in left if line.element.is_within(part)] for part in parts
    ]
    languages = [
        language_of(" ".join(line.text for line in inside)) for inside in by_part
    ]
    others = {*languages} - {wanted, None}
    for language, inside in zip(languages, by_part, strict=True):
        for line in (
            inside
            if wanted in languages and len(others) > 1 and language in others
            else ()
        ):
            line.reason = "another language"
