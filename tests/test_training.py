"""Teaching the model: labels of one's own, and weights that learned from more."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "scipy", reason="scipy is not installed: pip install '.[train]'"
)

from evaluation import classifier
from evaluation.corrections import write_corrections
from evaluation.labels import DATA, features_of, labelled_passages
from evaluation.training import fit_model, targets_of, write_model
from policywatch.evidence.dataset import export_data
from storage.database import Database
from storage.documents import known
from tests.story_of_parley import PRIVACY
from tests.test_editorial import edit, newsroom
from tests.test_web_signing_in import sign_in
from tests.web_pages import change_id

KIND = (
    "A digital colleague answers your questions in the chat.",
    "You may talk to our digital colleague instead of a person.",
    "The digital colleague remembers what you asked before.",
    "Calls are answered by a digital colleague first.",
    "Our digital colleague suggests replies to your friends.",
    "A digital colleague sorts the tickets that you send.",
    "When nobody is free, a digital colleague takes over your chat.",
    "The digital colleague sums up what you wrote for our staff.",
    "A digital colleague looks at your orders before you talk to us.",
    "Our digital colleague reads what you write in order to answer.",
)


def row(text: str) -> dict[str, Any]:
    label = {
        "substantive": True,
        "topics": ["ai_features"],
        "severity": "medium",
        "direction": "expands",
    }
    return {
        "service": "own",
        "document": "Privacy Policy",
        "language": "en",
        "operation": "added",
        "heading": ["How we use your data"],
        "before": None,
        "after": text,
        "label": label,
    }


def labels(folder: Path, own: list[dict[str, Any]]) -> Path:
    """One of forty published labels, and these."""
    with gzip.open(DATA / "places.jsonl.gz", "rt", encoding="utf-8") as places:
        some = [line for number, line in enumerate(places) if number % 40 == 0]
    with gzip.open(folder / "places.jsonl.gz", "wt", encoding="utf-8") as places:
        places.writelines(some)
    text = "".join(f"{json.dumps(each)}\n" for each in own)
    (folder / "own.jsonl").write_text(text, "utf-8")
    return folder


def alert(folder: Path, text: str) -> float:
    model = classifier._model(labelled_passages(folder))
    return model.predict(features_of(row(text)).values or {})["alert"]


def test_ten_labels_of_ones_own_change_the_answer(tmp_path: Path) -> None:
    first = KIND[0]
    assert alert(labels(tmp_path, []), first) < 0.5
    assert alert(labels(tmp_path, [row(text) for text in KIND[1:]]), first) > 0.5
    assert alert(labels(tmp_path, [row(text) for text in KIND]), first) > 0.8


def test_weights_that_learned_from_more_stay(tmp_path: Path) -> None:
    values = [{"a": 1.0}, {"a": 1.0, "b": 1.0}, {"b": 1.0}] * 3
    model = fit_model(values, [[True], [True], [False]] * 3, ("alert",), 9)
    path = tmp_path / "model.npz"
    write_model(model, path, examples=9)
    before = path.read_bytes()
    with pytest.raises(
        SystemExit, match="learned from 9 examples, these labels are 3"
    ):
        write_model(model, path, examples=3)
    assert path.read_bytes() == before
    write_model(model, path, examples=10)
    write_model(model, path, examples=3, with_fewer=True)
    assert path.read_bytes() != before
    other = fit_model(values, [[True], [True], [False]] * 3, ("high",), 9)
    write_model(other, path, examples=1)  # what is there does not fit any more


def test_what_ships_says_how_much_it_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = classifier.MODEL.read_bytes()
    monkeypatch.setattr(
        "sys.argv", ["evaluation", "train", str(labels(tmp_path, []))]
    )
    with pytest.raises(SystemExit, match="--with-fewer overwrites it"):
        classifier.main()
    assert classifier.MODEL.read_bytes() == before


def dataset(folder: Path, *changes: dict[str, Any]) -> Path:
    """As `policywatch export data` writes it; `flagged` of each says of its passages whether they alert."""
    rows, passages = [], []
    for number, change in enumerate(changes):
        for position, severity in enumerate(change.pop("flagged")):
            passages.append(
                row(KIND[position])
                | {"change": number, "position": position, "severity": severity}
            )
        head = {"service": "Parley", "title": "Privacy Policy", "language": "en"}
        rows.append(head | {"id": number, "substantive": True} | change)
    for name, lines in (("changes", rows), ("passages", passages)):
        text = "".join(f"{json.dumps(each)}\n" for each in lines)
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_a_change_that_a_reviewer_calls_harmless_is_a_label(
    story_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shutil.copyfile(story_file, tmp_path / "store.db")
    store = Database(f"sqlite:///{file}")
    number = change_id(store, PRIVACY)
    with newsroom(store) as site:
        sign_in(site, name="Anna")
        assert edit(site, number, severity="none").status_code == 303
    with store.reading() as session:
        documents = known(session)
    export_data(store, tmp_path, documents, form="jsonl", progress=[].append)
    store.close()
    capsys.readouterr()
    written, _ = write_corrections(tmp_path)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == written > 0
    assert {line["id"].split("-")[0] for line in lines} == {str(number)}
    assert not any(line["label"]["alert"] for line in lines)


def test_what_people_corrected_is_learned_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited = {"machine": {"severity": "low", "topics": []}}
    written = write_corrections(
        dataset(
            tmp_path,
            {"flagged": ["low"], "severity": "low", "topics": [], "edited": None},
            {
                "flagged": ["high", "low", "none"],
                "severity": "none",
                "topics": ["ai_training"],
                "edited": edited,
            },
            {
                "flagged": ["none"],
                "severity": "high",
                "topics": ["ai_features"],
                "edited": edited,
            },
            {
                "flagged": ["low", "low"],
                "severity": "high",
                "topics": ["ai_features"],
                "edited": edited,
            },
        )
    )
    assert written == (3, 1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["1-0", "1-1", "2-0"]
    silent, _, loud = (line["label"] for line in lines)
    assert (silent["alert"], silent["topics"]) == (False, [])
    assert loud == {
        "substantive": True,
        "alert": True,
        "topics": ["ai_features"],
        "severity": "high",
    }
    labels(tmp_path, lines)
    assert [each["times"] for each in labelled_passages(tmp_path)[-3:]] == [5, 5, 5]
    assert targets_of(loud)[-4:] == [None] * 4  # nobody spoke of the direction
