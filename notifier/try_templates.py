"""Tries the operator's own templates on a sample, before an alert depends on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from messages import LANGUAGES, catalogue
from notifier.chat_markup import Chat
from notifier.news import News
from notifier.notifications import Notification, apply_templates, change_message
from notifier.render import Body
from notifier.sample import SITE, sample_change
from notifier.templating import Format, Templates, template_names

_FORMS: tuple[Format, ...] = ("text", "html", *get_args(Chat))


def template_problems(folder: Path) -> list[str]:
    """What is wrong with the operator's own templates, tried on a sample in every form and language."""
    if not folder.is_dir():
        return [f"{folder}: there is no such folder"]
    known = template_names()
    strange = [file.name for file in sorted(folder.iterdir()) if file.name not in known and file.name[0] not in "._"]
    problems = [f"{name}: is no template's name; there are {', '.join(sorted(known))}" for name in strange]
    tried = Templates(folder)
    for message in _samples(tried):
        for form in _FORMS:
            for length in (100_000, 600):
                message.fitted(form, length)
    return problems + tried.troubles


def _samples(templates: Templates) -> Iterator[Notification]:
    for language in LANGUAGES:
        words = catalogue(language)
        sample = sample_change(language)
        shown = replace(sample, others=(sample,))
        news = (News("A sample.", ("Why it is said.",)), News("Another."))
        yield apply_templates(change_message(shown, language, ("team",)), templates)
        digest = Body("digest", language, changes=(shown, shown), lead=words("say.digest_lead"), routes=("team",))
        notice = Body("notice", language, lines=news, lead=words("say.notices_lead"), whole=SITE)
        for body in (digest, notice):
            yield apply_templates(Notification(body.template, "Sample", body), templates)
