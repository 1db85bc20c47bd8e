"""Sealed values say whether two are equal, and nothing else."""

import pickle

import pytest

from ostiary.model.sealed import NO_ANNOTATIONS, Annotations, Sealed, seal

SECRET = "hunter2-do-not-print"


def test_equal_texts_have_equal_digests_under_one_key_only() -> None:
    assert seal(SECRET, key=bytes(32)) == seal(SECRET, key=bytes(32))
    assert seal(SECRET, key=bytes(32)) != seal(SECRET, key=b"1" * 32)
    assert seal(SECRET, key=bytes(32)) != seal(SECRET + "x", key=bytes(32))
    assert len({seal("a", key=bytes(32)), seal("a", key=bytes(32)), seal("b", key=bytes(32))}) == 2


def test_nothing_shows() -> None:
    sealed = seal(SECRET, key=bytes(32))
    assert repr(sealed) == str(sealed) == f"{sealed}" == "***"
    assert SECRET.encode() not in pickle.dumps(sealed)


@pytest.mark.parametrize("wrong", ["", "x" * 32, "0" * 31, "0" * 33, "A" * 32])
def test_a_digest_has_its_form(wrong: str) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal"):
        Sealed(wrong)


def test_annotations_that_nobody_reads_are_gone() -> None:
    kept = Annotations.of({"kubernetes.io/config.mirror": "x", "kubectl.kubernetes.io/last-applied-configuration": SECRET})
    assert kept.kept == {"kubernetes.io/config.mirror": "x"}
    assert SECRET not in repr(kept)
    assert Annotations.of({"note": SECRET}) is NO_ANNOTATIONS
