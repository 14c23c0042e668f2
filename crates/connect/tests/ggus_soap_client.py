"""PyPI's suds, unchanged, against the GGUS of the tests, as the field's scripts used it: what it did with the real one, it does here.

Usage: ggus_soap_client.py URL
"""

import base64
import sys

from suds import WebFault
from suds.client import Client


def service(name, user="bridge", password="bridge"):
    client = Client(f"{sys.argv[1]}/arsys/WSDL/public/train-ars/{name}")
    who = client.factory.create("AuthenticationInfo")
    who.userName, who.password = user, password
    client.set_options(soapheaders=who)
    return client.service


def refused(call, *with_, **and_):
    try:
        call(*with_, **and_)
    except WebFault as fault:
        return str(fault)
    raise AssertionError("it was not refused")


tickets, history, files = service("GGUS"), service("GGUS_HISTORY"), service("GGUS_ATTACH")
us = {"GHD_Last_Modifier": "suds", "GHD_Last_Login": "bridge"}

assert "ERROR (302)" in refused(tickets.TicketGetList, GHD_Responsible_Unit="NGI_SKY", GHD_Meta_Status="Open")
made = tickets.TicketCreate(GHD_Short_Description="No wombat", GHD_Description="It was <there> & is not.", GHD_Responsible_Unit="NGI_SKY", **us)
[ticket] = tickets.TicketGetList(GHD_Responsible_Unit="NGI_SKY", GHD_Meta_Status="Open")
assert (ticket.GHD_Request_ID, ticket.GHD_Status, ticket.GHD_Description) == (made, "assigned", "It was <there> & is not.")
tickets.TicketModify(GHD_Request_ID=made, GHD_Status="in progress", GHD_Public_Diary="Looking.", **us)
tickets.TicketModify(GHD_Request_ID=made, GHD_Status="solved", GHD_Detailed_Solution="Found.", **us)
read = tickets.TicketGet(GHD_Request_ID=made)
assert (read.GHD_Status, read.GHD_Public_Diary, read.GHD_Detailed_Solution) == ("solved", "Looking.", "Found.")
rows = history.OpGetTicketHist(GHD_Request_ID=made)
assert [row.GHD_Status for row in rows] == ["solved", "in progress", "assigned"]
assert rows[1].GHD_Public_Diary == "Looking." and rows[1].GHD_Last_Modifier == "suds"

data = base64.b64encode(b"one\n").decode()
attached = files.AddAttachment(GAT_Attachment_Name="list.txt", GAT_Attachment_Data=data, GAT_Attachment_Orig_Size="4", GAT_Request_ID=made, GAT_Last_Modifier="suds", GAT_Last_Login="bridge")
[there] = files.GetAttachIDs(GAT_Request_ID=made)
assert there["GAT_Attachment-ID"] == attached and there.GAT_Attachment_attachmentName.strip() == "list.txt"
assert base64.b64decode(files.GetOneAttachment(GAT_Attachment_ID=attached).GAT_Attachment_attachmentData) == b"one\n"

assert "ERROR (623)" in refused(service("GGUS", password="no").TicketGet, GHD_Request_ID=made)
assert "ERROR (302)" in refused(tickets.TicketGet, GHD_Request_ID="1")
assert "ERROR (306)" in refused(tickets.TicketModify, GHD_Request_ID=made, GHD_Status="lost", **us)
assert "ERROR (10000)" in refused(tickets.TicketModify, GHD_Request_ID=made, GHD_Status="unsolved", **us)
print("ggus_soap did everything")
