"""containerd's configuration is TOML that says what was decided."""

import tomllib
from pathlib import Path

import pytest

from ostiary.sandbox.realnode import containerd


@pytest.mark.parametrize("restrict", [True, False])
def test_the_configuration_keeps_everything_in_the_node_s_own_places(restrict: bool) -> None:
    text = containerd.configuration(Path("/engines"), snapshotter="native", restrict_oom=restrict)
    value = tomllib.loads(text)
    assert value["version"] == 3
    assert value["root"] == "/run/ostiary-node/containerd"
    runtime = value["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["restrict_oom_score_adj"] is restrict
    assert runtime["cni"]["bin_dirs"][0] == "/engines"
    images = value["plugins"]["io.containerd.cri.v1.images"]
    assert (images["snapshotter"], images["pinned_images"]["sandbox"]) == ("native", "ostiary.local/pause:1")
