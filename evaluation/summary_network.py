"""The networks of the summary's tagger, trained: what `analysis/classify/tagger.py` reckons, with gradients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from analysis.classify.tagger import KINDS, SHAPES, TABLES, WINDOWS, Excerpt
from analysis.model import QUESTIONS

HIDDEN = 64  # numbers of a layer
NETWORKS = 2  # whose mean is taken
EPOCHS, RATE = 8, 6e-3
BATCH, SENTENCES = 2048, 256  # words and sentences that are learnt from at once
COARSE = 31  # steps from zero to the largest number of a column

Array = npt.NDArray[Any]
Params = dict[str, Any]


@dataclass
class Example:
    """An excerpt with the labels of its words: 0 no answer, 1 inside of one, 2 its first word."""

    excerpt: Excerpt
    target: Array
    weight: float


def fresh(vectors: Array, endings: int, cues: int, seed: int) -> Params:
    keys = iter(jax.random.split(jax.random.PRNGKey(seed), 20))
    size, answers = vectors.shape[1] + 8 + 4 + 6 + 8, 2 * len(QUESTIONS)

    def matrix(height: int, width: int, scale: float) -> jax.Array:
        return jax.random.normal(next(keys), (height, width)) * scale

    def layers(height: int, width: int = HIDDEN, scale: float = 1.0) -> jax.Array:
        return jax.random.normal(next(keys), (NETWORKS, height, width)) * scale * height**-0.5

    params = {
        "words": jnp.vstack([jnp.zeros((1, vectors.shape[1])), jnp.asarray(vectors) * 0.5]),
        "endings": matrix(endings + 1, 8, 0.3),
        "shapes": matrix(SHAPES, 4, 0.3),
        "kinds": matrix(KINDS, 6, 0.3),
        "cues": matrix(cues, 8, 0.3),
        "near": layers(5 * size),
        "wide": layers(3 * HIDDEN),
        "wider": layers(3 * HIDDEN),
        "widest": layers(3 * HIDDEN),
        "pool": layers(HIDDEN),
        "out": layers(HIDDEN, answers, 0.3),
        "out_bias": jnp.full((NETWORKS, answers), -3.0),
    }
    biases = ("near", "wide", "wider", "widest", "pool")
    return params | {f"{name}_bias": jnp.zeros((NETWORKS, HIDDEN)) for name in biases}


def logits(params: Params, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
    """What `Tagger.answers` takes the mean of, with words and columns left out to learn from."""
    own = {name: table for name, table in params.items() if name not in TABLES}
    network = partial(_network, batch=batch, tables={name: params[name] for name in TABLES})
    return jax.vmap(network)(own, jax.random.split(key, NETWORKS))


def _network(params: Params, key: jax.Array, batch: Mapping[str, jax.Array], tables: Params) -> jax.Array:
    keys = iter(jax.random.split(key, 8))
    owner, sentence = batch["owner"], batch["sentence"]

    def drop(hidden: jax.Array, share: float) -> jax.Array:
        kept = jax.random.bernoulli(next(keys), 1 - share, (1, hidden.shape[1]))
        return jnp.where(kept, hidden / (1 - share), 0)

    def layer(name: str, hidden: jax.Array) -> jax.Array:
        parts = [
            jnp.where((jnp.roll(owner, -offset) == owner)[:, None], jnp.roll(hidden, -offset, axis=0), 0)
            for offset in WINDOWS[name]
        ]
        return jax.nn.relu(jnp.concatenate(parts, 1) @ params[name] + params[f"{name}_bias"])

    words, *others = batch["features"].T
    words = jnp.where(jax.random.bernoulli(next(keys), 0.06, words.shape), 0, words)
    known = [tables[name][numbers] for name, numbers in zip(TABLES[:4], (words, *others), strict=True)]
    hidden = drop(jnp.concatenate([*known, batch["cues"] @ tables["cues"]], 1), 0.1)
    hidden = drop(layer("near", hidden), 0.15)
    hidden = hidden + layer("wide", hidden)
    hidden = hidden + layer("wider", hidden)
    total = jax.ops.segment_sum(hidden, sentence, SENTENCES)
    count = jax.ops.segment_sum(jnp.ones(len(hidden)), sentence, SENTENCES)
    pooled = jax.nn.relu(total / jnp.maximum(1, count)[:, None] @ params["pool"] + params["pool_bias"])
    hidden = drop(hidden + pooled[sentence], 0.15)
    hidden = drop(hidden + layer("widest", hidden), 0.15)
    return hidden @ params["out"] + params["out_bias"]


def loss(params: Params, batch: Mapping[str, jax.Array], key: jax.Array) -> jax.Array:
    said = logits(params, batch, key)
    inside, begins = said[..., : len(QUESTIONS)], said[..., len(QUESTIONS) :]
    is_inside, is_first = batch["target"] > 0, batch["target"] == 2
    weight = batch["weight"][:, None]
    of_inside = (jax.nn.softplus(inside) - is_inside * inside) * weight
    of_begins = (jax.nn.softplus(begins) - is_first * begins) * is_inside * weight
    return (of_inside.sum() + 0.3 * of_begins.sum()) * 4 / BATCH


@jax.jit  # type: ignore[untyped-decorator]
def step(state: tuple[Params, ...], batch: Mapping[str, jax.Array], key: jax.Array, rate: float, at: int) -> Any:
    """One step of Adam with decay, and the running mean of the weights, which is what is kept."""
    params, first, second, mean = state
    slope = jax.grad(loss)(params, batch, key)
    first = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, first, slope)
    second = jax.tree.map(lambda a, g: 0.995 * a + 0.005 * g * g, second, slope)

    def moved(p: jax.Array, a: jax.Array, b: jax.Array) -> jax.Array:
        return p - rate * (a / (1 - 0.9**at) / (jnp.sqrt(b / (1 - 0.995**at)) + 1e-6) + 0.03 * p)

    params = jax.tree.map(moved, params, first, second)
    return params, first, second, jax.tree.map(lambda a, p: 0.995 * a + 0.005 * p, mean, params)


def batches(some: Sequence[Example], order: Sequence[int] | Array) -> Iterator[Mapping[str, Array]]:
    chosen: list[Example] = []
    size = sentences = 0
    for at in order:
        one = some[at]
        if size + len(one.target) > BATCH or sentences + one.excerpt.sentences[-1] + 1 >= SENTENCES:
            yield _batch(chosen)
            chosen, size, sentences = [], 0, 0
        chosen.append(one)
        size += len(one.target)
        sentences += int(one.excerpt.sentences[-1]) + 1
    yield _batch(chosen)


def _batch(chosen: Sequence[Example]) -> Mapping[str, Array]:
    batch: dict[str, Array] = {
        "features": np.zeros((BATCH, 4), np.int32),
        "cues": np.zeros((BATCH, chosen[0].excerpt.cues.shape[1]), np.float32),
        "target": np.zeros((BATCH, len(QUESTIONS)), np.int8),
        "weight": np.zeros(BATCH, np.float32),
        "owner": np.full(BATCH, -1, np.int32),
        "sentence": np.full(BATCH, SENTENCES - 1, np.int32),
    }
    start = first = 0
    for number, one in enumerate(chosen):
        end, last = start + len(one.target), first + int(one.excerpt.sentences[-1]) + 1
        batch["features"][start:end] = one.excerpt.features
        batch["cues"][start:end] = one.excerpt.cues
        batch["target"][start:end] = one.target
        batch["weight"][start:end] = one.weight * (one.excerpt.starts >= 0)
        batch["owner"][start:end] = number
        batch["sentence"][start:end] = one.excerpt.sentences + first
        start, first = end, last
    return batch


def fit(some: Sequence[Example], vectors: Array, endings: int, cues: int, seed: int = 0) -> Params:
    params = fresh(vectors, endings, cues, seed)
    nothing = jax.tree.map(jnp.zeros_like, params)
    state: tuple[Params, ...] = (params, nothing, nothing, params)
    generator, key = np.random.default_rng(seed), jax.random.PRNGKey(seed + 1)
    most, at = EPOCHS * sum(len(one.target) for one in some) / BATCH, 0
    for _ in range(EPOCHS):
        for batch in batches(some, generator.permutation(len(some))):
            at += 1
            rate = RATE * min(1, at / 50) * max(0.03, 1 - at / most)
            state = step(state, batch, jax.random.fold_in(key, at), rate, at)
    return {name: np.asarray(table) for name, table in state[3].items()}


def packed(params: Params, **lists: Sequence[str]) -> dict[str, Array]:
    """Each table as numbers of eight bits, a column of it with a unit of its own; the largest in fewer steps."""
    stored: dict[str, Array] = {
        name: np.frombuffer("\n".join(words).encode(), np.uint8) for name, words in lists.items()
    }
    for name, table in params.items():
        steps = 127 if name.endswith("_bias") else COARSE
        unit = np.maximum(np.abs(table).max(axis=-2, keepdims=True), 1e-9) / steps
        stored[name] = np.round(table / unit).astype(np.int8)
        stored[f"{name}_unit"] = unit.astype(np.float32)
    return stored
