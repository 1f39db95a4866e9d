"""Lines of lists, as people paste them: which accounts they name.

Each module imports only those before it: ``signs`` (patterns they share), ``printed``
(what the output of campaigns adds to a target), ``grammar`` (what a line is), ``links``
and ``accounts`` (the names in an item). What could mean several things is refused.
Where lines come from is left to the caller.
"""

from mw_tokens_plugin.protocol.lines.accounts import (
    accounts_in,
    accounts_of,
    is_interpreted,
)
from mw_tokens_plugin.protocol.lines.grammar import (
    MAX_LENGTH,
    Line,
    LineKind,
    left_open,
    read_line,
    reference_in,
)
from mw_tokens_plugin.protocol.lines.printed import Printed, without_facts

__all__ = [
    'MAX_LENGTH',
    'Line',
    'LineKind',
    'Printed',
    'accounts_in',
    'accounts_of',
    'is_interpreted',
    'left_open',
    'read_line',
    'reference_in',
    'without_facts',
]
