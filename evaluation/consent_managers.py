"""Renew `analysis/extract/consent_managers.toml`: the containers of consent dialogs, by DuckDuckGo's autoconsent.

    pip install duckduckgo-autoconsent-py
    python -m evaluation.consent_managers

Of the rules for managers (not those for one site) the selectors are taken that hide the dialog before it is answered:
ids, classes and tags that name a manager. What consists of general words ("cookie-banner") is left out, for a section
of a policy may bear it too.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FILE = Path("analysis/extract/consent_managers.toml")
WIDTH = 140
_COMPOUND = re.compile(r"(?P<tag>[a-z][a-z0-9-]*)?(?P<names>(?:[#.][\w-]+)*)")
_PREFIX = re.compile(r"(?:div)?\[id\^=['\"]?([\w-]+?)['\"]?\]")
_COMMA = re.compile(r",\s*(?![^(\[]*[)\]])")
_STEPS = re.compile(r"\s*[>~+\s]\s*(?![^(\[]*[)\]])")
_IN_SCRIPT = re.compile(
    r"this\.name = \"([^\"]+)\";\s*this\.prehideSelectors = \[(.*?)\];", re.DOTALL
)
_QUOTED = re.compile(r"\"([^\"]+)\"|`([^`]+)`")
_CONSENT = re.compile(r"cookie|consent|gdpr|rgpd|dsgvo|ccpa|cmp", re.IGNORECASE)
_OF_POLICIES = re.compile(r"policy|politique|statement", re.IGNORECASE)
_GENERAL = re.compile(  # words that say what a box is for, not whose it is
    "accept|active|advice|alert|area|backdrop|background|banner|bar|block|body|bottom|box|button|categories|cc(?![a-z])|ccpa|"
    "center|cmp|compliance|consents?|container|content|control|cookies?|custom|dialog|directive|disclaimer|drawer|elements?|"
    "footer|frame|full|gdpr|info|inner|js(?![a-z])|law|layer|lightbox|main|manage(?:ment|r)?|message|mod(?:al|ule)|notice|"
    "notifications?|overlay|page|panel|placeholder|popup|preferences|privacy|prompt|root|section|settings|sheet|top|"
    "visible|wall|warning|widget|window|wrapper|[^a-z]"
)
# what the list has in code, or hides by other means
_MORE = (
    *(
        "#usercentrics-root",
        "#usercentrics-cmp-ui",
        "#axeptio_overlay",
        "#lanyard_root",
        "#didomi-host",
    ),
    *(
        "#truste-consent-track",
        "#truste-consent-content",
        ".truste_overlay",
        ".truste_box_overlay",
        ".truste_popframe",
    ),
    *(
        ".cmplz-cookiebanner",
        ".fc-dialog-container",
        "#cookie-law-info-bar",
        "#cc--main",
        "#cc-main",
        ".cc-window",
    ),
)
# the tables that managers put into a cookie policy: text, whatever stands in them
_DECLARATIONS = (
    *(
        "#CookieDeclaration",
        ".CookieDeclaration",
        "#ot-sdk-cookie-policy",
        ".ot-sdk-cookie-policy",
    ),
    *(
        "#optanon-cookie-policy",
        "#cmplz-document",
        ".uc-embed",
        ".cky-audit-table-element",
        ".cookielawinfo-classic",
    ),
    *("#cookiefirst-policy-page", "#cookiefirst-cookies-table", ".iub_content"),
)


def selectors(
    rules: Iterable[dict[str, Any]], script: str
) -> Iterator[tuple[str, str]]:
    """Those of all managers, each with the manager's name."""
    for rule in rules:
        of_one_site = "urlPattern" in rule.get("runContext", {})
        if not of_one_site and not rule["name"].startswith("auto_"):
            for listed in rule.get("prehideSelectors") or ():
                yield from (
                    (rule["name"], selector) for selector in _COMMA.split(listed)
                )
    for name, block in _IN_SCRIPT.findall(script):
        for match in _QUOTED.finditer(block):
            yield from (
                (name, selector) for selector in (match[1] or match[2]).split(",")
            )


def names(managers: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """The ids, prefixes of ids, classes and tags by which a container is known."""
    known: dict[str, set[str]] = {
        "ids": set(),
        "id_prefixes": set(),
        "classes": set(),
        "tags": set(),
    }
    for manager, selector in managers:
        last = _STEPS.split(selector.strip())[-1]
        if prefix := _PREFIX.fullmatch(last):
            known["id_prefixes"].add(prefix[1])
        compound = _COMPOUND.fullmatch(last)
        if compound is None:  # with a condition that markup alone need not meet
            continue
        telling = [
            name
            for name in re.findall(r"[#.][\w-]+", compound["names"])
            if is_telling(name[1:], manager)
        ]
        if telling:
            known["ids" if telling[0].startswith("#") else "classes"].add(
                telling[0][1:]
            )
        elif (
            compound["tag"]
            and "-" in compound["tag"]
            and is_telling(compound["tag"], manager)
        ):
            known["tags"].add(compound["tag"])
    for selector in _MORE:
        known["ids" if selector.startswith("#") else "classes"].add(selector[1:])
    return known


def is_telling(name: str, manager: str) -> bool:
    """Whether it has a word of its own, and that or another one says that it is about consent."""
    own = _GENERAL.sub(" ", name.lower()).split()
    known = any(len(word) > 3 and word in manager.lower() for word in own)
    about = known or _CONSENT.search(name) is not None
    return (
        any(len(word) > 1 for word in own)
        and about
        and not _OF_POLICIES.search(name)
    )


def written(version: str, known: dict[str, set[str]]) -> str:
    lines = [
        "# Containers of consent dialogs, by ids, classes and tags. Written by `python -m evaluation.consent_managers`",
        "# from the rules of DuckDuckGo's autoconsent (https://github.com/duckduckgo/autoconsent).",
        f'version = "{version}"',
        *(line for kind, members in known.items() for line in _list(kind, members)),
        "",
        "# The tables that managers put into a cookie policy: text of it, whatever stands in them.",
        "[declarations]",
        *_list("ids", {name[1:] for name in _DECLARATIONS if name.startswith("#")}),
        *_list(
            "classes", {name[1:] for name in _DECLARATIONS if name.startswith(".")}
        ),
    ]
    return "\n".join(lines) + "\n"


def _list(kind: str, members: Iterable[str]) -> Iterator[str]:
    yield f"{kind} = ["
    line = " "
    for member in sorted(members, key=str.lower):
        if len(line) + len(member) > WIDTH:
            yield line
            line = " "
        line += f' "{member}",'
    yield line
    yield "]"


def main() -> None:
    package = importlib.import_module("duckduckgo_autoconsent")
    known = names(selectors(json.loads(package.rules_json()), package.bundle()))
    FILE.write_text(written(package.__version__, known), "utf-8")
    print(f"{FILE}: {sum(map(len, known.values()))} names of {package.__version__}")


if __name__ == "__main__":
    main()
