"""The check of the documentation's links finds those that are broken."""

from __future__ import annotations

import runpy
from pathlib import Path

from .blocks import ROOT

CHECK = runpy.run_path(str(ROOT / 'docs' / 'check_links.py'))


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    (tmp_path / 'other.html').write_text('<p id="there">')
    (tmp_path / 'page.html').write_text(
        '<a href="other.html#there"></a> <a href="#"></a>'
        '<a href="https://www.mediawiki.org/wiki/API:Tokens"></a>'
        '<a href="missing.html"></a> <a href="other.html#elsewhere"></a>'
        '<img src="missing.svg"> <a href="https:///nowhere"></a>'
        '<a href="javascript:alert(1)"></a>'
    )
    assert list(CHECK['broken_in_html'](tmp_path)) == [
        'page.html: missing.html: no such page',
        'page.html: other.html#elsewhere: no anchor',
        'page.html: missing.svg: no such page',
        'page.html: https:///nowhere: no host',
        "page.html: javascript:alert(1): the scheme 'javascript'",
    ]


def test_what_is_loaded_from_elsewhere_is_found(tmp_path: Path) -> None:
    """The pages are read where there is no network, too."""
    (tmp_path / 'page.html').write_text(
        '<script type="module">import d from "https://cdn.example/d.mjs"</script>'
        '<link rel="stylesheet" href="https://cdn.example/a.css">'
        '<script src="//cdn.example/b.js"></script>'
        '<script>let here = "/c.js" // mine</script> https://example.org'
    )
    found = list(CHECK['broken_in_html'](tmp_path))
    for name in ('d.mjs', 'a.css', 'b.js'):
        assert any(f'//cdn.example/{name}: is loaded' in line for line in found)
    assert len([line for line in found if line.endswith('is loaded')]) == 3


def test_pages_of_the_repository_link_to_what_is_there() -> None:
    assert list(CHECK['broken_beside']()) == []
