"""Practice rooms of a competition's bank: no clock, no record, right or wrong at once."""

import secrets
from typing import Annotated, Any

from flask import jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quizapp.banks.content import BankContent
from quizapp.banks.queries import version_content
from quizapp.banks.translation import for_reader
from quizapp.competitions.queries import published_or_404
from quizapp.errors import Invalid, NotFound
from quizapp.practice.rooms import draw_round, is_for_practice, place_of, right_as_shown, rooms_of
from quizapp.web.access import SIGNED_IN, Blueprint, reads_only

bp = Blueprint(
    "practice", __name__, access=SIGNED_IN, static_folder=None, url_prefix="/competitions/<int:competition_id>/practice"
)

MIXED = "mixed"


class Try(BaseModel):
    """What somebody chose in a round: `chosen` is a bit mask of the letters shown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    round: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    question: Annotated[int, Field(ge=0, lt=1_000_000)]
    chosen: Annotated[int, Field(ge=1, lt=256)]


@bp.get("/")
def rooms(competition_id: int) -> ResponseReturnValue:
    """The rooms, by topic."""
    competition = published_or_404(competition_id)
    found = rooms_of(version_content(competition.bank_version_id))
    return render_template("practice/rooms.html", competition=competition, rooms=found, mixed=MIXED)


@bp.get("/<topic>")
def room(competition_id: int, topic: str) -> ResponseReturnValue:
    """A round of one topic, of all topics, or with `?questions=3,8` of those questions (the ones that went wrong)."""
    competition = published_or_404(competition_id)
    content = version_content(competition.bank_version_id)
    here = [room for room in rooms_of(content) if topic in (MIXED, room.topic)]
    if not here:
        raise NotFound()
    ordinals = {ordinal for room in here for ordinal in room.ordinals}
    wanted = {int(part) for part in request.args.get("questions", "").split(",") if part.isdecimal() and len(part) < 7}
    seed = secrets.token_hex(8)
    places = draw_round(content, ordinals & wanted or ordinals, seed)
    return render_template(
        "practice/room.html",
        competition=competition,
        title=here[0].title if topic != MIXED else _("全部专题"),
        topic=topic,
        round={"round": seed, "questions": [_shown(content, place.ordinal, seed) for place in places]},
        texts=_texts(),
    )


@bp.post("/check")
@reads_only
def check(competition_id: int) -> ResponseReturnValue:
    """Whether a choice is right, and why. Only practice questions have an answer here."""
    competition = published_or_404(competition_id)
    content = version_content(competition.bank_version_id)
    try:
        tried = Try.model_validate(request.get_json(silent=True))
    except ValidationError as error:
        raise Invalid("practice_try_malformed") from error
    if not is_for_practice(content, tried.question):
        raise NotFound()
    question = content.questions[tried.question]
    right = right_as_shown(content, place_of(content, tried.question, tried.round))
    return jsonify(
        right=right,
        is_right=tried.chosen == right,
        explanation=for_reader(question).explanation,
        reference=question.reference,
    )


def _shown(content: BankContent, ordinal: int, seed: str) -> dict[str, Any]:
    question = for_reader(content.questions[ordinal])
    place = place_of(content, ordinal, seed)
    return {
        "id": ordinal,
        "topic": question.topic,
        "type": question.type,
        "stem": question.stem,
        "options": [question.options[option] for option in place.options],
    }


def _texts() -> dict[str, str]:
    return {
        "single": _("单选题"),
        "multiple": _("多选题"),
        "judge": _("判断题"),
        "place": _("第 {n} 题，共 {all} 题"),
        "picture": _("图片"),
        "right": _("正确答案"),
        "yours": _("您选的"),
        "was_right": _("回答正确"),
        "was_wrong": _("回答错误"),
        "explanation": _("解析："),
        "reference": _("出处："),
        "confirm": _("确定"),
        "checking": _("正在核对…"),
        "next": _("下一题"),
        "finish": _("看本轮结果"),
        "no_line": _("网络中断，暂时无法核对。恢复后请再点一次“确定”。"),
        "busy": _("系统暂时繁忙，请稍后再点一次“确定”。"),
        "sum": _("本轮答对 {right} 题，共 {all} 题"),
        "all_right": _("全部答对，真棒！"),
        "some_wrong": _("答错的题已经记下，可以只练错题。"),
    }
