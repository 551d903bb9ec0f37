"""/metrics is what Prometheus reads: its own parser reads it back."""

from prometheus_client.parser import text_string_to_metric_families

from quizapp.counting import BUCKETS_S, Totals
from quizapp.operations.exposition import exposition
from quizapp.operations.readiness import Memory, Observed, Past, Recording, Waiting


def samples(text: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def totals() -> Totals:
    counted = Totals(took_s=1.5)
    counted.answers.update(saved=7, outdated=2)
    counted.refusals["ticket_invalid"] = 3
    counted.submissions["person"] = 1
    counted.requests.update({"2xx": 9, "5xx": 1})
    counted.took[0], counted.took[3], counted.took[-1] = 4, 2, 1
    return counted


def test_every_figure_is_there() -> None:
    observed = Observed(
        "0007",
        sql=True,
        revision="0007",
        store=True,
        memory=Memory(30, 100),
        waiting=Waiting(12, 5, 2500),
        unrecordable=2,
        recording=Recording(1500, ("take",), {"one": 40, "two": 2}),
        past=(Past(0, 80, 1, 1), Past(10_000, 3, 1, 1)),
        clocks={"one": -1500},
        ahead_ms=2500,
    )
    found = samples(exposition(totals(), observed, ready=False))
    expected = {
        ("quiz_answers_total", ("saved",)): 7,
        ("quiz_answers_total", ("outdated",)): 2,
        ("quiz_answer_refusals_total", ("ticket_invalid",)): 3,
        ("quiz_submissions_total", ("person",)): 1,
        ("quiz_http_requests_total", ("2xx",)): 9,
        ("quiz_http_requests_total", ("5xx",)): 1,
        ("quiz_answer_seconds_bucket", ("0.001",)): 4,
        ("quiz_answer_seconds_bucket", (str(BUCKETS_S[3]),)): 6,
        ("quiz_answer_seconds_bucket", ("2.5",)): 6,
        ("quiz_answer_seconds_bucket", ("+Inf",)): 7,
        ("quiz_answer_seconds_count", ()): 7,
        ("quiz_answer_seconds_sum", ()): 1.5,
        ("quiz_ready", ()): 0,
        ("quiz_clock_ahead_seconds", ("one",)): -1.5,
        ("quiz_store_clock_set_back_seconds", ()): 2.5,
        ("quiz_sql_up", ()): 1,
        ("quiz_store_up", ()): 1,
        ("quiz_stream_entries", ()): 12,
        ("quiz_stream_pending_entries", ()): 5,
        ("quiz_oldest_unrecorded_seconds", ()): 2.5,
        ("quiz_unrecordable_entries", ()): 2,
        ("quiz_recorder_silent_seconds", ()): 1.5,
        ("quiz_recorder_failing_steps", ()): 1,
        ("quiz_recorded_answers_total", ("one",)): 40,
        ("quiz_recorded_answers_total", ("two",)): 2,
        ("quiz_recorder_answers_per_second", ()): 8,
        ("quiz_store_memory_used_bytes", ()): 30,
        ("quiz_store_memory_limit_bytes", ()): 100,
        ("quiz_store_memory_headroom_bytes", ()): 70,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_what_nobody_knows_is_left_out() -> None:
    names = {name for name, _ in samples(exposition(Totals(), Observed("0007"), ready=False))}
    assert {"quiz_sql_up", "quiz_store_up", "quiz_ready"} <= names
    assert not {name for name in names if name.startswith(("quiz_stream", "quiz_recorder", "quiz_store_memory"))}
    assert {name for name, _ in samples(exposition(Totals(), None, ready=False))} >= {"quiz_ready"}
