"""Who is let in to a page that tells as much as the boards do; others are sent to sign in, or refused."""

from flask import abort
from flask_login import current_user

from quizapp.accounts.models import Account
from quizapp.competitions.models import Competition
from quizapp.errors import NotFound, Refused
from quizapp.extensions import login_manager
from quizapp.leaderboards.queries import sight_of
from quizapp.leaderboards.visibility import Sight


def viewer_of(competition: Competition) -> Account | None:
    """Who looks, None for a stranger; only if they may see the competition's boards.

    Ends the request with the way to sign in where that could help; raises NotFound or Refused otherwise.
    """
    account: Account | None = current_user._get_current_object() if current_user.is_authenticated else None
    match sight_of(competition, account):
        case Sight.SIGN_IN:
            abort(login_manager.unauthorized())
        case Sight.OFF:
            raise NotFound("boards_off")
        case Sight.MEMBERS_ONLY:
            raise Refused("boards_members_only", status=403)
    return account
