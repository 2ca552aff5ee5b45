"""Language and theme are chosen with the keyboard, and stay."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import press, sign_in

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
LIGHT, DARK = "rgb(245, 244, 239)", "rgb(20, 22, 27)"


@pytest.fixture
def mel(transactional_db):
    return factories.member(factories.project(slug="algebra", name="Algebra"), "ml", "mel")


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def open_menu(page):
    page.locator("button[popovertarget=account-menu]").focus()
    press(page, "Enter")
    expect(page.locator("#account-menu")).to_be_visible()


def tab_to(page, name):
    """Go on with Tab until the button of this name has the focus."""
    for _ in range(12):
        press(page, "Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")


def test_language_and_theme_are_chosen_in_the_menu_with_the_keyboard_and_stay(mel, open_page):
    page = open_page(locale="en-GB", color_scheme="light")
    sign_in(page, mel)
    page.goto("/p/algebra/rounds/?page=1")
    assert background(page) == LIGHT

    open_menu(page)
    expect(page.get_by_role("group", name="Language").get_by_role("button")).to_have_text(["English", "简体中文"])
    tab_to(page, "简体中文")
    press(page, "Enter")
    expect(page.get_by_role("heading", name="开始新一轮")).to_be_visible()
    expect(page).to_have_url("/p/algebra/rounds/?page=1")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")

    open_menu(page)
    expect(page.get_by_role("group", name="语言").get_by_role("button")).to_have_text(["English", "简体中文"])
    expect(page.get_by_role("button", name="简体中文")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("group", name="主题").get_by_role("button")).to_have_text(["跟随设备", "浅色", "深色"])
    tab_to(page, "深色")
    press(page, "Space")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert background(page) == DARK

    page.reload()
    assert background(page) == DARK
    page.goto("/")
    expect(page.get_by_role("heading", name="我的项目")).to_be_visible()
    assert background(page) == DARK


@pytest.mark.parametrize(("device", "chosen", "colour"), [("light", "Dark", DARK), ("dark", "Light", LIGHT)])
def test_a_theme_wins_over_the_device_until_the_device_is_asked_again(device, chosen, colour, mel, open_page):
    page = open_page(color_scheme=device)
    page.goto("/accounts/sign-in/")
    before = background(page)

    page.get_by_role("button", name=chosen).click()
    expect(page.get_by_role("button", name=chosen)).to_have_attribute("aria-pressed", "true")
    assert background(page) == colour != before

    page.get_by_role("button", name="As the device").click()
    expect(page.get_by_role("button", name="As the device")).to_have_attribute("aria-pressed", "true")
    assert background(page) == before


def test_somebody_reads_the_sign_in_page_in_chinese_without_scripts_and_stays_in_it(mel, open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/accounts/sign-in/?next=/p/algebra/rounds/")

    page.get_by_role("button", name="简体中文").click()
    page.get_by_label("用户名").fill("mel")
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()

    expect(page.get_by_role("heading", name="轮次", exact=True)).to_be_visible()


def test_scripts_speak_the_language_of_the_page(mel, open_page):
    factories.running_round(mel.membership_set.get().project)
    page = open_page(locale="zh-CN")
    page.goto("/accounts/sign-in/")
    page.get_by_label("用户名").fill("mel")
    page.get_by_label("密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.goto("/p/algebra/rounds/")

    page.context.set_offline(True)

    expect(page.locator("[data-live-note]")).to_contain_text("暂时无法连接服务器")
    page.context.set_offline(False)
    expect(page.locator("[data-live-note]")).to_be_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_the_menu_fits_on_every_screen_and_its_text_stands_out(width, scheme, mel, open_page):
    page = open_page(viewport={"width": width, "height": 480}, color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, mel)
    page.goto("/")

    open_menu(page)

    assert page.evaluate(CONTRAST) == []

    box = page.locator("#account-menu").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= 480


@pytest.mark.parametrize("width", [320, 768])
def test_no_chinese_page_of_leads_or_ml_staff_scrolls_sideways(width, mel, open_page):
    project = mel.membership_set.get().project
    factories.member(project, "lead", "dana")
    factories.queued(project, 3)
    factories.running_round(project)
    page = open_page(locale="zh-CN", viewport={"width": width, "height": 640})

    for name, paths in {"mel": ["rounds/", "rounds/0/", "rounds/1/"], "dana": ["", "datasets/"]}.items():
        page.goto("/accounts/sign-in/")
        page.get_by_label("用户名").fill(name)
        page.get_by_label("密码").fill(factories.PASSWORD)
        page.get_by_role("button", name="登录").click()
        for path in paths:
            page.goto(f"/p/algebra/{path}")
            expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        page.context.clear_cookies()
