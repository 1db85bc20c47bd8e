"""A sample against a cluster as it comes: the command, its answer and its exit code."""

import json

import pytest

from ostiary.cli.output import Format
from ostiary.cli.rbac_agreement import against_cluster
from ostiary.sandbox.lifecycle import RunningCluster

pytestmark = pytest.mark.judge("rbac-agreement")


def test_a_fresh_cluster_agrees(ostiary_cluster: RunningCluster, capsys: pytest.CaptureFixture[str]) -> None:
    code = against_cluster(None, kubeconfig=ostiary_cluster.kubeconfig, context=None, questions=600, form=Format.JSON)
    said = json.loads(capsys.readouterr().out)
    assert said["differing"] == []
    assert (code, said["asked"]) == (0, 600)
    assert "of such questions differ" in said["sentence"]
