"""Every URL of accounts and units × every role → the expected status; a URL that the table lacks fails."""

from typing import Any

import pytest
from flask import Flask

from tests.cast import Cast

EVERYBODY = ("nobody", "lin", "chen", "qin", "wu", "ada", "jun", "su")
IN, NO, MISSING, OK, GO, BAD, NOT_NOW = 303, 403, 404, 200, 303, 422, 409

# A row: (method, address) → the status for nobody, Lin, Chen, Qin, Wu, Ada, Jun, Su. {a} is unit A, {b} unit B, {lin} and
# {chen} are their memberships or accounts. Wu coordinates A only; Su's association sees region 110000: the group and A.
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", "/sign-in"): (OK, GO, GO, GO, GO, GO, GO, GO),
    ("POST", "/sign-in"): (BAD,) * 8,
    ("POST", "/sign-out"): (GO,) * 8,
    ("GET", "/profile"): (IN, OK, OK, OK, OK, OK, OK, OK),
    ("GET", "/profile/password"): (IN, OK, OK, OK, OK, OK, OK, OK),
    ("POST", "/profile/password"): (IN, BAD, BAD, BAD, BAD, BAD, BAD, BAD),
    ("GET", "/reset"): (OK,) * 8,
    ("POST", "/reset"): (BAD,) * 8,
    ("GET", "/join"): (OK,) * 8,
    ("POST", "/join"): (BAD,) * 8,
    ("GET", "/join/JOINA"): (OK,) * 8,
    ("POST", "/join/JOINA"): (BAD, OK, OK, IN, OK, IN, IN, IN),
    ("GET", "/claim"): (OK,) * 8,
    ("POST", "/claim"): (BAD,) * 8,
    ("GET", "/membership"): (IN, OK, OK, OK, OK, OK, OK, OK),
    ("GET", "/units"): (IN, NO, NO, NO, OK, NO, NO, OK),
    ("GET", "/units/{a}"): (IN, NO, NO, OK, OK, OK, OK, OK),
    ("GET", "/units/{b}"): (IN, NO, NO, OK, MISSING, OK, OK, MISSING),
    ("GET", "/units/{a}/qr.svg"): (IN, NO, NO, OK, OK, OK, OK, OK),
    ("GET", "/units/{b}/qr.svg"): (IN, NO, NO, OK, MISSING, OK, OK, MISSING),
    ("GET", "/units/{a}/poster.pdf"): (IN, NO, NO, OK, OK, OK, OK, OK),
    ("GET", "/units/{b}/poster.pdf"): (IN, NO, NO, OK, MISSING, OK, OK, MISSING),
    ("POST", "/units/{a}/headcount"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/{b}/headcount"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("GET", "/units/{a}/renew-join-code"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("POST", "/units/{b}/renew-join-code"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("POST", "/units/{a}/confirm"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/{b}/confirm"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("GET", "/units/people/{lin}"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("GET", "/units/people/{chen}"): (IN, NO, NO, OK, MISSING, OK, NO, NO),
    ("POST", "/units/people/{lin}"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/people/{chen}"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("POST", "/units/people/{lin}/confirm"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/people/{chen}/confirm"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("GET", "/units/people/{lin}/remove"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("GET", "/units/people/{chen}/remove"): (IN, NO, NO, OK, MISSING, OK, NO, NO),
    ("POST", "/units/people/{chen}/remove"): (IN, NO, NO, GO, MISSING, MISSING, NO, NO),
    ("POST", "/units/people/{lin}/move"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/people/{lin}/code"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("GET", "/units/roster-template.xlsx"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("GET", "/units/{a}/roster"): (IN, NO, NO, OK, OK, OK, NO, NO),
    ("GET", "/units/{b}/roster"): (IN, NO, NO, OK, MISSING, OK, NO, NO),
    ("POST", "/units/{a}/roster"): (IN, NO, NO, BAD, BAD, BAD, NO, NO),
    ("POST", "/units/{b}/roster"): (IN, NO, NO, BAD, MISSING, BAD, NO, NO),
    ("POST", "/units/{a}/roster/00000000000000000000000000000000"): (IN, NO, NO, NOT_NOW, NOT_NOW, NOT_NOW, NO, NO),
    ("POST", "/units/{b}/roster/00000000000000000000000000000000"): (IN, NO, NO, NOT_NOW, MISSING, NOT_NOW, NO, NO),
    ("POST", "/units/{a}/claim-codes.xlsx"): (IN, NO, NO, GO, GO, GO, NO, NO),
    ("POST", "/units/{b}/claim-codes.xlsx"): (IN, NO, NO, GO, MISSING, GO, NO, NO),
    ("GET", "/admin/organizations/"): (IN, NO, NO, OK, NO, OK, OK, NO),
    ("GET", "/admin/organizations/new"): (IN, NO, NO, OK, NO, OK, OK, NO),
    ("POST", "/admin/organizations/new"): (IN, NO, NO, BAD, NO, BAD, NO, NO),
    ("GET", "/admin/organizations/{a}/edit"): (IN, NO, NO, OK, NO, OK, MISSING, NO),
    ("POST", "/admin/organizations/{a}/edit"): (IN, NO, NO, GO, NO, GO, NO, NO),
    ("GET", "/admin/organizations/{a}/move"): (IN, NO, NO, OK, NO, OK, MISSING, NO),
    ("POST", "/admin/organizations/{a}/move"): (IN, NO, NO, GO, NO, GO, NO, NO),
    ("GET", "/admin/organizations/{a}/delete"): (IN, NO, NO, OK, NO, OK, MISSING, NO),
    ("POST", "/admin/organizations/{a}/delete"): (IN, NO, NO, NOT_NOW, NO, NOT_NOW, NO, NO),
    ("GET", "/admin/organizations/template.xlsx"): (IN, NO, NO, OK, NO, OK, OK, NO),
    ("GET", "/admin/organizations/import"): (IN, NO, NO, OK, NO, OK, OK, NO),
    ("POST", "/admin/organizations/import"): (IN, NO, NO, BAD, NO, BAD, NO, NO),
    ("POST", "/admin/organizations/import/0000"): (IN, NO, NO, NOT_NOW, NO, NOT_NOW, NO, NO),
    ("GET", "/admin/organizations/roles/{lin_account}"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("POST", "/admin/organizations/roles/{lin_account}"): (IN, NO, NO, NO, NO, BAD, NO, NO),
    ("GET", "/admin/accounts"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("GET", "/admin/accounts/new"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("POST", "/admin/accounts/new"): (IN, NO, NO, NO, NO, BAD, NO, NO),
    ("GET", "/admin/accounts/{lin_account}"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("POST", "/admin/accounts/{lin_account}/roles"): (IN, NO, NO, NO, NO, GO, NO, NO),
    ("GET", "/admin/accounts/roles/{grant}/revoke"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("POST", "/admin/accounts/roles/{ada_grant}/revoke"): (IN, NO, NO, NO, NO, NOT_NOW, NO, NO),
    ("GET", "/admin/accounts/{lin_account}/disable"): (IN, NO, NO, NO, NO, OK, OK, NO),
    ("POST", "/admin/accounts/{ada_account}/disable"): (IN, NO, NO, NO, NO, NOT_NOW, NO, NO),
    ("POST", "/admin/accounts/{bo_account}/disable"): (IN, NO, NO, NO, NO, GO, NO, NO),
    ("POST", "/admin/accounts/{lin_account}/enable"): (IN, NO, NO, NO, NO, GO, NO, NO),
    ("POST", "/admin/accounts/{lin_account}/code"): (IN, NO, NO, NO, NO, OK, NO, NO),
    ("GET", "/admin/audit"): (IN, NO, NO, NO, NO, OK, OK, NO),
}


def places(app: Flask, cast: Cast) -> dict[str, int]:
    from quizapp.accounts.models import RoleGrant
    from quizapp.extensions import db
    from quizapp.organizations.models import Membership

    with app.app_context():
        memberships = {each.account_id: each.id for each in db.session.query(Membership)}
        grants = {each.account_id: each.id for each in db.session.query(RoleGrant)}
    return {
        "a": cast.unit_a.id,
        "b": cast.unit_b.id,
        "lin": memberships[cast.lin.id],
        "chen": memberships[cast.chen.id],
        "lin_account": cast.lin.id,
        "bo_account": cast.bo.id,
        "ada_account": cast.ada.id,
        "grant": grants[cast.qin.id],
        "ada_grant": grants[cast.ada.id],
    }


@pytest.mark.timeout(300)
def test_every_url_answers_each_role_as_the_table_says(app: Flask, cast: Cast, sign_in: Any) -> None:
    values = places(app, cast)
    wrong: list[str] = []
    for (method, pattern), expected in TABLE.items():
        for name, status in zip(EVERYBODY, expected, strict=True):
            client = app.test_client()
            if name != "nobody":
                sign_in(client, getattr(cast, name))
            address = pattern.format(**values)
            answer = client.open(address, method=method, environ_overrides={"REMOTE_ADDR": f"10.0.{len(wrong)}.1"})
            if answer.status_code != status:
                wrong.append(f"{method} {pattern} as {name}: {answer.status_code}, not {status}")
            elif status == IN and name == "nobody" and "/sign-in" not in (answer.location or ""):
                wrong.append(f"{method} {pattern}: a stranger is sent to {answer.location}")
    assert not wrong, "\n".join(wrong)


def test_no_url_of_accounts_and_units_is_missing_from_the_table(app: Flask, cast: Cast) -> None:
    values = places(app, cast)
    adapter = app.url_map.bind("localhost")
    seen = {(method, adapter.match(pattern.format(**values), method)[0]) for method, pattern in TABLE}
    missing = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] in ("accounts", "accounts_admin", "organizations", "organizations_admin"):
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            missing += [f"{method} {rule.rule}" for method in methods if (method, rule.endpoint) not in seen]
    assert not missing
