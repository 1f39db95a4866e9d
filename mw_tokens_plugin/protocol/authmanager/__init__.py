"""The conversation of AuthManager's modules, such as ``action=linkaccount``.

The package decides what a conversation does next and what is sent. Sending it is left
to :mod:`mw_tokens_plugin.site.accountlink`, and asking the user to scripts.

https://www.mediawiki.org/wiki/Manual:SessionManager_and_AuthManager
"""

from mw_tokens_plugin.protocol.authmanager.checks import MAX_ITEMS, MAX_TEXT_LENGTH
from mw_tokens_plugin.protocol.authmanager.filling import Value, filled_in
from mw_tokens_plugin.protocol.authmanager.flow import (
    TRANSITIONS,
    Event,
    Flow,
    State,
    Submission,
)
from mw_tokens_plugin.protocol.authmanager.forms import (
    AuthRequest,
    Field,
    FieldType,
    Form,
    Message,
    Required,
    form_from_authmanagerinfo,
)
from mw_tokens_plugin.protocol.authmanager.saved import load, save
from mw_tokens_plugin.protocol.authmanager.steps import (
    Ask,
    Done,
    Failed,
    Redirect,
    Restart,
    Step,
)

__all__ = [
    'MAX_ITEMS',
    'MAX_TEXT_LENGTH',
    'TRANSITIONS',
    'Ask',
    'AuthRequest',
    'Done',
    'Event',
    'Failed',
    'Field',
    'FieldType',
    'Flow',
    'Form',
    'Message',
    'Redirect',
    'Required',
    'Restart',
    'State',
    'Step',
    'Submission',
    'Value',
    'filled_in',
    'form_from_authmanagerinfo',
    'load',
    'save',
]
