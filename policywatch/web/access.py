"""Who may do more than read: whoever knows the password, or brings the token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address, ip_network
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD, TOKEN = "POLICYWATCH_PASSWORD", "POLICYWATCH_TOKEN"  # names of variables
LASTS = 12 * 3600  # seconds that a session holds
_SESSIONS = 200  # at a time; the oldest go first
_WINDOW = 15 * 60  # seconds in which wrong passwords are counted
_WRONG_FROM_ONE = 5  # then its passwords are not looked at any more
_WRONG_FROM_ALL = 60  # then only those who have not failed are let try
_LONGEST_QUEUE = 8  # of passwords that wait to be looked at, one at a time: hashing costs time and memory
_BUSY = 5  # seconds that one more is told to wait
_SHORTEST = 12  # characters of a password or token


class UnusablePassword(ValueError):
    """The environment holds a password or token that protects nothing."""


class TooManyTries(Exception):
    """Wrong passwords came too fast; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many wrong passwords; wait {wait} seconds")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Session:
    """Someone who signed in; `csrf` is what their forms bring along."""

    csrf: str
    until: float


class Access:
    """Checks passwords and tokens, and remembers who signed in until the process ends.

    With `private`, reading takes them too.
    """

    def __init__(
        self,
        *,
        password: str | None = None,
        token: str | None = None,
        private: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.private = private
        self._hasher = PasswordHasher()
        self._hash = _hashed(self._hasher, password) if password else None
        self._token = _digest(_long_enough(token, TOKEN)) if token else None
        if private and not (self._hash or self._token):
            raise UnusablePassword(f"private pages need {PASSWORD} or {TOKEN} in the environment")
        self._clock = clock
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._tries = _Tries(clock)
        self._one_at_a_time = threading.Lock()
        self._queue = threading.BoundedSemaphore(_LONGEST_QUEUE)

    @property
    def can_sign_in(self) -> bool:
        """There is a password."""
        return self._hash is not None

    @property
    def knows_anyone(self) -> bool:
        """There is a password or a token."""
        return self._hash is not None or self._token is not None

    def sign_in(self, password: str, client: str) -> str | None:
        """The secret of a new session; None where the password is wrong. Raises `TooManyTries`."""
        if self._hash is None:
            return None
        who = _network(client)
        self._tries.allow(who)  # before the queue, so that who failed takes no place in it
        if not self._queue.acquire(blocking=False):
            raise TooManyTries(_BUSY)
        try:
            with self._one_at_a_time:
                return self._signed_in(password, who)
        finally:
            self._queue.release()

    def _signed_in(self, password: str, who: str) -> str | None:
        assert self._hash is not None, "without a password nobody signs in"
        self._tries.allow(who)
        try:
            self._hasher.verify(self._hash, password)
        except VerificationError:
            self._tries.wrong(who)
            return None
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = Session(secrets.token_urlsafe(32), self._clock() + LASTS)
        while len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return secret

    def sign_out(self, secret: str) -> None:
        """Forget the session."""
        self._sessions.pop(_digest(secret), None)

    def session(self, secret: str | None) -> Session | None:
        """The session of a secret, while it holds."""
        found = self._sessions.get(_digest(secret)) if secret else None
        return found if found is not None and found.until > self._clock() else None

    def knows_token(self, authorization: str) -> bool:
        """Whether the header of a request brings the token."""
        scheme, _, token = authorization.partition(" ")
        return (
            self._token is not None
            and scheme.lower() == "bearer"
            and hmac.compare_digest(_digest(token.strip()), self._token)
        )


def access(environ: Mapping[str, str], *, private: bool) -> Access:
    """By the environment. Raises `UnusablePassword`."""
    return Access(password=environ.get(PASSWORD), token=environ.get(TOKEN), private=private)


def _hashed(hasher: PasswordHasher, password: str) -> str:
    if not password.startswith("$argon2"):
        return hasher.hash(_long_enough(password, PASSWORD))
    try:
        hasher.check_needs_rehash(password)
    except InvalidHashError as failure:
        raise UnusablePassword(f"{PASSWORD} begins like an argon2 hash and is none") from failure
    return password


def _long_enough(secret: str, name: str) -> str:
    if len(secret) < _SHORTEST:
        raise UnusablePassword(f"{name} is too short: take at least {_SHORTEST} characters")
    return secret


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _network(client: str) -> str:
    """Whom tries are counted for: an address, and of the many that one has with IPv6 the 64 bits that are given out."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if isinstance(address, IPv4Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))


@dataclass
class _Tries:
    """Wrong passwords of the last minutes, by client and of all together.

    Nobody can keep others out by failing: who has not failed yet may try, whatever the others did.
    """

    clock: Callable[[], float]
    times: deque[tuple[float, str]] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def allow(self, client: str) -> None:
        """Raises `TooManyTries`."""
        with self.lock:
            self._allow(client)

    def _allow(self, client: str) -> None:
        while self.times and self.times[0][0] <= self.clock() - _WINDOW:
            self.times.popleft()
        of_it = [when for when, who in self.times if who == client]
        most = 1 if len(self.times) >= _WRONG_FROM_ALL else _WRONG_FROM_ONE
        if len(of_it) >= most:
            raise TooManyTries(max(1, int(of_it[-most] + _WINDOW - self.clock())))

    def wrong(self, client: str) -> None:
        with self.lock:
            self.times.append((self.clock(), client))
