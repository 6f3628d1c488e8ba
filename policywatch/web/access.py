"""Who may do more than read: people with their own passwords or signed in by a proxy, the shared password, the token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from asyncio import get_running_loop
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import inf
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from policywatch.config.errors import Problem, WatchlistError
from policywatch.config.schema import PersonEntry
from policywatch.config.watchlist import MissingVariable, Watchlist, expand
from policywatch.web.caches import Recent

PASSWORD, TOKEN = "POLICYWATCH_PASSWORD", "POLICYWATCH_TOKEN"  # names of variables
SESSION_SECONDS = 12 * 3600
_SESSIONS = 200  # those longest unused go first
_WINDOW = 15 * 60  # seconds
_MOST_WRONG = 5  # of one client
_MOST_WRONG_OF_ALL = 60  # then only clients that have not failed may try
_LONGEST_QUEUE = (
    8  # checked or waiting, one at a time: hashing costs time and memory
)
_HOUR, _DAY = 3600, 24 * 3600  # seconds
_BUSY = 5  # seconds until a retry
_HASHED = "$argon2"
_SHORTEST = 12  # characters


class UnusablePassword(ValueError):
    """The password or token in the environment is too weak or malformed."""


class TooManyTries(Exception):
    """`wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many wrong passwords; wait {wait} seconds")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Session:
    """`name` is empty for the shared password, whose `hash` was this (empty if a proxy signed in); forms must send
    `csrf`.
    """

    csrf: str
    until: float
    name: str
    hash: str


class Access:
    """Sessions are in memory; thread-safe.

    `private`: reading needs a sign-in too. `people` are by name; removing a person or changing a password ends their
    sessions.
    """

    def __init__(
        self,
        *,
        password: str | None = None,
        token: str | None = None,
        people: Callable[[], Mapping[str, PersonEntry]] = dict,
        private: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.private = private
        self._hasher = PasswordHasher()
        self._hash = (
            _hashed(self._hasher, _usable(password, PASSWORD)) if password else None
        )
        self._token = _digest(_long_enough(token, TOKEN)) if token else None
        self._people = people
        self._hashes: dict[str, str] = {}  # of plain passwords
        if private and not self.knows_anyone:
            raise UnusablePassword(
                f"private pages need [[people]], or {PASSWORD} or {TOKEN} in the environment"
            )
        self._clock = clock
        self._sessions = Recent[bytes, Session](_SESSIONS)
        self._by_proxy: dict[str, Session] = {}
        self._failures: deque[tuple[float, str]] = deque(maxlen=10_000)
        self._hashing = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    @property
    def can_sign_in(self) -> bool:
        return self._hash is not None or self.knows_people

    @property
    def knows_people(self) -> bool:
        return any(person.password for person in self._people().values())

    @property
    def has_shared_password(self) -> bool:
        return self._hash is not None

    @property
    def knows_anyone(self) -> bool:
        return bool(self._hash or self._people() or self._token)

    def sign_in(self, password: str, address: str, name: str = "") -> str | None:
        """A session's secret; None for a wrong name or password. Raises `TooManyTries`."""
        if not self.can_sign_in:
            return None
        client = client_of(address)
        self._check_tries(client)
        known = self._hash_of(name)
        try:  # timing reveals no names
            self._hasher.verify(
                known or self._hashed_once(secrets.token_urlsafe(32), key=""),
                password,
            )
        except VerificationError:
            known = None
        if known is None:
            self._failures.append((self._clock(), client))
            return None
        secret = secrets.token_urlsafe(32)
        until = self._clock() + SESSION_SECONDS
        new = Session(secrets.token_urlsafe(32), until, name, known)
        self._sessions.keep(_digest(secret), new)
        return secret

    def _hash_of(self, name: str) -> str | None:
        if not name:
            return self._hash
        person = self._people().get(name)
        if person is None or person.password is None:
            return None
        return self._hashed_once(person.password, key=person.password)

    def _hashed_once(self, password: str, *, key: str) -> str:
        if key not in self._hashes:
            self._hashes[key] = _hashed(self._hasher, password)
        return self._hashes[key]

    async def sign_in_by_turn(
        self, password: str, address: str, name: str = ""
    ) -> str | None:
        """In a thread, one at a time, so that it takes none from the pages; refused at once where many wait."""
        self._check_tries(
            client_of(address)
        )  # none who failed takes a place in the queue
        if self._waiting >= _LONGEST_QUEUE:
            raise TooManyTries(_BUSY)
        self._waiting += 1
        try:
            return await get_running_loop().run_in_executor(
                self._hashing, self.sign_in, password, address, name
            )
        finally:
            self._waiting -= 1

    def _check_tries(self, client: str) -> None:
        recent = [
            failure
            for failure in tuple(self._failures)
            if failure[0] > self._clock() - _WINDOW
        ]
        times = [time for time, failed in recent if failed == client]
        most = 1 if len(recent) >= _MOST_WRONG_OF_ALL else _MOST_WRONG
        if len(times) >= most:
            raise TooManyTries(max(1, int(times[-most] + _WINDOW - self._clock())))

    def sign_out(self, secret: str) -> None:
        self._sessions.forget(_digest(secret))

    def session(self, secret: str | None) -> Session | None:
        session = self._sessions.get(_digest(secret)) if secret else None
        if (
            session is None
            or session.until <= self._clock()
            or self._hash_of(session.name) != session.hash
        ):
            return None
        return session

    def session_by_proxy(self, name: str | None) -> Session | None:
        if name is None or name not in self._people():
            return None
        new = Session(secrets.token_urlsafe(32), inf, name, "")
        return self._by_proxy.setdefault(name, new)

    def operates(self, name: str) -> bool:
        """Whether this person, or who has the shared password, may do more than review."""
        person = self._people().get(name)
        return person is None or person.role == "operator"

    def knows_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return (
            self._token is not None
            and scheme.lower() == "bearer"
            and hmac.compare_digest(_digest(token.strip()), self._token)
        )


def people(
    watchlist: Watchlist, environ: Mapping[str, str], *, by_proxy: bool
) -> dict[str, PersonEntry]:
    """By name, with real passwords; only a proxy signs in who has none. Raises `WatchlistError`."""
    known, problems = dict[str, PersonEntry](), list[Problem]()
    for entry in watchlist.people:
        password = entry.password
        try:
            if password is not None:
                password = _usable(expand(password, environ), "it")
            elif not by_proxy:
                raise UnusablePassword(
                    "it is missing, and no proxy signs in: give `serve --user-header`"
                )
            known[entry.name] = entry.model_copy(update={"password": password})
        except (MissingVariable, UnusablePassword) as failure:
            problems.append(entry.problem("password", str(failure)))
    if problems:
        raise WatchlistError(problems)
    return known


def _hashed(hasher: PasswordHasher, password: str) -> str:
    return password if password.startswith(_HASHED) else hasher.hash(password)


def _usable(password: str, name: str) -> str:
    """Raises `UnusablePassword`."""
    if not password.startswith(_HASHED):
        return _long_enough(password, name)
    try:
        PasswordHasher().check_needs_rehash(password)
    except InvalidHashError as failure:
        raise UnusablePassword(
            f"{name} begins like an argon2 hash and is none"
        ) from failure
    return password


def _long_enough(secret: str, name: str) -> str:
    if len(secret) < _SHORTEST:
        raise UnusablePassword(
            f"{name} is too short: take at least {_SHORTEST} characters"
        )
    return secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def client_of(address: str) -> str:
    """The address, or the /64 of IPv6 that a customer gets."""
    return _shared(address, 32, 64)


def _shared(address: str, bits_of_4: int, bits_of_6: int) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = bits_of_4 if isinstance(parsed, IPv4Address) else bits_of_6
    return str(ip_network(f"{parsed}/{bits}", strict=False))


class SignUps:
    """By network; thread-safe."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, str]] = deque(maxlen=10_000)

    def takes(self, address: str, most: int) -> bool:
        """It is then counted. `most` are those of a day, a quarter of them may come in an hour."""
        # a customer's range at most
        network, now = _shared(address, 24, 48), monotonic()
        times = [time for time, other in tuple(self._times) if other == network]
        is_let = all(
            sum(time > now - window for time in times) < limit
            for window, limit in ((_HOUR, max(1, most // 4)), (_DAY, most))
        )
        if is_let:
            self._times.append((now, network))
        return is_let
