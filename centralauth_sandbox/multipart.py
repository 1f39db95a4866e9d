"""Bodies of type multipart/form-data, taken apart as PHP takes them apart.

A part with a file name is a file, any other is a value; nothing is known of what they
mean.
"""

from __future__ import annotations

import re

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_END_OF_HEAD = re.compile(rb'\r?\n\r?\n')
_NAME = re.compile(r';\s*name=(?:"([^"]*)"|([^\s;]*))', re.IGNORECASE)
_FILENAME = re.compile(r';\s*filename\*?=', re.IGNORECASE)


def parse(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the values and the files of a body."""
    form: dict[str, str] = {}
    files: dict[str, bytes] = {}
    found = _BOUNDARY.search(content_type)
    if found is None:
        return form, files
    # pywikibot's lines end with \n alone, and PHP takes that.
    boundary = re.escape((found[1] or found[2]).encode())
    parts = re.split(rb'(?:^|\r?\n)--' + boundary + rb'(?=\r?\n|--)', body)
    for part in parts[1:]:
        if part.startswith(b'--'):
            break
        end = _END_OF_HEAD.search(part)
        if end is None:
            continue
        head = part[: end.start()].decode('utf-8', 'replace')
        name = _NAME.search(head)
        if name is None:
            continue
        content = part[end.end() :]
        if _FILENAME.search(head):
            files[name[1] or name[2]] = content
        else:
            form[name[1] or name[2]] = content.decode('utf-8', 'replace')
    return form, files
