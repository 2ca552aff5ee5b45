"""Every text of the sources is in every catalog, translated; and the tools that see to it notice what is not."""

import shutil

import pytest
from babel.messages.pofile import read_po, write_po
from django.utils import translation

from annotation.models import Labeler
from labeling_ui.translations import catalogs, extract

CATALOGS = [(language, domain) for language in catalogs.languages() for domain in catalogs.DOMAINS]


@pytest.fixture(scope="module")
def found():
    """What the sources say, by domain: to read them all takes seconds."""
    return {domain: list(read()) for domain, read in catalogs.DOMAINS.items()}


@pytest.fixture(autouse=True)
def read_once(found, monkeypatch):
    for domain, texts in found.items():
        monkeypatch.setitem(catalogs.DOMAINS, domain, lambda texts=texts: iter(texts))


@pytest.fixture
def copy(tmp_path, settings):
    """copy(change) → the faults of a copy of the Chinese catalog after change(catalog, a translated message of it)."""
    shutil.copytree(settings.LOCALE_PATHS[0], tmp_path / "locale")
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    path = catalogs.path("zh_Hans", "django")

    def changed(change):
        with path.open("rb") as file:
            catalog = read_po(file, locale="zh_Hans")
        change(catalog, catalog["Skip to the content"])
        with path.open("wb") as file:
            write_po(file, catalog)
        return [fault for fault in catalogs.faults("zh_Hans", "django") if fault not in before]

    before = catalogs.faults("zh_Hans", "django")
    return changed


@pytest.mark.parametrize(("language", "domain"), CATALOGS)
def test_every_text_is_translated_and_no_translation_is_left_over(language, domain):
    assert catalogs.faults(language, domain) == []


def test_there_is_a_catalog_for_every_language_but_that_of_the_sources():
    assert CATALOGS == [("zh_Hans", "django"), ("zh_Hans", "djangojs")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Skip to the content", "labeling_ui/templates/labeling_ui/plain.html"),
        ("j F Y, H:i", "labeling_ui/templates/labeling_ui/lead/_datasets.html"),
        ("Your role: %(role)s", "labeling_ui/templates/labeling_ui/account/home.html"),
        (("%(labels)s label", "%(labels)s labels"), "labeling_ui/templates/labeling_ui/lead/_datasets.html"),
        ("Solutions of each", "labeling_ui/forms.py"),
        ("Waiting for a worker.", "annotation/queries/jobs.py"),
        ("This solution was never given to you.", "annotation/services/labeling.py"),
        ("Please say in a few words why.", "annotation/services/judgements.py"),
        ("Cancelled", "annotation/models/rounds.py"),
    ],
)
def test_texts_are_found_wherever_people_read_them(text, place, found):
    assert (place, text, None) in found["django"]


def test_texts_of_scripts_are_found_in_calls_of_say(found):
    scripts = found["djangojs"]

    assert "labeling_ui/static/labeling_ui/js/live.js" in {place for place, *_ in scripts}
    assert [text for place, text, _ in scripts if place.endswith("/words.js")] == ["Bad", "Okay", "Great"]


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('note(say("All saved"));', ["All saved"]),
        ('say("Outer {x}", { x: say("inner") })', ["Outer {x}", "inner"]),
        ('`${what} · ${say("corrected")}`', ["corrected"]),
        ('this.#say(isOn ? say("on") : say("off"));', ["on", "off"]),
        ('say(\n  "On its \\"own\\" line",\n)', ['On its "own" line']),
        ('sayMany("{n} label", "{n} labels", all.length)', [("{n} label", "{n} labels")]),
        ('// say("in a comment")\n * say("in another")\nthis.say("a method"); essay("a word");', []),
        ("export function say(text, values = {}) {", []),
    ],
)
def test_a_script_says_its_literals_however_deep_they_stand(source, texts):
    assert list(extract.said(source, "some.js")) == texts


@pytest.mark.parametrize("source", ["say(text)", 'say("one" + "two")', "say(`All`)", 'sayMany("{n} label", many, n)'])
def test_a_text_that_is_no_literal_is_refused(source):
    with pytest.raises(ValueError, match=r"some\.js: .*literal"):
        list(extract.said(source, "some.js"))


def test_a_text_that_is_not_in_the_catalog_is_noticed(copy):
    faults = copy(lambda catalog, message: catalog.delete(message.id))

    assert faults == ["not in the catalog: 'Skip to the content'"]


def test_a_text_without_its_translation_is_noticed(copy):
    def forget(catalog, message):
        message.string = ""

    assert copy(forget) == ["not translated: 'Skip to the content'"]


def test_a_translation_that_somebody_only_guessed_is_noticed(copy):
    assert copy(lambda catalog, message: message.flags.add("fuzzy")) == ["not translated: 'Skip to the content'"]


def test_a_translation_of_a_text_that_is_gone_is_noticed(copy):
    faults = copy(lambda catalog, message: catalog.add("A text of yesterday.", "昨天的文字。"))

    assert faults == ["not in the sources any more: 'A text of yesterday.'"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Round %(number)s", "第 %(nummer)s 轮"),
        ("Round %(number)s", "第几轮"),
        ("{seconds} s", "{sekunden} 秒"),
        ("There is <b>no solution left</b> that nobody has labeled. Import or sample more of them first.", "没有了。"),
    ],
)
def test_a_translation_with_other_placeholders_or_tags_is_noticed(text, wrong, copy):
    def spoil(catalog, _):
        catalog[text].string = wrong

    assert copy(spoil) == [f"other placeholders or tags: {text!r} → {wrong!r}"]


def test_bringing_a_catalog_up_to_date_keeps_translations_and_drops_what_is_gone(copy):
    def age(catalog, message):
        catalog.add("A text of yesterday.", "昨天的文字。")
        message.string = "跳过"
        catalog.delete("Sign out")

    copy(age)
    catalogs.update("zh_Hans", "django")

    catalog = catalogs.read("zh_Hans", "django")
    assert catalog["Skip to the content"].string == "跳过"
    assert catalog["Sign out"].string == ""
    assert "A text of yesterday." not in catalog


def test_bringing_it_up_to_date_twice_changes_nothing(copy):
    path = catalogs.path("zh_Hans", "django")
    catalogs.update("zh_Hans", "django")
    once = path.read_bytes()

    catalogs.update("zh_Hans", "django")

    assert path.read_bytes() == once


def test_a_text_in_two_contexts_is_two_texts(copy, monkeypatch):
    found = [("a.py", "Label", None), ("b.py", "Label", "act")]
    monkeypatch.setitem(catalogs.DOMAINS, "django", lambda: found)
    catalogs.update("zh_Hans", "django")

    assert "not translated: 'Label' (act)" in catalogs.faults("zh_Hans", "django")


def test_pages_speak_the_language_that_was_compiled_at_set_up():
    with translation.override("zh-hans"):
        assert translation.gettext("Skip to the content") == "跳到正文"
    with translation.override("en"):
        assert translation.gettext("Skip to the content") == "Skip to the content"


def test_scripts_get_the_texts_of_their_language_and_none_for_english():
    gone = "This page is no longer kept up to date: you are signed out, or it is not yours any more. Load it again."

    assert catalogs.for_scripts("zh-hans")[gone].startswith("本页已不再更新")
    assert catalogs.for_scripts("en") == {}


def test_a_page_with_scripts_brings_their_texts(dana, client_for):
    client = client_for(dana)

    assert '<script id="words" type="application/json">{}</script>' in client.get("/p/algebra/").content.decode()
    client.cookies["language"] = "zh-hans"
    assert "\\u672c\\u9875\\u5df2" in client.get("/p/algebra/").content.decode()


def test_refusals_and_the_api_speak_the_language_of_the_page(alice, client_for):
    client = client_for(alice.user)
    client.cookies["language"] = "zh-hans"

    nobody = client.post("/api/v1/projects/nowhere/claim", content_type="application/json")
    wrong = client.post("/api/v1/projects/algebra/labels", {}, content_type="application/json")
    Labeler.objects.update(state="paused")
    paused = client.post("/api/v1/projects/algebra/claim", content_type="application/json")

    assert nobody.json() == {"code": "not_found", "detail": "这里没有您可以查看的内容。"}
    assert wrong.json()["detail"] == "有些字段填写有误。"
    assert wrong.json()["fields"]["finish_reason"] == ["该字段是必填项。"]
    assert paused.json() == {
        "code": "labeler_paused",
        "detail": "您在本项目中的工作已暂停。详情请咨询项目负责人。",
    }
