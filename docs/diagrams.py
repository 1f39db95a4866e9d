"""Draws the diagrams of the documentation as SVG, from tables.

``python docs/diagrams.py`` writes them into ``_static``; a test tells when that is due.
They load nothing, so they are seen offline too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mw_tokens_plugin.protocol.authmanager import TRANSITIONS, State

FOLDER = Path(__file__).with_name('_static')

#: What each part of the package imports; what is imported through others is left out.
IMPORTS = (
    ('scripts', 'doctor'),
    ('doctor', 'cli'),
    ('scripts', 'status'),
    ('status', 'cli'),
    ('cli', 'actions'),
    ('actions', 'targets'),
    ('targets', 'campaign'),
    ('targets', 'requestpages'),
    ('campaign', 'site'),
    ('campaign', 'messages'),
    ('site', 'privatefiles'),
    ('privatefiles', 'exceptions'),
    ('messages', 'protocol'),
    ('requestpages', 'protocol'),
    ('site', 'protocol'),
    ('protocol', 'exceptions'),
)

#: Half the width and height of a box.
_WIDE, _HIGH = 76, 20

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"\
 width="{width}" height="{height}" role="img">
<title>{title}</title>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9"\
 markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">\
<path d="M0 0L10 5L0 10z" fill="#345"/></marker></defs>
<style>
text {{ font: 15px sans-serif; text-anchor: middle; dominant-baseline: central;
  fill: #123 }}
.label {{ font-size: 13px; paint-order: stroke; stroke: #fff; stroke-width: 9px }}
.box {{ fill: #e8eff7; stroke: #345 }}
.way {{ fill: none; stroke: #345; marker-end: url(#head) }}
</style>
<rect width="100%" height="100%" rx="8" fill="#fff"/>
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from one box to another.

    :ivar bend: by how much its middle is off the straight line, to the left
    :ivar at: where on the way its label stands, from 0 to 1
    """

    start: str
    end: str
    label: str = ''
    bend: float = 0
    at: float = 0.5


def parts() -> str:
    """Return the picture of what imports what."""
    places = {
        'scripts': (300, 40),
        'doctor': (220, 120),
        'status': (380, 120),
        'cli': (300, 200),
        'actions': (300, 280),
        'targets': (300, 360),
        'campaign': (220, 440),
        'messages': (240, 530),
        'site': (400, 530),
        'requestpages': (560, 530),
        'protocol': (400, 620),
        'privatefiles': (160, 620),
        'exceptions': (400, 700),
        'centralauth_sandbox': (80, 40),
    }
    arrows = [Arrow(start, end) for start, end in IMPORTS]
    return drawn('The parts of the package, and what they import', places, arrows)


def conversation() -> str:
    """Return the picture of AuthManager's conversation."""
    places = {
        State.START: (90, 70),
        State.BEGINNING: (400, 70),
        State.ASKED: (90, 300),
        State.CONTINUING: (400, 300),
        State.REDIRECTED: (90, 530),
        State.RETURNING: (400, 530),
        State.DONE: (740, 185),
        State.FAILED: (740, 415),
    }
    # How arrows keep out of each other's way: bend, and place of the label.
    shapes = {
        (State.BEGINNING, State.START): (-45, 0.5),
        (State.BEGINNING, State.ASKED): (0, 0.35),
        (State.BEGINNING, State.REDIRECTED): (0, 0.24),
        (State.BEGINNING, State.DONE): (0, 0.55),
        (State.BEGINNING, State.FAILED): (0, 0.3),
        (State.CONTINUING, State.ASKED): (-40, 0.42),
        (State.CONTINUING, State.REDIRECTED): (0, 0.3),
        (State.CONTINUING, State.DONE): (0, 0.6),
        (State.CONTINUING, State.FAILED): (0, 0.55),
        (State.RETURNING, State.ASKED): (0, 0.25),
        (State.RETURNING, State.REDIRECTED): (45, 0.5),
        (State.RETURNING, State.DONE): (0, 0.3),
        (State.RETURNING, State.FAILED): (0, 0.55),
    }
    arrows = []
    for state, events in TRANSITIONS.items():
        by_target: dict[State, list[str]] = {}
        for event, target in events.items():
            by_target.setdefault(target, []).append(event.value)
        for target, names in by_target.items():
            shape = shapes.get((state, target), (0, 0.5))
            label = ', '.join(names)
            arrows.append(Arrow(state.value, target.value, label, *shape))
    named = {state.value: place for state, place in places.items()}
    return drawn('The states of linking an account', named, arrows)


PICTURES = {'parts.svg': parts, 'linking.svg': conversation}


def drawn(
    title: str, places: Mapping[str, tuple[int, int]], arrows: list[Arrow]
) -> str:
    """Return a picture of boxes and arrows.

    :param places: the middle of each box
    """
    lines = [*_ways(places, arrows)]
    for name, (x, y) in places.items():
        lines.append(
            f'<rect class="box" x="{x - _WIDE}" y="{y - _HIGH}" width="{2 * _WIDE}" '
            f'height="{2 * _HIGH}" rx="6"/><text x="{x}" y="{y}">{escape(name)}</text>'
        )
    width = max(x for x, _ in places.values()) + _WIDE + 20
    height = max(y for _, y in places.values()) + _HIGH + 40
    head = _HEAD.format(title=escape(title), width=width, height=height)
    return head + '\n'.join(lines) + '\n</svg>\n'


def _ways(places: Mapping[str, tuple[int, int]], arrows: list[Arrow]) -> Iterator[str]:
    """Yield the arrows, and after them their labels, which no arrow may cross."""
    labels = []
    for arrow in arrows:
        start, end = complex(*places[arrow.start]), complex(*places[arrow.end])
        straight = end - start
        # The middle of the curve is half as far off as the point that pulls it.
        pull = (start + end) / 2 - 1j * straight / abs(straight) * 2 * arrow.bend
        start, end = _border(start, pull), _border(end, pull)
        yield f'<path class="way" d="M{_at(start)} Q{_at(pull)} {_at(end)}"/>'
        if arrow.label:
            t = arrow.at
            point = (1 - t) ** 2 * start + 2 * t * (1 - t) * pull + t * t * end
            x, y = _at(point).split()
            words = escape(arrow.label)
            labels.append(f'<text class="label" x="{x}" y="{y}">{words}</text>')
    yield from labels


def _border(middle: complex, towards: complex) -> complex:
    """Return where the way from the middle of a box to a point leaves the box."""
    way = towards - middle
    sides = ((_WIDE, abs(way.real)), (_HIGH, abs(way.imag)))
    return middle + way * min(half / far for half, far in sides if far)


def _at(point: complex) -> str:
    return f'{point.real:.1f} {point.imag:.1f}'


if __name__ == '__main__':
    for name, picture in PICTURES.items():
        (FOLDER / name).write_text(picture(), 'utf-8')
