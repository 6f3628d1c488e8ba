"""Whether a place is a sentence of a policy, a row, an entry of a list, an address, or a fragment: a title, a menu."""

from __future__ import annotations

import re
from collections.abc import Mapping

from analysis.change import Passage, Side
from analysis.diff.wording import Wording
from analysis.judging.found import DATA
from analysis.judging.surroundings import BANNER, Surroundings, is_sentence
from analysis.text.dates import dates_in
from analysis.text.looks import looks, may_have, pattern
from analysis.text.times import times_in
from analysis.text.topics import matches

# sections of a policy that list things without a sentence: kinds of data, purposes, recipients, cookies
LISTED = DATA - {"transfer", "user_rights", "security"}
# and leads of lists, that say more than titles: "We train our models on:"
OF_LEADS = frozenset(("ai_training", "automated_decisions"))
_LABELLED = re.compile(r"[^\W\d_][\w ’'-]{2,30}(?:\s?:|\s[–—])\s\S")  # "Purpose: analytics", "Wrenlog – hosting"
_SOURCE = re.compile(r"[^\[\]<>|]{3,100}?\s?[:–-]\s+https?://\S+(?:,?\s+https?://\S+)*")  # of a list of sources
_FIGURE = re.compile(r"\|\s*[\d.,%]+\s*(?=\||$)")
_FIGURES = 2  # cells with nothing but a number: a row of statistics
_SEPARATOR = re.compile(r"\s[—–|·•>/]\s")
_LINKS_IN_A_ROW = 3  # separators between them
_SHORT_LINE = 10  # words
_CLAUSE = 12  # words
_SHORT_TITLE = 14  # words
_PRICE = re.compile(r"[$€£]|\d,\d\d\b")
# of a page's code: pictures and tags, and links, whose words are the text's
_END_OF_LINK = re.compile(r"[^\[]*\]\(\S*\)$")  # all of a block is the end of one: a teaser
_REMAINS = re.compile(r"!\[[^\]]*\]\([^)]*\)|!\[|\]\([^)]*\)?|data:image/\S*|</?(?:div|img|a|span|script)\b[^>]*>?")


def shape_of(
    changed: Wording,
    texts: Mapping[Side, str],
    section: frozenset[str],
    around: Mapping[Side, Surroundings],
    passage: Passage,
    language: str | None,
    named: bool,
    lead: frozenset[str],
) -> str:
    """`lead`: the topics of what an item of a list goes on from."""
    side, text = passage.side, passage.text
    if _is_furniture(passage, text):
        return "fragment"
    if texts["after"] and _is_notice(texts["after"], language):
        return "text"
    row = around[side].is_row(text)
    deep = len(passage.heading) > 1
    labelled = bool(_LABELLED.match(text) or ("://" in text and _SOURCE.fullmatch(text)))
    listed = labelled and _lists(passage, section, text)
    if _is_figures(text) if row else (_is_links(text) and not listed):
        return "fragment"
    sentence = _says(passage, changed, text)
    law = named and not pattern("company").search(text)
    in_list = (deep and named) or listed or bool(lead)
    amid = row or law or (named and sentence) or in_list or not changed.sentences or _amid_prose(texts, around)
    if amid:
        if sentence:
            return "text"
        if row or labelled:
            return "row"
        contact = not deep or pattern("own_contact").search(passage.heading[-1])
        decides = not contact and any(match.tier == "decides" for match in matches(text, language))
        if decides or named or lead or (deep and section & LISTED):
            return "entry"
    address = passage.heading and pattern("address").search(text) and not _PRICE.search(text)
    if address:
        return "address"
    return "row" if deep and _is_kept(text, language, sentence=sentence) else "fragment"


def _is_kept(text: str, language: str | None, *, sentence: bool) -> bool:
    """Whether it says how long something is kept, as the cells of a table do that has lost its lines.

    A sentence without a length of time has to end like one, for help pages list others ("How to delete your data")."""
    decides = {one.topic for one in matches(text, language) if one.tier == "decides"}
    return "retention" in decides and bool(times_in(text) or (sentence and text.endswith((".", ";"))))


def _is_furniture(passage: Passage, text: str) -> bool:
    """Whether its words say that it is of the page and not of the document."""
    return bool(
        _END_OF_LINK.match(text)
        or (_has_remains(text) and not is_sentence(_REMAINS.sub(" ", text)))
        or (len(text) < BANNER and pattern("picker").search(text) and not pattern("parties").search(text))
        or (len(passage.heading) <= 1 and _is_consent_dialog(text))
        or text.startswith("©")
        or pattern("related").match(text)
        or (passage.heading and pattern("related").fullmatch(passage.heading[-1]))
        or _is_teaser(passage, text)
    )


def _has_remains(text: str) -> bool:
    return ("[" in text or "](" in text or "data:" in text or "<" in text) and bool(_REMAINS.search(text))


def _is_figures(row: str) -> bool:
    return len(_FIGURE.findall(row)) >= _FIGURES


def _is_links(text: str) -> bool:
    """Whether it is several links in a row, or names side by side in a short line, as at the foot of a page."""
    separators = len(_SEPARATOR.findall(text)) if len(text) < BANNER else 0
    short = len(text.split()) <= _SHORT_LINE and ":" not in text and text[-1:].isalnum()
    return separators >= _LINKS_IN_A_ROW or (separators > 0 and short)


def _says(passage: Passage, changed: Wording, text: str) -> bool:
    """Whether what changed is a sentence, be it a short one among others ("We reply in 30 days.")."""
    texts = passage.texts
    return not _is_title(text) and (
        any(is_sentence(texts[one.side][one.start : one.end]) for one in changed.sentences)
        or (passage.operation == "reworded" and (is_sentence(text) or _is_in_capitals(text)))
    )


def _is_in_capitals(text: str) -> bool:
    """Whether it is a clause in capitals, as those on liability are; what came or went so may be a banner."""
    return text.isupper() and len(text.split()) >= _CLAUSE and is_sentence(text.lower())


def _lists(passage: Passage, section: frozenset[str], text: str) -> bool:
    """Whether its section lists things: kinds of data, what a company does, addresses of other services."""
    of_company = bool(passage.heading) and bool(pattern("company").search(passage.heading[-1]))
    return bool(passage.heading) and (bool(section & LISTED) or of_company or "://" in text)


def names(passage: Passage, section: frozenset[str]) -> bool:
    """Whether a passage names a law in a section about rights, or a company: what lists of a policy are made of."""
    text = passage.text
    if not passage.heading or len(text) > BANNER or "©" in text:
        return False
    if "user_rights" in section and pattern("law").search(text):
        return True
    return bool(pattern("company").search(text)) and not pattern("own_contact").search(passage.heading[-1])


def _is_teaser(passage: Passage, text: str) -> bool:
    """Whether it asks a question of nobody, outside of any section, or ends with how old it is: "(5 hours ago)"."""
    short = len(text) < BANNER and may_have("ago", text.casefold())
    if short and any(_ends(text, found.end()) for found in pattern("ago").finditer(text)):
        return True
    alone = passage.operation in ("added", "removed") and len(passage.heading) <= 1
    return alone and text.rstrip().endswith("?") and not pattern("parties").search(text)


def _ends(text: str, at: int) -> bool:
    return text[at:] in ("", ")", "]")


def _is_title(text: str) -> bool:
    """Whether a short line without an end names something, as titles do: no verb that sentences share, no party."""
    plain = text.strip()
    found = plain.split()
    return (
        len(found) <= _SHORT_TITLE
        and plain[-1:].isalnum()
        and plain[:1].isupper()
        and not pattern("parties").search(plain)
        and not any(word.casefold() in looks().words.verbs for word in found)
    )


def _is_notice(text: str, language: str | None) -> bool:
    """Whether it announces a change of the policy for a day, wherever on the page it stands."""
    if "20" not in text or not dates_in(text, "dmy"):
        return False
    there = {(one.topic, one.tier) for one in matches(text, language)}
    return ("notice", "words") in there and bool(pattern("subject").search(text))


def _amid_prose(texts: Mapping[Side, str], around: Mapping[Side, Surroundings]) -> bool:
    """On either side: what is left of a shortened sentence is no menu's entry."""
    return any(around[side].amid_prose(text) for side, text in texts.items() if text)


def _is_consent_dialog(text: str) -> bool:
    return "cookie" in text.casefold() and len(text) < 2 * BANNER and bool(pattern("consent").search(text))
