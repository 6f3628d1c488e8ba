"""What the changed sentences of a change newly claim, and no longer claim: severity and direction rest on it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from analysis.change import Side
from analysis.judging.entered import done_more, favours_more, rights_more
from analysis.judging.found import AI, is_duty_of_reader, is_whole_name
from analysis.judging.gist import GIST, LEANS, WEIGHTIEST, is_of_security, only_explains, said_by
from analysis.judging.grave import RULES
from analysis.judging.kinds import part_of
from analysis.judging.seen import Heard, Seen
from analysis.judging.taken_back import TakenBack
from analysis.text.looks import pattern
from analysis.text.topics import matches

# what may be done with people's data or content
PRACTICES = (
    "train",
    "share",
    "sensitive",
    "collect",
    "use",
    "advertise",
    "track",
    "ai",
    "decide",
    "recipient",
    "transfer",
    "keep",
)
FAVOURS = ("promise", "choice", "rights", "secure", "consent")  # what protects people
_GRAVE = {"share": 1.0, "use": 1.0, "sensitive": 1.0, "default_on": 1.0, "choice": 0.5}
_NEWLY = ("share", "collect", "use", "train", "sensitive", "delete", "ads")
_LONG = 2.5  # of the sign "shape.text_words": some 150 words
_NAMES_AI = AI - {"automated_decisions"}  # which may be made without
_OF_PEOPLE = frozenset(("personal_data", "user_content", "yours"))
_HANDED_ON = frozenset(("handed_on", "sold"))
_NOT_DONE = frozenset(("negation", "promise", "forbidden", "ended", "pointer", "exception"))
_LIKELY, _POSSIBLE = 0.5, 0.3  # chances
_PART, _RATHER, _PLAINLY = 0.35, 0.4, 0.8  # chances, of the words that changed and of all
_PROTECTS = -0.3  # from here down the balance is on people's side
_EVEN = 20  # characters of the change that make no side the longer one

_Sentences = Sequence[tuple[Heard, frozenset[str]]]  # of a place, each with what it claims


def claims(seen: Sequence[Seen], found: Mapping[str, float], back: TakenBack) -> dict[str, float]:
    """The signs that severity and direction rest on, beside those `found` and what the change takes back;
    docs/judging.md has their names."""
    said = [one for one in seen if one.is_wording]
    new, gone = _net(map(_claimed, said))
    newly = sum(new[practice] > 0 for practice in PRACTICES)
    withdrawn = sum(gone[practice] > 0 for practice in PRACTICES)
    favours = sum(new[favour] > 0 for favour in FAVOURS)
    lost = sum(gone[favour] > 0 for favour in FAVOURS)
    words = sum(one.changed_words for one in said)
    grave = sum(weight * found.get(f"claim.{name}.new", 0.0) for name, weight in _GRAVE.items())
    rules = found.get("kind.rules", 0.0)
    promised = found.get(f"{GIST}only_spares", 0.0) > 0 or (new["promise"] and not new["train"])
    forbidden = found.get("claim.train_forbidden.new", 0.0) > 0
    no_news = back.spared | back.narrowed  # of what is done, but of what people may do about it
    spared = not any(
        "ai_training" in heard.acts and "lost" not in heard.general
        for one in said
        if one not in no_news
        for heard in one.heard
    )
    recipients = _named_more(said, "data_sharing") + _other_kinds(said)
    training = found.get("claim.train.new", 0.0) > 0 and not rules and not promised and not spared
    listed, shares = done_more(said), sum(map(_shares, said))
    right_lost = not back.rights.isdisjoint(said) or rights_more(said) < 0
    told = {
        "practices": newly / 3,
        "practice": newly > 0,
        "two_practices": newly > 1,
        "withdrawn": withdrawn > 1,
        "nothing": not (newly or withdrawn or favours or lost),
        "only_favours": favours > 0 and not newly,
        "new_choice": new["choice"] > 0,
        "rights_gone": found.get("claim.rights.gone", 0.0) > 0 or right_lost,
        "adds": not back.adds.isdisjoint(said),
        "drops": not back.drops.isdisjoint(said),
        "right_lost": right_lost,
        "training": training,
        "training_phrases": 0.0
        if rules or forbidden or found.get(f"{GIST}only_spares")
        else found.get("ai_training.decides.any", 0.0),
        "near_default_on": found.get("claim.default_on.new", 0.0) > 0 or found.get("words.default_on.beside", 0.0) > 0,
        "choice_phrases": min(2.0, found.get("user_choice.decides.any", 0.0)),
        "grave": grave / 4,
        "quiet": _quiet(found),
        "words": math.log1p(words) / 2,
        "words_about": math.log1p(sum(one.changed_words for one in said if one.decided)) / 2,
        "over_25_words": words >= 25,
        "sentences_gone": gone["sentence"] > 0,
        "grown": _grown(said),
        "of_ai": _speaks_of_ai(said),
        "rules_on_ai": any(map(_rules_on_ai, said)),
        "rules": rules,
        "law_named": _named_more(said, "user_rights") > 0,
        "recipient_named": recipients > 0,
        "recipient_gone": recipients < 0,
        "shares_anew": shares > 0,
        "shares_less": shares < 0,
        "sent_further": any(map(_sent_further, said)),
        "less": not back.practices.isdisjoint(said),
        "spared": not back.spared.isdisjoint(said),
        "waits": not back.waits.isdisjoint(said),
        "ended": not back.ended.isdisjoint(said),
        "loosened": not back.loosened.isdisjoint(said),
        "plainly_new": not (back.anew - back.spared).isdisjoint(said),
        "ticked": any(one.ticked for one in said),
        "retimed": not back.retimed.isdisjoint(said),
        "longer": not back.longer.isdisjoint(said),
        "lists_more": listed > 0,
        "lists_less": listed < 0,
        "favour_lost": favours_more(said) < 0,
        "torn": _only_torn(said),
        "only_gone": back.only_gone,
        "only_again": back.only_again,
        "promise_lost": not back.promises.isdisjoint(said),
        "decides_anew": any(map(_decides_anew, said)),
        "does_more": any(_does_more(one, anew=one in back.anew) for one in said),
    } | {name: found.get(f"{GIST}{name}", 0.0) for name in (*LEANS, WEIGHTIEST, *RULES)}
    told["protected"] = not (newly or rules) and bool(new["promise"] or new["choice"]) and told["balance"] < _PROTECTS
    of_models = any("ai_training" in heard.acts for one in said for heard in one.heard)  # asked for by itself
    told["weighs"] = bool(told["plainly_new"]) and told[WEIGHTIEST] >= _PLAINLY and not of_models
    told["consent_gone"] = told["consent_gone"] or not back.unasked.isdisjoint(said)
    return {f"told.{name}": float(value) for name, value in told.items()}


def _only_torn(said: Sequence[Seen]) -> float:
    """1 where all that came only ends a sentence that broke off before, -1 where all that went does: no news."""
    whole = {sentence.side for one in said if not one.torn for sentence in one.wording.sentences}
    torn = {sentence.side for one in said if one.torn for sentence in one.wording.sentences} - whole
    return float(("after" in torn) - ("before" in torn))


def _came(one: Seen) -> Iterator[Heard]:
    """The whole sentences that came."""
    return (heard for heard in one.heard if heard.sentence.whole and heard.sentence.side == "after")


def _speaks_of_ai(said: Sequence[Seen]) -> bool:
    """Whether a whole sentence that came is about AI, or its training with what is people's: seldom a detail."""
    return any(
        ("ai_training" not in heard.acts or not (_OF_PEOPLE | {"negation"}).isdisjoint(heard.general))
        and not _NAMES_AI.isdisjoint(heard.acts)
        for one in said
        for heard in _came(one)
    )


@lru_cache(maxsize=512)
def _rules_on_ai(one: Seen) -> bool:
    """Whether a whole sentence came by which readers of rules must not do something with AI, or must do it in a way,
    where the rules said nothing of AI."""
    if part_of(one.kind, one.passage.heading) != "rules":
        return False
    came = any(
        not AI.isdisjoint(heard.acts)
        and ("forbidden" in heard.general or said_by(one, heard.sentence)["conduct"] >= _LIKELY)
        for heard in _came(one)
    )
    return came and AI.isdisjoint(found.topic for found in matches(one.passage.before or "", one.language))


@lru_cache(maxsize=512)
def _decides_anew(one: Seen) -> bool:
    """Whether a sentence of a policy newly says that machines decide on people: no right to object makes it better."""
    if one.kind != "privacy":
        return False
    return any(_decides(one, heard) for heard in _came(one)) or (
        any(not heard.sentence.whole and "automated_decisions" in heard.acts for heard in one.heard)
        and _decided_by_people(one)
    )


@lru_cache(maxsize=512)
def _does_more(one: Seen, *, anew: bool) -> bool:
    """Whether words that came plainly do more with data, be they few; what is people's when models train is asked
    elsewhere."""
    if one.kind not in ("privacy", "cookies") or one.shape != "text" or one.torn:
        return False
    for heard in one.heard:
        if heard.sentence.side == "after" and not only_explains(one, heard.sentence):
            changed = said_by(one, heard.sentence)
            whole = one.says(one.text_of(heard.sentence))
            plain = min(whole["expands"], whole["medium"]) >= _PLAINLY and whole["ai_training"] < _LIKELY
            looked_at = "people_read" in heard.changed and "promise" not in heard.general
            more = changed["expands"] >= _PART and plain and (anew or not heard.sentence.whole)
            if more or (looked_at and whole["practice"] >= _LIKELY):
                return True
    return False


def _decides(one: Seen, heard: Heard) -> bool:
    chances = said_by(one, heard.sentence)
    decides = "automated_decisions" in heard.acts or chances["automated_decisions"] >= _LIKELY
    other = max(chances[aspect] for aspect in ("protection", "user_rights", "conduct"))
    only_named = not {"promise", "pointer"}.isdisjoint(heard.general) or chances["practice"] < _POSSIBLE
    return decides and not only_named and chances["worth"] >= _LIKELY > other


def _decided_by_people(one: Seen) -> bool:
    """Whether nothing of machines was said, and something was done."""
    was = one.passage.before or ""
    if not AI.isdisjoint(found.topic for found in matches(was, one.language)):
        return False
    return one.says(was)["practice"] >= _LIKELY


def _named_more(said: Sequence[Seen], topic: str) -> int:
    """How many more entries that name a law that gives rights, or a company that gets data, came than went."""
    more = 0
    for one in said:
        if one.named and one.shape in ("entry", "row") and any(each.topic == topic for each in one.found):
            more += {"added": 1, "removed": -1}.get(one.passage.operation, 0)
        elif topic == "data_sharing":
            more += sum(1 if each.side == "after" else -1 for each in one.recipients)
    return more


def _other_kinds(said: Sequence[Seen]) -> int:
    """How many more kinds of others get data; of one that went, the same may be called otherwise."""
    more = sum(map(_other_parties, said))
    return more if more > 0 or more < -1 else 0


@lru_cache(maxsize=512)
def _other_parties(one: Seen) -> int:
    """How many more kinds of others a sentence that stayed names now to which data goes."""
    more = 0
    for heard in one.heard:
        sentence, text = heard.sentence, one.passage.texts[heard.sentence.side]
        spans = () if sentence.whole else sentence.spans
        named = {kind for start, end in spans for kind in _kinds(text[start:end])}
        if named and one.says(one.text_of(sentence))["data_sharing"] >= _RATHER:
            other: Side = "before" if sentence.side == "after" else "after"
            more += len(named - _kinds(one.passage.texts[other])) * (1 if sentence.side == "after" else -1)
    return more


@lru_cache(maxsize=512)
def _shares(one: Seen) -> int:
    """How many more whole sentences of a policy say that people's data goes to others."""
    if part_of(one.kind, one.passage.heading) != "policy":
        return 0
    return sum(
        1 if heard.sentence.side == "after" else -1
        for heard in one.heard
        if heard.sentence.whole or "sold" in heard.changed
        if not _HANDED_ON.isdisjoint(heard.changed) and "data_sharing" in heard.acts
        if not _OF_PEOPLE.isdisjoint(heard.general) and _NOT_DONE.isdisjoint(heard.general)
        if "sold" in heard.changed or one.says(one.text_of(heard.sentence))["practice"] >= _LIKELY
    )


@lru_cache(maxsize=512)
def _sent_further(one: Seen) -> bool:
    """Whether a sentence that stayed names one more country to which data goes or in which it is kept."""
    more = 0
    for heard in one.heard:
        sentence = heard.sentence
        text = one.passage.texts[sentence.side]
        goes = "transfer" in heard.acts and one.says(one.text_of(sentence))["practice"] >= _LIKELY
        if goes and not sentence.whole:
            named = sum(is_whole_name(text, start, end) for start, end in sentence.spans)
            more += named if sentence.side == "after" else -named
    return more > 0


def _kinds(text: str) -> set[str]:
    return {found.group().casefold().rstrip("s") for found in pattern("third_party").finditer(text)}


def _quiet(found: Mapping[str, float]) -> bool:
    """Whether a short change says nothing new of people's data."""
    newly = any(found.get(f"claim.{name}.new") for name in _NEWLY)
    return not (newly or found.get("shape.text_words", 0.0) >= _LONG)


def _grown(said: Sequence[Seen]) -> float:
    """How much longer the changed words became."""
    length = {"before": _EVEN, "after": _EVEN}
    for one in said:
        for sentence in one.wording.sentences:
            length[sentence.side] += sum(end - start for start, end in sentence.spans)
    return max(0.0, math.log(length["after"] / length["before"])) / 2


def _net(places: Iterable[_Sentences]) -> tuple[Counter[str], Counter[str]]:
    """How many more sentences of each place now make a claim than did before, and how many fewer."""
    new: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for sentences in places:
        own: defaultdict[str, int] = defaultdict(int)
        for heard, claimed in sentences:
            for name in claimed:
                own[name] += 1 if heard.sentence.side == "after" else -1
        for name, count in own.items():
            if count > 0:
                new[name] += count
            else:
                gone[name] -= count
    return new, gone


@lru_cache(maxsize=512)
def _claimed(one: Seen) -> _Sentences:
    return tuple((heard, _claimed_by(one, heard)) for heard in one.heard)


def _claimed_by(one: Seen, heard: Heard) -> frozenset[str]:
    """What a changed sentence claims. One that only points elsewhere, explains, tells readers their duties or says what
    others are not allowed claims nothing, and one that plainly protects no practice."""
    sentence, acts, near, changed = heard
    if one.kind in ("privacy", "cookies") and only_explains(one, sentence):
        return frozenset()  # in terms what a word means says how far a licence or a rule goes
    says = one.says(one.text_of(sentence))
    if is_of_security(says):
        return frozenset({"secure"} | ({"promise"} & near))
    protects = says["practice"] < _POSSIBLE and min(says["protection"], says["limits"]) >= _PLAINLY
    if protects and max(says["user_rights"], says["user_choice"]) < _LIKELY:
        return frozenset({"promise"})
    handed_on = "handed_on" in near and bool({"data_sharing", "handed_on"} & (acts | changed))
    if ("pointer" in near and "handed_on" not in changed) or is_duty_of_reader(one.text_of(sentence)):
        return frozenset()
    if "forbidden" in near and "handed_on" not in near and says["practice"] < _LIKELY:
        return frozenset()
    about = bool(near & {"personal_data", "user_content", "handed_on"})
    plain = sentence.whole and min(says["practice"], says["worth"]) >= _PLAINLY
    if "promise" in near and (about or "promise" in changed or sentence.whole):
        return frozenset({"promise"} if acts or "promise" in changed or sentence.whole else ())
    holds = {
        "train": "ai_training" in acts and (about or "yours" in near),
        "share": handed_on,
        "sensitive": "sensitive_minors" in acts and (about or plain),
        "collect": "data_collection" in acts and about,
        "use": "data_use" in acts and about,
        "advertise": "advertising" in acts,
        "track": "tracking" in acts,
        "ai": "ai_features" in acts,
        "decide": "automated_decisions" in acts,
        "recipient": "data_sharing" in acts and not handed_on,
        "transfer": "transfer" in acts,
        "keep": "retention" in acts,
        "choice": "user_choice" in acts,
        "rights": "user_rights" in acts,
        "secure": "security" in acts,
        "consent": "default_off" in changed,
    }
    claimed = {name for name, held in holds.items() if held}
    if sentence.whole and claimed & set(PRACTICES):
        claimed.add("sentence")
    return frozenset(claimed)
