"""A page of somebody else, in the user's browser or not, against what `make ui` and `make docs` serve."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import dagster as dg
import psutil
import pytest
from dagster._core.storage.tags import SCHEDULE_NAME_TAG
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from donnees_au_centre.privacy.unattended import FILE
from donnees_au_centre.serving import dbt_docs
from donnees_au_centre.serving.listening import on_port
from donnees_au_centre.settings import NO_TELEMETRY, ROOT
from orchestration import retention
from tests.browsers import chromium
from tests.small_project import settings_of

DEFINITIONS = """
import dagster as dg

@dg.op
def effacer():
    pass

@dg.job
def purge():
    effacer()

horaire = dg.ScheduleDefinition(name="purge_chaque_semaine", job=purge, cron_schedule="0 0 * * 0")
defs = dg.Definitions(jobs=[purge], schedules=[horaire])
"""
WORKSPACE = (
    "load_from: [{python_file: {relative_path: defs.py, attribute: defs, location_name: plateforme}}]\n"
)
SERVE = """
import sys
from pathlib import Path
from orchestration import dagster_ui, places
places.WORKSPACE = Path(sys.argv[1])
dagster_ui.main(sys.argv[2:])
"""
PLACE = 'repositoryLocationName: "plateforme", repositoryName: "__repository__"'
# What turned the schedule of the purge on, and queued a purge.
ON = (
    f'mutation {{ startSchedule(scheduleSelector: {{{PLACE}, scheduleName: "purge_chaque_semaine"}}) '
    "{ __typename } }"
)
LAUNCH = (
    f'mutation {{ launchRun(executionParams: {{selector: {{{PLACE}, jobName: "purge"}}, mode: "default"}}) '
    "{ __typename } }"
)
STATE = (
    f"{{ schedulesOrError(repositorySelector: {{{PLACE}}}) {{ ... on Schedules "
    "{ results { scheduleState { status } } } } runsOrError { ... on Runs { count } } }"
)
QUIET = {
    "data": {
        "schedulesOrError": {"results": [{"scheduleState": {"status": "STOPPED"}}]},
        "runsOrError": {"count": 0},
    }
}


@dataclass
class Served:
    """Dagster, as `make ui` runs it, with the cookie of the browser that opened its link."""

    process: subprocess.Popen
    port: int
    said: list[str] = field(default_factory=list)
    cookie: str = ""

    @property
    def link(self) -> str:
        return re.findall(r"\?jeton=\S+", "\n".join(self.said))[-1]

    def ask(self, method: str, path: str, body: str | None = None, **headers: str | list[str]) -> Any:
        """One request, with these headers only; a name's `_` is a `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, values in {"Host": f"127.0.0.1:{self.port}", **headers}.items():
            for value in [values] if isinstance(values, str) else values:
                connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body.encode())))
        connection.endheaders(body.encode() if body is not None else None)
        answer = connection.getresponse()
        answer.text = answer.read().decode("utf-8", "replace")
        return answer

    def graphql(self, query: str) -> Any:
        """What the page itself asks."""
        own = {"Origin": f"http://127.0.0.1:{self.port}", "Content_Type": "application/json"}
        answer = self.ask("POST", "/graphql", json.dumps({"query": query}), Cookie=self.cookie, **own)
        assert answer.status == 200, answer.text
        return json.loads(answer.text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"nothing in {seconds} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def launched() -> Iterator[dict[str, Served]]:
    """Two interfaces at once: one that launches, one that only reads."""
    made: dict[str, Served] = {}
    folders: list[Path] = []
    environment = {**os.environ, **NO_TELEMETRY}
    try:
        for name, options in {"launching": ["--lancer"], "reading": []}.items():
            # Short: sockets are below it.
            folder = Path(tempfile.mkdtemp(prefix="essai-"))
            folders.append(folder)
            (folder / "defs.py").write_text(DEFINITIONS)
            (folder / "workspace.yaml").write_text(WORKSPACE if options else "load_from: []\n")
            (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
            port = free_port()
            command = [sys.executable, "-c", SERVE, folder / "workspace.yaml", "--port", port, *options]
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=ROOT,
                env={**environment, "DAGSTER_HOME": str(folder), "TMPDIR": str(folder)},
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            one = made[name] = Served(process, port)
            threading.Thread(
                target=lambda one=one: one.said.extend(iter(one.process.stdout.readline, "")), daemon=True
            ).start()
        for one in made.values():
            wait_for(lambda one=one: "Ctrl-C" in "".join(one.said) or one.process.poll() is not None)
            one.cookie = one.ask("GET", f"/{one.link}").headers["Set-Cookie"].partition(";")[0]
        yield made
    finally:
        for one in made.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait()
        for folder in folders:
            shutil.rmtree(folder)


@pytest.fixture
def served(launched: dict[str, Served]) -> Iterator[Served]:
    """The interface that launches; whatever a test did to it, nothing of Dagster's changed."""
    yield launched["launching"]
    assert launched["launching"].graphql(STATE) == QUIET


def browser_of(served: Served, site: str) -> dict[str, str]:
    """What the user's browser adds by itself to a request of another page, at worst."""
    return {"Cookie": served.cookie, "Sec_Fetch_Site": site}


@pytest.mark.parametrize("path", ["/graphql", "/graphql/", "//graphql", "/%67raphql"])
def test_an_image_elsewhere_turns_nothing_on(served: Served, path: str) -> None:
    """`<img src=…/graphql?query=mutation…>`, in a browser that says where it comes from or not."""
    for query, method in product((ON, LAUNCH), ("GET", "HEAD")):
        for site in ("cross-site", "same-site", "same-origin"):
            answer = served.ask(method, f"{path}?query={quote(query)}", **browser_of(served, site))
            # The last path is no address of GraphQL's: the page's first file answers.
            assert answer.status in (403, 405) or (path, site) == ("//graphql", "same-origin")


def test_a_visit_from_elsewhere_reads_no_mutation(served: Served) -> None:
    """A link, which may open the page, does not lead to the address that acts."""
    visit = {"Sec_Fetch_Dest": "document", "Sec_Fetch_Mode": "navigate", **browser_of(served, "cross-site")}
    assert served.ask("GET", "/runs", **visit).status == 200
    assert served.ask("GET", f"/graphql?query={quote(ON)}", Accept="*/*", **visit).status == 405


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "",
        "text/plain; application/json",
        "application/graphql",
    ],
)
def test_a_form_elsewhere_turns_nothing_on(served: Served, kind: str) -> None:
    """What a form or a simple request can send without asking: even from the right origin."""
    for origin in (f"http://127.0.0.1:{served.port}", "http://ailleurs.example", "null"):
        body = json.dumps({"query": ON})
        headers = {"Content_Type": kind} if kind else {}
        answer = served.ask(
            "POST", f"/graphql?query={quote(ON)}", body, Origin=origin, Cookie=served.cookie, **headers
        )
        assert answer.status in (403, 415)


@pytest.mark.parametrize(
    "origin",
    [
        "http://ailleurs.example",
        "null",
        "http://127.0.0.1:{other}",
        "http://localhost:{port}",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1:{port}.ailleurs.example",
        "",
        None,
    ],
)
def test_another_origin_is_not_answered(served: Served, origin: str | None) -> None:
    """Another site, another port, another name of this machine, or nobody: with the cookie and with JSON."""
    headers = {"Content_Type": "application/json", "Cookie": served.cookie}
    if origin is not None:
        headers["Origin"] = origin.format(port=served.port, other=served.port + 1)
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = served.ask(method, "/graphql", json.dumps({"query": ON}), **headers)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("path", ["/report_asset_materialization/x", "/report_asset_check/x", "/nulle-part"])
def test_no_other_address_takes_what_another_page_posts(served: Served, path: str) -> None:
    """Dagster writes events by POST without GraphQL too."""
    answer = served.ask(
        "POST",
        path,
        "{}",
        Origin="http://ailleurs.example",
        Cookie=served.cookie,
        Content_Type="application/json",
    )
    assert answer.status == 403


@pytest.mark.parametrize(
    "host",
    [
        "ailleurs.example",
        "ailleurs.example:{port}",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]:{port}",
        "127.0.0.1:{port}.ailleurs.example",
        "",
        None,
        ["127.0.0.1:{port}", "ailleurs.example"],
    ],
)
def test_a_rebound_name_is_not_answered(served: Served, host: Any) -> None:
    """DNS rebinding: the attacker's name leads to 127.0.0.1, and his page is then of the same origin."""
    hosts = [
        one.format(port=served.port)
        for one in (host if isinstance(host, list) else [host])
        if one is not None
    ]
    for path in ("/", "/server_info", "/graphql", "/logs/x", "/runs"):
        answer = served.ask("GET", path, Host=hosts, Cookie=served.cookie)
        assert answer.status in (400, 421) and "dagster_version" not in answer.text


@pytest.mark.parametrize(
    "cookie", ["", "page-{port}=", "page-{port}=x", "page-{port}=\u00e9", "autre={value}", ";;="]
)
def test_nobody_reads_without_the_link(served: Served, cookie: str) -> None:
    """Another account of the machine reaches the port: it has neither the link nor the cookie."""
    given = cookie.format(port=served.port, value=served.cookie.partition("=")[2])
    for path in (
        "/",
        "/server_info",
        "/runs",
        "/download_debug/x",
        "/notebook",
        "/logs/x",
        "/?jeton=",
        "/?jeton=x",
    ):
        answer = served.ask("GET", path, Cookie=given)
        assert answer.status == 403 and "make ui" in answer.text and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("other", ['x={"a": "b c"}', "a/b=1", "x", "expires=1", "\u00e9=1"])
def test_the_cookies_of_another_program_of_this_machine_shut_nobody_out(served: Served, other: str) -> None:
    """Browsers share cookies between ports, and what another program calls a cookie is no standard's."""
    answer = served.ask("GET", "/server_info", Cookie=f"{other}; {served.cookie}")
    assert answer.status == 200


def test_a_link_opens_once(served: Served) -> None:
    """A link that was read over a shoulder, or in a history, opens nothing any more."""
    link = served.link
    opened = served.ask("GET", f"/{link}", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document")
    assert opened.status == 200 and 'http-equiv="refresh"' in opened.text
    assert re.fullmatch(
        rf"page-{served.port}=[\w-]{{43}}; Path=/; HttpOnly; SameSite=Strict", opened.headers["Set-Cookie"]
    )
    assert served.ask("GET", f"/{link}").status == 403
    wait_for(lambda: served.link != link)
    assert served.ask("GET", f"/{served.link}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://ailleurs.example"},
        {"Origin": "http://127.0.0.1:{other}"},
        {"Origin": "null"},
        {},
        {"Origin": "http://127.0.0.1:{port}", "Cookie": "page-{port}=x"},
        {"Origin": "http://127.0.0.1:{port}", "Host": "ailleurs.example:{port}"},
    ],
    ids=["site", "port", "null", "bare", "no cookie", "host"],
)
def test_a_websocket_from_elsewhere_is_not_opened(served: Served, headers: dict[str, str]) -> None:
    """Browsers let any page open a websocket anywhere: only the server can refuse."""
    given = {name: value.format(port=served.port, other=served.port + 1) for name, value in headers.items()}
    host = given.pop("Host", f"127.0.0.1:{served.port}")
    with (
        socket.create_connection(("127.0.0.1", served.port)) as link,
        pytest.raises(InvalidStatus) as refused,
    ):
        connect(
            f"ws://{host}/graphql",
            sock=link,
            subprotocols=["graphql-ws"],
            additional_headers={"Cookie": served.cookie, **given},
        )
    assert refused.value.response.status_code == 403


def test_the_page_itself_is_served(launched: dict[str, Served]) -> None:
    """The guard lets the interface work: page, queries, websocket, and the very mutation of the attacks."""
    served = launched["launching"]
    page = served.ask("GET", "/overview", Cookie=served.cookie, Sec_Fetch_Site="none")
    assert page.status == 200 and "<html" in page.text
    policies = page.headers.get_all("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policies and page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Frame-Options"] == "DENY"
    own = {"Cookie": served.cookie, "Origin": f"http://127.0.0.1:{served.port}"}
    with connect(
        f"ws://127.0.0.1:{served.port}/graphql", subprotocols=["graphql-ws"], additional_headers=own
    ) as link:
        link.send(json.dumps({"type": "connection_init"}))
        assert json.loads(link.recv(timeout=10)) == {"type": "connection_ack"}
    assert served.graphql(ON)["data"]["startSchedule"]["__typename"] == "ScheduleStateResult"
    off = ON.replace("startSchedule(scheduleSelector", "resetSchedule(scheduleSelector")
    assert served.graphql(off)["data"]["resetSchedule"]["__typename"] == "ScheduleStateResult"
    assert served.graphql(STATE) == QUIET


def test_a_reader_launches_nothing(launched: dict[str, Served]) -> None:
    """Read-only, the default away from the checkout's own server: even the page itself cannot act."""
    reading = launched["reading"]
    assert "lecture seule" in "".join(reading.said)
    assert reading.graphql(ON)["data"]["startSchedule"]["__typename"] == "UnauthorizedError"
    assert reading.graphql(LAUNCH)["data"]["launchRun"]["__typename"] == "UnauthorizedError"
    # Nor does it say that a check passed, or that a table was built.
    own = {"Cookie": reading.cookie, "Origin": f"http://127.0.0.1:{reading.port}"}
    said = '{"check_name": "c", "passed": true}'
    for path in ("report_asset_materialization/x", "report_asset_check/x", "report_asset_observation/x"):
        answer = reading.ask("POST", f"/{path}", said, Content_Type="application/json", **own)
        assert answer.status in (401, 403), path
    own = {"Origin": f"http://127.0.0.1:{reading.port}", "Content_Type": "application/json"}
    told = reading.ask("POST", "/report_asset_materialization/x", "{}", Cookie=reading.cookie, **own)
    assert told.status == 401


def test_only_this_machine_and_this_account_reach_it(served: Served) -> None:
    """One loopback port; code servers on sockets of a private folder; no secret on a command line."""
    family = [
        psutil.Process(served.process.pid),
        *psutil.Process(served.process.pid).children(recursive=True),
    ]
    listening, sockets, commands = [], [], ""
    for process in family:
        commands += " ".join(process.cmdline())
        listening += [
            one.laddr for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN
        ]
        sockets += [Path(one.laddr) for one in process.net_connections("unix") if one.laddr.startswith("/")]
    assert {tuple(one) for one in listening} == {("127.0.0.1", served.port)}
    assert sockets
    for path in sockets:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700 and path.parent.stat().st_uid == os.geteuid()
    assert served.cookie.partition("=")[2] not in commands and served.link.partition("=")[2] not in commands


ATTACK = """<!doctype html><body><script>
const at = 'http://%(host)s:%(port)d', url = at + '/graphql?query=' + encodeURIComponent(%(query)s);
const body = JSON.stringify({query: %(query)s}), read = [], all = [];
const tell = name => answer => read.push(name + ' ' + answer.type);
const form = document.createElement('form'), frame = document.createElement('iframe'), image = new Image();
frame.name = 'cadre'; form.target = 'cadre'; form.method = 'POST'; form.action = url;
all.push(new Promise(done => { frame.onload = done; }));
document.body.append(frame, form); form.submit();
all.push(new Promise(done => { image.onload = () => { read.push('img'); done(); }; image.onerror = done; }));
image.src = url;
const json = {'content-type': 'application/json'}, text = {'content-type': 'text/plain'};
for (const [name, options] of Object.entries({get: {}, simple: {method: 'POST', headers: text, body,
    mode: 'no-cors'},    json: {method: 'POST', headers: json, body}, opaque: {mode: 'no-cors'}}))
  all.push(fetch(url, {credentials: 'include', ...options}).then(tell(name)).catch(() => 0));
all.push(new Promise(done => {
  const socket = new WebSocket('ws://%(host)s:%(port)d/graphql', 'graphql-ws');
  socket.onopen = () => { read.push('websocket'); done(); }; socket.onerror = done;
}));
window.over = Promise.all(all).then(() => read);
</script>"""


def test_a_real_browser_lets_another_page_do_nothing(served: Served) -> None:
    """Chromium, which has opened the interface, opens the attacker's page: by port, by name, by rebinding."""

    class Attacker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            values = {"host": self.path.strip("/"), "port": served.port, "query": json.dumps(ON)}
            self.wfile.write((ATTACK % values).encode())

        def log_message(self, *_: object) -> None:
            pass

    attacker = ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
    threading.Thread(target=attacker.serve_forever, daemon=True).start()
    names = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with contextlib.closing(attacker.socket), chromium(names) as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{served.port}/{served.link}", wait_until="commit")
        page.wait_for_url(lambda url: "jeton" not in url, wait_until="commit")
        assert page.context.cookies()[0]["sameSite"] == "Strict"
        own = "fetch('/graphql', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{}'})"
        assert page.evaluate(f"{own}.then(answer => answer.status)") == 400, "the page itself is answered"
        for origin, target in {
            "127.0.0.1": "127.0.0.1",
            "localhost": "127.0.0.1",
            "ailleurs.example": "127.0.0.1",
            "autre.example": "ailleurs.example",
        }.items():
            page.goto(f"http://{origin}:{attacker.server_address[1]}/{target}")
            assert page.evaluate("window.over") == []
        rebound = page.goto(f"http://ailleurs.example:{served.port}/")
        assert rebound is not None and rebound.status == 421
        attacker.shutdown()


# The documentation


def test_the_documentation_is_three_files_and_no_other(tmp_path: Path) -> None:
    """`make docs`: nothing else of that folder, no listing, nothing above; the same guard."""
    for name in ("index.html", "manifest.json", "catalog.json", "run_results.json", "secret.txt"):
        (tmp_path / name).write_text(f"contenu de {name}")
    port, said = free_port(), io.StringIO()
    with contextlib.redirect_stdout(said):
        listener = on_port(dbt_docs.pages(tmp_path), "Documentation", port)
        thread = threading.Thread(target=listener.run, daemon=True)
        thread.start()
        wait_for(lambda: "jeton" in said.getvalue())
        one = Served(SimpleNamespace(), port, [said.getvalue()])
        closed = one.ask("GET", "/manifest.json")
        one.cookie = one.ask("GET", f"/{one.link}").headers["Set-Cookie"].partition(";")[0]
    assert closed.status == 403 and "contenu" not in closed.text
    for path in ("/", "/manifest.json", "/catalog.json?cb=1"):
        assert "contenu" in one.ask("GET", path, Cookie=one.cookie).text
    for path in (
        "/run_results.json",
        "/secret.txt",
        "/.",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "//",
        "/manifest.json/",
    ):
        assert "contenu" not in one.ask("GET", path, Cookie=one.cookie).text
    assert one.ask("GET", "/manifest.json", Host="ailleurs.example", Cookie=one.cookie).status == 421
    listener.should_exit = True
    thread.join(timeout=10)


# The purge in Dagster


class Reached(Exception):
    """The purge would begin."""


@pytest.fixture
def purge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, str]], str]:
    """Runs the job on a database `donnees@pg.example`: what it says, or « purge » when nothing held it."""
    info = SimpleNamespace(dbname="donnees", host="pg.example", port=5432)
    connection = contextlib.nullcontext(SimpleNamespace(info=info))
    monkeypatch.setattr(retention, "psycopg", SimpleNamespace(connect=lambda _: connection))

    def begin(_settings: object) -> None:
        raise Reached

    monkeypatch.setattr(retention, "parse", begin)
    job = retention.retention(settings_of(tmp_path)).resolve_job_def("purge")

    def run(text: str, tags: dict[str, str]) -> str:
        (tmp_path / FILE).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        with dg.DagsterInstance.ephemeral() as instance:
            done = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
        failure = next(event.step_failure_data for event in done.all_events if event.is_step_failure)
        return "purge" if "Reached" in str(failure.error) else failure.user_failure_data.description

    return run


def allowed(base: str = "donnees@pg.example", days: int = 30) -> str:
    review = date.today() + timedelta(days=days)
    return f'purges:\n  - {{base: "{base}", motif: Validé, approbateur: Comité, revue: {review}}}\n'


def test_a_click_on_the_purge_deletes_nothing(purge: Callable) -> None:
    """The job launched by hand, by anybody's click: refused even where the schedule may act."""
    for text in ("purges: []\n", allowed()):
        assert "lancée à la main" in purge(text, {}) and "make purge" in purge(text, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("purges: []\n", "ne dit pas que la purge de donnees@pg.example peut partir"),
        (allowed("donnees@autre.example"), "ne dit pas que la purge de donnees@pg.example peut partir"),
        (allowed(days=-1), "attend une revue"),
        (allowed(days=1000), "revue est trop loin"),
        ("purges: oui\n", "une liste"),
        ("purges: [{base: donnees@pg.example}]\n", "quatre clés"),
    ],
)
def test_a_schedule_turned_on_deletes_nothing_unless_it_was_decided(
    purge: Callable, text: str, said: str
) -> None:
    """The schedule, turned on by a click: a reviewed file names the database, or nothing goes."""
    assert said in purge(text, {SCHEDULE_NAME_TAG: "purge_chaque_semaine"})


def test_a_decided_purge_leaves_by_its_schedule(purge: Callable) -> None:
    """The same file lets the schedule act where it says so."""
    assert purge(allowed(), {SCHEDULE_NAME_TAG: "purge_chaque_semaine"}) == "purge"
