"""What a changed passage means for the reader: topics with their evidence, severity, direction, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.change import SEVERITIES, TOPICS, Direction, Evidence, Passage, Severity
from analysis.signs import Found, Seen, found_by
from analysis.topics import Lexicon

_MOST_EVIDENCE = 6
_ABOUT_DATA = frozenset({"personal_data", "user_content"})
_GRAVE = frozenset({"ai_training", "sensitive_minors", "data_sharing"})
_MINOR = frozenset({"security", "user_rights", "ai_features", "tracking"})


def judged(one: Seen, own: Lexicon | None = None) -> Passage:
    """The passage with its topics, severity and direction; without topics where its change touches none."""
    if not one.real:
        looks = one.wording.looks or "it breaks off in the middle of a sentence: text that was captured in part"
        return replace(one.passage, why=(f"not flagged: {looks}",))
    deciding = _deciding(one)
    if own is not None:
        deciding += found_by(own, one)
    if not deciding:
        return replace(one.passage, why=("not flagged: no phrase of a topic stands in the changed words",))
    names = {match.topic for match in deciding}
    topics = tuple(topic for topic in TOPICS if topic in names) + tuple(sorted(names - set(TOPICS)))
    evidence = _evidence(one, deciding)
    severity, because = _severity(one, topics)
    direction, wherefore = _direction(one)
    why = [f"{each.topic}: “{each.text}” ({each.side})" for each in evidence]
    return replace(
        one.passage,
        topics=topics,
        evidence=evidence,
        severity=severity,
        direction=direction,
        why=(*why, f"severity {severity}: {because}", f"direction {direction}: {wherefore}"),
    )


def _deciding(one: Seen) -> list[Found]:
    """Phrases that decide a topic and that the change touched; a suggestion counts where a second sign agrees."""
    text = {"before": one.passage.before or "", "after": one.passage.after or ""}

    def stays(match: Found) -> bool:
        """The same phrase stands on both sides: the change is beside it."""
        other = "before" if match.side == "after" else "after"
        words = text[match.side][match.start : match.end].casefold()
        return one.passage.operation == "reworded" and words in text[other].casefold()

    touched = [match for match in one.found if match.direct and match.tier != "words"]
    about_data = any(match.topic in _ABOUT_DATA for match in one.found if match.tier == "words")
    found = []
    for match in touched:
        section = match.topic in one.section
        if one.shape == "fragment" and not section:
            continue
        if match.tier == "decides" or section or (about_data and match.topic.startswith("ai_")):
            found.append(match)
    return [match for match in found if not stays(match)] or found


def _evidence(one: Seen, deciding: Sequence[Found]) -> tuple[Evidence, ...]:
    """For each topic the longest words, the later text's first; at most a handful."""
    text = {"before": one.passage.before or "", "after": one.passage.after or ""}
    best: dict[str, Found] = {}
    for match in sorted(deciding, key=lambda found: (found.side == "before", found.start - found.end)):
        best.setdefault(match.topic, match)
    chosen = sorted(best.values(), key=lambda found: (found.side == "before", found.start))[:_MOST_EVIDENCE]
    return tuple(Evidence(match.topic, text[match.side][match.start : match.end], match.side) for match in chosen)


def _says(one: Seen, name: str, side: str | None = None, *, direct: bool = True) -> bool:
    return any(
        match.topic == name and match.tier == "words" and side in (None, match.side) and (match.direct or not direct)
        for match in one.found
    )


def _severity(one: Seen, topics: Sequence[str]) -> tuple[Severity, str]:
    operation = one.passage.operation
    if one.shape == "fragment" or one.changed_words < 4:
        return "low", "a few words"
    if "ai_training" in topics and (operation != "reworded" or one.changed_words >= 8):
        return "high", "it is about training AI on what people give"
    if operation == "removed" and (_says(one, "safeguard", "before") or "user_choice" in topics):
        return "high", "a safeguard or a choice is gone"
    sold = "data_sharing" in topics and "advertising" in topics
    if operation == "added" and (sold or ("sensitive_minors" in topics and not _says(one, "safeguard"))):
        return "high", "data is shared for advertising, or sensitive data used"
    if operation in ("added", "removed") and not set(topics) <= _MINOR:
        return "medium", "a practice is new or gone"
    if one.changed_words >= 15 and not set(topics) <= _MINOR:
        return "medium", "a practice is described anew"
    return "low", "a detail"


def _direction(one: Seen) -> tuple[Direction, str]:
    guarded = _says(one, "safeguard") or _says(one, "narrower") or _says(one, "default_off")
    match one.passage.operation:
        case "added" if _says(one, "safeguard") and not _says(one, "default_on"):
            return "limits", "a safeguard is added"
        case "added" if guarded and _says(one, "wider"):
            return "mixed", "what is added both widens and narrows"
        case "added" if guarded:
            return "limits", "what is added narrows"
        case "added":
            return "expands", "a practice is added"
        case "removed":
            return ("expands", "a safeguard is gone") if guarded else ("limits", "a practice is gone")
    wider = _says(one, "wider", "after") - _says(one, "wider", "before")
    narrower = _says(one, "narrower", "after") - _says(one, "narrower", "before")
    if wider > narrower:
        return "expands", "the new words widen"
    if narrower > wider:
        return "limits", "the new words narrow"
    return "clarifies", "the same in other words"


def whole_severity(passages: Sequence[Passage]) -> Severity:
    """The gravest of the passages."""
    return max((passage.severity for passage in passages), key=SEVERITIES.index, default="none")


def whole_direction(passages: Sequence[Passage]) -> Direction:
    """What the gravest passages do; mixed where they disagree."""
    flagged = [passage for passage in passages if passage.topics]
    gravest = whole_severity(flagged)
    said = {passage.direction for passage in flagged if passage.severity == gravest}
    if len(said) > 1:
        said.discard("clarifies")
    if not said:
        return "none"
    return said.pop() if len(said) == 1 else "mixed"
