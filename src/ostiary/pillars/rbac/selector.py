"""Whether labels match a label selector.

Source: ``apimachinery/pkg/apis/meta/v1/helpers.go`` (LabelSelectorAsSelector), ``pkg/labels/selector.go``.

>>> selects(LabelSelector(match_labels={"tier": "web"}), {"tier": "web", "app": "shop"})
True
"""

from collections.abc import Mapping

from ostiary.model.workloads import LabelRequirement, LabelSelector

OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """All of ``matchLabels`` and all of ``matchExpressions``; nothing said selects everything."""
    return all(labels.get(key) == value for key, value in selector.match_labels.items()) and all(
        _holds(one, labels) for one in selector.match_expressions
    )


def _holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    present = requirement.key in labels
    match requirement.operator:
        case "In":
            return present and labels[requirement.key] in requirement.values
        case "NotIn":
            return not present or labels[requirement.key] not in requirement.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case _:
            return False


def wrong_selector(selector: LabelSelector) -> str:
    """Why an API server would refuse this selector, as far as operators and their values go; empty when it would not."""
    for one in selector.match_expressions:
        if one.operator not in OPERATORS:
            return f"{one.operator!r} is no operator of a label selector"
        if one.operator in ("In", "NotIn") and not one.values:
            return f"{one.operator} of {one.key!r} has no values"
        if one.operator in ("Exists", "DoesNotExist") and one.values:
            return f"{one.operator} of {one.key!r} has values"
    return ""
