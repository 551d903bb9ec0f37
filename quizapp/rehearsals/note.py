"""The capacity note: what a rehearsal found, signed with the installation's key, in words and figures. Pure.

The statement has texts and whole numbers only (milliseconds, microseconds, answers a second), so that it is canonical.
"""

from collections.abc import Iterator, Mapping, Set
from typing import Any
from unicodedata import east_asian_width

from quizapp.signing import is_signed

KIND = {"type": "quiz-capacity-note", "version": 1}
FAULTS = {
    "lost": "丢失 lost",
    "invented": "多出 invented",
    "doubled": "重复 doubled",
    "mis_scored": "得分不符 mis-scored",
    "recomputed_otherwise": "重算不符 recomputed otherwise",
    "gave_up": "没能完成 gave up",
}
STEPS = {
    "competition": "竞赛主页 page",
    "start": "开始 start",
    "page": "答题页 answering",
    "paper": "取卷 paper",
    "answer": "作答 answer",
    "submit": "交卷 submit",
    "result": "成绩页 result",
}


def fault_of_note(file: Any, keys: Mapping[str, str]) -> str:
    """The first thing that is wrong with a note's file, by a code, or "" if it holds. `keys`: id → public key."""
    try:
        statement = file["statement"]
        if not statement.items() >= KIND.items():
            return "no_note"
        if not is_signed(statement, file["key"], file["signature"], keys):
            return "note_not_signed"
        if file.keys() != {"statement", "key", "signature"}:
            return "more_than_signed"
        list(lines_of(statement))
    except (KeyError, TypeError, AttributeError, ValueError):
        return "no_note"
    return ""


def times_of(latencies_ms: list[float]) -> dict[str, int]:
    """How many there were; their median, slowest hundredth and slowest, in microseconds."""
    ordered = sorted(latencies_ms)
    if not ordered:
        return {"requests": 0}

    def at(share: float) -> int:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000)

    return {"requests": len(ordered), "p50_us": at(0.5), "p99_us": at(0.99), "max_us": round(ordered[-1] * 1000)}


def compared(
    chosen: Mapping[tuple[int, int], int],
    unsure: Set[tuple[int, int]],
    recorded: Mapping[tuple[int, int], int],
    *,
    shown: Mapping[int, int],
    kept: Mapping[int, int],
) -> dict[str, int]:
    """What was acknowledged against what is recorded: last choices by (account, position), scores by account.

    Places in `unsure` had an answer that nothing came back for: whether it is recorded says nothing.
    """
    return {
        "places": len(chosen),
        "recorded": len(recorded),
        "lost": sum(recorded.get(place) != choice for place, choice in chosen.items() if place not in unsure),
        "invented": sum(place not in chosen and place not in unsure for place in recorded),
        "mis_scored": sum(kept.get(account) != score for account, score in shown.items()),
    }


def holds(statement: Mapping[str, Any]) -> int:
    """How many people may answer at once, at half of the highest rate, if each gives as many answers in the competition's
    minutes as the people of the rehearsal did (the changed ones counted)."""
    each = statement["answers_a_person_x100"]
    return int(statement["highest"]["answers_per_s"] * statement["competition"]["minutes"] * 60 * 100 // (2 * each))


def is_clean(statement: Mapping[str, Any]) -> bool:
    """Whether nothing was lost, doubled or graded otherwise, and everybody got through."""
    return not any(statement["checks"][name] for name in FAULTS)


def lines_of(statement: Mapping[str, Any]) -> Iterator[str]:
    """The note for people: Chinese, then English."""
    machine, checks, people = statement["machine"], statement["checks"], statement["people"]
    competition, opening, closing = statement["competition"], statement["opening"], statement["closing"]
    yield f"{competition['title']}  {people} 人 people (名册 roster {statement['roster']})"
    yield (
        f"{machine['cores']} 核 cores, {machine['memory_mib']} MiB, {machine['web_workers']} web workers, {machine['sql']},"
        f" {machine['store']}"
    )
    yield f"{_padded('')}{'次数 requests':>11}{'p50 ms':>10}{'p99 ms':>10}{'最慢 most':>10}"
    for name, times in opening["steps"].items():
        yield _row(f"开场 opening: {STEPS[name]}", times)
    yield _row("半速 half the rate: 作答 answer", statement["paced"])
    for name, times in closing["steps"].items():
        yield _row(f"收卷 closing: {STEPS[name]}", times)
    highest, paced = statement["highest"], statement["paced"]
    if paced["requests"]:
        yield (
            f"最高 {highest['answers_per_s']} 次作答/秒（{highest['connections']} 个连接，{highest['runs']} 的中位数）；"
            f"{paced['answers_per_s']} 次/秒时 99% 在 {_ms(paced['p99_us'])} 毫秒内。"
            f" At most {highest['answers_per_s']} answers/s (median); at {paced['answers_per_s']}/s 99% within"
            f" {_ms(paced['p99_us'])} ms."
        )
    yield (
        f"模拟的人自己每次作答用去本机 {highest['players_cpu_us']} 微秒处理器时间。"
        f" Of this machine's CPU the simulated people themselves took {highest['players_cpu_us']} µs an answer."
    )
    paper_s, taken_s = opening["last_paper_ms"] / 1000, closing["last_submit_ms"] / 1000
    yield (
        f"{people} 人在开场的一秒内到来，{paper_s:.1f} 秒后人人拿到试卷；最后一秒内全部交卷，{taken_s:.1f} 秒内收完。"
        f" {people} people in the opening second: everybody has the paper after {paper_s:.1f} s; all submit within the last"
        f" second: taken in {taken_s:.1f} s."
    )
    if again := ", ".join(f"{why} × {times}" for why, times in statement["come_again"].items()):
        yield f"繁忙时有请求被告知稍后再来，随后照办。 Told to come again while it was busy, and did: {again}"
    yield (
        f"确认 {checks['acknowledged']} 次作答，{checks['places']} 题，落库 {checks['recorded']} 题："
        f" {checks['acknowledged']} answers acknowledged, {checks['places']} places, {checks['recorded']} recorded:"
    )
    yield "  " + ", ".join(f"{FAULTS[name]} {checks[name]}" for name in FAULTS)
    if is_clean(statement):
        count, each = holds(statement), f"{statement['answers_a_person_x100'] / 100:g}"
        yield (
            f"本安装约可承受 {count} 人同时作答：每人在 {competition['minutes']} 分钟里作答 {each} 次，按最高速率的一半计。"
            f" This installation holds about {count} people answering at once: each {each} answers in"
            f" {competition['minutes']} minutes, at half of the highest rate."
        )


def _row(title: str, times: Mapping[str, int]) -> str:
    if not times["requests"]:
        return f"{_padded(title)}{0:>11}"
    figures = "".join(f"{_ms(times[name]):>10}" for name in ("p50_us", "p99_us", "max_us"))
    return f"{_padded(title)}{times['requests']:>13}{figures}"


def _padded(title: str) -> str:
    """To 40 columns of a terminal, where a Chinese character takes two."""
    return title + " " * (40 - sum(2 if east_asian_width(letter) == "W" else 1 for letter in title))


def _ms(micros: int) -> str:
    return f"{micros / 1000:.1f}"
