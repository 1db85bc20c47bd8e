"""Two Clusters, object by object."""

from ostiary.adapters.comparison import compare
from ostiary.model.basics import Namespace, Secret
from ostiary.model.blind import Blind, Reason
from ostiary.model.cluster import Cluster
from ostiary.model.meta import Meta, Ref
from ostiary.model.sealed import seal


def namespace(name: str, **labels: str) -> Namespace:
    return Namespace(metadata=Meta(name=name, labels=labels))


def test_added_removed_and_changed_are_told_apart() -> None:
    before = Cluster(namespaces=(namespace("a"), namespace("b"), namespace("c")))
    after = Cluster(namespaces=(namespace("b", x="y"), namespace("c"), namespace("d")))
    found = compare(before, after)
    assert (found.added, found.removed, found.changed) == (
        (Ref("Namespace", "", "d"),), (Ref("Namespace", "", "a"),), (Ref("Namespace", "", "b"),),
    )  # fmt: skip
    assert found.differ
    assert not compare(before, before).differ


def test_sealed_values_count_only_under_one_key() -> None:
    one, two = (
        Cluster(secrets=(Secret(metadata=Meta(name="s", namespace="n"), data={"k": seal("x", key=key * 32)}),))
        for key in (b"a", b"b")
    )
    assert compare(one, two).differ
    assert not compare(one, two, sealed=False).differ


def test_what_only_one_could_not_see_is_a_difference_and_words_are_none() -> None:
    here, there = (Blind(kind="Pod", reason=Reason.FORBIDDEN, where=text, detail=text) for text in ("a", "b"))
    assert not compare(Cluster(blind=(here,)), Cluster(blind=(there,))).differ
    assert compare(Cluster(blind=(here,)), Cluster()).unseen == (here,)
