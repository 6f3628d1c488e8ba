"""Updates a folder of files: writes what differs, and removes what is no longer wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from policywatch.atomic_file import published, replace_file

_RECORD = ".policywatch.json"
_Files = dict[str, list[str | None]]  # by name: key and digest
_OFTEN = 5_000  # files between writes of the record: a kill costs no more


class ForeignFolder(OSError):
    """The folder holds files of others; nothing was touched."""


@dataclass(frozen=True, slots=True)
class File:
    """With the `key` of last time, the bytes are the same and `make` is not called."""

    name: str
    make: Callable[[], bytes]
    key: str | None = None


@dataclass(slots=True)
class ExportResult:
    written: int = 0
    unchanged: int = 0
    removed: int = 0


@published()
def bring_up_to_date(
    folder: Path, files: Iterable[File], *, known: str, again: bool = False
) -> ExportResult:
    """Files are replaced atomically.

    `known` identifies program and site; keys hold only if it is unchanged, and not with `again`. Only files written
    by earlier calls are removed. Raises `ForeignFolder`.
    """
    record = folder / _RECORD
    old_known, old = _read(folder, record)
    if again or old_known != known:
        old = {name: [None, digest] for name, (_, digest) in old.items()}
    result, new = ExportResult(), _Files()
    folder.mkdir(parents=True, exist_ok=True)
    if not record.exists():
        replace_file(
            record, _record("", {})
        )  # all files from here on are ours, even if killed
    try:
        for file in files:
            path = folder / file.name
            last = old.get(file.name)
            if (
                file.key is not None
                and last
                and last[0] == file.key
                and path.is_file()
            ):
                new[file.name] = last
                result.unchanged += 1
                continue
            body = file.make()
            digest = hashlib.sha256(body).hexdigest()
            if last and last[1] == digest and path.is_file():
                result.unchanged += 1
            else:
                replace_file(path, body)
                result.written += 1
            new[file.name] = [file.key, digest]
            if len(new) % _OFTEN == 0:
                replace_file(record, _record(known, old | new))
    except BaseException:
        # so that the next call continues
        replace_file(record, _record(known, old | new))
        raise
    for name in old.keys() - new.keys():
        result.removed += _remove(folder, name)
    replace_file(record, _record(known, new))
    return result


def _read(folder: Path, record: Path) -> tuple[str, _Files]:
    if record.is_file():
        try:
            content = json.loads(record.read_text("utf-8"))
            known, files = str(content["known"]), dict(content["files"])
            if any(
                Path(name).is_absolute() or ".." in Path(name).parts
                for name in files
            ):
                raise ValueError(
                    "no export writes outside of its folder, and none shall take files away there"
                )
            return known, files
        except (
            ValueError,
            KeyError,
            TypeError,
        ) as failure:  # damaged by a power cut, or an edit
            problem = f"{record}, which says what earlier exports wrote, is damaged; empty the folder, or name another"
            raise ForeignFolder(problem) from failure
    if folder.is_dir() and any(folder.iterdir()):
        raise ForeignFolder(
            f"{folder} holds files that no export wrote; name an empty folder"
        )
    return "", {}


def _record(known: str, files: _Files) -> bytes:
    return json.dumps(
        {"known": known, "files": files}, indent=0, sort_keys=True
    ).encode()


def _remove(folder: Path, name: str) -> int:
    path = folder / name
    try:
        path.unlink()
    except FileNotFoundError:
        return 0
    for parent in path.parents:
        if parent == folder or any(parent.iterdir()):
            break
        parent.rmdir()
    return 1
