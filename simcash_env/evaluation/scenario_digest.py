"""The digest by which what is known of a scenario is found: bounds, tuned policies, boards."""

from __future__ import annotations

import hashlib
import json

from simcash_env.config import ScenarioConfig


def scenario_digest(config: ScenarioConfig) -> str:
    """Return a digest of everything in a scenario that costs depend on, except the seed."""
    content = config.model_dump(mode="json", exclude_defaults=True, exclude={"name", "description"})
    content.get("simulation", {}).pop("seed", None)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
