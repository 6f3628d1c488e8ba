"""JSON for programs."""

from __future__ import annotations

from tests.story_of_parley import NOTES, PRIVACY, PRIVACY_FR, TERMS
from tests.web_pages import Story

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def test_the_api_gives_a_change_as_show_does(parley: Story) -> None:
    site = parley.site
    id_ = parley.change(PRIVACY)
    told = site.get(f"/api/v1/changes/{id_}").json()
    assert told["id"] == id_
    assert told["topics"] == ["data_sharing", "advertising", "ai_training", "user_choice"]
    assert len(told["passages"]) == 6
    listed = site.get("/api/v1/changes").json()["changes"]
    assert [each["document"] for each in listed] == [PRIVACY_FR, PRIVACY, TERMS, NOTES]
    assert told.items() >= listed[1].items()
