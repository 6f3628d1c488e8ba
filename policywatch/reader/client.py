"""Asks a language model by OpenAI's chat completions, through `foundation.http_client`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import openai

from foundation.http_client import HttpFailure, fetch
from policywatch.config.schema import ReaderEntry
from policywatch.reader.model import (
    ModelUnavailable,
    NoAnswer,
    Reply,
    TooLong,
)

_LARGEST = 2**20  # bytes of an answer
_MOST_TOKENS = 4_000  # of an answer
_LONGEST_PAUSE = 20.0  # seconds of a Retry-After


class _Guarded(httpx2.BaseTransport):
    def __init__(self, left: Callable[[], float]) -> None:
        self._left = left

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        kept = ("authorization", "content-type", "user-agent")
        try:
            response = fetch(
                str(request.url),
                method=request.method,
                body=request.read(),
                headers={
                    name: value
                    for name, value in request.headers.items()
                    if name in kept
                },
                seconds=max(0.1, self._left()),
                max_size=_LARGEST,
                allow_private=True,
            )
        except HttpFailure as failure:
            raise httpx2.TransportError(str(failure)) from failure
        headers = [
            (name, value)
            for name, value in response.headers
            if name.lower() not in ("content-encoding", "content-length")
        ]
        return httpx2.Response(
            response.status, headers=headers, content=response.body
        )


def ask(
    model: ReaderEntry,
    messages: list[dict[str, str]],
    schema: dict[str, Any],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Reply:
    """Without `response_format` a model is asked in words. Raises `NoAnswer`."""
    end = clock() + model.seconds

    def left() -> float:
        return end - clock()

    client = openai.OpenAI(
        base_url=model.address,
        api_key=model.key or "none",
        max_retries=0,
        timeout=model.seconds,
        http_client=httpx2.Client(transport=_Guarded(left)),
    )
    shape = {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    asked: dict[str, Any] = {
        "model": model.name,
        "messages": messages,
        "max_completion_tokens": _MOST_TOKENS,
        "response_format": shape,
    }
    while True:
        try:
            completion = client.chat.completions.create(**asked)
            break
        except (openai.RateLimitError, openai.InternalServerError) as failure:
            pause = _pause(failure)
            if pause is None or pause >= left():
                raise ModelUnavailable(f"status {failure.status_code}") from failure
            sleep(pause)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as failure:
            if failure.code == "context_length_exceeded" or "context" in str(
                failure
            ):
                raise TooLong(
                    "the question does not fit into the model"
                ) from failure
            if "response_format" not in asked:
                raise NoAnswer(f"status {failure.status_code}") from failure
            del asked["response_format"]
            asked["max_tokens"] = asked.pop("max_completion_tokens")
            in_words = (
                f"Answer with a JSON object of this schema:\n{json.dumps(schema)}"
            )
            first, *more = messages
            asked["messages"] = [
                first | {"content": f"{first['content']}\n{in_words}"},
                *more,
            ]
        except openai.APIStatusError as failure:
            kind = ModelUnavailable if failure.status_code >= 500 else NoAnswer
            raise kind(f"status {failure.status_code}") from failure
        except openai.APIConnectionError as failure:
            raise ModelUnavailable(str(failure.__cause__ or failure)) from failure
        except (openai.APIError, ValueError, TypeError, RecursionError) as failure:
            raise NoAnswer("the answer is not one of chat completions") from failure
    return _reply(completion)


def _pause(failure: openai.APIStatusError) -> float | None:
    """None if too long."""
    try:
        seconds = float(failure.response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST_PAUSE else None


def _reply(completion: Any) -> Reply:
    try:
        choice = completion.choices[0]
        content, usage = choice.message.content, completion.usage
    except (AttributeError, LookupError, TypeError) as failure:
        raise NoAnswer("the answer is not one of chat completions") from failure
    if getattr(choice.message, "refusal", None):
        raise NoAnswer("the model refused to answer")
    if not isinstance(content, str) or not content.strip():
        raise NoAnswer("the answer is empty")
    start = content.find("{")
    if start < 0:
        raise NoAnswer("the answer has no JSON object")
    try:
        answer, _ = json.JSONDecoder().raw_decode(content[start:])
    except (ValueError, RecursionError) as failure:
        if choice.finish_reason == "length":
            raise NoAnswer("the answer was cut off by its length") from failure
        raise NoAnswer("the answer has no whole JSON object") from failure
    tokens = [
        getattr(usage, name, 0) for name in ("prompt_tokens", "completion_tokens")
    ]
    return Reply(answer, *(each if isinstance(each, int) else 0 for each in tokens))
