"""Timestamps (RFC 3161) on the chain: an authority signs that an entry, and so all before it, stood at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import rfc3161_client as rfc3161
from cryptography.x509 import Certificate, load_pem_x509_certificates
from sqlmodel import Session, col, select

from foundation.http_client import HttpFailure, fetch
from policywatch.config.errors import WatchlistError
from policywatch.config.watchlist import Watchlist
from policywatch.logs import log
from storage.chain import ChainEntry, Timestamp, last_entry, last_timestamp
from storage.database import Database
from storage.errors import DamagedValue
from storage.verification import Damage

_SECONDS = 20  # for the whole exchange
_LARGEST_ANSWER = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """Where timestamps come from, and the certificates that theirs must lead to."""

    url: str
    pem: bytes
    roots: Sequence[Certificate]

    def timestamp_chain(self, database: Database, now: datetime) -> None:
        """Have the newest entry signed, once a day. Where that fails, it is logged, and the next run asks again."""
        with database.reading() as session:
            head, last = last_entry(session), last_timestamp(session)
        if head is None or (
            last and (now.date() == last.made_at.date() or head.number == last.entry)
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
            session.merge(stamp)  # another run may have asked meanwhile


def authority_of(watchlist: Watchlist) -> Authority | None:
    """The one that the watchlist names. Raises `WatchlistError` where its certificate can't be read."""
    entry, section = watchlist.evidence
    if entry is None:
        return None
    try:
        pem = (watchlist.file.parent / entry.certificate).read_bytes()
        return Authority(entry.timestamp_url, pem, load_pem_x509_certificates(pem))
    except (OSError, ValueError) as failure:
        raise WatchlistError(
            [section.problem("certificate", str(failure))]
        ) from failure


def _ask(authority: Authority, text: bytes) -> rfc3161.TimeStampResponse:
    """An answer that is verified. What an authority or a network does wrong is raised as it comes."""
    query = rfc3161.TimestampRequestBuilder(text, rfc3161.HashAlgorithm.SHA256).build()
    headers = {"Content-Type": "application/timestamp-query"}
    received = fetch(
        authority.url,
        method="POST",
        body=query.as_bytes(),
        headers=headers,
        seconds=_SECONDS,
        max_size=_LARGEST_ANSWER,
        allow_private=True,  # the operator's own words, and no redirect is followed
    )
    if received.status != 200:
        raise ValueError(f"the authority answered with status {received.status}")
    answer = rfc3161.decode_timestamp_response(received.body)
    rfc3161.VerifierBuilder(
        roots=[*authority.roots], nonce=query.nonce
    ).build().verify_message(answer, text)
    return answer


def timestamp_damage(authority: Authority, session: Session) -> Iterator[Damage]:
    """The timestamps that are not the authority's word on what stands there."""
    verifier = rfc3161.VerifierBuilder(roots=[*authority.roots]).build()
    entries = select(ChainEntry).join(
        Timestamp, col(Timestamp.entry) == ChainEntry.number
    )
    for entry in session.exec(entries.order_by(col(ChainEntry.number))).all():
        try:
            stamp = session.get_one(Timestamp, entry.number)
            answer = rfc3161.decode_timestamp_response(stamp.response)
            verifier.verify_message(answer, entry.text.encode())
            if answer.tst_info.gen_time != stamp.made_at:
                raise rfc3161.VerificationError(
                    f"it is of {answer.tst_info.gen_time}, not of {stamp.made_at}"
                )
        except (DamagedValue, ValueError, rfc3161.VerificationError) as failure:
            yield Damage(
                "chain", f"the timestamp of {entry.name} does not prove it: {failure}"
            )
