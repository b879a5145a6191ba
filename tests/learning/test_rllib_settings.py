"""Settings of trainings with RLlib; tests/cluster runs them."""

import pytest

from simcash_env.errors import ConfigError
from simcash_env.learning.rllib_settings import rllib_settings

GAME = "castro-2period-v0"


def test_rllib_settings_changes_reach_the_scenario() -> None:
    settings = rllib_settings(GAME, changes={"banks.BANK_A.credit_limit": 7})
    assert settings.config().banks[0].credit_limit == 7
    assert settings.as_data()["changes"] == {"banks.BANK_A.credit_limit": 7}
    assert rllib_settings(**settings.as_data()) == settings


def test_rllib_settings_without_changes_are_as_those_of_older_folders() -> None:
    settings = rllib_settings(GAME, iterations=3)
    assert "changes" not in settings.as_data()
    assert rllib_settings(**settings.as_data()) == settings


def test_rllib_settings_change_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"changes\.lsm\.algoritms: unknown key"):
        rllib_settings(GAME, changes={"lsm.algoritms": []}).config()
