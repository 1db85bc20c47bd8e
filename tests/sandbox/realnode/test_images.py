"""Images made on the spot: the same bytes for the same input, and digests that hold."""

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.sandbox.realnode.images import Content, Image, SymbolicLink, build_image, write_archive

PROGRAM = b"\x7fELF and more"


def entries(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: file.read() for member in tar if (file := tar.extractfile(member)) is not None}


def document(found: dict[str, bytes], descriptor: dict[str, Any]) -> dict[str, Any]:
    digest = descriptor["digest"].removeprefix("sha256:")
    content = found[f"blobs/sha256/{digest}"]
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, descriptor["size"])
    value: dict[str, Any] = json.loads(content)
    return value


def test_every_descriptor_names_a_blob_of_that_digest_and_size(tmp_path: Path) -> None:
    found = entries(build_image("ostiary.local/web:2", {"/web": PROGRAM}, ("/web",), to=tmp_path / "i.tar"))
    (descriptor,) = json.loads(found["index.json"])["manifests"]
    assert descriptor["annotations"]["io.containerd.image.name"] == "ostiary.local/web:2"
    manifest = document(found, descriptor)
    config = document(found, manifest["config"])
    layer = found["blobs/sha256/" + manifest["layers"][0]["digest"].removeprefix("sha256:")]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/web"]


def test_the_user_is_a_number_that_is_not_root(tmp_path: Path) -> None:
    found = entries(build_image("a:1", {"/a": PROGRAM}, ("/a",), to=tmp_path / "i.tar"))
    manifest = document(found, json.loads(found["index.json"])["manifests"][0])
    user = document(found, manifest["config"])["config"]["User"]
    assert int(user.split(":")[0]) > 0


def test_arguments_are_what_a_pod_may_replace_without_the_entrypoint(tmp_path: Path) -> None:
    image = Image("a:1", {"/a": PROGRAM}, ("/a",), arguments=("pause",))
    found = entries(write_archive([image], tmp_path / "i.tar"))
    manifest = document(found, json.loads(found["index.json"])["manifests"][0])
    settings = document(found, manifest["config"])["config"]
    assert (settings["Entrypoint"], settings["Cmd"]) == (["/a"], ["pause"])


def layer_of(archive: Path) -> tarfile.TarFile:
    found = entries(archive)
    manifest = document(found, json.loads(found["index.json"])["manifests"][0])
    return tarfile.open(fileobj=io.BytesIO(found["blobs/sha256/" + manifest["layers"][0]["digest"].removeprefix("sha256:")]))


def test_a_layer_holds_folders_before_files_links_and_a_tmp_for_everybody(tmp_path: Path) -> None:
    files: dict[str, Content | SymbolicLink] = {"/opt/app/run": PROGRAM, "/bin/sh": SymbolicLink("busybox")}
    with layer_of(build_image("a:1", files, ("/a",), to=tmp_path / "i.tar")) as layer:
        names = layer.getnames()
        assert names.index("opt") < names.index("opt/app") < names.index("opt/app/run")
        assert layer.getmember("tmp").mode == 0o1777
        assert layer.getmember("bin/sh").linkname == "busybox"
        assert layer.getmember("opt/app/run").mode == 0o755
        assert {(member.uid, member.gid, member.mtime) for member in layer} == {(0, 0, 0)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.dictionaries(st.from_regex(r"(/[a-z]{1,8}){1,3}", fullmatch=True), st.binary(max_size=50), max_size=5), st.randoms())
def test_the_same_files_in_any_order_give_the_same_bytes(tmp_path: Path, files: dict[str, bytes], random: Any) -> None:
    files = {path: content for path, content in files.items() if not any(other.startswith(f"{path}/") for other in files)}
    shuffled = list(files.items())
    random.shuffle(shuffled)
    one = build_image("a:1", files, ("/a",), to=tmp_path / "one.tar").read_bytes()
    assert build_image("a:1", dict(shuffled), ("/a",), to=tmp_path / "two.tar").read_bytes() == one


def test_images_with_the_same_files_share_their_layer(tmp_path: Path) -> None:
    big = bytes(1_000_000)
    images = [Image(f"a:{number}", {"/a": big}, ("/a", str(number))) for number in range(3)]
    assert write_archive(images, tmp_path / "i.tar").stat().st_size < 1_200_000


@pytest.mark.parametrize("content", [PROGRAM, "path"])
def test_a_file_may_be_given_by_path_or_as_bytes(tmp_path: Path, content: bytes | str) -> None:
    source = tmp_path / "program"
    source.write_bytes(PROGRAM)
    given_as = source if content == "path" else PROGRAM
    with layer_of(build_image("a:1", {"/a": given_as}, ("/a",), to=tmp_path / "i.tar")) as layer:
        file = layer.extractfile("a")
        assert file is not None
        assert file.read() == PROGRAM
