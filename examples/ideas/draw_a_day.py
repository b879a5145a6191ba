"""Draw every tick of a day and write a moving picture.

pip install '.[render]'; python examples/ideas/draw_a_day.py
"""

from pathlib import Path

import numpy as np
from PIL import Image

from simcash_env import simcash_v0


def main(path: Path = Path("day.gif"), scenario: str = "lynx-day-v0") -> int:
    """Write the picture and return its number of frames."""
    env = simcash_v0.parallel_env(scenario, render_mode="rgb_array")
    env.reset(seed=1)
    frames = [env.render()]
    while env.agents:
        env.step({bank: np.ones(env.action_space(bank).shape, np.int64) for bank in env.agents})  # release everything
        frames.append(env.render())
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(path, save_all=True, append_images=others, duration=300, loop=0)
    print(f"{path}: {len(frames)} frames")
    return len(frames)


if __name__ == "__main__":
    main()
