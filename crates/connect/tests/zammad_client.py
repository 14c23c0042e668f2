"""PyPI's zammad_py, unchanged, against the Zammad of the tests: what it does with a real one, it does here.

Usage: zammad_client.py URL
"""

import base64
import sys

from requests.exceptions import HTTPError
from zammad_py import ZammadAPI

desk = ZammadAPI(f"{sys.argv[1]}/api/v1/", http_token="ada")


def refused(call):
    try:
        call()
    except HTTPError as error:
        return str(error)
    raise AssertionError("it was not refused")


assert desk.user.me()["login"] == "ada"
assert [g["name"] for g in desk.group.all()] == ["Users", "Grid", "Hidden"]
assert "pending reminder" in [s["name"] for s in desk.ticket_state.all()]
assert [p["name"] for p in desk.ticket_priority.all()] == ["1 low", "2 normal", "3 high"]

file = {"filename": "list.txt", "data": base64.b64encode(b"one\n").decode(), "mime-type": "text/plain"}
made = desk.ticket.create({"title": "No wombat", "group": "Grid", "customer_id": "guess:new@tests.example",
                           "article": {"body": "It was there.", "type": "note", "internal": False, "attachments": [file]}})
ticket = desk.ticket.find(made["id"])
# It asks for no names here, and so gets numbers.
assert (ticket["title"], ticket["group_id"], ticket["state_id"], ticket["owner_id"]) == ("No wombat", 2, 1, 1), ticket
assert desk.user.find(ticket["customer_id"])["email"] == "new@tests.example"
other = desk.ticket.create({"title": "Another", "group": "Grid", "customer_id": 3, "article": {"body": "x"}})

[first] = desk.ticket.articles(ticket["id"])
[kept] = first["attachments"]
assert (kept["filename"], kept["size"]) == ("list.txt", "4"), kept
assert desk.ticket_article_attachment.download(kept["id"], first["id"], ticket["id"]) == b"one\n"
note = desk.ticket_article.create({"ticket_id": ticket["id"], "body": "Between us.", "internal": True})
assert desk.ticket_article.find(note["id"])["internal"] is True

assert [t["id"] for t in desk.ticket.search("wombat")] == [ticket["id"]]
assert desk.ticket.update(ticket["id"], {"state": "closed"})["state_id"] == 4
assert "pending_time" in refused(lambda: desk.ticket.update(ticket["id"], {"state": "pending reminder"}))
waits = desk.ticket.update(ticket["id"], {"state": "pending reminder", "pending_time": "2026-12-01T12:00:00.000Z"})
assert waits["state_id"] == 3, waits
assert desk.ticket.merge(other["id"], ticket["number"])["result"] == "success"
assert desk.ticket.find(other["id"])["state_id"] == 5

assert "nowhere" in refused(lambda: desk.ticket.create({"title": "T", "group": "nowhere", "article": {"body": "B"}}))
refused(lambda: desk.ticket.find(4711))
refused(lambda: ZammadAPI(f"{sys.argv[1]}/api/v1/", http_token="wrong").user.me())
print("zammad did everything it was asked to")
