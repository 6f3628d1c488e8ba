"""The dates that a text names, and from when a change holds."""

from __future__ import annotations

from datetime import date

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.page_json import page_from_json, page_json
from analysis.text.dates import Order, dates_in, order_of

THIRD = date(2025, 11, 3)


@pytest.mark.parametrize(
    "text",
    [
        "Effective 3 November 2025",
        "Effective November 3, 2025",
        "Effective Nov. 3rd, 2025",
        "effective as of the 3rd day of November, 2025",
        "Last updated: 2025-11-03",
        "Updated on: [03] November 2025",
        "En vigueur le 3 novembre 2025",
        "Gültig ab 3. November 2025",
        "Vigente desde el 3 de noviembre de 2025",
        "Version du 03.11.2025",
    ],
)
def test_every_notation_names_the_day(text: str) -> None:
    assert [named.day for named in dates_in(text, "dmy")] == [THIRD]


def test_the_first_of_a_month_in_french() -> None:
    assert [
        named.day for named in dates_in("À compter du 1er novembre 2025", "dmy")
    ] == [date(2025, 11, 1)]


@pytest.mark.parametrize(
    ("order", "day"), [("dmy", date(2025, 3, 11)), ("mdy", THIRD), (None, None)]
)
def test_numbers_are_read_in_the_order_of_the_page(
    order: Order | None, day: date
) -> None:
    assert [named.day for named in dates_in("11/3/2025", order)] == [day]
    assert [
        named.day for named in dates_in("updated on 11/3/25 by hand", order)
    ] == [day]
    assert not dates_in("open 24/7, 1/2/3 or 2/24 hours, 11-3-25", order)


def test_a_day_that_can_be_read_one_way_only_needs_no_order() -> None:
    assert [named.day for named in dates_in("31/12/2025 and 12/31/2025", None)] == [
        date(2025, 12, 31)
    ] * 2


@pytest.mark.parametrize(
    "text", ["November 2025", "novembre 2025", "in May 2025 we"]
)
def test_a_month_is_no_day(text: str) -> None:
    assert [named.day for named in dates_in(text, "dmy")] == [None]


@pytest.mark.parametrize(
    "text",
    [
        "you may 2 times",
        "version 2.1.2025.4",
        "20251103",
        "1 of 2025 users",
        "32/13/2025",
    ],
)
def test_what_looks_like_a_date_is_none(text: str) -> None:
    assert [named.day for named in dates_in(text, "dmy") if named.day] == []


@pytest.mark.parametrize(
    ("texts", "language", "order"),
    [
        (("Updated 25/12/2024",), "en", "dmy"),
        (("Updated 12/25/2024",), "en", "mdy"),
        (("Since 14 May, 15 May and 16 May",), "en", "dmy"),
        (("Updated 02/03/2025",), "fr", "dmy"),
        (("Updated 02/03/2025",), "en", None),
        (
            ("Updated 02/03/2025", "In force before: March 1, 2024, until Sept. 4"),
            "en",
            "mdy",
        ),
        (("Updated 02/03/2025", "We are an organisation in Leeds."), "en", "dmy"),
        (
            (
                "Updated 02/03/2025",
                "You can ask the Information Commissioner. We pay £10.",
            ),
            "en",
            "dmy",
        ),
        (
            (
                "Updated 02/03/2025",
                "With your authorization we note your zip code.",
            ),
            "en",
            "mdy",
        ),
        (
            (
                "Updated 02/03/2025",
                "Since 14 May our organization has asked for authorization.",
            ),
            "en",
            "dmy",
        ),
    ],
)
def test_the_order_is_that_of_the_page(
    texts: tuple[str, ...], language: str, order: Order | None
) -> None:
    assert order_of(texts, language) == order


@pytest.mark.parametrize(
    ("region", "more", "order"),
    [
        ("GB", "", "dmy"),
        ("GB", "Our organization asks for authorization.", "dmy"),
        ("GB", "In force before: March 1, 2024", "mdy"),
        ("AU", "", "dmy"),
        ("US", "", "mdy"),
        ("US", "Our organisation asks for authorisation.", "dmy"),
        ("US", "Updated 25/12/2024", "dmy"),
        ("CA", "", None),
        (None, "", None),
    ],
)
def test_the_region_of_the_page_says_how_it_writes_dates(
    region: str | None, more: str, order: Order | None
) -> None:
    """But for "en-US", which templates say by themselves, and which the words of the text outweigh."""
    assert order_of(("Updated 02/03/2025", more), "en", region) == order


@pytest.mark.parametrize(
    ("label", "region", "day"),
    [
        ("en-GB", "GB", date(2026, 11, 3)),
        ("en_us", "US", date(2026, 3, 11)),
        ("en-Latn-GB", "GB", date(2026, 11, 3)),
        ("en", None, None),
        ("en-GBR", None, None),
        ("fr-FR", None, None),
    ],
)
def test_the_region_is_read_from_the_page_and_kept_with_it(
    label: str, region: str | None, day: date | None
) -> None:
    """Not of a page that is labelled as one in another language."""
    said = (
        "<p>We tell you here what we do with the data that you give us, and you can always ask us about it.</p>"
        * 3
    )
    html = f"<html lang='{label}'><body><main><h1>Privacy</h1>{said}{{}}</main></body></html>"
    before, after = (
        read_page(html.format(stamp).encode(), language="en")
        for stamp in ("", "<p>Effective 03/11/2026</p>")
    )
    assert after.region == region
    stored = page_from_json(page_json(after))
    assert (
        stored.region,
        compare(before, stored, language="en").effective_date,
    ) == (
        region,
        day,
    )


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (
            "Effective 03/11/2026",
            ["“03/11/2026” can mean 2026-11-03 or 2026-03-11"],
        ),
        (
            "Effective 03/11/2026, last updated 2026-11-01",
            ["“03/11/2026” can mean"],
        ),
        ("Effective 3 November 2026, last updated 2026-11-02", []),
        ("Effective 03/03/2026", []),
        ("Effective November 2026", []),
        ("You can pay until 03/11/2026.", []),
    ],
)
def test_a_date_that_nobody_can_read_is_left_out_with_a_note(
    stamp: str, said: list[str]
) -> None:
    body = "# Privacy\n\nWe tell you here what we do with the data that you give us, and you can ask us about it."
    before, after = (
        read_page(text.encode(), mime="text/markdown")
        for text in (body, f"{body}\n\n{stamp}")
    )
    notes = [
        str(one)
        for one in compare(before, after, language="en").why
        if one.code == "why.date_unclear"
    ]
    assert [
        found.startswith(expected)
        for found, expected in zip(notes, said, strict=True)
    ] == [True] * len(said)


def effective(before: str, after: str, language: str = "en") -> date | None:
    body = "\n\nWe tell you here what we do with the data that you give us, and you can always ask us about it."
    pages = [
        read_page(
            f"# Privacy Policy\n\n{text}{body}".encode(),
            mime="text/markdown",
            language=language,
        )
        for text in (before, after)
    ]
    return compare(*pages, language=language).effective_date


@pytest.mark.parametrize(
    ("line", "language", "dated"),
    [
        ("Effective {}", "en", False),
        ("This policy is in force from {}.", "en", False),
        ("We are updating our terms on {}.", "en", False),
        ("En vigueur au {}", "fr", False),
        ("Last updated: {}", "en", True),
        ("{}", "en", True),
        ("Dernière mise à jour : {}", "fr", True),
    ],
)
def test_only_where_the_page_says_so_a_change_holds_from_its_day(
    line: str, language: str, dated: bool
) -> None:
    days = {
        "en": ("2 June 2025", "3 November 2025"),
        "fr": ("2 juin 2025", "3 novembre 2025"),
    }[language]
    body = "\n\nWe tell you here what we do with the data that you give us, and you can always ask us about it."
    pages = [
        read_page(
            f"# Privacy Policy\n\n{line.format(day)}{body}".encode(),
            mime="text/markdown",
            language=language,
        )
        for day in days
    ]
    told = compare(*pages, language=language)
    assert (told.effective_date, told.dated) == (date(2025, 11, 3), dated)


def test_the_day_in_force_goes_before_the_day_of_writing() -> None:
    after = "Posted: 27 October 2025. Effective as of: 3 November 2025"
    assert (
        effective("Posted: 1 May 2024. Effective as of: 2 May 2024", after) == THIRD
    )


@pytest.mark.parametrize(
    ("stamp", "day"), [("Effective", THIRD), ("Last updated", date(2026, 1, 1))]
)
def test_a_day_to_come_goes_before_that_of_the_last_edit_alone(
    stamp: str, day: date | None
) -> None:
    text = "Beginning 1 January 2026 the assistant is on for all accounts of our members, old and new."
    after = f"{stamp}: 3 November 2025\n\n{text}"
    assert effective(f"{stamp}: 1 May 2024", after) == day


def test_a_day_that_stood_there_before_is_not_new() -> None:
    assert (
        effective(
            "Last updated: 3 November 2025",
            "Last updated: November 3, 2025. Thank you for reading.",
        )
        is None
    )


def test_the_end_of_the_former_text_is_not_the_start_of_this_one() -> None:
    assert (
        effective("", "The previous version was in force until 3 November 2025.")
        is None
    )


def test_a_period_is_no_start() -> None:
    assert (
        effective(
            "",
            "These are the requests of the period 1 January 2024 - 31 December 2024.",
        )
        is None
    )


@pytest.mark.parametrize(
    "stamp",
    [
        "En vigueur au 3 novembre 2025",
        "Version applicable au 03/11/2025",
        "Version 3 – 3 novembre 2025",
        "Parley – 3 novembre 2025",
    ],
)
def test_what_stands_before_the_day_of_a_stamp_is_no_start_of_a_period(
    stamp: str,
) -> None:
    assert effective("En vigueur au 1er mai 2024", stamp, "fr") == THIRD


@pytest.mark.parametrize(
    "period",
    [
        "du 1er octobre au 3 novembre 2025",
        "1–3 November 2025",
        "October to 3 November 2025",
    ],
)
def test_the_end_of_a_period_is_no_start(period: str) -> None:
    assert effective("", f"Requests: {period}.") is None


def test_a_notice_names_the_day() -> None:
    assert (
        effective(
            "",
            "Nous mettons à jour cette politique ; elle s’applique à partir du 3 novembre 2025.",
            "fr",
        )
        == THIRD
    )


@pytest.mark.parametrize(
    ("language", "sentence", "day"),
    [
        ("en", "We have run this club since 1 March 2019.", None),
        ("en", "The GDPR has applied since 25 May 2018.", None),
        ("en", "Regulation of 27 April 2016", None),
        ("fr", "Arrêté du 5 mai 2022", None),
        (
            "en",
            "Under the Data Act, which applies from 12 September 2025, you may ask for your data.",
            None,
        ),
        ("en", "These changes take effect 30 days after 3 November 2025.", None),
        (
            "fr",
            "La loi n° 2025-12, applicable à compter du 12 septembre 2025, vous donne ce droit.",
            None,
        ),
        (
            "fr",
            "Ces changements prennent effet 30 jours après le 3 novembre 2025.",
            None,
        ),
        ("en", "This policy has been in force since 3 November 2025.", THIRD),
        ("en", "Since 3 November 2025 we share your data with Wrenlog.", THIRD),
        (
            "fr",
            "Depuis le 3 novembre 2025, nous partageons vos données avec Wrenlog.",
            THIRD,
        ),
        (
            "en",
            "The new version of these terms applies from 3 November 2025.",
            THIRD,
        ),
    ],
)
def test_the_day_of_something_else_is_not_that_of_the_change(
    language: str, sentence: str, day: date | None
) -> None:
    shared = {
        "en": "We use your photos to find your friends.",
        "fr": "Nous utilisons vos photos pour trouver vos amis.",
    }
    assert (
        effective("We play.", f"{shared[language]}\n\n{sentence}", language) == day
    )
