"""Row tracking: each live file has row ids of its own, and the table's mark is past all of them."""

import json

DOMAIN = "delta.rowTracking"


def judge(state, findings):
    """Problems of a table whose writers give row ids."""
    configuration = state.metadata.get("configuration") or {}
    enabled = configuration.get("delta.enableRowTracking") == "true" and configuration.get("delta.rowTrackingSuspended") != "true"
    if "rowTracking" not in (state.protocol.get("writerFeatures") or []) or not enabled:
        return
    ranges = []
    for file in state.files.values():
        if file.base_row_id is None or file.row_commit_version is None:
            findings.problem(f"{file.path} has no row ids, although the table tracks rows.")
        else:
            ranges.append((file.base_row_id, file.base_row_id + (file.stats or {}).get("numRecords", 1), file.path))
    ranges.sort()
    for (_, end, path), (begin, _, other) in zip(ranges, ranges[1:]):
        if begin < end:
            findings.problem(f"{path} and {other} share row ids from {begin} on.")
    said = state.domains.get(DOMAIN)
    mark = json.loads(said["configuration"])["rowIdHighWaterMark"] if said else -1
    if ranges and max(end for _, end, _ in ranges) - 1 > mark:
        findings.problem(f"the table's row ids go to {max(end for _, end, _ in ranges) - 1}, its mark says {mark}.")
