"""`action=filerevert`: an older version of a file becomes the newest again.

It is an imitation: there is no recording of it, and it follows the manual
(https://www.mediawiki.org/wiki/API:Filerevert).
"""

from __future__ import annotations

from .. import errors
from ..call import Call, Values, action
from ..errors import ApiError
from ..files import archive_name
from ..titles import Title
from .blocked import check_block


@action('filerevert')
def filerevert(call: Call, values: Values) -> None:
    """Upload an older version again."""
    name = values['filename'].replace('_', ' ')
    title = Title(6, name[:1].upper() + name[1:])
    call.answer.target = str(title)
    local = call.session.local
    if local is None or 'reupload' not in call.rights:
        raise errors.denied('overwrite existing files')
    check_block(call, title, spread=True)
    versions = call.wiki.files.versions.get(title.name, [])
    if not versions:
        raise ApiError('missingtitle', "The page you specified doesn't exist.")
    for version in versions[:-1]:
        if archive_name(title.name, version) == values['archivename']:
            call.wiki.upload(
                title,
                version.content,
                operator=local,
                comment=values['comment'],
                text='',
            )
            call.answer.effect = 'filerevert'
            call.result['filerevert'] = {'result': 'Success'}
            return
    raise ApiError('filerevert-badversion', 'There is no previous local version.')
