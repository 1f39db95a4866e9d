"""The findings about a login as frozen records, and what follows from them.

No wiki is asked here: collecting the findings is left to :mod:`.examination`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mw_tokens_plugin.cli.kinds import campaign_scripts
from mw_tokens_plugin.cli.script import CampaignScript
from mw_tokens_plugin.cli.table import table

#: Seconds by which clocks may differ without advice: one-time codes and cookies depend
#: on this machine's clock.
MAX_CLOCK_DIFFERENCE = 60.0


class LoginKind(enum.Enum):
    """How a login was made.

    .. version-added:: 0.1
    """

    MAIN_PASSWORD = 'main password'  # noqa: S105  # a kind of login
    BOT_PASSWORD = 'bot password'  # noqa: S105  # a kind of login
    OAUTH = 'OAuth'
    OAUTH2 = 'OAuth 2.0'


class Obstacle(enum.Enum):
    """Why a login gets no centralauthtokens.

    .. version-added:: 0.1
    """

    NO_CENTRALAUTH = 'no CentralAuth'
    BOT_PASSWORD = 'bot password'  # noqa: S105  # a kind of login
    OAUTH = 'OAuth'


class Role(enum.Enum):
    """On which wikis a script acts.

    .. version-added:: 0.1
    """

    HOME = 'home'
    CENTRAL = 'central'
    NAMED = 'named'


@dataclass(frozen=True, slots=True)
class Need:
    """A right that a script needs.

    .. version-added:: 0.1

    :ivar right: the right
    :ivar grant: the smallest grant that contains it; None if no grant does
    :ivar option: the option for which it is needed; empty if it always is
    """

    right: str
    grant: str | None
    option: str = ''


@dataclass(frozen=True, slots=True)
class Script:
    """What a script needs.

    .. version-added:: 0.1

    :ivar role: on which wikis it acts
    :ivar module: the API module with which it writes
    :ivar needs: rights of the account, and the grants that contain them
    :ivar main_password: whether it needs a login with the main password
    :ivar targets: whether it acts on many targets, at the pace of the throttle
    :ivar asks: the module of ``meta=`` that it needs, if not every wiki has it
    """

    name: str
    role: Role
    module: str
    needs: tuple[Need, ...] = ()
    main_password: bool = False
    targets: bool = True
    asks: str = ''

    def grants(self, option: str = '') -> tuple[str, ...] | None:
        """Return the least set of grants; None if none is enough.

        :param option: the option for which more of them are needed
        """
        if self.main_password:
            return None
        grants = [need.grant for need in self.needs if need.option in ('', option)]
        if None in grants:
            return None
        return tuple(dict.fromkeys(['basic', *filter(None, grants)]))


def _declared(script: CampaignScript) -> Script:
    """Return what a campaign script needs, by its declaration."""
    kind = script.kinds[script.kind]
    needs = [Need(right, grant) for right, grant in kind.rights.items()]
    optional = {about.name: about.rights for _, about in table(script.options).values()}
    for other in script.kinds.values():
        if other is not kind:
            optional['-undo'] = {**optional['-undo'], **other.rights}
    for option, rights in optional.items():
        for right, grant in rights.items():
            if right not in kind.rights:
                needs.append(Need(right, grant, option))
    return Script(
        script.title,
        Role.NAMED if kind.by_wiki else Role.CENTRAL,
        kind.module or 'query',
        tuple(needs),
        asks='globaluserinfo' if kind.by_wiki else '',
    )


#: What the scripts need. The grants are those of MediaWiki and CentralAuth; each wiki
#: lists its own on Special:ListGrants.
SCRIPTS = (
    *map(_declared, campaign_scripts()),
    Script('link_account', Role.HOME, 'linkaccount', main_password=True, targets=False),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What a script would lack on a wiki, or what would stop it there.

    .. version-added:: 0.1

    :ivar what: ``right`` (of the account), ``grant``, ``main password``, ``module``,
        ``second factor`` (without which the wiki probably withholds the right);
        ``block`` (of the account), ``read-only``
    :ivar name: the name of that; who has blocked the account; why the wiki is read-only
    :ivar option: the option that needs it; empty if the script always does
    """

    what: str
    name: str
    option: str = ''


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """Whether a script would work on a wiki.

    .. version-added:: 0.1

    :ivar works: whether it would, without options that need more
    :ivar missing: what it lacks, or would lack with an option
    :ivar least_grants: what a bot password or OAuth consumer needs for it; None if
        none is enough
    :ivar seconds: the duration of a campaign at the present pace; None if there are no
        targets
    """

    script: str
    works: bool
    missing: tuple[Missing, ...]
    least_grants: tuple[str, ...] | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How often the wiki lets this account do something.

    .. version-added:: 0.1
    """

    action: str
    hits: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Block:
    """That the account is blocked on a wiki.

    .. version-added:: 0.1

    :ivar partial: whether it is blocked from some pages or actions only
    """

    by: str
    reason: str
    expiry: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings about a login on one wiki.

    .. version-added:: 0.1

    :ivar through: the credential with which requests are made
    :ivar token_types: the types that the wiki has
    :ivar tokens: the types that this user gets
    :ivar read_only: why the wiki is read-only; None if it is not
    :ivar unlimited: whether this session has no rate limits
    :ivar put_throttle: seconds between writes
    :ivar processes: the number of processes that share the throttle
    :ivar names_operator: whether the user agent tells whom to contact
    :ivar clock_difference: seconds by which the server's clock is ahead of this one
    """

    user: str
    through: str
    release: str
    token_types: tuple[str, ...]
    tokens: tuple[str, ...]
    block: Block | None
    read_only: str | None
    rate_limits: tuple[RateLimit, ...]
    unlimited: bool
    put_throttle: float
    processes: int
    user_agent: str
    names_operator: bool
    clock_difference: float
    scripts: tuple[ScriptCheck, ...]


@dataclass(frozen=True, slots=True)
class WikiCheck:
    """A wiki and the findings there.

    .. version-added:: 0.1

    :ivar roles: what it is to the scripts: ``home``, ``central``, ``named``
    :ivar problem: why there are no findings
    :ivar transient: whether it is worth trying again later
    """

    wiki: str
    roles: tuple[str, ...]
    findings: Findings | None = None
    problem: str | None = None
    transient: bool = False

    def checks(self, script: str) -> tuple[ScriptCheck, ...]:
        """Return the checks of a script on this wiki.

        :param script: its name
        """
        found = self.findings.scripts if self.findings else ()
        return tuple(check for check in found if check.script == script)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file with secrets, and whether others on this machine can read it.

    .. version-added:: 0.1

    :ivar mode: its permissions in octal, as they were found; None if there is no file
    :ivar exposed: whether others could read it then
    :ivar problem: why pywikibot cannot use it
    :ivar refused: whether the scripts do not start because of it
    :ivar narrowed: whether pywikibot has since made it private
    """

    path: str
    mode: str | None
    exposed: bool
    problem: str | None = None
    refused: bool = False
    narrowed: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What should be changed.

    .. version-added:: 0.1

    :ivar what: ``hide-file``, ``file-was-open``, ``fix-file``, ``safer-login``,
        ``name-operator``, ``set-clock``, ``slowed-down``
    :ivar about: parameters of the message, such as the path of a file
    """

    what: str
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings.

    .. version-added:: 0.1

    :ivar login: how the home login was made; None if it failed, or is unknown
    :ivar centralauthtoken: whether the login gets centralauthtokens
    :ivar foreign_site: what ``foreign_site()`` uses; None if it does not work
    :ivar obstacle: why there is no centralauthtoken, if it is known
    :ivar reason: what the error says with which that, or the login, failed
    :ivar targets: the number of targets of the campaign whose duration is estimated
    :ivar token_seconds: for how long a centralauthtoken says that it is good; None if
        it does not say so
    :ivar rate_class: the class in which the wiki's gateway counts the login's requests;
        None if the wiki names none
    :ivar recent_login: whether a login with the main password is recent enough for what
        is security-sensitive: ``ok``, ``reauth`` if it has to be confirmed first,
        ``fail`` if it never is; None if the wiki does not say so
    :ivar remembered_until: until when the wiki remembers it, by the cookies; None if it
        ends with the session, or is another kind of login
    :ivar grants: those of an access token of OAuth 2.0, as it says of itself; None if
        they cannot be read
    """

    login: LoginKind | None
    centralauthtoken: bool
    foreign_site: str | None
    obstacle: Obstacle | None
    reason: str | None
    targets: int
    secret_files: tuple[SecretFile, ...]
    wikis: tuple[WikiCheck, ...]
    token_seconds: int | None = None
    rate_class: str | None = None
    recent_login: str | None = None
    remembered_until: str | None = None
    grants: tuple[str, ...] | None = None

    def would_work(self, script: str) -> bool:
        """Return whether a script would work on all wikis where it would act.

        :param script: its name
        """
        checks = [
            check for wiki in self._where(script) for check in wiki.checks(script)
        ]
        return (
            len(checks) == len(self._where(script)) > 0
            and all(check.works for check in checks)
            and self.login_problem(script) is None
            and self._files_are_usable()
        )

    def may_work_later(self, script: str) -> bool:
        """Return whether a script would not work now, but only for transient reasons.

        These are wikis that do not answer, or are read-only.

        :param script: its name
        """
        stopped = [wiki for wiki in self.wikis if Role.HOME.value in wiki.roles]
        stopped += [*self._logged_in_to(script), *self._where(script)]
        stopped = [wiki for wiki in stopped if wiki.problem]
        checks = [
            check for wiki in self._where(script) for check in wiki.checks(script)
        ]
        lacks = {m.what for check in checks for m in check.missing if not m.option}
        return (
            not self.would_work(script)
            and all(wiki.transient for wiki in stopped)
            and lacks <= {'read-only'}
            and self._files_are_usable()
        )

    def login_problem(self, script: str) -> str | None:
        """Return why a script could not log in, if it acts on other wikis.

        :param script: its name
        :return: the problem of the central wiki; None if there is none
        """
        problems = (wiki.problem for wiki in self._logged_in_to(script))
        return next(filter(None, problems), None)

    def _logged_in_to(self, script: str) -> list[WikiCheck]:
        """Return the wiki on which a script logs in, if it acts on other wikis."""
        role = next(each.role for each in SCRIPTS if each.name == script)
        if role is not Role.NAMED:
            return []
        return [wiki for wiki in self.wikis if Role.CENTRAL.value in wiki.roles]

    def _where(self, script: str) -> list[WikiCheck]:
        """Return the wikis on which a script would act.

        If no wiki is named, that is the home wiki.
        """
        role = next(each.role for each in SCRIPTS if each.name == script)
        found = [wiki for wiki in self.wikis if role.value in wiki.roles]
        if role is Role.NAMED and not found:
            found = [wiki for wiki in self.wikis if Role.HOME.value in wiki.roles]
        return found

    def _files_are_usable(self) -> bool:
        return not any(file.refused for file in self.secret_files)

    def advice(self) -> Iterator[Advice]:
        """Yield what should be changed."""
        for file in self.secret_files:
            if file.exposed:
                what = 'file-was-open' if file.narrowed else 'hide-file'
                yield Advice(what, {'path': file.path, 'mode': file.mode or ''})
            if file.problem:
                yield Advice('fix-file', {'path': file.path, 'problem': file.problem})
        found = [wiki.findings for wiki in self.wikis if wiki.findings is not None]
        if self.login is LoginKind.MAIN_PASSWORD:
            checks = [check for each in found for check in each.scripts]
            limited = [c for c in checks if c.works and c.least_grants is not None]
            if names := dict.fromkeys(check.script for check in limited):
                yield Advice('safer-login', {'scripts': ', '.join(names)})
        if any(not each.names_operator for each in found):
            yield Advice('name-operator', {})
        if any(abs(each.clock_difference) > MAX_CLOCK_DIFFERENCE for each in found):
            yield Advice('set-clock', {})
        if any(each.processes > 1 for each in found):
            yield Advice('slowed-down', {})
