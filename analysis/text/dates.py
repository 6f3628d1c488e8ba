"""Dates in a text, and from when a change holds.

General date parsers are slow, and take words such as "may" for dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from analysis.text.word_lists import any_of, word_lists

Order = Literal["dmy", "mdy"]

ORDERS: tuple[Order, ...] = ("dmy", "mdy")

_MONTHS = {
    "en": "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sept|sep october|oct "
    "november|nov december|dec",
    "fr": "janvier|janv février|fevrier|févr|fév mars avril|avr mai juin juillet|juil août|aout septembre octobre "
    "novembre décembre|decembre|déc",
    "de": "januar|jänner februar märz|maerz april mai juni juli august september oktober november dezember",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre noviembre diciembre",
}
MONTH_NUMBERS = {
    name: number
    for months in _MONTHS.values()
    for number, names in enumerate(months.split(), 1)
    for name in names.split("|")
}
_MONTH = any_of(MONTH_NUMBERS)
_DATE = re.compile(
    rf"""(?<![\w.])(?:
      (?P<iso_y>20\d\d)[-/.](?P<iso_m>\d{{1,2}})[-/.](?P<iso_d>\d{{1,2}})(?![\d/.-]*\d)
    | (?P<a>\d{{1,2}})\s?(?P<sign>[-/.])\s?(?P<b>\d{{1,2}})\s?(?P=sign)\s?(?P<num_y>20\d\d|(?<=\d/)\d\d(?!/))(?!\d|\.\d)
    | \[?(?P<d1>\d{{1,2}})\]?(?:st|nd|rd|th|er|º|\.)?[\s-]*(?:of\s+|de\s+|day\s+of\s+)?(?P<m1>{_MONTH})\b\.?,?[\s-]*(?:of\s+|de\s+|del\s+)?(?P<y1>20\d\d)(?!\d)
    | (?P<m2>{_MONTH})\b\.?\s*(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s*(?P<y2>20\d\d)(?!\d)
    | (?P<m3>{_MONTH})\b\.?,?\s*(?:of\s+|de\s+|del\s+)?(?P<y3>20\d\d)(?!\d)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_YEAR = re.compile(r"20\d\d|\d/\d{1,2}/\d\d(?!\d)")
_IN_NUMBERS = re.compile(
    r"\d{1,2}\s?[-/.]\s?\d{1,2}\s?[-/.]\s?20\d\d|\d{1,2}/\d{1,2}/\d\d(?!\d)"
)

# regions of English, by Unicode's CLDR
_MONTH_FIRST = ("US", "AS", "GU", "MH", "MP", "PH", "PR", "UM", "VI")
_BOTH_WAYS = ("CA",)
_NAMES = _MONTHS["en"].title().replace(" ", "|")
_DAY_MONTH = re.compile(rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:{_NAMES})\b")
_MONTH_DAY = re.compile(rf"\b(?:{_NAMES})\.? \d{{1,2}}\b")
_EFFECTIVE_AFTER = re.compile(
    r"\s*\((?:current|effective|en vigueur|in kraft)\b", re.IGNORECASE
)
_ONE_WORD = re.compile(r"\W*\w+(?: (?:le|dem|el))?\W*")
# "from 3 to 10 March", not a version
_RANGE_BEFORE = re.compile(
    rf"(?<!version )(?<!version n°)(?:\b\d{{1,4}}|\b(?:{_MONTH})\b\.?)\s*(?:[-–—]|\b(?:to|through|au|bis|al?)\b)\s*$",
    re.IGNORECASE,
)
_RANGE_AFTER = re.compile(
    r"\s*(?:[-–—]|to|through|au|bis)\s+(?:\d{1,2}\b|\w+ \d)", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.;!?](?=\s)|\n|(?<=\))\s(?=[A-Z])")
_STAMP = 14  # words of a line that is there for the date
_BARE = 3  # words beside the date
_SAID_TO_HOLD = (
    0,
    2,
    4,
)  # of dates with "effective", "from" or the like; others are the document's own
_EDITED = 1  # rank of "Last updated" and a date


@cache
def _phrases(
    name: str, *, before: str = r"(?<!\w)", after: str = r"\b"
) -> re.Pattern[str]:
    return re.compile(
        rf"{before}(?:{'|'.join(word_lists().dates[name])}){after}", re.IGNORECASE
    )


def _right_before(name: str) -> re.Pattern[str]:
    return _phrases(name, after=r"\s*$")


class NamedDate(NamedTuple):
    """`day` is None for a month only, or if ambiguous between two days."""

    day: date | None
    start: int
    end: int
    either: tuple[date, ...] = ()


@lru_cache(maxsize=1024)
def dates_in(text: str, order: Order | None = None) -> tuple[NamedDate, ...]:
    """`order` resolves 11/3/2025."""
    if not _may_have_date(text) or not _YEAR.search(text):
        return ()
    return tuple(_named(match, order) for match in _DATE.finditer(text))


def _named(match: re.Match[str], order: Order | None) -> NamedDate:
    start, end = match.span()
    if not match["num_y"]:
        return NamedDate(_day(match), start, end)
    year, first, second = match["num_y"], match["a"], match["b"]
    dmy, mdy = _valid(year, second, first), _valid(year, first, second)
    if dmy is None or mdy is None or dmy == mdy:
        return NamedDate(dmy or mdy, start, end)
    if order is None:
        return NamedDate(None, start, end, (dmy, mdy))
    return NamedDate(dmy if order == "dmy" else mdy, start, end)


def _day(match: re.Match[str]) -> date | None:
    part = match.groupdict()
    if part["iso_y"]:
        return _valid(part["iso_y"], part["iso_m"], part["iso_d"])
    if part["d1"]:
        return _valid(part["y1"], MONTH_NUMBERS[part["m1"].lower()], part["d1"])
    if part["m2"]:
        return _valid(part["y2"], MONTH_NUMBERS[part["m2"].lower()], part["d2"])
    return None  # a month only


def _valid(year: str, month: str | int, day: str) -> date | None:
    try:
        return date(int(f"20{year[-2:]}"), int(month), int(day))
    except ValueError:
        return None


def named_in_numbers(text: str) -> bool:
    """A date such as 11/3/2025."""
    return _may_have_date(text) and bool(_IN_NUMBERS.search(text))


def _may_have_date(text: str) -> bool:
    return "20" in text or "/" in text


def order_of(
    texts: Iterable[str], language: str | None, region: str | None = None
) -> Order | None:
    """By unambiguous dates, else by language.

    English has both: dates in words decide, then the labelled `region`, spelling, money and law; else it stays unknown.
    """
    text = " ".join(texts)
    for match in _DATE.finditer(text):
        if (
            match["num_y"]
            and _valid(match["num_y"], match["a"], match["b"]) is None
        ):
            return "dmy"
        if (
            match["num_y"]
            and _valid(match["num_y"], match["b"], match["a"]) is None
        ):
            return "mdy"
    if language not in (None, "en"):
        return "dmy"
    labelled: Order | None = (
        None
        if region in (None, *_BOTH_WAYS)
        else "mdy"
        if region in _MONTH_FIRST
        else "dmy"
    )
    if by_words := _more_of(_DAY_MONTH, _MONTH_DAY, text):
        return by_words
    # templates say "en-US" where nobody chose
    return (
        labelled
        if labelled == "dmy"
        else _more_of(_phrases("british"), _phrases("american"), text) or labelled
    )


def _more_of(
    british: re.Pattern[str], american: re.Pattern[str], text: str
) -> Order | None:
    here, there = (
        sum(1 for _ in each.finditer(text)) for each in (british, american)
    )
    return None if here == there else "dmy" if here > there else "mdy"


class Start(NamedTuple):
    """`dated`: only by the document's own date."""

    day: date
    dated: bool


def start_of(added: Sequence[tuple[str, Sequence[NamedDate]]]) -> Start | None:
    """`added` has, in page order, each place's text and its added dates.

    Stamps ("Effective 3 November 2025") come before notices, then dates alone, then dates within text. In force comes
    before changed, but a stamp ("Last updated 3 November 2025") yields only to a later effective date. Of equals the
    first counts.
    """
    ranked = [
        (rank, place, named.day)
        for rank, place, named in _ranked(added)
        if named.day is not None
    ]
    if not ranked:
        return None
    rank, _, day = min(ranked)
    if rank == _EDITED:  # a later effective date is not the day of the edit
        rank, _, day = min(
            [
                later
                for later in ranked
                if later[0] in _SAID_TO_HOLD and later[2] > day
            ],
            default=(rank, 0, day),
        )
    return Start(day, rank not in _SAID_TO_HOLD)


def is_term(text: str, start: int) -> bool:
    """Whether the date there begins or ends what its sentence says, and not the document itself."""
    before = _SENTENCE_END.split(text[max(0, start - 110) : start])[-1]
    begins = ("from", "in_force", "until")
    return not _phrases("document").search(before) and any(
        _right_before(name).search(before) for name in begins
    )


def deadline_in(sentence: str, order: Order | None = None) -> date | None:
    """ "you can object until 2 November 2025"."""
    until = _right_before("until")
    days = (
        named.day
        for named in dates_in(sentence, order)
        if named.day
        and until.search(sentence, max(0, named.start - 30), named.start)
    )
    return next(days, None)


def unclear_in(
    added: Sequence[tuple[str, Sequence[NamedDate]]],
) -> tuple[str, NamedDate] | None:
    """A possible effective date that is ambiguous, where no other is surer."""
    ranked = [each for each in _ranked(added) if each[2].day or each[2].either]
    if not ranked:
        return None
    _, place, named = min(ranked, key=lambda each: each[:2])
    return None if named.day else (added[place][0][named.start : named.end], named)


def _ranked(
    added: Sequence[tuple[str, Sequence[NamedDate]]],
) -> Iterator[tuple[int, int, NamedDate]]:
    """With their rank and the number of their place."""
    for place, (text, new) in enumerate(added):
        end_of_last = 0
        for named in new:
            rank = _rank(text, named, end_of_last)
            end_of_last = named.end
            if rank is not None:
                yield rank, place, named


def _rank(text: str, named: NamedDate, end_of_last: int) -> int | None:
    """0 is surest; None for a date of something else."""
    before, after = (
        text[max(end_of_last, named.start - 110) : named.start],
        text[named.end : named.end + 90],
    )
    before = _SENTENCE_END.split(before)[-1]
    of_others = _right_before("since").search(before) or _phrases("law").search(
        before
    )
    if (
        _phrases("former").search(before[-40:])
        or (
            of_others
            and not (
                _phrases("document").search(before) or _ONE_WORD.fullmatch(before)
            )
        )
        or _right_before("counted_from").search(before)
        or _RANGE_BEFORE.search(text, max(0, named.start - 20), named.start)
        or _RANGE_AFTER.match(after)
    ):
        return None
    line = text[text.rfind("\n", 0, named.start) + 1 :].split("\n")[0]
    stamp = len(line.split()) <= _STAMP
    if (
        _right_before("from").search(before)
        or _phrases("in_force").search(before)
        or _EFFECTIVE_AFTER.match(after)
    ):
        return 0 if stamp else 2 if _phrases("notice").search(line) else 4
    if _right_before("on").search(before) and _phrases(
        "announced", before=r",?\s+[^.;!?]{0,50}?\b"
    ).match(after):
        return 2
    if _phrases("changed").search(before):
        return _EDITED if stamp else 5
    if (
        stamp
        and len(line.split()) - len(text[named.start : named.end].split()) <= _BARE
    ):
        return 3
    return 6 if re.match(r"\s*:", after) else None
