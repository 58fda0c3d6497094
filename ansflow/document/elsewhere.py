"""What other tools call the things we know: so that a file written for one of them is told our words, one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansflow.core.errors import Problem


def called(name: str) -> str:
    return f"Here it is called {name!r}."


STEPS_LIST = "Here 'steps' is a map: the name of each step is its key, and 'needs' gives the order."

TOP: Mapping[str, str] = {
    "jobs": "Here they are 'steps': a map from name to step, each with its own 'run'.",
    "pipeline": called("steps"),
    "tasks": called("steps"),
    "workflow": "Say when a step runs with its 'when', and what starts the pipeline with 'on'.",
    "workflows": "Here the order is given by 'needs' in each step.",
    "stages": "There are no stages: say with 'needs' in each step what it waits for.",
    "stage": "There are no stages: say with 'needs' in each step what it waits for.",
    "true": "Here it is called 'on'.",
    "trigger": called("on"),
    "triggers": called("on"),
    "pr": "Write on: {pull_request: {branches: [main]}}.",
    "schedules": "Write on: {schedule: [{cron: …}]}.",
    "when": "Say what starts the pipeline with 'on'; 'when' stands in a step.",
    "rules": "Say what starts the pipeline with 'on'; 'when' stands in a step.",
    "environment": "Variables are 'env'; the place of a deployment is 'environment' in a step.",
    "variables": called("env"),
    "parameters": called("inputs"),
    "permissions": "A step sees only the secrets named in its 'secrets'; there is no token to limit.",
    "run-name": called("name"),
    "default": called("defaults"),
    "image": "Write defaults: {image: …}.",
    "timeout-minutes": "Write timeout: 30m.",
    "shell": "Write defaults: {shell: …}.",
    "retry": "Write defaults: {retry: …}.",
    "runs_on": "Write defaults: {runs_on: …}.",
    "runs-on": "Write defaults: {runs_on: …}.",
    "before_script": "Write these lines into 'run' of the steps that need them.",
    "after_script": "Write a step under 'finally'.",
    "post": "Write a step under 'finally'.",
    "cache": "'cache' stands in a step.",
    "services": "'services' stands in a step.",
    "artifacts": "'artifacts' stands in a step.",
    "include": "Write uses: ./templates/x.yml in a step.",
    "extends": "Write uses: ./templates/x.yml in a step, or use a YAML anchor.",
    "depends_on": "Write on: {pipeline: {after: [name]}}.",
    "strategy": "'matrix' stands in a step.",
    "matrix": "'matrix' stands in a step.",
    "agent": "Say per step where it runs, with 'executor', 'image' or 'runs_on'.",
    "pool": "Say per step where it runs, with 'executor', 'image' or 'runs_on'.",
    "clone": "Write a step of type fetch_code.",
}

STEP: Mapping[str, str] = {
    "script": called("run"),
    "commands": called("run"),
    "command": called("run"),
    "cmd": called("run"),
    "sh": called("run"),
    "bash": called("run"),
    "before_script": "Write these lines first in 'run'.",
    "after_script": "Write a step under 'finally' that does it.",
    "steps": "A step has no steps of its own: write its commands as a list under 'run'.",
    "runs-on": "Here it is called 'runs_on'.",
    "tags": "To choose a queue of workers write 'runs_on'; to run for Git tags write when: [{tag: …}].",
    "depends_on": called("needs"),
    "depends-on": called("needs"),
    "dependencies": called("needs"),
    "requires": called("needs"),
    "stage": "There are no stages: say with 'needs' what this step waits for.",
    "strategy": "Write 'matrix' in the step itself.",
    "continue-on-error": called("allow_failure"),
    "continue_on_error": called("allow_failure"),
    "failure": called("allow_failure"),
    "timeout-minutes": "Write timeout: 30m.",
    "timeout_minutes": "Write timeout: 30m.",
    "timeout-in-minutes": "Write timeout: 30m.",
    "only": "Write when: [{event: push, branch: main}].",
    "except": "Write when: [{branch: {exclude: [main]}}].",
    "rules": "Write 'when' for what is known before the run, 'if' for what is known during it.",
    "changes": "Write when: [{path: […]}].",
    "on": "'on' stands at the top; in a step write 'when'.",
    "variables": called("env"),
    "environment_variables": called("env"),
    "settings": called("with"),
    "parameters": called("with"),
    "args": "Write it under 'with', or in 'run'.",
    "container": called("image"),
    "docker": called("image"),
    "working-directory": called("working_directory"),
    "workdir": called("working_directory"),
    "cwd": called("working_directory"),
    "directory": called("working_directory"),
    "id": "The key above the step is its id.",
    "key": "The key above the step is its id.",
    "title": called("name"),
    "label": called("name"),
    "resource_group": "Here it is called 'concurrency'.",
    "interruptible": "Write concurrency: {group: …, policy: cancel_running}.",
    "coverage": "Write reports: {coverage: coverage.xml}.",
    "retries": called("retry"),
    "extends": "Write uses: ./templates/x.yml, or use a YAML anchor.",
    "include": "Write uses: ./templates/x.yml.",
    "trigger": "Let the other pipeline start after this one: on: {pipeline: {after: […]}}.",
    "agent": "Say where it runs with 'executor', 'image' or 'runs_on'.",
    "permissions": "A step sees only the secrets named in its 'secrets'; there is no token to limit.",
    "input": "Write 'approval' for a question, 'inputs' at the top for values.",
    "post": "Write a step under 'finally'.",
    "hooks": "Write a step under 'finally'.",
    "privileged": "A step has no privileges that it could be given here.",
    "defaults": "Write 'shell' and 'working_directory' in the step itself.",
    "stages": "There are no stages: say with 'needs' in each step what it waits for.",
    "conditions": "Write 'when' for what is known before the run, 'if' for what is known during it.",
    "detach": "Write it under 'services'.",
}

ON: Mapping[str, str] = {
    "workflow_dispatch": called("manual"),
    "repository_dispatch": called("webhook"),
    "workflow_call": "A template is used with 'uses' in a step; it needs no trigger.",
    "workflow_run": "Write pipeline: {after: [name]}.",
    "pull_request_target": called("pull_request"),
    "merge_request": called("pull_request"),
    "merge_requests": called("pull_request"),
    "merge_request_event": called("pull_request"),
    "pr": called("pull_request"),
    "cron": called("schedule"),
    "tags": called("tag"),
    "branches": "Write push: {branches: […]}.",
    "web": called("manual"),
    "api": "A call of the API needs no trigger.",
}

FILTERS: Mapping[str, str] = {
    "branches-ignore": "Write branches: {exclude: […]}.",
    "paths-ignore": "Write paths: {exclude: […]}.",
    "tags-ignore": "Write tags: {exclude: […]}.",
    "tags": "Tags have an event of their own: on: {tag: …}.",
    "branch": called("branches"),
    "path": called("paths"),
    "inputs": "'inputs' stands at the top.",
    "types": "Say it with 'when' or 'if' in a step.",
}

WHEN: Mapping[str, str] = {
    "branches": called("branch"),
    "ref": "Write 'branch' or 'tag'.",
    "refs": "Write 'branch' or 'tag'.",
    "events": called("event"),
    "paths": called("path"),
    "changes": called("path"),
    "tags": called("tag"),
    "inputs": called("input"),
    "if": "'if' stands in the step, beside 'when'.",
    "status": "Say it with 'needs: {step: …, status: […]}', or with 'if'.",
    "evaluate": "Write 'if' in the step.",
    "matrix": "Write 'if' in the step.",
    "cron": "Write event: schedule.",
}

GITHUB_ACTIONS: Mapping[str, str] = {
    "actions/checkout": "Write type: fetch_code.",
    "actions/cache": "Write 'cache' in the step that uses the files.",
    "actions/upload-artifact": "Write 'artifacts' in the step that makes the files.",
    "actions/download-artifact": "Nothing is needed: the files of earlier steps are in the workspace.",
}
"""What GitHub does with an action and we do without."""

GITLAB_WORDS = ("stages", "before_script", "after_script", "include", "workflow", "default", "variables")


OURS = re.compile(r"^(?:version|steps)[ \t]*:", re.MULTILINE)
JENKINSFILE = re.compile(r"^[ \t]*(?:@Library|pipeline\s*\{|node\b[^\n]*\{|def\s|stage\s*\()", re.MULTILINE)


def recognise(value: Any) -> Problem | None:
    """Which tool a file was written for, if not for us."""
    tool = _tool(value) if isinstance(value, Mapping) else ""
    return _written_for(tool) if tool else None


def recognise_text(text: str) -> Problem | None:
    """As `recognise`, for text that is no YAML: one of ours with a slip in it may hold any script."""
    if OURS.search(text):
        return None
    if JENKINSFILE.search(text[:10_000]):
        return _written_for("a Jenkinsfile")
    return _written_for("a GitLab CI file") if "!reference [" in text else None


def is_step(value: Any) -> bool:
    """Whether it has what only a step has."""
    return _has(value, "script", "run", "commands", "command", "uses", "trigger", "extends")


def _written_for(tool: str) -> Problem:
    message = f"This looks like {tool}, not like a pipeline file of AnsFlow."
    hint = "Each word that differs is named with ours; 'ansflow init' writes a file to start from."
    return Problem(code="other_tool", message=message, hint=hint, line=1, column=1)


def _tool(value: Mapping[str, Any]) -> str:
    jobs, steps = value.get("jobs"), value.get("steps")
    if isinstance(jobs, Mapping):
        circle = "workflows" in value or "orbs" in value
        return "a CircleCI configuration" if circle else "a GitHub Actions workflow"
    if isinstance(value.get("runs"), Mapping):
        return "a GitHub action"
    if "pool" in value or "trigger" in value:
        return "an Azure pipeline"
    if isinstance(steps, list):
        if any(_has(step, "commands") for step in steps):
            return "a Woodpecker workflow"
        return "a Buildkite pipeline" if any(_has(step, "command", "label") for step in steps) else ""
    if isinstance(steps, Mapping):
        return "a Woodpecker workflow" if any(_has(step, "commands", "settings") for step in steps.values()) else ""
    jobs_in_gitlab = any(_has(job, "script", "extends") for job in value.values())
    return "a GitLab CI file" if jobs_in_gitlab or any(word in value for word in GITLAB_WORDS) else ""


def _has(step: Any, *keys: str) -> bool:
    return isinstance(step, Mapping) and any(key in step for key in keys)
