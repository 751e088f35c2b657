"""Pictures of a report, as SVG: the same report makes the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH = 900
_LEFT = 280
_RIGHT = 60
_ROW = 56
_TOP = 40
_LINES_LEFT = 80
_LINES_HEIGHT = 320
_FONT = 'font-family="sans-serif" font-size="13"'

#: Dark on white; the first is for what is measured first in every plot.
_COLORS = ("#1b6ca8", "#e07b39", "#6a994e", "#8d5a97", "#b23a48", "#7f7f7f")

_INK = "#333333"
_RULE = "#dddddd"


def histograms(
    title: str, unit: str, rows: Mapping[str, Mapping[str, Sequence[float]]], width: float, end: float
) -> str:
    """For each row its samples, several kinds above one another, in bins so many units wide; each kind's largest bin is as high as the row.

    What is at `end` or above is in the last bin.
    """
    kinds = list(dict.fromkeys(kind for samples in rows.values() for kind in samples))
    plot = _Plot(title, unit, list(rows), kinds, end)
    for row, samples in enumerate(rows.values()):
        height = (_ROW - 8) / len(kinds)
        for kind, name in enumerate(kinds):
            bins: dict[int, int] = {}
            for value in samples.get(name, ()):
                place = int(min(value, end - width / 2) // width)
                bins[place] = bins.get(place, 0) + 1
            bottom = _TOP + row * _ROW + (kind + 1) * height
            for place, count in sorted(bins.items()):
                high = max(1.0, (height - 2) * count / max(bins.values()))
                plot.bar(place * width, (place + 1) * width, bottom - high, high, kind)
    return plot.text()


def stacked(title: str, unit: str, rows: Mapping[str, Mapping[str, float]]) -> str:
    """For each row a bar of parts, one after the other; parts below nothing are left out."""
    parts = list(dict.fromkeys(part for values in rows.values() for part in values))
    end = max((sum(max(0.0, value) for value in values.values()) for values in rows.values()), default=1.0)
    plot = _Plot(title, unit, list(rows), parts, end)
    for row, values in enumerate(rows.values()):
        begin = 0.0
        for part, value in values.items():
            plot.bar(begin, begin + max(0.0, value), _TOP + row * _ROW + 12, _ROW - 24, parts.index(part))
            begin += max(0.0, value)
        plot.label(begin, _TOP + row * _ROW + _ROW / 2 + 5, f"{sum(values.values()):.3g}")
    return plot.text()


def lines(title: str, axes: tuple[str, str], series: Mapping[str, Mapping[int, float]]) -> str:
    """For each of the series its points (to the right a count, upwards a value), joined. `axes` say what these are."""
    across = max((max(points) for points in series.values() if points), default=1)
    highest = max((max(points.values()) for points in series.values() if points), default=1.0)
    wide, top = _WIDTH - _LINES_LEFT - _RIGHT, _TOP + 24
    bottom = top + _LINES_HEIGHT
    elements = [_text(12, 24, title, bold=True)]
    for number in range(int(highest / (step := _step(highest))) + 1):
        y = bottom - number * step * _LINES_HEIGHT / highest
        elements.append(_rule(_LINES_LEFT, y, _WIDTH - _RIGHT, y))
        elements.append(_text(_LINES_LEFT - 10, y + 5, f"{number * step:g}", anchor="end"))
    for count in sorted({count for points in series.values() for count in points}):
        x = _LINES_LEFT + count * wide / across
        elements.append(_rule(x, top, x, bottom))
        elements.append(_text(x, bottom + 18, f"{count}", anchor="middle"))
    elements.append(_text(_WIDTH - 12, bottom + 36, axes[0], anchor="end"))
    elements.append(_text(_LINES_LEFT, top - 10, axes[1]))
    for place, (name, points) in enumerate(series.items()):
        at = [
            (_LINES_LEFT + count * wide / across, bottom - value * _LINES_HEIGHT / highest)
            for count, value in points.items()
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        elements.append(f'<polyline points="{path}" fill="none" stroke="{_color(place)}" stroke-width="2"/>')
        elements += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{_color(place)}"/>' for x, y in at]
        y = bottom + 60 + place * 22
        elements.append(
            f'<rect x="{_LINES_LEFT}" y="{y - 12}" width="14" height="14" fill="{_color(place)}"/>'
        )
        elements.append(_text(_LINES_LEFT + 20, y, name))
    return _picture(elements, bottom + 60 + len(series) * 22)


class _Plot:
    """Rows with names on the left, an axis from 0 to `end` below them, and what the colours mean."""

    def __init__(self, title: str, unit: str, rows: Sequence[str], kinds: Sequence[str], end: float) -> None:
        self._scale = (_WIDTH - _LEFT - _RIGHT) / (end or 1.0)
        bottom = _TOP + len(rows) * _ROW
        self._height = bottom + 70
        self._elements = [_text(12, 24, title, bold=True)]
        step = _step(end)
        for number in range(int(end / step) + 1):
            x = self._x(number * step)
            self._elements.append(_rule(x, _TOP, x, bottom))
            self._elements.append(_text(x, bottom + 18, f"{number * step:g}", anchor="middle"))
        self._elements.append(_text(_WIDTH - 12, bottom + 18, unit, anchor="end"))
        for row, name in enumerate(rows):
            self._elements.append(_text(_LEFT - 10, _TOP + row * _ROW + _ROW / 2 + 5, name, anchor="end"))
        for place, kind in enumerate(kinds):
            x = 12 + place * (_WIDTH - 24) / max(1, len(kinds))
            self._elements.append(
                f'<rect x="{x:.1f}" y="{bottom + 38}" width="14" height="14" fill="{_color(place)}"/>'
            )
            self._elements.append(_text(x + 20, bottom + 50, kind))

    def bar(self, begin: float, end: float, top: float, height: float, kind: int) -> None:
        x, width = self._x(begin), (end - begin) * self._scale
        self._elements.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{_color(kind)}"/>'
        )

    def label(self, value: float, y: float, text: str) -> None:
        self._elements.append(_text(self._x(value) + 6, y, text))

    def text(self) -> str:
        return _picture(self._elements, self._height)

    def _x(self, value: float) -> float:
        return _LEFT + value * self._scale


def _picture(elements: Sequence[str], height: int) -> str:
    begin = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" {_FONT}>'
    return "\n".join([begin, '<rect width="100%" height="100%" fill="white"/>', *elements, "</svg>", ""])


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_RULE}"/>'


def _color(kind: int) -> str:
    return _COLORS[kind % len(_COLORS)]


def _step(end: float) -> float:
    """Of an axis: some ten of them, as people count."""
    step = 0.1
    while True:
        for nice in (1, 2, 5):
            if end / (step * nice) <= 10:
                return step * nice
        step *= 10


def _text(x: float, y: float, text: str, anchor: str = "start", *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}"{weight}>{escape(text)}</text>'
