"""Showing the findings about a login: as JSON, as tables, or one finding a line.

What a finding means is left to :mod:`.findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import Enum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mw_tokens_plugin.campaign.report.wording import duration
from mw_tokens_plugin.doctor.examination import OWN_LOGIN
from mw_tokens_plugin.doctor.findings import (
    MAX_CLOCK_DIFFERENCE,
    SCRIPTS,
    Advice,
    Diagnosis,
    Findings,
    LoginKind,
    Missing,
    Obstacle,
    Role,
    ScriptCheck,
    SecretFile,
)
from mw_tokens_plugin.messages import message
from mw_tokens_plugin.protocol.display import displayable


@dataclass(frozen=True, slots=True)
class Line:
    """One finding, in the language of the operator.

    :ivar good: None if it is neither good nor bad
    """

    label: str
    text: str
    good: bool | None = None


def as_json(found: Diagnosis) -> dict[str, object]:
    """Return a diagnosis as JSON.

    .. version-added:: 0.1
    """
    plain = asdict(
        found,
        dict_factory=lambda items: {
            key: value.value if isinstance(value, Enum) else value
            for key, value in items
        },
    )
    plain['would_work'] = {s.name: found.would_work(s.name) for s in SCRIPTS}
    plain['advice'] = [{'what': each.what, **each.about} for each in found.advice()]
    return plain


def show(found: Diagnosis, console: Console) -> None:
    """Print a diagnosis: as tables on a terminal, elsewhere one finding a line.

    .. version-added:: 0.1
    """
    _show_section(message('token_doctor-login'), _about_login(found), console)
    for wiki in found.wikis:
        lines: list[Line] = []
        if wiki.problem:
            lines.append(
                Line(message('token_doctor-problem'), wiki.problem, good=False)
            )
        if wiki.findings is not None:
            lines += _about_wiki(wiki.findings, found)
        roles = ', '.join(_role(role) for role in wiki.roles)
        name = wiki.wiki or message('token_doctor-central-wiki')
        _show_section(f'{name} ({roles})', lines, console)
    advice = [Line('', _sentence(each)) for each in found.advice()]
    _show_section(message('token_doctor-advice'), advice, console)


def _role(role: str) -> str:
    return {
        Role.HOME: message('token_doctor-role-home'),
        Role.CENTRAL: message('token_doctor-role-central'),
        Role.NAMED: message('token_doctor-role-named'),
    }[Role(role)]


def _login_name(kind: LoginKind) -> str:
    return {
        LoginKind.MAIN_PASSWORD: message('token_doctor-main-password'),
        LoginKind.BOT_PASSWORD: message('token_doctor-bot-password'),
        LoginKind.OAUTH: message('token_doctor-oauth'),
        LoginKind.OAUTH2: message('token_doctor-oauth2'),
    }[kind]


def _reason(found: Diagnosis) -> str:
    """Return why there is no login, or no centralauthtoken."""
    if found.obstacle is None:
        return found.reason or ''
    home = next(wiki.wiki for wiki in found.wikis if Role.HOME.value in wiki.roles)
    return {
        Obstacle.NO_CENTRALAUTH: message('token_doctor-no-centralauth', wiki=home),
        Obstacle.BOT_PASSWORD: message('token_doctor-bot-password-gets-none'),
        Obstacle.OAUTH: message('token_doctor-oauth-gets-none'),
    }[found.obstacle]


def _tokens_gained(found: Diagnosis) -> str:
    if not found.centralauthtoken:
        return message('token_doctor-no', reason=_reason(found))
    if found.token_seconds is None:
        return message('token_doctor-yes')
    return message('token_doctor-yes-for', seconds=found.token_seconds)


def _about_login(found: Diagnosis) -> Iterator[Line]:
    made = message('token_doctor-made-with')
    if found.login is None:
        none = message('token_doctor-no-login', reason=_reason(found))
        yield Line(made, none, good=False)
    else:
        yield Line(made, _login_name(found.login), good=True)
        yield Line(
            'centralauthtoken', _tokens_gained(found), good=found.centralauthtoken
        )
        yield Line(
            message('token_doctor-foreign-site'),
            found.foreign_site or message('token_doctor-no-foreign-site'),
            good=found.foreign_site is not None,
        )
    yield from _about_session(found)
    if found.rate_class:
        yield Line(message('token_doctor-rate-class'), found.rate_class)
    for file in found.secret_files:
        yield _about_file(file)


def _about_session(found: Diagnosis) -> Iterator[Line]:
    """Yield how long the login lasts, and what it is good for."""
    if found.login is LoginKind.MAIN_PASSWORD:
        until = found.remembered_until
        yield Line(
            message('token_doctor-remembered'),
            message('token_doctor-remembered-until', day=until)
            if until
            else message('token_doctor-not-remembered'),
        )
    if status := found.recent_login:
        words = {
            'ok': lambda: message('token_doctor-recent'),
            'reauth': lambda: message('token_doctor-not-recent'),
        }
        never = lambda: message('token_doctor-never-recent')  # noqa: E731
        yield Line(message('token_doctor-sensitive'), words.get(status, never)())
    if found.login in (LoginKind.OAUTH, LoginKind.OAUTH2):
        grants = found.grants
        yield Line(
            message('token_doctor-grants'),
            message('token_doctor-unknown-grants')
            if grants is None
            else ', '.join(grants) or message('token_doctor-none'),
        )


def _about_file(file: SecretFile) -> Line:
    what = message('token_doctor-secrets')
    if file.problem is not None:
        return Line(what, file.problem, good=False)
    about = {'path': file.path, 'mode': file.mode or ''}
    if file.narrowed:
        return Line(what, message('token_doctor-file-narrowed', **about), good=False)
    if file.exposed:
        return Line(what, message('token_doctor-file-exposed', **about), good=False)
    return Line(what, message('token_doctor-file-yours', **about), good=True)


def _about_wiki(found: Findings, all_found: Diagnosis) -> Iterator[Line]:
    own = message('token_doctor-own-login')
    through = own if found.through == OWN_LOGIN else found.through
    yield Line(message('token_doctor-user'), f'{found.user}, {through}')
    yield Line('MediaWiki', found.release)
    if found.read_only is not None:
        what = message('token_doctor-read-only')
        yield Line(what, found.read_only or message('token_doctor-yes'), good=False)
    if found.block is not None:
        about = {
            'by': found.block.by,
            'expiry': found.block.expiry,
            'reason': found.block.reason,
        }
        blocked = (
            message('token_doctor-block-partial', **about)
            if found.block.partial
            else message('token_doctor-block-full', **about)
        )
        yield Line(message('token_doctor-block'), blocked, good=False)
    tokens = ', '.join(found.tokens) or message('token_doctor-none')
    yield Line(message('token_doctor-tokens'), tokens, good=bool(found.tokens))
    if refused := [name for name in found.token_types if name not in found.tokens]:
        yield Line(message('token_doctor-not-for-you'), ', '.join(refused))
    yield Line(message('token_doctor-rate-limits'), _limits(found))
    yield Line('put_throttle', _throttle(found))
    yield Line('User-Agent', found.user_agent, good=found.names_operator)
    yield Line(
        message('token_doctor-clock'),
        _difference(found.clock_difference),
        good=abs(found.clock_difference) <= MAX_CLOCK_DIFFERENCE,
    )
    for check in found.scripts:
        yield from _about_script(check, all_found)


def _limits(found: Findings) -> str:
    if found.unlimited:
        return message('token_doctor-unlimited')
    limits = [
        message(
            'token_doctor-rate-limit',
            hits=limit.hits,
            action=limit.action,
            seconds=limit.seconds,
        )
        for limit in found.rate_limits
    ]
    return '; '.join(limits) or message('token_doctor-no-known-limit')


def _throttle(found: Findings) -> str:
    seconds = f'{found.put_throttle:g}'
    if found.processes > 1:
        return message(
            'token_doctor-shared-throttle', seconds=seconds, processes=found.processes
        )
    return message('token_doctor-throttle', seconds=seconds)


def _about_script(check: ScriptCheck, found: Diagnosis) -> Iterator[Line]:
    refused = [file for file in found.secret_files if file.refused]
    problem = found.login_problem(check.script)
    works = check.works and not refused and problem is None
    yield Line(
        check.script, _prospects(check, refused, problem, found.targets), good=works
    )
    if check.works:
        for option in dict.fromkeys(m.option for m in check.missing):
            lacks = _lacks(m for m in check.missing if m.option == option)
            words = message('token_doctor-would-not-work', lacks=lacks)
            yield Line(f'  {option}', words, good=False)
    grants = check.least_grants
    least = message('token_doctor-no-grants') if grants is None else ', '.join(grants)
    yield Line(f'  {message("token_doctor-least-grants")}', least)


def _prospects(
    check: ScriptCheck,
    refused: Iterable[SecretFile],
    problem: str | None,
    targets: int,
) -> str:
    lacks = _lacks(m for m in check.missing if not m.option)
    central = problem and message(
        'token_doctor-lacks-central', problem=problem.rstrip('.')
    )
    if reasons := [*filter(None, [lacks, central]), *map(_refusal, refused)]:
        return message('token_doctor-would-not-work', lacks='; '.join(reasons))
    if check.seconds is None:
        return message('token_doctor-would-work')
    if not check.seconds:
        # Without pauses, the time depends on the wiki alone.
        return message('token_doctor-would-work-at-once')
    return message(
        'token_doctor-would-work-in', targets=targets, duration=duration(check.seconds)
    )


def _refusal(file: SecretFile) -> str:
    if file.narrowed:
        return message('token_doctor-refuses-file-until-now')
    if file.exposed:
        return message('token_doctor-refuses-exposed-file')
    return message('token_doctor-refuses-broken-file')


def _lacks(missing: Iterable[Missing]) -> str:
    words: dict[str, Callable[[str], str]] = {
        'grant': lambda name: message('token_doctor-lacks-grant', name=name),
        'right': lambda name: message('token_doctor-lacks-right', name=name),
        'module': lambda name: message('token_doctor-lacks-module', name=name),
        'second factor': lambda name: message('token_doctor-withheld', name=name),
        'main password': lambda _: message('token_doctor-lacks-main-password'),
        'block': lambda name: message('token_doctor-is-blocked', name=name),
        'read-only': lambda _: message('token_doctor-is-read-only'),
    }
    return '; '.join(words[each.what](each.name) for each in missing)


def _difference(seconds: float) -> str:
    if abs(seconds) < 2:
        return message('token_doctor-clock-same')
    time = duration(abs(seconds))
    if seconds > 0:
        return message('token_doctor-clock-ahead', time=time)
    return message('token_doctor-clock-behind', time=time)


def _sentence(advice: Advice) -> str:
    about = advice.about
    words: dict[str, Callable[[], str]] = {
        'hide-file': lambda: message(
            'token_doctor-hide-file', path=about['path'], mode=about['mode']
        ),
        'file-was-open': lambda: message(
            'token_doctor-file-was-open', path=about['path'], mode=about['mode']
        ),
        'fix-file': lambda: message('token_doctor-fix-file', path=about['path']),
        'safer-login': lambda: message(
            'token_doctor-safer-login', scripts=about['scripts']
        ),
        'name-operator': lambda: message('token_doctor-name-operator'),
        'set-clock': lambda: message('token_doctor-set-clock'),
        'slowed-down': lambda: message('token_doctor-slowed-down'),
    }
    return words[advice.what]()


def _show_section(title: str, lines: Iterable[Line], console: Console) -> None:
    lines = list(lines)
    if not lines:
        return
    if not console.is_terminal:
        print(title)
        for line in lines:
            text = displayable(line.text)
            print(f'  {line.label}: {text}' if line.label else f'  {text}')
        return
    table = Table(title=title, title_justify='left', show_header=False)
    for line in lines:
        style = {True: 'green', False: 'red', None: ''}[line.good]
        cell = Text(displayable(line.text), style=style)
        table.add_row(*([line.label] if any(o.label for o in lines) else []), cell)
    console.print(table)
