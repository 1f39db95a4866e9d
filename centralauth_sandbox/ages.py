"""What a wiki of long ago has, and how it says that it lacks something.

Before MediaWiki 1.24 there was no ``meta=tokens``, and each module had its own salt.
The facts were read in the sources of MediaWiki 1.19.0, 1.20.2, 1.22.0 and 1.24.1 and in
the branches REL1_19 to REL1_23 of CentralAuth; what 1.23 has besides 1.22 (`assert`),
in the release notes. Nothing of it was recorded.

An age says which modules, parameters and values there are; the tokens of these ages are
in :mod:`.modules.oldtokens`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from .declarations import Declarations, Module, Parameter

if TYPE_CHECKING:
    from .errors import ApiError

Json = dict[str, Any]


@dataclass(frozen=True)
class Age:
    """A MediaWiki of some age.

    :ivar generator: what it says of itself
    :ivar actions: values of ``action``
    :ivar submodules: values of ``prop``, ``list`` and ``meta``
    :ivar main: parameters that every module takes
    :ivar reports_unknown: whether it warns of parameters that it does not know
    :ivar continues: whether a query with ``continue`` is continued as today
    :ivar types: of tokens, where there is ``meta=tokens``
    :ivar locked: the result of a login to an account that is locked; at first
        CentralAuth did not tell
    """

    generator: str
    actions: frozenset[str]
    submodules: frozenset[str]
    main: frozenset[str]
    reports_unknown: bool = True
    continues: bool = True
    types: tuple[str, ...] = ()
    locked: str = 'WrongPass'

    @property
    def has_action_tokens(self) -> bool:
        """Whether there is ``action=tokens``."""
        return 'tokens' in self.actions


_MAIN = frozenset('action format maxlag smaxage maxage requestid servedby'.split())

_ACTIONS_1_19 = frozenset(
    """
    login logout query expandtemplates parse opensearch feedcontributions feedwatchlist
    help paraminfo rsd compare purge rollback delete undelete protect block unblock move
    edit upload filerevert emailuser watch patrol import userrights
    """.split()
)

_SUBMODULES_1_19 = frozenset(
    """
    info revisions links iwlinks langlinks images imageinfo stashimageinfo templates
    categories extlinks categoryinfo duplicatefiles pageprops allimages allpages
    alllinks allcategories allusers backlinks blocks categorymembers deletedrevs
    embeddedin filearchive imageusage iwbacklinks langbacklinks logevents recentchanges
    search tags usercontribs watchlist watchlistraw exturlusage users random
    protectedtitles querypage siteinfo userinfo allmessages globaluserinfo
    """.split()
)

_ACTIONS_1_22 = _ACTIONS_1_19 | frozenset(
    """
    createaccount tokens setnotificationtimestamp options imagerotate
    setglobalaccountstatus deleteglobalaccount
    """.split()
)

_SUBMODULES_1_22 = _SUBMODULES_1_19 | frozenset(
    """
    allfileusages alltransclusions pageswithprop pagepropnames filerepoinfo globalgroups
    wikisets globalallusers
    """.split()
)

AGES: Mapping[str, Age] = {
    '1.19': Age(
        'MediaWiki 1.19.24',
        _ACTIONS_1_19,
        _SUBMODULES_1_19,
        _MAIN | {'version'},
        reports_unknown=False,
        continues=False,
    ),
    '1.22': Age(
        'MediaWiki 1.22.15',
        _ACTIONS_1_22,
        _SUBMODULES_1_22,
        _MAIN | {'origin', 'centralauthtoken'},
    ),
    '1.23': Age(
        'MediaWiki 1.23.17',
        _ACTIONS_1_22,
        _SUBMODULES_1_22,
        _MAIN | {'origin', 'centralauthtoken', 'assert'},
        locked='Blocked',
    ),
    '1.24': Age(
        'MediaWiki 1.24.1',
        (_ACTIONS_1_22 - {'tokens'}) | {'centralauthtoken', 'clearhasmsg'},
        _SUBMODULES_1_22 | {'tokens'},
        _MAIN | {'origin', 'centralauthtoken', 'assert', 'curtimestamp'},
        locked='Blocked',
        types=(
            'csrf',
            'deleteglobalaccount',
            'patrol',
            'rollback',
            'setglobalaccountstatus',
            'userrights',
            'watch',
        ),
    ),
}

#: Types of ``action=tokens``; its extensions' are those of CentralAuth.
CSRF_TYPES = tuple(
    'block delete edit email import move options protect unblock'.split()
)
TOKEN_TYPES = tuple(
    sorted(
        (
            *CSRF_TYPES,
            'watch',
            'patrol',
            'setglobalaccountstatus',
            'deleteglobalaccount',
            'centralauth',
        )
    )
)

#: Values of the parameter ``token`` of the modules that had one.
_TOKEN_PARAMETERS = {
    'query+info': (*(name for name in CSRF_TYPES if name != 'options'), 'watch'),
    'query+revisions': ('rollback',),
    'query+users': ('userrights',),
    'query+recentchanges': ('patrol',),
}

#: Parameters and values that came later, by module; ``*`` stands for all modules.
_LATER = {
    '*': {'tags', 'slots', 'watchlistexpiry', 'templatedparameters'},
    'query': {'rawcontinue'},
    'delete': {'deletetalk'},
    'edit': {'baserevid', 'contentformat'},
    'rollback': {'pageid'},
    'userrights': {'userid', 'expiry', 'watchuser'},
    'undelete': {'fileids', 'undeletetalk'},
    'block': {'partial', 'pagerestrictions', 'namespacerestrictions', 'userid'},
    'unblock': {'userid', 'watchuser'},
    'watch': {'titles', 'pageids', 'revids', 'expiry', 'continue'},
    'paraminfo': {'helpformat'},
    'query+info': {'testactions', 'testactionsdetail', 'linkcontext'},
    'query+userinfo': {'attachedwiki'},
    'query+users': {'userids', 'attachedwiki'},
}
_LATER_VALUES = {
    'query+userinfo': {
        'cancreateaccount',
        'centralids',
        'groupmemberships',
        'latestcontrib',
        'theoreticalratelimits',
        'unreadcount',
    },
    'query+users': {'cancreate', 'centralids', 'groupmemberships', 'tempexpired'},
    'query+siteinfo': {
        'autocreatetempuser',
        'autopromote',
        'autopromoteonce',
        'clientlibraries',
        'copyuploaddomains',
        'defaultoptions',
        'languagevariants',
        'libraries',
        'namespacenames',
        'restrictions',
        'uploaddialog',
    },
    'query+info': {
        'associatedpage',
        'linkclasses',
        'varianttitles',
        'visitingwatchers',
    },
}


class OldDeclarations(Declarations):
    """The modules of a wiki of some age.

    What came later is still declared, so that a module finds its values, but as if it
    had not been given.
    """

    def __init__(self, age: Age) -> None:
        """Take away from 1.43 what came later, and add what has gone since."""
        super().__init__(False)
        self.age = age
        modules = self.modules
        self.submodules = {
            kind: tuple(
                name
                for name in names
                if name in (age.actions if kind == 'action' else age.submodules)
            )
            for kind, names in self.submodules.items()
        }
        if age.has_action_tokens:
            self.submodules['action'] += ('tokens',)
            modules['tokens'] = Module(
                'tokens',
                'ApiTokens',
                'MediaWiki',
                'r',
                '',
                (),
                (Parameter('type', TOKEN_TYPES, multi=50, default='edit'),),
                'action',
                '',
            )
        self.modules = {
            path: self._aged(path, module)
            for path, module in modules.items()
            if path == 'main' or self.known(path)
        }

    def _aged(self, path: str, module: Module) -> Module:
        later = _LATER['*'] | _LATER.get(path, set())
        if path == 'main':
            later = {each.name for each in module.parameters} - self.age.main
        if path == 'query' and not self.age.continues:
            later = later | {'continue'}
        parameters = [
            replace(
                self._with_values(path, parameter),
                later=parameter.name in later,
                token=parameter.token if self.age.types else '',
                deprecated=False,
                required=parameter.required and not parameter.token,
            )
            for parameter in module.parameters
        ]
        if path in _TOKEN_PARAMETERS and not self.age.types:
            kinds = _TOKEN_PARAMETERS[path]
            parameters.append(Parameter('token', kinds, multi=50))
        return replace(module, parameters=tuple(parameters))

    def _with_values(self, path: str, parameter: Parameter) -> Parameter:
        kind = parameter.type
        if parameter.submodules:
            kind = self.submodules.get(parameter.name, kind)
            return replace(parameter, type=kind, submodules=())
        if path == 'query+tokens':
            return replace(parameter, type=self.age.types, allspecifier='')
        gone = _LATER_VALUES.get(path)
        if parameter.name == 'prop' and gone and isinstance(kind, tuple):
            return replace(parameter, type=tuple(v for v in kind if v not in gone))
        return parameter

    def describe(self, path: str, server: str, version: int, high: bool) -> Json:
        """Return what `action=paraminfo` said about a module: no type of token."""
        if path not in self.modules:
            name = path.rpartition('+')[2]
            return {'name': name, 'classname': f'Api{name.capitalize()}', 'prefix': ''}
        answer = super().describe(path, server, 1, high)
        for key in (
            'path',
            'group',
            'source',
            'sourcename',
            'licensetag',
            'licenselink',
            'templatedparameters',
            'dynamicparameters',
        ):
            answer.pop(key, None)
        answer['classname'] = self.modules[path].classname
        later = {p.name for p in self.modules[path].parameters if p.later}
        answer['parameters'] = [
            {key: item[key] for key in item if key not in ('index', 'sensitive')}
            for item in answer['parameters']
            if item['name'] not in later
        ]
        return answer


@cache
def declarations_of(release: str) -> OldDeclarations:
    """Return the modules of a wiki of some age."""
    return OldDeclarations(AGES[release])


def fail(error: ApiError) -> Json:
    """Return an error as these ages tell it."""
    code, info = error.code, error.summary
    if code == 'badtoken' and 'centralauthtoken' not in info:
        info = 'Invalid token'
    elif code == 'badvalue':
        name, value = error.params
        code, info = f'unknown_{name}', _unrecognized(name, value)
    elif code == 'missingparam' and len(error.params) == 1:
        # The prefix was left out.
        (name,) = error.params
        code, info = f'no{name}', f'The {name} parameter must be set'
    elif error.key == 'badaccess-groups':
        info = 'Permission denied'
    elif code == 'assertuserfailed':
        info = 'Assertion that the user is logged in failed'
    elif code == 'assertbotfailed':
        info = 'Assertion that the user has the bot right failed'
    return {'code': code, 'info': info.rstrip('.')} | error.data


def warning(code: str, text: str) -> str | None:
    """Return a warning in the words of these ages; None for one that they lack."""
    if code in ('deprecation', 'deprecation-help'):
        return None
    if code == 'unrecognizedparams':
        head, _, names = text.rstrip('.').partition(': ')
        return f'{head}: ' + ', '.join(f"'{name}'" for name in names.split(', '))
    if code == 'unrecognizedvalues':
        return re.sub(r'"(\w+)":', r"'\1':", text)
    return text


def _unrecognized(name: str, value: str) -> str:
    return f"Unrecognized value for parameter '{name}': {value}"
