"""What people see of a run: the table, the image, the window."""

import copy
import pickle
import sys

import numpy as np
import pytest

from simcash_env.amounts import amount_text
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ConfigError
from simcash_env.render import Renderer, canvas, charts, history, network, render_text
from simcash_env.render.frame import HEIGHT, WIDTH
from simcash_env.render.window import RenderWindow
from tests.worlds import busy, legal

PAPER = np.array([255, 255, 255], np.uint8)


def world(**options):
    return make_vec(busy(**options), 1, autoreset="disabled", max_queue_slots=4)


def played(mode, steps=4, seed=2, **options):
    vec = world(**options)
    renderer = Renderer(vec, mode)
    vec.reset(seed)
    renderer.begin()
    for step in range(steps):
        vec.step(legal(vec.masks, step))
        renderer.record()
    return vec, renderer


def colour(text):
    return np.array([int(text[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)


def count_of(image, text):
    return int((image == colour(text)).all(axis=2).sum())


def test_render_table_has_a_row_a_bank_with_its_money_and_its_costs():
    vec, renderer = played("ansi")
    state, table = vec.state(0), renderer.render()
    first, heads, *rows = table.splitlines()
    assert table == render_text(vec)
    assert first.startswith(f"tick 4 of {vec.num_ticks}   Queue 2: {int(state.queue2_count[0])} payments")
    assert len({len(line) for line in (heads, *rows)}) == 1, "columns stand below one another"
    assert len(rows) == 3
    for bank, row in enumerate(rows):
        costs = state.tick_cost_cents.reshape(3, -1)[bank].sum(), state.run_cost_cents.reshape(3, -1)[bank].sum()
        figures = (
            amount_text(int(state.bank_balance_cents[bank])),
            f"{state.bank_queue1_count[bank]:,}",
            amount_text(int(state.bank_queue1_cents[bank])),
            f"{state.bank_queue2_count[bank]:,}",
            amount_text(int(state.bank_queue2_cents[bank])),
            *(amount_text(int(cost)) for cost in costs),
        )
        assert row.split() == [vec.scenario.bank_ids[bank], *figures]
    assert any(float(row.split()[-1].replace(",", "")) for row in rows)


def test_render_table_shows_the_copy_that_is_asked_for():
    vec = make_vec(busy(), 2)
    vec.reset(3)
    assert render_text(vec, 0) != render_text(vec, 1)
    assert Renderer(vec, "ansi", copy=1).render() == render_text(vec, 1)


def test_render_image_is_of_one_size_and_moves_with_the_run():
    vec, renderer = played("rgb_array")
    image = renderer.render()
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.dtype == np.uint8
    assert np.array_equal(image, renderer.render()), "looking changes nothing"
    ink = (image != PAPER).any(axis=2).mean()
    assert 0.01 < ink < 0.5, "dark on light"
    vec.step(legal(vec.masks, 9))
    assert np.array_equal(image, renderer.render()), "a step that is not recorded is not shown"
    renderer.record()
    assert not np.array_equal(image, renderer.render())


@pytest.mark.parametrize("banks", [2, 3, 9, 50])
def test_render_image_shows_few_and_many_banks(banks):
    names = [f"BANK_{number:02d}" for number in range(banks)]
    arrivals = {
        "rate_per_tick": 1.5,
        "amount": {"type": "uniform", "min": 1_000, "max": 9_000},
        "deadline_range": [2, 4],
    }
    crowd = {
        "format": 1,
        "name": "crowd",
        "simulation": {"ticks_per_day": 8, "num_days": 1, "seed": 3},
        "banks": [
            {"id": name, "opening_balance": 4_000 * (place % 4), "arrivals": arrivals}
            for place, name in enumerate(names)
        ],
    }
    vec = make_vec(crowd, 1, learners=[names[0]], autoreset="disabled")
    renderer = Renderer(vec, "rgb_array")
    vec.reset(1)
    renderer.begin()
    empty = count_of(renderer.render(), network.ARROW)
    for _ in range(4):
        vec.step(vec.masks[..., 1])
        renderer.record()
    image = renderer.render()
    assert vec.state(0).pair_queue2_cents.any(), "something waits"
    assert count_of(image, network.ARROW) > empty + 20, "and an arrow says so"
    assert (count_of(image, charts.INNER_BAND) > 100) == (banks > charts.MOST_LINES)


def test_render_cost_is_a_bar():
    vec, renderer = played("rgb_array", steps=0)
    quarter = np.s_[430:, 700:900]
    before = count_of(renderer.render()[quarter], canvas.BLUE)
    vec.step(legal(vec.masks, 1))
    assert vec.state(0).run_cost_cents.any()
    renderer.record()
    assert before == 0
    assert count_of(renderer.render()[quarter], canvas.BLUE) > 100


def test_render_history_holds_the_figures_of_every_decision_of_the_day():
    vec, seen = world(), []
    day = history.History(vec)
    vec.reset(4)
    day.begin()
    for step in range(vec.num_ticks):
        state = vec.state(0)
        seen.append((state.bank_balance_cents.copy(), state.bank_queue1_cents.copy(), state.bank_queue2_cents.copy()))
        assert (day.first, day.last, day.day) == (0, step % 6, step // 6)
        today = seen[step - step % 6 :]
        for place, told in enumerate((day.balances, day.queue1, day.queue2)):
            assert np.array_equal(told[: day.last + 1], [figures[place] for figures in today])
        assert day.costs.sum() == state.run_cost_cents.sum()
        assert np.array_equal(day.pairs.ravel(), state.pair_queue2_cents)
        vec.step(legal(vec.masks, step))
        day.record()
    assert day.is_over
    assert (day.first, day.last, day.day) == (0, 6, 1)
    assert np.array_equal(day.balances[6], vec.state(0).bank_balance_cents)


def test_render_new_run_and_a_jump_of_the_clock_begin_afresh():
    vec, renderer = played("rgb_array", steps=3)
    vec.reset(5)
    renderer.record()
    assert (renderer._history.first, renderer._history.last) == (0, 0)
    for step in range(3):
        vec.step(legal(vec.masks, step))
    renderer.record()
    assert (renderer._history.first, renderer._history.last) == (3, 3)
    assert renderer.render() is not None


def test_render_without_a_mode_nothing_is_kept_and_nothing_shown():
    _, renderer = played(None)
    assert renderer._history is None
    assert renderer.render() is None


def test_render_before_the_first_run_there_is_no_image():
    assert Renderer(world(), "rgb_array").render() is None


def test_render_unknown_mode_is_refused_by_name():
    with pytest.raises(ConfigError, match="render_mode: must be one of ansi, rgb_array, human, got 'ascii'"):
        Renderer(world(), "ascii")


@pytest.mark.parametrize(("mode", "module"), [("rgb_array", "PIL"), ("human", "PIL"), ("human", "pygame")])
def test_render_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch, mode, module):
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r"pip install 'simcash-env\[render\]'"):
        Renderer(world(), mode)
    assert Renderer(world(), "ansi").mode == "ansi"


def test_render_nothing_is_loaded_until_an_image_is_asked_for():
    import subprocess

    program = "import sys, simcash_env.render; print([name for name in ('PIL', 'pygame') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def no_screen(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    return pytest.importorskip("pygame")


def test_render_window_shows_the_same_image_and_closes(no_screen):
    vec = world()
    renderer, twin = Renderer(vec, "human", frames_per_second=0), Renderer(vec, "rgb_array")
    vec.reset(2)
    for step in range(3):
        for one in (renderer, twin):
            one.record() if step else one.begin()
        assert np.array_equal(renderer._window.pixels(), twin.render())
        assert renderer.render() is None
        vec.step(legal(vec.masks, step))
    window = renderer._window
    renderer.close()
    assert window.is_closed
    renderer.close()


def test_render_window_that_its_user_closed_stays_closed_and_the_run_goes_on(no_screen):
    pygame = no_screen
    vec = world()
    closed, open_still = (Renderer(vec, "human", frames_per_second=0) for _ in range(2))
    vec.reset(2)
    for renderer in (closed, open_still):
        renderer.begin()
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=closed._window._window))
    open_still.render()
    closed.render()
    for step in range(2):
        vec.step(legal(vec.masks, step))
        for renderer in (closed, open_still):
            renderer.record()
    assert closed._window.is_closed
    assert not open_still._window.is_closed
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    open_still.render()
    assert open_still._window.is_closed


def test_render_closed_window_shows_nothing_more_and_may_be_closed_again(no_screen):
    window = RenderWindow("closed", 0)
    window.close()
    for _ in range(2):
        window.show(np.zeros((4, 4, 3), np.uint8))
        window.close()
        assert (window.is_closed, window._window) == (True, None)


def test_render_without_a_screen_the_message_says_what_to_use_instead(monkeypatch):
    pytest.importorskip("pygame").display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")
    vec = world()
    renderer = Renderer(vec, "human")
    vec.reset(1)
    with pytest.raises(RuntimeError, match="'rgb_array' gives the same image"):
        renderer.begin()


@pytest.mark.parametrize("mode", ["ansi", "rgb_array", "human"])
def test_renderer_can_be_copied_and_pickled_with_its_batch(mode, no_screen):
    vec = world()
    renderer = Renderer(vec, mode, frames_per_second=0)
    vec.reset(1)
    renderer.begin()
    for twin in (copy.deepcopy(renderer), pickle.loads(pickle.dumps(renderer))):
        assert twin._vec is not vec
        assert np.array_equal(twin.render(), renderer.render())
        twin.close()
    renderer.close()


@pytest.mark.parametrize(
    ("cents", "text"),
    [(0, "0"), (950, "950"), (-12_345, "-12.3k"), (3_200_000, "3.2M"), (1_500_000_000, "1.5G"), (2 * 10**12, "2T")],
)
def test_render_amounts_are_told_in_a_few_letters(cents, text):
    assert canvas.short(cents) == text


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-3, 7), (0, 999_999), (-2_500_000, 10), (0, 4 * 10**18)])
def test_render_gridlines_are_round_and_cover_the_values(low, high):
    marks = canvas.round_steps(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 8
    assert len(set(np.diff(marks).round(6))) == 1


class Words(canvas.Canvas):
    """A sheet that remembers what is written on it."""

    def __init__(self):
        super().__init__(500, 300)
        self.told = []

    def words(self, place, text, *style, **more):
        self.told.append((text, place))
        super().words(place, text, *style, **more)


@pytest.mark.parametrize(("ticks", "marks"), [(6, range(7)), (7, range(0, 7, 2)), (100, range(0, 101, 20))])
def test_render_foot_of_a_chart_ends_with_the_day(ticks, marks):
    sheet = Words()
    frame = charts.open_chart(sheet, "Balances", (0.0, 0.0, 500.0, 300.0), ticks, np.array([0.0, 9.0]))
    foot = {int(text): place[0] for text, place in sheet.told if place[1] == frame.bottom + 6 and text.isdecimal()}
    assert list(foot) == list(marks)
    assert max(foot.values()) <= frame.right


def test_render_labels_are_moved_apart_and_stay_in_the_chart():
    placed = charts.spread_out([100.0, 100.0, 101.0, 199.0, 205.0], 50.0, 200.0)
    assert np.diff(sorted(placed)).min() >= charts.LABEL_SPACING
    assert max(placed) <= 200.0
    assert charts.spread_out([60.0, 120.0], 50.0, 200.0) == [60.0, 120.0]


def test_render_long_name_ends_in_an_ellipsis():
    sheet = canvas.Canvas(10, 10)
    assert charts.fitted(sheet, "ALFA", 96) == "ALFA"
    told = charts.fitted(sheet, "A_BANK_WITH_A_VERY_LONG_NAME", 96)
    assert told.endswith("...")
    assert sheet.width_of(told) <= 96
