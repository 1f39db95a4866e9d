"""What a request gives, read as its module declares it, and the warnings about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import errors, timestamps, unimitated
from .declarations import Declarations, Parameter
from .errors import ApiError
from .expiries import ENDLESS, moment
from .sessionrecords import Session
from .titles import canonical_address, canonical_user

if TYPE_CHECKING:
    from .farm import Farm, Wiki

Json = dict[str, Any]
Values = dict[str, Any]

_CONTROLS = re.compile('[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
ANNOUNCE = (
    'Subscribe to the mediawiki-api-announce mailing list at '
    '{}https://lists.wikimedia.org/postorius/lists/'
    'mediawiki-api-announce.lists.wikimedia.org/{} for notice of API deprecations and '
    'breaking changes.'
)


class Parameters:
    """The parameters of a request, and what is said of them.

    :ivar known: those that the module knows; the others cause a warning
    :ivar path: the module whose parameters are read
    """

    __slots__ = (
        'declarations',
        'farm',
        'files',
        'given',
        'known',
        'path',
        'result',
        'session',
        'warnings',
        'wiki',
    )

    def __init__(
        self, wiki: Wiki, declarations: Declarations, given: dict[str, str]
    ) -> None:
        """Initializer."""
        self.farm: Farm = wiki.farm
        self.wiki = wiki
        self.declarations = declarations
        self.given = given
        self.files: Mapping[str, bytes] = {}
        self.session = Session(wiki)
        self.path = 'main'
        self.known: set[str] = set()
        self.warnings: list[tuple[str, str, str, Json | None]] = []
        self.result: Json = {}

    def takes(self, name: str) -> bool:
        """Say whether the wiki knows a parameter that all modules take."""
        age = self.wiki.age
        return age is None or name in age.main

    @property
    def high(self) -> bool:
        return 'apihighlimits' in self.session.rights

    def warn(
        self, code: str, text: str, data: Json | None = None, at: str = ''
    ) -> None:
        """Add a warning of the current module, or of the module `at`."""
        self.warnings.append((at or self.path, code, text, data))

    def deprecate(self, text: str, code: str = 'deprecation') -> None:
        """Warn of a deprecation."""
        if not any(warning[1] == 'deprecation-help' for warning in self.warnings):
            self.warnings.append(
                ('main', 'deprecation-help', ANNOUNCE.format('<', '>'), None)
            )
        self.warn(code, text)

    def until(self, text: str) -> str | None:
        """Return the end that an expiry names, or None where it names none."""
        if text in ENDLESS:
            return 'infinity'
        found = moment(text, self.farm.clock())
        return None if found is None else self.farm.timestamp(found)

    def parse(self, path: str, before: str = '') -> Values:
        """Return the values of a module's parameters.

        :param before: put before the module's own prefix.
        :raises ApiError: the first one that is not as declared.
        """
        module = self.declarations.modules[path]
        values: Values = {}
        prefix = before + module.prefix
        for parameter in module.parameters:
            name = prefix + parameter.name
            if parameter.later:
                values[parameter.name] = self._default(parameter)
                continue
            self.known.add(name)
            raw = self.given.get(name)
            if raw is not None:
                unimitated.check(path, parameter.name, parameter.default, raw)
            if parameter.type == 'upload':
                if raw is not None:
                    raise errors.no_file(name)
                values[parameter.name] = self.files.get(name)
            elif raw is None:
                if parameter.required and not parameter.token:
                    raise errors.missing(name)
                values[parameter.name] = self._default(parameter)
            elif parameter.type == 'string' and not parameter.multi:
                if raw.startswith('\x1f'):
                    raise errors.one_value(name)
                if parameter.deprecated:
                    self.deprecate(f'The parameter "{name}" has been deprecated.')
                if parameter.required and raw == '':
                    raise errors.missing(name)
                values[parameter.name] = self._normalized(name, raw)
            else:
                if parameter.deprecated:
                    self.deprecate(f'The parameter "{name}" has been deprecated.')
                values[parameter.name] = self._value(name, parameter, raw)
        return values

    def _default(self, parameter: Parameter) -> Any:
        default = parameter.default
        if parameter.type == 'boolean':
            return False
        if parameter.multi and default is not None:
            return str(default).split('|')
        return default

    def _value(self, name: str, parameter: Parameter, raw: str) -> Any:
        kind = parameter.type
        if kind == 'boolean':
            return True
        raw = self._normalized(name, raw)
        if parameter.multi:
            return self._values(name, parameter, raw)
        if parameter.required and raw == '':
            raise errors.missing(name)
        if raw.startswith('\x1f'):
            raise errors.one_value(name)
        return self._single(name, parameter, raw)

    def _values(self, name: str, parameter: Parameter, raw: str) -> list[Any]:
        if raw.startswith('\x1f'):
            items = raw[1:].split('\x1f') if raw[1:] else []
        else:
            items = raw.split('|') if raw else []
        kind = parameter.type
        if parameter.allspecifier and items == [parameter.allspecifier]:
            if isinstance(kind, tuple):
                return list(kind)
            return [] if kind == 'namespace' else items
        limit = parameter.multi * (10 if self.high and parameter.multi == 50 else 1)
        if len(items) > limit:
            raise ApiError(
                'toomanyvalues',
                f'Too many values supplied for parameter "{name}". The limit is '
                f'{limit}.',
                data={
                    'parameter': name,
                    'limit': limit,
                    'lowlimit': parameter.multi,
                    'highlimit': parameter.multi * 10,
                },
            )
        if isinstance(kind, tuple) and kind:
            unknown = [item for item in items if item not in kind]
            if unknown:
                several = 's' if len(unknown) > 1 else ''
                self.warn(
                    'unrecognizedvalues',
                    f'Unrecognized value{several} for parameter "{name}": '
                    + ', '.join(unknown),
                    {'values': unknown},
                )
            for item in items:
                if item in parameter.deprecatedvalues:
                    self.deprecate(
                        f'The value "{item}" to parameter "{name}" has been deprecated.'
                    )
            return list(dict.fromkeys(item for item in items if item in kind))
        if parameter.name == 'tags' and items:
            tags = ', '.join(items)
            raise ApiError(
                'badtags',
                f'The tag "{tags}" is not allowed to be manually applied.',
                data={'disallowedtags': items},
                key='tags-apply-not-allowed-one',
                params=[tags, 1],
            )
        values = [self._single(name, parameter, item) for item in items]
        return values if parameter.allowsduplicates else list(dict.fromkeys(values))

    def _single(self, name: str, parameter: Parameter, raw: str) -> Any:
        kind = parameter.type
        if isinstance(kind, tuple):
            if name == 'generator' and self.declarations.known(f'query+{raw}'):
                if raw not in kind:
                    raise errors.no_generator(raw)
            elif raw not in kind:
                raise errors.bad_value(name, raw)
            return raw
        if kind == 'integer' or kind == 'namespace':
            if not re.fullmatch(r'[+-]?\d+', raw):
                raise ApiError(
                    'badinteger',
                    f'Invalid value "{raw}" for integer parameter "{name}".',
                    params=[name, raw],
                )
            return int(raw)
        if kind == 'limit':
            return self._limit(name, parameter, raw)
        if kind == 'expiry':
            return self._expiry(name, raw)
        if kind == 'timestamp':
            return self._timestamp(name, raw)
        if kind == 'user':
            canonical = canonical_user(raw)
            if raw.startswith('#') and raw[1:].isdigit() and 'id' in parameter.subtypes:
                return raw
            if canonical is None and not {'ip', 'cidr'}.isdisjoint(parameter.subtypes):
                canonical = canonical_address(raw)
            if canonical is None:
                raise ApiError(
                    'baduser',
                    f'Invalid value "{raw}" for user parameter "{name}".',
                    params=[name, raw],
                )
            return canonical
        return raw

    def _timestamp(self, name: str, raw: str) -> str:
        if raw in ('', '0'):
            self.warn(
                'unclearnowtimestamp',
                f'Passing "{raw}" for timestamp parameter "{name}" has been '
                'deprecated. If for some reason you need to explicitly specify the '
                'current time without calculating it client-side, use "now".',
            )
        if raw in ('', '0', 'now'):
            return self.farm.timestamp()
        found = timestamps.read(raw)
        if found is None:
            raise ApiError(
                'badtimestamp',
                f'Invalid value "{raw}" for timestamp parameter "{name}".',
                params=[name, raw],
            )
        return found

    def _expiry(self, name: str, raw: str) -> str:
        found = self.until(raw)
        if found is None:
            raise ApiError(
                'badexpiry',
                f'Invalid value "{raw}" for expiry parameter "{name}".',
                params=[name, raw],
            )
        if found < self.farm.timestamp():
            raise ApiError(
                'badexpiry-past',
                f'Value "{raw}" for expiry parameter "{name}" is in the past.',
                params=[name, raw],
            )
        return found

    def _limit(self, name: str, parameter: Parameter, raw: str) -> int:
        maximum = (parameter.highmax if self.high else parameter.max) or 500
        if raw == 'max':
            limits = self.result.setdefault('limits', {})
            limits[self.path.rpartition('+')[2]] = maximum
            return maximum
        if not re.fullmatch(r'[+-]?\d+', raw):
            raise ApiError(
                'badinteger',
                f'Invalid value "{raw}" for integer parameter "{name}".',
                params=[name, raw],
            )
        value = int(raw)
        if not 1 <= value <= maximum:
            self.warn(
                'outofrange',
                f'The value "{raw}" for parameter "{name}" must be between 1 and '
                f'{maximum}.',
                {
                    'min': 1,
                    'curmax': maximum,
                    'max': parameter.max,
                    'highmax': parameter.highmax,
                },
            )
        return min(max(value, 1), maximum)

    def _normalized(self, name: str, raw: str) -> str:
        if raw.isascii() and raw.isprintable():
            return raw
        # In a list with U+001F between its values, each of them is normalized.
        listed = raw.startswith('\x1f')
        parts = raw.split('\x1f') if listed else [raw]
        text = '\x1f'.join(
            unicodedata.normalize('NFC', _CONTROLS.sub('\ufffd', part))
            for part in parts
        )
        if text != raw:
            self.warn(
                'badutf8',
                f'The value passed for "{name}" contains invalid or non-normalized '
                'data. Textual data should be valid, NFC-normalized Unicode without C0 '
                'control characters other than HT (\\t), LF (\\n), and CR (\\r).',
            )
        return text
