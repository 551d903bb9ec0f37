"""Every page of the site, on a phone and on a desk, light and dark, in Chinese and in English.

A page has one heading and a title, fits its window, keeps to WCAG 2.2 AA, says nothing to the console, and in English holds
no Chinese but what people wrote. A URL that this file knows nothing about fails.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, url_for
from playwright.sync_api import Page, Request
from sqlalchemy import select

from quizapp.extensions import Base, db
from tests.browser.conftest import DESK, PHONE, Site, Visit
from tests.browser.looking import ALL, ALL_BUT_COLOURS, COLOURS, Scales, shape, violations
from tests.cast import Cast, Person, TinyBank
from tests.conftest import SignIn
from tests.world import UPLOADED, World, add_world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MOST_BYTES = 60_000  # of a participant's page, all that it loads included


@dataclass(frozen=True)
class Example:
    """An address of an endpoint (values in braces are the world's ids), who looks at it, and what to do there first."""

    who: str = "qin"
    arguments: tuple[tuple[str, str | int], ...] = ()
    act: Callable[[Page], None] | None = None


def example(who: str, act: Callable[[Page], None] | None = None, **arguments: str | int) -> Example:
    return Example(who, tuple(arguments.items()), act)


def sends(page: Page, button: str) -> None:
    """Click, and wait for the page that comes of it: the one before is there for a while yet."""
    with page.expect_navigation():
        page.locator(button).last.click()


def send_empty(page: Page) -> None:
    """Send the main form as it is, past the browser's own checks: the page comes back with the errors."""
    page.evaluate("document.querySelectorAll('main form').forEach(form => { form.noValidate = true; })")
    sends(page, "main form [type=submit]")


def untitled(page: Page) -> None:
    """Send an award without a title: all other fields have a proposal."""
    page.locator("[name=title]").fill("")
    send_empty(page)


def read_nothing(page: Page) -> None:
    """Ask for no sheet of a table to be read: with any other answer the file would be checked again, and gone from here."""
    for box in page.locator("main form [type=checkbox]").all():
        box.uncheck()
    sends(page, "main form [type=submit]")


def roster(text: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("input[type=file]").set_input_files(
            {"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode()}
        )
        sends(page, "main form [type=submit]")

    return act


def longer(page: Page) -> None:
    page.locator("[name=minutes]").fill("45")
    sends(page, "main form [type=submit]")


def interrupted(page: Page) -> None:
    """Ask whom the last minutes would touch."""
    now = datetime.now(ZoneInfo("Asia/Shanghai")).replace(second=7)
    for name, minutes in (("begun_at", 10), ("over_at", 5)):
        page.locator(f"[name={name}]").fill(f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}")
    page.locator("[name=reason]").fill("Power cut")
    sends(page, "main form [type=submit]")


def overtaken(page: Page) -> None:
    """Save a question as if somebody else had changed it meanwhile."""
    page.evaluate("document.querySelector('[name=seen]').value = 'another'")
    sends(page, "[data-once]")


def give_code(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    sends(page, "form[action$='/code'] [type=submit]")


ROSTER = "姓名,工号,手机号,单位代码\n赵一,1001,,\n钱二,,13800001111,\n"
BAD_ROSTER = "姓名,工号,手机号,单位代码\n,1001,,\n孙三,,12345,NOSUCH\n"
UNITS = "单位名称,单位代码,上级单位代码,地区,行业\n一车间,A-1,A,,\n甲厂新名,A,,北京市,制造业\n"
BAD_UNITS = "单位名称,单位代码,上级单位代码,地区,行业\n,A-1,A,,\n二车间,A-2,NOSUCH,火星,\n"
OPEN, ALL_PHASES = "{open}", ("{open}", "{upcoming}", "{paused}", "{closed}", "{frozen}")

PAGES: dict[str, list[Example]] = {
    # For everybody
    "web.privacy": [example("nobody"), example("lin")],
    "accounts.sign_in": [example("nobody"), example("nobody", send_empty)],
    "accounts.reset": [example("nobody"), example("nobody", send_empty)],
    "accounts.profile": [example("lin"), example("wu"), example("ada")],
    "accounts.change_password": [example("lin"), example("lin", send_empty)],
    "organizations.join": [example("nobody"), example("nobody", send_empty)],
    "organizations.join_unit": [
        example("nobody", join_code="JOINA"),
        example("nobody", send_empty, join_code="JOINA"),
        example("lin", join_code="JOINB"),
        example("qin", join_code="JOINA"),
        example("nobody", join_code="NOSUCHCODE"),
    ],
    "organizations.claim": [example("nobody"), example("nobody", send_empty)],
    "organizations.my_membership": [example("lin"), example("qin")],
    # Participants
    "competitions.index": [example("nobody"), example("lin"), example("qin")],
    "competitions.show": [
        *(example("lin", competition_id=phase) for phase in ALL_PHASES),
        *(example(who, competition_id=OPEN) for who in ("nobody", "bo", "chen", "qin")),
        example("nobody", competition_id="{draft}"),
    ],
    "attempts.answering": [example("bo", competition_id=OPEN)],
    "attempts.result": [
        example("lin", competition_id=OPEN),
        example("lin", competition_id="{closed}"),
        example("chen", competition_id=OPEN),
    ],
    "own_receipts.show": [
        example("lin", competition_id=OPEN),
        example("lin", competition_id="{closed}"),
    ],
    "receipts.index": [example("nobody"), example("lin")],
    "practice.rooms": [example("lin", competition_id=OPEN)],
    "practice.room": [
        example("lin", competition_id=OPEN, topic="mixed"),
        example("lin", competition_id=OPEN, topic="T01"),
    ],
    "leaderboards.people": [
        example("lin", competition_id=OPEN),
        example("nobody", competition_id="{frozen}"),
        example("nobody", competition_id="{upcoming}"),
    ],
    "leaderboards.units": [example("lin", competition_id=OPEN), example("lin", competition_id=OPEN, scope="all")],
    "leaderboards.regions": [example("lin", competition_id=OPEN), example("lin", competition_id="{frozen}")],
    "leaderboards.industries": [example("lin", competition_id=OPEN)],
    "leaderboards.unit": [example("lin", competition_id=OPEN, unit_id="{group}")],
    "leaderboards.unit_people": [example("lin", competition_id=OPEN, unit_id="{unit_b}")],
    "leaderboards.hall": [example("nobody", competition_id=OPEN), example("nobody", competition_id="{frozen}")],
    "awards.index": [example("nobody", competition_id=OPEN), example("lin", competition_id="{closed}")],
    "awards.show": [
        example("nobody", competition_id=OPEN, award_id="{open_award}"),
        example("nobody", competition_id="{frozen}", award_id="{frozen_award}"),
    ],
    "awards.unit": [
        example("lin", competition_id="{frozen}", award_id="{frozen_award}", unit_id="{unit_b}"),
        example("lin", competition_id="{frozen}", award_id="{frozen_award}", unit_id="{unit_a}"),
    ],
    "notices.show": [example("nobody", competition_id="{noticed}"), example("lin", competition_id="{noticed}")],
    "notices.objection": [
        example("lin", competition_id="{noticed}"),
        example("nobody", send_empty, competition_id="{noticed}"),
    ],
    "notices.objection_reply": [example("nobody", competition_id="{noticed}", code="{objection_code}")],
    "own_notices.naming": [example("lin", competition_id="{noticed}")],
    # Coordinators, associations, and who looks after units
    "organizations.my_units": [example("wu"), example("su")],
    "organizations.unit": [
        example("wu", organization_id="{unit_a}"),
        example("su", organization_id="{group}"),
        example("qin", organization_id="{unit_b}"),
        example("jun", organization_id="{empty_unit}"),
    ],
    "organizations.renew_join_code": [example("wu", organization_id="{unit_a}")],
    "organizations.person": [
        example("wu", membership_id="{membership_of_lin}"),
        example("wu", give_code, membership_id="{membership_of_bo}"),
    ],
    "organizations.remove_person": [example("wu", membership_id="{membership_of_lin}")],
    "organizations.roster": [
        example("wu", organization_id="{unit_a}"),
        example("wu", roster(ROSTER), organization_id="{unit_a}"),
        example("wu", roster(BAD_ROSTER), organization_id="{unit_a}"),
    ],
    "organizations_admin.index": [example("qin"), example("jun", text="厂")],
    "organizations_admin.create": [example("qin"), example("qin", send_empty)],
    "organizations_admin.edit": [example("qin", organization_id="{unit_a}")],
    "organizations_admin.move": [example("qin", organization_id="{unit_a}")],
    "organizations_admin.delete": [
        example("qin", organization_id="{empty_unit}"),
        example("qin", organization_id="{unit_a}"),
    ],
    "organizations_admin.upload": [
        example("qin"),
        example("qin", roster(UNITS)),
        example("qin", roster(BAD_UNITS)),
    ],
    "organizations_admin.grant_scoped": [
        example("ada", account_id="{bo}"),
        example("ada", send_empty, account_id="{bo}"),
    ],
    "reports_admin.index": [example("wu"), example("su"), example("qin")],
    "reports_admin.progress": [
        example("wu", competition_id=OPEN),
        example("qin", competition_id=OPEN),
        example("su", competition_id="{frozen}"),
    ],
    "reports_admin.unanswered_people": [example("wu", competition_id=OPEN, unit="{unit_a}")],
    # Organizers
    "reports_admin.overview": [*(example("qin", competition_id=phase) for phase in ALL_PHASES)],
    "competitions_admin.index": [example("qin"), example("jun")],
    "competitions_admin.new": [example("qin"), example("qin", send_empty)],
    "competitions_admin.show": [
        *(example("qin", competition_id=phase) for phase in ("{draft}", *ALL_PHASES)),
        example("jun", competition_id=OPEN),
    ],
    "competitions_admin.edit": [example("qin", competition_id="{draft}"), example("qin", competition_id=OPEN)],
    "competitions_admin.preview": [example("qin", competition_id="{draft}", seed="a")],
    "competitions_admin.publish": [example("qin", competition_id="{draft}")],
    "competitions_admin.withdraw": [example("qin", competition_id="{upcoming}")],
    "competitions_admin.delete": [example("qin", competition_id="{draft}")],
    "competitions_admin.copy": [example("qin", competition_id=OPEN)],
    "competitions_admin.times": [example("qin", competition_id=OPEN), example("qin", longer, competition_id=OPEN)],
    "competitions_admin.pause": [example("qin", competition_id=OPEN), example("qin", send_empty, competition_id=OPEN)],
    "competitions_admin.resume": [example("qin", competition_id="{paused}")],
    "competitions_admin.extra_time": [
        example("qin", competition_id=OPEN),
        example("qin", competition_id=OPEN, q="林晓"),
        example("qin", competition_id=OPEN, q="nobody at all"),
    ],
    "competitions_admin.grant_extra_time": [example("qin", competition_id=OPEN, account_id="{lin}")],
    "competitions_admin.revoke_extra_time": [example("qin", competition_id=OPEN, extra_id="{extra}")],
    "attempts_admin.interruptions": [
        example("qin", competition_id=OPEN),
        example("qin", interrupted, competition_id=OPEN),
    ],
    "competitions_admin.announcements": [example("qin", competition_id=OPEN), example("qin", competition_id="{draft}")],
    "competitions_admin.remove_announcement": [example("qin", competition_id=OPEN, announcement_id="{notice}")],
    "awards_admin.index": [example("qin", competition_id="{upcoming}"), example("jun", competition_id=OPEN)],
    "awards_admin.new": [
        example("qin", competition_id="{upcoming}"),
        example("qin", untitled, competition_id="{upcoming}"),
    ],
    "awards_admin.edit": [
        example("qin", competition_id="{upcoming}", award_id="{upcoming_award}"),
        example("qin", competition_id=OPEN, award_id="{open_award}"),
    ],
    "awards_admin.show": [
        example("qin", competition_id="{upcoming}", award_id="{upcoming_award}"),
        example("qin", competition_id=OPEN, award_id="{open_award}"),
        example("qin", competition_id="{frozen}", award_id="{frozen_award}"),
    ],
    "headcounts_admin.headcounts": [
        example("wu", competition_id=OPEN),
        example("qin", competition_id=OPEN),
        example("qin", competition_id="{upcoming}"),
    ],
    "headcounts_admin.ask": [
        example("wu", competition_id=OPEN, unit_id="{unit_a}"),
        example("wu", send_empty, competition_id=OPEN, unit_id="{unit_a}"),
        example("wu", competition_id="{upcoming}", unit_id="{unit_a}"),
    ],
    "headcounts_admin.decide": [
        example("qin", competition_id=OPEN, request_id="{headcount_request}"),
        example("qin", send_empty, competition_id=OPEN, request_id="{headcount_request}"),
    ],
    "leaderboards_admin.freeze": [
        example("qin", competition_id=OPEN),
        example("qin", competition_id="{closed}"),
        example("qin", competition_id="{frozen}"),
        example("qin", competition_id="{freezing}"),
        example("qin", competition_id="{unfrozen}"),
    ],
    "draws.index": [
        example("nobody", competition_id="{frozen}"),
        example("nobody", competition_id=OPEN),
    ],
    "draws.show": [
        example("nobody", competition_id="{frozen}", number=1),
        example("lin", competition_id="{frozen}", number=1),
        example("nobody", competition_id="{frozen}", number=2),
        example("qin", competition_id="{frozen}", number=3),
    ],
    "draws.hall": [
        example("nobody", competition_id="{frozen}", number=1),
        example("nobody", competition_id="{frozen}", number=2),
        example("nobody", competition_id="{frozen}", number=3),
    ],
    "draws_admin.index": [
        example("qin", competition_id="{frozen}"),
        example("qin", competition_id="{closed}"),
        example("jun", competition_id=OPEN),
    ],
    "draws_admin.show": [
        example("qin", competition_id="{closed}", number=1),
        example("jun", competition_id="{frozen}", number=1),
        example("qin", competition_id="{frozen}", number=2),
        example("qin", competition_id="{frozen}", number=3),
    ],
    "draws_admin.plan": [
        example("qin", competition_id="{closed}", number=1),
        example("qin", send_empty, competition_id="{closed}", number=1),
    ],
    # Of the way through them one test of its own takes care: test_drawing.py.
    "draws_admin.freeze": [example("qin", competition_id="{closed}", number=1)],
    "draws_admin.chance": [example("qin", competition_id="{frozen}", number=3)],
    "draws_admin.draw": [example("qin", competition_id="{frozen}", number=3)],
    "notices_admin.show": [
        example("qin", competition_id="{noticed}"),
        example("qin", competition_id="{frozen}"),
        example("qin", competition_id="{closed}"),
        example("jun", competition_id="{noticed}"),
    ],
    "notices_admin.objection": [
        example("qin", competition_id="{noticed}", objection_id="{objection}"),
        example("qin", send_empty, competition_id="{noticed}", objection_id="{objection}"),
    ],
    "notices_admin.new_correction": [
        example("qin", competition_id="{noticed}"),
        example("qin", send_empty, competition_id="{noticed}"),
    ],
    "notices_admin.correction": [
        example("qin", competition_id="{noticed}", correction_id="{correction}"),
        example("ada", competition_id="{noticed}", correction_id="{correction}"),
        example("jun", competition_id="{noticed}", correction_id="{applied_correction}"),
    ],
    "banks_admin.index": [example("qin")],
    "banks_admin.bank": [example("qin", bank_id="{bank}"), example("jun", bank_id="{other_bank}")],
    "bank_versions_admin.version": [
        example("qin", version_id="{version}"),
        example("qin", version_id="{draft_version}", kind="judge"),
        example("qin", version_id="{version}", text="nothing like it"),
    ],
    "bank_editor_admin.question": [
        example("qin", version_id="{version}", question_id="{question}"),
        example("qin", version_id="{draft_version}", question_id="{draft_question}"),
        example("jun", version_id="{draft_version}", question_id="{draft_question}"),
    ],
    "bank_editor_admin.new_question": [
        example("qin", bank_id="{bank}"),
        example("qin", send_empty, bank_id="{bank}"),
        example("qin", bank_id="{bank}", like="{draft_question}"),
    ],
    "bank_editor_admin.edit_question": [
        example("qin", bank_id="{bank}", question_id="{draft_question}"),
        example("qin", overtaken, bank_id="{bank}", question_id="{draft_question}"),
    ],
    "bank_editor_admin.remove_question": [example("qin", bank_id="{bank}", question_id="{draft_question}")],
    "bank_versions_admin.differences": [example("qin", bank_id="{bank}")],
    "bank_versions_admin.retire": [
        example("qin", version_id="{version}"),
        example("qin", send_empty, version_id="{version}"),
    ],
    "bank_versions_admin.bring_back": [example("qin", version_id="{retired_version}")],
    "bank_versions_admin.review_version": [example("qin", version_id="{version}")],
    "bank_editor_admin.overexposed": [
        example("qin", bank_id="{bank}"),
        example("qin", bank_id="{bank}", over=0),
        example("qin", bank_id="{bank}", over=9999),
    ],
    "bank_versions_admin.publish": [example("qin", bank_id="{bank}"), example("qin", bank_id="{other_bank}")],
    "bank_versions_admin.discard": [example("qin", bank_id="{bank}")],
    "bank_uploads_admin.upload": [example("qin"), example("qin", send_empty)],
    "bank_uploads_admin.report": [
        *(example("qin", upload_id=f"{{{state}_upload}}") for state in ("faulty", "good", "saved")),
        *(example("qin", upload_id=f"{{{state}_upload}}") for state in ("checking", "interrupted")),
    ],
    "bank_uploads_admin.undo": [example("qin", upload_id="{saved_upload}")],
    "bank_uploads_admin.columns": [
        example("qin", upload_id="{faulty_upload}"),
        example("qin", read_nothing, upload_id="{faulty_upload}"),
    ],
    # Administrators and auditors
    "accounts_admin.index": [example("ada"), example("jun", role="organizer")],
    "accounts_admin.create": [example("ada"), example("ada", send_empty)],
    "accounts_admin.account": [
        example("ada", account_id="{wu}"),
        example("ada", account_id="{disabled}"),
        example("ada", give_code, account_id="{qin}"),
    ],
    "accounts_admin.revoke": [example("ada", grant_id="{organizer_grant}")],
    "accounts_admin.disable": [example("ada", account_id="{qin}")],
    "operations_admin.show": [example("ada"), example("jun")],
    "accounts_admin.audit_trail": [example("ada"), example("jun", action="freeze_standings")],
}
NO_PAGES = {
    "static": "files",
    "operations.healthz": "for programs",
    "operations.readyz": "JSON",
    "operations.metrics": "for programs",
    "operations_admin.figures": "JSON",
    "web.home": "leads on",
    "web.language": "leads on",
    "leaderboards.index": "leads on",
    "attempts.state": "JSON",
    "own_receipts.file": "a download",
    "receipts.days": "a download",
    "receipts.keys": "a download",
    "receipts.script": "a download",
    "draws.file": "a download",
    "draw_check.script": "a download",
    "leaderboards.mine": "JSON",
    "notices.snapshot_file": "a download",
    "notices.script": "a download",
    "notices_admin.audit_file": "a download",
    "competitions_admin.units": "JSON",
    "bank_uploads_admin.report_json": "JSON",
    "bank_uploads_admin.upload_state": "JSON",
    "banks.picture": "a picture",
    "reports.participation": "a part of a page",
    "reports_admin.overview_live": "a part of a page",
    "organizations.qr": "a picture",
    "organizations.poster": "a download",
    "organizations.roster_template": "a download",
    "organizations_admin.template": "a download",
    "bank_uploads_admin.empty_template": "a download",
    "bank_uploads_admin.faulty_rows": "a download",
    "bank_versions_admin.version_file": "a download",
    "leaderboards_admin.export": "a download",
    "leaderboards_admin.freeze_state": "JSON",
    "awards.file": "a download",
    "awards_admin.export": "a download",
    "organizations.evidence": "a download",
    "reports_admin.progress_xlsx": "a download",
}
OF_PARTICIPANTS = re.compile(
    r"^(competitions|attempts|own_receipts|receipts|practice|leaderboards|draws|awards|(own_)?notices|organizations\.(join|claim)|accounts\.sign_in)"
)


@pytest.fixture
def world(app: Flask, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn) -> World:
    return add_world(app, cast, tiny_bank, sign_in)


PARTS = ["everybody", "competitions", "banks and accounts"]  # about as long as each other
ABOUT_COMPETITIONS = re.compile(r"(competitions|attempts|reports|leaderboards|awards|draws|notices|headcounts)_admin")


def part_of(endpoint: str) -> str:
    """Whose pages: what everybody or what the staff look at."""
    blueprint = endpoint.partition(".")[0]
    if not blueprint.endswith("_admin"):
        return PARTS[0]
    return PARTS[1] if ABOUT_COMPETITIONS.fullmatch(blueprint) else PARTS[2]


def addresses(world: World, *parts: str) -> Iterator[tuple[str, str, Example]]:
    """(endpoint, path, example) of each example of the parts."""
    with world.app.test_request_context():
        for endpoint, examples in PAGES.items():
            if part_of(endpoint) not in parts:
                continue
            for each in examples:
                values = {name: _filled(value, world.ids) for name, value in each.arguments}
                yield endpoint, url_for(endpoint, **values), each


def _filled(value: str | int, ids: dict[str, Any]) -> Any:
    return ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value


class Browsers:
    """A page for each person, kept from address to address."""

    def __init__(self, visit: Visit, world: World, **options: Any) -> None:
        self._visit, self._world, self._options = visit, world, options
        self._pages: dict[str, Page] = {}
        self._waiting: set[Request] = set()

    def open(self, who: str, path: str) -> Page:
        """The person's page, at the address, with all that its scripts fetch at once."""
        if who not in self._pages:
            person: Person | None = self._world.cast.everyone.get(who)
            self._pages[who] = page = self._visit(person, **self._options)
            page.on("request", lambda request: self._waiting.add(request))
            page.on("requestfinished", lambda request: self._waiting.discard(request))
            page.on("requestfailed", lambda request: self._waiting.discard(request))
        page = self._pages[who]
        self._waiting.clear()
        page.goto(path)
        self.settle(page)
        return page

    def settle(self, page: Page) -> None:
        """Wait until nothing is on the line and what came has been drawn."""
        for _ in range(200):
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
            if not self._waiting:
                return
            page.wait_for_timeout(10)


# A page that is a refusal by its status is said to the console by the browser itself.
MEANT = re.compile(r"^error: Failed to load resource: the server responded with a status of (404|409|422) ")


def walk(world: World, site: Site, browsers: Browsers, look: Callable[[Page], list[str]], *parts: str) -> None:
    """Fails with what `look` finds on each page of the parts, and what its console said."""
    wrong = []
    for endpoint, path, each in addresses(world, *parts):
        page = browsers.open(each.who, path)
        if each.act:
            each.act(page)
            browsers.settle(page)
        said = [message for message in site.messages if not MEANT.search(message)]
        wrong += [f"{endpoint} {path} as {each.who}: {fault}" for fault in (*look(page), *said)]
        site.messages.clear()
    assert not wrong, "\n".join(wrong)


def test_every_page_has_an_example(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert endpoints == PAGES.keys() | NO_PAGES.keys()


@pytest.mark.minutes(3)
@pytest.mark.parametrize("part", PARTS)  # three walks at a time take a third as long
def test_every_page_on_a_desk_and_on_a_phone_in_the_light_and_in_the_dark(
    part: str, world: World, site: Site, visit: Visit
) -> None:
    def look(page: Page) -> list[str]:
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        found = [f"on a desk: {fault}" for fault in (*shape(page), *violations(page, ALL_BUT_COLOURS))]
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        found += [f"on a phone: {fault}" for fault in (*shape(page), *violations(page, ALL))]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # nothing fades from light to dark
        found += [f"in the dark: {fault}" for fault in violations(page, COLOURS)]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        return found

    walk(world, site, Browsers(visit, world), look, part)


@pytest.mark.minutes(2)
def test_every_page_in_english(world: World, site: Site, visit: Visit) -> None:
    written = written_by_people(world)

    def look(page: Page) -> list[str]:
        chinese = [text for text in page.evaluate(CHINESE) if han(written.sub("", text))]
        return [*shape(page), *(f"Chinese: {text}" for text in chinese)]

    walk(world, site, Browsers(visit, world, locale="en"), look, *PARTS)


# Texts and attributes that people read or hear, but for what is marked as Chinese (the switch of language).
CHINESE = r"""(() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.nodeType === 1 ? node : node.parentElement;
    if (element.closest('script:not([type="application/json"]), [lang^=zh]:not(html)')) continue;
    if (node.nodeType === 3) found.push(node.data);
    else for (const name of ['aria-label', 'alt', 'title', 'placeholder', 'content'])
      if (node.hasAttribute(name)) found.push(node.getAttribute(name));
  }
  return found.filter(text => /[\u3400-\u9fff]/.test(text)).map(text => text.trim());
})()"""


def han(text: str) -> bool:
    return bool(re.search(r"[\u3400-\u9fff]", text))


def written_by_people(world: World) -> re.Pattern[str]:
    """Matches every text with Chinese that is in the database, and names as the boards show them."""
    texts = CELLS | EXAMPLES
    with world.app.app_context():
        for table in Base.metadata.sorted_tables:
            for row in db.session.execute(select(table)):
                for value in row:
                    texts.update(_strings(value))
    masked = {f"{text[0]}*" for text in texts if 2 <= len(text) <= 4 and han(text[0])}
    known = sorted((text.strip() for text in texts | masked if han(text)), key=len, reverse=True)
    return re.compile("|".join(re.escape(text) for text in known))


# What a bank of true-or-false questions says, and what pages quote in Chinese because it is to be typed or seen so.
EXAMPLES = {"正确", "错误", "对", "错", "不对", "张*", "中央企业组", "陕西省"}
# What is in the files that the walk uploads.
CELLS = {
    cell
    for text in (ROSTER, BAD_ROSTER, UNITS, BAD_UNITS, UPLOADED)
    for line in text.split()
    for cell in line.split(",")
}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


@pytest.mark.minutes(1)
def test_participants_pages_are_small(world: World, site: Site, visit: Visit) -> None:
    heavy = []
    seen = set()
    scales: dict[str, Scales] = {}
    for endpoint, path, each in addresses(world, PARTS[0]):  # the first example of each is that of a page at work
        if OF_PARTICIPANTS.match(endpoint) and endpoint not in seen:
            seen.add(endpoint)
            if each.who not in scales:
                scales[each.who] = Scales(visit(world.cast.everyone.get(each.who)))
            weight = scales[each.who].weigh(path)
            if not 15_000 < weight < MOST_BYTES:
                heavy.append(f"{path}: {weight} bytes")
    site.messages[:] = [message for message in site.messages if not MEANT.search(message)]
    assert not heavy, "\n".join(heavy)
