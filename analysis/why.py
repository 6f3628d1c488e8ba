"""Why a change, or a place of it, is told or not, in plain words: what `--why` prints."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from analysis.change import TOPICS
from analysis.seen import Seen

# what the words of a change speak of that is nothing to tell, by the groups of topics/*.toml
_OTHERWISE = {
    "business": "business matters such as fees, liability or courts",
    "conduct": "what users may and may not do",
    "contact_only": "addresses and numbers to call",
}
_LONGEST_TITLE = 14  # words
_NAMES = {
    "ai_training": "AI training",
    "ai_features": "AI features",
    "sensitive_minors": "sensitive data or minors",
    "user_choice": "choices",
    "user_rights": "rights",
}


def named(topic: str) -> str:
    """A topic as English writes it."""
    return _NAMES.get(topic, topic.replace("_", " "))


def about(topics: Collection[str]) -> str:
    """Which words those are, or that there are none."""
    return f"words about {', '.join(map(named, topics))}" if topics else "no words about AI or data"


def topics_in(found: Mapping[str, float]) -> list[str]:
    """The topics that changed words name, by the signs of a change."""
    return [topic for topic in TOPICS if any(found.get(f"{topic}.{tier}.any") for tier in ("decides", "suggests"))]


def untold(found: Mapping[str, float], weighed: str) -> str:
    """Why a change of the wording is not told, by its signs and the names of those that weighed most against it."""
    topics = topics_in(found)
    groups = dict.fromkeys(name.split(".")[1] for name in weighed.split(", ") if name.endswith((".before", ".after")))
    others = [_OTHERWISE[group] for group in groups if group in _OTHERWISE]
    speaks = f"; it speaks of {', and of '.join(others)}" if others else ""
    return f"{about(topics)} came or went{', but they weigh too little to be told' if topics else ''}{speaks}"


def why_suppressed(one: Seen) -> Iterator[str]:
    """Why a place is no change of the wording."""
    if one.wording.looks:
        yield f"suppressed: {one.wording.looks}"
    elif one.cut:
        yield "suppressed: the text stops in the middle of a sentence on one side, so it was captured in part"
    elif one.shape == "fragment" and one.passage.operation == "reworded" and _is_long(one):
        yield "suppressed: the words that changed in it are not read as a sentence of the policy"
    elif one.shape == "fragment":
        yield "suppressed: there is no sentence in it; it is a title, a label or an entry of a menu"


def _is_long(one: Seen) -> bool:
    return max(len(text.split()) for text in one.passage.texts.values()) > _LONGEST_TITLE


def why_untold(one: Seen) -> str:
    """Why a change of the wording at one place is not flagged."""
    if one.shape == "address":
        return "only where somebody is reached changed"
    named_here = {match.topic for match in one.found if match.direct and match.tier != "words"}
    topics = [topic for topic in TOPICS if topic in named_here]
    return f"{about(topics)} changed{', but they weigh too little to be told' if topics else ''}"
