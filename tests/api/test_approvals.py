"""Gates: who may answer, how often, for what; and every way round them that we could think of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansflow.apps.accounts.models import Group
from ansflow.apps.approvals import actions, queries
from ansflow.apps.executions.actions import cancel, rerun, trigger
from ansflow.apps.projects.models import Environment, Member
from ansflow.core.errors import AnsFlowError, Conflict, Forbidden, InvalidSpec, NotFound
from tests.house import EXECUTIONS, House

GATE = "steps:\n  ship:\n    run: ship\n    approval: {%s}\n"


def asked(house: House, gate: str = "required: 1", by: str = "owner") -> int:
    """The number of an approval that waits."""
    execution = house.trigger(by, house.pipeline(GATE % gate))["id"]
    return house.step(execution, "ship").id


def respond(house: House, who: str, approval: int, **body: object):
    return house.post(who, f"/api/v1/approvals/{approval}/respond/", {"action": "approve", **body})


def test_the_inbox_shows_what_waits_and_for_whom(house: House):
    approval = asked(house, "message: Ship it?, required: 2")
    (found,) = house.api("developer").get("/api/v1/approvals/").json()["results"]
    assert (found["id"], found["step"], found["status"], found["required"]) == (approval, "ship", "pending", 2)
    assert (found["message"], found["may_respond"]) == ("Ship it? (2 approvals needed)", True)
    (seen,) = house.api("guest").get("/api/v1/approvals/").json()["results"]
    assert not seen["may_respond"] and seen["why_not"]
    assert house.api("guest").get("/api/v1/approvals/", mine="true").json()["count"] == 0
    assert house.api("developer").get("/api/v1/approvals/", mine="true").json()["count"] == 1
    assert house.api("outsider").get("/api/v1/approvals/").json()["count"] == 0


def test_as_many_different_people_as_asked_for_open_it(house: House):
    approval = asked(house, "required: 2")
    first = respond(house, "developer", approval, comment="Fine.")
    assert (first.status_code, first.json()["status"]) == (200, "pending")
    assert first.json()["answers"] == [{"by": "developer", "comment": "Fine.", "fields": {}}]
    assert respond(house, "developer", approval).status_code == 403
    assert respond(house, "maintainer", approval).json()["status"] == "approved"
    assert respond(house, "admin", approval).status_code == 409


def test_one_no_ends_it(house: House):
    approval = asked(house, "required: 2")
    respond(house, "developer", approval)
    answer = respond(house, "maintainer", approval, action="reject", comment="Not on a Friday.")
    assert answer.json()["status"] == "rejected"
    assert respond(house, "admin", approval).status_code == 409


@pytest.mark.parametrize("who", ["guest", "reporter", "outsider", "rival", ""])
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_who_has_not_the_role_has_no_say(house: House, who: str, action: str):
    approval = asked(house)
    wanted = {"guest": 403, "reporter": 403, "outsider": 404, "rival": 404, "": 401}[who]
    assert respond(house, who, approval, action=action).status_code == wanted
    assert house.api("admin").get(f"/api/v1/approvals/{approval}/").json()["status"] == "pending"


@pytest.mark.parametrize(
    ("gate", "who", "error"),
    [
        ("self_approval: false", "owner", Forbidden),
        ("approvers: {users: [maintainer]}", "developer", Forbidden),
        ("approvers: {groups: [ops]}", "developer", Forbidden),
        ("approvers: {groups: [ops], users: [maintainer]}", "developer", Forbidden),
        ("approvers: {users: [reporter]}", "reporter", Forbidden),
        ("approvers: {users: [outsider]}", "outsider", NotFound),
        ("approvers: {users: [rival]}", "rival", NotFound),
        ("approvers: {groups: [ops]}", "admin", Forbidden),
    ],
)
def test_who_is_not_meant_has_no_say(house: House, gate: str, who: str, error: type[AnsFlowError]):
    approval = asked(house, gate)
    with pytest.raises(error):
        actions.respond(house.world.actor(who), approval, action="approve")


@pytest.mark.parametrize("scopes", [set(), {"read"}, {"run"}, {"write"}, {"admin"}, {"read", "run", "write", "admin"}])
def test_a_token_answers_only_with_the_scope_for_it(house: House, scopes: set[str]):
    approval, person = asked(house), house.world.actor("developer")
    with pytest.raises(Forbidden):
        actions.respond(replace(person, scopes=frozenset(scopes)), approval, action="approve")
    actions.respond(replace(person, scopes=frozenset({"approve"})), approval, action="approve")


def test_what_a_token_may_do_it_is_told_of(house: House):
    """A scope without `read` must not turn the answer to something done into a refusal."""
    person = house.world.actor("developer")
    pipeline = house.pipeline("steps: {a: {run: x}}")
    runs = replace(person, scopes=frozenset({"run"}))
    with house.committed():
        made = trigger(runs, pipeline.id)
    cancel(runs, made)
    assert rerun(runs, made) > made


def test_a_token_for_other_projects_knows_of_nothing(house: House):
    approval, person = asked(house), house.world.actor("developer")
    with pytest.raises(NotFound):
        actions.respond(replace(person, project_ids=frozenset({-1})), approval, action="approve")


def test_groups_are_those_of_now_and_not_those_of_the_sign_in(house: House):
    approval = asked(house, "approvers: {groups: [ops]}")
    person = replace(house.world.actor("developer"), groups=("ops",))
    with pytest.raises(Forbidden):
        actions.respond(person, approval, action="approve")
    theirs = Group.objects.create(tenant=house.world.rivals, name="ops")
    theirs.members.add(house.world.users["developer"])
    with pytest.raises(Forbidden):
        actions.respond(person, approval, action="approve")
    Group.objects.create(tenant=house.world.tenant, name="ops").members.add(house.world.users["developer"])
    actions.respond(person, approval, action="approve")


def test_whoever_said_yes_and_may_not_any_more_keeps_the_gate_shut(house: House):
    approval = asked(house, "required: 2")
    respond(house, "developer", approval)
    Member.objects.filter(user=house.world.users["developer"]).update(role="guest")
    with pytest.raises(Conflict, match="developer approved this before and may not any more"):
        actions.respond(house.world.actor("maintainer"), approval, action="approve")
    assert respond(house, "maintainer", approval, action="reject").json()["status"] == "rejected"


def test_renaming_makes_nobody_another_person(house: House):
    approval = asked(house, "self_approval: false")
    with pytest.raises(Forbidden):
        actions.respond(replace(house.world.actor("owner"), name="somebody"), approval, action="approve")


def test_an_answer_counts_for_the_text_that_was_looked_at(house: House):
    approval = asked(house)
    with pytest.raises(Conflict):
        actions.respond(house.world.actor("developer"), approval, action="approve", digest="0" * 64)
    digest = house.api("developer").get(f"/api/v1/approvals/{approval}/").json()["digest"]
    actions.respond(house.world.actor("developer"), approval, action="approve", digest=digest)


def test_a_rerun_asks_anew(house: House):
    approval = asked(house)
    respond(house, "developer", approval, action="reject")
    execution = queries.approval(house.world.actor("admin"), approval).execution_id
    again = house.post("owner", f"{EXECUTIONS}{execution}/retry/").json()["id"]
    assert house.step(again, "ship").gate == "pending"


def test_what_has_ended_asks_nobody_any_more(house: House):
    approval = asked(house)
    execution = queries.approval(house.world.actor("admin"), approval).execution_id
    house.post("owner", f"{EXECUTIONS}{execution}/cancel/")
    assert respond(house, "developer", approval).status_code == 404


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, "ticket"),
        ({"ticket": ""}, "ticket"),
        ({"ticket": "1", "more": "x"}, "more"),
        ({"ticket": "1", "place": "mars"}, "place"),
        ({"ticket": "1", "sure": "yes"}, "sure"),
        ({"ticket": "1", "count": "nan"}, "count"),
    ],
)
def test_forms_are_checked(house: House, fields: dict[str, str], wrong: str):
    form = (
        "fields: [{name: ticket, required: true}, {name: place, type: choice, options: [here]}, "
        "{name: sure, type: boolean}, {name: count, type: number}]"
    )
    approval = asked(house, form)
    with pytest.raises(InvalidSpec) as caught:
        actions.respond(house.world.actor("developer"), approval, action="approve", fields=fields)
    assert [problem.path for problem in caught.value.problems] == [("fields", wrong)]
    assert respond(house, "developer", approval, fields={"ticket": "OPS-1"}).json()["status"] == "approved"


def test_a_form_takes_true_and_numbers_as_json_has_them(house: House):
    approval = asked(house, "fields: [{name: sure, type: boolean}, {name: count, type: number}]")
    answer = respond(house, "developer", approval, fields={"sure": True, "count": 3})
    assert answer.json()["answers"][0]["fields"] == {"sure": "true", "count": "3"}


def test_a_no_may_leave_the_form_empty_and_says_nothing_that_it_does_not_ask_for(house: House):
    approval = asked(house, "fields: [{name: ticket, required: true}, {name: sure, type: boolean}]")
    for fields in ({"more": "x"}, {"sure": "yes"}):
        assert respond(house, "developer", approval, action="reject", fields=fields).status_code == 400
    assert respond(house, "developer", approval, action="reject").json()["status"] == "rejected"


# ── protected environments ───────────────────────────────────────────────────────────────────────────────────────

DEPLOY = "inputs: {place: {type: string, default: production}}\nsteps:\n  ship: {run: ship, environment: %s%s}\n"


def protect(house: House, **rule: object) -> None:
    Environment.objects.create(project=house.world.shop, name="production", **rule)


@pytest.mark.parametrize("place", ["production", "'${{ inputs.place }}'"])
def test_a_protected_environment_adds_the_gate_that_the_text_left_out(house: House, place: str):
    protect(house, required_approvals=2)
    execution = house.trigger("owner", house.pipeline(DEPLOY % (place, "")))["id"]
    approval = house.step(execution, "ship")
    assert approval.gate == "pending"
    assert respond(house, "owner", approval.id).status_code == 403
    assert respond(house, "developer", approval.id).json()["status"] == "pending"


def test_a_gate_in_the_text_cannot_weaken_that_of_the_environment(house: House):
    protect(house, required_approvals=2, groups=["ops"])
    gate = ", approval: {approvers: {users: [developer]}, self_approval: true, timeout: 1s, on_timeout: approve}"
    execution = house.trigger("developer", house.pipeline(DEPLOY % ("production", gate)))["id"]
    found = queries.gate_of(house.step(execution, "ship"))
    assert (found.required, found.users, found.groups, found.self_approval) == (2, (), ("ops",), False)
    assert found.on_timeout == "reject"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 201),
        ({"branch": "main"}, 201),
        ({"branch": "topic"}, 400),
        ({"tag": "v1"}, 400),
        ({"branch": "main", "commit": "abcdef1"}, 400),
    ],
)
def test_only_some_branches_may_go_to_a_protected_environment(house: House, body: dict[str, str], status: int):
    protect(house, branches=["main"])
    pipeline = house.pipeline(DEPLOY % ("production", ""))
    assert house.post("owner", EXECUTIONS, {"pipeline_id": pipeline.id, **body}).status_code == status


def test_a_place_that_only_a_step_knows_is_refused_where_places_are_protected(house: House):
    text = (
        "steps:\n  pick: {run: pick, outputs: [place]}\n"
        "  ship: {run: ship, needs: [pick], environment: '${{ steps.pick.outputs.place }}'}\n"
    )
    pipeline = house.pipeline(text)
    assert house.post("owner", EXECUTIONS, {"pipeline_id": pipeline.id}).status_code == 201
    protect(house, required_approvals=1)
    assert house.post("owner", EXECUTIONS, {"pipeline_id": pipeline.id}).status_code == 400
