"""Consent managers in their published markup: the dialog is none of the text, the table in a cookie policy is."""

from __future__ import annotations

import pytest

from analysis.compare import compare
from analysis.extract import read_page
from analysis.model import Page, UnreadablePage

HELP = "<h1>Data in the boat house</h1>" + "".join(
    f"<p>We write down your name when you take the {boat}, and strike it out when you are back.</p>"
    for boat in ("rowing boat", "canoe", "raft")
)
# what the dialogs say: more than the page
SAYS = (
    "We and our 842 partners use cookies to show you advertising and to measure who came to the lake. "
    * 4
)
BUTTONS = "<button>Settings</button><button>Reject all</button><button>Accept all</button>"
COOKIES = "".join(
    f"<tr><td>{name}</td><td>Remembers for the manager that you rowed on the lake before.</td><td>1 year</td></tr>"
    for name in ("_lake", "_oar", "_pier", "_swan")
)
TABLE = (
    f"<table><tr><th>Name</th><th>Purpose</th><th>Expiry</th></tr>{COOKIES}</table>"
)
PURPOSES = "".join(
    f"<li><h3>{name}</h3><p>{name} cookies help us to see which boats you like, and keep a number for each of you.</p>"
    f"<a href='/{name}'>Cookie details</a></li>"
    for name in ("Necessary", "Statistics", "Marketing", "Unclassified")
)

# the elements round the text of each dialog, outermost first
MANAGERS = {
    "OneTrust": (
        "div id='onetrust-consent-sdk'",
        "div id='onetrust-banner-sdk' class='otFlat' role='region'",
    ),
    "Cookiebot": (
        "div id='CybotCookiebotDialog' name='CybotCookiebotDialog' role='dialog'",
        "div class='CybotEdge'",
    ),
    "Didomi": (
        "div id='didomi-host'",
        "div class='didomi-popup-container'",
        "div class='didomi-popup-notice'",
    ),
    "Usercentrics": ("aside id='usercentrics-cmp-ui'", "section data-nosnippet"),
    "TrustArc": (
        "div id='truste-consent-track'",
        "div id='truste-consent-content'",
    ),
    "Quantcast": (
        "div class='qc-cmp-cleanslate' id='qc-cmp2-container'",
        "div id='qc-cmp2-main'",
    ),
    "Sourcepoint": (
        "div id='sp_message_container_1023'",
        "div id='notice' class='message type-modal'",
    ),
    "Axeptio": (
        "div id='axeptio_overlay'",
        "div class='axeptio_mount'",
        "div class='axeptio_widget'",
    ),
    "Tarteaucitron": (
        "div id='tarteaucitronRoot'",
        "div id='tarteaucitron' role='dialog'",
    ),
    "Osano": (
        "div class='osano-cm-window'",
        "div class='osano-cm-dialog osano-cm-dialog--type_bar' role='dialog'",
    ),
    "iubenda": (
        "div id='iubenda-cs-banner' class='iubenda-cs-default'",
        "div class='iubenda-cs-content'",
    ),
    "Klaro": (
        "div class='klaro' id='klaro'",
        "div class='cookie-modal'",
        "div class='cm-modal cm-klaro'",
    ),
    "Complianz": (
        "div id='cmplz-cookiebanner-container'",
        "div class='cmplz-cookiebanner banner-1 optin'",
    ),
    "Borlabs": (
        "div id='BorlabsCookieBox' class='BorlabsCookie'",
        "div class='_brlbs-box-wrap'",
    ),
    "CookieYes": (
        "div class='cky-consent-container cky-box-bottom-left'",
        "div class='cky-consent-bar'",
    ),
    "Termly": (
        "div id='termly-code-snippet-support'",
        "div class='t-consentPrompt' role='alertdialog'",
    ),
    "Cookie Script": (
        "div id='cookiescript_injected' role='dialog'",
        "div id='cookiescript_description'",
    ),
    "Ketch": ("div id='lanyard_root'", "div id='ketch-banner' role='dialog'"),
    "Transcend": ("div id='transcend-consent-manager'", "div class='inner'"),
    "Funding Choices": (
        "div class='fc-consent-root'",
        "div class='fc-dialog-container'",
        "div class='fc-dialog'",
    ),
    "unknown, by its role": (
        "div class='x1f2' role='dialog' aria-label='Privacy'",
    ),
    "unknown, by aria-modal": ("div class='x1f2' aria-modal='true'",),
}
DECLARATIONS = {
    "OneTrust": (
        "div id='ot-sdk-cookie-policy'",
        "div id='ot-sdk-cookie-policy-v2' class='ot-sdk-cookie-policy'",
    ),
    "Cookiebot": (
        "div class='CookieDeclaration' lang='EN'",
        "div class='CookieDeclarationType'",
    ),
    "Usercentrics": (
        "div class='uc-embed' uc-data='all'",
        "div class='uc-cookie-list'",
    ),
    "Complianz": (
        "div id='cmplz-document' class='cmplz-document cookie-statement'",
        "div class='cookie-notice'",
    ),
    "CookieYes": (
        "div class='cky-audit-table-element'",
        "div class='cookie-consent-list'",
    ),
    "iubenda": ("div class='iub_content legal_pp'", "div class='cookie-container'"),
}


def nested(elements: tuple[str, ...], inside: str) -> str:
    for element in reversed(elements):
        inside = f"<{element}>{inside}</{element.split()[0]}>"
    return inside


def dialog_of(manager: str) -> str:
    return nested(
        MANAGERS[manager],
        f"<p>{SAYS}</p>{'' if 'unknown' in manager else f'<ul>{PURPOSES}</ul>'}{BUTTONS}",
    )


def texts(body: str, **how: list[str]) -> list[str]:
    markup = f"<html lang='en'><title>Boat house</title><body>{body}</body></html>"
    return [
        block.text
        for block in read_page(markup.encode(), select=how.get("select", ())).blocks
    ]


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_consent_dialog_is_none_of_the_text_wherever_it_stands(
    manager: str,
) -> None:
    dialog = dialog_of(manager)
    plain = texts(f"<main>{HELP}</main>")
    assert len(plain) == 4
    assert (
        texts(f"{dialog}<main>{HELP}</main>")
        == texts(f"<main>{HELP}</main>{dialog}")
        == plain
    )
    assert (
        texts(f"<main>{HELP}{dialog}</main>")
        == texts(f"<div class='content'>{HELP}{dialog}</div>")
        == plain
    )


@pytest.mark.parametrize(
    "manager", [name for name in MANAGERS if not name.startswith("unknown")]
)
def test_nor_is_it_within_what_a_selector_takes(manager: str) -> None:
    assert texts(
        f"<main>{HELP}{dialog_of(manager)}</main>", select=["main"]
    ) == texts(f"<main>{HELP}</main>")


@pytest.mark.parametrize("manager", DECLARATIONS)
def test_the_table_of_cookies_in_a_policy_is_its_text(manager: str) -> None:
    policy = "<h1>Cookie policy</h1><p>This page names the cookies of the boat house, and what they are for.</p>"
    declared = nested(
        DECLARATIONS[manager],
        f"<a href='/u'>About cookies</a><ul>{PURPOSES}</ul>{TABLE}",
    )
    for dialog in ("", dialog_of(manager)):
        read = texts(f"<main>{policy}{declared}</main>{dialog}")
        assert sum("Remembers for the manager" in text for text in read) == 4
        assert sum("help us to see which boats" in text for text in read) == 4
        assert not any("842 partners" in text for text in read)


def test_a_dialog_that_holds_the_only_text_is_unreadable() -> None:
    for name in ("Cookiebot", "OneTrust", "Didomi"):
        with pytest.raises(UnreadablePage):
            texts(f"<nav><a href='/'>Home</a></nav>{dialog_of(name)}")


@pytest.mark.parametrize(
    "markup",
    ["role='dialog'", "aria-modal='true' role='dialog'", "role='alertdialog'"],
)
def test_a_policy_that_opens_in_a_dialog_stays(markup: str) -> None:
    sections = "".join(
        f"<h2>Part {n}</h2><p>We keep what you write down in the boat house for {n} years.</p>"
        for n in range(9)
    )
    policy = f"<div {markup}><h2>Privacy policy</h2>{sections}<button>Close</button><button>Accept</button></div>"
    assert (
        len(
            texts(
                f"<p>Welcome to the boat house by the lake, we are open.</p>{policy}"
            )
        )
        >= 19
    )


# paragraphs of a cookie policy that end in a link
USES = "We use cookies to count visits and to learn what you like."
ENDS = (
    f"{USES} <a href=/no>Opt out</a> <a href=/more>Learn more</a>",
    "We use cookies to count visits; our notice says <a href=/ok>ok</a> to all of them.",
    "Of the cookies that we set, those of the map are <a href=/later>later</a>",
)


@pytest.mark.parametrize("end", ENDS)
def test_a_link_in_a_paragraph_is_no_button(end: str) -> None:
    html = f"<html lang=en><body><main>{HELP}<div class=x9>{end}</div>{HELP}</main>"
    texts = [block.text for block in read_page(html.encode()).blocks]
    assert "cookies" in " ".join(texts)


UPDATED = {
    "en": ("Cookie declaration last updated on {} by Cookiebot:", "1/4/2026"),
    "fr": (
        "Déclaration relative aux cookies mise à jour la dernière fois le {} par Cookiebot :",
        "04/01/2026",
    ),
    "de": (
        "Die Cookie-Erklärung wurde das letzte Mal am {} von Cookiebot aktualisiert:",
        "04.01.2026",
    ),
}


@pytest.mark.parametrize("language", UPDATED)
def test_the_monthly_date_of_a_declaration_is_form_and_a_new_cookie_is_news(
    language: str,
) -> None:
    line, day = UPDATED[language]
    rows = "<tr><td>CookieConsent</td><td>boats.example</td><td>Stores the consent state.</td><td>1 year</td></tr>"
    new = "<tr><td>_ga</td><td>Google</td><td>Registers a unique ID to count visits.</td><td>2 years</td></tr>"

    def declared(date: str, rows: str) -> Page:
        head = "<tr><th>Name</th><th>Provider</th><th>Purpose</th><th>Duration</th></tr>"
        table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
        updated = f"<p class='CookieDeclarationLastUpdate'>{line.format(date)}</p>"
        body = nested(DECLARATIONS["Cookiebot"], f"{updated}{table}")
        return read_page(
            f"<html lang={language}><main>{HELP}{body}</main>".encode(),
            language=language,
        )

    before, later = declared(day, rows), day.replace("2026", "2027")
    assert line.format(day) in [block.text for block in before.blocks]
    title = "Cookie policy"
    dated = compare(
        before, declared(later, rows), language=language, document=title
    )
    assert [each.operation for each in dated.passages] == ["reworded"]
    assert not dated.substantive
    assert not dated.alert
    more = declared(later, f"{rows}{new}")
    assert compare(before, more, language=language, document=title).substantive
