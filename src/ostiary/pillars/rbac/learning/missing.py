"""The gaps of the evidence, as what a verdict misses.

>>> [str(one.what) for one in missing(Evidence())]
['Event: unobserved (there is no evidence)']
"""

from ostiary.model.blind import Blind, Reason
from ostiary.model.evidence import Evidence, Lack
from ostiary.model.verdict import Missing

_REASON = {
    Lack.UNREADABLE: Reason.UNREADABLE,
    Lack.UNKNOWN_VERSION: Reason.UNKNOWN_VERSION,
    Lack.TRUNCATED: Reason.TRUNCATED,
    Lack.SILENT: Reason.UNOBSERVED,
    Lack.UNDECIDED: Reason.UNREADABLE,
    Lack.TOO_MUCH: Reason.TOO_LARGE,
}
_TODO = {
    Lack.UNREADABLE: "give the log as the API server wrote it; take out what is not a record",
    Lack.UNKNOWN_VERSION: "let the API server write audit.k8s.io/v1",
    Lack.TRUNCATED: "give the whole file",
    Lack.SILENT: "give the files of that time, or a window without them",
    Lack.UNDECIDED: "keep the annotations of audit events",
    Lack.TOO_MUCH: "give a shorter window",
}


def missing(evidence: Evidence) -> tuple[Missing, ...]:
    """One for each gap; and one where there is no evidence at all."""
    if not evidence.streams:
        return (
            Missing(
                Blind(kind="Event", reason=Reason.UNOBSERVED, detail="there is no evidence"), "give audit logs with --evidence"
            ),
        )
    return tuple(
        Missing(
            Blind(kind="Event", reason=_REASON[gap.lack], where=gap.where, detail=f"{gap.count} records: {gap.detail}"),
            _TODO[gap.lack],
        )
        for gap in evidence.gaps
    )
