"""The options of a script as fields of a frozen dataclass.

Each field says what its option means, how its value is read and what it goes together
with. Parsing, hints at misspelled options, the help (in :mod:`.helptext`) and the line
that resumes follow from that. What an option does is left to the script. This module
starts fast: it imports nothing but the standard library.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar

from mw_tokens_plugin.exceptions import InvalidInput

T = TypeVar('T', bound='Options')


#: The headings in the help of a script.
GROUPS = ('Targets', 'What is done', 'Guards', 'How many at a time', 'The record')


class When(enum.Enum):
    """Which runs of a campaign an option belongs to."""

    #: Only to the run that makes the plan: the ledger keeps what it said.
    NEW = 'new'
    #: To ``-resume`` and ``-undo`` as well.
    ALWAYS = 'always'


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """What an option means.

    :ivar help: what ``-help`` says of it
    :ivar value: what stands for its value; empty for a switch
    :ivar read: reads the value; raises ValueError where it makes no sense
    :ivar when: which runs it belongs to
    :ivar name: its name, where that does not follow from the field's
    :ivar also: another name
    :ivar group: what it stands under in the help, one of :data:`GROUPS`; by default the
        targets if it names any, else what is done
    :ivar repeat: whether it may be given several times
    :ivar separated: whether its value is a list with commas
    :ivar empty: whether its value may be empty
    :ivar required: whether a new campaign needs it
    :ivar needs: other fields, one of which must be given, too
    :ivar excludes: other fields that must not be given
    :ivar because: why, as the end of a sentence
    :ivar names_targets: whether it names targets
    :ivar by_others: whether others can choose the targets that it names
    :ivar keeps_names_private: whether no names may stand on the command line with it
    :ivar private: whether its value is kept out of messages and logs
    :ivar resumed: whether the line that resumes repeats it
    :ivar stored: how the ledger calls its value; empty if it is not stored
    :ivar rights: the rights that it needs, each with the smallest grant for it
    :ivar gives_reason: whether it makes -reason unnecessary
    :ivar instead: what is done instead of a campaign, given the options, the central
        wiki and a reporter
    """

    help: str
    value: str = ''
    read: Callable[[str], Any] = str
    when: When = When.NEW
    name: str = ''
    also: str = ''
    group: str = ''
    repeat: bool = False
    separated: bool = False
    empty: bool = False
    required: bool = False
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    because: str = ''
    names_targets: bool = False
    by_others: bool = False
    keeps_names_private: bool = False
    private: bool = False
    resumed: bool = False
    stored: str = ''
    gives_reason: bool = False
    rights: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    instead: Callable[[Any, Any, Any], object] | None = None

    @property
    def form(self) -> str:
        """How it is written, with what stands for its value."""
        return f'{self.name}:{self.value}' if self.value else self.name


#: The options of pywikibot, but for the numbers of its configuration.
PYWIKIBOT = {
    name: Option(help='', name=name, value=value)
    for value, names in {
        '': '-cc -cosmeticchanges -daemonize -debug -help -log -nolog -simulate -v '
        '-verbose',
        'CODE': '-code -lang',
        'FAMILY:CODE': '-site',
        'FILE': '-config',
        'NAME': '-family -user',
        'PATH': '-dir',
        'SECONDS': '-maxlag -pt -putthrottle',
    }.items()
    for name in names.split()
}
_NAMESPACES = ('file', 'user')
_FILE = ' A target that begins with "-" is given by -file:FILE.'

#: What editors and keyboards make of a hyphen, besides itself.
OTHER_DASHES = '\u2010-\u2015\u2212\ufe58\ufe63\uff0d'
_MEANT_AS_OPTION = re.compile(
    rf'(?P<dashes>[-{OTHER_DASHES}]*)(?P<name>[A-Za-z][\w-]{{2,}})'
    r'(?P<colon>[:=].*)?',
    re.DOTALL,
)


def option(help: str, default: Any = None, /, **more: Any) -> Any:
    """Declare an option as a field of a dataclass.

    .. version-added:: 0.1

    :param help: what ``-help`` says of it
    :param default: its value where it is not given; an empty tuple if it may be
        repeated, and False for a switch
    :param more: as the fields of :class:`Option`
    """
    about = Option(help=help, **more)
    if about.repeat or about.separated:
        default = ()
    elif not about.value and default is None:
        default = False
    return dataclasses.field(default=default, metadata={'option': about})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a command line asks for.

    :ivar names: the arguments that are not options
    :ivar given: the fields whose options were given
    """

    takes_names: ClassVar[bool] = True

    names: tuple[str, ...] = ()
    given: frozenset[str] = frozenset()

    @classmethod
    def rest(cls, argument: str, arguments: Sequence[str]) -> tuple[str, Any] | None:
        """Read what no option explains.

        :param argument: looks like an option
        :param arguments: the whole command line
        :return: the name of a field, and one more value for it; None if it is unknown
        """


def table(cls: type[Options]) -> dict[str, tuple[Field[Any], Option]]:
    """Return the options of a class by name, those of the class itself first."""
    fields = {field.name: field for field in dataclasses.fields(cls)}
    order = [name for base in cls.__mro__ for name in inspect.get_annotations(base)]
    rows = {}
    for name in dict.fromkeys(order):
        if name not in fields or 'option' not in fields[name].metadata:
            continue
        about: Option = fields[name].metadata['option']
        dashed = f'-{name.strip("_").replace("_", "-")}'
        group = about.group or GROUPS[0 if about.names_targets else 1]
        text, default = about.help, fields[name].default
        if about.value and default not in (None, '', ()):
            text += f' The default is {default}.'
        about = dataclasses.replace(
            about, name=about.name or dashed, group=group, help=text
        )
        rows[about.name] = fields[name], about
    return rows


def parse(cls: type[T], arguments: Iterable[str], script: str) -> T:
    """Read a command line.

    :param arguments: what pywikibot has left of the command line
    :param script: how the script is started
    :raises InvalidInput: an option is not known, is written in another way, is given
        twice, or has a value that makes no sense
    """
    rows, arguments = table(cls), list(arguments)
    known = {
        name: about
        for name, (_, about) in rows.items()
        if re.fullmatch('-[a-z-]*', name)
    }
    known.update((about.also, about) for _, about in rows.values() if about.also)
    found: dict[str, Any] = {}
    for argument in arguments:
        name, _, text = argument.partition(':')
        is_name = not argument.startswith('-') or argument == '-'
        if name not in known:
            if is_name and cls.takes_names:
                found['names'] = (*found.get('names', ()), argument)
                continue
            hint = _other_form(argument, {**PYWIKIBOT, **known})
            if hint and hint != argument:
                name = _name(argument)
                raise InvalidInput(f'{name} is not understood: write {hint}.')
            read = cls.rest(argument, arguments)
            if read is None:
                hint = _FILE if cls.takes_names and '-file' in known else ''
                raise _unknown(argument, {**PYWIKIBOT, **known}, script, hint)
            found[read[0]] = (*found.get(read[0], ()), read[1])
            continue
        about = known[name]
        _check_form(argument, about)
        field = rows[about.name][0].name
        value = _read(about, name, text) if about.value else True
        if about.separated:
            found[field] = found.get(field, ()) + value
        elif about.repeat:
            found[field] = (*found.get(field, ()), value)
        elif about.value and field in found:
            raise InvalidInput(f'{about.name} is given twice: give it once.')
        else:
            found[field] = value
    return cls(**found, given=frozenset(found) - {'names'})


def given(options: Options) -> Iterator[Option]:
    """Yield the options that were given on a command line."""
    for field, about in table(type(options)).values():
        if field.name in options.given:
            yield about


def check_together(options: Options, *, new: bool) -> None:
    """Refuse options that do not go together.

    :param new: whether the command line makes a new campaign
    :raises InvalidInput: it gives such options
    """
    rows = table(type(options))
    forms = {field.name: about.form for field, about in rows.values()}
    used = list(given(options))
    late = [about.name for about in used if about.when is When.NEW and not new]
    if late:
        verb = 'belong' if len(late) > 1 else 'belongs'
        raise InvalidInput(
            f'{listed(late)} {verb} to a new plan, not to -resume or -undo.'
        )
    for about in used:
        if about.needs and not options.given.intersection(about.needs):
            alike = [row.name for _, row in rows.values() if row.needs == about.needs]
            verb = 'need' if len(alike) > 1 else 'needs'
            wanted = listed([_with_article(forms[name]) for name in about.needs], 'or')
            raise InvalidInput(f'{listed(alike)} {verb} {wanted}.')
        for other in about.excludes:
            if getattr(options, other):
                pair = f'{about.name} and {forms.get(other, other)}'
                why = f': {about.because}' if about.because else '.'
                raise InvalidInput(f'{pair} do not go together{why}')
    for field, about in rows.values():
        if new and about.required and field.name not in options.given:
            raise InvalidInput(f'A new campaign needs {about.form}.')


def check_names(options: Options) -> None:
    """Refuse names that are options without their hyphen, or with another dash.

    :raises InvalidInput: there is one, or an empty one
    """
    known = {
        name: about
        for _, about in table(type(options)).values()
        for name in (about.name, about.also)
    }
    known = {**PYWIKIBOT, **known}
    for word in options.names:
        if not word.strip():
            raise InvalidInput(
                'An argument is empty: leave it out. Is a variable of the shell not '
                'set?'
            )
        about = _meant(word, known)
        if about is not None:
            raise InvalidInput(
                f'{_name(word)!r} is not understood. Is {about.form} meant? A target '
                'of that name can be given by -file:FILE.'
            )


def _meant(word: str, known: Mapping[str, Option]) -> Option | None:
    """Return the option for which a name was probably meant."""
    found = _MEANT_AS_OPTION.fullmatch(word)
    if found is None:
        return None
    name = f'-{found["name"].replace("_", "-")}'
    if found['dashes']:
        close = get_close_matches(name.lower(), known, n=1, cutoff=0.8)
        return known[close[0]] if close else None
    about, colon = known.get(name), found['colon'] or ''
    # A page or a user may be named with its namespace.
    is_page = colon.startswith(':') and name[1:] in _NAMESPACES
    if about is None or bool(colon) != bool(about.value) or is_page:
        return None
    return about


def repeated(options: Options) -> list[str]:
    """Return the options that the line which resumes a campaign repeats."""
    words = []
    for field, about in table(type(options)).values():
        value = getattr(options, field.name)
        if about.resumed and field.name in options.given:
            words.append(f'{about.name}:{value}' if about.value else about.name)
    return words


def listed(words: Sequence[str], last: str = 'and') -> str:
    """Return words as a sentence lists them."""
    if len(words) < 2:
        return ''.join(words)
    return f'{", ".join(words[:-1])} {last} {words[-1]}'


def _with_article(form: str) -> str:
    return form if form == '-' else f'a {form}'


def number(text: str) -> int:
    """Read a number.

    :raises ValueError: it is not one
    """
    if not text.isascii() or not text.isdecimal():
        raise ValueError('give a number, such as 100.')
    return int(text)


def _read(about: Option, name: str, text: str) -> Any:
    try:
        if not about.separated:
            return about.read(text)
        words = (word.strip() for word in text.split(','))
        return tuple(about.read(word) for word in words if word)
    except InvalidInput as error:
        if str(error).startswith('-'):
            # It speaks of the option itself.
            raise
        raise InvalidInput(f'{name}: {error}') from None
    except ValueError as error:
        # A line break would make another line of the message.
        is_shown = text.isprintable() and not about.private
        shown = f'{name}:{text}' if is_shown else name
        raise InvalidInput(f'{shown}: {error}') from None


#: Forms that are meant, where the name alone does not tell.
_MEANT = {'-resume': '-resume -campaign:NAME'}


def _check_form(argument: str, about: Option) -> None:
    name, colon, text = argument.partition(':')
    if about.value and not colon:
        raise InvalidInput(f'{argument} needs a value: {name}:{about.value}.')
    if colon and not about.value:
        form = _MEANT.get(name, name)
        raise InvalidInput(f'{name} takes no value: write {form}.')
    words = text.replace(',', ' ') if about.separated else text
    if about.value and not words.strip() and not about.empty:
        # What a variable of a shell was to limit must not be without a limit.
        raise InvalidInput(
            f'{name}: says nothing: give {name}:{about.value}, or leave it out. Is a '
            'variable of the shell not set?'
        )


def _other_form(argument: str, known: Mapping[str, Option]) -> str | None:
    """Return how an option is written here; None if that is not what is wrong."""
    found = re.fullmatch(r'-?(-[A-Za-z][\w-]*)(?:[=:](.*))?', argument, re.DOTALL)
    if found is None:
        return None
    name = found[1].lower().replace('_', '-')
    if name not in known:
        return None
    about = known[name]
    if not about.value:
        return name
    # A URL may hold a password.
    value = found[2] or ''
    shown = value and value.isprintable() and '://' not in value and not about.private
    return f'{name}:{value if shown else about.value}'


def _unknown(
    argument: str, known: Mapping[str, Option], script: str, more: str
) -> InvalidInput:
    names = [name for name in known if name != '-']
    close = get_close_matches(f'-{_name(argument).lstrip("-")}', names, n=1)
    hint = ''
    if close:
        about = known[close[0]]
        hint = f' Is {close[0]}{":" if about.value else ""}{about.value} meant?'
    return InvalidInput(
        f'{_name(argument)!r} is not understood.{hint} "{script} -help" lists all '
        'options; those with a value are written -name:value.'
        f'{more}'
    )


def _name(argument: str) -> str:
    """Return an argument without its value, which may be a secret."""
    return re.split('[:=]', argument, maxsplit=1)[0]
