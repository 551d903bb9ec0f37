"""Joining and claiming for employees; units and their people for coordinators, and for who looks on."""

from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts import actions as account_actions
from quizapp.accounts import audit, entering, passwords, sessions, sign_in_limits
from quizapp.accounts.codes import read_code, show_code
from quizapp.accounts.models import Account, RoleGrant
from quizapp.accounts.queries import account_by_login
from quizapp.clock import utc_now
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db, settings
from quizapp.organizations import actions, queries, rosters, staging
from quizapp.organizations.evidence import KINDS
from quizapp.organizations.forms import (
    ClaimForm,
    HeadcountForm,
    JoinAgainForm,
    JoinForm,
    MoveForm,
    PersonForm,
    RegisterForm,
    UploadForm,
    sent_evidence,
)
from quizapp.organizations.models import Membership, Organization
from quizapp.organizations.posters import MOST_PAGES, Poster, poster_pdf, qr_svg
from quizapp.organizations.words import (
    SHOWN_FINDINGS,
    STATE_NAMES,
    finding_place,
    finding_text,
    industry_name,
    region_name,
)
from quizapp.web.access import PUBLIC, SIGNED_IN, Blueprint, access, for_roles
from quizapp.web.downloads import download
from quizapp.web.error_pages import sentence
from quizapp.web.forms import Form
from quizapp.web.language import choose_locale
from quizapp.web.spreadsheets import read_tables, write_workbook

VIEWERS = for_roles("organizer", "coordinator", "association", readers=("auditor",))
CHANGERS = for_roles("organizer", "coordinator")

bp = Blueprint("organizations", __name__, access=VIEWERS)
bp.add_app_template_filter(region_name)
bp.add_app_template_filter(industry_name)
bp.add_app_template_filter(finding_place)
bp.add_app_template_filter(finding_text)


@bp.app_template_filter("state_name")
def state_name(state: str) -> str:
    """A membership's state as people call it."""
    return str(STATE_NAMES[state])


@bp.app_template_filter("grant_scope")
def grant_scope(grant: RoleGrant) -> str:
    """How far a role reaches: a unit, a region, an industry; nothing where it reaches everywhere."""
    if grant.organization_id:
        unit = db.session.get(Organization, grant.organization_id)
        return f"{unit.name}（{unit.code}）" if unit else ""
    return " · ".join(name for name in (region_name(grant.region), industry_name(grant.industry)) if name)


def join_url(unit: Organization) -> str:
    """The address behind a unit's QR code, as a phone can reach it."""
    root = (settings().public_url or request.host_url).rstrip("/")
    return root + url_for("organizations.join_unit", join_code=unit.join_code)


def _address() -> str:
    return request.remote_addr or ""


# Employees


@bp.route("/join", methods=["GET", "POST"])
@access(PUBLIC)
def join() -> ResponseReturnValue:
    """Type the code of a poster."""
    form = JoinForm()
    if form.validate_on_submit():
        code = read_code(form.code.data)
        sign_in_limits.take_registration(_address(), utc_now().timestamp())
        if queries.organization_by_join_code(code):
            return redirect(url_for(".join_unit", join_code=code), 303)
        form.code.errors = [sentence("join_code_unknown", {})]
    return render_template("organizations/join.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/join/<join_code>", methods=["GET", "POST"])
@access(PUBLIC)
def join_unit(join_code: str) -> ResponseReturnValue:
    """Register into the unit of a join code; whoever is signed in asks for a place with the account that is there."""
    sign_in_limits.take_registration(_address(), utc_now().timestamp())
    unit = queries.organization_by_join_code(read_code(join_code)[:20])
    if unit is None:
        unknown = JoinForm(code=read_code(join_code)[:20], formdata=None)
        unknown.code.errors = [sentence("join_code_unknown", {})]
        return render_template("organizations/join.html", form=unknown), 404
    if current_user.is_authenticated:
        return _join_again(unit)
    form = RegisterForm()
    status = 200 if request.method == "GET" else 422
    waiting = ""
    if form.validate_on_submit():
        try:
            return _registered(unit, form)
        except Refused as refusal:
            form.form_errors.append(sentence(refusal.code, refusal.facts))
            status, waiting = refusal.status, refusal.code
            unit = queries.organization_by_join_code(read_code(join_code)[:20])
    return (
        render_template(
            "organizations/register.html",
            form=form,
            unit=unit,
            above=queries.ancestors(unit)[:-1] if unit else [],
            clash=waiting,
        ),
        status,
    )


def _registered(unit: Organization, form: RegisterForm) -> ResponseReturnValue:
    unit_id, phone, number = unit.id, form.phone.data, form.staff_number.data
    if clash := actions.registration_clash(unit, phone, number):
        raise Refused(clash)
    db.session.rollback()  # no write lock is held while the password is hashed
    hashed = passwords.hash_password(form.new_password.data)
    found = db.session.get_one(Organization, unit_id)
    membership = actions.register(
        found, form.name.data, phone=phone, staff_number=number, password_hash=hashed, now=utc_now()
    )
    db.session.commit()
    account = membership.account
    sessions.begin(account, own_device=form.own_device.data, now=utc_now())
    flash(_("注册成功。您的登录名是 %(login)s，请记住。单位联络员会确认您的身份。", login=account.login), "success")
    response = make_response(redirect(url_for("web.home"), 303))
    sessions.remember_device(response, account)
    return response


def _join_again(unit: Organization) -> ResponseReturnValue:
    form = JoinAgainForm()
    member = queries.membership_of(current_user)
    if member is None and form.validate_on_submit():
        actions.join(current_user, unit, form.staff_number.data, now=utc_now())
        db.session.commit()
        flash(_("已申请加入“%(name)s”，等待单位联络员确认。", name=unit.name), "success")
        return redirect(url_for(".my_membership"), 303)
    return (
        render_template(
            "organizations/join_again.html", form=form, unit=unit, member=member, above=queries.ancestors(unit)[:-1]
        ),
        422 if form.is_submitted() and member is None else 200,
    )


@bp.route("/claim", methods=["GET", "POST"])
@access(PUBLIC)
def claim() -> ResponseReturnValue:
    """Take over the account that the unit's roster holds, with a one-time code."""
    form = ClaimForm()
    if request.method == "GET":
        form.unit_code.data = request.args.get("unit", "")[:20]
    status = 200 if request.method == "GET" else 422
    if form.validate_on_submit():
        unit_code, number = (form.unit_code.data or "").strip(), form.number.data.strip()
        try:
            account = entering.redeem(
                _claimed_by(unit_code, number),
                f"{unit_code}/{number}",
                "claim",
                form.code.data,
                form.new_password.data,
                address=_address(),
                now=utc_now(),
            )
            db.session.commit()
        except Refused as refusal:
            form.form_errors.append(sentence(refusal.code, refusal.facts))
            status = refusal.status
        else:
            sessions.begin(account, own_device=form.own_device.data, now=utc_now())
            flash(_("账号已认领。您的登录名是 %(login)s，请记住。", login=account.login), "success")
            response = make_response(redirect(url_for("web.home"), 303))
            sessions.remember_device(response, account)
            return response
    return render_template("organizations/claim.html", form=form), status


def _claimed_by(unit_code: str, number: str) -> Account | None:
    if not unit_code:
        return account_by_login(number)
    unit = queries.organization_by_code(unit_code)
    member = queries.member_named(unit, number) if unit else None
    return member.account if member else None


@bp.get("/membership")
@access(SIGNED_IN)
def my_membership() -> ResponseReturnValue:
    """The unit that the person belongs to."""
    member = queries.membership_of(current_user)
    above = queries.ancestors(member.organization)[:-1] if member else []
    return render_template("organizations/my_membership.html", member=member, above=above)


# Units


@bp.get("/units")
@access(for_roles("coordinator", "association"))
def my_units() -> ResponseReturnValue:
    """The units that a coordinator looks after, or that an association looks on."""
    filters = {name: request.args.get(name, "")[:80] for name in ("text", "region", "industry")}
    query = queries.matching(queries.visible_organizations(current_user), **filters)
    page = queries.page_of(query, request.args.get("page", 1, type=int))
    return render_template(
        "organizations/my_units.html",
        page=page,
        rows=queries.unit_rows(page.items),
        filters=filters,
        mine=queries.coordinated_organizations(current_user),
    )


@bp.get("/units/<int:organization_id>")
def unit(organization_id: int) -> ResponseReturnValue:
    """One unit: coverage, how people join it, the units below, its people."""
    shown = queries.visible_organization(organization_id, current_user)
    filters = {name: request.args.get(name, "")[:80] for name in ("text", "state")}
    below = request.args.get("below", "1") == "1"
    seen = queries.visible_organizations(current_user)  # an association may see a unit, and not all below it
    in_sight = Membership.organization_id.in_(seen.with_only_columns(Organization.id))
    people = queries.page_of(
        queries.people_of(shown, filters["text"], filters["state"], below=below).where(in_sight),
        request.args.get("page", 1, type=int),
    )
    return render_template(
        "organizations/unit.html",
        unit=shown,
        row=queries.unit_rows([shown])[0],
        children=queries.unit_rows(queries.children(shown, seen)),
        above=queries.ancestors(shown)[:-1],
        visible_ids=_visible_ids(shown),
        people=people,
        filters=filters,
        below=below,
        unclaimed=queries.count(queries.unclaimed_members(shown)),
        coordinators=queries.coordinators_of(shown),
        may_manage=queries.may_manage(shown, current_user),
        join_url=join_url(shown),
        join_url_is_local=urlsplit(join_url(shown)).hostname in ("127.0.0.1", "localhost", "::1"),
        show_code=show_code,
        headcount_form=HeadcountForm(headcount=shown.headcount),
        declarations=queries.declarations_of(shown),
    )


def _visible_ids(shown: Organization) -> set[int]:
    query = queries.visible_organizations(current_user).where(Organization.id.in_(shown.ancestor_ids))
    return {each.id for each in db.session.scalars(query)}


@bp.get("/units/<int:organization_id>/qr.svg")
def qr(organization_id: int) -> ResponseReturnValue:
    """The QR code of a unit's join link."""
    shown = queries.visible_organization(organization_id, current_user)
    return Response(qr_svg(join_url(shown)), mimetype="image/svg+xml")


@bp.get("/units/<int:organization_id>/poster.pdf")
def poster(organization_id: int) -> ResponseReturnValue:
    """The unit's poster; with `below=1` those of all units below it too, a page each."""
    shown = queries.visible_organization(organization_id, current_user)
    units = [shown]
    if request.args.get("below") == "1":
        query = queries.visible_organizations(current_user).where(Organization.path.startswith(shown.path))
        query = query.order_by(Organization.path).limit(MOST_PAGES)
        units = list(db.session.scalars(query))
    posters = [
        Poster(
            each.name,
            " › ".join(above.name for above in queries.ancestors(each)[:-1]),
            join_url(each),
            show_code(each.join_code),
        )
        for each in units
    ]
    return download(poster_pdf(posters, english=choose_locale() == "en"), f"join-{shown.code}.pdf", "application/pdf")


@bp.post("/units/<int:organization_id>/headcount")
@access(CHANGERS)
def headcount(organization_id: int) -> ResponseReturnValue:
    """Declare how many people should take part, with a note of its source or a file that proves it."""
    shown = queries.managed_organization(organization_id, current_user)
    form = HeadcountForm()
    if form.validate_on_submit():
        try:
            actions.declare_headcount(
                shown,
                form.headcount.data,
                note=form.note.data or "",
                evidence=sent_evidence(form.evidence.data),
                actor=current_user,
                now=utc_now(),
            )
            db.session.commit()
            flash(_("应参赛人数已保存。"), "success")
        except Invalid as error:
            db.session.rollback()
            flash(sentence(error.code, error.facts), "danger")
    elif form.note.errors:
        flash(_("没有保存：数字来源最多 200 字。"), "danger")
    else:
        flash(_("没有保存：请填写 1 到 10000000 之间的整数。"), "danger")
    return redirect(url_for(".unit", organization_id=organization_id), 303)


@bp.get("/units/<int:organization_id>/evidence/<digest>")
def evidence(organization_id: int, digest: str) -> ResponseReturnValue:
    """A file that proves the unit's headcount, to keep: it is never shown within the site."""
    shown = queries.visible_organization(organization_id, current_user)
    found = queries.evidence_or_404(shown, digest)
    return download(found.content, f"{shown.code}-{digest[:12]}.{found.kind}", KINDS[found.kind])


@bp.route("/units/<int:organization_id>/renew-join-code", methods=["GET", "POST"])
@access(CHANGERS)
def renew_join_code(organization_id: int) -> ResponseReturnValue:
    """A new join code, after a page that says what that means."""
    shown = queries.managed_organization(organization_id, current_user)
    form = Form()
    if form.validate_on_submit():
        actions.renew_join_code(shown, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("加入码已更换。请更换张贴的海报。"), "success")
        return redirect(url_for(".unit", organization_id=organization_id), 303)
    return render_template("organizations/renew_join_code.html", form=form, unit=shown)


# People


@bp.post("/units/<int:organization_id>/confirm")
@access(CHANGERS)
def confirm(organization_id: int) -> ResponseReturnValue:
    """Confirm the people that were ticked (`person`), or all that wait (`all`)."""
    shown = queries.managed_organization(organization_id, current_user)
    waiting = db.session.scalars(queries.people_of(shown, "", "pending", below=True)).all()
    wanted = set(request.form.getlist("person"))
    now = utc_now()
    chosen = [each for each in waiting if "all" in request.form or str(each.id) in wanted]
    for membership in chosen:
        actions.confirm_member(membership, actor=current_user, now=now)
    db.session.commit()
    if chosen:
        flash(_("已确认 %(count)s 人。", count=len(chosen)), "success")
    else:
        flash(_("没有勾选待确认的人员，没有改动。"), "info")
    return redirect(url_for(".unit", organization_id=organization_id), 303)


@bp.route("/units/people/<int:membership_id>", methods=["GET", "POST"])
@access(CHANGERS)
def person(membership_id: int) -> ResponseReturnValue:
    """One person: correct name and numbers, confirm, move, remove, give a one-time code."""
    shown = queries.managed_membership(membership_id, current_user)
    form = PersonForm(name=shown.account.name, phone=shown.account.phone, staff_number=shown.staff_number)
    status = 200
    if form.validate_on_submit():
        try:
            actions.edit_member(
                shown,
                name=form.name.data,
                phone=form.phone.data,
                staff_number=form.staff_number.data,
                actor=current_user,
                now=utc_now(),
            )
            db.session.commit()
        except Refused as refusal:
            db.session.rollback()
            form.form_errors.append(sentence(refusal.code, refusal.facts))
            status = refusal.status
        else:
            flash(_("已保存。"), "success")
            return redirect(url_for(".person", membership_id=membership_id), 303)
    elif form.is_submitted():
        status = 422
    return render_template("organizations/person.html", form=form, member=shown, move_form=MoveForm()), status


@bp.post("/units/people/<int:membership_id>/confirm")
@access(CHANGERS)
def confirm_person(membership_id: int) -> ResponseReturnValue:
    """Confirm one person."""
    shown = queries.managed_membership(membership_id, current_user)
    actions.confirm_member(shown, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("已确认“%(name)s”。", name=shown.account.name), "success")
    return redirect(url_for(".unit", organization_id=shown.organization_id), 303)


@bp.route("/units/people/<int:membership_id>/remove", methods=["GET", "POST"])
@access(CHANGERS)
def remove_person(membership_id: int) -> ResponseReturnValue:
    """Take one person out of the unit (or reject a registration), after a page that says what that means."""
    shown = queries.managed_membership(membership_id, current_user)
    form = Form()
    if form.validate_on_submit():
        unit_id, name = shown.organization_id, shown.account.name
        actions.remove_member(shown, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("“%(name)s”已移出单位。", name=name), "success")
        return redirect(url_for(".unit", organization_id=unit_id), 303)
    return render_template("organizations/remove_person.html", form=form, member=shown)


@bp.post("/units/people/<int:membership_id>/move")
@access(CHANGERS)
def move_person(membership_id: int) -> ResponseReturnValue:
    """Put one person into another unit of one's own scope."""
    shown = queries.managed_membership(membership_id, current_user)
    form = MoveForm()
    target = None
    if form.validate_on_submit():
        query = queries.managed_organizations(current_user)
        code = form.unit_code.data.strip().upper()
        target = db.session.scalars(query.where(Organization.code == code)).first()
    if target is None:
        flash(_("没有移动：单位代码不存在，或不在您负责的范围内。"), "danger")
        return redirect(url_for(".person", membership_id=membership_id), 303)
    actions.move_member(shown, target, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("已移到“%(name)s”。以前的成绩仍计入原单位。", name=target.name), "success")
    return redirect(url_for(".person", membership_id=membership_id), 303)


@bp.post("/units/people/<int:membership_id>/code")
@access(CHANGERS)
def code(membership_id: int) -> ResponseReturnValue:
    """A one-time code for somebody who forgot the password or has not claimed the account; shown once."""
    shown = queries.managed_membership(membership_id, current_user)
    actions.check_may_give_code(current_user, shown.account)
    fresh = account_actions.issue_code(shown.account, actor=current_user, now=utc_now())
    db.session.commit()
    return render_template(
        "accounts/code.html",
        account=shown.account,
        code=show_code(fresh),
        hours=int(account_actions.CODE_LIFE.total_seconds() // 3600),
        back_url=url_for(".person", membership_id=membership_id),
    )


# Rosters


@bp.get("/units/roster-template.xlsx")
@access(CHANGERS)
def roster_template() -> ResponseReturnValue:
    """An empty roster to fill in."""
    rows = [
        ["姓名", "工号", "手机号", "单位代码"],
        ["张三", "10086", "", ""],
        ["李四", "", "13800001234", ""],
    ]
    notes = [
        ["说明"],
        ["姓名必填；工号和手机号至少填一项，用来登录。"],
        ["单位代码可不填：不填的人归入您导入时所在的单位；填写的须是该单位或其下级。"],
        ["工号、手机号请保持“文本”格式，以免被改写。请删去示例行后再填写。"],
    ]
    return download(write_workbook([("名册", rows), ("说明", notes)]), "roster-template.xlsx")


@bp.route("/units/<int:organization_id>/roster", methods=["GET", "POST"])
@access(CHANGERS)
def roster(organization_id: int) -> ResponseReturnValue:
    """Upload a roster and see what it would do."""
    shown = queries.managed_organization(organization_id, current_user)
    form = UploadForm()
    if not form.validate_on_submit():
        return (
            render_template("organizations/roster.html", form=form, unit=shown),
            422 if form.is_submitted() else 200,
        )
    content, filename, person_id = form.file.data.read(), form.file.data.filename or "", current_user.id
    db.session.rollback()  # reading a file takes a while: no write lock is held meanwhile
    try:
        tables = read_tables(content, filename)
    except Invalid as error:
        form.file.errors = [sentence(error.code, error.facts)]
        shown = queries.managed_organization(organization_id, current_user)
        return render_template("organizations/roster.html", form=form, unit=shown), error.status
    shown = queries.managed_organization(organization_id, current_user)
    found = _check_roster(shown, [(table.sheet, table.rows) for table in tables])
    token = ""
    if not found.faults and found.people:
        token = staging.stage(tables, _purpose(person_id, organization_id), now=utc_now())
        db.session.commit()
    return (
        render_template("organizations/roster_check.html", unit=shown, found=found, token=token, shown=SHOWN_FINDINGS),
        422 if found.faults else 200,
    )


def _purpose(account_id: int, organization_id: int) -> str:
    return f"roster of {organization_id} by {account_id}"


def _check_roster(unit: Organization, tables: list[tuple[str, list[list[str]]]]) -> rosters.Roster:
    sheets = rosters.read_sheets(tables)
    phones, staff = rosters.numbers_in(sheets)
    units = list(db.session.scalars(queries.subtree(unit)))
    return rosters.check_roster(sheets, queries.roster_knowledge(units, unit, phones, staff))


@bp.post("/units/<int:organization_id>/roster/<token>")
@access(CHANGERS)
def import_roster(organization_id: int, token: str) -> ResponseReturnValue:
    """Add everybody of a checked roster, or nobody."""
    shown = queries.managed_organization(organization_id, current_user)
    tables = staging.staged(token, _purpose(current_user.id, organization_id))
    found = _check_roster(shown, [(table.sheet, table.rows) for table in tables])
    if found.faults:
        raise Refused("roster_has_faults")
    codes = {unit.id: unit.code for unit in db.session.scalars(queries.subtree(shown))}
    staging.discard(token)
    actions.import_roster(shown, found.people, codes, actor=current_user, now=utc_now())
    db.session.commit()
    flash(_("已导入 %(count)s 人。请下载认领码清单，分发给本人。", count=len(found.people)), "success")
    return redirect(url_for(".unit", organization_id=organization_id, state="unclaimed"), 303)


@bp.post("/units/<int:organization_id>/claim-codes.xlsx")
@access(CHANGERS)
def claim_codes(organization_id: int) -> ResponseReturnValue:
    """Fresh one-time codes for everybody who has not claimed the account yet, as a list that exists only here."""
    shown = queries.managed_organization(organization_id, current_user)
    members = list(db.session.scalars(queries.unclaimed_members(shown).limit(rosters.MOST_PEOPLE)))
    if not members:
        flash(_("没有待认领的账号。"), "info")
        return redirect(url_for(".unit", organization_id=organization_id), 303)
    now = utc_now()
    codes = account_actions.issue_codes([each.account for each in members], "claim", actor=current_user, now=now)
    audit.record(
        "issue_claim_codes",
        actor=current_user,
        subject_type="organization",
        subject_id=shown.id,
        now=now,
        people=len(members),
    )
    heading = [_("单位"), _("单位代码"), _("姓名"), _("工号"), _("手机号"), _("一次性验证码"), _("使用页面")]
    page = (settings().public_url or request.host_url).rstrip("/") + url_for(".claim")
    rows = [
        [
            each.organization.name,
            each.organization.code,
            each.account.name,
            each.staff_number or "",
            each.account.phone or "",
            show_code(codes[each.account_id]),
            f"{page}?unit={each.organization.code}",
        ]
        for each in members
    ]
    content = write_workbook([(_("认领码"), [heading, *rows])])
    db.session.commit()
    return download(content, f"claim-codes-{shown.code}.xlsx")
