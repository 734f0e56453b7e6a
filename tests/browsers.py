"""The browser of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# WCAG 2.2, levels A and AA, and what axe calls good practice.
# Without preload: axe would ask again for the style sheets, which a page opened from the disk may not.
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "preload": False,
}


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Opens Chromium without a window; the test is skipped where there is none.

    Args:
        options: of its command line, besides those that it needs everywhere.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    with sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *options])
        except Error as error:
            pytest.skip(f"no Chromium on this machine: {error.message.splitlines()[0]}")
        yield opened
        opened.close()
