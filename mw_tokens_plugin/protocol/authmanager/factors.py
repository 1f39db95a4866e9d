"""What a step of a login asks for: a code, a new password, a captcha.

Forms are known by the names of their fields: the ids of requests change between
releases of the extensions, and messages can be empty. Asking for the values is left to
the caller.

https://www.mediawiki.org/wiki/Extension:OATHAuth
https://www.mediawiki.org/wiki/Extension:EmailAuth
https://www.mediawiki.org/wiki/Extension:ConfirmEdit
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from mw_tokens_plugin.protocol.authmanager.forms import Field, Form
from mw_tokens_plugin.protocol.authmanager.typed import clean, plain

#: The field by which another factor is chosen, and that by which nothing is changed.
CHOICE = 'newModule'
SKIP = 'skipReset'
#: The field with the answer to a captcha.
CAPTCHA = 'captchaWord'

#: What is between the characters of a code as people copy them.
_BETWEEN = re.compile(r'[\s\u200b\u2060\ufeff-]+')

#: Lengths of time, as MediaWiki says them in English.
_TIMES = re.compile(r'(?<!\d)(\d+) (second|minute|hour|day)')
_SECONDS = {'second': 1, 'minute': 60, 'hour': 3600, 'day': 86400}


class Factor(enum.Enum):
    """What is asked for.

    .. version-added:: 0.1
    """

    TOTP = 'a code of the authenticator app'
    RECOVERY_CODE = 'a recovery code'
    MAILED_CODE = 'the code that was sent by e-mail'
    SECURITY_KEY = 'a security key'
    NEW_PASSWORD = 'a new password'  # noqa: S105  # what it is called
    OTHER = 'something else'


#: Field -> what a form with it asks for; the first one counts.
_FACTORS: Mapping[str, Factor] = {
    'OATHToken': Factor.TOTP,
    'RecoveryCode': Factor.RECOVERY_CODE,
    'credential': Factor.SECURITY_KEY,
    'retype': Factor.NEW_PASSWORD,
    'token': Factor.MAILED_CODE,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a form asks for.

    .. version-added:: 0.1

    :ivar name: of the field that takes the answer; '' if there are several
    :ivar others: the other factors that can be chosen, with what the wiki calls them
    :ivar chooser: the id of the request by which another one is chosen
    :ivar can_skip: whether nothing has to be changed
    """

    factor: Factor
    name: str = ''
    others: Mapping[str, str] = field(default_factory=dict)
    chooser: str = ''
    can_skip: bool = False


def question_in(form: Form) -> Question:
    """Return what a form asks for.

    .. version-added:: 0.1
    """
    fields = {each.name: each for each in form.fields}
    found = [name for name in _FACTORS if name in fields]
    choosers = [r.id for r in form.requests if any(f.name == CHOICE for f in r.fields)]
    choice = fields.get(CHOICE)
    return Question(
        factor=_FACTORS[found[0]] if found else Factor.OTHER,
        name=found[0] if found else '',
        others=_choices(choice) if choice and choosers else {},
        chooser=choosers[0] if choosers else '',
        can_skip=SKIP in fields,
    )


def wants_captcha(form: Form) -> bool:
    """Tell whether the first step of a login has a captcha.

    .. version-added:: 0.1

    :param form: what the wiki offers for logging in
    """
    return any(each.name == CAPTCHA for each in form.fields)


def code_as_sent(factor: Factor, typed: str) -> str:
    """Return a code as the wiki takes it, from how people type and copy it.

    MediaWiki takes blanks out of codes, and nothing else.

    .. version-added:: 0.1

    :param factor: what it is a code of
    :param typed: the code
    """
    code = _BETWEEN.sub('', unicodedata.normalize('NFKC', typed))
    # Recovery codes are in base32, and accepted in the place of the app's.
    return code if factor is Factor.MAILED_CODE else code.upper()


def seconds_in(sentence: str) -> float:
    """Return how long a sentence of MediaWiki asks to wait; 0 if it does not say so.

    .. version-added:: 0.1
    """
    found = _TIMES.search(sentence)
    return float(found[1]) * _SECONDS[found[2]] if found else 0.0


def _choices(choice: Field) -> dict[str, str]:
    options = choice.options.items()
    return {clean(name): plain(label) for name, label in options if name}
