"""PyPI's PyGithub, unchanged, against the GitHub of the tests: what it does with a real one, it does here.

Usage: github_client.py URL
"""

import datetime
import sys

from github import Auth, Github, GithubException


def at(login):
    return Github(base_url=sys.argv[1], auth=Auth.Token(login), retry=None)


def refused(call):
    try:
        call()
    except GithubException as error:
        return error
    raise AssertionError("it was not refused")


hub = at("ada")
assert hub.get_user().login == "ada"
repository = hub.get_repo("lab/atlas")
assert (repository.private, repository.archived, repository.has_issues) == (True, False, True)
assert repository.permissions.push and not at("uma").get_repo("lab/atlas").permissions.triage

before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
issue = repository.create_issue("No wombat", body="It was there.", labels=["bug"])
assert (issue.number, issue.state, [label.name for label in issue.labels]) == (1, "open", ["bug"])
note = issue.create_comment("Which one?")
assert [c.body for c in issue.get_comments()] == ["Which one?"]
assert repository.get_issue(1).comments == 1
issue.add_to_labels("priority: high")
issue.remove_from_labels("bug")
issue.edit(title="No wombats", assignees=["ada"])
issue.edit(state="closed", state_reason="not_planned")
issue = repository.get_issue(1)
assert (issue.state, issue.state_reason, issue.title, issue.assignee.login) == ("closed", "not_planned", "No wombats", "ada")
issue.edit(state="open")
events = [event.event for event in issue.get_timeline()]
assert events == ["labeled", "commented", "labeled", "unlabeled", "renamed", "assigned", "closed", "reopened"], events
assert [event.event for event in issue.get_events()] == [event for event in events if event != "commented"]

# Pages by Link, by what changed, of whom.
for n in range(34):
    at("uma").get_repo("lab/atlas").create_issue(f"T{n}", labels=["bug"])
assert len(list(repository.get_issues(state="all", since=before, sort="created", direction="asc"))) == 35
mine = list(repository.get_issues(state="all", creator="uma"))
assert len(mine) == 34 and mine[0].title == "T33" and mine[0].labels == [], mine

note.edit("Which one then?")
assert issue.get_comment(note.id).body == "Which one then?"
note.delete()
assert list(issue.get_comments()) == []

assert refused(lambda: at("wrong").get_user().login).status == 401
assert refused(lambda: repository.get_issue(4711)).status == 404
assert refused(lambda: hub.get_repo("lab/nowhere")).status == 404
assert refused(lambda: hub.get_repo("lab/old").create_issue("x")).status == 403
assert refused(lambda: list(hub.get_repo("lab/quiet").get_issues())).status == 410
assert refused(lambda: repository.create_issue("")).status == 422
assert refused(lambda: issue.edit(state_reason="bored")).status == 422
assert refused(lambda: at("uma").get_repo("lab/atlas").get_issue(1).edit(state="closed")).status == 403
print("github did everything it was asked to")
