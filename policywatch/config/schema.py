"""The tables of a watchlist file as written, every value checked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlencode, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    model_validator,
)
from pydantic_core import PydanticCustomError
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from analysis.text.notation import pattern_of
from foundation.vocabulary import DocumentKind, Graded, Leaning, Robots, Source
from policywatch.config.errors import HIDDEN, Problem, dotted, explained
from storage.documents import DECLARED

GIT_ADDRESS = re.compile(
    r"(?i)(?P<scheme>https?|ssh|git|file)://|[\w.-]+@(?P<host>[\w.-]+):"
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_MOST = {"m": 365 * 24 * 60, "h": 365 * 24, "d": 365}


PERSON = r"^[^\s:/@,;<>\"]+@[\w-]+(\.[\w-]+)+$"  # an e-mail address alone

# suffixes that pages and API add to a document's id
_PAGES_OF_A_DOCUMENT = re.compile(
    r".+/(compare|course|versions(/[^/]+(/(text|capture|withdraw))?)?)"
)


def check_document_id(text: str) -> str:
    """Raises `ValueError`."""
    if not re.fullmatch(
        r"[a-z0-9]+([-._][a-z0-9]+)*(/[a-z0-9]+([-._][a-z0-9]+)*)+", text
    ):
        raise ValueError(
            "write service/document in small letters, digits, '-', '.' and '_', like example/privacy-policy"
        )
    if _PAGES_OF_A_DOCUMENT.fullmatch(text):
        raise ValueError(
            "an id can't end in /compare, /course, /versions or /versions/NUMBER: pages of other documents end so"
        )
    return text


def check_web_address(text: str) -> str:
    """Raises `ValueError`."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            "write a whole address that begins with https:// or http://"
        )
    return text


def _page_address(text: str) -> str:
    """With a server's host and without credentials, for it is shown to everybody."""
    parts = urlsplit(check_web_address(text))
    if "@" in parts.netloc:
        raise PydanticCustomError(
            HIDDEN,
            "no user name and password are sent to a page; write its address without what stands before the @",
        )
    try:
        int(parts.port or 0)
        (parts.hostname or "").encode("idna")
    except ValueError as failure:
        raise ValueError("no server can have such a name or port") from failure
    if re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError("there is no space in an address; write %20")
    return text


def _git_address(text: str) -> str:
    if not GIT_ADDRESS.match(text):
        raise ValueError(
            "write the address of a git repository, like https://git.example.org/versions.git"
        )
    if "://" in text and urlsplit(text).password:
        raise PydanticCustomError(
            HIDDEN, "leave the password to git's own credential store"
        )
    return text


def check_span_text(text: str) -> str:
    """Raises `ValueError`."""
    if not re.fullmatch(r"[1-9]\d*[mhd]", text):
        raise ValueError("write a number and m, h or d, like 30m, 6h or 1d")
    if int(text[:-1]) > _MOST[text[-1]]:
        raise ValueError("write at most a year, like 365d")
    return text


def check_language_code(text: str) -> str:
    """Raises `ValueError`."""
    if not re.fullmatch(r"[a-z]{2}", text):
        raise ValueError("write two small letters, like en or fr")
    return text


def _phrase(text: str) -> str:
    if not re.search(r"\w", text):
        raise ValueError("write a word or more, like train* ... model*")
    pattern_of(text)  # raises `ValueError`
    return text


def _selector(text: str) -> str:
    try:
        LexborHTMLParser("<p></p>").css(text)
    except (ValueError, SelectolaxError) as failure:
        raise ValueError("this is not a CSS selector") from failure
    return text


def span(text: str) -> timedelta:
    """ "30m", "6h" or "1d"."""
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


@dataclass(frozen=True, slots=True)
class FileSection:
    """`[crawl]` (index None) or the index-th `[[documents]]`; name "" is the top."""

    file: Path
    lines: tuple[str, ...]
    name: str = ""
    index: int | None = None

    def problem(self, key: str, text: str) -> Problem:
        place = (
            f"{self.name}[{self.index}]" if self.index is not None else self.name
        )
        dotted = ".".join(part for part in (place, key) if part)
        return Problem(
            self.file, self._line(key.split("[")[0].split(".")[0]), dotted, text
        )

    def explained(
        self, error: Any, key: Sequence[int | str], model: type[BaseModel]
    ) -> Problem:
        """pydantic's error of a key of this section, in our words."""
        known = [field.alias or name for name, field in model.model_fields.items()]
        return self.problem(dotted(key), explained(error, key, known))

    def of(self, name: str, index: int | None = None) -> FileSection:
        return replace(self, name=name, index=index)

    def _line(self, key: str) -> int | None:
        """Of the key, else of the table's header; a key of the top may be a table's name."""
        lines = _line_numbers(self.lines)
        found = lines.get((self.name, self.index, key)) or lines.get(
            (self.name, self.index, "")
        )
        if found or self.name:
            return found
        return next(
            (
                number
                for (name, *_), number in lines.items()
                if key and name.split(".")[0] == key
            ),
            None,
        )


def _line_numbers(lines: Sequence[str]) -> dict[tuple[str, int | None, str], int]:
    """By table, index (None: a single table) and key ("": the header)."""
    numbers: dict[tuple[str, int | None, str], int] = {}
    table, index = "", None
    tables: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        if header := re.fullmatch(
            r"""\s*(\[\[?)([^\[\]=,]+)\]\]?\s*(?:#.*)?""", line
        ):
            table = ".".join(
                part.strip().strip("\"'") for part in header[2].split(".", 1)
            )
            index = tables[table] if header[1] == "[[" else None
            tables[table] += 1
            numbers.setdefault((table, index, ""), number)
        elif key := re.match(r"""\s*["']?([\w-]+)["']?\s*=""", line):
            numbers.setdefault((table, index, key[1]), number)
    return numbers


class Table(BaseModel):
    """Strict: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    _section: FileSection = PrivateAttr(FileSection(Path(), ()))

    def stands_in(self, section: FileSection) -> None:
        self._section = section

    def problem(self, key: str, text: str) -> Problem:
        """Found in use, with its place in the file."""
        return self._section.problem(key, text)


Address = Annotated[str, AfterValidator(check_web_address)]
PageAddress = Annotated[str, AfterValidator(_page_address)]
Selector = Annotated[str, AfterValidator(_selector)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
Language = Annotated[str, AfterValidator(check_language_code)]


class DocumentEntry(Table):
    """`[[documents]]`. `repository` and `type` ("Privacy Policy", or "Service/Privacy Policy" if the archive names
    the service otherwise) locate it in Open Terms Archive.
    """

    id: Annotated[str, AfterValidator(check_document_id)]
    service: Annotated[str, Field(min_length=1)]
    title: Annotated[str, Field(min_length=1)]
    kind: DocumentKind
    url: PageAddress | None = None
    urls: (
        Annotated[list[PageAddress], Field(min_length=2, max_length=20)] | None
    ) = None
    language: Language = "en"
    select: list[Selector] = []
    remove: list[Selector] = []
    section: Annotated[str, Field(min_length=1)] | None = None
    every: Annotated[str, AfterValidator(check_span_text)] = "6h"
    robots: Robots | None = None
    allow_private: bool = False
    render: bool = False
    expand: bool = False
    source: Source = "page"
    repository: Annotated[str, AfterValidator(_git_address)] | None = None
    type: Annotated[str, Field(pattern=r"^[^/]+(/[^/]+)?$")] | None = None
    fallback: Literal["wayback"] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if (self.url is None) == (self.urls is None):
            raise ValueError(
                "write either url, or urls for a document that is read from several addresses"
            )
        if self.urls and len(set(self.urls)) < len(self.urls):
            raise ValueError("urls has an address twice")
        if self.expand and not self.render:
            raise ValueError(
                "expand clicks in a browser: it needs render = true beside it"
            )
        if self.source == "open-terms-archive" and not (
            self.repository and self.type
        ):
            raise ValueError(
                "an archive that is followed needs repository and type beside it"
            )
        if self.urls and (self.source != "page" or self.fallback):
            raise ValueError(
                "an archive is read for one address: write url in place of urls"
            )
        return self

    @property
    def declared(self) -> dict[str, Any]:
        return self.model_dump(include={*DECLARED}) | {"url": self.addresses[0]}

    @property
    def archive_path(self) -> str | None:
        """In the repository of Open Terms Archive."""
        if self.type is None:
            return None
        return (
            f"{self.type}.md"
            if "/" in self.type
            else f"{self.service}/{self.type}.md"
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """In reading order."""
        return tuple(self.urls or [self.url or ""])

    @property
    def source_name(self) -> str:
        if self.source == "open-terms-archive":
            return f"Open Terms Archive ({self.repository})"
        if self.source == "wayback":
            return "Internet Archive"
        return f"its page{', else the Internet Archive' if self.fallback else ''}"


class CrawlEntry(Table):
    """`[crawl]`: times in seconds, sizes in bytes."""

    delay: Seconds = 5
    confirm_delay: Seconds = 20
    timeout: Annotated[float, Field(ge=1, le=3600)] = 60
    check_timeout: Annotated[float, Field(ge=1, le=86_400)] = 600
    max_size: Annotated[int, Field(ge=10_000)] = 20 * 2**20
    robots: Robots = "obey"


class ServiceEntry(Table):
    """`[services.NAME]`: for all documents of a service."""

    robots: Robots | None = None
    source: Source | None = None  # overrides the shipped watchlist's


class SourcesEntry(Table):
    """`[sources]`: the addresses of archives."""

    wayback_url: Address = "https://web.archive.org"


class TopicEntry(Table):
    """`[topics.NAME]`: a topic of the operator's own."""

    phrases: Annotated[
        list[Annotated[str, AfterValidator(_phrase)]], Field(min_length=1)
    ]
    languages: list[Language] = []


class RouteEntry(Table):
    """`[[routes]]`; `policywatch.config.recipients` gives it real addresses."""

    name: Annotated[str, Field(pattern=r"^[\w .-]+$")]
    to: Annotated[list[str], Field(min_length=1)]
    topics: list[str] | None = None
    severity: Graded = "low"
    directions: list[Leaning] | None = None
    services: list[str] | None = None
    documents: list[str] | None = None
    kinds: list[DocumentKind] | None = None
    languages: list[str] | None = None
    when: str = "at once"
    wait: Annotated[str, AfterValidator(check_span_text)] | None = None
    timezone: str = "UTC"
    quiet: str | None = None
    high_breaks_quiet: bool = False
    language: str = "en"
    enabled: bool = True
    formerly: list[str] = []
    empty: bool = False
    about: Annotated[str, Field(min_length=10, max_length=300)] | None = None


class OperatorEntry(Table):
    """`[operator]`: who hears of pages that can't be read and of deliveries that were given up."""

    to: list[str] = []
    language: str = "en"
    after: Annotated[int, Field(ge=1, le=100)] = 3
    heartbeat: str | None = None
    heartbeat_start: bool = False


class PersonEntry(Table):
    """One of `[[people]]`: who may sign in on the pages, by a password of their own, plain (from the environment) or as
    an argon2 hash; without one by the proxy of `serve --user-header`. A reviewer reviews changes and quarantined texts,
    an operator does everything.
    """

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
    password: Annotated[str | None, Field(repr=False)] = None
    role: Literal["reviewer", "operator"] = "operator"


class MailEntry(Table):
    """`[mail]`: the server that sends to plain e-mail addresses. Without `port` it is the usual one."""

    host: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str | None = None
    password: Annotated[str | None, Field(repr=False)] = None
    sender: Annotated[str, Field(alias="from", pattern=PERSON)]

    def url(self, person: str) -> str:
        """The Apprise address of a person, through this server."""
        login = (
            f"{quote(self.user, safe='')}:{quote(self.password or '', safe='')}@"
            if self.user
            else ""
        )
        host = f"{self.host}:{self.port}" if self.port else self.host
        mode = {"tls": "ssl", "none": "insecure"}.get(self.security, self.security)
        # without `smtp` Apprise takes another server for some senders
        query = urlencode(
            {"smtp": self.host, "mode": mode, "from": self.sender, "to": person}
        )
        return f"mailto{'' if self.security == 'none' else 's'}://{login}{host}?{query}"


class AlertsEntry(Table):
    """`[alerts]`: how long the alerts of a text that a person accepted wait, so that it can be taken back."""

    grace: Annotated[
        str,
        AfterValidator(
            lambda text: text if text == "0m" else check_span_text(text)
        ),
    ] = "10m"


# of APIs like OpenAI's, by the prefix of a model's name
MODEL_SERVICES = {
    "ollama": "http://127.0.0.1:11434/v1",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
    "mistral": "https://api.mistral.ai/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}
_OWN_NETWORK = re.compile(
    r"(?:localhost|[^.:]+|.+\.(?:local|internal|lan|home\.arpa)"
    r"|127\..+|10\..+|192\.168\..+|172\.(?:1[6-9]|2\d|3[01])\..+|::1|f[cd].+)"
)


class ReaderEntry(Table):
    """`[reader]`: the operator's language model; times in seconds, prices for a million input and output tokens."""

    model: Annotated[str, Field(min_length=1)] | None = None
    url: Address | None = None
    key: Annotated[str | None, Field(repr=False)] = None
    use: Literal["decides", "beside"] = "decides"
    seconds: Annotated[float, Field(ge=1, le=600)] = 60
    confirm: bool = False
    tokens_a_day: Annotated[int, Field(ge=1)] | None = None
    tokens_a_month: Annotated[int, Field(ge=1)] | None = None
    price: (
        Annotated[
            list[Annotated[float, Field(ge=0)]], Field(min_length=2, max_length=2)
        ]
        | None
    ) = None
    money_a_month: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.model is None:
            if self.url is not None:
                raise ValueError("url needs the name of a model beside it")
            return self
        if self.url is None and self.model.partition("/")[0] not in MODEL_SERVICES:
            raise ValueError(
                f"write url beside it, or begin model with {', '.join(f'{name}/' for name in MODEL_SERVICES)}"
            )
        address = urlsplit(self.url or "https://")
        if address.scheme != "https" and not _OWN_NETWORK.fullmatch(
            address.hostname or ""
        ):
            raise ValueError("url: write https:// outside of your own network")
        if self.money_a_month is not None and self.price is None:
            raise ValueError("money_a_month needs price beside it")
        return self

    @property
    def address(self) -> str:
        service = (self.model or "").partition("/")[0]
        return self.url or MODEL_SERVICES[service]

    @property
    def name(self) -> str:
        """Without the service's prefix."""
        service, _, rest = (self.model or "").partition("/")
        return rest if service in MODEL_SERVICES and rest else self.model or ""

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        if self.price is None:
            return None
        return (tokens_in * self.price[0] + tokens_out * self.price[1]) / 1e6


class EvidenceEntry(Table):
    """`[evidence]`: an RFC 3161 authority that signs the chain, and the PEM file of its certificates, relative to the
    watchlist.
    """

    timestamp_url: Address
    certificate: Annotated[str, Field(min_length=1)]


Days = Annotated[int, Field(ge=7, le=36_500)]


class RetentionEntry(Table):
    """`[retention]`: days; None: for ever."""

    checks: Days | None = None
    deliveries: Days | None = None
    set_aside: Days | None = None


class WebEntry(Table):
    """`[web]`: options of `serve`; `subscribe` lets readers subscribe by e-mail, so many a day, of one network and
    in all.
    """

    metrics: bool = False
    subscribe: bool = False
    sign_ups_a_day: Annotated[int, Field(ge=1)] = 100
    sign_ups_of_a_network: Annotated[int, Field(ge=1)] = 20


class WatchlistFile(Table):
    """The whole file. `site` is the public address of `serve`, for links in alerts.

    `upgrade`: whether writing commands upgrade an older database; by default a SQLite file is, after it was copied,
    and PostgreSQL is not.
    """

    use: list[str] = []
    contact: str | None = None
    database: str = "sqlite:///policywatch.db"
    upgrade: bool | None = None
    site: Address | None = None
    crawl: CrawlEntry = CrawlEntry()
    services: dict[str, ServiceEntry] = {}
    sources: SourcesEntry = SourcesEntry()
    topics: dict[str, TopicEntry] = {}
    documents: list[DocumentEntry] = []
    routes: list[RouteEntry] = []
    operator: OperatorEntry = OperatorEntry()
    people: list[PersonEntry] = []
    mail: MailEntry | None = None
    alerts: AlertsEntry = AlertsEntry()
    retention: RetentionEntry = RetentionEntry()
    web: WebEntry = WebEntry()
    reader: ReaderEntry = ReaderEntry()
    evidence: EvidenceEntry | None = None
