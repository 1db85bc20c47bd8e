"""Container images made on the spot: one layer of a few files, in an OCI image layout as one tar, no registry, no daemon.

It decides nothing about what is in an image. The same input gives the same bytes: entries are sorted, times are zero, owners
are root. ``ctr images import`` and ``--image`` read the result. Source: OCI image specification 1.1, image-layout.md and
config.md.

    build_image("ostiary.local/web:1", {"/web": Path("web")}, ("/web",), to=Path("web.tar"))
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

NOBODY = "65532:65532"
Content = Path | bytes
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class SymbolicLink:
    """A file of an image that points to another one in it."""

    target: str


@dataclass(frozen=True, slots=True)
class Image:
    """What to build: ``files`` by absolute path inside; every file is world-readable and executable.

    ``arguments`` follow the entrypoint where a pod gives none.
    """

    name: str
    files: Mapping[str, Content | SymbolicLink]
    entrypoint: tuple[str, ...]
    user: str = NOBODY
    arguments: tuple[str, ...] = ()


def build_image(
    name: str,
    files: Mapping[str, Content | SymbolicLink],
    entrypoint: Sequence[str],
    user: str = NOBODY,
    *,
    to: Path,
) -> Path:
    """Write an archive with one image called ``name`` to ``to`` and return that path.

    ``user`` is numeric, ``UID:GID``, so that ``runAsNonRoot`` can be checked; the image has ``/tmp`` and an ``/etc/passwd``.
    """
    return write_archive([Image(name, files, tuple(entrypoint), user)], to)


def write_archive(images: Sequence[Image], to: Path) -> Path:
    """Write one archive with several images; layers that are the same are stored once."""
    blobs: dict[str, bytes] = {}
    index = {"schemaVersion": 2, "manifests": [_manifest(image, blobs) for image in images]}
    entries = {f"blobs/sha256/{digest}": content for digest, content in blobs.items()}
    entries["oci-layout"] = _json({"imageLayoutVersion": "1.0.0"})
    entries["index.json"] = _json(index)
    with tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(entries.items()):
            _add(archive, path, content)
    return to


def _manifest(image: Image, blobs: dict[str, bytes]) -> dict[str, object]:
    """Add an image's blobs and return its descriptor for the index."""
    layer = _layer(image.files)
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    settings = {"Entrypoint": list(image.entrypoint), "User": image.user, "WorkingDir": "/", "Env": ["PATH=/bin:/"]}
    if image.arguments:
        settings["Cmd"] = list(image.arguments)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        "history": [{"created_by": "ostiary sandbox"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _store(blobs, _json(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [_store(blobs, layer, "application/vnd.oci.image.layer.v1.tar")],
    }
    tag = image.name.rpartition(":")[2]
    return {
        **_store(blobs, _json(manifest), str(manifest["mediaType"])),
        "platform": {"architecture": architecture, "os": "linux"},
        "annotations": {"io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": tag},
    }


def _store(blobs: dict[str, bytes], content: bytes, media_type: str) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _layer(files: Mapping[str, Content | SymbolicLink]) -> bytes:
    everything: dict[str, Content | SymbolicLink] = {
        "/etc/passwd": b"root:x:0:0:root:/:/bin/sh\nnobody:x:65532:65532:nobody:/:/bin/sh\n",
        "/etc/group": b"root:x:0:\nnobody:x:65532:\n",
        **files,
    }
    relative = {path.lstrip("/"): content for path, content in everything.items()}
    folders = {str(parent) for path in relative for parent in PurePosixPath(path).parents} - {"."} | {"tmp"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in sorted(folders):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        for path, content in sorted(relative.items()):
            _add(archive, path, content)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, path: str, content: Content | SymbolicLink) -> None:
    entry = tarfile.TarInfo(path)
    entry.mode = 0o755
    if isinstance(content, SymbolicLink):
        entry.type, entry.linkname = tarfile.SYMTYPE, content.target
        archive.addfile(entry)
        return
    data = content if isinstance(content, bytes) else content.read_bytes()
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
