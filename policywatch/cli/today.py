"""The command `today`: what holds, by the texts in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from typer import Argument, Option

from messages.catalogue import ENGLISH, catalogue
from notifier.escape import markdown
from policywatch.cli.opening import reading
from policywatch.cli.options import (
    CONFIG,
    Config,
    Json,
    command_group,
    console,
    print_json,
)
from policywatch.sanitize import sanitize
from policywatch.views.today import (
    LanguageToday,
    StandingQuotation,
    StandingWords,
    Today,
)
from policywatch.views.today import today as answers_on
from storage.clock import utc_now

app = command_group()


@app.command()
def today(
    service: Annotated[str, Argument(metavar="SERVICE")],
    day: Annotated[
        datetime | None,
        Option(formats=["%Y-%m-%d"], help="As it was on that day (UTC)."),
    ] = None,
    config: Config = CONFIG,
    as_json: Json = False,
) -> None:
    """Say what a service's texts in force answer, in their own words and since when, as Markdown.

    Examples: `policywatch today LinkedIn` · `policywatch today LinkedIn --day 2024-08-01`
    """
    with reading(config) as (_, session):
        answers = answers_on(session, service, (day or utc_now()).date())
    if as_json:
        print_json(answers)
    else:
        console().print("\n".join(_lines(answers)), soft_wrap=True, markup=False)


def _lines(answers: Today) -> Iterator[str]:
    words = catalogue(ENGLISH)
    yield f"# {words('today.page', service=_text(answers.service))}"
    yield f"\n{words('today.on', date=words.day(answers.day))}."
    for group in answers.languages:
        yield f"\n## {group.language}"
        if not any(each.version for each in group.documents):
            yield f"\n{words('today.nothing_read')}"
            continue
        if not group.learned:
            yield f"\n{words('today.lexicon')}"
        for answer in group.answers:
            yield f"\n### {words.term('question', answer.question)}\n"
            if not answer.quotations:
                yield words("today.none")
            for each in answer.quotations:
                yield from _quotation(each)
            if answer.announced:
                yield f"\n{words('today.announced')}:\n"
            for each in answer.announced:
                yield from _quotation(each)
        yield from _read(group)


def _quotation(quotation: StandingQuotation) -> Iterator[str]:
    words = catalogue(ENGLISH)
    above = "".join(f"{_text(line)} " for line in quotation.lead_in)
    stands, *earlier = quotation.history
    yield f"- {above}“{_text(quotation.text)}”"
    if quotation.regions:
        yield f"  {words('brief.regions')}: {', '.join(quotation.regions)}"
    begins = (
        words("today.from", date=words.day(quotation.announced))
        if quotation.announced
        else _since(stands)
    )
    before = ""
    if not stands.first:
        same = [each for each in earlier if each.until is None]
        before = f", {words('today.before')}: " + (
            f"“{_text(same[0].text)}”"
            if same[:1] == earlier[:1] and same
            else words("today.new")
        )
    yield f"  {_text(quotation.title)}, {begins} (version {stands.version}{before})"
    if quotation.refuse:
        url = f" <{sanitize(quotation.refuse.url)}>" if quotation.refuse.url else ""
        yield f"  {words('brief.refuse')}: “{_text(quotation.refuse.text)}”{url}"


def _since(step: StandingWords) -> str:
    words = catalogue(ENGLISH)
    code = "today.at_least" if step.first else "today.since"
    return words(code, date=words.day(step.since))


def _read(group: LanguageToday) -> Iterator[str]:
    words = catalogue(ENGLISH)
    yield f"\n### {words('today.documents')}\n"
    for each in group.documents:
        state = (
            f"version {each.version}, {words.day(each.captured_at)}"
            if each.captured_at
            else words("today.unread")
        )
        failed = f"; {words.term('outcome', each.outcome)}" if each.outcome else ""
        failed += (
            f", {words('today.since', date=words.day(each.since))}"
            if each.since
            else ""
        )
        yield f"- {_text(each.title)}: {state}{failed}"


def _text(text: str) -> str:
    return markdown(sanitize(text))
