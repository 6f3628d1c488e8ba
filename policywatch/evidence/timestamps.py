"""RFC 3161 timestamps on the chain: an authority signs that an entry, and so all earlier ones, existed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import rfc3161_client as rfc3161
from cryptography.x509 import Certificate, load_pem_x509_certificates
from sqlmodel import Session, col, select

from foundation.http_client import HttpFailure, fetch
from foundation.vocabulary import NoticeKind
from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import Watchlist
from policywatch.logs import log
from storage.chain import (
    ChainEntry,
    Timestamp,
    entry_name,
    last_entry,
    last_timestamp,
)
from storage.database import Database
from storage.deliveries import Notice, notices_of
from storage.errors import DamagedValue
from storage.integrity import Damage, unsigned_since

_LATE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Authority:
    url: str
    pem: bytes
    roots: Sequence[Certificate]

    def timestamp_chain(self, database: Database, now: datetime) -> None:
        """Once a day. A failure is logged; the next run retries."""
        with database.reading() as session:
            head, last = last_entry(session), last_timestamp(session)
        if head is None or (
            last
            and (now.date() == last.made_at.date() or head.number == last.entry)
        ):
            return
        try:
            answer = _ask(self, head.text.encode())
        except (HttpFailure, ValueError, rfc3161.VerificationError) as failure:
            log.warning(
                "no timestamp: %s; the next run asks again",
                failure,
                extra={"event": "no timestamp"},
            )
            return
        stamp = Timestamp(
            entry=head.number,
            made_at=answer.tst_info.gen_time,
            response=answer.as_bytes(),
        )
        with database.writing() as session:
            session.merge(stamp)


def authority_of(watchlist: Watchlist) -> Authority | None:
    """Raises `WatchlistError`."""
    entry = watchlist.evidence
    if entry is None:
        return None
    try:
        pem = (watchlist.file.parent / entry.certificate).read_bytes()
        return Authority(entry.timestamp_url, pem, load_pem_x509_certificates(pem))
    except (OSError, ValueError) as failure:
        raise WatchlistError(
            [entry.problem("certificate", str(failure))]
        ) from failure


def _ask(authority: Authority, text: bytes) -> rfc3161.TimeStampResponse:
    query = rfc3161.TimestampRequestBuilder(
        text, rfc3161.HashAlgorithm.SHA256
    ).build()
    headers = {"Content-Type": "application/timestamp-query"}
    received = fetch(
        authority.url,
        method="POST",
        body=query.as_bytes(),
        headers=headers,
        allow_private=True,
    )
    if received.status != 200:
        raise ValueError(f"the authority answered with status {received.status}")
    answer = _decoded(received.body)
    rfc3161.VerifierBuilder(
        roots=[*authority.roots], nonce=query.nonce
    ).build().verify_message(answer, text)
    return answer


def _decoded(response: bytes) -> rfc3161.TimeStampResponse:
    """Also accepts certificates out of DER order, as `openssl ts` does. Raises `ValueError`."""
    try:
        return rfc3161.decode_timestamp_response(response)
    except ValueError:
        try:
            token = _values(_content(response))[1]
            signed = _content(_content(_values(_content(token))[1]))
            sent = _values(_content(_values(signed)[3]))
        except IndexError as failure:
            raise ValueError("it is no timestamp response") from failure
        sorted_ = response.replace(b"".join(sent), b"".join(sorted(sent)))
        return rfc3161.decode_timestamp_response(sorted_)


def _values(content: bytes) -> list[bytes]:
    values = []
    while content:
        size = len(content) - len(_content(content, rest=True))
        values.append(content[:size])
        content = content[size:]
    return values


def _content(value: bytes, *, rest: bool = False) -> bytes:
    """Of a DER value; `rest`: what follows it."""
    at, size = 2, value[1]
    if size > 0x80:
        at += size & 0x7F
        size = int.from_bytes(value[2:at])
    return value[at + size :] if rest else value[at : at + size]


def late_problem(session: Session, now: datetime) -> str | None:
    since, last = unsigned_since(session), last_timestamp(session)
    if since is None or now - since < _LATE:
        return None
    newest = (
        f"the newest is of {last.made_at:%Y-%m-%d %H:%M} UTC, on {entry_name(last.entry)}"
        if last
        else "there is none"
    )
    return (
        f"captures since {since:%Y-%m-%d %H:%M} UTC have no timestamp, and {newest}: does the authority answer? "
        "`policywatch run` logs what it says"
    )


def report_late(database: Database, now: datetime) -> str | None:
    """Once."""
    with database.reading() as session:
        problem, last = late_problem(session, now), last_timestamp(session)
        since = unsigned_since(session)
        reported = {
            notice.facts["after"]
            for notice in notices_of(session, NoticeKind.UNSIGNED)
        }
    after = last.entry if last else 0
    if problem is None or since is None or after in reported:
        return None
    facts = {"since": since.isoformat(), "after": after}
    with database.writing() as session:
        session.add(Notice(kind=NoticeKind.UNSIGNED, facts=facts, created_at=now))
    log.error("%s", problem, extra={"event": "timestamps are late"})
    return problem


def timestamp_damage(authority: Authority, session: Session) -> Iterator[Damage]:
    verifier = rfc3161.VerifierBuilder(roots=[*authority.roots]).build()
    entries = select(ChainEntry).join(
        Timestamp, col(Timestamp.entry) == ChainEntry.number
    )
    for entry in session.exec(entries.order_by(col(ChainEntry.number))).all():
        try:
            stamp = session.get_one(Timestamp, entry.number)
            answer = _decoded(stamp.response)
            verifier.verify_message(answer, entry.text.encode())
            if answer.tst_info.gen_time != stamp.made_at:
                raise rfc3161.VerificationError(
                    f"it is of {answer.tst_info.gen_time}, not of {stamp.made_at}"
                )
        except (DamagedValue, ValueError, rfc3161.VerificationError) as failure:
            yield Damage(
                "chain",
                f"the timestamp of {entry.name} does not prove it: {failure}",
            )
