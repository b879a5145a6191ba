"""The viewer in a real browser: what a user opens, watches, compares and decides; by keyboard, on phones, in the dark."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from simcash_env.config import load_scenario
from tests.service.browser import PHONE, VIEWS, WIDE, Keys, Page, needs_browser
from tests.service.processes import FIFO
from tests.service.test_recorded_runs import recorded

pytestmark = needs_browser

GAME = "castro-12period-v0"


@pytest.fixture(scope="module")
def browser(service, tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("profile"), service.url)
    yield page
    page.driver.quit()


@pytest.fixture
def page(browser):
    """The browser; what it complains of fails the test."""
    browser.complaints()
    yield browser
    assert browser.complaints() == []


def make(service, ticks=0, **view):
    """A run made through the viewer's endpoint, some ticks on; returns its id."""
    answer = service.client.post("/viewer/simulations", json=view)
    assert answer.status_code == 200, answer.text
    name = answer.json()["id"]
    if ticks:
        assert service.client.post(f"/viewer/simulations/{name}/tick", params={"count": ticks}).status_code == 200
    return name


def money(cents):
    return f"{cents / 100:,.2f}".replace("-", "\u2212")


# -- the first page ---------------------------------------------------------------------------------------------------


def test_viewer_start_page_shows_the_library_and_starts_a_run(page, service):
    page.go(size=WIDE)
    cards = page.all(".scenario")
    assert len(cards) == len(service.get("/scenarios"))
    assert "10 banks · 1,000 ticks in 10 days" in page.text("[data-id=ten-banks-v0]")
    page.find("#find").send_keys("200 banks")
    page.wait(lambda: [card.text.split("\n")[0] for card in cards if card.is_displayed()] == ["core-periphery-200-v0"])
    page.find("#find").clear()
    page.find("#find").send_keys("lynx-day")
    page.click("[data-id=lynx-day-v0]")
    page.wait(lambda: page.find("#setup").is_displayed())
    page.find("#seed").send_keys("7")
    page.select("#everybody select", "scripted:deadline")
    assert page.find("#everybody input").get_attribute("value") == "2"
    page.find("#everybody input").clear()
    page.find("#everybody input").send_keys("3")
    page.click("#setup-go")
    page.wait(lambda: page.text("#title") == "lynx-day-v0, seed 7")
    page.at(0)
    page.click("#play")
    page.wait(lambda: page.tick >= 4)
    page.click("#play")
    page.wait(lambda: page.text("#play") == "Run")
    name = page.driver.current_url.split("#")[1]
    run = service.get(f"/simulations/{name}")
    assert {bank["policy"]["urgency_threshold"] for bank in run["scenario"]["banks"]} == {3}
    page.at(run["tick"])
    page.run("const s = document.getElementById('scrub'); s.value = 2; s.dispatchEvent(new Event('input'))")
    page.at(2)
    then = service.get(f"/viewer/simulations/{name}/frame", tick=2)
    page.wait(lambda: page.text(".tile b") == money(then["totals"]["settled_cents"]))
    page.show("banks")
    balances = {row[0]: row[2] for row in page.table("#bank-table")}
    assert balances == dict(zip(run["bank_ids"], map(money, then["banks"]["balance"]), strict=True))
    page.click("#last")
    page.at(run["tick"])


def test_viewer_own_scenario_is_pasted_and_its_faults_are_named(page, tmp_path):
    page.go()
    text = "format: 1\nname: mine\nrules: standard\nsimulation: {ticks_per_day: 3, num_days: 1}\nbanks:\n"
    bank = "  - {id: %s, opening_balance: 1000, policy: {type: fifo}}\n"
    page.find("#own-text").send_keys(text + bank % "A" + "  - {id: B, opening_balanse: 5}\n")
    page.click("#own-use")
    page.wait(lambda: page.find("#problem").is_displayed())
    assert page.text("#problem").startswith("scenario:7: banks.1.opening_balanse: unknown key, got 5. Did you mean")
    page.complaints()  # the browser notes the refused request
    file = tmp_path / "mine.json"
    banks = [{"id": name, "opening_balance": 1_000, "policy": {"type": "fifo"}} for name in ("A", "B")]
    own = {"format": 1, "name": "uploaded", "rules": "standard", "simulation": {"ticks_per_day": 3, "num_days": 1}}
    file.write_text(json.dumps({**own, "banks": banks}), encoding="utf-8")
    page.find("#own-text").clear()
    page.find("#own-file").send_keys(str(file))
    page.click("#own-use")
    page.wait(lambda: page.find("#setup").is_displayed())
    assert page.text("#setup-about") == "2 banks, 3 ticks."
    page.click("#setup-go")
    page.wait(lambda: page.text("#title").startswith("uploaded, seed "))


def test_viewer_recorded_run_is_uploaded_and_scrubbed(page, tmp_path):
    path = tmp_path / "run.parquet"
    simulation = recorded(path, ticks=9)
    page.go()
    page.find("#record-file").send_keys(str(path))
    page.click("#record-use")
    page.at(9)
    assert "recorded in run.parquet" in page.text("#notices")
    page.show("banks")
    assert {row[0]: row[2] for row in page.table("#bank-table")} == {
        bank: money(simulation.balance(bank)) for bank in simulation.bank_ids
    }
    page.run("document.activeElement.blur()")  # on a tab, the arrows move between tabs
    page.press(Keys.HOME)
    page.at(0)
    page.press(Keys.ARROW_RIGHT)
    page.at(1)
    page.press(Keys.ARROW_RIGHT)
    page.at(2)


def test_viewer_runs_of_the_service_are_opened_and_deleted(page, service):
    name = make(service, scenario=GAME, policies={"*": FIFO})
    page.go()
    rows = page.all("#open li")
    assert rows[0].text.startswith(f"{GAME}\nseed 42, tick 0 of 12")
    rows[0].find_element("tag name", "button").click()
    page.wait(lambda: page.driver.current_url.endswith(name))
    page.press("n")
    page.wait(lambda: page.find("#start").is_displayed())
    page.click("#open .quiet")
    page.wait(lambda: name not in page.find("#open").get_attribute("innerHTML"))
    assert service.client.get(f"/simulations/{name}").status_code == 404


# -- a run ------------------------------------------------------------------------------------------------------------


def test_viewer_trained_policy_plays_and_its_file_can_be_uploaded(page, service):
    shipped = Path(__file__).parents[2] / "configs" / "trained"
    page.go()
    page.find("#find").send_keys(GAME)
    page.click(f"[data-id={GAME}]")
    page.wait(lambda: page.find("#setup").is_displayed())
    page.find("#seed").send_keys("3")
    page.select("#everybody select", "trained-file")
    for field, ending in zip(page.all("#everybody input"), ("pt", "json"), strict=True):
        field.send_keys(str(shipped / f"{GAME}-seed0.{ending}"))
    page.click("#setup-go")
    page.at(0)
    page.select("#speed", "5")
    page.click("#play")
    page.at(12)
    same = make(service, 12, scenario=GAME, seed=3, policies={"*": {"type": "trained", "checkpoint": GAME}})
    cost = service.get(f"/viewer/simulations/{same}/frame")["totals"]["total_cost"]
    page.wait(lambda: page.all(".tile b")[-1].text == money(cost))
    assert "the run is over" in page.text("#clock")


def test_viewer_person_decides_with_the_legal_choices(page, service):
    policies = {"BANK_A": {"type": "person"}, "BANK_B": FIFO}
    name = make(service, scenario=GAME, seed=3, policies=policies)
    page.go(name)
    assert page.text("#desk-title") == "You decide for BANK_A"
    choices = page.find("#desk tbody select")
    assert [option.text for option in choices.find_elements("tag name", "option")] == ["hold", "release"]
    page.run(
        "const s = document.getElementById('desk-pool'); s.value = 4; s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.tab_to("e.dataset.key === 'desk-release'")
    page.press(Keys.ENTER)
    page.wait(lambda: page.find("#desk tbody select").get_attribute("value") == '"release"')
    page.tab_to("e.id === 'desk-close'")
    page.press(Keys.ENTER)
    page.at(1)
    assert page.focused.get_attribute("id") == "desk-close"
    assert "null" not in page.text("#desk")  # where the pool's share was
    events = service.get(f"/simulations/{name}/events", kind="PolicySubmit", bank="BANK_A")["events"]
    assert [event["tick"] for event in events if event["bank"] == "BANK_A"] == [0]
    assert service.get(f"/viewer/simulations/{name}/frame")["banks"]["pool"][0] == 200_000
    page.press(Keys.ARROW_RIGHT)  # holds what was not touched
    page.at(2)
    page.press(Keys.ARROW_LEFT)
    page.wait(lambda: "You decide at the latest tick." in page.text("#desk"))


def test_viewer_game_has_a_goal_and_ends_with_a_score(page, service):
    name = make(service, scenario="castro-2period-v0", seed=3, policies={"BANK_A": {"type": "person"}})
    page.go(name)
    goal = page.text("#desk .goal")
    assert "Pay your payments at the lowest cost to your bank." in goal
    assert "You decide for one bank; the others follow their policies." in goal
    for tick in (1, 2):
        page.tab_to("e.id === 'desk-close'")
        page.press(Keys.ENTER)
        page.at(tick)
    page.wait(lambda: page.all("#verdict"))
    score = service.get(f"/viewer/simulations/{name}/score")
    costs = {row[0]: row[2] for row in page.table("#desk .score")}
    wanted = zip(("you", "FIFO", "the best tuned policy"), score["rows"], strict=True)
    assert costs == {name: money(row["cents"]) for name, row in wanted}
    assert page.text("#verdict").startswith(f"Your bank paid {costs['you']} currency units: ")
    assert page.faults() == []


def test_viewer_charts_have_the_figures_of_the_run_and_can_be_saved(page, service, tmp_path):
    name = make(service, 20, scenario="lynx-day-v0", seed=3, policies={"*": FIFO})
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    page.go(name, size=(1600, 2400))
    page.wait(lambda: len(page.all("#day .plot .main-svg")) >= 8)
    track = service.get(f"/viewer/simulations/{name}/track")
    drawn = page.run("return document.querySelector('#day .plot').data.map(d => [d.name, [...d.y]])")
    due = dict(drawn)["submitted"]
    wanted = [cents / 1e5 for cents in track["system"]["due"]]
    assert due == [*wanted, wanted[-1]]  # the last tick is drawn as wide as the others
    for label in ("PNG", "SVG", "CSV"):
        page.click(f"[aria-label='Settled against submitted value: save as {label}']")
    names = {f"lynx-day-v0-settled-against-submitted-value.{ending}" for ending in ("png", "svg", "csv")}
    page.wait(lambda: {path.name for path in tmp_path.iterdir()} >= names)
    lines = (tmp_path / "lynx-day-v0-settled-against-submitted-value.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "tick,day,time,submitted,settled"
    assert lines[1].split(",")[3] == f"{track['system']['due'][0] / 100:.2f}"
    page.show("banks")
    page.click("#bank-csv")
    page.wait((tmp_path / "lynx-day-v0-banks-tick-20.csv").exists)


def test_viewer_table_of_banks_is_sorted_and_filtered(page, service):
    name = make(service, 30, scenario="core-periphery-50-v0", seed=3, policies={"*": FIFO})
    frame = service.get(f"/viewer/simulations/{name}/frame")
    page.go(name)
    page.show("banks")
    troubles = [frame["banks"]["trouble"][int(row[0][1:]) - 1] for row in page.table("#bank-table")]
    assert troubles == sorted(troubles, reverse=True)
    assert troubles[0] >= 2
    page.click("[data-key=sort-2]")
    balances = [row[2] for row in page.table("#bank-table")]
    assert balances == [money(cents) for cents in sorted(frame["banks"]["balance"], reverse=True)]
    page.select("#bank-show", "1")
    page.wait(lambda: len(page.table("#bank-table")) == sum(trouble > 0 for trouble in troubles))
    page.find("#bank-find").send_keys("B007")
    page.wait(lambda: [row[0] for row in page.table("#bank-table")] in (["B007"], []))


def test_viewer_network_of_many_banks_is_a_matrix_with_the_largest_pairs(page, service):
    name = make(service, 30, scenario="core-periphery-200-v0", seed=3)
    frame = service.get(f"/viewer/simulations/{name}/frame")
    page.go(name, size=WIDE)
    page.show("network")
    page.wait(lambda: page.all("#network-matrix .main-svg"))
    assert not page.find("#network-ring").is_displayed()
    first = page.table("#pairs")[0]
    ids = service.get(f"/simulations/{name}")["bank_ids"]
    sender, receiver, many, cents = frame["waiting"][0]
    assert first == [ids[receiver], ids[sender], str(many), money(cents)]
    page.select("#network-view", "ring")
    page.wait(lambda: len(page.all(".node")) == 200)


def test_viewer_market_shows_books_loans_and_rates(page, service):
    name = make(service, 30, scenario="money-market-v0", seed=3)
    market = service.get(f"/viewer/simulations/{name}/frame")["market"]
    page.go(name, size=WIDE)
    page.show("market")
    page.wait(lambda: len(page.all("#market .plot .main-svg")) >= 2)
    trades = service.get(f"/viewer/simulations/{name}/track")["trades"]
    drawn = page.run(
        "return [...document.querySelector('#market .plot').data.find(d => d.name === 'loan').y].map(Number)"
    )
    assert drawn == [trade["rate"] for trade in trades]
    lenders = [row[0] for row in page.table("[aria-label='Loans']")]
    assert lenders == [loan["lender"] for loan in market["loans"]][::-1][:40]
    assert page.faults() == []


def test_viewer_two_runs_of_one_day_are_compared(page, service):
    name = make(service, 12, scenario="lynx-day-v0", seed=3, policies={"*": FIFO})
    page.go(name, size=WIDE)
    page.show("compare")
    page.click("#other-new")
    page.wait(lambda: page.find("#setup").is_displayed())
    assert page.find("#seed").get_attribute("value") == "3"
    page.select("#everybody select", "scripted:deadline")
    page.click("#setup-go")
    page.wait(lambda: len(page.table("#differences")) >= 7)
    page.wait(lambda: page.text("#other-note") == "The same payments have arrived in both runs.")
    other = page.find("#other").get_attribute("value")
    mine, theirs = (service.get(f"/viewer/simulations/{one}/frame", tick=12) for one in (name, other))
    costs = page.table("#differences")[-1]
    one, two = mine["totals"]["total_cost"], theirs["totals"]["total_cost"]
    assert costs[:3] == ["Total cost", money(one), money(two)]
    assert costs[3].endswith("(worse)" if two > one else "(better)")
    assert "All banks: fifo here, deadline (urgency threshold 2) there." in page.text("#differences")
    page.press(Keys.ARROW_RIGHT)
    page.at(13)
    page.wait(lambda: service.get(f"/simulations/{other}")["tick"] == 13)
    page.wait(lambda: len(page.all("#compare .plot .main-svg")) >= 2)
    assert page.faults() == []


def test_viewer_events_are_filtered_up_to_the_tick_shown(page, service):
    name = service.make(seed=4, external_policy=FIFO)
    service.tick(name, 10)
    page.go(name)
    page.at(10)
    page.show("events")
    page.select("#kind", "Arrival")
    page.select("#bank", "BANK_B")

    def listed():
        rows = page.all("#events-table tbody tr")
        return [
            (int(row.get_attribute("data-tick")), row.get_attribute("data-kind"), cells[4])
            for row, cells in zip(rows, page.table("#events-table"), strict=True)
        ]

    for shown in (10, 5):
        found = service.get(
            f"/simulations/{name}/events", kind="Arrival", bank="BANK_B", to_tick=shown - 1, newest_first=True
        )
        wanted = [(event["tick"], "Arrival", event["tx"]) for event in found["events"]]
        page.wait(lambda wanted=wanted: listed() == wanted)
        assert wanted
        for _ in range(5 if shown == 10 else 0):
            page.click("#back")
        page.at(5)
    first = page.find("#events-table tbody td.kind")
    assert (first.text, first.get_attribute("title")) == ("payment arrives", "Arrival")
    tx = listed()[0][2]
    page.select("#kind", "")
    page.find("#tx").send_keys(tx)
    page.wait(lambda: {row[2] for row in listed()} == {tx} and listed()[-1][1] == "Arrival")


def test_viewer_what_somebody_else_runs_is_seen_at_once(page, service):
    name = service.make(seed=4, external_policy=FIFO)
    page.go(name)
    page.at(0)
    service.tick(name, 3)
    page.at(3)


def test_viewer_everything_works_from_the_keyboard_alone(page, service):
    page.go()
    page.tab_to("e.dataset.id === '2b-3t-v0'")
    page.press(Keys.ENTER)
    page.wait(lambda: page.find("#setup").is_displayed())
    assert page.focused.get_attribute("id") == "seed"
    page.tab_to("e.id === 'single-add'")
    page.press(Keys.ENTER)
    page.tab_to("e.ariaLabel === 'Policy of this bank'")
    page.press(Keys.ARROW_DOWN)  # from a person to the first scripted policy
    page.wait(lambda: page.focused.get_attribute("value") == "scripted:fifo")
    page.tab_to("e.id === 'setup-go'")
    page.press(Keys.ENTER)
    page.at(0)
    page.run("document.activeElement.blur()")
    page.press(Keys.ARROW_RIGHT)
    page.at(1)
    page.press(" ")
    page.at(3)
    page.press(Keys.HOME)
    page.at(0)
    page.press(Keys.END)
    page.at(3)
    for digit, view in (("2", "banks"), ("3", "network"), ("4", "payments"), ("6", "events"), ("7", "compare")):
        page.press(digit)
        page.wait(lambda view=view: page.find(f"#{view}").is_displayed())
    page.press("5")  # this scenario has no market
    assert page.find("#compare").is_displayed()
    page.press("1")
    page.tab_to("e.id === 'tab-day'")
    page.press(Keys.ARROW_RIGHT)
    page.wait(lambda: page.focused.get_attribute("id") == "tab-banks")
    page.tab_to("e.dataset.key === 'row-BANK_A'")
    page.press(Keys.ENTER)
    page.wait(lambda: page.focused.get_attribute("aria-pressed") == "false")  # it was in the charts before
    page.press("3")
    page.tab_to("e.dataset.key === 'node-BANK_B'")
    page.press(Keys.ENTER)
    page.press("/")
    page.wait(lambda: page.focused.get_attribute("id") == "kind")
    page.tab_to("e.id === 'events-csv'")
    page.press("?")
    assert page.find("#keys").is_displayed()
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.find("#keys").is_displayed())
    page.press("n")
    page.wait(lambda: page.focused.get_attribute("id") == "find")


def test_viewer_fault_is_told_in_the_dialog(page):
    page.go()
    page.click("[data-id=two-banks-v0]")
    page.wait(lambda: page.find("#setup").is_displayed())
    page.find("#seed").send_keys("-1")
    page.run("document.getElementById('setup-form').noValidate = true")
    page.click("#setup-go")
    page.wait(lambda: page.find("#setup-problem").is_displayed())
    assert page.text("#setup-problem") == "seed: must be at least 0, got -1"
    page.complaints()  # the browser notes the refused request
    page.press(Keys.ESCAPE)
    page.wait(lambda: not page.find("#setup").is_displayed())


# -- layout and accessibility -----------------------------------------------------------------------------------------

RUNS = {"lynx-day-v0": 20, "core-periphery-50-v0": 30, "core-periphery-200-v0": 30, "target2-day-v1": 70}


def colours(page):
    return page.run(
        "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        ".map(c => c.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0))"
    )


@pytest.mark.parametrize(
    ("scenario", "size", "scheme"),
    [
        ("lynx-day-v0", WIDE, "light"),
        ("target2-day-v1", PHONE, "dark"),
        *(
            pytest.param(scenario, size, scheme, marks=pytest.mark.slow)
            for scenario in RUNS
            for size in (WIDE, PHONE)
            for scheme in ("light", "dark")
            if (scenario, size, scheme) not in {("lynx-day-v0", WIDE, "light"), ("target2-day-v1", PHONE, "dark")}
        ),
    ],
)
def test_viewer_layout_has_no_overlap_and_cuts_no_number(page, service, scenario, size, scheme):
    name = make(service, RUNS[scenario], scenario=scenario, seed=3)
    page.go(name, size=size, scheme=scheme)
    page.charts()
    background, text = colours(page)
    assert (background > text) == (scheme == "light")
    for view in VIEWS:
        page.show(view)
        page.drawn(view)
        assert page.faults() == [], view
    for button in page.all(".buttons button"):
        assert button.size["height"] >= 36
        assert button.size["width"] >= 36
    page.press("n")
    page.wait(lambda: page.find("#start").is_displayed())
    assert page.faults() == []


def test_viewer_pages_have_no_serious_fault_of_accessibility(page, service):
    game = make(service, 3, scenario=GAME, seed=3, policies={"*": FIFO})
    page.go()
    assert page.violations() == []
    page.go(game)
    page.charts()
    assert page.violations() == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_viewer_views_and_dialogs_have_no_serious_fault_of_accessibility(page, service, scheme):
    person = {"BANK_A": {"type": "person"}, "BANK_B": FIFO}
    game = make(service, scenario=GAME, seed=3, policies=person)
    market = make(service, 30, scenario="money-market-v0", seed=3)
    page.go(scheme=scheme)
    assert page.violations() == []
    page.click("[data-id=two-banks-v0]")
    page.wait(lambda: page.find("#setup").is_displayed())
    page.click("#single-add")
    assert page.violations() == []
    page.go(game, scheme=scheme)
    page.charts()
    assert page.violations() == []
    page.go(market, scheme=scheme)
    for view in (*VIEWS, "market"):
        page.show(view)
        page.drawn(view)
        assert page.violations() == [], view


@pytest.mark.slow
def test_viewer_two_hundred_banks_and_a_thousand_ticks_play_and_pause(page, service):
    scenario = load_scenario("core-periphery-200-v0").model_dump(mode="json")
    scenario["simulation"] |= {"num_days": 21}
    name = make(service, text=json.dumps(scenario), seed=3, policies={"*": FIFO})
    page.go(name, size=WIDE)
    page.select("#speed", "3")
    page.click("#play")
    page.wait(lambda: page.tick >= 100)
    page.click("#play")
    page.wait(lambda: page.text("#play") == "Run")
    shown = page.tick
    frame = service.get(f"/viewer/simulations/{name}/frame", tick=shown)
    page.wait(lambda: page.text(".tile b") == money(frame["totals"]["settled_cents"]))
    assert page.faults() == []


@pytest.mark.slow
def test_viewer_behind_a_token_loads_its_parts(tmp_path):
    from tests.service.processes import serving

    with serving(token=GAME) as served:
        assert httpx.get(f"{served.url}/viewer/start").status_code == 401
        assert served.client.get("/viewer/plotly.js").status_code == 200
        name = base64.b64encode(b"x").decode()
        body = {"name": "x.pt", "facts": "{}", "weights": name}
        assert httpx.post(f"{served.url}/viewer/checkpoints", json=body).status_code == 401
