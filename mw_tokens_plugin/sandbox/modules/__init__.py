"""The modules of the action API; importing this package registers them all."""

from . import accounts, authentication, lists, pages, query, site  # noqa: F401
