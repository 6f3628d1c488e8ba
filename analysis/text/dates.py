"""The dates that a text names, and from when a change holds.

A regex with the month names of the languages at hand does all: a general date parser takes words such as "may" for
dates, and is slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from analysis.text.alternatives import first_letters, one_of

Order = Literal["dmy", "mdy"]

ORDERS: tuple[Order, ...] = ("dmy", "mdy")

_MONTHS: dict[str, tuple[str, ...]] = {
    "en": (
        "january|jan",
        "february|feb",
        "march|mar",
        "april|apr",
        "may",
        "june|jun",
        "july|jul",
        "august|aug",
        "september|sept|sep",
        "october|oct",
        "november|nov",
        "december|dec",
    ),
    "fr": (
        "janvier|janv",
        "février|fevrier|févr|fév",
        "mars",
        "avril|avr",
        "mai",
        "juin",
        "juillet|juil",
        "août|aout",
        "septembre",
        "octobre",
        "novembre",
        "décembre|decembre|déc",
    ),
    "de": (
        "januar|jänner",
        "februar",
        "märz|maerz",
        "april",
        "mai",
        "juni",
        "juli",
        "august",
        "september",
        "oktober",
        "november",
        "dezember",
    ),
    "es": (
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre|setiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
}
_NUMBER_OF = {
    name: number for months in _MONTHS.values() for number, names in enumerate(months, 1) for name in names.split("|")
}
_MONTH = one_of(_NUMBER_OF)
_DATE = re.compile(
    rf"""(?<![\w.])(?=[\d\[{first_letters(_NUMBER_OF)}])(?:
      (?P<iso_y>20\d\d)[-/.](?P<iso_m>\d{{1,2}})[-/.](?P<iso_d>\d{{1,2}})(?![\d/.-]*\d)
    | (?P<a>\d{{1,2}})\s?(?P<sign>[-/.])\s?(?P<b>\d{{1,2}})\s?(?P=sign)\s?(?P<num_y>20\d\d|(?<=\d/)\d\d(?!/))(?!\d|\.\d)
    | \[?(?P<d1>\d{{1,2}})\]?(?:st|nd|rd|th|er|º|\.)?[\s-]*(?:of\s+|de\s+|day\s+of\s+)?(?P<m1>{_MONTH})\b\.?,?[\s-]*(?:of\s+|de\s+|del\s+)?(?P<y1>20\d\d)(?!\d)
    | (?P<m2>{_MONTH})\b\.?\s*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(?P<y2>20\d\d)(?!\d)
    | (?P<m3>{_MONTH})\b\.?,?\s*(?:of\s+|de\s+|del\s+)?(?P<y3>20\d\d)(?!\d)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_YEAR = re.compile(r"20\d\d|\d/\d{1,2}/\d\d(?!\d)")
_IN_NUMBERS = re.compile(r"\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?20\d\d|\d{1,2}/\d{1,2}/\d\d(?!\d)")

# of English, after Unicode's CLDR; in Canada both are written
_MONTH_FIRST = ("US", "AS", "GU", "MH", "MP", "PH", "PR", "UM", "VI")
_BOTH_WAYS = ("CA",)
_NAMES = "|".join(name for names in _MONTHS["en"] for name in names.title().split("|"))
_DAY_MONTH = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:{_NAMES})\b")
_MONTH_DAY = re.compile(rf"\b(?:{_NAMES})\.? \d{{1,2}}\b")
# what is spelled, paid and ruled otherwise on the two sides of the Atlantic
_STEMS = "organi|authori|recogni|personali|customi|minimi|anonymi|utili|categori|summari|optimi"
_BRITISH = re.compile(
    rf"\b(?:{_STEMS})s(?:e|ed|es|ing|ation)\w*|"
    r"\b(?:analys(?:ed|ing)|behaviours?|colours?|honour\w*|licences?|centres?|cheques?)\b|£\s?\d|"
    r"\b(?:UK GDPR|England and Wales|Information Commissioner)\b",
    re.IGNORECASE,
)
_AMERICAN = re.compile(
    rf"\b(?:{_STEMS})z(?:e|ed|es|ing|ation)\w*|"
    r"\b(?:analyz(?:ed|ing)|behaviors?|colors?|honor(?:s|ed|ing)?|centers?|zip codes?|social security numbers?)\b|"
    r"\b(?:CCPA|CPRA|COPPA|HIPAA|Federal Trade Commission|laws of the State of)\b",
    re.IGNORECASE,
)

# The strongest first: from when a text holds, then when it was changed
_IN_FORCE = re.compile(
    r"\b(effective|in force|into force|in effect|into effect|takes? effect|come into|valid from|applies from|starting|"
    r"as (?:of|from)|beginning|on and after|we(?: are|['’]re| will be)? (?:updat|chang|introduc)\w*|will (?:change|be updated|apply)|"
    r"(?:is|are) (?:chang|updat)ing on|"
    r"(?:chang|évolu)e(?:nt|ra|ront)? le|en vigueur|prise? d['’]effet|prend(?:ra)? effet|effectif|effective|applicables?|à compter du|à partir du|"
    r"gültig ab|in kraft|wirksam|gilt ab|ab dem|"
    r"en vigor|vigente|entra(?:rá|n)? en|a partir del?|efectiv[ao])\b",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"\b(from|since|starting|dès le|depuis le|ab|ab dem|desde el?)\s*$", re.IGNORECASE
)  # right before a date
# what has been so for long is said of others, too: "since" tells of a text only where a text is spoken of
_SINCE = re.compile(r"\b(?:since|depuis le|seit(?: dem)?|desde el?)\s*$", re.IGNORECASE)
_OF_TEXT = re.compile(
    r"\b(?:policy|policies|notice|terms|statement|agreement|version|document|page|updates?|chang\w+|force|effect\w*|"
    r"politique|charte|conditions|déclaration|modifi\w+|vigueur|richtlinie|erklärung|fassung|kraft|política|aviso|vigor)\b|"
    r"^\W*\w+(?: (?:le|dem|el))?\W*$",
    re.IGNORECASE,
)
# the subject of the clause is a law: "the GDPR, which applies from ..."
_OF_LAW = re.compile(
    r"\b(?:[A-Z][\w-]+ (?:Act|Regulation|Directive|Law)|(?:Act|Regulation|Directive) \(?(?:EU|UE|EC)\b|GDPR|RGPD|DSGVO|CCPA|CPRA|LGPD|DSA|"
    r"(?:[Ll]oi|[Rr]èglement|[Dd]irective|[Oo]rdonnance) (?:n° ?\d+|\(?UE|sur|relative|informatique)|[A-ZÄÖÜ]\w+gesetz|Ley|Reglamento)\b"
)
# "30 days after 1 December": another day
_FROM_ANOTHER = re.compile(
    r"\b(?:days?|weeks?|months?|years?|jours?|semaines?|mois|ans?|tage?n?|wochen|monate?n?|días?|meses)\s+"
    r"(?:after|following|from|before|prior to|après(?: le)?|avant(?: le)?|à compter du|nach(?: dem)?|vor(?: dem)?|después del?|antes del?)\s*$",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b((?:last|date|recent\w*|policy|version)[\s-]*(?:of\s+)?(?:last\s+)?(?:up-?dated?|modified|modification|revised|reviewed|revision|changed?|amended|edited)|"
    r"up-?dated?|revised|modified|amended|posted|published|version|dated|"
    r"mise?s? à jour|modifi\w+|version|révis\w+|date|publi\w+|"
    r"stand|zuletzt|aktualisiert|geändert|fassung|"
    r"actualiza\w+|modificad\w+|revisad\w+|versión|fecha)\b",
    re.IGNORECASE,
)
_FORMER = re.compile(
    r"\b(previous|prior|earlier|archived?|superseded|until|expires?|pr[ée]c[ée]dente?s?|ant[ée]rieure?s?|archiv\w+|jusqu|frühere|bis|anterior\w*|hasta)\b",
    re.IGNORECASE,
)


_NOTICE = re.compile(
    r"\b(updat\w+|chang\w+|new (?:terms|version)|mettons à jour|mise? à jour|modifi\w+|aktualisier\w+|änder\w+|actualiz\w+|cambi\w+)\b",
    re.IGNORECASE,
)
_EFFECTIVE_AFTER = re.compile(r"\s*\((?:current|effective|en vigueur|in kraft)\b", re.IGNORECASE)
# "On 3 November 2025 we will update ...": the verb comes after the date, within the same clause
_ANNOUNCED_AFTER = re.compile(
    r",?\s+[^.;!?]{0,50}?\b(?:updat\w+|chang(?:e|es|ing)|revis(?:e|ing)|amend\w*|introduc\w+|replac\w+|"
    r"takes? effect|comes? into|appl(?:y|ies)|mettrons|mettons|modifi(?:ons|erons)|chang(?:eons|erons|eront|ent)|"
    r"entre(?:nt|ra|ront)? en|s['’]applique\w*|aktualisier\w+|änder\w+|actualiza\w+|cambia\w+)\b",
    re.IGNORECASE,
)
_ON = re.compile(r"\b(on|le|am|el)\s*$", re.IGNORECASE)
# "from 3 to 10 March": a number or a month before it, and not that of a version
_RANGE_BEFORE = re.compile(
    rf"(?<!version )(?<!version n°)(?:\b\d{{1,4}}|\b(?:{_MONTH})\b\.?)\s*(?:[-–—]|\b(?:to|through|au|bis|al?)\b)\s*$",
    re.IGNORECASE,
)
_RANGE_AFTER = re.compile(r"\s*(?:[-–—]|to|through|au|bis)\s+(?:\d{1,2}\b|\w+ \d)", re.IGNORECASE)
_STAMP = 14  # words; a line up to this length that has a date is there for the date
_BARE = 3  # words beside the date
_SAID_TO_HOLD = (0, 2, 4)  # the ranks of dates with "effective", "from" or the like; others are just the document's
_EDITED = 1  # the rank of "Last updated" and a date


class Named(NamedTuple):
    """A date that a text names; `day` is None where it names a month only, or one of `either` and nobody knows which."""

    day: date | None
    start: int
    end: int
    either: tuple[date, ...] = ()


@lru_cache(maxsize=1024)
def dates_in(text: str, order: Order | None = None) -> tuple[Named, ...]:
    """Every date of a text. `order` reads 11/3/2025, which stays without a day if it is None."""
    if not _may_have_date(text) or not _YEAR.search(text):
        return ()
    return tuple(_named(found, order) for found in _DATE.finditer(text))


def _named(found: re.Match[str], order: Order | None) -> Named:
    start, end = found.span()
    if not found["num_y"]:
        return Named(_day(found), start, end)
    year, first, second = found["num_y"], found["a"], found["b"]
    dmy, mdy = _valid(year, second, first), _valid(year, first, second)
    if dmy is None or mdy is None or dmy == mdy:
        return Named(dmy or mdy, start, end)
    if order is None:
        return Named(None, start, end, (dmy, mdy))
    return Named(dmy if order == "dmy" else mdy, start, end)


def _day(found: re.Match[str]) -> date | None:
    part = found.groupdict()
    if part["iso_y"]:
        return _valid(part["iso_y"], part["iso_m"], part["iso_d"])
    if part["d1"]:
        return _valid(part["y1"], _NUMBER_OF[part["m1"].lower()], part["d1"])
    if part["m2"]:
        return _valid(part["y2"], _NUMBER_OF[part["m2"].lower()], part["d2"])
    return None  # a month only


def _valid(year: str, month: str | int, day: str) -> date | None:
    try:
        return date(int(f"20{year[-2:]}"), int(month), int(day))
    except ValueError:
        return None


def named_in_numbers(text: str) -> bool:
    """Whether a text has a date such as 11/3/2025."""
    return _may_have_date(text) and bool(_IN_NUMBERS.search(text))


def _may_have_date(text: str) -> bool:
    return "20" in text or "/" in text


def order_of(texts: Iterable[str], language: str | None, region: str | None = None) -> Order | None:
    """How a page writes days and months, by the dates that can be read one way only, else by its language.

    English is written both ways: what tells is how the page writes dates in words, then the `region` that it is
    labelled for, spelling, money and law. Where nothing does, nobody knows which day is meant.
    """
    text = " ".join(texts)
    for found in _DATE.finditer(text):
        if found["num_y"] and _valid(found["num_y"], found["a"], found["b"]) is None:
            return "dmy"
        if found["num_y"] and _valid(found["num_y"], found["b"], found["a"]) is None:
            return "mdy"
    if language not in (None, "en"):
        return "dmy"
    labelled: Order | None = None if region in (None, *_BOTH_WAYS) else "mdy" if region in _MONTH_FIRST else "dmy"
    if by_words := _more_of(_DAY_MONTH, _MONTH_DAY, text):
        return by_words
    # "en-US" is what templates say where nobody chose a region, so the words of the text go before it
    return labelled if labelled == "dmy" else _more_of(_BRITISH, _AMERICAN, text) or labelled


def _more_of(british: re.Pattern[str], american: re.Pattern[str], text: str) -> Order | None:
    here, there = (sum(1 for _ in each.finditer(text)) for each in (british, american))
    return None if here == there else "dmy" if here > there else "mdy"


class Start(NamedTuple):
    """From when a change holds; `dated`: by nothing but the date that the document bears."""

    day: date
    dated: bool


def start_of(added: Sequence[tuple[str, Sequence[Named]]]) -> Start | None:
    """From when a change holds, by the dates that it adds.

    `added` gives, for each place in the order of the page, its text and the dates in it that the change added. A line
    that is a stamp ("Effective 3 November 2025") goes before a notice, that before a date that stands alone, and that
    before one inside the text; in force goes before changed, but for a stamp ("Last updated 3 November 2025"), before
    which only goes what is said to hold from a later day. Of equals the first counts.
    """
    ranked = [(rank, place, named.day) for rank, place, named in _ranked(added) if named.day is not None]
    if not ranked:
        return None
    rank, _, day = min(ranked)
    if rank == _EDITED:  # what is said to hold from a later day is no news of the day that the page was edited
        rank, _, day = min([one for one in ranked if one[0] in _SAID_TO_HOLD and one[2] > day], default=(rank, 0, day))
    return Start(day, rank not in _SAID_TO_HOLD)


def unclear_in(added: Sequence[tuple[str, Sequence[Named]]]) -> tuple[str, Named] | None:
    """The date from which the change may hold, as it is written, where it can be read in two ways and none says it
    more surely."""
    ranked = [each for each in _ranked(added) if each[2].day or each[2].either]
    if not ranked:
        return None
    _, place, named = min(ranked, key=lambda each: each[:2])
    return None if named.day else (added[place][0][named.start : named.end], named)


def _ranked(added: Sequence[tuple[str, Sequence[Named]]]) -> Iterator[tuple[int, int, Named]]:
    """The dates that say from when a text holds, each with how surely, and the number of its place."""
    for place, (text, new) in enumerate(added):
        end_of_last = 0
        for named in new:
            rank = _rank(text, named, end_of_last)
            end_of_last = named.end
            if rank is not None:
                yield rank, place, named


def _rank(text: str, named: Named, end_of_last: int) -> int | None:
    """How surely a date says from when the text holds, 0 the surest; None where it says something else."""
    before, after = text[max(end_of_last, named.start - 110) : named.start], text[named.end : named.end + 90]
    before = re.split(r"[.;!?](?=\s)|\n|(?<=\))\s(?=[A-Z])", before)[-1]
    if (
        _FORMER.search(before[-40:])
        or (_SINCE.search(before) and not _OF_TEXT.search(before))
        or (_OF_LAW.search(before) and not _OF_TEXT.search(before))
        or _FROM_ANOTHER.search(before)
        or _RANGE_BEFORE.search(text, max(0, named.start - 20), named.start)
        or _RANGE_AFTER.match(after)
    ):
        return None
    line = text[text.rfind("\n", 0, named.start) + 1 :].split("\n")[0]
    stamp = len(line.split()) <= _STAMP
    if _FROM.search(before) or _IN_FORCE.search(before) or _EFFECTIVE_AFTER.match(after):
        return 0 if stamp else 2 if _NOTICE.search(line) else 4
    if _ON.search(before) and _ANNOUNCED_AFTER.match(after):
        return 2
    if _CHANGED.search(before):
        return _EDITED if stamp else 5
    if stamp and len(line.split()) - len(text[named.start : named.end].split()) <= _BARE:
        return 3
    return 6 if stamp or re.match(r"\s*:", after) else None
