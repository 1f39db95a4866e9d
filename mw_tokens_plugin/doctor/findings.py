"""What was found out about a login: frozen records, and what follows from them.

They ask nothing; :mod:`.examination` fills them.
"""

from __future__ import annotations

import enum
from collections.abc import (
    Iterator,
    Mapping,
)
from dataclasses import dataclass

#: Seconds by which clocks may differ before it is worth a word: one-time codes and
#: cookies go by this machine's clock.
MOST_DIFFERENCE = 60.0


class LoginKind(enum.Enum):
    """How a login was made.

    .. version-added:: 0.1
    """

    MAIN_PASSWORD = 'main password'
    BOT_PASSWORD = 'bot password'
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
    :ivar needs: rights of the account, and the grants that let them through
    :ivar main_password: whether no other login will do
    :ivar targets: whether it works on many targets, at the pace of the throttle
    :ivar asks: what it asks with ``meta=``, besides what every wiki has
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


#: What the scripts need. The grants are those of MediaWiki and CentralAuth; each wiki
#: lists its own on Special:ListGrants.
SCRIPTS = (
    Script(
        'global_lock',
        Role.CENTRAL,
        'setglobalaccountstatus',
        (
            Need('centralauth-lock', 'setglobalaccountstatus'),
            Need('centralauth-suppress', 'setglobalaccountstatus', '-hide'),
            Need('edit', 'editpage', '-close'),
        ),
    ),
    Script(
        'global_delete',
        Role.CENTRAL,
        'deleteglobalaccount',
        (Need('centralauth-unmerge', None),),
    ),
    Script(
        'crosswiki_delete',
        Role.NAMED,
        'delete',
        (
            Need('delete', 'delete'),
            Need('undelete', 'delete', '-undo'),
            Need('deletedhistory', 'delete', '-undo'),
            Need('applychangetags', 'editpage', '-tags'),
        ),
        asks='globaluserinfo',
    ),
    Script('link_account', Role.HOME, 'linkaccount', main_password=True, targets=False),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """What a script would lack on a wiki, or what would stop it there.

    .. version-added:: 0.1

    :ivar what: ``right`` (of the account), ``grant``, ``main password``, ``module``;
        ``block`` (of the account), ``read-only``
    :ivar name: which one; who has blocked, why nothing can be written
    :ivar option: the option that needs it; empty if the script always does
    """

    what: str
    name: str
    option: str = ''


@dataclass(frozen=True, slots=True)
class ScriptCheck:
    """Whether a script would be allowed to work on a wiki.

    .. version-added:: 0.1

    :ivar works: whether it would, without further options
    :ivar missing: what it lacks, or would lack with an option
    :ivar least_grants: what a bot password or OAuth consumer needs for it; None if
        none is enough
    :ivar seconds: how long its targets take at the present pace; None if it has none
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
    """What is to be said of a login on one wiki.

    .. version-added:: 0.1

    :ivar through: what requests are made with
    :ivar token_types: those that the wiki has
    :ivar tokens: those of them that this user gets
    :ivar read_only: why the wiki takes no writes; None if it does
    :ivar unlimited: whether no rate limit holds for this session
    :ivar processes: how many share the throttle
    :ivar names_operator: whether the user agent says who is at work
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
    """A wiki, and what was found there.

    .. version-added:: 0.1

    :ivar roles: ``home``, ``central``, ``named``: for what the scripts take it
    :ivar problem: why nothing was found
    :ivar passing: whether that will pass by itself
    """

    wiki: str
    roles: tuple[str, ...]
    findings: Findings | None = None
    problem: str | None = None
    passing: bool = False

    def checks(self, script: str) -> tuple[ScriptCheck, ...]:
        """Return how a script would fare here."""
        found = self.findings.scripts if self.findings else ()
        return tuple(check for check in found if check.script == script)


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file with secrets, and whether others on this machine can read it.

    .. version-added:: 0.1

    :ivar mode: its permissions in octal, as they were found; None if it is not there
    :ivar exposed: whether others could read it then
    :ivar problem: why pywikibot cannot use it
    :ivar refused: whether the scripts do not start because of it
    :ivar narrowed: whether pywikibot has taken it away from others since
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

    :ivar what: ``hide-file``, ``file-was-open``, ``mend-file``, ``safer-login``,
        ``name-operator``, ``set-clock``, ``slowed-down``
    :ivar about: the file and what belongs to it, the scripts
    """

    what: str
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found.

    .. version-added:: 0.1

    :ivar login: how the home login was made; None if it failed, or the wiki tells
        nothing
    :ivar centralauthtoken: whether it gets centralauthtokens
    :ivar foreign_site: what ``foreign_site()`` uses; None if it works with nothing
    :ivar reason: why there is no centralauthtoken
    :ivar targets: the length of the campaign whose duration is told
    """

    login: LoginKind | None
    centralauthtoken: bool
    foreign_site: str | None
    reason: str | None
    targets: int
    secret_files: tuple[SecretFile, ...]
    wikis: tuple[WikiCheck, ...]

    def would_work(self, script: str) -> bool:
        """Tell whether a script would be allowed to work, wherever it would act.

        :param script: its name
        """
        checks = [
            check for wiki in self._where(script) for check in wiki.checks(script)
        ]
        return (
            len(checks) == len(self._where(script)) > 0
            and all(check.works for check in checks)
            and self.login_problem(script) is None
            and self._files_serve()
        )

    def may_work_later(self, script: str) -> bool:
        """Tell whether a script would not work now, but all that stops it will pass.

        That are wikis that do not answer or are read-only.

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
            and all(wiki.passing for wiki in stopped)
            and lacks <= {'read-only'}
            and self._files_serve()
        )

    def login_problem(self, script: str) -> str | None:
        """Say why a script could not log in where it does, if it acts elsewhere."""
        problems = (wiki.problem for wiki in self._logged_in_to(script))
        return next(filter(None, problems), None)

    def _logged_in_to(self, script: str) -> list[WikiCheck]:
        """Return the wiki on which a script logs in, if it acts elsewhere."""
        role = next(each.role for each in SCRIPTS if each.name == script)
        if role is not Role.NAMED:
            return []
        return [wiki for wiki in self.wikis if Role.CENTRAL.value in wiki.roles]

    def _where(self, script: str) -> list[WikiCheck]:
        """Return the wikis on which a script would act.

        Where none is named, the home wiki is meant.
        """
        role = next(each.role for each in SCRIPTS if each.name == script)
        found = [wiki for wiki in self.wikis if role.value in wiki.roles]
        if role is Role.NAMED and not found:
            found = [wiki for wiki in self.wikis if Role.HOME.value in wiki.roles]
        return found

    def _files_serve(self) -> bool:
        return not any(file.refused for file in self.secret_files)

    def advice(self) -> Iterator[Advice]:
        """Yield what should be changed."""
        for file in self.secret_files:
            if file.exposed:
                what = 'file-was-open' if file.narrowed else 'hide-file'
                yield Advice(what, {'path': file.path, 'mode': file.mode or ''})
            if file.problem:
                yield Advice('mend-file', {'path': file.path, 'problem': file.problem})
        found = [wiki.findings for wiki in self.wikis if wiki.findings is not None]
        if self.login is LoginKind.MAIN_PASSWORD:
            checks = [check for each in found for check in each.scripts]
            limited = [c for c in checks if c.works and c.least_grants is not None]
            if names := dict.fromkeys(check.script for check in limited):
                yield Advice('safer-login', {'scripts': ', '.join(names)})
        if any(not each.names_operator for each in found):
            yield Advice('name-operator', {})
        if any(abs(each.clock_difference) > MOST_DIFFERENCE for each in found):
            yield Advice('set-clock', {})
        if any(each.processes > 1 for each in found):
            yield Advice('slowed-down', {})
