"""Debian's client for GitLab in Python against the imitated GitLab."""

import json
import os
import sys
import traceback
import urllib.request

import gitlab

AT = json.loads(os.environ["IMITATIONS"])
PROJECT = AT["project"]


def client(token):
    return gitlab.Gitlab(AT["url"], private_token=token)


GL = client(AT["gitlabToken"])


def act(what, **body):
    """Does what no client can."""
    data = json.dumps(body).encode()
    with urllib.request.urlopen(f"{AT['url']}/act/{what}", data=data, timeout=20) as answer:
        answer.read()


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def refused(call, kind, status, words):
    """The call must fail with this error, status and words."""
    try:
        value = call()
    except gitlab.exceptions.GitlabError as e:
        if not isinstance(e, kind):
            raise AssertionError(f"got {type(e).__name__}, want {kind.__name__}") from e
        equal(e.response_code, status, "status")
        if words not in str(e.error_message):
            raise AssertionError(f"got {e.error_message!r}, want {words!r} in it") from e
        return
    raise AssertionError(f"got {value!r}, want {kind.__name__} {status}")


def signs_in():
    GL.auth()
    equal(GL.user.username, "bridge", "username")
    version, _ = GL.version()
    equal(version.split(".")[0].isdigit(), True, f"version {version}")


def finds_people():
    (ada,) = GL.users.list(username="ada", get_all=True)
    equal((ada.name, ada.state), ("Ada", "active"))
    members = GL.projects.get(PROJECT).members_all.list(get_all=True)
    equal(sorted((m.username, m.access_level) for m in members), [("ada", 30), ("bridge", 30)])


def issue_from_birth_to_close():
    project = GL.projects.get(PROJECT)
    (ada,) = GL.users.list(username="ada", get_all=True)
    issue = project.issues.create(
        {"title": "The build is red", "description": "Since *this* morning", "labels": ["team::ops", "flaky"], "assignee_ids": [ada.id]}
    )
    equal((issue.iid, issue.state, issue.author["username"]), (1, "opened", "bridge"))
    equal(sorted(issue.labels), ["flaky", "team::ops"], "labels")
    equal([a["username"] for a in issue.assignees], ["ada"], "assignees")
    issue.title = "The build was red"
    issue.labels = ["flaky"]
    issue.assignee_ids = []
    issue.save()
    issue = project.issues.get(1)
    equal((issue.title, issue.labels, issue.assignees), ("The build was red", ["flaky"], []))
    issue.state_event = "close"
    issue.save()
    equal(project.issues.get(1).attributes["closed_by"]["username"], "bridge", "closed by")
    issue.state_event = "reopen"
    issue.save()
    equal(project.issues.get(1).state, "opened", "state")
    equal([e.state for e in issue.resourcestateevents.list(get_all=True)], ["closed", "reopened"], "state events")


def notes():
    issue = GL.projects.get(PROJECT).issues.get(1)
    note = issue.notes.create({"body": "Lokks *good*"})
    equal((note.body, note.system, note.author["username"]), ("Lokks *good*", False, "bridge"))
    note.body = "Looks *good*"
    note.save()
    equal(issue.notes.get(note.id).body, "Looks *good*")
    note.delete()
    refused(lambda: issue.notes.get(note.id), gitlab.exceptions.GitlabGetError, 404, "404 Not found")


def discussions():
    issue = GL.projects.get(PROJECT).issues.get(1)
    thread = issue.discussions.create({"body": "First"})
    thread.notes.create({"body": "Second"})
    equal([n["body"] for n in issue.discussions.get(thread.id).attributes["notes"]], ["First", "Second"])


def pages():
    issue = GL.projects.get(PROJECT).issues.get(1)
    for n in range(1, 8):
        issue.notes.create({"body": f"note {n}"})
    listed = issue.notes.list(iterator=True, per_page=3, sort="asc", order_by="created_at")
    bodies = [n.body for n in listed if n.body.startswith("note ")]
    equal(bodies, [f"note {n}" for n in range(1, 8)])
    first = issue.notes.list(iterator=True, per_page=3)
    equal((first.current_page, first.prev_page, first.next_page, first.per_page), (1, None, 2, 3))
    equal(first.total_pages, -(-first.total // 3), f"pages of {first.total}")
    equal(len(issue.notes.list(get_all=True)), first.total, "all notes")


def keyset_pages():
    project = GL.projects.get(PROJECT)
    for n in range(2, 7):
        project.issues.create({"title": f"issue {n}"})
    listed = project.issues.list(iterator=True, per_page=2, order_by="created_at", sort="asc")
    equal([i.iid for i in listed], [1, 2, 3, 4, 5, 6])


def labels():
    project = GL.projects.get(PROJECT)
    label = project.labels.create({"name": "a & b/ü", "color": "#c91c00"})
    equal(label.name, "a & b/ü")
    equal(project.labels.get("a & b/ü").color, "#c91c00")
    label.color = "#0000ff"
    label.save()
    refused(lambda: project.labels.create({"name": "a & b/ü", "color": "#c91c00"}), gitlab.exceptions.GitlabCreateError, 409, "already exists")
    label.delete()
    equal([x for x in project.labels.list(get_all=True) if x.name == "a & b/ü"], [])


def award_and_upload():
    project = GL.projects.get(PROJECT)
    issue = project.issues.get(1)
    issue.awardemojis.create({"name": "eyes"})
    equal([a.name for a in issue.awardemojis.list(get_all=True)], ["eyes"])
    sent = project.upload("log.txt", filedata="it failed")
    equal(sent["markdown"].startswith("[log.txt](/uploads/"), True, sent["markdown"])


def what_is_not_there():
    project = GL.projects.get(PROJECT)
    refused(lambda: project.issues.get(999), gitlab.exceptions.GitlabGetError, 404, "404 Not found")
    refused(lambda: GL.projects.get("acme/secret"), gitlab.exceptions.GitlabGetError, 404, "404 Project Not Found")


def refused_tokens():
    kind = gitlab.exceptions.GitlabAuthenticationError
    refused(lambda: client("glpat-wrong").auth(), kind, 401, "401 Unauthorized")
    refused(lambda: client(AT["gitlabToken"] + "-revoked").auth(), kind, 401, "invalid_token")


def bad_requests():
    project = GL.projects.get(PROJECT)
    refused(lambda: project.issues.create({"title": ""}), gitlab.exceptions.GitlabCreateError, 400, "title")
    issue = project.issues.get(1)
    issue.state_event = "explode"
    refused(issue.save, gitlab.exceptions.GitlabUpdateError, 400, "state_event")


def limited():
    issue = GL.projects.get(PROJECT).issues.get(1)
    act("limit-notes", limit=1)
    issue.notes.create({"body": "the one that is allowed"})
    refused(
        lambda: issue.notes.create({"body": "one too many"}, obey_rate_limit=False),
        gitlab.exceptions.GitlabCreateError, 429, "requested too many times",
    )
    act("limit-notes", limit=0)
    equal(issue.notes.create({"body": "free again"}).body, "free again")


CHECKS = (
    signs_in, finds_people, issue_from_birth_to_close, notes, discussions, pages, keyset_pages, labels, award_and_upload,
    what_is_not_there, refused_tokens, bad_requests, limited,
)


def main():
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok    {name}")
        except Exception:  # whatever goes wrong, the others are still to be checked
            failed += 1
            print(f"FAIL  {name}")
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
