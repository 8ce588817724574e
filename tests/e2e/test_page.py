"""The page in a real browser: ask, watch the answer come, see where it is from."""

from __future__ import annotations

import asyncio
import os
import re
import shutil

import pytest

from outcrop.api.app import api_app
from outcrop.console.page import console_app
from outcrop.core.errors import ModelFailed
from outcrop.testing.serving import served
from outcrop.testing.small import TOKEN

CHROMIUM = os.environ.get("OUTCROP_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = os.environ.get("OUTCROP_REQUIRE_BROWSER") == "1"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="There is no Chromium on this machine."),
    # Playwright's synchronous interface leaves its sockets to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()


@pytest.fixture
def server(services):
    def make():
        api, console = api_app(services), console_app(services)

        async def app(scope, receive, send):
            path = scope.get("path", "")
            await (console if path == "/" or path.startswith("/static/") else api)(scope, receive, send)

        return app

    with served(make) as running:
        yield running


@pytest.fixture
def problems():
    return []


@pytest.fixture
def context(browser, server, problems):
    one = browser.new_context(base_url=server.url, viewport={"width": 390, "height": 844})
    one.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    one.on("request", lambda request: None if request.url.startswith(server.url) else problems.append(request.url))
    yield one
    one.close()


@pytest.fixture
def page(context, problems):
    opened = context.new_page()
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(f"/?token={TOKEN}")
    opened.wait_for_selector("#composer:visible")
    yield opened
    assert problems == []


def ask(page, question):
    page.fill("#question", question)
    page.keyboard.press("Enter")


def wait_for_facts(page, turn=1):
    page.wait_for_function("count => document.querySelectorAll('.turn-foot .facts').length === count", arg=turn)


async def event():
    return asyncio.Event()


def test_the_token_leaves_the_address(page):
    assert "token" not in page.url
    page.reload()
    page.wait_for_selector("#composer:visible")


def test_without_the_token_the_page_is_locked(context, problems):
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector("text=This page is locked.")
    assert not page.is_visible("#composer")
    problems.clear()  # the browser reports the refused request


def test_the_answer_comes_in_pieces_then_its_sources(page, services, server):
    services.answers.hold = server.call(event())
    ask(page, "When is business class allowed on flights?")
    page.wait_for_selector(".answer >> text=Employees")
    assert page.inner_text(".answer").strip() == "Employees"  # the rest is not written yet
    assert page.get_attribute(".answer", "aria-busy") == "true"
    server.loop.call_soon_threadsafe(services.answers.hold.set)
    wait_for_facts(page)
    assert "longer than six hours." in page.inner_text(".answer")
    card = page.locator(".card")
    assert card.count() == 1
    assert card.locator(".card-name").inner_text() == "travel.pdf"
    assert card.locator(".card-place").inner_text() == "Page 4"
    assert card.locator("mark").inner_text() == "Employees may book business class on flights longer than six hours."
    assert "Shorter flights are economy." in card.inner_text()
    assert "1 source" in page.inner_text(".facts")
    assert "Answered." in page.inner_text("#status")


def test_a_mark_leads_to_its_source(page):
    ask(page, "When is business class allowed on flights?")
    wait_for_facts(page)
    page.click(".mark")
    assert page.evaluate("document.activeElement.className").startswith("card")
    assert page.locator(".cited.lit").count() == 1
    assert page.get_attribute(".mark", "aria-label") == "Source 1: travel.pdf, Page 4"


def test_a_follow_up_goes_on_in_the_same_session(page, services):
    ask(page, "When is business class allowed on flights?")
    wait_for_facts(page)
    ask(page, "And paid leave?")
    wait_for_facts(page, 2)
    first, second = services.answers.asked
    assert first.session_id is None
    assert second.session_id is not None
    page.click("#new-conversation")
    ask(page, "Flights again?")
    wait_for_facts(page)
    assert services.answers.asked[-1].session_id is None


def test_what_the_documents_do_not_say_is_a_calm_refusal(page, services):
    ask(page, "zebra?")
    page.wait_for_selector(".refused")
    assert services.settings.refusal in page.inner_text(".answer")
    assert page.locator(".card").count() == 0
    assert page.locator("[role=alert]:visible").count() == 0


def test_markup_in_documents_stays_text(page):
    ask(page, "hostile marker?")
    wait_for_facts(page)
    assert "<script>document.title='owned'</script>" in page.inner_text(".answer")
    assert "<img src=x onerror" in page.inner_text(".card")
    assert page.locator(".turn img, .turn script").count() == 0
    assert page.title() == "Outcrop"


def test_an_error_is_said_in_words_and_asking_goes_on(page, services):
    services.answers.fails, services.answers.fails_after_words = ModelFailed("The model stopped."), 2
    ask(page, "business class flights?")
    page.wait_for_selector(".error >> text=The model stopped.")
    services.answers.fails = None
    ask(page, "business class flights?")
    wait_for_facts(page)


def test_stopping_ends_the_answer_on_the_server(page, services, server):
    services.answers.hold = server.call(event())
    ask(page, "business class flights?")
    page.wait_for_selector(".answer >> text=Employees")
    page.keyboard.press("Escape")
    page.wait_for_selector("text=Stopped.")
    server.call(asyncio.wait_for(services.answers.cancelled.wait(), timeout=20))


def test_a_table_is_shown_as_a_table(page):
    ask(page, "Widget kit price?")
    wait_for_facts(page)
    assert page.locator(".card th").all_inner_texts() == ["Part", "Price"]
    assert page.locator(".card td").all_inner_texts() == ["Widget flights kit", "40"]
    assert page.locator(".answer td").all_inner_texts() == ["Widget flights kit", "401"]  # and its mark
    assert page.inner_text(".card-place") == "Prices, row 2"


def test_marks_stand_where_they_belong_in_any_script(page):
    ask(page, "北京 budget mountains?")
    wait_for_facts(page)
    assert page.inner_text(".cited") == "𝔘nicode mountains 🏔️ cost 北京 nothing."
    assert page.inner_text(".answer p").endswith("1")


def test_documents_are_listed_with_reasons(page):
    page.click("#open-documents")
    page.wait_for_selector("#documents >> text=The file is encrypted.")
    assert page.locator(".document").count() == 6
    page.keyboard.press("Escape")
    assert not page.is_visible("#documents")


def test_nothing_is_wider_than_a_phone(page):
    ask(page, "When is business class allowed on flights?")
    wait_for_facts(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_everything_has_a_name_for_those_who_listen(page):
    ask(page, "When is business class allowed on flights?")
    wait_for_facts(page)
    tree = page.locator("body").aria_snapshot()
    assert not re.search(r"- (button|link|textbox|combobox)(:|$)", tree, re.MULTILINE)
    assert 'textbox "Your question"' in tree


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(page, scheme):
    page.emulate_media(color_scheme=scheme)
    ask(page, "When is business class allowed on flights?")
    wait_for_facts(page)
    seen = [".question", ".answer", ".card-place", ".card-context", ".passage", ".facts", ".mark"]
    ratios = page.evaluate(CONTRAST, seen)
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


CONTRAST = """(selectors) => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [.2126, .7152, .0722][place], 0);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  return Object.fromEntries(selectors.map((selector) => {
    const node = document.querySelector(selector);
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    return [selector, (a + .05) / (b + .05)];
  }));
}"""
