"""The work of a deploy step, in a process of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansflow.core.errors import ExternalError
from ansflow.plugins.own_work import do_own_work
from ansflow.steps.deploy.files import choose_files
from ansflow.steps.deploy.running import check, connected, run
from ansflow.steps.deploy.targets import Here, Target, parse_there


def deploy(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    with _target(parameters) as target:
        if parameters["action"] == "rollback":
            return _roll_back(target, parameters)
        return _deliver(target, parameters)


@contextmanager
def _target(parameters: Mapping[str, Any]) -> Iterator[Target]:
    there = parse_there(parameters["target"]) if parameters["strategy"] == "ssh" else None
    if there is None:
        yield Here(folder=parameters["target"])
        return
    with connected(there, key=parameters["key"], known_hosts=parameters["known_hosts"]) as target:
        yield target


def _deliver(target: Target, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    files = choose_files(Path(parameters["source"]), parameters["paths"])
    for path in files.passed_over:
        print(f"Passed over: {path} is neither file nor link.")
    release = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{parameters['release']}"
    print(f"Copying {len(files.paths)} files to {target.place} as release {release} …")
    try:
        previous = run(target, "deliver", release, _patience(parameters), feed=files.send)["previous"]
    except ExternalError as error:
        raise ExternalError(f"{error} Nothing was switched.", permanent=error.permanent) from None
    print(f"{release} is current now; before it was {previous or 'nothing'}.")
    if why := _unhealthy(target, parameters):
        return _withdraw(target, parameters, release=release, previous=previous, why=why)
    run(target, "confirm", release, str(parameters["keep"]))
    return {"release": release, "previous": previous, "outputs": {"release": release, "previous": previous}}


def _withdraw(
    target: Target, parameters: Mapping[str, Any], *, release: str, previous: str, why: str
) -> Mapping[str, Any]:
    """Goes back, and runs the check again: where it also restarts a service, that must happen for the old one, too."""
    message = f"The check of {release} failed: {why}. "
    try:
        previous = run(target, "withdraw", release, previous)["release"]
    except ExternalError as error:
        raise ExternalError(f"{message}{error}", permanent=error.permanent) from None
    if not previous:
        message += "There was no release before it, so nothing is current."
    else:
        print(f"{previous} is current again.")
        still = _unhealthy(target, parameters)
        message += f"{previous} is current again" + (f", and its check fails, too: {still}." if still else ".")
    return {"message": message, "withdrawn": release, "release": previous}


def _roll_back(target: Target, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    answers = run(target, "rollback", parameters["wanted"])
    print(f"{answers['release']} is current again; before it was {answers['previous']}.")
    result = {**answers, "outputs": answers}
    if why := _unhealthy(target, parameters):
        return {**result, "message": f"{answers['release']} is current again, and its check failed: {why}."}
    return result


def _patience(parameters: Mapping[str, Any]) -> str:
    """Seconds for which others must let the release be: its check, and a minute to say how that went."""
    return str(math.ceil(parameters["verify_seconds"]) + 60)


def _unhealthy(target: Target, parameters: Mapping[str, Any]) -> str:
    command = parameters["verify"]
    return check(target, command, seconds=parameters["verify_seconds"]) if command else ""


if __name__ == "__main__":
    raise SystemExit(do_own_work(deploy))
