"""What every request has, whoever serves it: a name in logs and headers (see `quizapp/log_lines`), and its place in the counts."""

from flask import Flask, Response, g, request

from quizapp.counting import counts
from quizapp.log_lines import HEADER, name_for, request_id


def init_app(app: Flask) -> None:
    """Register first: a request that another hook refuses has its name by then, and its refusal is counted."""

    @app.before_request
    def name_request() -> None:
        counts.start()
        by_door = request.environ.get("asgi.scope", {}).get("quiz.request_id")
        g.request_id = by_door or name_for(request.headers.get(HEADER))
        request_id.set(g.request_id)

    @app.after_request
    def note(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code >= 400:  # a phone pays for each header of each file
            response.headers[HEADER] = g.get("request_id", "")
        counts.replied(response.status_code)
        return response

    @app.teardown_request
    def forget_name(_error: BaseException | None) -> None:
        request_id.set("")  # the thread serves others after this one
