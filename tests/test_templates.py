"""The operator's own templates: partly, fully or badly replaced; no alert is lost by them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from notifier.notifications import Notification, apply_templates
from notifier.routes import Address
from notifier.templating import Templates, template_names
from notifier.try_templates import template_problems
from storage.database import Database
from tests.messages import alert
from tests.owed import owe, route
from tests.post import OPERATOR, Post, deliver
from tests.site import policywatch


def own(folder: Path, **files: str) -> Templates:
    """A folder of templates; `alert_txt` is alert.txt.j2."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.j2").write_text(text, "utf-8")
    return Templates(folder)


def test_what_is_replaced_is_theirs_and_the_rest_stays_ours(store: Database, tmp_path: Path) -> None:
    templates = own(
        tmp_path,
        alert_txt="Acme privacy team\n{{ body.changes[0].title }}: {{ body.changes[0].meaning }}",
        frame_html="<title>Acme</title>{% block content %}{% endblock %}",
        subject_txt="[{{ kind }}] {{ body.changes[0].service }}",
    )
    message = apply_templates(alert(store), templates)
    assert message.text == "Acme privacy team\nPrivacy Policy: train our writing models unless you object\n"
    assert message.html.startswith("<title>Acme</title>")
    assert "<ins" in message.html
    assert "**train our writing models unless**" in message.fitted("markdown", 10**6)
    assert message.subject == "[alert] Parley"
    assert template_problems(tmp_path) == [
        "subject.txt.j2, line 1: tuple object has no element 0"  # a notice has no change
    ]


BROKEN = {
    "{{ body.templates.folder.joinpath('x').touch() }}": "alert.txt.j2, line 1: 'None' has no attribute 'joinpath'",
    "{% for x in %}": "alert.txt.j2, line 1: Expected an expression",
    "\n{{ body.nothing }}": "alert.txt.j2, line 2: 'notifier.render.Body object' has no attribute 'nothing'",
    "{{ 1 / 0 }}": "alert.txt.j2, line 1: division by zero",
    "{{ ''.__class__.__mro__ }}": "alert.txt.j2, line 1: access to attribute '__class__' of 'str' object is unsafe",
    "{{ body.changes.append(1) }}": "alert.txt.j2, line 1: 'tuple object' has no attribute 'append'",
    "{% for n in range(999999999) %}x{% endfor %}": "alert.txt.j2, line 1: Range too big",
    "{% include 'nowhere.j2' %}": "alert.txt.j2, line 1: nowhere.j2 is not there",
    "{% include '../../../../etc/passwd' %}": "alert.txt.j2, line 1: ../../../../etc/passwd is not there",
    "  ": "alert.txt.j2: it prints nothing",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_template_that_fails_is_named_and_ours_takes_its_place(store: Database, tmp_path: Path, text: str) -> None:
    templates = own(tmp_path, alert_txt=text)
    plain = alert(store)
    assert apply_templates(plain, templates).text == plain.text
    for said in (templates.troubles, template_problems(tmp_path)):
        assert len(said) == 1
        assert said[0].startswith(BROKEN[text])


def test_words_of_a_page_are_escaped_in_their_templates_too(store: Database, tmp_path: Path) -> None:
    templates = own(
        tmp_path, alert_html="<p>{{ body.changes[0].meaning }}</p>", alert_chat="{{ body.changes[0].meaning }}"
    )
    message = apply_templates(alert(store, brief={"meaning": "<script>*x*"}), templates)
    assert message.html == "<p>&lt;script&gt;*x*</p>\n"
    assert message.fitted("markdown", 10**6) == "&lt;script>\\*x\\*\n"
    subject = own(tmp_path, subject_txt="a\r\nBcc: {{ kind }}\n" + "x" * 500)
    assert "\n" not in apply_templates(message, subject).subject
    assert len(apply_templates(message, subject).subject) <= 180


def test_a_broken_one_loses_no_alert_and_is_told_to_the_operator_once(database: Database, tmp_path: Path) -> None:
    owe(database, "team")
    owe(database, "team")
    own(tmp_path, alert_txt="{{ nothing }}", notice_txt="{{ nothing }}")
    made: list[Notification] = []

    class Reading(Post):
        def __call__(self, address: Address, message: Notification):  # type: ignore[no-untyped-def]
            made.append(message)
            _ = message.text
            return super().__call__(address, message)

    post = Reading()
    done = deliver(database, route("team", "json://a", "json://b"), post=post, operator=OPERATOR, templates=tmp_path)
    assert (done.sent, done.failed) == (6, 0)
    assert all("train our writing models" in message.text for message in post.to("A"))
    assert ["alert.txt.j2" in message.text for message in post.to("OPS")] == [True, False]
    assert "notice.txt.j2" in post.to("OPS")[1].text


def test_every_template_of_ours_can_be_copied_and_works(tmp_path: Path) -> None:
    ours = Path(__file__).parents[1] / "notifier" / "templates"
    for file in ours.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert template_names() == {file.name for file in ours.iterdir()} | {"subject.txt.j2"}
    assert template_problems(tmp_path) == []


def test_doctor_and_the_job_say_what_is_wrong_and_the_alert_arrives(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    database = Database(url)
    owe(database, "team")
    database.close()
    config = tmp_path / "policywatch.toml"
    config.write_text(
        f'contact = "a@example.org"\ndatabase = "{url}"\n[messages]\ntemplates = "ours"\n'
        '[[routes]]\nname = "team"\nto = ["console://"]\n',
        "utf-8",
    )
    environ = {**os.environ, "COLUMNS": "500"}
    said = policywatch("doctor", "--config", config, environ=environ, status=2)  # nothing is watched
    assert "ours: there is no such folder" in said
    (tmp_path / "ours").mkdir()
    own(tmp_path / "ours", alert_txt="{{ nothing }}", alret_txt="x")
    said = policywatch("doctor", "--config", config, environ=environ, status=2)
    assert "alert.txt.j2, line 1: 'nothing' is undefined" in said
    assert "alret.txt.j2: is no template's name" in said
    sent = policywatch("deliver", "--config", config)
    assert "train our writing models" in sent
