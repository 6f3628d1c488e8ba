"""What a change that is told is about, how severe it is, and in whose favour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict

from analysis.change import SEVERITIES, TOPICS, Direction, Severity
from analysis.judging.claims import claims
from analysis.judging.grave import LOST, RULES
from analysis.judging.seen import Seen
from analysis.judging.signs import strengths
from analysis.judging.taken_back import TakenBack
from analysis.judging.weighing import Weighing, read
from reasons import Reason, known, listed

# signs of a topic that weigh for each topic in its own way
_OWN = frozenset(
    (
        "new",
        "gone",
        "direct",
        "hints",
        "beside",
        "section",
        "any_direct",
        "share",
        "only_beside",
        "said_sum",
        "said_share",
    )
)
_ONLY_RIGHTS = ("user_rights",)
_GRAVER = {"expands": 0.05}  # of two answers that are as good as equal the graver one is told
# a grave rule speaks against people
_WITH_GRAVE: dict[Direction, Direction] = {"clarifies": "expands", "limits": "mixed"}
_UNASKED = frozenset(("consent_gone", "turned_on"))
_EVEN, _LEANS, _PLAINLY, _FAR = 0.05, 0.2, 0.3, 0.6  # of the balance
# claims by which a change does more than clarify
_MORE: dict[str, tuple[Direction, str]] = {
    "recipient_named": ("expands", "weight.recipient_named"),
    "sent_further": ("expands", "weight.sent_further"),
    "recipient_gone": ("limits", "weight.less"),
    "law_named": ("limits", "weight.law_named"),
    "promise_lost": ("expands", "weight.promise_gone"),
    "longer": ("expands", "weight.kept_longer"),
    "right_lost": ("expands", "weight.right_lost"),
    "loosened": ("expands", "weight.condition_gone"),
    "decides_anew": ("expands", "weight.decides_anew"),
    "rules_on_ai": ("limits", "weight.rules_on_ai"),
    "does_more": ("expands", "weight.does_more"),
    "adds": ("expands", "weight.does_more"),
    "drops": ("limits", "weight.less"),
    "lists_more": ("expands", "weight.does_more"),
    "favour_lost": ("expands", "weight.promise_gone"),
    "lists_less": ("limits", "weight.less"),
    "shares_less": ("limits", "weight.less"),
}
# and those by which it is more than a detail
_NO_DETAIL = {
    "retimed": "weight.retimed",
    "ticked": "weight.ticked",
    "rules_on_ai": "weight.rules_on_ai",
    "waits": "weight.spared",
    "ended": "weight.less",
    "loosened": "weight.condition_gone",
    "right_lost": "weight.right_lost",
    "recipient_named": "weight.recipient_named",
    "decides_anew": "weight.decides_anew",
    "sent_further": "weight.sent_further",
    "does_more": "weight.does_more",
    "adds": "weight.does_more",
    "weighs": "weight.does_more",
    "protected": "weight.protects",
    "recipient_gone": "weight.less",
    "lists_more": "weight.does_more",
    "favour_lost": "weight.promise_gone",
    "shares_anew": "weight.recipient_named",
}
# and those by which people have less, however well it reads
_LOSES = {"longer": "weight.kept_longer", "right_lost": "weight.right_lost"}
_SOME = 0.2  # share of what came that does more with data
_SHORT = 2.6  # of the claim "words": some 180
_GONE = 0.25  # share of what does more with data in a change by which nothing comes
# what to name where no rule makes a change high but its claims together do, by the claim that weighs
BY_WEIGHT = {
    "grave": "much_shared_or_used",
    "practices": "new_practices",
    "training_phrases": "speaks_of_training",
    "near_default_on": "speaks_of_default",
    "choice_phrases": "speaks_of_choices",
}


class Weights(BaseModel):
    """The file `weights/meaning.toml`.

    `severity` asks "is it medium at least?" and "is it high?"; `direction` has a weighing for each answer, of which the
    highest sum wins.
    """

    model_config = ConfigDict(extra="forbid")
    topic: Weighing
    severity: dict[Literal["medium", "high"], Weighing]
    direction: dict[str, Weighing]


@cache
def weights() -> Weights:
    return Weights.model_validate(read("meaning"))


@cache
def _of_topic(topic: str) -> Weighing:
    """The weighing of a topic: of the signs that have a weight for each, its own."""
    every = weights().topic
    own = {sign: weight for sign, weight in every.weights.items() if sign.partition(".")[0] in (topic, sign)}
    return every.model_copy(update={"weights": own})


def topics_of(found: Mapping[str, float]) -> tuple[str, ...]:
    """The topics that the change is about; where none is sure, the likeliest that it has words for."""
    chances = {topic: _of_topic(topic).probability(topic_signs(topic, one)) for topic, one in strengths(found).items()}
    told = [topic for topic in TOPICS if chances[topic] >= weights().topic.threshold and _has_words(found, topic)]
    likeliest = [topic for topic in sorted(TOPICS, key=lambda topic: -chances[topic]) if _has_words(found, topic)]
    if not told and found.get("words.notice.after"):
        return ("data_use",)  # a notice of a coming policy names no topic, yet is about what is done with data
    return tuple(told or likeliest[:1])


def topic_signs(topic: str, strength: Mapping[str, float]) -> dict[str, float]:
    """What speaks for a topic: by signs that weigh the same for all topics, and by some that have a weight for each."""
    own = [sign for sign in strength if sign in _OWN or sign.startswith("kind.")]
    return {
        **{sign: value for sign, value in strength.items() if not sign.startswith("kind.")},
        f"{topic}.bias": 1.0,
        **{f"{topic}.{sign}": strength[sign] for sign in own},
    }


def _has_words(found: Mapping[str, float], topic: str) -> bool:
    """Whether changed words say it, or stand in a section that is about it."""
    return any(found.get(f"{topic}.{sign}", 0.0) > 0 for sign in ("decides.any", "suggests.any", "section"))


def severity_of(told: Mapping[str, float], topics: Sequence[str]) -> tuple[Severity, tuple[str, ...], Reason]:
    """How much a change about `topics` weighs for a reader, which of `grave.RULES` say so, and why; by the signs of
    `claims`."""
    because = _rules(told)
    if because:
        return "high", because, _ruled(because)
    if told["told.only_again"]:
        return "low", (), Reason("weight.said_again")
    high, medium = weights().severity["high"], weights().severity["medium"]
    if high.holds(told):
        weighed = high.reasons(told, yes=True)
        named = tuple(BY_WEIGHT[claim] for claim in _claims_in(weighed) if claim in BY_WEIGHT)
        return "high", named, _weighed(weighed)
    if _is_of_rights_only(told, topics):
        return "low", (), Reason("weight.only_rights")
    if medium.holds(told):
        return "medium", (), _weighed(medium.reasons(told, yes=True))
    if why := next((why for claim, why in _NO_DETAIL.items() if told[f"told.{claim}"]), None):
        return "medium", (), Reason(why)
    return "low", (), _weighed(medium.reasons(told, yes=False))


def _is_of_rights_only(told: Mapping[str, float], topics: Sequence[str]) -> bool:
    """Whether all it says is what people may ask for, and where to complain, and no less than before."""
    return tuple(topics) == _ONLY_RIGHTS and not told["told.rights_gone"]


def _rules(told: Mapping[str, float]) -> tuple[str, ...]:
    """Those of `grave.RULES` that hold; training is told by phrases, too, whatever words weigh."""
    trains = "trains_anew" if told["told.training"] else None
    return tuple(name for name in RULES if told[f"told.{name}"] or name == trains)


def _ruled(rules: Iterable[str]) -> Reason:
    """The rules of `grave.RULES` that say so."""
    return listed("list.rules", (Reason(f"rule.{name}") for name in rules))


def _weighed(reasons: str, otherwise: str = "weight.little_new") -> Reason:
    """The claims that weighed, as a reader understands them; `otherwise` for those that are not put into words."""
    codes = (f"claim.{name}" for name in _claims_in(reasons))
    return listed("list.words", (Reason(code if known(code) else otherwise) for code in codes))


def _claims_in(reasons: str) -> list[str]:
    return [name.removeprefix("told.") for name in reasons.split(", ")]


def direction_of(told: Mapping[str, float], topics: Sequence[str]) -> tuple[Direction, Reason]:
    """In whose favour a change about `topics` is, and why; by the signs of `claims`."""
    weighings = weights().direction
    sums = {answer: weighing.sum(told) + _GRAVER.get(answer, 0.0) for answer, weighing in weighings.items()}
    likeliest = cast(Direction, max(sums, key=lambda answer: (sums[answer], answer)))
    rules = _rules(told)
    if (
        likeliest == "mixed"
        and not _UNASKED.isdisjoint(rules)
        and not (told["told.less"] or told["told.over_25_words"])
    ):
        return "expands", _ruled(rules)  # that people may refuse what they were asked for is no gain
    if rules and likeliest in _WITH_GRAVE:
        only_lost = LOST.issuperset(rules) and not told["told.less"]
        return "expands" if only_lost else _WITH_GRAVE[likeliest], _ruled(rules)
    if told["told.only_again"] and not rules:
        return "clarifies", Reason("weight.said_again")
    if likeliest == "expands" and _is_of_rights_only(told, topics):
        return "clarifies", Reason("weight.only_rights")
    turned = _turned(likeliest, told)
    if turned:
        # what a rule calls grave is never only less
        return _WITH_GRAVE.get(turned[0], turned[0]) if rules else turned[0], Reason(turned[1])
    weighed = weighings[likeliest].reasons(told, yes=True)
    # that a place is quiet is why it weighs little; in whose favour it is it does not say
    leaning = ", ".join(sign for sign in weighed.split(", ") if sign != "told.quiet")
    return likeliest, _weighed(leaning, "weight.like_most")


def explains(told: Mapping[str, float]) -> bool:
    """Whether sentences that explain came, and weigh for `clarifies`, and none that does something new."""
    if told["told.practices"]:
        return False
    return "told.clarifies_new" in weights().direction["clarifies"].reasons(told, yes=True).split(", ")


def _turned(likeliest: Direction, told: Mapping[str, float]) -> tuple[Direction, str] | None:
    """What the words as a whole don't show: that something is taken back, or that they protect more than they take."""
    grave = any(told[f"told.{name}"] for name in RULES)
    torn = told["told.torn"]
    less_elsewhere = torn > 0 and told["told.less"]
    if torn and likeliest in ("clarifies", "expands" if torn > 0 else "limits") and not (grave or less_elsewhere):
        return "clarifies", "weight.torn"
    more = told["told.plainly_new"] or told["told.promise_lost"] or told["told.longer"] or told["told.loosened"]
    long = told["told.words"] >= _SHORT
    if told["told.spared"] and not (grave or more) and not (long and likeliest == "mixed"):
        return "limits", "weight.spared"
    if told["told.less"] and (lesser := _with_less(likeliest, told, grave=grave)):
        return lesser, "weight.less"
    if likeliest == "mixed" and not (grave or more) and _mostly_protects(told):
        return "limits", "weight.protects"
    if likeliest == "mixed" and not (grave or told["told.less"]) and _mostly_explains(told):
        return "clarifies", "claim.clarifies_new"
    lost = next((why for claim, why in _LOSES.items() if told[f"told.{claim}"]), None)
    alone = not (told["told.over_25_words"] or told["told.less"])  # that is all it says
    if likeliest == "mixed" and lost and not told["told.less"] and (alone or told["told.balance"] > _EVEN):
        return "expands", lost
    if likeliest == "limits" and lost:
        return ("expands" if alone or told["told.practices"] else "mixed"), lost
    newly = ("plainly_new", "decides_anew", "adds", "recipient_named")
    if likeliest == "limits" and any(told[f"told.{name}"] for name in newly):
        return "mixed", "weight.also_new"
    if likeliest == "clarifies":
        return _more_than_clear(told)
    plain = grave or told["told.plainly_new"] or (lost and alone)
    if likeliest == "expands" and not plain and told["told.balance"] < -_EVEN:
        both = told["told.balance"] >= -_PLAINLY or told["told.adds"] or told["told.does_more"]
        return ("mixed" if both else "limits"), "weight.protects"
    return None


def _with_less(likeliest: Direction, told: Mapping[str, float], *, grave: bool) -> Direction | None:
    """Where something is taken back."""
    leans = told["told.balance"] > -_PLAINLY and not told["told.only_favours"]
    more = bool(told["told.practices"] or told["told.promise_lost"]) or leans
    if likeliest == "expands" and not grave:
        return "mixed" if more or not told["told.only_favours"] else "limits"
    if likeliest == "clarifies":
        both = told["told.longer"] or told["told.expands_new"] >= _SOME
        return "mixed" if both else "limits"
    return "limits" if likeliest == "mixed" and not more else None


def _more_than_clear(told: Mapping[str, float]) -> tuple[Direction, str] | None:
    if told["told.balance"] > _FAR:
        return "expands", "weight.does_more"
    less = told["told.only_gone"] and not told["told.loosened"]
    if less and told["told.expands_gone"] >= _GONE and told["told.balance"] < -_GONE:
        return "limits", "weight.less"
    return next(((direction, why) for claim, (direction, why) in _MORE.items() if told[f"told.{claim}"]), None)


def _mostly_protects(told: Mapping[str, float]) -> bool:
    """Whether a short change in which nothing plainly new is done protects people on balance."""
    more = told["told.recipient_named"] or told["told.two_practices"]
    return told["told.words"] < _SHORT and not more and told["told.balance"] < -_LEANS


def _mostly_explains(told: Mapping[str, float]) -> bool:
    """Whether a short change has neither much more nor much less to be mixed of."""
    others = (told[f"told.{name}"] for name in ("expands_new", "expands_gone", "limits_new", "limits_gone"))
    plain = told["told.plainly_new"] or told["told.promise_lost"] or told["told.longer"]
    short = told["told.words"] < _SHORT and told["told.limits_gone"] < _SOME
    return short and not plain and told["told.clarifies_new"] > max(others)


def of_passage(
    one: Seen, found: Mapping[str, float], back: TakenBack, most: Severity, topics: Sequence[str]
) -> tuple[Severity, Direction, tuple[Reason, ...]]:
    """Severity and direction of one place by its own signs, and why; it never weighs more than the whole change."""
    told = claims((one,), found, back)
    severity, _, why = severity_of(told, topics)
    direction, leaning = direction_of(told, topics)
    least = min(severity, most, key=SEVERITIES.index)
    weighs = why if least == severity else Reason("weight.as_whole")
    return least, direction, why_so(least, weighs, direction, leaning)


def why_so(severity: Severity, weighs: Reason, direction: Direction, leaning: Reason) -> tuple[Reason, ...]:
    """What `--why` says of severity and direction."""
    return (
        Reason("why.severity", severity=Reason(f"severity.{severity}"), reason=weighs),
        Reason("why.direction", direction=Reason(f"direction.{direction}"), reason=leaning),
    )
