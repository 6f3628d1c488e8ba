"""The tagger of the summary (analysis/classify/tagger.npz): trained, and scored on services that it has not seen.

Its networks learn from the labelled passages (`says`) and summaries; its limits are tuned on summaries of services that
a network did not learn from, as the program makes them: passages weighed by their chance to alert.
"""

from __future__ import annotations

import collections
import itertools
import random
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import svds

from analysis.classify.features import PassageFeatures
from analysis.classify.model import Model
from analysis.classify.summary import Limits, Tagged, changed_text, default, marked, pick, summarize, tag
from analysis.classify.tagger import Tagger, phrases, unpacked
from analysis.diff.wording import ChangedSentence, wording
from analysis.model import QUESTIONS, TOPICS, Page, Passage, Side
from evaluation.labels import Row, annotated, features_of, folds, language_of, pages_of, passage_of, read_rows
from evaluation.summary_network import Array, Example, fit, packed
from evaluation.training import feature_matrix, fit_logistic, train

VOCABULARY, ENDINGS = 4000, 500
WIDTH = 32  # numbers for a word
REACH = 3  # words around one that tell what it means
NEGATIVES = 900  # passages without an alert that are learnt from; all would only cost time
OFTEN = (1, 1, 1, 1, 2, 6, 2)  # how often an excerpt is learnt from that answers the question
PHRASES = 400  # kept for each default
FOLDS, SEED = 5, 3
GRID = {
    "word": (0.06, 0.1, 0.15, 0.2, 0.25),
    "first": (0.06, 0.08, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4),
    "more": (0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
}
DEFAULT_GRID = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass
class Document:
    """A labelled change: its passages with their changed sentences, and where the labelled words stand."""

    id: str
    service: str
    language: str | None
    passages: Sequence[Passage]
    changed: Sequence[Sequence[ChangedSentence]]
    default: str | None
    label: Row | None = None  # of a summary
    pages: tuple[Page, Page] | None = None
    features: Sequence[PassageFeatures] = ()
    answers: list[tuple[int, int, Side, int, int]] = field(default_factory=list)  # question, place, side, start, end
    sides: tuple[Side, ...] = ("after", "before")


def documents(places: Sequence[Row], changes: Sequence[Row], labels: Mapping[str, Row]) -> list[Document]:
    """The labelled passages that say something, some that deserve no alert, and the changes with a summary."""
    found = []
    quiet = [row for row in places if "says" not in row and not row["label"]["topics"]]
    random.Random(SEED).shuffle(quiet)
    for row in [row for row in places if "says" in row] + quiet[:NEGATIVES]:
        passage, says = passage_of(row), row.get("says", {})
        changed = wording(passage).sentences
        if says and not any(sentence.side == says["side"] for sentence in changed):
            # labelled, though only the looks of it changed: as good as new to learn from
            text = passage.texts[says["side"]]
            passage = (
                Passage(passage.heading, "removed", text, None)
                if says["side"] == "before"
                else Passage(passage.heading, "added", None, text)
            )
            changed = wording(passage).sentences
        about = (row["id"], row["service"], language_of(row))
        document = Document(*about, (passage,), (changed,), says.get("default"))
        if says:
            document.sides = (says["side"],)
        document.answers = _located(document, ((q, text, says["side"]) for q in QUESTIONS for text in says.get(q, ())))
        found.append(document)
    for row, each in zip(changes, annotated(changes), strict=True):
        label, pages = labels[row["id"]], pages_of(row)
        about = (row["id"], row["service"], language_of(row) or pages[1].language)
        passages, sentences = [one.passage for one in each], [one.sentences for one in each]
        document = Document(*about, passages, sentences, label["default"], label, pages, each)
        document.answers = _located(document, ((q, one["text"], one["side"]) for q in QUESTIONS for one in label[q]))
        found.append(document)
    return found


def _located(document: Document, quotes: Iterable[tuple[str, str, Side]]) -> list[tuple[int, int, Side, int, int]]:
    """Where the quoted words stand, among changed words rather than elsewhere."""
    found = []
    for question, text, side in quotes:
        best: tuple[tuple[int, int], int, int, int] | None = None
        for place, (passage, changed) in enumerate(zip(document.passages, document.changed, strict=True)):
            if passage.operation == "moved":
                continue
            for match in re.finditer(re.escape(text), passage.texts[side]):
                start, end = match.span()
                near = [one for one in changed if one.side == side and one.start < end and start < one.end]
                overlap = sum(max(0, min(end, b) - max(start, a)) for one in near for a, b in one.spans)
                if best is None or (overlap, len(near)) > best[0]:
                    best = ((overlap, len(near)), place, start, end)
        if best:
            found.append((QUESTIONS.index(question), best[1], side, *best[2:]))
    return found


def word_vectors(rows: Iterable[Row]) -> tuple[list[str], Array]:
    """The most frequent words, and for each what stands around it in few numbers (SVD of its mutual information)."""
    texts = {
        line
        for row in rows
        for side in ("before", "after")
        for line in re.sub(r"\]\([^)]*\)", "]", row[side] or "").split("\n")
    }
    split = re.compile(r"[^\W_]+|[^\w\s]")
    lines = [["0" if w.isdigit() else w for w in split.findall(line.lower())] for line in sorted(texts)]
    count = collections.Counter(word for line in lines for word in line)
    vocabulary = sorted(count, key=lambda word: (-count[word], word))[:VOCABULARY]
    number = {word: at for at, word in enumerate(vocabulary)}
    ones, others, values = [], [], []
    numbered = [np.array([number.get(word, -1) for word in line]) for line in lines if line]
    for ids, offset in itertools.product(numbered, range(1, REACH + 1)):
        left, right = ids[:-offset], ids[offset:]
        both = (left >= 0) & (right >= 0)
        left, right, far = left[both], right[both], 0 if offset == 1 else 2 * VOCABULARY
        ones += [left, right]
        others += [right + far, left + VOCABULARY + far]
        values += [np.full(len(left), offset**-0.5)] * 2
    shape = (VOCABULARY, 4 * VOCABULARY)
    pairs = coo_matrix((np.concatenate(values), (np.concatenate(ones), np.concatenate(others))), shape=shape)
    pairs = pairs.tocsr().tocoo()
    mine = np.asarray(pairs.sum(1)).ravel()
    theirs = np.asarray(pairs.sum(0)).ravel() ** 0.75
    gain = np.maximum(0, np.log(pairs.data / (mine[pairs.row] * (theirs / theirs.sum())[pairs.col] + 1e-9) + 1e-9))
    left_vectors, sizes, _ = svds(
        coo_matrix((gain, (pairs.row, pairs.col)), shape=shape).tocsr(), k=WIDTH, v0=np.ones(VOCABULARY)
    )
    order = np.argsort(-sizes)
    vectors = left_vectors[:, order] * np.sqrt(sizes[order])
    return vocabulary, vectors / vectors.std()


def endings_of(vocabulary: Sequence[str]) -> list[str]:
    count = collections.Counter(word[-3:] for word in vocabulary if len(word) > 4 and word.isalpha())
    return sorted(count, key=lambda ending: (-count[ending], ending))[:ENDINGS]


def examples(document: Document, reader: Tagger) -> list[Example]:
    found = []
    for place, side in itertools.product(range(len(document.passages)), document.sides):
        excerpt = reader.excerpt(place, document.passages[place], side, document.changed[place], document.language)
        if excerpt is None:
            continue
        target = np.zeros((len(excerpt.features), len(QUESTIONS)), np.int8)
        for question, at, of_side, start, end in document.answers:
            if (at, of_side) == (place, side):
                inside = np.flatnonzero((excerpt.starts < end) & (excerpt.ends > start) & (excerpt.starts >= 0))
                target[inside, question] = 1
                target[inside[:1], question] = 2
        rare = max((OFTEN[question] for question in np.flatnonzero(target.any(axis=0))), default=1)
        found += [Example(excerpt, target, 1.0 if document.answers else 0.5)] * rare
    return found


def fit_phrases(some: Sequence[Document]) -> dict[str, Array]:
    """Which phrases of a passage tell that something is on, or off, unless people act."""
    texts = ["\n".join(changed_text(d.passages[0], side, d.changed[0]) for side in d.sides) for d in some]
    values = [
        {phrase: _amount(phrase) for phrase in phrases(text, d.language)} for d, text in zip(some, texts, strict=True)
    ]
    wanted = np.array([[d.default == side for side in ("on", "off")] for d in some], float)
    count = collections.Counter(phrase for each in values for phrase in each)
    known = sorted(phrase for phrase, number in count.items() if number >= 4)
    for most in (PHRASES, None):  # on all phrases, then on those that weigh most
        weights, bias = fit_logistic(feature_matrix(values, known), wanted, np.ones_like(wanted), 300)
        if most:
            heaviest = np.argsort(-np.abs(weights), axis=0, kind="stable")[:most]
            known = sorted({known[at] for at in heaviest.ravel()})
    amounts = np.array([[_amount(phrase)] for phrase in known])
    return {
        "phrases": np.frombuffer("\n".join(["", *known]).encode(), np.uint8),
        "phrase_weights": np.vstack([bias, weights * amounts]).astype(np.float16),
    }


def _amount(phrase: str) -> float:
    return 0.7 if phrase.startswith("<") else 0.35


def f1(counts: Array) -> float:
    both, given, wanted = counts
    return 2 * both / (given + wanted) if both else 0.0


def bag(some: Sequence[str]) -> collections.Counter[str]:
    return collections.Counter(word for text in some for word in re.findall(r"[^\W_]+", text.lower()))


def met(given: collections.Counter[str], wanted: collections.Counter[str]) -> Array:
    """Presence (both, given, wanted) and words (both, given, wanted)."""
    presence = (bool(given and wanted), bool(given), bool(wanted))
    return np.array([*presence, (given & wanted).total(), given.total(), wanted.total()], float)


@dataclass(frozen=True)
class Labels:
    """All that is learnt from, read once."""

    folder: Path

    @cached_property
    def places(self) -> list[Row]:
        return read_rows(self.folder / "places.jsonl.gz")

    @cached_property
    def changes(self) -> list[Row]:
        return read_rows(self.folder / "changes-dev.jsonl.gz")

    @cached_property
    def documents(self) -> list[Document]:
        labels = {row["id"]: row for row in read_rows(self.folder / "briefs-dev.jsonl")}
        return documents(self.places, [row for row in self.changes if row["id"] in labels], labels)

    @cached_property
    def features(self) -> list[PassageFeatures]:
        return [features_of(row) for row in self.places]

    @cached_property
    def vectors(self) -> tuple[list[str], Array]:
        return word_vectors([*self.places, *self.changes])

    @cached_property
    def lists(self) -> dict[str, list[str]]:
        """The vocabulary, the endings and the cues, as they are stored."""
        groups = tomllib.loads((files("analysis") / "lexicon" / "en.toml").read_text("utf-8"))["words"]
        cues = [*TOPICS, *(f"{topic}?" for topic in TOPICS), *groups, "place", "undone"]
        return {"vocabulary": self.vectors[0], "suffixes": endings_of(self.vectors[0]), "signals": cues}

    @cached_property
    def examples(self) -> dict[str, list[Example]]:
        words, endings = (
            {word: at for at, word in enumerate(self.lists[name], 1)} for name in ("vocabulary", "suffixes")
        )
        cues = {cue: at for at, cue in enumerate(self.lists["signals"])}
        reader = Tagger(words, endings, cues, weights={}, phrases={}, limits={}, default_limits=())
        return {document.id: examples(document, reader) for document in self.documents}

    def without(self, services: Collection[str] = ()) -> dict[str, Array]:
        """What is stored of a tagger that has not seen these, but for its limits."""
        some = [document for document in self.documents if document.service not in services]
        learnt = [example for document in some for example in self.examples[document.id]]
        networks = fit(learnt, self.vectors[1], len(self.lists["suffixes"]), len(self.lists["signals"]))
        blank = {"limits": np.full((len(QUESTIONS), 3), 0.3, np.float32), "default_limits": np.full(2, 0.5, np.float32)}
        return packed(networks, **self.lists) | fit_phrases([d for d in some if d.label is None]) | blank

    def model_without(self, services: Collection[str]) -> Model:
        """The model of passages, of which come the weights of the passages."""
        known = zip(self.places, self.features, strict=True)
        pairs = [
            (f.values, row["label"]) for row, f in known if f.values is not None and row["service"] not in services
        ]
        return train([values for values, _ in pairs], [label for _, label in pairs])


@dataclass
class Fold:
    """Services left out: the tagger that has not seen them, their changes, and the weights of their passages."""

    stored: dict[str, Array]
    documents: Sequence[Document]
    weights: Sequence[Sequence[float]]

    @cached_property
    def tagged(self) -> list[tuple[Document, Tagged]]:
        tagger = unpacked(self.stored)
        return [
            (d, tag(d.passages, d.changed, weights, tagger, d.language))
            for d, weights in zip(self.documents, self.weights, strict=True)
        ]

    @cached_property
    def outcomes(self) -> Array:
        """By document, question, `word` and `more`: the score of the likeliest span, and what `met` counts."""
        found = np.zeros((len(self.tagged), len(QUESTIONS), len(GRID["word"]), len(GRID["more"]), 7))
        for row, (document, tagged) in enumerate(self.tagged):
            assert document.label
            for (q, question), (w, word) in itertools.product(enumerate(QUESTIONS), enumerate(GRID["word"])):
                wanted = bag([quote["text"] for quote in document.label[question]])
                spans = marked(tagged, question, word)
                for m, more in enumerate(GRID["more"]):
                    chosen = pick(spans, document.passages, Limits(word, 0, more))
                    given = bag([document.passages[s.place].texts[s.side][s.start : s.end] for s in chosen])
                    found[row, q, w, m] = (spans[0].score if spans else 0, *met(given, wanted))
        return found


def tuned(parts: Sequence[Fold]) -> dict[str, Array]:
    """The limits that serve presence and words best on changes that the tagger did not learn from."""
    outcomes = np.concatenate([part.outcomes for part in parts])
    limits = np.zeros((len(QUESTIONS), 3), np.float32)
    for q in range(len(QUESTIONS)):
        best = -1.0
        for (w, word), first, (m, more) in itertools.product(
            enumerate(GRID["word"]), GRID["first"], enumerate(GRID["more"])
        ):
            top, counts = outcomes[:, q, w, m, :1], outcomes[:, q, w, m, 1:]
            total = np.where(top >= first, counts, counts * (0, 0, 1, 0, 0, 1)).sum(axis=0)
            value = f1(total[:3]) + f1(total[3:])
            if word <= more <= first + 0.1 and value > best:
                best, limits[q] = value, (word, first, more)
    tagged = [pair for part in parts for pair in part.tagged]
    right: dict[tuple[float, ...], float] = {}
    for pair in itertools.product(DEFAULT_GRID, repeat=2):
        answers = [(default(each, pair), document.default) for document, each in tagged]
        right[pair] = sum(a == b for a, b in answers if a or b) / max(1, sum(bool(a or b) for a, b in answers))
    best_pair = max(right, key=lambda pair: right[pair])
    return {"limits": limits, "default_limits": np.array(best_pair, np.float32)}


def folds_of(labels: Labels) -> list[Fold]:
    number = folds({document.service for document in labels.documents}, FOLDS, SEED)
    found = []
    for left_out in range(FOLDS):
        services = {service for service, fold in number.items() if fold == left_out}
        unseen = [d for d in labels.documents if d.label and d.service in services]
        model = labels.model_without(services)
        weights = [[model.predict(f.values)["alert"] if f.values else 0.0 for f in d.features] for d in unseen]
        found.append(Fold(labels.without(services), unseen, weights))
    return found


def score_summaries(parts: Sequence[Fold]) -> str:
    """Presence and words by question, each fold with limits tuned on the others."""
    scores, defaults = {question: np.zeros(6) for question in QUESTIONS}, []
    for number, part in enumerate(parts):
        limits = tuned([other for at, other in enumerate(parts) if at != number])
        tagger = unpacked(part.stored | limits)
        for d, weights in zip(part.documents, part.weights, strict=True):
            assert d.label
            assert d.pages
            brief = summarize(d.passages, d.changed, *d.pages, weights=weights, tagger=tagger)
            for question in QUESTIONS:
                given = bag([quote.text for quote in getattr(brief, question)])
                scores[question] += met(given, bag([quote["text"] for quote in d.label[question]]))
            if brief.default or d.default:
                defaults.append(brief.default == d.default)
    lines = [
        f"| {name} | {f1(counts[:3]):.3f} | {f1(counts[3:]):.3f} |"
        for name, counts in [*scores.items(), ("all", np.sum(list(scores.values()), axis=0))]
    ]
    return "\n".join([*lines, f"| default | {np.mean(defaults):.3f} | |"])
