"""A browser on the viewer, spoken to as a user would."""

import shutil
from importlib.resources import files

import pytest

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

from tests.service.processes import PATIENCE_SECONDS  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed")

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
WIDE, PHONE = (1600, 1000), (390, 844)
VIEWS = ("day", "banks", "network", "payments", "events", "compare")

OVERLAPS = """
const boxes = [...document.querySelectorAll(
  ".top h1, .top .title, .links > *, .buttons button, .speed, .line, .clock, .tile, .tile b, .tabs button, .card, .card h2, .saves, .bar-of-tools > *, .scenario")]
  .filter(box => box.getClientRects().length);
const apart = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
const sticky = box => box.closest(".transport");
return boxes.flatMap((one, at) => boxes.slice(at + 1)
  .filter(two => !one.contains(two) && !two.contains(one) && Boolean(sticky(one)) === Boolean(sticky(two)))
  .filter(two => !apart(one.getBoundingClientRect(), two.getBoundingClientRect()))
  .map(two => `${one.textContent.trim()} / ${two.textContent.trim()}`));
"""
"""What lies on top of something else, though neither holds the other."""

CUT = """
return [...document.querySelectorAll(".tile b, td.num, td button.bank, .clock b, .figures dd, .tabs button")]
  .filter(box => box.getClientRects().length && box.scrollWidth > box.clientWidth + 1)
  .map(box => box.textContent);
"""
"""Numbers and names whose text is wider than their box."""


class Page:
    """The viewer in a browser of its own.

    Args:
        folder: of the browser's profile.
        root: address of the service.
    """

    def __init__(self, folder, root):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.root = root
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.driver.set_script_timeout(PATIENCE_SECONDS)

    def go(self, name=None, size=(1440, 1000), scheme="light"):
        """Open the viewer, on a run if one is named."""
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get("about:blank")
        self.driver.get(f"{self.root}/" + (f"#{name}" if name else ""))
        self.wait(lambda: self.find("body").get_attribute("data-ready") == "yes")
        return self

    def complaints(self):
        """What the browser has complained of since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition):
        """Wait for a condition, however slow the machine is; the limit is that of a page that will never meet it."""
        waiting = WebDriverWait(
            self.driver, PATIENCE_SECONDS, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(lambda _: condition())

    def drawn(self, view):
        """Wait until every chart in sight is drawn."""
        script = """
        return [...document.querySelectorAll(arguments[0])].every(plot => {
          const box = plot.getBoundingClientRect();
          return box.bottom < 0 || box.top > window.innerHeight || plot.querySelector(".main-svg");
        });
        """
        self.wait(lambda: self.run(script, f"#{view} .plot"))

    def click(self, selector):
        self.find(selector).click()

    def select(self, selector, value):
        Select(self.find(selector)).select_by_value(value)

    def press(self, *keys):
        for key in keys:
            webdriver.ActionChains(self.driver).send_keys(key).perform()

    @property
    def focused(self):
        return self.driver.switch_to.active_element

    def tab_to(self, condition, presses=150):
        """Press Tab until the element with the focus meets a condition, as one does without a mouse."""
        for _ in range(presses):
            if self.run(f"const e = document.activeElement; return Boolean({condition})"):
                return
            self.press(Keys.TAB)
        pytest.fail(f"{condition} is not reached with Tab")

    def show(self, view):
        """Open a view."""
        self.click(f"#tab-{view}")
        self.wait(lambda: self.find(f"#{view}").is_displayed())

    def at(self, tick):
        """Wait for a tick to be shown."""
        self.wait(
            lambda: self.find("#shown").get_attribute("aria-busy") == "false" and self.is_open and self.tick == tick
        )

    @property
    def is_open(self):
        return self.find("#shown").is_displayed()

    @property
    def tick(self):
        return int(self.find("#scrub").get_attribute("value"))

    def charts(self, place="#day"):
        """Wait for the charts in sight; returns how many are drawn."""
        self.wait(lambda: len(self.all(f"{place} .plot .main-svg")) >= 1)
        return len(self.all(f"{place} .plot .main-svg"))

    def table(self, place):
        """The rows of a table as lists of text."""
        read = (
            "return [...document.querySelectorAll(arguments[0])].map(row => [...row.cells].map(cell => cell.innerText))"
        )
        return self.run(read, f"{place} tbody tr")

    def faults(self):
        """What is wrong with the layout, in words."""
        wide = self.run("return document.documentElement.scrollWidth - window.innerWidth")
        return [
            *(f"on top of each other: {text}" for text in self.run(OVERLAPS)),
            *(f"cut: {text}" for text in self.run(CUT)),
            *([f"scrolls sideways by {wide}"] if wide > 0 else []),
        ]

    def violations(self):
        """Rules of accessibility that the page breaks, by axe."""
        self.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        check = """
        const done = arguments[0];
        axe.run(document, {resultTypes: ["violations"]}).then(found => done(found.violations
          .filter(one => one.impact === "serious" || one.impact === "critical")
          .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`)))
        """
        return self.driver.execute_async_script(check)
