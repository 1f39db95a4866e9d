"""What is to be seen in a picture that docs/diagrams.py has drawn, by its geometry."""

from __future__ import annotations

from xml.etree import ElementTree

_SVG = '{http://www.w3.org/2000/svg}'
#: Coordinates are rounded.
_ROUNDING = 0.1


def arrows_in(picture: str) -> list[tuple[str, str]]:
    """Return from which box to which other one each arrow leads."""
    root = ElementTree.fromstring(picture)
    boxes = boxes_in(picture)
    found = []
    for path in root.iter(f'{_SVG}path'):
        if path.get('class') != 'way':
            continue
        numbers = [
            float(n) for n in path.attrib['d'].strip('M').replace('Q', '').split()
        ]
        found.append((_touched(boxes, *numbers[:2]), _touched(boxes, *numbers[-2:])))
    return found


def boxes_in(picture: str) -> dict[str, tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box, by what is written in it."""
    root = ElementTree.fromstring(picture)
    texts = {
        (float(text.attrib['x']), float(text.attrib['y'])): text.text or ''
        for text in root.iter(f'{_SVG}text')
    }
    boxes = {}
    for rect in root.iter(f'{_SVG}rect'):
        if rect.get('class') == 'box':
            x, y, width, height = (
                float(rect.attrib[name]) for name in ('x', 'y', 'width', 'height')
            )
            name = texts[x + width / 2, y + height / 2]
            boxes[name] = (x, y, x + width, y + height)
    return boxes


def labels_in(picture: str) -> list[str]:
    """Return what is written beside the arrows."""
    root = ElementTree.fromstring(picture)
    texts = root.iter(f'{_SVG}text')
    return [text.text or '' for text in texts if text.get('class') == 'label']


def _touched(
    boxes: dict[str, tuple[float, float, float, float]], x: float, y: float
) -> str:
    """Return the one box on whose border a point is."""
    (name,) = [
        name
        for name, (left, top, right, bottom) in boxes.items()
        if left - _ROUNDING <= x <= right + _ROUNDING
        and top - _ROUNDING <= y <= bottom + _ROUNDING
        and min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom))
        <= _ROUNDING
    ]
    return name
