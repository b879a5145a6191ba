"""Batches of environments written in JAX, for ``python -m benchmarks.peers``: JaxMARL and Jumanji.

Both are in the extra ``bench``. Copies and steps are one compiled function, as their pages recommend: ``vmap`` over
copies, ``scan`` over steps, the same action for every agent. Rewards and observations are summed, or the compiler would
leave them out. A call plays ``STEPS`` steps and waits for the result. JAX uses every core that it finds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simcash_env.evaluation.milp import stdout_to_stderr

STEPS: Final = 100
"""Of every copy in one call."""
ACTION: Final = 1

Batch = Callable[[], Any]
"""A call that plays ``STEPS`` steps of every copy."""


def scanned(reset: Callable[[Any], Any], step: Callable[[Any, Any], tuple[Any, Any]], copies: int) -> Batch:
    """A compiled call that plays all copies from a reset.

    Args:
        reset: from a random key to what one copy carries from step to step.
        step: from what one copy carries and a random key to what it carries next, and its rewards and observations.
        copies: how many copies play.
    """
    import jax

    @jax.jit
    def play(key: Any) -> Any:
        first, rest = jax.random.split(key)
        carried = jax.vmap(reset)(jax.random.split(first, copies))

        def tick(carried: Any, key: Any) -> tuple[Any, Any]:
            carried, results = jax.vmap(step)(carried, jax.random.split(key, copies))
            return carried, jax.tree.map(lambda array: array.sum(), results)

        return jax.lax.scan(tick, carried, jax.random.split(rest, STEPS))

    key = jax.random.PRNGKey(0)
    return lambda: jax.block_until_ready(play(key))


def jaxmarl(agents: int, copies: int) -> Batch:
    """JaxMARL's ``MPE_simple_spread_v3``: the game of MPE."""
    import jax.numpy as jnp

    with stdout_to_stderr():  # it tells what it imports
        from jaxmarl.environments.mpe import SimpleSpreadMPE

    env = SimpleSpreadMPE(num_agents=agents, num_landmarks=agents)
    actions = {agent: jnp.full((), ACTION) for agent in env.agents}

    def step(state: Any, key: Any) -> tuple[Any, Any]:
        observations, state, rewards, _, _ = env.step(key, state, actions)
        return state, (rewards, observations)

    return scanned(lambda key: env.reset(key)[1], step, copies)


def jumanji(agents: int, copies: int) -> Batch:
    """Jumanji's ``RobotWarehouse``, an environment of many agents, on its registered map."""
    import jax.numpy as jnp
    from jumanji.environments import RobotWarehouse
    from jumanji.environments.routing.robot_warehouse.generator import RandomGenerator

    env = RobotWarehouse(
        RandomGenerator(
            shelf_rows=2, shelf_columns=3, column_height=8, num_agents=agents, sensor_range=1,
            request_queue_size=agents,
        )
    )  # fmt: skip
    actions = jnp.full((agents,), ACTION)

    def step(state: Any, _: Any) -> tuple[Any, Any]:
        state, timestep = env.step(state, actions)
        return state, (timestep.reward, timestep.observation)

    return scanned(lambda key: env.reset(key)[0], step, copies)
