"""The arguments of :func:`.hook.enable`, for the modules that need them later.

It only holds values; what follows from them is left to the modules that read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Settings:
    """The arguments of all calls of ``enable()``.

    .. version-added:: 0.1

    :ivar renewals: how many lost sessions are renewed on each wiki within ten minutes
    :ivar ledger: where campaigns are recorded unless a script is given ``-ledger``; ''
        if no call has named it
    :ivar ledger_group: the group whose members share a ledger in a file; None if
        no call has named it
    :ivar protected: files with targets that campaigns must always skip
    :ivar expiries: when global blocks end, by the names that operators use
    :ivar reasons: reasons by the names that operators use
    :ivar address_blocks: ``hard`` or ``soft``: whether global blocks of addresses stop
        users with an account, unless a command line says otherwise; '' if not set
    :ivar action_wiki_set: the wiki set on which campaigns over many wikis act; '' if
        not set
    :ivar home: the wiki whose login is used on all wikis that it reaches; '' if each
        has its own
    :ivar notify: where notices about campaigns are sent, unless a command line says
        otherwise; '' if not set
    :ivar otp_command: the program, and its arguments, that prints codes of the
        authenticator app; empty if there is none
    """

    renewals: int = 2
    ledger: str = ''
    ledger_group: str | None = None
    protected: list[str] = field(default_factory=list)
    expiries: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    address_blocks: str = ''
    action_wiki_set: str = ''
    notify: str = ''
    otp_command: tuple[str, ...] = ()
    home: str = ''


#: Those of this process.
settings = Settings()
