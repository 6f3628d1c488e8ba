"""For whom words are: what names a region, and what does not."""

from __future__ import annotations

import pytest

from analysis.text.regions import region_name, regions_of


@pytest.mark.parametrize(
    ("sentence", "regions"),
    [
        (
            "If you live in the EEA, the UK or Switzerland, you may object.",
            "EEA UK Switzerland",
        ),
        (
            "We keep data of users in the European Union (EU) and Brazil.",
            "EU Brazil",
        ),
        ("California residents have further rights.", "California"),
        ("In the US, we share it with partners.", "US"),
        (
            "Si vous résidez en Suisse ou au Royaume-Uni, vous pouvez refuser.",
            "Switzerland UK",
        ),
        ("Les résidents de l’UE disposent d’autres droits.", "EU"),
        (
            "Wenn Sie im Europäischen Wirtschaftsraum leben, können Sie widersprechen.",
            "EEA",
        ),
        ("We transfer your data to the United States.", ""),
        ("We store the data of all users on servers in Ireland.", ""),
        ("If you live outside the EEA, the UK or Switzerland, we share it.", ""),
        ("Except for users in the EEA, we train on your posts.", ""),
        ("Unless you live in the EU or the UK, we share it.", ""),
        ("Sauf si vous résidez dans l’EEE, nous les partageons.", ""),
        ("This follows the EU-U.S. Data Privacy Framework.", ""),
        ("You have rights under the California Consumer Privacy Act.", ""),
        ("Tell us what you think.", ""),
    ],
)
def test_a_sentence_names_regions_where_it_says_that_people_live_there(
    sentence: str, regions: str
) -> None:
    assert regions_of([sentence]) == tuple(regions.split())


@pytest.mark.parametrize(
    ("heading", "regions"),
    [
        ("Privacy notice for US states", "US"),
        ("European Economic Area, UK and Switzerland", "EEA UK Switzerland"),
        ("NOTICE TO EU, UK, AND SWISS RESIDENTS", "EU UK Switzerland"),
        ("Additional information for European visitors", "Europe"),
        ("Nutzer im EWR", "EEA"),
        ("Pour les utilisateurs en France", "France"),
        ("Users outside the United States", ""),
        ("HOW TO CONTACT US", ""),
        ("Decisions of the European Commission", ""),
        ("How we use your data", ""),
    ],
)
def test_a_heading_names_regions(heading: str, regions: str) -> None:
    assert regions_of(["We use it."], [heading]) == tuple(regions.split())


def test_what_is_nearest_to_the_words_counts() -> None:
    sentence, lead_in = "You may object.", "If you live in Brazil:"
    headings = ["California", "US states", "Europe"]
    assert regions_of([sentence, lead_in], headings) == ("Brazil",)
    assert regions_of([sentence], headings) == ("California",)
    elsewhere = "If you live outside the EEA, this does not hold."
    assert regions_of([elsewhere], headings) == ()


def test_a_region_has_a_name_in_the_language_of_the_page() -> None:
    names = [region_name("EEA", language) for language in ("en", "fr", "de", "it")]
    assert names == ["EEA", "EEE", "EWR", "EEA"]
