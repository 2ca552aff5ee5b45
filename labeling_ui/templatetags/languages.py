"""What a page needs to know about its language. A built-in of all templates (settings.TEMPLATES), as are Django's own
{% translate %} and {% blocktranslate %}: no page has to load them."""

from django import template
from django.conf import settings
from django.utils.html import json_script
from django.utils.safestring import SafeString
from django.utils.translation import get_language, to_locale

from labeling_ui.translations import catalogs

register = template.Library()


@register.simple_tag
def page_language() -> str:
    """The language of the page as the lang attribute names it: en, zh-Hans."""
    return language_tag(_language())


@register.filter
def language_tag(code: str) -> str:
    """zh-hans → zh-Hans"""
    return to_locale(code).replace("_", "-")


@register.simple_tag
def words() -> SafeString:
    """The translations that scripts of this page need (js/words.js); in the head of a page with scripts that speak."""
    return json_script(catalogs.for_scripts(_language()), "words")


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE
