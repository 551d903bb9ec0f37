"""Organizers' pages: the tree of units by hand and from a list; administrators' pages: roles that reach so far only."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from quizapp.accounts.actions import grant_role
from quizapp.accounts.queries import account_or_404
from quizapp.clock import utc_now
from quizapp.errors import Invalid, Refused
from quizapp.extensions import db
from quizapp.organizations import actions, queries, staging, unit_lists
from quizapp.organizations.forms import MoveUnitForm, NewUnitForm, ScopedRoleForm, UnitForm, UploadForm
from quizapp.organizations.models import Organization
from quizapp.organizations.regions import INDUSTRIES, REGIONS
from quizapp.organizations.unit_lists import UnitList
from quizapp.organizations.words import SHOWN_FINDINGS
from quizapp.web.access import ADMINISTRATOR, ORGANIZER, Blueprint, access
from quizapp.web.downloads import download
from quizapp.web.error_pages import sentence
from quizapp.web.forms import Form
from quizapp.web.spreadsheets import read_tables, write_workbook

bp = Blueprint("organizations_admin", __name__, access=ORGANIZER, url_prefix="/admin/organizations")


@bp.get("/")
def index() -> ResponseReturnValue:
    """The tree, searched and filtered, with people and coverage."""
    filters = {name: request.args.get(name, "")[:80] for name in ("text", "region", "industry")}
    query = queries.matching(queries.visible_organizations(current_user), **filters)
    page = queries.page_of(query, request.args.get("page", 1, type=int))
    return render_template(
        "organizations/admin_index.html",
        page=page,
        rows=queries.unit_rows(page.items),
        filters=filters,
        regions=REGIONS,
        industries=INDUSTRIES,
    )


@bp.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """A new unit, at the top or under `parent`."""
    parent_id = request.args.get("parent", type=int)
    parent = queries.managed_organization(parent_id, current_user) if parent_id else None
    form = NewUnitForm()
    status = 422 if form.is_submitted() else 200
    if request.method == "GET" and parent:
        form.region.data, form.industry.data, form.league.data = parent.region, parent.industry, parent.league
        form.is_central.data = parent.is_central
    if form.validate_on_submit():
        try:
            unit = actions.create_organization(
                form.name.data.strip(),
                form.code.data,
                parent=parent,
                details=form.details(),
                actor=current_user,
                now=utc_now(),
            )
            db.session.commit()
        except Refused as refusal:
            form.code.errors = [sentence(refusal.code, refusal.facts)]
            status = refusal.status
        else:
            flash(_("单位已建立。"), "success")
            return redirect(url_for("organizations.unit", organization_id=unit.id), 303)
    return render_template("organizations/admin_unit_form.html", form=form, parent=parent, unit=None), status


@bp.route("/<int:organization_id>/edit", methods=["GET", "POST"])
def edit(organization_id: int) -> ResponseReturnValue:
    """Change a unit's name and details."""
    unit = queries.managed_organization(organization_id, current_user)
    form = UnitForm(obj=unit)
    if form.validate_on_submit():
        actions.edit_organization(unit, form.name.data.strip(), form.details(), actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("已保存。"), "success")
        return redirect(url_for("organizations.unit", organization_id=unit.id), 303)
    return (
        render_template("organizations/admin_unit_form.html", form=form, unit=unit, parent=unit.parent),
        422 if form.is_submitted() else 200,
    )


@bp.route("/<int:organization_id>/move", methods=["GET", "POST"])
def move(organization_id: int) -> ResponseReturnValue:
    """Put a unit with all below it under another one."""
    unit = queries.managed_organization(organization_id, current_user)
    form = MoveUnitForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        code = (form.parent_code.data or "").strip()
        parent = queries.organization_by_code(code) if code else None
        if code and parent is None:
            form.parent_code.errors = [_("没有这个单位代码。")]
        else:
            try:
                actions.move_organization(unit, parent, actor=current_user, now=utc_now())
                db.session.commit()
            except Refused as refusal:
                form.parent_code.errors = [sentence(refusal.code, refusal.facts)]
                status = refusal.status
            else:
                flash(_("单位已移动。"), "success")
                return redirect(url_for("organizations.unit", organization_id=organization_id), 303)
    count = queries.count(queries.subtree(unit)) - 1
    return render_template("organizations/admin_move.html", form=form, unit=unit, count=count), status


@bp.route("/<int:organization_id>/delete", methods=["GET", "POST"])
def delete(organization_id: int) -> ResponseReturnValue:
    """Remove a unit that was never used."""
    unit = queries.managed_organization(organization_id, current_user)
    form = Form()
    if form.validate_on_submit():
        actions.delete_organization(unit, actor=current_user, now=utc_now())
        db.session.commit()
        flash(_("单位已删除。"), "success")
        return redirect(url_for(".index"), 303)
    return render_template("organizations/admin_delete.html", form=form, unit=unit)


@bp.get("/template.xlsx")
def template() -> ResponseReturnValue:
    """An empty list of units to fill in."""
    rows: list[list[object]] = [
        ["单位名称", "单位代码", "上级单位代码", "地区", "行业", "组别", "是否央企", "应参赛人数"],
        ["远大集团", "YD", "", "北京市", "制造业", "", "否", 1200],
        ["远大集团第一分公司", "YD-01", "YD", "", "", "", "", 400],
    ]
    notes: list[list[object]] = [
        ["说明"],
        ["单位名称和单位代码必填。代码为 1–20 位字母、数字或 -，以后不能更改；再次导入时按代码辨认单位。"],
        ["地区、行业、组别、是否央企不填时沿用上级单位的内容。应参赛人数含下级单位。"],
        ["请删去示例行后再填写。"],
    ]
    return download(write_workbook([("单位", rows), ("说明", notes)]), "units-template.xlsx")


@bp.route("/import", methods=["GET", "POST"])
def upload() -> ResponseReturnValue:
    """Upload a list of units and see what it would do."""
    form = UploadForm()
    if not form.validate_on_submit():
        return (
            render_template("organizations/admin_import.html", form=form),
            422 if form.is_submitted() else 200,
        )
    content, filename, purpose = form.file.data.read(), form.file.data.filename or "", _purpose()
    db.session.rollback()  # reading a file takes a while: no write lock is held meanwhile
    try:
        tables = read_tables(content, filename)
    except Invalid as error:
        form.file.errors = [sentence(error.code, error.facts)]
        return render_template("organizations/admin_import.html", form=form), error.status
    found = _checked([(table.sheet, table.rows) for table in tables])
    token = ""
    if not found.faults and (found.new or found.changed):
        token = staging.stage(tables, purpose, now=utc_now())
        db.session.commit()
    return (
        render_template("organizations/admin_import_check.html", found=found, token=token, shown=SHOWN_FINDINGS),
        422 if found.faults else 200,
    )


def _purpose() -> str:
    return f"units by {current_user.id}"


def _checked(tables: list[tuple[str, list[list[str]]]]) -> UnitList:
    return unit_lists.check_units(unit_lists.read_sheets(tables), queries.known_units())


@bp.post("/import/<token>")
def import_units(token: str) -> ResponseReturnValue:
    """Create and change the units of a checked list, or none."""
    tables = staging.staged(token, _purpose())
    found = _checked([(table.sheet, table.rows) for table in tables])
    if found.faults:
        raise Refused("roster_has_faults")
    staging.discard(token)
    actions.import_units(found.new, found.changed, actor=current_user, now=utc_now())
    db.session.commit()
    flash(
        _("已导入：新建 %(new)s 个单位，修改 %(changed)s 个。", new=len(found.new), changed=len(found.changed)),
        "success",
    )
    return redirect(url_for(".index"), 303)


@bp.route("/roles/<int:account_id>", methods=["GET", "POST"])
@access(ADMINISTRATOR)
def grant_scoped(account_id: int) -> ResponseReturnValue:
    """Make somebody coordinator of a unit, or an association's of a region or an industry."""
    account = account_or_404(account_id)
    form = ScopedRoleForm()
    if request.method == "GET":
        form.unit_code.data = request.args.get("unit", "")[:20]
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        unit: Organization | None = None
        if form.role.data == "coordinator" and (unit := queries.organization_by_code(form.unit_code.data)) is None:
            form.unit_code.errors = [_("没有这个单位代码。")]
        else:
            is_association = form.role.data == "association"
            try:
                grant_role(
                    account,
                    form.role.data,
                    actor=current_user,
                    now=utc_now(),
                    organization_id=unit.id if unit else None,
                    region=(form.region.data or None) if is_association else None,
                    industry=(form.industry.data or None) if is_association else None,
                )
                db.session.commit()
            except Refused as refusal:
                form.form_errors.append(sentence(refusal.code, refusal.facts))
                status = refusal.status
            else:
                flash(_("角色已授予。"), "success")
                return redirect(url_for("accounts_admin.account", account_id=account_id), 303)
    return render_template("organizations/admin_grant.html", form=form, account=account), status
