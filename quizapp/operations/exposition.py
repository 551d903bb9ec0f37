"""The figures as Prometheus reads them. Pure: what was counted and observed goes in, text comes out."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from quizapp.counting import BUCKETS_S, Totals
from quizapp.operations.readiness import Observed


class _Once(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def exposition(totals: Totals, observed: Observed | None, *, ready: bool) -> bytes:
    """The text of /metrics. What nobody could say is left out, so that an alarm on its absence works."""
    registry = CollectorRegistry()
    registry.register(_Once([*_counted(totals), *_observed(observed, ready=ready)]))
    return generate_latest(registry)


def _counted(totals: Totals) -> Iterator[Metric]:
    yield _counter("quiz_answers", "Answers by outcome; acknowledged ones are saved.", "outcome", totals.answers)
    yield _counter("quiz_answer_refusals", "Requests of the answer path refused as a whole.", "code", totals.refusals)
    yield _counter("quiz_submissions", "Submits that were answered, by who ended it.", "ended_by", totals.submissions)
    yield _counter("quiz_http_requests", "Replies by the class of their status.", "status", totals.requests)
    sums = list(accumulate(totals.took))
    bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
    took = HistogramMetricFamily("quiz_answer_seconds", "From an answer's body to its reply, in the web process.")
    took.add_metric([], list(zip(bounds, sums, strict=True)), totals.took_s)
    yield took


def _counter(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def _observed(observed: Observed | None, *, ready: bool) -> Iterator[Metric]:
    yield _gauge("quiz_ready", "Whether /readyz says ready.", int(ready))
    if observed is None:
        return
    yield _gauge("quiz_sql_up", "Whether SQL answers.", int(observed.sql))
    yield _gauge("quiz_store_up", "Whether the store answers.", int(observed.store))
    if observed.waiting is not None:
        yield _gauge("quiz_stream_entries", "Entries that are not recorded yet.", observed.waiting.entries)
        yield _gauge("quiz_stream_pending_entries", "Those in a recorder's hands.", observed.waiting.pending)
        oldest_s = observed.waiting.oldest_ms / 1000
        yield _gauge("quiz_oldest_unrecorded_seconds", "Age of the oldest unrecorded entry.", oldest_s)
    if observed.unrecordable is not None:
        yield _gauge("quiz_unrecordable_entries", "Entries that can't be recorded, unsettled.", observed.unrecordable)
    if observed.recording is not None:
        silent_s = observed.recording.silent_ms / 1000
        yield _gauge("quiz_recorder_silent_seconds", "Since a recorder's last sign of life.", silent_s)
        failing = len(observed.recording.failing)
        yield _gauge("quiz_recorder_failing_steps", "Steps of the recorder that do not succeed.", failing)
        totals = observed.recording.totals
        yield _counter("quiz_recorded_answers", "Answers written to SQL since a recorder's start.", "recorder", totals)
    if observed.recorded_a_second is not None:
        rate = observed.recorded_a_second
        yield _gauge("quiz_recorder_answers_per_second", "Over the last complete ten seconds.", rate)
    if observed.store:
        ahead_s = observed.ahead_ms / 1000
        yield _gauge("quiz_store_clock_set_back_seconds", "While attempts ran; they go by the clock before.", ahead_s)
    clocks = GaugeMetricFamily("quiz_clock_ahead_seconds", "Of the store's clock, by host and SQL.", labels=["clock"])
    for name, ahead_ms in sorted(observed.clocks.items()):
        clocks.add_metric([name], ahead_ms / 1000)
    yield clocks
    if observed.memory is not None:
        yield _gauge("quiz_store_memory_used_bytes", "The store's memory.", observed.memory.used)
        yield _gauge(
            "quiz_store_memory_limit_bytes", "Its maxmemory, else the machine's memory.", observed.memory.limit
        )
        yield _gauge("quiz_store_memory_headroom_bytes", "What is left of the limit.", observed.memory.headroom)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
