"""What a client makes of frames, in the fewest words: `apply(view, frame)`. The web app has the same in TypeScript.

A view is {seq, stale, execution, logs}: `stale` until a snapshot comes; `logs` by `step_id/attempt`, each with the
bytes it has (`end`) and their text.
"""

from __future__ import annotations

from typing import Any

View = dict[str, Any]
EMPTY: View = {"seq": 0, "stale": True, "execution": None, "logs": {}}


def apply(view: View, frame: dict[str, Any]) -> View:
    match frame["type"]:
        case "snapshot":
            return {**view, "seq": frame["seq"], "stale": False, "execution": frame["data"]}
        case "resync":
            return {**view, "stale": True}
        case "log_update":
            return {**view, "logs": _printed(view["logs"], frame["data"])}
        case "execution_update" | "step_update" if not view["stale"] and frame["seq"] > view["seq"]:
            if frame["seq"] > view["seq"] + 1:
                return {**view, "stale": True}
            return {**view, "seq": frame["seq"], "execution": _laid_over(view["execution"], frame)}
    return view


def _laid_over(execution: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
    """Fields that both have. The steps' identity never changes, so `step_id` and `key` only find the step."""
    data = frame["data"]
    if frame["type"] == "execution_update":
        return _with(execution, data) | {"seq": frame["seq"]}
    steps = [_with(step, data) if step["id"] == data["step_id"] else step for step in execution["step_executions"]]
    return {**execution, "step_executions": steps, "seq": frame["seq"]}


def _with(known: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    return known | {name: value for name, value in data.items() if name in known}


def _printed(logs: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """A piece goes where it belongs: what is known is passed over, and what would leave a hole waits outside."""
    name = f"{data['step_id']}/{data['attempt']}"
    known = logs.get(name, {"end": 0, "text": ""})
    if not data["offset"] <= known["end"] < data["end"]:
        return logs
    new = data["text"].encode()[known["end"] - data["offset"] :].decode() if "base64" not in data else data["text"]
    return {**logs, name: {"end": data["end"], "text": known["text"] + new}}
