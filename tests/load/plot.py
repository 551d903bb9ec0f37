"""The plot of a bench: requests a second, and the slowest hundredth of them, second by second."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP = 1000, 190, 70, 40
RATE, SLOWEST = "#1457a8", "#b7791f"


def draw(scenes: Mapping[str, Sequence[tuple[str, float, float]]]) -> str:
    """An SVG with one chart a scene, from its (step, second, milliseconds)."""
    charts = [
        _chart(name, requests, TOP + number * (HEIGHT + 70)) for number, (name, requests) in enumerate(scenes.items())
    ]
    height = TOP + len(charts) * (HEIGHT + 70)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(charts)}</svg>\n'
    )


def _chart(name: str, requests: Sequence[tuple[str, float, float]], top: int) -> str:
    seconds: dict[int, list[float]] = defaultdict(list)
    for _, second, latency_ms in requests:
        seconds[int(second)].append(latency_ms)
    last = max(seconds, default=0)
    rates = [len(seconds[second]) for second in range(last + 1)]
    slowest = [_p99(seconds[second]) for second in range(last + 1)]
    step = (WIDTH - 2 * LEFT) / (last + 1)
    most, most_ms = max(rates, default=0) or 1, max(slowest, default=0) or 1
    bars = "".join(
        f'<rect x="{LEFT + second * step:.1f}" y="{top + HEIGHT * (1 - rate / most):.1f}" width="{max(1, step - 1):.1f}"'
        f' height="{HEIGHT * rate / most:.1f}" fill="{RATE}"/>'
        for second, rate in enumerate(rates)
    )
    points = " ".join(
        f"{LEFT + (second + 0.5) * step:.1f},{top + HEIGHT * (1 - value / most_ms):.1f}"
        for second, value in enumerate(slowest)
    )
    base = top + HEIGHT
    return (
        f'<text x="{LEFT}" y="{top - 12}" font-weight="bold">{escape(name)}</text>'
        f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end" fill="{RATE}">{most:,}/s</text>'
        f'<text x="{WIDTH - LEFT + 8}" y="{top + 10}" fill="{SLOWEST}">{most_ms:,.0f} ms</text>'
        f'{bars}<polyline points="{points}" fill="none" stroke="{SLOWEST}" stroke-width="2"/>'
        f'<line x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{base}" y2="{base}" stroke="#1d2733"/>'
        f'<text x="{LEFT}" y="{base + 18}">0 s</text>'
        f'<text x="{WIDTH - LEFT}" y="{base + 18}" text-anchor="end">{last + 1} s</text>'
        f'<text x="{WIDTH / 2}" y="{base + 18}" text-anchor="middle"><tspan fill="{RATE}">requests a second</tspan>, '
        f'<tspan fill="{SLOWEST}">slowest hundredth of them</tspan></text>'
    )


def _p99(latencies_ms: list[float]) -> float:
    ordered = sorted(latencies_ms)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else 0.0
