from tests.browser.conftest import chromium, label_page, open_page, site

__all__ = ["chromium", "label_page", "open_page", "site"]
