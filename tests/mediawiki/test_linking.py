"""Accounts of a provider are linked and unlinked, against every answer it can give.

https://www.mediawiki.org/wiki/API:Linkaccount
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pywikibot.site import APISite

from mw_tokens_plugin.cli.asking import Terminal
from mw_tokens_plugin.cli.authfields import FormFiller
from mw_tokens_plugin.cli.conversation import Conversation
from mw_tokens_plugin.cli.linkfiles import StateFile
from mw_tokens_plugin.cli.linkreturn import ReturnWaiter
from mw_tokens_plugin.exceptions import (
    CannotReauthenticate,
    FlowLost,
    InternalApiError,
    InvalidInput,
    MustReauthenticate,
    NotLinked,
    PermissionDenied,
    ReadOnly,
)
from mw_tokens_plugin.protocol.authmanager import (
    Ask,
    Done,
    Failed,
    FieldType,
    Flow,
    Message,
    Redirect,
    Restart,
    State,
    Submission,
    form_from_authmanagerinfo,
)
from mw_tokens_plugin.protocol.tokens import Token
from mw_tokens_plugin.site.accountlink import AccountLink
from mw_tokens_plugin.site.listener import ReturnListener

from .browser import Browser
from .client import Client, post
from .installation import MediaWiki
from .wiki import Wiki

RETURN = 'http://127.0.0.1:9/return'
#: What is filled in where the provider asks a second time.
SECOND = {'second': 'pass', 'pin': '1234', 'color': 'red', 'multi': ['red', 'blue']}


@pytest.fixture
def site(client: Client, wiki: Wiki) -> Any:
    """The wiki, with nothing linked."""
    site = client.site(wiki, wiki.member)
    for request in site.linked_accounts():
        site.unlink_account(request.id)
    wiki.forget()
    return site


def begun(site: Any, code: str, **options: Any) -> AccountLink:
    """Begin to link an account whose provider answers as the code says."""
    link: AccountLink = site.link_account(return_url=RETURN, **options)
    link.submit({'farmcode': code})
    return link


def back(step: Any, **more: str) -> str:
    """Return the address that somebody comes back to."""
    assert isinstance(step, Redirect)
    (state,) = parse_qs(urlsplit(step.url).query)['state']
    return f'{RETURN}?{urlencode({"state": state, **more})}'


def sent(wiki: Wiki, action: str = 'linkaccount') -> list[dict[str, Any]]:
    """Return the parameters of what reached the wiki."""
    return [each.params for each in wiki.sent() if each.action == action]


def age(wiki: Wiki) -> None:
    """Let the login become too old."""
    wiki.login_age(0)
    # MediaWiki counts in seconds.
    time.sleep(1.1)


# Providers, and what is linked


@pytest.mark.parametrize('merge', [False, True])
@pytest.mark.parametrize('message_format', ['html', 'wikitext', 'raw', 'none'])
def test_providers_are_listed_in_every_format(
    site: Any, message_format: str, merge: bool
) -> None:
    form = site.linkable_accounts(message_format=message_format, merge_fields=merge)
    (request,) = form.requests
    assert request.id == 'FarmLinkRequest'
    assert (form.merged is not None) is merge
    (field,) = form.fields
    assert (field.name, field.type) == ('farmcode', FieldType.STRING)
    assert request.provider == {
        'none': None,
        'raw': Message(key='farmlink-provider'),
    }.get(message_format, Message('Farm identity provider'))


def test_an_account_is_linked_listed_and_unlinked(site: Any, wiki: Wiki) -> None:
    link = begun(site, 'pass', requests=['FarmLinkRequest'])
    assert (link.state, link.step) == (State.DONE, Done())
    (params,) = sent(wiki)
    assert params['linkreturnurl'] == RETURN
    assert params['linkrequests'] == 'FarmLinkRequest'
    assert params['linktoken'] == '(secret)'
    (linked,) = site.linked_accounts()
    site.unlink_account(linked.id)
    assert site.linked_accounts() == ()
    with pytest.raises(NotLinked, match=linked.id):
        site.unlink_account(linked.id)


def test_a_request_that_is_not_offered_is_refused_before_anything_is_sent(
    site: Any, wiki: Wiki
) -> None:
    with pytest.raises(InvalidInput, match='FarmLinkRequest'):
        site.link_account(return_url=RETURN, requests=['nosuch'])
    assert sent(wiki) == []


# Every status


@pytest.mark.parametrize(
    ('message_format', 'message'),
    [
        ('html', 'the code <i>a|b</i> was refused.'),
        ('wikitext', "the code ''a|b'' was refused."),
        ('raw', '⧼farmlink-fail⧽ a|b'),
        ('none', 'None'),
    ],
)
def test_a_failure_is_told_in_every_format(
    site: Any, wiki: Wiki, message_format: str, message: str
) -> None:
    step = begun(site, 'a|b', message_format=message_format).step
    assert isinstance(step, Failed)
    assert step.code == 'farmlink-fail'
    assert str(step.message).endswith(message)
    assert sent(wiki)[0]['linkmessageformat'] == message_format


def test_a_provider_that_abstains_is_a_failure(site: Any) -> None:
    step = begun(site, 'abstain').step
    assert isinstance(step, Failed)
    assert step.code == 'authmanager-link-no-primary'


@pytest.mark.parametrize('merge', [False, True])
def test_the_provider_asks_for_fields_of_every_type(
    site: Any, wiki: Wiki, merge: bool
) -> None:
    link = begun(site, 'ui', merge_fields=merge)
    assert isinstance(link.step, Ask)
    fields = {field.name: field for field in link.step.form.fields}
    assert {field.type for field in fields.values()} == set(FieldType)
    assert (link.step.form.merged is not None) is merge
    assert fields['second'].value == 'dflt'
    assert list(fields['color'].options) == ['red', 'blue']
    assert fields['pin'].sensitive
    assert fields['pin'].optional
    assert link.submit({**SECOND, 'agree': True, 'go': True}) == Done()
    assert [params.get('linkcontinue') for params in sent(wiki)] == [None, '']
    assert ['linkmergerequestfields' in params for params in sent(wiki)] == [merge] * 2
    assert len(site.linked_accounts()) == 1


def test_optional_fields_may_stay_empty(site: Any) -> None:
    assert begun(site, 'ui').submit({'second': 'pass'}) == Done()


def test_the_provider_may_ask_again_and_then_refuse(site: Any) -> None:
    link = begun(site, 'ui')
    assert isinstance(link.submit({'second': 'ui'}), Ask)
    step = link.submit({'second': 'fail'})
    assert isinstance(step, Failed)
    assert "''fail''" in str(step.message)
    with pytest.raises(InvalidInput, match='failed'):
        link.submit({'second': 'pass'})


def test_a_user_is_redirected_and_comes_back(site: Any, wiki: Wiki) -> None:
    link = begun(site, 'redirect')
    assert isinstance(link.step, Redirect)
    assert [field.name for field in link.step.form.fields] == ['state']
    assert link.step.data['nested'] == {'a': True, 'b': None}
    assert link.returned(back(link.step, code='abc')) == Done()
    assert sent(wiki)[-1]['code'] == 'abc'


def test_a_return_from_another_attempt_is_not_sent(site: Any, wiki: Wiki) -> None:
    link = begun(site, 'redirect')
    with pytest.raises(InvalidInput, match='another attempt'):
        link.returned(f'{RETURN}?state=wrong')
    with pytest.raises(InvalidInput, match=RETURN):
        link.returned('http://127.0.0.1:9/elsewhere?state=x')
    with pytest.raises(InvalidInput, match='assertuser'):
        link.returned(back(link.step, assertuser='Somebody'))
    assert len(sent(wiki)) == 1
    assert link.returned(back(link.step)) == Done()


def test_all_kinds_of_steps_follow_each_other(site: Any) -> None:
    link = begun(site, 'ui redirect ui redirect pass')
    for _ in range(2):
        link.submit({'second': 'x'})
        step = link.returned(back(link.step))
    assert step == Done()


@pytest.mark.only('sandbox')
def test_a_restart_is_taken_as_the_caller_chooses(site: Any) -> None:
    """No recording has it of linkaccount; of clientlogin, see below."""
    link = begun(site, 'restart pass')
    assert isinstance(link.step, Ask)
    assert link.step.restarted
    assert link.submit({'farmcode': 'x'}) == Done()
    step = begun(site, 'restart', restart=Restart.AS_FAIL).step
    assert isinstance(step, Failed)
    assert step.code == 'farmlink-restart'


@pytest.mark.only('mediawiki')
def test_mediawiki_breaks_down_where_linking_is_restarted(site: Any) -> None:
    with pytest.raises(InternalApiError, match='DomainException'):
        begun(site, 'restart')


@pytest.mark.only('mediawiki')
@pytest.mark.parametrize('restart', list(Restart))
def test_the_same_table_logs_in_and_meets_every_status(
    site: Any, wiki: Wiki, client: Client, restart: Restart
) -> None:
    """A login is the same conversation, with another prefix, and has RESTART."""
    flow = Flow(_login_form(site), restart)
    client.forget_logins()
    seen = []

    def send(submission: Submission) -> None:
        answer = post(
            site,
            action='clientlogin',
            logintoken=_login_token(site),
            **{'loginreturnurl': RETURN}
            if submission.is_first
            else {'logincontinue': '1'},
            **dict(submission.fields),
        )['clientlogin']
        seen.append(answer['status'])
        flow.receive(answer)

    send(flow.submit({'farmlogin': 'ui redirect restart'}))
    send(flow.submit({'second': 'x'}))
    send(flow.returned(back(flow.step)))
    if restart is Restart.AS_FAIL:
        assert seen == ['UI', 'REDIRECT', 'RESTART']
        assert isinstance(flow.step, Failed)
        return
    assert isinstance(flow.step, Ask)
    assert flow.step.restarted
    member = wiki.member
    send(flow.submit({'username': member.name, 'password': member.password}))
    assert seen == ['UI', 'REDIRECT', 'RESTART', 'PASS']
    ended: object = flow.step
    assert ended == Done(member.name)


def _login_form(site: APISite) -> Any:
    answer = post(site, action='query', meta='authmanagerinfo', amirequestsfor='login')
    return form_from_authmanagerinfo(answer['query']['authmanagerinfo'])


def _login_token(site: APISite) -> str:
    answer = post(site, action='query', meta='tokens', type='login')
    return str(answer['query']['tokens']['logintoken'])


# What can go wrong


def test_a_provider_that_breaks_down_is_an_error(site: Any) -> None:
    link = site.link_account(return_url=RETURN)
    with pytest.raises(InternalApiError, match='RuntimeException'):
        link.submit({'farmcode': 'throw'})
    with pytest.raises(InvalidInput, match='look at what is linked'):
        link.submit({'farmcode': 'pass'})


def test_a_token_that_dies_in_the_middle_is_renewed(site: Any, wiki: Wiki) -> None:
    link = begun(site, 'ui')
    live = site.tokens.csrf
    site.tokens.drop(live)
    dead = Token(
        '0' * 32 + live[32:], type=live.type, wiki='w', user=live.user, fetched_at=0
    )
    site.tokens._live()['csrf'] = dead
    assert link.submit(SECOND) == Done()
    results = [each.result for each in wiki.sent() if each.action == 'linkaccount']
    assert results == ['ok', 'badtoken', 'ok']


@pytest.mark.parametrize('remembered', [False, True])
@pytest.mark.parametrize('code', ['ui', 'redirect'])
def test_a_session_that_is_lost_in_the_middle_ends_it(
    site: Any, wiki: Wiki, code: str, remembered: bool
) -> None:
    link = begun(site, code)
    wiki.end_sessions(remembered=remembered)
    # A session that was revived by what the browser remembers is no recent login.
    with pytest.raises(
        (FlowLost, MustReauthenticate), match=r'(?i)start again'
    ) as raised:
        if code == 'ui':
            link.submit(SECOND)
        else:
            link.returned(back(link.step))
    assert (raised.type is FlowLost) is remembered
    site.reauthenticate()
    assert begun(site, 'pass').step == Done()


def test_a_wiki_that_takes_no_writes_can_be_asked_again(site: Any, wiki: Wiki) -> None:
    link = begun(site, 'ui')
    wiki.read_only('maintenance')
    with pytest.raises(ReadOnly):
        link.submit(SECOND)
    wiki.restore()
    assert link.submit(SECOND) == Done()


def test_a_login_that_is_too_old_is_told_before_fields_are_asked_for(
    site: Any, wiki: Wiki
) -> None:
    age(wiki)
    with pytest.raises(MustReauthenticate, match='Give the password again'):
        site.link_account(return_url=RETURN)
    assert sent(wiki) == []
    site.reauthenticate()
    wiki.login_age(60)
    assert begun(site, 'pass').step == Done()


def test_a_login_that_becomes_too_old_is_told(site: Any, wiki: Wiki) -> None:
    assert begun(site, 'pass').step == Done()
    (linked,) = site.linked_accounts()
    link = begun(site, 'ui')
    age(wiki)
    with pytest.raises(MustReauthenticate, match='start again'):
        link.submit(SECOND)
    with pytest.raises(MustReauthenticate):
        site.unlink_account(linked.id)


def test_a_session_that_can_never_be_renewed_is_told(
    client: Client, wiki: Wiki
) -> None:
    wiki.needs_login()
    site: Any = client.site(wiki, wiki.bot)
    with pytest.raises(CannotReauthenticate, match='main password'):
        site.link_account(return_url=RETURN)


@pytest.mark.only('sandbox')
def test_a_bot_password_may_not_link(client: Client, wiki: Wiki) -> None:
    """So it is since 1.40; before, MediaWiki asks for no right."""
    site: Any = client.site(wiki, wiki.bot)
    with pytest.raises(PermissionDenied, match='Bot passwords and OAuth'):
        begun(site, 'pass')


# Leaving the process, and a browser


def test_another_process_goes_on_with_what_was_saved(
    site: Any, wiki: Wiki, client: Client
) -> None:
    link = begun(site, 'redirect')
    saved, url = link.save(), back(link.step)
    assert site.tokens.csrf not in saved
    again: Any = client.site(wiki, wiki.member)
    link = again.link_account(saved=saved)
    assert link.returned(url) == Done()
    assert len(again.linked_accounts()) == 1


class _Page(BaseHTTPRequestHandler):
    """The provider's page, which sends the user back."""

    def do_GET(self) -> None:
        """Show a link to where the user came from."""
        query = parse_qs(urlsplit(self.path).query)
        target = f'{query["back"][0]}?{urlencode({"state": query["state"][0]})}'
        body = f'<!DOCTYPE html><title>P</title><a id="approve" href="{target}">Yes</a>'
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def page_of_provider(wiki: Wiki) -> Iterator[None]:
    """The provider's page, to which the wiki redirects."""
    assert isinstance(wiki, MediaWiki)
    with ThreadingHTTPServer(('127.0.0.1', 0), _Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        wiki.redirect_to(f'http://127.0.0.1:{server.server_address[1]}/')
        yield
        server.shutdown()


@pytest.mark.only('mediawiki')
@pytest.mark.usefixtures('page_of_provider')
def test_a_browser_makes_the_trip(site: Any, browser: Browser) -> None:
    """An operator's script, a provider's page and a listener on loopback."""
    terminal = Terminal(False, browse=browser.open)
    with ReturnListener() as listener:
        link = site.link_account(return_url=listener.url, message_format='html')
        code = Conversation(
            link,
            FormFiller({'farmcode': 'redirect'}, terminal),
            ReturnWaiter(terminal, listener=listener, timeout=240, browse=True),
            StateFile(None),
            attended=False,
        ).run()
    assert code == 0
    assert len(site.linked_accounts()) == 1
