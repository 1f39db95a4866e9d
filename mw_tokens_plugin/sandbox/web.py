"""The web pages of a wiki, for people who want to see what a campaign did."""
from __future__ import annotations

from aiohttp import web

from .farm import Wiki
from .journal import Journal


def show(wiki: Wiki, request: web.BaseRequest, journal: Journal) -> web.Response:
    """Answer a request that is not for the API."""
    return web.Response(text=wiki.db, content_type='text/html')
