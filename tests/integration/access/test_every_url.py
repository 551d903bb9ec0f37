"""Who may open what: every URL of the application × every role → what happens; a URL that the table lacks fails.

Each way of answering is one letter, in the order nobody, Lin, Chen, Wu, Su, Qin, Jun, Ada:
`i` sent to sign in, `x` refused for the role (403), `m` missing (404), `o` let in (a page, a redirect, or a deed that is
refused for what it says, not for who says it), `!` a 5xx: what is asked is not ready (no recorder runs here). Wu
coordinates unit A only; Su's association sees the group and unit A.

A POST carries a field that no form knows, so that those who are let in change next to nothing. Answers and submits want the
ticket of an attempt, whoever sends them.
"""

import re
from dataclasses import dataclass
from itertools import count

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.cast import Cast, TinyBank
from tests.conftest import BrowserClient, SignIn
from tests.world import World, add_world

PEOPLE = ("nobody", "lin", "chen", "wu", "su", "qin", "jun", "ada")
MISSING = "987654321"

TABLE = """
GET  /                                                       oooooooo
GET  /language/en                                            oooooooo
GET  /privacy                                                oooooooo
GET  /static/web/app.css                                     oooooooo

GET  /sign-in                                                oooooooo
POST /sign-in                                                oooooooo
POST /sign-out                                               oooooooo
GET  /reset                                                  oooooooo
POST /reset                                                  oooooooo
GET  /profile                                                iooooooo
GET  /profile/password                                       iooooooo
POST /profile/password                                       iooooooo
GET  /admin/accounts                                         ixxxxxoo
GET  /admin/accounts/new                                     ixxxxxoo
POST /admin/accounts/new                                     ixxxxxxo
GET  /admin/accounts/{lin}                                   ixxxxxoo
POST /admin/accounts/{lin}/roles                             ixxxxxxo
POST /admin/accounts/{lin}/code                              ixxxxxxo
POST /admin/accounts/{lin}/enable                            ixxxxxxo
GET  /admin/accounts/{lin}/disable                           ixxxxxoo
POST /admin/accounts/{lin}/disable                           ixxxxxxo
GET  /admin/accounts/roles/{organizer_grant}/revoke          ixxxxxoo
POST /admin/accounts/roles/{organizer_grant}/revoke          ixxxxxxo
GET  /admin/audit                                            ixxxxxoo

GET  /join                                                   oooooooo
POST /join                                                   oooooooo
GET  /join/JOINA                                             oooooooo
POST /join/JOINA                                             oooooooo
GET  /join/NOSUCHCODE                                        mmmmmmmm
GET  /claim                                                  oooooooo
POST /claim                                                  oooooooo
GET  /membership                                             iooooooo
GET  /units                                                  ixxooxxx
GET  /units/roster-template.xlsx                             ixxoxoxo
GET  /units/{unit_a}                                         ixxooooo
GET  /units/{unit_b}                                         ixxmmooo
GET  /units/{unit_a}/qr.svg                                  ixxooooo
GET  /units/{unit_b}/qr.svg                                  ixxmmooo
GET  /units/{unit_a}/poster.pdf                              ixxooooo
GET  /units/{unit_b}/poster.pdf                              ixxmmooo
POST /units/{unit_a}/headcount                               ixxoxoxo
POST /units/{unit_b}/headcount                               ixxmxoxo
GET  /units/{unit_a}/evidence/{evidence}                     ixxooooo
GET  /units/{unit_b}/evidence/{evidence}                     ixxmmmmm
GET  /units/{unit_a}/renew-join-code                         ixxoxoxo
GET  /units/{unit_b}/renew-join-code                         ixxmxoxo
POST /units/{unit_a}/renew-join-code                         ixxoxoxo
POST /units/{unit_b}/renew-join-code                         ixxmxoxo
POST /units/{unit_a}/confirm                                 ixxoxoxo
POST /units/{unit_b}/confirm                                 ixxmxoxo
POST /units/{unit_a}/claim-codes.xlsx                        ixxoxoxo
POST /units/{unit_b}/claim-codes.xlsx                        ixxmxoxo
GET  /units/{unit_a}/roster                                  ixxoxoxo
GET  /units/{unit_b}/roster                                  ixxmxoxo
POST /units/{unit_a}/roster                                  ixxoxoxo
POST /units/{unit_b}/roster                                  ixxmxoxo
POST /units/{unit_a}/roster/00000000000000000000000000000000 ixxoxoxo
POST /units/{unit_b}/roster/00000000000000000000000000000000 ixxmxoxo
GET  /units/people/{membership_of_lin}                       ixxoxoxo
GET  /units/people/{membership_of_chen}                      ixxmxoxo
POST /units/people/{membership_of_lin}                       ixxoxoxo
POST /units/people/{membership_of_chen}                      ixxmxoxo
POST /units/people/{membership_of_lin}/confirm               ixxoxoxo
POST /units/people/{membership_of_chen}/confirm              ixxmxoxo
GET  /units/people/{membership_of_lin}/remove                ixxoxoxo
GET  /units/people/{membership_of_chen}/remove               ixxmxoxo
POST /units/people/{membership_of_lin}/remove                ixxoxoxo
POST /units/people/{membership_of_chen}/remove               ixxmxoxo
POST /units/people/{membership_of_lin}/move                  ixxoxoxo
POST /units/people/{membership_of_chen}/move                 ixxmxoxo
POST /units/people/{membership_of_lin}/code                  ixxoxoxo
POST /units/people/{membership_of_chen}/code                 ixxmxoxo
GET  /admin/organizations/                                   ixxxxooo
GET  /admin/organizations/new                                ixxxxooo
POST /admin/organizations/new                                ixxxxoxo
GET  /admin/organizations/template.xlsx                      ixxxxooo
GET  /admin/organizations/import                             ixxxxooo
POST /admin/organizations/import                             ixxxxoxo
POST /admin/organizations/import/00000000000000000000000000000000 ixxxxoxo
GET  /admin/organizations/{unit_a}/edit                      ixxxxomo
POST /admin/organizations/{unit_a}/edit                      ixxxxoxo
GET  /admin/organizations/{unit_a}/move                      ixxxxomo
POST /admin/organizations/{unit_a}/move                      ixxxxoxo
GET  /admin/organizations/{unit_a}/delete                    ixxxxomo
POST /admin/organizations/{unit_a}/delete                    ixxxxoxo
GET  /admin/organizations/roles/{lin}                        ixxxxxoo
POST /admin/organizations/roles/{lin}                        ixxxxxxo

GET  /admin/banks/                                           ixxxxooo
GET  /admin/banks/upload                                     ixxxxooo
POST /admin/banks/upload                                     ixxxxoxo
GET  /admin/banks/template.xlsx                              ixxxxooo
GET  /admin/banks/{bank}                                     ixxxxooo
GET  /admin/banks/{bank}/differences                         ixxxxooo
GET  /admin/banks/{bank}/publish                             ixxxxooo
POST /admin/banks/{bank}/publish                             ixxxxoxo
GET  /admin/banks/{bank}/discard                             ixxxxooo
POST /admin/banks/{bank}/discard                             ixxxxoxo
GET  /admin/banks/versions/{version}                         ixxxxooo
GET  /admin/banks/versions/{version}/questions/{question}    ixxxxooo
POST /admin/banks/{bank}/draft                               ixxxxoxo
GET  /admin/banks/{bank}/questions/new                       ixxxxoxo
POST /admin/banks/{bank}/questions/new                       ixxxxoxo
GET  /admin/banks/{bank}/questions/{draft_question}          ixxxxoxo
POST /admin/banks/{bank}/questions/{draft_question}          ixxxxoxo
GET  /admin/banks/{bank}/questions/{draft_question}/remove   ixxxxoxo
POST /admin/banks/{bank}/questions/{draft_question}/remove   ixxxxoxo
GET  /admin/banks/versions/{version}/content.yaml            ixxxxooo
GET  /admin/banks/versions/{version}/retire                  ixxxxooo
POST /admin/banks/versions/{version}/retire                  ixxxxoxo
GET  /admin/banks/versions/{retired_version}/bring-back      ixxxxooo
POST /admin/banks/versions/{retired_version}/bring-back      ixxxxoxo
GET  /admin/banks/versions/{version}/review                  ixxxxooo
POST /admin/banks/versions/{version}/review                  ixxxxoxo
GET  /admin/banks/{bank}/overexposed                         ixxxxooo
POST /admin/banks/{bank}/overexposed                         ixxxxoxo
GET  /admin/banks/uploads/{faulty_upload}                    ixxxxooo
GET  /admin/banks/uploads/{faulty_upload}/report.json        ixxxxooo
GET  /admin/banks/uploads/{faulty_upload}/faulty.xlsx        ixxxxooo
POST /admin/banks/uploads/{faulty_upload}/save               ixxxxoxo
GET  /admin/banks/uploads/{checking_upload}                  ixxxxooo
GET  /admin/banks/uploads/{faulty_upload}/state.json         ixxxxooo
POST /admin/banks/uploads/{faulty_upload}/again              ixxxxoxo
GET  /admin/banks/uploads/{faulty_upload}/columns            ixxxxooo
POST /admin/banks/uploads/{faulty_upload}/columns            ixxxxoxo
GET  /admin/banks/uploads/{saved_upload}/undo                ixxxxooo
POST /admin/banks/uploads/{saved_upload}/undo                ixxxxoxo
GET  /pictures/{picture}.png                                 oooooooo

GET  /competitions/                                          oooooooo
GET  /competitions/{open}                                    oooooooo
GET  /competitions/{draft}                                   mmmmmmmm
GET  /admin/competitions/                                    ixxxxooo
GET  /admin/competitions/new                                 ixxxxooo
POST /admin/competitions/new                                 ixxxxoxo
POST /admin/competitions/supply                              ixxxxoxo
GET  /admin/competitions/units                               ixxxxooo
GET  /admin/competitions/{open}                              ixxxxooo
GET  /admin/competitions/{draft}                             ixxxxooo
GET  /admin/competitions/{draft}/edit                        ixxxxooo
POST /admin/competitions/{draft}/edit                        ixxxxoxo
GET  /admin/competitions/{draft}/preview                     ixxxxooo
GET  /admin/competitions/{draft}/publish                     ixxxxooo
POST /admin/competitions/{draft}/publish                     ixxxxoxo
GET  /admin/competitions/{draft}/delete                      ixxxxooo
POST /admin/competitions/{draft}/delete                      ixxxxoxo
GET  /admin/competitions/{upcoming}/withdraw                 ixxxxooo
POST /admin/competitions/{upcoming}/withdraw                 ixxxxoxo
GET  /admin/competitions/{open}/copy                         ixxxxooo
POST /admin/competitions/{open}/copy                         ixxxxoxo
GET  /admin/competitions/{open}/times                        ixxxxooo
POST /admin/competitions/{open}/times                        ixxxxoxo
GET  /admin/competitions/{open}/pause                        ixxxxooo
POST /admin/competitions/{open}/pause                        ixxxxoxo
GET  /admin/competitions/{paused}/resume                     ixxxxooo
POST /admin/competitions/{paused}/resume                     ixxxxoxo
GET  /admin/competitions/{open}/extra-time                   ixxxxooo
GET  /admin/competitions/{open}/extra-time/person/{lin}      ixxxxooo
POST /admin/competitions/{open}/extra-time/person/{lin}      ixxxxoxo
GET  /admin/competitions/{open}/extra-time/{extra}/revoke    ixxxxooo
POST /admin/competitions/{open}/extra-time/{extra}/revoke    ixxxxoxo
GET  /admin/competitions/{closed}/extra-time/{extra}/revoke  ixxxxmmm
GET  /admin/competitions/{open}/interruptions                ixxxxooo
POST /admin/competitions/{open}/interruptions                ixxxxoxo
POST /admin/competitions/{open}/interruptions/detected       ixxxxoxo
GET  /admin/competitions/{open}/announcements                ixxxxooo
POST /admin/competitions/{open}/announcements                ixxxxoxo
GET  /admin/competitions/{open}/announcements/{notice}/remove ixxxxooo
POST /admin/competitions/{open}/announcements/{notice}/remove ixxxxoxo
GET  /admin/competitions/{closed}/announcements/{notice}/remove ixxxxmmm

GET  /competitions/{open}/answering                          iooooooo
POST /competitions/{upcoming}/open                           immmmmmm
POST /competitions/{open}/open                               iommmmmm
POST /competitions/{open}/start                              iooooooo
GET  /competitions/{open}/state                              iooooooo
GET  /competitions/{open}/result                             iooooooo
GET  /competitions/{draft}/result                            immmmmmm
GET  /competitions/{open}/receipt                            iommmmmm
GET  /competitions/{open}/receipt?attempt=1                  iommmmmm
GET  /competitions/{open}/receipt.json                       iommmmmm
GET  /competitions/{draft}/receipt                           immmmmmm
GET  /receipts/                                              oooooooo
GET  /receipts/days.json                                     oooooooo
GET  /receipts/keys.json                                     oooooooo
GET  /receipts/check_receipt.py                              oooooooo
POST /answer                                                 xxxxxxxx
POST /submit                                                 xxxxxxxx
GET  /competitions/{open}/practice/                          iooooooo
GET  /competitions/{draft}/practice/                         immmmmmm
GET  /competitions/{open}/practice/T01                       iooooooo
POST /competitions/{open}/practice/check                     iooooooo

GET  /competitions/{open}/boards/                            oooooooo
GET  /competitions/{open}/boards/people                      oooooooo
GET  /competitions/{draft}/boards/people                     mmmmmmmm
GET  /competitions/{open}/boards/units                       oooooooo
GET  /competitions/{open}/boards/regions                     oooooooo
GET  /competitions/{open}/boards/industries                  oooooooo
GET  /competitions/{open}/boards/units/{unit_b}              oooooooo
GET  /competitions/{open}/boards/units/{unit_b}/people       oooooooo
GET  /competitions/{open}/boards/units/{unit_a}/people       mmmmmmmm
GET  /competitions/{open}/boards/mine                        iooooooo
GET  /competitions/{open}/boards/hall                        oooooooo
GET  /admin/competitions/{closed}/freeze                     ixxxxooo
POST /admin/competitions/{closed}/freeze                     ixxxxoxo
GET  /admin/competitions/{closed}/freeze/state               ixxxxooo
GET  /admin/competitions/{frozen}/standings.xlsx             ixxxxooo

GET  /competitions/{noticed}/notice/                          oooooooo
GET  /competitions/{open}/notice/                            mmmmmmmm
GET  /competitions/{noticed}/notice/standings-1.jsonl.gz      oooooooo
GET  /competitions/{noticed}/notice/standings-9.jsonl.gz      mmmmmmmm
GET  /competitions/{noticed}/notice/check_standings.py        oooooooo
GET  /competitions/{noticed}/notice/objection                 oooooooo
POST /competitions/{noticed}/notice/objection                 oooooooo
GET  /competitions/{noticed}/notice/objections/{objection_code} oooooooo
GET  /competitions/{noticed}/naming                           iooooooo
POST /competitions/{noticed}/naming                           iooooooo
GET  /admin/competitions/{noticed}/notice/                    ixxxxooo
POST /admin/competitions/{noticed}/notice/begin               ixxxxoxo
POST /admin/competitions/{noticed}/notice/final               ixxxxoxo
GET  /admin/competitions/{noticed}/notice/objections/{objection} ixxxxooo
POST /admin/competitions/{noticed}/notice/objections/{objection} ixxxxoxo
GET  /admin/competitions/{noticed}/notice/corrections/new     ixxxxooo
POST /admin/competitions/{noticed}/notice/corrections/new     ixxxxoxo
GET  /admin/competitions/{noticed}/notice/corrections/{correction} ixxxxooo
POST /admin/competitions/{noticed}/notice/corrections/{correction}/apply ixxxxoxo
POST /admin/competitions/{noticed}/notice/corrections/{correction}/refuse ixxxxoxo
GET  /admin/competitions/{noticed}/notice/standings-1-audit.jsonl.gz ixxxxooo

GET  /competitions/{frozen}/draws/                           oooooooo
GET  /competitions/{frozen}/draws/1                          oooooooo
GET  /competitions/{frozen}/draws/4                          mmmmmmmm
GET  /competitions/{closed}/draws/1                          mmmmmmmm
GET  /competitions/{draft}/draws/                            mmmmmmmm
GET  /competitions/{frozen}/draws/1/draw.json                oooooooo
GET  /competitions/{closed}/draws/1/draw.json                mmmmmmmm
GET  /competitions/{frozen}/draws/1/hall                     oooooooo
GET  /draws/check_draw.py                                    oooooooo
GET  /admin/competitions/{closed}/draws/                     ixxxxooo
POST /admin/competitions/{closed}/draws/                     ixxxxoxo
GET  /admin/competitions/{closed}/draws/1                    ixxxxooo
GET  /admin/competitions/{closed}/draws/1/plan               ixxxxooo
POST /admin/competitions/{closed}/draws/1/plan               ixxxxoxo
POST /admin/competitions/{closed}/draws/1/approve            ixxxxoxo
GET  /admin/competitions/{closed}/draws/1/freeze             ixxxxooo
POST /admin/competitions/{closed}/draws/1/freeze             ixxxxoxo
GET  /admin/competitions/{frozen}/draws/3/chance             ixxxxooo
POST /admin/competitions/{frozen}/draws/3/beacon             ixxxxoxo
POST /admin/competitions/{frozen}/draws/3/commitment         ixxxxoxo
GET  /admin/competitions/{frozen}/draws/3/draw               ixxxxooo
POST /admin/competitions/{frozen}/draws/3/draw               ixxxxoxo
POST /admin/competitions/{frozen}/draws/1/fetch              ixxxxoxo

GET  /competitions/{open}/awards/                            oooooooo
GET  /competitions/{draft}/awards/                           mmmmmmmm
GET  /competitions/{open}/awards/{open_award}                oooooooo
GET  /competitions/{open}/awards/{frozen_award}              mmmmmmmm
GET  /competitions/{open}/awards/{open_award}/award.json     mmmmmmmm
GET  /competitions/{frozen}/awards/{frozen_award}/award.json oooooooo
GET  /competitions/{frozen}/awards/{frozen_award}/units/{unit_a} oooooooo
GET  /competitions/{open}/awards/{open_award}/units/{unit_a} mmmmmmmm
GET  /admin/competitions/{open}/awards/                      ixxxxooo
GET  /admin/competitions/{upcoming}/awards/new               ixxxxooo
POST /admin/competitions/{upcoming}/awards/new               ixxxxoxo
POST /admin/competitions/{upcoming}/awards/example           ixxxxoxo
GET  /admin/competitions/{open}/awards/{open_award}          ixxxxooo
GET  /admin/competitions/{open}/awards/{frozen_award}        ixxxxmmm
GET  /admin/competitions/{upcoming}/awards/{upcoming_award}/edit ixxxxooo
POST /admin/competitions/{upcoming}/awards/{upcoming_award}/edit ixxxxoxo
POST /admin/competitions/{open}/awards/{open_award}/result   ixxxxoxo
POST /admin/competitions/{open}/awards/{open_award}/remove   ixxxxoxo
GET  /admin/competitions/{open}/awards/{open_award}/award.xlsx ixxxxooo
GET  /admin/competitions/{open}/headcounts/                  ixxoxooo
POST /admin/competitions/{upcoming}/headcounts/date          ixxxxoxo
GET  /admin/competitions/{open}/headcounts/units/{unit_a}    ixxoxomo
GET  /admin/competitions/{open}/headcounts/units/{unit_b}    ixxmxomo
POST /admin/competitions/{open}/headcounts/units/{unit_a}    ixxoxoxo
GET  /admin/competitions/{open}/headcounts/requests/{headcount_request} ixxxxooo
GET  /admin/competitions/{closed}/headcounts/requests/{headcount_request} ixxxxmmm
POST /admin/competitions/{open}/headcounts/requests/{headcount_request} ixxxxoxo

GET  /healthz                                                oooooooo
GET  /readyz                                                 !!!!!!!!
GET  /metrics                                                mmmmmmmm
GET  /admin/operations                                       ixxxxxoo
GET  /admin/operations/figures.json                          ixxxxxoo

GET  /competitions/{open}/participation                      oooooooo
GET  /admin/competitions/{open}/overview                     ixxxxooo
GET  /admin/competitions/{open}/overview/live                ixxxxooo
GET  /admin/reports/                                         ixxooooo
GET  /admin/reports/{open}/progress                          ixxooooo
GET  /admin/reports/{open}/progress?unit={unit_a}            ixxooooo
GET  /admin/reports/{open}/progress?unit={unit_b}            ixxmmooo
GET  /admin/reports/{open}/progress.xlsx                     ixxooooo
GET  /admin/reports/{open}/progress.xlsx?unit={unit_b}       ixxmmooo
GET  /admin/reports/{open}/unanswered?unit={unit_a}          ixxoxooo
GET  /admin/reports/{open}/unanswered?unit={unit_b}          ixxmxooo
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    method: str
    pattern: str
    expected: str

    def variants(self) -> list[tuple[str, str]]:
        """The pattern with what it expects; then with each id in turn that of nothing, which looks like a foreign one."""
        missing = self.expected.replace("o", "m")
        names = re.findall(r"\{\w+\}", self.pattern)
        return [(self.pattern, self.expected)] + [(self.pattern.replace(name, MISSING, 1), missing) for name in names]


ROWS = [Row(*line.split()) for line in TABLE.splitlines() if line]


@pytest.fixture
def world(app: Flask, cast: Cast, tiny_bank: TinyBank, sign_in: SignIn) -> World:
    return add_world(app, cast, tiny_bank, sign_in)


def letter(answer: TestResponse) -> str:
    """How an answer reads in the table."""
    if answer.status_code in (302, 303) and "/sign-in?" in answer.location:
        return "i"
    return {403: "x", 404: "m"}.get(answer.status_code, "o" if answer.status_code < 500 else "!")


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.timeout(1800)
def test_every_url_answers_each_role_as_the_table_says(world: World, sign_in: SignIn) -> None:
    wrong = []
    sessions = {}
    for name in PEOPLE:
        client = world.app.test_client()
        assert isinstance(client, BrowserClient)
        if name != "nobody":
            sign_in(client, world.cast.everyone[name])
        token = client.csrf_token()  # once a session, as a page has it that is open for long
        cookie = client.get_cookie("quiz_session")
        assert cookie
        sessions[name] = cookie.value, token
    addresses = count()
    for row in ROWS:
        for pattern, expected in row.variants():
            found = ""
            for name, awaited in zip(PEOPLE, expected, strict=True):
                client = world.app.test_client()  # a new one each time: signing out must not reach the next row
                value, token = sessions[name]
                client.set_cookie("quiz_session", value)
                headers = {"X-CSRFToken": token} if row.method == "POST" else {}
                # The page of a refusal, a quarter of this test's time, is made for the first who is refused alone.
                if awaited in "xm" and awaited in found:
                    headers["Accept"] = "application/json"
                number = next(addresses)
                answer = client.open(
                    pattern.format(**world.ids),
                    method=row.method,
                    csrf=False,
                    headers=headers,
                    data={"a-field-that-no-form-has": "1"} if row.method == "POST" else None,
                    environ_overrides={"REMOTE_ADDR": f"10.0.{number // 250}.{number % 250}"},
                )
                found += letter(answer)
                answer.close()
            if found != expected:
                wrong.append(f"{row.method} {pattern}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.once
def test_no_url_is_missing_from_the_table(world: World) -> None:
    adapter = world.app.url_map.bind("localhost")
    seen = {
        (row.method, adapter.match(row.pattern.format(**world.ids).partition("?")[0], row.method)[0]) for row in ROWS
    }
    missing = [
        f"{method} {rule.rule}"
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if (method, rule.endpoint) not in seen
    ]
    assert not missing
