"""PyPI's jira, unchanged, against the Jira of the tests: what it does with a real one, it does here.

Usage: jira_client.py URL
"""

import io
import sys

from jira import JIRA, JIRAError


def at(name):
    return JIRA(server=sys.argv[1], token_auth=name, max_retries=0, get_server_info=True)


def refused(call):
    try:
        call()
    except JIRAError as error:
        return error.status_code
    raise AssertionError("it was not refused")


desk = at("ada")
assert desk.myself()["name"] == "ada"
assert JIRA(server=sys.argv[1], basic_auth=("ada", "ada"), max_retries=0).myself()["name"] == "ada"
assert desk.project("ATLAS").key == "ATLAS"
assert desk.my_permissions(projectKey="ATLAS", permissions="TRANSITION_ISSUES")["permissions"]["TRANSITION_ISSUES"]["havePermission"]

new = {"project": {"key": "ATLAS"}, "issuetype": {"name": "Task"}, "summary": "No wombat", "description": "It was there.", "labels": ["one"]}
issue = desk.create_issue(fields=new)
assert (issue.key, issue.fields.status.name, issue.fields.priority.name, issue.fields.labels) == ("ATLAS-1", "To Do", "Medium", ["one"])
note = desk.add_comment(issue, "Which one?")
desk.add_comment(issue, "Between us.", is_internal=True)
assert [c.body for c in desk.comments(issue)] == ["Which one?", "Between us."]
file = desk.add_attachment(issue, attachment=io.BytesIO(b"one\n"), filename="list.txt")
assert (file.filename, file.size) == ("list.txt", 4)
[kept] = desk.issue("ATLAS-1").fields.attachment
assert kept.get() == b"one\n"

issue.update(summary="No wombats", priority={"name": "High"})
issue.update(fields={"assignee": {"name": "ada"}})
assert [t["to"]["name"] for t in desk.transitions(issue)] == ["In Progress", "Done"]
done = desk.find_transitionid_by_name(issue, "To Done")
desk.transition_issue(issue, done, fields={"resolution": {"name": "Won't Do"}})
issue = desk.issue("ATLAS-1", expand="changelog")
assert (issue.fields.status.name, issue.fields.resolution.name, issue.fields.assignee.name) == ("Done", "Won't Do", "ada")
fields = [item.field for history in issue.changelog.histories for item in history.items]
assert sorted(fields) == ["Attachment", "assignee", "priority", "resolution", "status", "summary"], fields

for n in range(60):
    desk.create_issue(fields=dict(new, summary=f"T{n}", labels=[]), prefetch=False)
found = desk.search_issues('project = "ATLAS" AND updated >= -5m ORDER BY created ASC', maxResults=False)
assert len(found) == 61 and found[0].key == "ATLAS-1", len(found)
assert [i.key for i in desk.search_issues('labels = "one"')] == ["ATLAS-1"]

note.delete()
assert len(desk.comments(issue)) == 1
assert refused(lambda: at("wrong").myself()) == 401
assert refused(lambda: desk.issue("ATLAS-4711")) == 404
assert refused(lambda: desk.project("NOWHERE")) == 404
assert refused(lambda: desk.create_issue(fields=dict(new, summary=""))) == 400
assert refused(lambda: desk.create_issue(fields=dict(new, project={"key": "OLD"}))) == 400
assert refused(lambda: issue.update(priority={"name": "No"})) == 400
assert refused(lambda: desk.transition_issue(issue, "99")) == 400
assert refused(lambda: desk.search_issues('project = "NOWHERE"')) == 400
print("jira did everything it was asked to")
