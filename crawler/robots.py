"""robots.txt: read once a crawl for each origin, before its first page is asked for (RFC 9309).

Whoever comes while it is being read waits for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from protego import Protego
from yarl import URL

from crawler.addresses import host_of
from crawler.failures import DownloadFailed, NoPage
from crawler.fetching import Fetcher
from crawler.politeness import Hosts
from crawler.user_agent import NAME
from messages import Message
from storage.checks import Outcome

_READ = 500 * 1024  # bytes; the RFC wants at least so many to be read
_IGNORE = 'robots = "ignore"'


@dataclass(frozen=True)
class _Rules:
    """Either parsed rules (none: all is allowed), or why there are none."""

    parsed: Protego | None = None
    unreadable: NoPage | None = None


class Robots:
    """The rules of all origins met in this crawl."""

    def __init__(self, fetcher: Fetcher, hosts: Hosts, longest_delay: float) -> None:
        self._fetcher = fetcher
        self._hosts = hosts
        self._longest_delay = longest_delay
        self._reading: dict[tuple[str, bool], asyncio.Task[_Rules]] = {}

    async def check(self, url: str, *, allow_private: bool) -> None:
        """Raise `NoPage` if the URL must not be asked for."""
        key = (str(URL(url, encoded=True).origin()), allow_private)
        if key not in self._reading:
            self._reading[key] = asyncio.ensure_future(self._read(*key))
        rules = await asyncio.shield(self._reading[key])
        host = host_of(url)
        if rules.unreadable is not None:
            why = rules.unreadable
            raise NoPage(why.outcome, why.reason, final_url=url, not_before=why.not_before)
        if rules.parsed is not None and not rules.parsed.can_fetch(url, NAME):
            raise NoPage(
                Outcome.ROBOTS,
                Message("robots.forbidden", host=host, name=NAME, line=_IGNORE),
                final_url=url,
            )

    async def _read(self, origin: str, allow_private: bool) -> _Rules:
        host = host_of(origin)
        try:
            answer = await self._fetcher.follow(
                f"{origin}/robots.txt", allow_private=allow_private, may_ask=_always, headers_for=lambda _: {}
            )
        except DownloadFailed as failure:
            if not failure.reached:  # then its pages can't be had either, and that is what a person must know
                return _Rules(unreadable=NoPage(Outcome.FAILED, failure.reason))
            large = failure.reason.code == "network.large"  # which speaks of a page
            why = Message("robots.large", size=failure.reason.params["size"]) if large else failure.reason
            return _Rules(unreadable=_unreadable(host, why))
        except NoPage as failure:
            if failure.outcome is Outcome.BLOCKED:
                return _Rules(unreadable=failure)
            return _Rules(unreadable=_unreadable(host, failure.reason))
        if 200 <= answer.status < 300:
            parsed = Protego.parse(answer.body[:_READ].decode("utf-8", "replace"))
            self._hosts.slow_down(host, min(parsed.crawl_delay(NAME) or 0, self._longest_delay))
            return _Rules(parsed=parsed)
        if 400 <= answer.status < 500 and answer.status != 429:
            return _Rules()
        until = self._fetcher.come_back_at(answer)
        if until is not None:
            why = Message("robots.paused", status=answer.status, until=f"{until:%Y-%m-%d %H:%M}")
            return _Rules(unreadable=_unreadable(host, why, until))
        return _Rules(unreadable=_unreadable(host, Message("robots.answered", status=answer.status)))


def _unreadable(host: str, why: Message, not_before: datetime | None = None) -> NoPage:
    reason = Message("robots.unreadable", host=host, why=why, line=_IGNORE)
    return NoPage(Outcome.ROBOTS, reason, not_before=not_before)


async def _always(url: str) -> None:
    """A robots.txt needs no robots.txt's leave."""
