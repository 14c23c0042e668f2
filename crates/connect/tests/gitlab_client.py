"""PyPI's python-gitlab, unchanged, against the GitLab of the tests: what it does with a real one, it does here.

Usage: gitlab_client.py URL
"""

import datetime
import sys

import gitlab


def at(username):
    return gitlab.Gitlab(sys.argv[1], private_token=username, retry_transient_errors=False)


def refused(call):
    try:
        call()
    except gitlab.GitlabError as error:
        return error.response_code
    raise AssertionError("it was not refused")


lab = at("ada")
lab.auth()
assert lab.user.username == "ada"
assert lab.personal_access_tokens.get("self").scopes == ["api"]
project = lab.projects.get("lab/atlas")
assert (project.visibility, project.archived, project.permissions["project_access"]["access_level"]) == ("private", False, 30)
assert lab.users.list(username="uma")[0].id == 3

before = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)).isoformat()
file = project.upload("list of.txt", filedata=b"one\n")
issue = project.issues.create({"title": "No wombat", "description": f"It was there. {file['markdown']}", "labels": ["bug"]})
assert (issue.iid, issue.state, issue.labels, issue.confidential) == (1, "opened", ["bug"], False)
note = issue.notes.create({"body": "Which one?"})
issue.notes.create({"body": "Between us.", "internal": True})
assert issue.notes.get(note.id).body == "Which one?"
assert [n.internal for n in issue.notes.list(sort="asc", order_by="created_at", get_all=True)] == [False, True]
assert [n.body for n in at("uma").projects.get("lab/atlas").issues.get(1).notes.list(get_all=True)] == ["Which one?"]
issue.notes.create({"body": "Done.\n/close"})
assert project.issues.get(1).state == "closed"

issue.title = "No wombats"
issue.add_labels = ["priority: high"]
issue.remove_labels = ["bug"]
issue.assignee_ids = [2]
issue.state_event = "reopen"
issue.save()
issue = project.issues.get(1)
assert (issue.title, issue.state, issue.labels, issue.assignee["username"]) == ("No wombats", "opened", ["priority: high"], "ada")
assert [e.state for e in issue.resourcestateevents.list(get_all=True)] == ["closed", "reopened"]
assert [(e.action, e.label["name"]) for e in issue.resourcelabelevents.list(get_all=True)] == [("add", "bug"), ("add", "priority: high"), ("remove", "bug")]

# Pages, by what changed, of whom.
for n in range(24):
    at("uma").projects.get("lab/atlas").issues.create({"title": f"T{n}"})
assert len(project.issues.list(updated_after=before, order_by="created_at", sort="asc", get_all=True)) == 25
mine = project.issues.list(author_username="uma", scope="all", get_all=True)
assert len(mine) == 24 and mine[0].title == "T23", mine

note.delete()
assert refused(lambda: issue.notes.get(note.id)) == 404
assert refused(lambda: at("wrong").auth()) == 401
assert refused(lambda: project.issues.get(4711)) == 404
assert refused(lambda: lab.projects.get("lab/nowhere")) == 404
assert refused(lambda: lab.projects.get("lab/old").issues.create({"title": "x"})) == 403
assert refused(lambda: project.issues.create({"title": ""})) == 400
assert refused(lambda: at("reader").projects.get("lab/atlas").issues.create({"title": "x"})) == 403
issue.move(2)
assert project.issues.get(1).state == "closed" and project.issues.get(1).moved_to_id
print("gitlab did everything it was asked to")
