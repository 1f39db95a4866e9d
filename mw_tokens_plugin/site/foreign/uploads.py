"""Uploads in pieces, each of which arrives while its centralauthtoken lives.

Theory of operation
-------------------
pywikibot decides what is uploaded and what is done about warnings; here its requests
are transmitted, and nothing else. A request with a file, or with a chunk of one, that
is too large to be sent at once is cut into pieces, which the wiki puts together in its
stash. What must always hold:

- pywikibot gets the answer that it would have got for the request as it made it. A
  whole file is stashed without asking for warnings, then published from the stash with
  the parameters of the caller: all warnings are asked for once, of the whole file;
- the size of a piece follows the rate at which the sending of bodies went, not the time
  that answers took, and only where the wiki accepted them. It grows twofold at most;
- what did not arrive is cut again at the same offset, and half as large;
- the wiki knows how much has arrived: where an answer was lost, it
  says where to resume.

A token is checked when the whole body has arrived, so a body that takes too long is
abandoned while it is being sent. :mod:`.foreign` puts the tokens in.

https://www.mediawiki.org/wiki/API:Upload
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Protocol

import pywikibot
import requests
from pywikibot import config
from pywikibot.exceptions import APIError, ApiTimeoutError, FatalServerError

from mw_tokens_plugin.exceptions import (
    CentralAuthTokenRefused,
    HttpRefusal,
    UnexpectedAnswer,
)
from mw_tokens_plugin.site.failures import (
    description_of,
    never_connected,
    reason_of,
)
from mw_tokens_plugin.site.foreign.line import (
    MIN_PIECE,
    Line,
    TimedBody,
    seconds_to_send,
)
from mw_tokens_plugin.site.foreign.tokens import LIFETIME
from mw_tokens_plugin.site.pluginsite import PluginSite
from mw_tokens_plugin.site.recovery import MAX_CENTRALAUTHTOKENS, Remedy
from mw_tokens_plugin.site.requests import TokenRequest

#: Bytes of a body without a file that may take its time to arrive.
_LARGE_BODY = 16 * 1024
#: Bytes that a body has besides the piece.
_ENVELOPE = 4 * 1024
#: Failures in a row of pieces that cannot be made smaller.
_MAX_FAILURES = 3


class UploadSite(PluginSite, Protocol):
    """A site that files are sent to in pieces.

    :ivar upload_line: what is known of the way to that wiki
    """

    upload_line: Line


class UploadRequest(TokenRequest):
    """A :class:`TokenRequest` that sends the file it carries in pieces, if need be.

    It is for sites that are an :class:`UploadSite`.
    """

    site: UploadSite
    #: Whether this is a piece, or to be sent as it is.
    _is_piece = False
    #: What was sent last, if it takes its time to arrive.
    _timed: TimedBody | None = None

    def submit(self) -> dict[str, Any]:
        """Send it, in pieces if it is too large; return the answer to the whole."""
        carried = 'file' if 'file' in (self.mime or ()) else 'chunk'
        # On a test run nothing is sent at all.
        if self._is_piece or carried not in (self.mime or ()) or config.simulate:
            return super().submit()
        return _Upload(self, carried).run()

    def send(self) -> dict[str, Any]:
        """Send it as it is.

        :raises _Failed: it may be sent again, in another size
        """
        self._is_piece = True
        return super().submit()

    def publish(self, key: str) -> dict[str, Any]:
        """Publish what is in the stash, as this request would have its file.

        :param key: under which it is there
        """
        self.mime = None
        self['filekey'] = key
        # It belongs to the write that has waited already.
        self.throttle = False
        return super().submit()

    def pause(self, reason: str) -> None:
        """Wait before the next try, as long as the operator's settings say.

        :param reason: why, in a few words
        :raises ApiTimeoutError: it was tried often enough
        :raises WikiUnreachable: the wiki was unreachable for too long
        """
        if self.deadline is None:
            self.wait()
        else:
            self._pause_or_give_up(time.monotonic(), reason)

    def answered(self) -> None:
        """Start to count the tries again."""
        self.current_retries = 0
        self._first_failure = None

    def piece(
        self, content: bytes, parameters: dict[str, Any], *, throttle: bool
    ) -> UploadRequest:
        """Return a request for a piece.

        :param content: what it carries
        :param parameters: all but the token
        :param throttle: whether it waits for its turn
        """
        if self._token is not None:
            parameters['token'] = self._token
        elif 'token' in self._params:
            parameters['token'] = self._params['token'][0]
        # A line break follows, and PHP takes a carriage return before it for a part of
        # it: https://phabricator.wikimedia.org/T132676
        part = content + b'\r', ('application', 'octet-stream'), {'filename': 'piece'}
        return type(self)(
            site=self.site,
            mime={'chunk': part},
            throttle=throttle,
            parameters=parameters,
        )

    def _http_request(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response | None, bool]:
        """Take the time of a large body: a token may die meanwhile."""
        if self.mime is not None:
            data = self._timed = TimedBody(data, seconds_to_send())
        elif isinstance(data, str) and len(data) >= _LARGE_BODY:
            data = self._timed = TimedBody(data.encode())
        return super()._http_request(use_get, uri, data, headers, paramstring)

    def _transmit(
        self,
        use_get: bool,
        uri: str,
        data: Any,
        headers: dict[str, str] | None,
        paramstring: str,
    ) -> tuple[requests.Response | None, bool]:
        """Send a file once: what is sent after a failure is cut again.

        :raises _Failed: it has not arrived, or the answer was lost
        """
        if self.mime is None:
            return super()._transmit(use_get, uri, data, headers, paramstring)
        try:
            return self._fetch(use_get, uri, data, headers), use_get
        except FatalServerError:
            raise
        except Exception as error:  # noqa: BLE001  # all that requests raises
            failure = _Failed(
                self._kind_of(error), f'no answer came ({reason_of(error)})'
            )
        # Outside, since the error quotes the URL with its token.
        raise failure

    def _kind_of(self, error: Exception) -> str:
        if self._timed is not None and self._timed.abandoned:
            return 'slow'
        return 'unreached' if never_connected(error) else 'lost'

    def _not_answered(self, response: requests.Response, body: object) -> None:
        """Let a file be cut again where something before the API has answered.

        :raises _Failed: it is too large, or the answer was lost
        """
        if self.mime is not None:
            what = description_of(response, body)
            if response.status_code == 413:
                raise _Failed('large', what)
            if not 400 <= response.status_code < 500:
                raise _Failed('lost', f'it answered with {what}')
        super()._not_answered(response, body)

    def _check_arrival(self, chosen: Remedy) -> None:
        """Let a file be cut again where a token has died on the way.

        :param chosen: what would be done about another request
        :raises _Failed: it may have taken too long
        """
        is_late = chosen in (
            Remedy.RENEW_CENTRALAUTHTOKEN,
            Remedy.GIVE_UP_CENTRALAUTHTOKENS,
        )
        if self.mime is not None and is_late:
            raise _Failed('late', 'its centralauthtoken was refused')


class _Failed(Exception):
    """A body with a file has not arrived, or nobody knows.

    :ivar kind: ``slow`` if its sending was abandoned, ``late`` if the token was
        refused, ``large`` if the body was, ``lost`` if there was no answer of
        the API, and ``unreached`` if nothing was sent
    :ivar limit: bytes that the server takes, if it said so
    """

    def __init__(self, kind: str, reason: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.limit = limit


class _Upload:
    """One file, or one chunk of pywikibot's, on its way.

    :ivar content: what is sent, which starts at ``start`` in the file
    :ivar total: bytes of the whole file
    :ivar offset: bytes of the file that the wiki has
    :ivar key: under which the wiki has them
    :ivar failures: how often in a row a piece has failed
    :ivar may_be_there: whether the answer to the latest piece was lost
    """

    content: bytes
    start: int
    total: int
    offset: int
    key: str | None

    def __init__(self, request: UploadRequest, carried: str) -> None:
        """Take it out of the request.

        :param carried: ``file`` or ``chunk``
        """
        self.request = request
        self.site = request.site
        self.line = self.site.upload_line
        self.failures, self.may_be_there = 0, False
        self.is_whole = carried == 'file'
        assert request.mime is not None
        content: bytes = request.mime[carried][0]
        if self.is_whole:
            self.start, self.total = 0, len(content)
            self.key = None
        else:
            self.start = int(_first(request, 'offset', 0))
            self.total = int(_first(request, 'filesize', self.start + len(content)))
            self.key = _first(request, 'filekey')
            # pywikibot adds a carriage return to the last chunk.
            content = content[: max(self.total - self.start, 0)]
        self.content = content
        self.offset = self.start
        general = self.site.siteinfo['general']
        self.smallest: int = max(int(general.get('minuploadchunksize', 0)), MIN_PIECE)
        self.largest: int = int(general.get('maxuploadsize', 0))

    def run(self) -> dict[str, Any]:
        """Send it, and return the answer of the API to the whole.

        :raises APIError: the wiki refused
        :raises ApiTimeoutError: it did not arrive, whatever its size
        :raises CentralAuthTokenRefused: fresh tokens were refused, again and again
        :raises HttpRefusal: something before the wiki takes no bodies with files
        """
        if 0 < self.largest < self.total:
            raise APIError(
                'file-too-large',
                f'The file has {self.total:,} bytes, and {self.site} takes '
                f'{self.largest:,} at most. Nothing was sent.',
            )
        throttle = self.request.throttle
        while True:
            wanted = self.line.size(self.smallest)
            first = self.offset - self.start
            content = self.content[first : first + wanted]
            piece = self._piece(content, throttle=throttle)
            throttle = False
            try:
                answer = piece.send()
            except _Failed as failure:
                self._failed(piece, len(content), failure)
                continue
            except APIError as error:
                self._refused(error, piece, len(content))
                continue
            body = piece._timed
            assert body is not None
            self.line.accepted(len(content), wanted, body.seconds, len(body))
            if piece is self.request or self._is_last(answer, content):
                return answer
            if self.offset == self.start + len(self.content):
                if not self.is_whole:
                    return answer
                assert self.key is not None
                return self.request.publish(self.key)

    def _piece(self, content: bytes, *, throttle: bool) -> UploadRequest:
        """Return the request for a piece, which is the given one if all fits in."""
        request = self.request
        if len(content) == len(self.content) and self.offset == self.start:
            return request
        if self.is_whole:
            names = 'filename', 'assert', 'assertuser'
            parameters = {n: request[n] for n in names if n in request}
            # They are asked for when it is published.
            parameters |= {'stash': True, 'ignorewarnings': True}
        else:
            parameters = {name: request[name] for name in request}
        parameters |= {
            'action': request.action,
            'filesize': self.total,
            'offset': self.offset,
        }
        parameters.pop('filekey', None)
        if self.key is not None:
            parameters['filekey'] = self.key
        return request.piece(content, parameters, throttle=throttle)

    def _is_last(self, answer: dict[str, Any], content: bytes) -> bool:
        """Continue after a piece that was accepted, or tell that it was the last.

        :return: whether pywikibot is to get this answer
        """
        result = answer['upload']
        self.failures, self.may_be_there = 0, False
        self.request.answered()
        self.key = result.get('filekey', self.key)
        state = result.get('result')
        if state == 'Continue':
            offset = int(result.get('offset', self.offset + len(content)))
            end = self.start + len(self.content)
            if (
                offset <= self.offset
                or offset > end
                or (self.is_whole and offset == end)
            ):
                if not self.is_whole:
                    return True
                raise self._unexpected()
            self.offset = offset
            return False
        if not self.is_whole:
            return True
        found = result.get('imageinfo', {}).get('sha1')
        if state != 'Success' or self.key is None:
            raise self._unexpected()
        if found not in (
            None,
            hashlib.sha1(self.content, usedforsecurity=False).hexdigest(),
        ):
            raise self._unexpected()
        self.offset = self.total
        return False

    def _unexpected(self) -> UnexpectedAnswer:
        return UnexpectedAnswer(
            f'{self.site} has not put the pieces of the file together as they were '
            'sent. Nothing was published; upload it again.'
        )

    def _refused(self, error: APIError, piece: UploadRequest, size: int) -> None:
        """Resume where the wiki says, or let an error of the API be raised."""
        if error.code == 'badupload' and 'size' in error.other:
            limit = int(error.other['size'])
            self._failed(piece, size, _Failed('large', error.info, limit))
            return
        if error.code == 'stashfailed' and 'offset' in error.other:
            offset = int(error.other['offset'])
            end = self.start + len(self.content)
            if self.start <= offset < end and offset != self.offset:
                pywikibot.log(f'{self.site} has {offset:,} bytes; resuming there.')
                self.offset, self.may_be_there = offset, False
                return
        elif self.is_whole and self.key is not None and self.may_be_there:
            # The pieces may have been put together already, under an unknown key.
            pywikibot.log(f'{self.site} has dropped the pieces; sending them again.')
            self.key, self.offset, self.may_be_there = None, 0, False
            return
        raise error

    def _failed(self, piece: UploadRequest, size: int, failure: _Failed) -> None:
        """Choose another size, wait if that helps, or give up."""
        body = piece._timed
        assert body is not None
        seconds = body.seconds
        self.failures += 1
        if failure.kind == 'large':
            limit = size // 2
            if failure.limit is not None:
                limit = min(max(failure.limit - _ENVELOPE, limit), size - 1)
            self.line.limited(limit)
        elif failure.kind != 'unreached':
            self.line.failed(size, body.sent, seconds)
        if failure.kind == 'lost':
            self.may_be_there = True
        where = f'{self.site}, from byte {self.offset:,} on'
        what = f'{size:,} bytes, sent for {seconds:.1f} s: {failure}.'
        if size <= self.smallest and self.failures >= _MAX_FAILURES:
            self._give_up(failure, f'{where}: {what}', body)
        # Tokens that come with small bodies die of something else.
        is_quick = seconds < 1 and self.failures >= MAX_CENTRALAUTHTOKENS
        if failure.kind == 'late' and is_quick:
            self._give_up(failure, f'{where}: {what}', body)
        pywikibot.warning(
            f'{where}: {what} Sending {self.line.size(self.smallest):,} bytes next.'
        )
        if failure.kind in ('lost', 'unreached'):
            self.request.pause(str(failure))

    def _give_up(self, failure: _Failed, what: str, body: TimedBody) -> None:
        if failure.kind == 'large':
            raise HttpRefusal(
                f'{what} A proxy before the wiki takes no files; ask who runs it.', 413
            )
        if failure.kind == 'late':
            raise CentralAuthTokenRefused(
                refused_tokens(self.site, self.failures, body)
            )
        if failure.kind == 'slow':
            raise ApiTimeoutError(f'{what} Nothing was published; use a faster line.')


def refused_tokens(site: PluginSite, count: int, body: TimedBody | None) -> str:
    """Say what may be the reason that fresh centralauthtokens were refused.

    :param site: what refused them
    :param count: how many there were
    :param body: what the last of them came with, if it was large
    """
    refused = f'{site} refused {count} fresh centralauthtokens of {site.username()}.'
    if body is None:
        return (
            f'{refused} The local account may not be attached to the '
            'global one, or that is locked: see Special:CentralAuth.'
        )
    return (
        f'{refused} The last one came with {len(body):,} bytes, whose sending took '
        f'{body.seconds:.1f} s, and a token is certainly good for {LIFETIME:.0f} s '
        'only. If that was too long, use a faster line or send less at a time; if not, '
        'see Special:CentralAuth.'
    )


def _first(request: UploadRequest, name: str, default: Any = None) -> Any:
    """Return the value of a parameter."""
    return request[name][0] if name in request else default
