"""Login walls and challenge pages are told from policies that speak of logins and robots."""

from __future__ import annotations

import tomllib
from pathlib import Path
from time import process_time

import pytest
from scrapy.http import HtmlResponse

from crawler import failures

SIGNS = tomllib.loads(
    (Path(failures.__file__).parent / "block_detection.toml").read_text("utf-8")
)
URL = "https://example.org/privacy"
POLICY = (
    "<p>We keep the data that you give us for a year, and tell you before that changes.</p>"
    * 30
)


BLOCK_PAGES = sorted((Path(__file__).parent / "block_pages").glob("*.html"))


def at(url: str, body: str = "<p>x</p>") -> HtmlResponse:
    return HtmlResponse(url, body=body.encode())


def test_the_signs_of_walls_are_written_as_they_are_compared() -> None:
    assert set(SIGNS) == {"headers", "login", "password", "captcha", "phrases"}
    words = [
        *SIGNS["login"]["words"],
        *SIGNS["captcha"]["marks"],
        *SIGNS["phrases"]["texts"],
        *SIGNS["headers"],
    ]
    assert words == [word.lower() for word in words]
    assert not any(
        mark in word for word in SIGNS["login"]["words"] for mark in "-_."
    )


@pytest.mark.parametrize("file", BLOCK_PAGES, ids=lambda file: file.name)
def test_each_saved_block_page_is_recognised(file: Path) -> None:
    assert failures.block_sign(URL, at(URL, file.read_text("utf-8"))) is not None


@pytest.mark.parametrize(
    "path",
    ["/help/login-security", "/legal/checkpoint-terms", "/policy?next=/login-help"],
)
def test_a_redirect_to_a_page_about_logins_is_no_login_wall(path: str) -> None:
    assert (
        failures.block_sign(
            "https://example.org/old", at(f"https://example.org{path}")
        )
        is None
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example.org/",
        "https://example.org/sign_in.aspx",
        "https://example.org/?go=auth",
    ],
)
def test_a_redirect_to_a_login_is_one_wherever_it_shows(url: str) -> None:
    assert "login page" in str(
        failures.block_sign("https://example.org/old", at(url))
    )


@pytest.mark.parametrize("phrase", SIGNS["phrases"]["texts"])
def test_what_walls_say_counts_on_a_small_page_only(phrase: str) -> None:
    assert (
        failures.block_sign(
            URL, at(URL, f"<body><h1>{phrase.capitalize()}</h1></body>")
        )
        is not None
    )
    assert (
        failures.block_sign(
            URL,
            at(
                URL,
                f"<head><title>{phrase.upper()}</title></head><body><p>Wait.</p></body>",
            ),
        )
        is not None
    )
    assert (
        failures.block_sign(
            URL, at(URL, f"<body><p>Some ask: {phrase}.</p>{POLICY}</body>")
        )
        is None
    )


@pytest.mark.parametrize(
    "furniture",
    [
        "<form><input type=password></form>",
        "<script src='/captcha.js'></script>",
        "<div class='turnstile'></div>",
    ],
)
def test_the_furniture_of_walls_on_a_policy_is_no_wall(furniture: str) -> None:
    assert (
        failures.block_sign(URL, at(URL, f"<body>{furniture}</body>")) is not None
    )
    assert (
        failures.block_sign(URL, at(URL, f"<body>{furniture}{POLICY}</body>"))
        is None
    )


def test_an_element_with_thousands_of_attributes_does_not_keep_the_crawler_busy() -> (
    None
):
    attributes = " ".join(f"a{number}" for number in range(60_000))
    began = process_time()
    assert (
        failures.block_sign(URL, at(URL, f"<p {attributes}>Your password</p>"))
        is None
    )
    assert process_time() - began < 2
