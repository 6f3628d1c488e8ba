"""Parts of a page that are the document once more in another language."""

from __future__ import annotations

from analysis.extract.html_lines import Line
from analysis.extract.html_tree import Element
from analysis.text.language import is_mixed, language_of, two_letters

_PART = 0.08  # of the page's sentences; a smaller part is a quotation or a note to some readers


def leave_out_other_languages(elements: list[Element], lines: list[Line], language: str | None) -> None:
    """Where one part of the page is in `language`, leave out its siblings that are not. The elements are measured."""
    wanted = two_letters(language)
    left = [line for line in lines if line.reason is None]
    if wanted is None or not is_mixed(" ".join(line.text for line in left)):
        return
    parent = elements[0]
    while True:
        parts = [
            child for child in parent.children if isinstance(child, Element) and child.prose > _PART * parent.prose
        ]
        if len(parts) != 1:
            break
        parent = parts[0]
    texts: dict[Element, list[str]] = {part: [] for part in parts}
    holders: dict[Element, Element] = {}
    for element in elements[parent.order + 1 :]:
        if element in texts:
            holders[element] = element
        elif element.parent in holders:
            holders[element] = holders[element.parent]
    for line in left:
        if line.element in holders:
            texts[holders[line.element]].append(line.text)
    languages = {part: language_of(" ".join(lines)) for part, lines in texts.items() if lines}
    if wanted not in languages.values():
        return
    for line in left:
        holder = holders.get(line.element)
        if holder is not None and languages.get(holder) not in (wanted, None):
            line.reason = "another language"
