"""What can be seen of a change: the phrases in its words, and its shape. Signs are what a judgement rests on."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from analysis.blocks import Page
from analysis.change import TOPICS, Passage, Side
from analysis.topics import Lexicon, matches, section_topics
from analysis.wording import Sentence, Wording, sentence_bounds, sentence_key, wording
from analysis.words import words

_LEAST = 6  # words; less is a heading, a button or an entry of a menu
_FUNCTION = re.compile(
    r"\b(?:the|of|and|to|in|for|with|that|is|are|be|we|you|your|our|may|not|this|any|or|by|on|as|from|if|"
    r"le|la|les|des|du|de|et|à|vous|nous|vos|nos|votre|notre|que|qui|est|sont|pour|dans|par|ne|au|aux|"
    r"der|die|das|und|wir|sie|ihre|unsere|zu|für|mit|von|el|los|las|que|para|por|con|su|sus|en)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"[^\W\d_][\w ’'-]{2,30}\s?:\s\S")  # "Purpose: analytics"
_REMAINS = re.compile(r"!\[|\]\(|data:image/|<(?:div|img|a|span|script)\b")  # of a page's code
_CONSENT_DIALOG = re.compile(
    r"cookie.{0,200}\b(?:accept all|reject all|accept cookies|manage (?:cookies|preferences)|you can accept|only the strictly|tout accepter|"
    r"tout refuser|accepter tous|continuer sans accepter|alle akzeptieren|alle ablehnen|aceptar todas|rechazar todas)",
    re.IGNORECASE | re.DOTALL,
)
_UNFINISHED = re.compile(
    r"\b(?:of|the|or|and|to|any|with|our|your|for|de|des|du|la|le|les|et|ou|à|pour|avec|der|die|und|oder)$"
)
_GOOD_PART = 0.3
_RULE_FOR_READER = re.compile(
    r"\b(?:you|users?|customers?|members?|developers?|advertisers?|licensees?)\b[^.;]{0,40}?"
    r"\b(?:(?:may|must|shall|will|can|should)\s+not|agree(?:s)?\s+not|cannot|are prohibited|are not (?:allowed|permitted)|"
    r"(?:are|is) (?:solely )?responsible|must|shall|represent and warrant|agree to)\b|^\W*(?:do not|don['’]t|never|\w+ing)\b|"
    r"\b(?:vous|(?:l['’])?utilisateurs?|clients?)\b[^.;]{0,30}?\b(?:ne (?:devez|pouvez|doit|doivent|peut)|devez|doit|doivent|vous engagez|s['’]engage|"
    r"êtes (?:seul )?responsable|est (?:seul )?responsable)\b",
    re.IGNORECASE,
)
_AI = frozenset({"ai_training", "ai_features", "automated_decisions"})
_DATA = frozenset(
    {
        "data_collection",
        "data_use",
        "data_sharing",
        "tracking",
        "retention",
        "transfer",
        "user_rights",
        "sensitive_minors",
    }
)
_PRACTICES = _DATA | {"advertising", "user_choice", "security"}
_COMPANY = re.compile(
    r"\b(?:Inc|LLC|Ltd|Limited|GmbH|Corp|Corporation|Pty|B\.?V|N\.?V|S\.?A|S\.?A\.?S|SARL|S\.?à r\.l|AG|AB|ApS|Oy|PLC|S\.?p\.?A|S\.?L|Pte)\b"
)
_NEAR = 5  # blocks before and after
_SMALL = 12  # blocks; a page of less has no surroundings to speak of
_PROSE = 12  # words of a block that counts as prose
_PROSE_ANYWAY = 22  # also where it names no party
_BANNER = 300  # characters; what is longer above the title is an introduction
_SUBJECT = re.compile(
    r"polic|privacy|terms|notice|agreement|updat|effective|data|cookie|confidentialit|conditions|donnée|politique|mise à jour|"
    r"daten|nutzung|richtlinie|aktualis|datos|privacidad|términos|actualiz",
    re.IGNORECASE,
)
_ENOUGH_PROSE = 40  # words of prose in and around a block that is policy text
# sections of a policy that list things without a sentence: kinds of data, purposes, recipients, cookies
_LISTED = frozenset({"data_collection", "data_use", "data_sharing", "tracking", "retention", "sensitive_minors"})
_PARTIES = re.compile(
    r"\b(?:we|us|our|you|your|users?|customers?|members?|nous|notre|nos|vous|votre|vos|utilisateurs?|clients?|"
    r"wir|uns|unsere?|sie|ihre?n?|nosotros|nuestr[oa]s?|usted|sus?|tus?)\b",
    re.IGNORECASE,
)
_KINDS = (
    ("cookies", re.compile(r"cookie|tracker|tracking|traceur", re.IGNORECASE)),
    ("privacy", re.compile(r"privacy|confidentialit|vie privée|données|datenschutz|privacidad|protection of data|data protection", re.IGNORECASE)),
    ("developer", re.compile(r"developer|développeur|api\b|commercial|entwickler", re.IGNORECASE)),
    ("rules", re.compile(r"guideline|communit|acceptable use|standards|règles|conduct|policies", re.IGNORECASE)),
    ("terms", re.compile(r"terms|conditions|agreement|contrat|nutzungsbedingungen|condiciones|términos|service", re.IGNORECASE)),
)  # fmt: skip


class Found(NamedTuple):
    """A phrase in a changed sentence; offsets are of the passage's side. `direct`: changed words are part of it."""

    topic: str
    tier: str
    side: Side
    start: int
    end: int
    direct: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage and what was seen in it. `shape` is "text" (a sentence), "row" (of a table, or labelled),
    "entry" (of a list in a section about data) or "fragment" (a title, a label, an entry of a menu)."""

    passage: Passage
    wording: Wording
    shape: str
    changed_words: int
    cut: bool  # a sentence that ends in the middle on one side: text that was captured in part
    found: tuple[Found, ...] = ()
    section: frozenset[str] = frozenset()

    @property
    def real(self) -> bool:
        """Whether it is a change of the policy's wording, as far as the passage alone tells."""
        return bool(self.wording.sentences) and not self.cut


def look(passages: Sequence[Passage], before: Page, after: Page, language: str | None) -> tuple[Seen, ...]:
    """What stands in each passage of a change. Each is seen beside the others, for text moves between paragraphs."""
    around: dict[Side, Surroundings] = {"before": Surroundings(before), "after": Surroundings(after)}
    elsewhere: dict[Side, Counter[str]] = {"before": Counter(), "after": Counter()}
    keys: list[dict[Side, set[str]]] = []
    for passage in passages:
        own: dict[Side, set[str]] = {"before": _keys(passage.before), "after": _keys(passage.after)}
        keys.append(own)
        for side, found in own.items():
            elsewhere[side].update(found)
    return tuple(_seen(passage, elsewhere, around, language) for passage in passages)


def _keys(text: str | None) -> set[str]:
    return {sentence_key(text[start:end]) for start, end in sentence_bounds(text)} if text else set()


class Surroundings:
    """Tells whether a block stands amid the prose of a policy, or amid menus, teasers and lists of links."""

    def __init__(self, page: Page) -> None:
        self._texts = [block.text for block in page.blocks]
        self._title = next((n for n, block in enumerate(page.blocks) if block.kind == "heading"), 0)
        self._places = {text: place for place, text in reversed(tuple(enumerate(self._texts)))}

    def amid_prose(self, text: str) -> bool:
        place = self._places.get(text.split("\n")[0])
        if place is None or len(self._texts) < _SMALL:
            return True
        if place < self._title and len(text) < _BANNER and not _SUBJECT.search(text):
            return False
        near = (*self._texts[max(0, place - _NEAR) : place], *self._texts[place + 1 : place + 1 + _NEAR])
        prose = sum(_prose_words(other) for other in near)
        return prose + _prose_words(text) >= _ENOUGH_PROSE and prose > 0


@lru_cache(maxsize=4096)
def _prose_words(text: str) -> int:
    """The number of words of a block that speaks to somebody in sentences; 0 for any other."""
    count = text.count(" ") + 1
    speaks = count >= _PROSE_ANYWAY or (count >= _PROSE and _PARTIES.search(text))
    return count if speaks and is_sentence(text) else 0


def _seen(
    passage: Passage,
    elsewhere: Mapping[Side, Mapping[str, int]],
    around: Mapping[Side, Surroundings],
    language: str | None,
) -> Seen:
    changed = wording(passage, elsewhere["before"], elsewhere["after"])
    texts: dict[Side, str] = {"before": passage.before or "", "after": passage.after or ""}
    found: list[Found] = []
    count = 0
    for sentence in changed.sentences:
        count += sum(len(words(texts[sentence.side][start:end])) for start, end in sentence.spans)
        found += _found(texts[sentence.side], sentence, language)
    section = section_topics(passage.heading, language) if changed.sentences else frozenset()
    return Seen(
        passage,
        changed,
        _shape(changed, texts, section, around, passage),
        count,
        _cut_off(passage, changed),
        tuple(found),
        section,
    )


def _found(text: str, sentence: Sentence, language: str | None) -> list[Found]:
    said = text[sentence.start : sentence.end]
    for_reader = bool(_RULE_FOR_READER.search(said))
    found = []
    for match in matches(said, language):
        start, end = sentence.start + match.start, sentence.start + match.end
        # what readers must not do with data or content is no practice of the service
        tier = "suggests" if for_reader and match.tier == "decides" and match.topic in _PRACTICES else match.tier
        found.append(Found(match.topic, tier, sentence.side, start, end, _overlaps(sentence, start, end)))
    return found


def found_by(lexicon: Lexicon, seen: Seen) -> list[Found]:
    """The phrases of another lexicon in a passage's changed words: a user's own topics."""
    found = []
    for sentence in seen.wording.sentences:
        text = (seen.passage.before if sentence.side == "before" else seen.passage.after) or ""
        for match in lexicon.matches(text[sentence.start : sentence.end]):
            start, end = sentence.start + match.start, sentence.start + match.end
            if _overlaps(sentence, start, end):
                found.append(Found(match.topic, match.tier, sentence.side, start, end, True))
    return found


def _overlaps(sentence: Sentence, start: int, end: int) -> bool:
    """Whether a phrase is made of changed words for a good part, not only around them."""
    changed = sum(max(0, min(end, last) - max(start, first)) for first, last in sentence.spans)
    return changed >= _GOOD_PART * (end - start)


def _shape(
    changed: Wording,
    texts: Mapping[Side, str],
    section: frozenset[str],
    around: Mapping[Side, Surroundings],
    passage: Passage,
) -> str:
    side: Side = "after" if texts["after"] else "before"
    text = texts[side]
    if _REMAINS.search(text) or (not passage.heading and _CONSENT_DIALOG.search(text)):
        return "fragment"
    row = " | " in text or bool(_LABELLED.match(text))
    if not row and changed.sentences and not around[side].amid_prose(text):
        return "fragment"
    if any(is_sentence(texts[one.side][one.start : one.end]) for one in changed.sentences):
        return "text"
    if row:
        return "row"
    return "entry" if section & _LISTED else "fragment"


def is_sentence(text: str) -> bool:
    """Whether a text says something, rather than name it: a menu's entries, buttons and titles do not."""
    found = words(text)
    plain = [word.text for word in found if word.text[0].isalpha()]
    if len(plain) < _LEAST:
        return False
    small = sum(word[0].islower() for word in plain)
    return len(_FUNCTION.findall(text)) >= 0.12 * len(plain) and small >= 0.5 * len(plain)


def _cut_off(passage: Passage, changed: Wording) -> bool:
    """Whether one side only lacks the other's last words and stops in the middle of a sentence."""
    if not passage.before or not passage.after or len({sentence.side for sentence in changed.sentences}) != 1:
        return False
    shorter, longer = sorted((passage.before.rstrip(), passage.after.rstrip()), key=len)
    if not longer.startswith(shorter) or not shorter[-1].isalnum() or len(shorter) <= 30:
        return False
    return (longer[-1] in ".!?:;)" and longer[len(shorter)] == " ") or bool(_UNFINISHED.search(shorter))


def kind_of(document: str | None, page: Page) -> str:
    """What kind of document it is, by its title or what is known of it: privacy, cookies, terms, rules, developer, other."""
    for text in (document or "", page.title, *(block.text for block in page.blocks[:12] if block.kind == "heading")):
        for kind, pattern in _KINDS:
            if text and pattern.search(text):
                return kind
    return "other"


def signs(seen: Sequence[Seen], before: Page, after: Page, kind: str) -> dict[str, float]:
    """The signs of a whole change, each about 0 to 3; their names are those of the weights file."""
    found: dict[str, float] = defaultdict(float)
    found[f"kind.{kind}"] = 1.0
    real = [one for one in seen if one.real]
    _shape_signs(found, seen, real, before, after)
    counts: Counter[str] = Counter()
    for one in real:
        counts.update(_phrase_signs(one))
    for name, count in counts.items():
        found[name] = math.log1p(count)
    found.update(_claims(real))
    _told_together(found, real, kind)
    return dict(found)


def _told_together(found: dict[str, float], real: Sequence[Seen], kind: str) -> None:
    """Signs that say something only together: what a phrase means depends on the kind of document it stands in."""
    place = "policy" if kind in ("privacy", "cookies") else "rules" if kind in ("rules", "developer") else "terms"
    said = [one for one in real if one.shape != "fragment"]
    direct = {match.topic for one in said for match in one.found if match.direct and match.tier == "decides"}
    hints = {match.topic for one in said for match in one.found if match.direct and match.tier == "suggests"}
    frames = sum(_frames(one) for one in said)
    together = {
        "said": bool(said),
        "decided": bool(direct),
        "hinted": bool(hints),
        "ai": bool(direct & _AI),
        "data": bool(direct & _DATA),
        "several": len(direct) > 1,
        "many": len(direct) > 3,
        "frame": frames > 0,
        "frames": frames > 2,
        "notice": found.get("words.notice.after", 0) > 0,
        "company": any(_COMPANY.search(_changed_text(one)) for one in said),
        "nothing": bool(said) and not direct and not hints,
    }
    for name, holds in together.items():
        found[f"{place}.{name}"] = float(holds)
        found[f"any.{name}"] = float(holds)
    found["any.topics"] = float(len(direct)) / 3
    found["any.frame_count"] = math.log1p(frames)


def _frames(one: Seen) -> int:
    """The number of changed sentences that say what is done with people's data or content."""
    return sum(about and bool(acts & _DATA) for _, acts, about, _ in _sentences(one))


def _sentences(one: Seen) -> list[tuple[Sentence, frozenset[str], bool, frozenset[str]]]:
    """Each changed sentence with the topics that its changed words decide, whether it is about people's data or
    content, and the general words in it."""
    found = []
    for sentence in one.wording.sentences:
        within = [
            match for match in one.found if match.side == sentence.side and sentence.start <= match.start < sentence.end
        ]
        acts = frozenset(match.topic for match in within if match.tier == "decides" and match.direct)
        general = frozenset(match.topic for match in within if match.tier == "words")
        found.append((sentence, acts, bool(general & {"personal_data", "user_content"}), general))
    return found


def _claims(real: Sequence[Seen]) -> dict[str, float]:
    """What the change newly claims and no longer claims: something is done with data, promised not to, or left to choose."""
    counts: Counter[str] = Counter()
    for one in real:
        if one.shape == "fragment":
            continue
        own: Counter[str] = Counter()
        for sentence, acts, about, general in _sentences(one):
            sign = 1 if sentence.side == "after" else -1
            promise = "safeguard" in general and "negation" in general
            for name, holds in (
                ("promise", promise and about),
                ("train", "ai_training" in acts and about and not promise),
                ("share", "data_sharing" in acts and about and not promise),
                ("sensitive", "sensitive_minors" in acts and not promise),
                ("collect", "data_collection" in acts and about and not promise),
                ("use", "data_use" in acts and about and not promise),
                ("ads", bool(acts & {"advertising", "tracking"}) and not promise),
                ("ai", bool(acts & _AI) and not promise),
                ("choice", "user_choice" in acts),
                ("rights", "user_rights" in acts),
                ("delete", "retention" in acts),
                ("protect", bool(acts & {"security", "transfer"})),
                ("default_on", "default_on" in general),
                ("default_off", "default_off" in general),
                ("may", "permission" in general and bool(acts & _DATA)),
                ("exception", "exception" in general and about),
            ):
                own[name] += sign * holds
        for name, count in own.items():
            if count:
                counts[f"claim.{name}.{'new' if count > 0 else 'gone'}"] += abs(count)
    found = {name: math.log1p(count) for name, count in counts.items()}
    return found | {f"{name}.any": 1.0 for name in counts}


def _shape_signs(
    found: dict[str, float], seen: Sequence[Seen], real: Sequence[Seen], before: Page, after: Page
) -> None:
    for shape in ("text", "row", "entry", "fragment"):
        of_shape = [one for one in real if one.shape == shape]
        found[f"shape.{shape}"] = math.log1p(len(of_shape))
        found[f"shape.any_{shape}"] = float(bool(of_shape))
        found[f"shape.{shape}_words"] = math.log1p(sum(one.changed_words for one in of_shape)) / 2
    text = [one for one in real if one.shape == "text"]
    for operation in ("added", "removed", "reworded"):
        found[f"shape.{operation}"] = math.log1p(sum(one.passage.operation == operation for one in text))
    found["shape.share_text"] = len(text) / (len(real) + 1)
    sizes = [sum(len(block.text) for block in page.blocks) + 1 for page in (before, after)]
    found["shape.grown"] = max(-2.0, min(2.0, math.log(sizes[1] / sizes[0])))
    found["shape.shrunk_or_grown"] = abs(found["shape.grown"])
    changed = sum(one.changed_words for one in real)
    found["shape.share_changed"] = min(1.0, 6 * changed / max(sizes))
    found["shape.cut"] = float(any(one.cut for one in seen))
    found["shape.looks_only"] = float(any(not one.wording.sentences for one in seen))
    found["shape.moved"] = float(any(one.passage.operation == "moved" for one in seen))
    parties = sum(len(_PARTIES.findall(_changed_text(one))) for one in text)
    found["shape.parties"] = math.log1p(parties)
    found["shape.any_party"] = float(parties > 0)
    found["shape.under_heading"] = float(any(one.passage.heading for one in text))
    found["shape.deep"] = float(any(len(one.passage.heading) > 1 for one in text))
    longest = max((one.changed_words for one in text), default=0)
    found["shape.longest"] = math.log1p(longest) / 2
    found["shape.few_words"] = float(0 < changed <= 2)


def _changed_text(one: Seen) -> str:
    sides = {"before": one.passage.before or "", "after": one.passage.after or ""}
    return " ".join(
        sides[sentence.side][start:end] for sentence in one.wording.sentences for start, end in sentence.spans
    )


def _phrase_signs(one: Seen) -> Counter[str]:
    """How often each topic's phrases stand in the changed words of a passage, what of it is new and what is gone."""
    counts: Counter[str] = Counter()
    texts = {"before": one.passage.before or "", "after": one.passage.after or ""}
    sides: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: {"before": Counter(), "after": Counter()})
    for match in one.found:
        if match.tier == "words":
            if match.direct:
                counts[f"words.{match.topic}.{match.side}"] += 1
            else:
                counts[f"words.{match.topic}.beside"] += 1
            continue
        if match.direct:
            sides[f"{match.topic}.{match.tier}"][match.side][texts[match.side][match.start : match.end].casefold()] += 1
        elif match.tier == "decides":
            counts[f"{match.topic}.beside"] += 1
    for name, both in sides.items():
        counts[f"{name}.new"] += sum((both["after"] - both["before"]).values())
        counts[f"{name}.gone"] += sum((both["before"] - both["after"]).values())
        counts[f"{name}.any"] += sum(both["after"].values()) or sum(both["before"].values())
    for topic in one.section:
        if one.shape != "fragment":
            counts[f"{topic}.section"] += 1
    return counts


def strengths(found: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """For each topic what speaks for it, alone and beside the other topics; from the signs of a change."""
    totals = {
        name: sum(_count(found, f"{topic}.{name}") for topic in TOPICS)
        for name in ("decides.any", "suggests.any", "section")
    }
    topics_seen = sum(_count(found, f"{topic}.decides.any") > 0 for topic in TOPICS)
    changed = 2 * (found.get("shape.text_words", 0.0) + found.get("shape.row_words", 0.0))
    return {topic: _strength(found, topic, totals, topics_seen, changed) for topic in TOPICS}


def _strength(
    found: Mapping[str, float], topic: str, totals: Mapping[str, float], topics_seen: int, changed: float
) -> dict[str, float]:
    new, gone, direct = (_count(found, f"{topic}.decides.{what}") for what in ("new", "gone", "any"))
    hints, beside, section = (_count(found, f"{topic}.{what}") for what in ("suggests.any", "beside", "section"))
    return {
        "new": math.log1p(new),
        "gone": math.log1p(gone),
        "direct": math.log1p(direct),
        "hints": math.log1p(hints),
        "beside": math.log1p(beside),
        "section": math.log1p(section),
        "any_direct": float(direct > 0),
        "any_new": float(new > 0),
        "any_gone": float(gone > 0),
        "any_hint": float(hints > 0),
        "any_section": float(section > 0),
        "several": float(direct > 1),
        "direct_in_section": float(direct > 0 and section > 0),
        "share": direct / (totals["decides.any"] + 1),
        "share_with_hints": (direct + 0.3 * hints) / (totals["decides.any"] + 0.3 * totals["suggests.any"] + 1),
        "share_of_sections": section / (totals["section"] + 1),
        "dense": math.log1p(direct) - changed / 2,
        "direct_in_long": changed * (direct > 0),
        "direct_of_many": float(topics_seen if direct else 0),
        "topics_seen": float(topics_seen),
        "changed": changed,
    }


def _count(found: Mapping[str, float], name: str) -> float:
    return math.expm1(found.get(name, 0.0))
