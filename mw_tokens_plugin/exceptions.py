"""All errors that the plugin raises; each says what failed, where, and what to do.

The module names the kinds of failure, so that callers can tell them apart by class, and
leaves it to them what is tried again. It imports nothing of pywikibot; where pywikibot
is there, each class is also the one that arrives without the plugin, see the table
at its end.

The tree::

    TokensPluginError
    +-- InvalidInput                 what was asked for cannot be done as written
    |   +-- InvalidName              not the name of an account
    |   +-- NotInFarm                the other wiki shares no login with this one
    |   +-- WrongWiki                not, or not certainly, the wiki that is meant
    |   +-- StateUnknown             `expected=` needs a state that the wiki hides
    |   +-- NotCentral               no central wiki is known for this family
    +-- TokenError
    |   +-- NoTokenNeeded            the module takes no token
    |   +-- UnknownModule            the wiki has no such module
    |   +-- UnknownTokenType         the wiki has no such type
    |   +-- TokenUnavailable         this user gets no token of that type (``+\\``)
    |   +-- BadToken                 refused, and refused again after one renewal
    +-- SessionError
    |   +-- SessionLost              logged out, and logging in again did not help
    |   |   +-- LoginRefused         the wiki refused a login; has ``code``
    |   +-- LoginNeedsInput          a password or code is needed, and nobody is there
    |   +-- FlowLost                 a conversation was lost with its session
    |   +-- NoCentralAuthToken       this kind of login gets no centralauthtoken
    |   +-- NotAttached              the account is not attached to the other wiki
    |   +-- CentralAuthTokenRefused  fresh ones were refused, again and again
    +-- WikiUnreachable              no answer from the wiki for too long
    +-- HttpRefusal                  refused before the API saw it; has ``status``
    +-- AmbiguousWrite               a write was sent, and may have taken effect
    +-- UnexpectedAnswer             a read was answered with something else
    +-- LedgerFailure                the database of the ledger failed
    +-- CampaignBusy                 another run is active on the campaign
    +-- StoppedByGuard               too much, or not confirmed
    +-- ApiRefusal                   the wiki said no; has ``code`` and ``info``
        +-- NoSuchAccount
        +-- PermissionDenied
        |   +-- Blocked
        |   |   +-- GloballyBlocked  on all wikis that apply global blocks
        |   +-- MustReauthenticate   the login is too old for this
        |   +-- CannotReauthenticate this kind of login can never do this
        +-- StateConflict            the state is not the expected one
        |   +-- LostRace             somebody else was faster; an AmbiguousWrite too
        |   |   +-- EditConflict     somebody else has edited the same lines
        |   +-- AlreadyBlocked       a global block is there already
        |   +-- NotBlocked           there is no such global block
        +-- ContentRefused           a filter, a list or a protection is against it
        +-- RangeTooWide             the wiki blocks no ranges as wide as this
        +-- BadExpiry                not an expiry, or in the past
        +-- BadBlockSetting          the setting does not fit what is blocked
        +-- LocalBlockFailed         the global block was made, the local one not
        +-- CannotHide               too many edits
        +-- CannotLock               oneself, or a temporary account
        +-- AlreadyExists            this wiki has the local account
        +-- AccountSuppressed        no local account of a suppressed one
        +-- RenameInProgress         the operator's account is being renamed
        +-- BadUsername              the operator's name is not usable there
        +-- NotLinked                no such account is linked
        +-- ReadOnly
        +-- RateLimited
        +-- InternalApiError         an internal error of the wiki during the action
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = [
    'AccountSuppressed',
    'AlreadyBlocked',
    'AlreadyExists',
    'AmbiguousWrite',
    'ApiRefusal',
    'BadBlockSetting',
    'BadExpiry',
    'BadToken',
    'BadUsername',
    'Blocked',
    'CampaignBusy',
    'CannotHide',
    'CannotLock',
    'CannotReauthenticate',
    'CentralAuthTokenRefused',
    'ContentRefused',
    'EditConflict',
    'FlowLost',
    'GloballyBlocked',
    'HttpRefusal',
    'InternalApiError',
    'InvalidInput',
    'InvalidName',
    'LedgerFailure',
    'LocalBlockFailed',
    'LoginNeedsInput',
    'LoginRefused',
    'LostRace',
    'MustReauthenticate',
    'NoCentralAuthToken',
    'NoSuchAccount',
    'NoTokenNeeded',
    'NotAttached',
    'NotBlocked',
    'NotCentral',
    'NotInFarm',
    'NotLinked',
    'OutcomeUnknown',
    'PermissionDenied',
    'RangeTooWide',
    'RateLimited',
    'ReadOnly',
    'RenameInProgress',
    'SessionError',
    'SessionLost',
    'StateConflict',
    'StateUnknown',
    'StoppedByGuard',
    'TokenError',
    'TokenUnavailable',
    'TokensPluginError',
    'UnexpectedAnswer',
    'UnknownModule',
    'UnknownTokenType',
    'WikiUnreachable',
    'WrongWiki',
]


class _Unadorned(Exception):
    """A base of our own: the bases of one with ``Exception`` alone cannot change."""


class TokensPluginError(_Unadorned):
    """Root of all errors of the plugin.

    Where pywikibot is imported it derives from its ``Error`` as well, so that existing
    bots, and pywikibot's own saves in the background, catch it.

    .. version-added:: 0.1
    """

    def __init__(self, *args: object) -> None:
        """Keep all arguments, where pywikibot's takes one only."""
        Exception.__init__(self, *args)

    def __str__(self) -> str:
        """Return the message, where the method of pywikibot's returns ``unicode``."""
        return Exception.__str__(self)

    def __repr__(self) -> str:
        """Return the class and the arguments, where pywikibot's read attributes."""
        return Exception.__repr__(self)

    @property
    def unicode(self) -> str:
        """The message, as errors of pywikibot have it."""
        return str(self)


class InvalidInput(TokensPluginError, ValueError):
    """What was asked for cannot be done as written; nothing was sent."""


class InvalidName(InvalidInput):
    """The text is not the name of an account."""


class NotInFarm(InvalidInput):
    """The other wiki is not known, or shares no login with this one."""


class WrongWiki(InvalidInput):
    """The wiki is not the one that is meant, or it is not certain which one is."""


class StateUnknown(InvalidInput):
    """An expected state was given that the wiki does not let us know."""


class NotCentral(InvalidInput):
    """It is not known on which wiki this family keeps its global accounts."""


class TokenError(TokensPluginError):
    """A token was not available, or was not accepted."""


class NoTokenNeeded(TokenError):
    """The module takes no token."""


class UnknownModule(TokenError):
    """The wiki has no module of that name."""


class UnknownTokenType(TokenError, KeyError):
    """The wiki has no token of that type.

    It is a :exc:`KeyError` too, as pywikibot's own wallet raises.
    """

    def __str__(self) -> str:
        """Return the sentence itself, where KeyError would quote it."""
        return str(self.args[0])


class TokenUnavailable(TokenError, KeyError):
    r"""The wiki gives this user no token of that type (it answers ``+\``)."""

    def __str__(self) -> str:
        """Return the sentence itself, where KeyError would quote it."""
        return str(self.args[0])


class BadToken(TokenError):
    """The wiki refused a token, and its renewal too.

    :ivar code: the API's error code
    """

    code = 'badtoken'

    def __init__(self, *args: object) -> None:
        """Have what errors of pywikibot's API have."""
        super().__init__(*args)
        self.info = str(self)
        self.other: dict[str, Any] = {}


class SessionError(TokensPluginError):
    """The session with the wiki is gone and could not be renewed."""


class SessionLost(SessionError):
    """The wiki logged us out, and logging in again did not help."""


class LoginRefused(SessionLost):
    """The wiki refused a login, and says why.

    :ivar code: the name of its message, such as ``wrongpassword``
    """

    def __init__(self, message: str, code: str = '') -> None:
        """Keep the code beside the sentence."""
        super().__init__(message)
        self.code = code


class LoginNeedsInput(SessionError):
    """A login asks for a password or a code, and there is no terminal."""


class NoCentralAuthToken(SessionError):
    """This kind of login gets no centralauthtoken: a bot password, or OAuth."""


class NotAttached(SessionError):
    """The account has no local account on the other wiki, or one not attached."""


class CentralAuthTokenRefused(SessionError):
    """The other wiki refused several fresh centralauthtokens."""


class FlowLost(SessionError):
    """A conversation was lost, since the session that it belongs to was lost."""


class WikiUnreachable(TokensPluginError):
    """The wiki did not answer for longer than the deadline.

    :ivar retry_after: seconds that the server asked to wait; 0 where it named none
    """

    retry_after: float = 0.0


class HttpRefusal(TokensPluginError):
    """Something before the API refused the request, and would do so again.

    :ivar status: the HTTP status, 400 to 499
    """

    def __init__(self, message: str, status: int = 400) -> None:
        """Keep the status beside the sentence."""
        super().__init__(message)
        self.status = status


class AmbiguousWrite(TokensPluginError):
    """A write was sent, and no answer of the API says whether it took effect.

    It may have: read the state before sending anything again.

    :ivar retry_after: seconds that the server asked to wait; 0 where it named none
    """

    retry_after: float = 0.0


#: The name that it had before.
OutcomeUnknown = AmbiguousWrite


class UnexpectedAnswer(TokensPluginError):
    """The answer to a read does not have the form that the API documents."""


class LedgerFailure(TokensPluginError):
    """The database of the ledger failed: the disk is full, or it is gone."""


class CampaignBusy(TokensPluginError):
    """Another run is active on the campaign."""


class StoppedByGuard(TokensPluginError):
    """A guard stopped the campaign: the plan is too long, or was not confirmed."""


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f'{text[:most]}...'


class ApiRefusal(TokensPluginError):
    """The wiki refused what was asked.

    :param code: the API's error code
    :param info: the API's own explanation
    :param wiki: which wiki said so

    :ivar other: what else the wiki's answer says of the error
    """

    def __init__(self, code: str, info: str = '', wiki: str = '') -> None:
        """Keep the parts, of which the message is made."""
        super().__init__(code, info, wiki)
        self.code = code
        self.info = info
        self.wiki = wiki
        self.other: dict[str, Any] = {}

    def __str__(self) -> str:
        """Return one sentence with the code, the wiki and its words."""
        where = f' on {self.wiki}' if self.wiki else ''
        info = self.info or 'no explanation given'
        return f'{_shortened(self.code, 80)}{where}: {_shortened(info, 1000)}'


class NoSuchAccount(ApiRefusal):
    """No global account of that name, or none that this user may see."""


class PermissionDenied(ApiRefusal):
    """The session lacks a right or a grant."""


class Blocked(PermissionDenied):
    """The operator's account is blocked.

    :ivar partial: whether it is blocked from some pages or actions only
    """

    partial = False


class GloballyBlocked(Blocked):
    """The operator's account or address is blocked globally.

    Wikis that apply global blocks all refuse what a blocked user may not do. Most
    changes of global accounts and global blocks are still allowed.
    """


class MustReauthenticate(PermissionDenied):
    """The login is not recent enough for something security-sensitive.

    :ivar operation: what ``site.reauthenticate()`` takes; '' where the wiki, before
        MediaWiki 1.47, does not tell one from another
    """

    operation = ''


class CannotReauthenticate(PermissionDenied):
    """The wiki allows nothing security-sensitive with this kind of login."""


class StateConflict(ApiRefusal):
    """The account is not in the expected state: somebody changed it."""


class LostRace(StateConflict, AmbiguousWrite):
    """Somebody changed the same thing at the same moment: read it again.

    What this write did is known only when it has been read, so it is an
    :exc:`AmbiguousWrite` too.
    """


class AlreadyBlocked(StateConflict):
    """The target is globally blocked already."""


class NotBlocked(StateConflict):
    """The target is not globally blocked, or there is no block of that number."""


class ContentRefused(ApiRefusal):
    """A filter, a list of links or titles, a protection or a captcha is against it.

    The wiki would refuse the same write again, or let it pass without having meant to.
    """


class RangeTooWide(ApiRefusal):
    """The wiki blocks, or lists blocks of, no ranges as wide as this."""


class BadExpiry(ApiRefusal):
    """The wiki cannot read the expiry, or it is in the past."""


class BadBlockSetting(ApiRefusal):
    """A setting of a block that does not fit what is blocked."""


class LocalBlockFailed(ApiRefusal):
    """The global block was made, and stands; the local one with it was not made."""


class EditConflict(LostRace):
    """Somebody has edited the same lines meanwhile: read the page again.

    Where pywikibot raises it, it has the attributes ``page``, ``title`` and ``site``,
    but not after it has come from another process.
    """

    @property
    def args(self) -> str:  # type: ignore[override]
        """The sentence, which scripts of pywikibot show of errors of saving."""
        return str(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the page behind: once it has been read, it cannot be pickled."""
        state = {'other': self.other}
        return type(self), (self.code, self.info, self.wiki), state


class CannotHide(ApiRefusal):
    """Accounts with many edits cannot be hidden."""


class CannotLock(ApiRefusal):
    """The wiki never locks this account: oneself, or a temporary account."""


class AlreadyExists(ApiRefusal):
    """The wiki has the local account already."""


class AccountSuppressed(ApiRefusal):
    """No local account is created for a suppressed global account."""


class RenameInProgress(ApiRefusal):
    """The operator's account is being renamed: wait until that is done."""


class BadUsername(ApiRefusal):
    """The operator's name is not usable on the other wiki."""


class NotLinked(ApiRefusal):
    """No account of that id is linked."""


class ReadOnly(ApiRefusal):
    """The wiki, or the database of global accounts, takes no writes now."""


class RateLimited(ApiRefusal):
    """Too many actions in too short a time.

    :ivar retry_after: seconds that the server asked to wait; 0 where it named none
    """

    retry_after: float = 0.0


class InternalApiError(ApiRefusal):
    """An internal error of the wiki: only its state shows whether a write was kept."""

    @property
    def mediawiki_exception_class_name(self) -> str:
        """The class of the exception in MediaWiki, as errors of pywikibot have it."""
        return self.code.removeprefix('internal_api_error_')


#: Which exception of pywikibot each class is as well: the one that arrives for the same
#: reason without the plugin. Handlers of existing bots go on working.
_ALSO: tuple[tuple[type[TokensPluginError], str], ...] = (
    (TokensPluginError, 'Error'),
    (ApiRefusal, 'APIError'),
    (BadToken, 'APIError'),
    (LoginRefused, 'NoUsernameError'),
    (PermissionDenied, 'UserRightsError'),
    (EditConflict, 'EditConflictError'),
    (InternalApiError, 'APIMWError'),
    (ReadOnly, 'MaxlagTimeoutError'),
    (RateLimited, 'ApiTimeoutError'),
    (WikiUnreachable, 'ApiTimeoutError'),
    (AmbiguousWrite, 'ApiTimeoutError'),
)


def _join_pywikibot() -> None:
    """Let the classes derive from those of pywikibot, if it is imported."""
    theirs = sys.modules.get('pywikibot.exceptions')
    if not all(hasattr(theirs, name) for _, name in _ALSO):
        return  # it is not there, or not ready yet
    for ours, name in _ALSO:
        base = getattr(theirs, name)
        if base not in ours.__mro__:
            ours.__bases__ += (base,)
        if name.endswith('TimeoutError'):
            # Its constructor, which sets them, is not called.
            ours.site = ours.uri = None  # type: ignore[attr-defined]


_join_pywikibot()
