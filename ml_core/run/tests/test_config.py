from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.errors import ConfigError
from ml_core.run.config import differing_keys, find_faults, keys_that_may_change, load_config, parse_config
from ml_core.run.tests.conftest import FitPart, SampleConfig


def test_settings_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("seed: 5\nfit:\n  epochs: 2\n  schedule: cosine\n")
    config = load_config(SampleConfig, file, ["fit.epochs=7", "name=123"])
    assert (config.seed, config.fit.epochs, config.fit.schedule, config.name) == (5, 7, "cosine", "123")


def test_a_wrong_key_names_the_nearest_valid_one() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(SampleConfig, None, ["fit.epoch=3"])
    assert caught.value.where == "fit.epoch"
    assert caught.value.hint == 'Did you mean "fit.epochs"?'


def test_a_value_out_of_bounds_names_key_and_bound() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(SampleConfig, None, ["fit.epochs=0"])
    assert caught.value.message == '"fit.epochs" is 0 but must be at least 1.'


def test_a_wrong_choice_names_the_choices_and_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(SampleConfig, None, ["fit.schedule=cosin"])
    assert "constant, cosine" in caught.value.message
    assert 'The nearest is "cosine".' in caught.value.hint


def test_all_faults_come_at_once() -> None:
    faults = find_faults(SampleConfig, {"sed": 1, "fit": {"epochs": 99, "threads": "many"}})
    assert sorted(fault.key for fault in faults) == ["fit.epochs", "fit.threads", "sed"]
    with pytest.raises(ConfigError, match="at most 10"):
        parse_config(SampleConfig, {"fit": {"epochs": 99}})


@pytest.mark.parametrize(
    "text", ["a: [1", "- 1", "a: &x [1]\nb: *x", "[" * 30 + "]" * 30, "!!python/object:os.system {}"]
)
def test_unusable_yaml_is_a_typed_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_config(SampleConfig, file)


def test_words_for_booleans_fit_both_booleans_and_text() -> None:
    config = load_config(SampleConfig, None, ["fail=on", "name=no"])
    assert config.fail is True
    assert config.name == "no"


def test_a_setting_into_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no part"):
        load_config(SampleConfig, None, ["seed=1", "seed.x=2"])


def test_differences_and_changeable_keys_are_dotted() -> None:
    assert differing_keys({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}, "d": 3}) == ["b.c", "d"]
    assert keys_that_may_change(SampleConfig) == {"fit.threads"}


def test_one_setting_of_a_group_keeps_the_defaults_that_the_recipe_gives_the_others() -> None:
    class Careful(SampleConfig):
        fit: FitPart = FitPart(epochs=7)

    assert load_config(Careful, None, ["fit.threads=2"]).fit == FitPart(epochs=7, threads=2)
    assert load_config(Careful, None, ["fit.epochs=3"]).fit.epochs == 3
