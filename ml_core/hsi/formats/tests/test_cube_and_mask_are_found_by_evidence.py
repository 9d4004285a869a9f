"""What is the cube, what is the mask, and how their axes lie follows from content and shape, and can be corrected."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from ml_core.errors import FormatError
from ml_core.hsi.formats import Choice, build_scene, inspect_scene, open_scene
from ml_core.hsi.formats.axis_order import independent_patterns
from ml_core.hsi.formats.tests import samples
from ml_core.hsi.formats.tests.samples import sample
from ml_core.hsi.simulate import Simulation, simulate_scene


def test_copies_with_two_axes_are_not_taken(tmp_path: Path) -> None:
    cube, mask = sample().cube, sample().mask
    assert mask is not None
    path = samples.mat5(
        tmp_path / "a.mat", data_mxn=cube.reshape(-1, cube.shape[2]), map_mx1=mask.reshape(-1, 1), data=cube, map=mask
    )
    found = inspect_scene(path)
    assert found.cube.found.stored.key == "data"
    assert found.mask is not None and found.mask.found.stored.key == "map"
    assert any("data_mxn" in sentence for sentence in found.cube.evidence)


@pytest.mark.parametrize("order", ["HWB", "BHW", "HBW"])
@pytest.mark.parametrize("with_mask", [True, False])
def test_the_axis_of_the_bands_is_recognised_without_names(tmp_path: Path, order: str, with_mask: bool) -> None:
    for seed, (height, width, bands) in enumerate([(24, 20, 34), (40, 40, 40), (30, 50, 20)]):
        scene = simulate_scene(seed, Simulation(height=height, width=width, bands=bands, sensor="vnir"))
        turned = scene.cube.transpose([("HWB").index(letter) for letter in order])
        arrays = {"a": turned, "b": scene.mask} if with_mask else {"a": turned}
        found = open_scene(samples.npz(tmp_path / f"{seed}{order}.npz", **arrays))
        assert np.array_equal(found.cube, scene.cube)


def test_bands_repeat_few_patterns_even_when_each_is_normalised() -> None:
    for seed in range(4):
        cube = simulate_scene(seed).cube.astype(float)
        cube = (cube - cube.mean((0, 1))) / cube.std((0, 1))
        for axes in itertools.permutations(range(3)):
            patterns = independent_patterns(cube.transpose(axes))
            assert patterns is not None and int(np.argmin(patterns)) == axes.index(2)


def test_the_order_of_axes_can_be_corrected(tmp_path: Path) -> None:
    path = samples.npz(tmp_path / "a.npz", x=sample().cube)
    assert open_scene(path, axis_order="bhw").shape == (20, 30, 24)[:0] + tuple(
        np.asarray(sample().cube.shape)[[1, 2, 0]]
    )
    with pytest.raises(FormatError) as caught:
        open_scene(path, axis_order="HHB")
    assert caught.value.code == "hsi.axis_order"


def test_cube_and_mask_in_two_files(tmp_path: Path) -> None:
    cube = samples.mat5(tmp_path / "cube_only.mat", DataTest2=sample().cube)
    mask = samples.mat5(tmp_path / "mask_only.mat", mask=sample().mask)
    scene = open_scene(cube, mask_path=mask)
    assert np.array_equal(scene.cube, sample().cube) and np.array_equal(scene.mask, sample().mask)
    # Also where the mask's file holds a cube of its own.
    both = samples.npz(tmp_path / "both.npz", cube=sample().cube[::-1], gt=sample().mask)
    assert np.array_equal(open_scene(cube, mask_path=both).cube, sample().cube)


def test_a_mask_as_envi_or_geotiff_image(tmp_path: Path) -> None:
    mask = sample().mask
    assert mask is not None
    cube = samples.envi(tmp_path / "scene.hdr")
    for path in (samples.envi(tmp_path / "gt.hdr", mask[..., None]), samples.geotiff(tmp_path / "gt.tif", mask)):
        assert np.array_equal(open_scene(cube, mask_path=path).mask, mask)
    assert np.array_equal(open_scene(tmp_path, cube_key="").mask, mask)


@pytest.mark.parametrize("values", [(0, 255), (0, 1), (False, True), (0.0, 1.0)])
def test_masks_of_two_values_become_zero_and_one(tmp_path: Path, values: tuple[float, float]) -> None:
    mask = sample().mask
    assert mask is not None
    path = samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=np.where(mask, values[1], values[0]))
    assert np.array_equal(open_scene(path).mask, mask)
    warned = any("255" in sentence for sentence in inspect_scene(path).as_dict()["warnings"])
    assert warned == (values[1] == 255)


def test_a_mask_of_three_values_is_used_and_reported(tmp_path: Path) -> None:
    mask = np.array(sample().mask)
    mask[0, 0] = 2
    path = samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=mask)
    assert np.array_equal(open_scene(path).mask, mask > 0)
    said = inspect_scene(path).as_dict()
    assert any("3 different values (0, 1, 2)" in finding["message"] for finding in said["findings"])
    assert said["mask"]["values"] == [0, 1, 2]


def test_a_map_of_many_values_is_no_mask(tmp_path: Path) -> None:
    classes = np.arange(sample().shape[0] * sample().shape[1]).reshape(sample().shape[:2]) % 9
    path = samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=classes)
    assert open_scene(path).mask is None
    with pytest.raises(FormatError) as caught:
        open_scene(path, mask_key="gt")
    assert caught.value.code == "hsi.mask_values"


def test_a_turned_mask_is_turned_back(tmp_path: Path) -> None:
    mask = sample().mask
    assert mask is not None
    found = inspect_scene(samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=mask.T))
    assert found.mask is not None and found.mask.axis_order == "WH"
    assert np.array_equal(build_scene(found).mask, mask)


def test_a_mask_of_another_shape_is_refused_with_both_shapes(tmp_path: Path) -> None:
    path = samples.npz(tmp_path / "a.npz", cube=sample().cube, gt=np.eye(17, dtype=np.uint8))
    found = inspect_scene(path)
    assert found.mask is None and "another size" in found.notes[0]
    with pytest.raises(FormatError) as caught:
        open_scene(path, mask_key="gt")
    assert caught.value.code == "hsi.mask_shape"
    assert "17 x 17" in caught.value.message and "24 x 20" in caught.value.message
    other = samples.npz(tmp_path / "b.npz", gt=np.eye(17, dtype=np.uint8))
    with pytest.raises(FormatError, match="17 x 17"):
        open_scene(samples.npy(tmp_path / "c.npy"), mask_path=other)


def test_two_cubes_need_a_person(tmp_path: Path) -> None:
    path = samples.npz(tmp_path / "a.npz", first=sample().cube, second=sample().cube[::-1])
    said = inspect_scene(path).as_dict()
    assert not said["certain"] and len(said["cubes"]) == 2
    with pytest.raises(FormatError) as caught:
        open_scene(path)
    assert caught.value.code == "hsi.ambiguous"
    assert np.array_equal(open_scene(path, cube_key="second").cube, sample().cube[::-1])
    with pytest.raises(FormatError) as caught:
        open_scene(path, cube_key="third")
    assert caught.value.code == "hsi.key_unknown" and '"first"' in caught.value.message


def test_of_several_scenes_each_gets_its_own_mask(tmp_path: Path) -> None:
    mask = sample().mask
    assert mask is not None
    others = {"beach": mask[::-1], "urban": mask[:, ::-1]}
    for name, marks in others.items():
        samples.npz(tmp_path / f"{name}.npz", cube=sample().cube, gt=marks)
    assert len(inspect_scene(tmp_path).rivals) == 2 and "urban.npz" in inspect_scene(tmp_path).warnings[0]
    for name, marks in others.items():
        scene = build_scene(inspect_scene(tmp_path, Choice(cube_file=f"{name}.npz")))
        assert np.array_equal(scene.mask, marks) and scene.name == name
    apart = tmp_path / "apart"
    apart.mkdir()
    for name, marks in others.items():
        samples.npz(apart / f"{name}.npz", cube=sample().cube)
        samples.npz(apart / f"{name}_gt.npz", gt=marks)
    for name, marks in others.items():
        scene = build_scene(inspect_scene(apart, Choice(cube_file=f"{name}.npz")))
        assert np.array_equal(scene.mask, marks)


def test_a_photograph_beside_the_cube_is_not_taken(tmp_path: Path) -> None:
    photograph = np.zeros((24, 20, 3), np.uint8)
    path = samples.npz(tmp_path / "a.npz", image=photograph, x=sample().cube)
    assert inspect_scene(path).cube.found.stored.key == "x"


def test_an_inspection_is_json_and_names_files_as_choices_do(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    samples.envi(tmp_path / "in" / "scene.hdr")
    samples.npz(tmp_path / "gt.npz", gt=sample().mask)
    (tmp_path / "readme.txt").write_text("about")
    said = json.loads(json.dumps(inspect_scene(tmp_path).as_dict()))
    assert [entry["name"] for entry in said["files"]] == ["gt.npz", "in/scene.hdr"]
    assert said["chosen"] == {"cube": {"file": "in/scene.hdr", "key": ""}, "mask": {"file": "gt.npz", "key": "gt"},
                              "axis_order": "HWB"}  # fmt: skip
    chosen = inspect_scene(tmp_path, Choice(cube_file="in/scene.hdr", mask_file="gt.npz", mask_key="gt"))
    assert chosen.mask is not None
    assert inspect_scene(tmp_path, Choice(use_mask=False)).mask is None


def test_a_file_without_any_cube_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(FormatError) as caught:
        open_scene(samples.npz(tmp_path / "a.npz", table=np.zeros((50, 6))))
    assert caught.value.code == "hsi.no_cube" and '"table" (50 x 6)' in caught.value.message
