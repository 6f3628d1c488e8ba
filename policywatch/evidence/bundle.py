"""All evidence of a change, as files to check with `sha256sum` and `openssl` alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path

from jinja2 import Environment
from sqlmodel import Session

from messages import Message
from notifier.change_view import ChangeView
from policywatch.atomic_file import replace_file, replacement
from policywatch.config.watchlist import Watchlist
from policywatch.evidence.timestamps import authority_of
from policywatch.ingest.extraction import extraction_configs
from policywatch.ingest.reprocess import gives_text
from policywatch.views.serializer import change_json, plain_text
from policywatch.web.record import pdf, printable, proved_change
from storage.captures import captures_from, intact
from storage.chain import proof_of
from storage.columns import json_bytes
from storage.versions import Version, text_name

_TEXTS = Environment(trim_blocks=True, keep_trailing_newline=True)  # noqa: S701
_TEXTS.filters["text_name"] = text_name


def write_bundle(
    session: Session, change_id: int, path: Path, watchlist: Watchlist
) -> list[str]:
    """Returns what was left out. Raises `Unknown`, `DamagedCapture`, `DamagedText`, and `OSError` if the folder
    exists.
    """
    configs = extraction_configs(watchlist)
    context = proved_change(session, change_id, configs)
    view: ChangeView = context["view"]
    texts = {
        "before": session.get_one(Version, view.before.id),
        "after": session.get_one(Version, view.after.id),
    }
    parts = [
        part
        for text in texts.values()
        for part in intact(captures_from(session, text.capture_id))
    ]
    captures = {part.entry: part for part in parts}
    entries = [*captures, *(text.entry for text in texts.values() if text.entry)]
    proofs = {number: proof_of(session, number) for number in entries}
    html = printable(
        "evidence.html", watchlist.site, **context | {"captures": captures.values()}
    )
    bundle = {
        **{
            f"{side}.txt": plain_text(text.page).encode("utf-8", "replace")
            for side, text in texts.items()
        },
        **{
            text_name(text.entry or 0): json_bytes(text.page)
            for text in texts.values()
        },
        **{
            name: content
            for part in captures.values()
            for name, content in part.files().items()
        },
        **{
            entry.name: entry.text.encode()
            for entries, _ in proofs.values()
            for entry in entries
        },
        **{
            f"timestamp-{stamp.entry}.tsr": stamp.response
            for _, stamp in proofs.values()
            if stamp
        },
        "change.html": html.encode("utf-8", "replace"),
        "change.json": change_json(session, change_id)
        .model_dump_json(indent=1)
        .encode(),
    }
    printed = pdf(html)
    lacks = []
    if isinstance(printed, Message):
        lacks.append(f"change.pdf: {printed}")
    else:
        bundle["change.pdf"] = printed
    if not all(stamp for _, stamp in proofs.values()):
        lacks.append("a timestamp of the last entries: none has been made yet")
    if authority := authority_of(watchlist):
        bundle["authority.pem"] = authority.pem
    readme = (resources.files("policywatch.evidence") / "readme.txt").read_text(
        "utf-8"
    )
    facts = {
        "view": view,
        "texts": texts,
        "are_extracted": all(
            gives_text(session, text, configs) for text in texts.values()
        ),
        "captures": captures,
        "proofs": proofs,
        "has_pdf": "change.pdf" in bundle,
    }
    bundle["README.txt"] = (
        _TEXTS.from_string(readme).render(facts).encode("utf-8", "replace")
    )
    sums = "".join(
        f"{sha256(content).hexdigest()}  {name}\n"
        for name, content in sorted(bundle.items())
    )
    _write(path, bundle | {"SHA256SUMS": sums.encode()})
    return lacks


def _write(path: Path, bundle: Mapping[str, bytes]) -> None:
    if path.suffix == ".zip":
        with (
            replacement(path) as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, content in bundle.items():
                archive.writestr(f"{path.stem}/{name}", content)
        return
    path.mkdir(parents=True)
    for (
        name,
        content,
    ) in bundle.items():
        replace_file(path / name, content)
