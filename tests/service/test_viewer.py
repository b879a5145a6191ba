"""The viewer in a real browser: run, pause, go back, filter, by keyboard alone, on a phone, in the dark."""

import shutil

import pytest

from tests.service.processes import FIFO

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_SECONDS = 60


class Page:
    """A browser on the viewer, spoken to as a user would."""

    def __init__(self, folder, url, size=(1440, 1000), scheme="light"):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
        self.driver.get(url)
        self.wait(lambda: self.find("body").get_attribute("data-ready") == "yes")

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def wait(self, condition):
        from selenium.common.exceptions import StaleElementReferenceException as Stale

        waiting = WebDriverWait(self.driver, PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=[Stale])
        return waiting.until(lambda _: condition())

    def press(self, *keys):
        for key in keys:
            webdriver.ActionChains(self.driver).send_keys(key).perform()

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    def tab_to(self, element):
        """Press Tab until an element has the focus, as one does without a mouse."""
        for _ in range(80):
            if self.driver.execute_script("return document.activeElement.id") == element:
                return
            self.press(Keys.TAB)
        pytest.fail(f"#{element} is not reached with Tab")

    def at(self, tick):
        self.wait(lambda: self.text("#clock").startswith(f"tick {tick} of"))

    def tiles(self):
        return [tile.text for tile in self.all(".tile b")]


@pytest.fixture
def browse(service, tmp_path):
    """Opens a page; what the browser complains of fails the test."""
    opened = []

    def open_page(name=None, **more):
        url = f"{service.url}/" + (f"#{name}" if name else "")
        opened.append(Page(tmp_path / f"profile{len(opened)}", url, **more))
        return opened[-1]

    yield open_page
    complaints = [entry["message"] for page in opened for entry in page.driver.get_log("browser")]
    for page in opened:
        page.driver.quit()
    assert complaints == []


def test_viewer_run_is_made_run_paused_and_scrubbed_back(browse, service):
    page = browse()
    Select(page.find("#scenario")).select_by_value("ten-banks-v0")
    page.find("#seed").send_keys("7")
    page.find("#make button").click()
    page.at(0)
    page.find("#play").click()
    page.wait(lambda: int(page.find("#scrub").get_attribute("max")) >= 4)
    page.find("#play").click()
    page.wait(lambda: page.text("#play") == "Run")
    name = page.driver.current_url.split("#")[1]
    run = service.get(f"/simulations/{name}")
    assert (run["seed"], run["name"]) == (7, "ten-banks-v0")
    page.wait(lambda: page.text("#clock").startswith(f"tick {service.get(f'/simulations/{name}')['tick']} of"))
    page.driver.execute_script(
        "const s = document.getElementById('scrub'); s.value = 2; s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.at(2)
    then = service.get(f"/simulations/{name}/state", tick=2)
    assert page.tiles()[0] == str(then["totals"]["settled"])
    balances = [row.text.replace("\u2212", "-").replace(",", "") for row in page.all("#banks tbody td:nth-child(3)")]
    assert balances == [f"{bank['balance'] / 100:.2f}" for bank in then["banks"]]
    assert len(page.all(".edge")) == len(then["waiting"])
    page.find("#last").click()
    page.wait(lambda: page.find("#scrub").get_attribute("value") == page.find("#scrub").get_attribute("max"))


def test_viewer_everything_works_from_the_keyboard_alone(browse, service):
    page = browse()
    page.press("n")
    assert page.focused.get_attribute("id") == "scenario"
    Select(page.find("#scenario")).select_by_value("castro-12period-v0")  # as typing its first letters does
    page.tab_to("policy")
    page.press(Keys.TAB, Keys.ENTER)
    page.at(0)
    page.wait(lambda: page.focused.get_attribute("id") == "play")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.wait(lambda: not page.text("#clock").startswith("tick 0 "))
    page.press(Keys.ARROW_RIGHT)
    page.wait(lambda: int(page.find("#scrub").get_attribute("max")) >= 2)
    live = int(page.find("#scrub").get_attribute("max"))
    page.driver.execute_script("document.activeElement.blur()")
    page.press(" ")
    page.wait(lambda: int(page.find("#scrub").get_attribute("max")) >= 5)
    page.press(" ")
    page.wait(lambda: page.text("#play") == "Run")
    page.press(Keys.HOME)
    page.at(0)
    page.press(Keys.ARROW_RIGHT)
    page.at(1)
    page.press(Keys.END)
    page.wait(lambda: int(page.find("#scrub").get_attribute("value")) >= live)
    page.tab_to("scrub")
    page.press(Keys.ARROW_LEFT)
    page.wait(lambda: "latest tick is" in page.text("#clock"))
    while page.focused.get_attribute("data-key") != "node-BANK_A":
        page.press(Keys.TAB)
    page.press(Keys.ENTER)
    page.wait(lambda: page.find("#bank").get_attribute("value") == "BANK_A")
    assert page.focused.get_attribute("data-key") == "node-BANK_A"
    assert page.find("#queue").get_attribute("value") == "BANK_A"
    page.press("p")  # runs on from the tick that is shown, to the end
    page.wait(lambda: "the run is over" in page.text("#clock"))
    page.press("/")
    assert page.focused.get_attribute("id") == "kind"
    page.tab_to("older")
    page.press("?")
    assert page.find("#keys").is_displayed()
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.find("#keys").is_displayed())


def test_viewer_events_are_filtered_up_to_the_tick_shown(browse, service):
    name = service.make(seed=4, external_policy=FIFO)
    service.tick(name, 10)
    page = browse(name)
    page.at(10)
    Select(page.find("#kind")).select_by_value("Arrival")
    Select(page.find("#bank")).select_by_value("BANK_B")

    def listed():
        return [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in page.all("#events tbody tr")]

    for shown in (10, 5):
        found = service.get(
            f"/simulations/{name}/events", kind="Arrival", bank="BANK_B", to_tick=shown - 1, newest_first=True
        )
        wanted = [[str(event["tick"]), "Arrival", event["tx"]] for event in found["events"]]
        page.wait(lambda wanted=wanted: [[row[0], row[1], row[4]] for row in listed()] == wanted)
        assert wanted
        for _ in range(5 if shown == 10 else 0):
            page.find("#back").click()
        page.at(5)
    tx = listed()[0][4]
    Select(page.find("#kind")).select_by_value("")
    page.find("#tx").send_keys(tx)
    page.wait(lambda: {row[4] for row in listed()} == {tx} and listed()[-1][1] == "Arrival")


def test_viewer_what_somebody_else_runs_is_seen_at_once(browse, service):
    name = service.make(seed=4, external_policy=FIFO)
    page = browse(name)
    page.at(0)
    service.tick(name, 3)
    page.at(3)


def test_viewer_page_without_a_run_says_how_to_begin(browse):
    page = browse()
    assert page.text(".welcome").startswith("No run is open.")
    assert not page.find("#network").is_displayed()
    assert page.driver.execute_script(OVERLAPS) == []


OVERLAPS = """
const boxes = [...document.querySelectorAll(
  ".top h1, .top label, .top button, .top a, .buttons button, .speed select, .scrub, .clock, .tile, .card, .card h2")]
  .filter(box => box.getClientRects().length);
const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
return boxes.flatMap((one, at) => boxes.slice(at + 1)
  .filter(two => !one.contains(two) && !two.contains(one) && one.closest("main") === two.closest("main"))
  .filter(two => !apart(one.getBoundingClientRect(), two.getBoundingClientRect()))
  .map(two => `${one.textContent.trim()} / ${two.textContent.trim()}`));
"""
"""What lies on top of something else, though neither holds the other."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_viewer_phone_shows_all_of_it_without_scrolling_sideways(browse, service, scheme, tmp_path):
    name = service.make("crisis-v0", seed=4, external_policy=FIFO)
    service.tick(name, 120)  # to its end: the longest text of the clock
    page = browse(name, size=(360, 740), scheme=scheme)
    page.at(120)
    assert "the run is over" in page.text("#clock")
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 360
    page.wait(lambda: page.all("#events tbody tr"))
    for selector in ("#tiles", "#network svg", "#banks table", "#time svg", "#costs", "#payments", "#events"):
        assert page.find(selector).is_displayed(), selector
    assert page.driver.execute_script(OVERLAPS) == []
    for button in page.all(".buttons button"):
        assert button.size["height"] >= 36
        assert button.size["width"] >= 36
    colours = page.driver.execute_script(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color].map(c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0))"
    )
    assert (colours[0] > colours[1]) == (scheme == "light")
    assert page.driver.save_screenshot(str(tmp_path / "phone.png"))


def test_viewer_fault_is_told_in_the_page(browse):
    page = browse()
    page.find("#seed").send_keys("-1")
    page.driver.execute_script("document.getElementById('make').noValidate = true")
    page.find("#make button").click()
    page.wait(lambda: page.find("#problem").is_displayed())
    assert page.text("#problem") == "seed: must be at least 0, got -1"
    page.driver.get_log("browser")  # the browser notes the refused request
