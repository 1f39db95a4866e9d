"""A real browser, for what a person does outside of the program."""

from __future__ import annotations

import shutil
import threading
from importlib.util import find_spec

#: Seconds after which a page that does not come is given up.
PATIENCE = 240.0


def lacking() -> str:
    """Return what is missing for a browser; empty if nothing is."""
    names = [name for name in ('chromium', 'chromedriver') if not shutil.which(name)]
    if find_spec('selenium') is None:
        names.append('selenium')
    return ', '.join(names)


class Browser:
    """Chromium without a window; it gives its consent wherever it is asked.

    :ivar last_page: the text of the page that it has come to
    :ivar address: that of the page
    """

    def __init__(self) -> None:
        """Start it."""
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which('chromium'))
        for argument in ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage'):
            options.add_argument(argument)
        service = webdriver.ChromeService(str(shutil.which('chromedriver')))
        self._driver = webdriver.Chrome(options, service)
        self._driver.set_page_load_timeout(60)
        self._threads: list[threading.Thread] = []
        self.last_page = ''
        self.address = ''

    def open(self, url: str) -> bool:
        """Go to a page and approve, meanwhile."""
        thread = threading.Thread(target=self._approve, args=(url,))
        thread.start()
        self._threads.append(thread)
        return True

    def wait(self) -> None:
        """Wait until it has done what it was told."""
        for thread in self._threads:
            thread.join(PATIENCE)

    def close(self) -> None:
        """End it, when it has done what it was told."""
        self.wait()
        self._driver.quit()

    def _approve(self, url: str) -> None:
        self._driver.get(url)
        self._driver.find_element('id', 'approve').click()
        self.last_page = self._driver.find_element('tag name', 'body').text
        self.address = self._driver.current_url
