"""Existing clients of other helpdesks, unchanged, against this desk: PyPI's rt (REST 2 of RT 5) and zammad_py.

Usage: clients.py URL demo.json
"""

import base64
import json
import sys
import time

from requests.exceptions import HTTPError
from rt.exceptions import AuthorizationError, BadRequestError, NotFoundError, UnexpectedResponseError
from rt.rest2 import Attachment, Rt
from zammad_py import ZammadAPI

url, people = sys.argv[1], json.load(open(sys.argv[2]))["people"]
tokens = {one["email"]: one["token"] for one in people if one.get("token")}
admin = tokens["admin@demo"]
user = next(email for email in ("user@demo", *tokens) if email != "admin@demo" and email in tokens)


def until(look):
    """What is found when the index has caught up."""
    for _ in range(100):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it was never found")


def refused(kind, call):
    try:
        call()
    except kind as error:
        return str(error)
    raise AssertionError(f"it was not refused: {kind}")


def rt():
    desk = Rt(f"{url}/REST/2.0/", token=admin)
    asks = Rt(f"{url}/REST/2.0/", token=tokens[user])
    queue = desk.get_all_queues()[0]["Name"]

    word = f"quokka{time.time_ns()}"
    number = asks.create_ticket(queue, subject=f"No {word}", content="It was there yesterday.")
    ticket = desk.get_ticket(number)
    assert ticket["Subject"] == f"No {word}" and ticket["Queue"]["Name"] == queue, ticket
    assert ticket["Status"] in ("new", "open") and ticket["Owner"]["id"] == "Nobody", ticket
    assert ticket["Requestor"][0]["id"] == user, ticket

    found = until(lambda: list(desk.search(Subject__like=word)))
    assert [t["id"] for t in found] == [number], found
    assert [t["id"] for t in desk.search(queue=queue, raw_query=f"id = {number} AND Status = '{ticket['Status']}'")] == [number]
    assert list(desk.search(raw_query=f"id = {number} AND Status = 'resolved'")) == []
    everything = [t["id"] for t in desk.search(raw_query="id > 0")]
    assert len(everything) == len(set(everything)) > 20, len(everything)
    assert "AND" in refused(BadRequestError, lambda: list(desk.search(raw_query="id = 1 OR id = 2")))

    assert desk.comment(number, "Between us.")
    assert desk.reply(number, "Which one?", attachments=[Attachment("list.txt", "text/plain", b"one\ntwo\n")])
    assert asks.reply(number, "The big one.")
    said = [(t["Type"], desk.get_transaction(t["id"])["Content"]) for t in desk.get_ticket_history(number)]
    assert [kind for kind, _ in said] == ["Create", "Comment", "Correspond", "Correspond"], said
    assert said[1][1] == "Between us." and said[2][1] == "Which one?", said
    assert "Between us." not in str([asks.get_transaction(t["id"]) for t in asks.get_ticket_history(number)])
    [file] = asks.get_attachments(number)
    assert (file["Filename"], file["ContentLength"]) == ("list.txt", "8"), file
    assert base64.b64decode(asks.get_attachment(file["id"])["Content"]) == b"one\ntwo\n"
    assert asks.get_attachments_ids(number) == [int(file["id"])]

    assert desk.edit_ticket(number, Owner="storage@demo", Subject=f"Not one {word}")
    assert desk.edit_ticket(number, Status="resolved")
    ticket = asks.get_ticket(number)
    assert ticket["Status"] == "resolved" and ticket["Subject"] == f"Not one {word}", ticket
    assert desk.edit_ticket(number, Status="open")
    assert desk.get_ticket(number)["Status"] == "open"

    other = desk.create_ticket(queue, subject="For somebody", content="By phone.", Requestor="caller@elsewhere.example",
                               attachments=[Attachment("note.txt", "text/plain", b"x")])
    assert desk.get_ticket(other)["Requestor"][0]["id"] == "caller@elsewhere.example"
    assert len(desk.get_attachments(other)) == 1
    refused(NotFoundError, lambda: asks.get_ticket(other))
    refused(UnexpectedResponseError, lambda: asks.edit_ticket(number, Priority="50"))
    assert "nowhere" in refused(BadRequestError, lambda: desk.create_ticket("nowhere", subject="S", content="C"))
    assert "TimeWorked" in refused(BadRequestError, lambda: desk.edit_ticket(number, TimeWorked=5))
    refused(AuthorizationError, lambda: Rt(f"{url}/REST/2.0/", token="wrong").get_ticket(number))
    return number


def zammad():
    desk = ZammadAPI(f"{url}/zammad/api/v1/", http_token=admin)
    asks = ZammadAPI(f"{url}/zammad/api/v1/", http_token=tokens[user])
    assert desk.user.me()["email"] == "admin@demo"
    group = desk.group.all()[0]["name"]
    assert [s["name"] for s in desk.ticket_state.all()] == ["new", "open", "pending reminder", "closed"]
    assert desk.ticket_priority.all()[0]["name"] == "1 low"

    word = f"wombat{time.time_ns()}"
    made = asks.ticket.create({"title": f"No {word}", "group": group, "article": {"body": "It was there.", "type": "web"}})
    number = made["id"]
    ticket = desk.ticket.find(number)
    assert ticket["title"] == f"No {word}" and ticket["group"] == group and ticket["customer"] == user, ticket

    found = until(lambda: list(desk.ticket.search(word)))
    assert [t["id"] for t in found] == [number], found
    assert [t["id"] for t in desk.ticket.search(f"number:{number} AND group.name:\"{group}\"")] == [number]
    assert list(desk.ticket.search(f"number:{number} AND state.name:closed")) == []
    first = desk.ticket.all()
    assert len(first) == 10 and len(first.next_page()) == 10
    assert {t["id"] for t in first}.isdisjoint({t["id"] for t in first.next_page()})

    data = base64.b64encode(b"one\ntwo\n").decode()
    note = desk.ticket_article.create({"ticket_id": number, "body": "Between us.", "internal": True})
    assert note["internal"] is True
    sent = desk.ticket_article.create({"ticket_id": number, "body": "Which one?", "type": "note", "internal": False,
                                       "attachments": [{"filename": "list.txt", "data": data, "mime-type": "text/plain"}]})
    asks.ticket_article.create({"ticket_id": number, "body": "The big one."})
    bodies = [a["body"] for a in desk.ticket.articles(number)]
    assert bodies == ["It was there.", "Between us.", "Which one?", "The big one."], bodies
    assert [a["body"] for a in asks.ticket.articles(number)] == ["It was there.", "Which one?", "The big one."]
    [file] = asks.ticket_article.find(sent["id"])["attachments"]
    assert (file["filename"], file["size"]) == ("list.txt", "8"), file
    assert asks.ticket_article_attachment.download(file["id"], sent["id"], number) == b"one\ntwo\n"

    desk.ticket.update(number, {"owner": "storage@demo", "title": f"Not one {word}"})
    closed = desk.ticket.update(number, {"state": "closed", "article": {"body": "Found behind the shelf."}})
    assert (closed["state"], closed["title"]) == ("closed", f"Not one {word}"), closed
    assert [a["body"] for a in asks.ticket.articles(number)][-1] == "Found behind the shelf."
    assert desk.ticket.update(number, {"state": "open"})["state"] == "open"

    assert "nowhere" in refused(HTTPError, lambda: desk.ticket.create({"title": "T", "group": "nowhere", "article": {"body": "B"}}))
    assert '"error"' in refused(HTTPError, lambda: asks.ticket.update(number, {"priority": "3 high"}))
    refused(HTTPError, lambda: asks.ticket.find(10**9))
    refused(HTTPError, lambda: ZammadAPI(f"{url}/zammad/api/v1/", http_token="wrong").ticket.find(number))
    return number


print(f"rt.rest2 did everything it was asked to, with ticket {rt()}")
print(f"zammad_py did everything it was asked to, with ticket {zammad()}")
