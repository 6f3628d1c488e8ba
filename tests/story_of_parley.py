"""A history to look at, in our own words.

Parley is a network for people at work, with a privacy policy in English and in French; Harbour keeps notes.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlmodel import Session

from foundation.vocabulary import Outcome, State
from messages import Message, verbatim
from storage.changes import StoredPassage
from storage.database import Database
from storage.deliveries import Delivery
from storage.documents import Document, declare
from tests.stories import START, Teller, block, day, passage

PRIVACY = "parley/privacy-policy"
PRIVACY_FR = "parley/privacy-policy.fr"
TERMS = "parley/terms"
NOTES = "harbour/privacy-notice"
HELP = "parley/help-assistants"


def _document(
    id_: str, service: str, title: str, kind: str, language: str, url: str
) -> Document:
    return Document(
        id=id_,
        service=service,
        title=title,
        kind=kind,
        language=language,
        url=url,
        added_at=START,
    )


def documents() -> list[Document]:
    """What the story watches."""
    french = "Politique de confidentialité"
    assistants = "How our writing assistants use your data"
    return [
        _document(
            PRIVACY,
            "Parley",
            "Privacy Policy",
            "privacy-policy",
            "en",
            "https://parley.example/privacy",
        ),
        _document(
            PRIVACY_FR,
            "Parley",
            french,
            "privacy-policy",
            "fr",
            "https://parley.example/fr/confidentialite",
        ),
        _document(
            TERMS,
            "Parley",
            "Terms of Use",
            "terms",
            "en",
            "https://parley.example/terms",
        ),
        _document(
            HELP,
            "Parley",
            assistants,
            "help",
            "en",
            "https://parley.example/help/assistants",
        ),
        _document(
            NOTES,
            "Harbour",
            "Privacy Notice",
            "privacy-policy",
            "en",
            "https://harbour.example/privacy",
        ),
    ]


def tell(database: Database) -> None:
    """Fill an empty database with four weeks of the story."""
    with database.writing() as session:
        declare(session, documents())
        session.flush()
        teller = Teller(session)
        _first_texts(teller)
        _quiet(teller, 1, 8)
        _notes_change(teller)
        _quiet(teller, 9, 16)
        _terms_change(teller)
        _quiet(teller, 17, 27)
        _training_change(teller)
        _training_change_in_french(teller)
        _form_only(teller)
        _troubles(teller)
        _deliveries(session)


_USE = ("2. How we use your data",)
_TRAIN = (*_USE, "2.3 Assistants that write")

_OLD_PRIVACY = [
    block("heading", "1. What we collect"),
    block(
        "paragraph",
        "You give us your name, your address for mail and whatever you put into your profile.",
        ["1. What we collect"],
    ),
    block(
        "item",
        "Posts, comments and the groups that you join",
        ["1. What we collect"],
    ),
    block(
        "item",
        "What you tell us of your education and your work",
        ["1. What we collect"],
    ),
    block("heading", _USE[0]),
    block(
        "paragraph",
        "We use your data to show you people and posts that may matter to you. See your choices to change this.",
        _USE,
        your_choices="https://parley.example/choices",
    ),
    block("heading", "2.2 Whom we tell", _USE),
    block("row", "Who | What for | Until when", (*_USE, "2.2 Whom we tell")),
    block(
        "row",
        "Payment firms | To take your subscription | Ten years",
        (*_USE, "2.2 Whom we tell"),
    ),
    block(
        "row",
        "Advertisers | To count who saw an advertisement | One year",
        (*_USE, "2.2 Whom we tell"),
    ),
    block("heading", "3. Your rights"),
    block(
        "paragraph",
        "You may see, correct and delete what we keep of you at any time.",
        ["3. Your rights"],
    ),
]

_TRAINED = (
    "From 3 November 2025 we use your profile, your posts, your comments, your education and your work experience to "
    "train the AI models that write text for our members. This happens by default. Private messages are not used."
)
_REFUSE = (
    "You can switch it off under Settings, Data, Improve our assistants. Switching it off does not undo training that "
    "has already taken place."
)
_SHOWN_BEFORE = "We use your data to show you people and posts that may matter to you. See your choices to change this."
_SHOWN_AFTER = (
    "We and our affiliates use your data to show you people, posts and advertisements that may matter to you. "
    "See your choices to change this."
)


def _first_texts(teller: Teller) -> None:
    teller.version(PRIVACY, day(0), _OLD_PRIVACY)
    teller.version(
        PRIVACY_FR, day(0, 0.1), _OLD_FRENCH, title="Politique de confidentialité"
    )
    teller.version(
        TERMS, day(0, 0.2), [block("paragraph", _FEES_BEFORE)], title="Terms of Use"
    )
    teller.version(
        NOTES,
        day(0, 0.3),
        [block("paragraph", _KEPT_BEFORE)],
        title="Privacy Notice",
    )


def _quiet(teller: Teller, first: int, last: int) -> None:
    for number in range(first, last + 1):
        for k, document in enumerate((PRIVACY, PRIVACY_FR, TERMS, NOTES)):
            same = Outcome.NOT_MODIFIED if document == TERMS else Outcome.UNCHANGED
            teller.checked(document, day(number, k / 10), same)


_KEPT_BEFORE = "We keep deleted notes for ninety days, then they are gone from our servers and from their copies."
_KEPT_AFTER = "We keep deleted notes for thirty days, then they are gone from our servers and from their copies."


def _notes_change(teller: Teller) -> None:
    before = teller.last[NOTES]
    after = teller.version(
        NOTES, day(9, -3), [block("paragraph", _KEPT_AFTER)], title="Privacy Notice"
    )
    kept = passage(
        ["How long we keep notes"],
        _KEPT_BEFORE,
        _KEPT_AFTER,
        evidence=[("retention", "keep deleted notes for thirty days", "after")],
        severity="medium",
        direction="limits",
        why=["retention: how long something is kept is said with another number"],
    )
    teller.change(
        before,
        after,
        [kept],
        severity="medium",
        direction="limits",
        brief={
            "meaning": "Harbour will keep deleted notes for thirty days",
            "data": [{"text": "deleted notes", "side": "after"}],
        },
    )


_FEES_BEFORE = "The yearly fee is 48 euros. You pay it in advance."
_FEES_AFTER = "The yearly fee is 54 euros. You pay it in advance."


def _terms_change(teller: Teller) -> None:
    before = teller.last[TERMS]
    after = teller.version(
        TERMS, day(17, -2), [block("paragraph", _FEES_AFTER)], title="Terms of Use"
    )
    fees = passage(
        ["4. Fees"],
        _FEES_BEFORE,
        _FEES_AFTER,
        why=["no words about AI or data were found"],
    )
    teller.change(before, after, [fees])


def _training_change(teller: Teller) -> None:
    before = teller.last[PRIVACY]
    blocks = [
        *_OLD_PRIVACY[:5],
        block(
            "paragraph",
            _SHOWN_AFTER,
            _USE,
            your_choices="https://parley.example/choices",
        ),
        block("heading", _TRAIN[1], _USE),
        block("paragraph", _TRAINED, _TRAIN),
        block(
            "paragraph", _REFUSE, _TRAIN, Settings="https://parley.example/settings"
        ),
        *_OLD_PRIVACY[6:],
    ]
    after = teller.version(PRIVACY, day(28), blocks)
    teller.change(
        before,
        after,
        _training_passages(),
        severity="high",
        direction="expands",
        effective_date=date(2025, 11, 3),
        brief=_TRAINING_BRIEF,
    )


_TRAINING_BRIEF = {
    "meaning": "Parley will use your profile, your posts, your comments, your education and your work experience "
    "to train the AI models that write text for our members",
    "from": "2025-11-03",
    "default": "on",
    "default_words": [{"text": "This happens by default", "side": "after"}],
    "severity_reasons": ["training"],
    "why": [
        verbatim("told, for data of members is newly used for training").to_json()
    ],
    "data": [
        {"text": "your profile", "side": "after"},
        {"text": "your posts, your comments", "side": "after"},
        {"text": "your education and your work experience", "side": "after"},
    ],
    "purposes": [
        {
            "text": "train the AI models that write text for our members",
            "side": "after",
        }
    ],
    "recipients": [{"text": "our affiliates", "side": "after"}],
    "refuse": [
        {
            "text": "switch it off under Settings, Data, Improve our assistants",
            "side": "after",
            "link": "https://parley.example/settings",
        }
    ],
    "excluded": [{"text": "Private messages are not used", "side": "after"}],
    "irreversible": [
        {
            "text": "does not undo training that has already taken place",
            "side": "after",
        }
    ],
    "regions": [],
}


def _training_passages() -> list[StoredPassage]:
    return [
        passage(
            _USE,
            _SHOWN_BEFORE,
            _SHOWN_AFTER,
            evidence=[
                ("data_sharing", "our affiliates", "after"),
                ("advertising", "advertisements", "after"),
            ],
            severity="medium",
            direction="expands",
            why=[
                "data_sharing: another recipient is named",
                "advertising: advertisements are named as a purpose",
            ],
        ),
        passage(
            _TRAIN,
            None,
            _TRAINED,
            evidence=[
                ("ai_training", "train the AI models", "after"),
                ("user_choice", "by default", "after"),
            ],
            severity="high",
            direction="expands",
            why=[
                "ai_training: data of members is used to train models",
                "user_choice: it happens by default",
            ],
        ),
        passage(
            _TRAIN,
            None,
            _REFUSE,
            evidence=[("user_choice", "You can switch it off", "after")],
            severity="medium",
            direction="mixed",
            why=["user_choice: a way to refuse is given"],
        ),
        passage(
            ["3. Your rights"],
            "Write to us at 1 Quay Street.",
            "Write to us at 5 Mole Lane.",
        ),
        passage(["1. What we collect"], "Our members come from many trades.", None),
        passage(
            ["3. Your rights"],
            "This policy is kept in the archive of our site.",
            "This policy is kept in the archive of our site.",
            operation="moved",
        ),
    ]


_OLD_FRENCH = [
    block("heading", "1. Ce que nous recueillons"),
    block(
        "paragraph",
        "Vous nous donnez votre nom et ce que vous mettez dans votre profil.",
        ["1. Ce que nous recueillons"],
    ),
]
_TRAINED_FR = (
    "À partir du 3 novembre 2025, nous utilisons votre profil et vos publications pour entraîner les modèles d’IA qui "
    "rédigent pour nos membres. Vous pouvez vous y opposer dans vos préférences."
)


def _training_change_in_french(teller: Teller) -> None:
    before = teller.last[PRIVACY_FR]
    after = teller.version(
        PRIVACY_FR,
        day(28, 0.5),
        [
            *_OLD_FRENCH,
            block("paragraph", _TRAINED_FR, ["2. Ce que nous en faisons"]),
        ],
        title="Politique de confidentialité",
    )
    told = passage(
        ["2. Ce que nous en faisons"],
        None,
        _TRAINED_FR,
        evidence=[
            ("ai_training", "entraîner les modèles d’IA", "after"),
            ("user_choice", "vous y opposer", "after"),
        ],
        severity="high",
        direction="expands",
        why=["ai_training: data of members is used to train models"],
    )
    teller.change(
        before,
        after,
        [told],
        severity="high",
        direction="expands",
        effective_date=date(2025, 11, 3),
        brief={
            "meaning": "nous utilisons votre profil et vos publications pour entraîner les modèles d’IA",
            "from": "2025-11-03",
            "default": "on",
            "default_words": [{"text": "par défaut", "side": "after"}],
            "data": [{"text": "votre profil et vos publications", "side": "after"}],
            "purposes": [{"text": "entraîner les modèles d’IA", "side": "after"}],
            "refuse": [
                {"text": "vous y opposer dans vos préférences", "side": "after"}
            ],
        },
    )


def _form_only(teller: Teller) -> None:
    before = teller.last[TERMS]
    after = teller.version(
        TERMS,
        day(28, 2),
        [block("paragraph", _FEES_AFTER)],
        title="Terms of Use",
        outcome=Outcome.COSMETIC,
    )
    same = passage(["4. Fees"], _FEES_AFTER, _FEES_AFTER, operation="moved")
    teller.change(before, after, [same], substantive=False)


def _troubles(teller: Teller) -> None:
    held = Message("rejection.most_gone", words=12, before=640)
    teller.checked(NOTES, day(28, 3), Outcome.HELD, held)
    for number in range(25, 29):
        blocked = Message(
            "answer.refused",
            host="parley.example",
            status=403,
            why=Message("refusal.forbidden"),
            advice=Message("advice.ask"),
        )
        teller.checked(HELP, day(number, 3.5), Outcome.BLOCKED, blocked)


def _deliveries(session: Session) -> None:
    states = [State.SENT, State.SENT, State.SENT, State.PENDING, State.PARKED]
    for k, state in enumerate(states):
        session.add(
            Delivery(
                kind="alert",
                route="team",
                address=f"${{TEAM_{k}}}",
                state=state.value,
                created_at=day(28),
                next_at=day(28),
            )
        )


def told_with_config(tmp_path: Path, database: Database, database_url: str) -> Path:
    """A watchlist of nothing, whose database has the history: a fixture for tests of commands."""
    tell(database)
    file = tmp_path / "policywatch.toml"
    file.write_text(
        f'contact = "test@example.org"\ndatabase = "{database_url}"\n', "utf-8"
    )
    return file
