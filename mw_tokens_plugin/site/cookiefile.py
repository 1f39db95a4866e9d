"""The file with pywikibot's cookies, saved whole or not at all.

Several processes share it: jobs of one crontab start in the same second. pywikibot
writes it in place, so that one process reads what another has half written and logs in
again, and both fail where they create it at the same time.
"""

from __future__ import annotations

import errno
import os
from http.cookiejar import LWPCookieJar
from typing import Any

from mw_tokens_plugin.privatefiles import replaced_by

#: The file may be written, but not replaced: its folder is read-only, or it is a mount
#: of its own.
_FIXED = (errno.EACCES, errno.EBUSY, errno.EPERM, errno.EROFS)


def save(jar: Any, filename: str | None = None, *args: Any, **kwargs: Any) -> None:
    """Write the cookies to a new file, and put that in the place of the old one.

    It can be read by its owner only, as pywikibot wants it.

    :param jar: pywikibot's cookie jar
    :param filename: that of the jar if None
    :param args: those of :meth:`http.cookiejar.LWPCookieJar.save`
    :param kwargs: likewise
    :raises ValueError: the file has no name
    :raises OSError: the file cannot be written
    """
    name = filename or jar.filename
    if not name:
        raise ValueError('The cookie file has no name: load it first.')
    with jar._lock:
        try:
            with replaced_by(os.path.realpath(name)) as part:
                LWPCookieJar.save(jar, str(part), *args, **kwargs)
        except OSError as error:
            if error.errno not in _FIXED:
                raise
            LWPCookieJar.save(jar, name, *args, **kwargs)
