"""Why a change, or a place of it, is told or not, in plain words: what `--why` prints."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from analysis.change import TOPICS
from analysis.judging.seen import Seen
from reasons import Reason, listed

# of the groups of topics/*.toml those that say what else a change speaks of
_OTHERWISE = ("business", "conduct", "contact_only")
_LONGEST_TITLE = 14  # words


def named(topic: str) -> Reason | str:
    """A topic; one that the operator made up stands for itself."""
    return Reason(f"topic.{topic}") if topic in TOPICS else topic.replace("_", " ")


def about(topics: Collection[str]) -> Reason:
    """Which words those are, or that there are none."""
    return Reason("why.words", topics=listed("list.words", map(named, topics))) if topics else Reason("why.no_words")


def topics_in(found: Mapping[str, float]) -> list[str]:
    """The topics that changed words name, by the signs of a change."""
    return [topic for topic in TOPICS if any(found.get(f"{topic}.{tier}.any") for tier in ("decides", "suggests"))]


def untold(found: Mapping[str, float], weighed: str) -> Reason:
    """Why a change of the wording is not told, by its signs and the names of those that weighed most against it."""
    topics = topics_in(found)
    came = Reason("why.came_light" if topics else "why.came", words=about(topics))
    groups = dict.fromkeys(name.split(".")[1] for name in weighed.split(", ") if name.endswith((".before", ".after")))
    others = [Reason(f"otherwise.{group}") for group in groups if group in _OTHERWISE]
    return Reason("why.speaks", reason=came, others=listed("list.others", others)) if others else came


def why_suppressed(one: Seen) -> Iterator[Reason]:
    """Why a place is no change of the wording."""
    if code := _form(one):
        yield Reason("why.suppressed", reason=Reason(code))


def _form(one: Seen) -> str | None:
    if one.wording.looks:
        return one.wording.looks
    if one.cut:
        return "looks.cut"
    if one.shape == "fragment":
        return "looks.no_sentence" if one.passage.operation == "reworded" and _is_long(one) else "looks.fragment"
    return None


def _is_long(one: Seen) -> bool:
    return max(len(text.split()) for text in one.passage.texts.values()) > _LONGEST_TITLE


def why_untold(one: Seen) -> Reason:
    """Why a change of the wording at one place is not flagged."""
    if one.shape == "address":
        return Reason("why.reached")
    named_here = {match.topic for match in one.found if match.direct and match.tier != "words"}
    topics = [topic for topic in TOPICS if topic in named_here]
    return Reason("why.changed_light" if topics else "why.changed", words=about(topics))
