"""A change of our own words, to try a model on."""

from __future__ import annotations

from time import monotonic
from typing import Any

from analysis.model import Comparison, Passage
from policywatch.ingest.drafts import ChangeDraft, draft_change
from policywatch.reader.prompt import Prompt, Subject
from policywatch.reader.reader import Reader
from storage.readings import ModelReading

_SUBJECT = Subject("Harbour", "Privacy policy", "privacy-policy", "en")


def prompt_of_example(reader: Reader) -> Prompt:
    prompt = reader.prompt(_SUBJECT, _example().passages)
    assert prompt is not None, "the example asks something"
    return prompt


def try_example(reader: Reader) -> tuple[ModelReading, dict[str, Any], float]:
    prompt, began = prompt_of_example(reader), monotonic()
    known = reader.ask(prompt, _SUBJECT, _example())
    return known, reader.reading(prompt, known), monotonic() - began


def _example() -> ChangeDraft:
    return draft_change(
        Comparison(
            True,
            passages=(
                Passage(
                    ("How we use your posts",),
                    "reworded",
                    "We use your posts to show them to the people whom you choose.",
                    "We use your posts to show them to the people whom you choose and, from 1 March 2027, to train "
                    "our AI models, unless you switch this off under Settings > Privacy > AI.",
                ),
                Passage(
                    ("How long we keep messages",),
                    "reworded",
                    "Messages that you delete are gone after 30 days.",
                    "Messages that you delete are gone after 90 days.",
                ),
            ),
        )
    )
