"""Torture: servers, their database and what connects them are killed, stopped and cut off while clients write.

Each client repeats a command, with its id, on any server until it is answered. Afterwards every acknowledged command is
there once, logs have no gap, tables are what the logs say, and every server shows the same.

    python -m tests.many_servers.torture --faults 100 --seed 7
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from types import TracebackType
from typing import Any, NamedTuple

import httpx

from chatdoc import open_store
from tests import plain_http
from tests.many_servers.link import Link
from tests.many_servers.server_process import SERVE, Server
from tests.postgres_cluster import Cluster, cluster
from tests.postgres_pair import Pair, pair

THREAD = "01M8J4VHWACFE3DNJAKQVE203F"
PAUSE_S = 0.05
STOPPED_S = 2.5
CUT_S = 3.0


class Client(threading.Thread):
    """Writes to all documents in turn; each command is repeated until it is answered."""

    def __init__(self, name: str, servers: list[Server], documents: list[str], seed: int) -> None:
        super().__init__(daemon=True)
        self.name, self._servers, self._documents = name, servers, documents
        self._random = Random(seed)
        self.acknowledged: list[tuple[str, str, Any]] = []
        """Document, content, answer."""
        self.repeats = 0
        self.refused: list[Any] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Until it is over; the command that was begun is seen through."""
        number = 0
        with plain_http.client(timeout=httpx.Timeout(4.0, connect=1.0)) as http:
            while not self.is_over.is_set():
                number += 1
                document = self._random.choice(self._documents)
                content = f"{self.name} {number}"
                command = {
                    "type": "send", "thread_id": THREADS[document], "sender_id": self.name,
                    "content": content, "command_id": f"{self.name}-{number}",
                }  # fmt: skip
                answer = self._until_answered(http, document, command)
                if answer is not None:
                    self.acknowledged.append((document, content, answer))

    def _until_answered(self, http: httpx.Client, document: str, command: dict[str, Any]) -> Any:
        for attempt in range(400):
            server = self._random.choice(self._servers)
            self.repeats += attempt > 0
            with contextlib.suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{server.port}/api/documents/{document}/commands"
                came = http.post(url, json=command)
                if came.status_code == 200:
                    return came.json()
                if came.status_code < 500 and came.status_code not in (409, 429):
                    self.refused.append(came.json())
                    return None
            time.sleep(PAUSE_S)
        self.refused.append(f"never answered: {command['command_id']}")
        return None


THREADS: dict[str, str] = {}
"""The thread of each document."""


class Outcome(NamedTuple):
    """What came of a run."""

    faults: Counter[str]
    acknowledged: int
    repeats: int
    swallowed: int
    """Notifications that no server heard."""
    problems: list[str]


class Torture:
    """A cluster, servers and clients; `with` ends them."""

    def __init__(
        self,
        *,
        servers: int,
        clients: int,
        documents: int,
        seed: int,
        has_standby: bool = False,
        program: Sequence[str] = SERVE,
    ) -> None:
        self._program = program
        self._random = Random(seed)
        self._closing = contextlib.ExitStack()
        self.cluster: Cluster | Pair = self._closing.enter_context(
            pair() if has_standby else cluster(settings="-c fsync=on")
        )
        self.url = self.cluster.create_database("torture")
        self.names = [f"d{number}.chat" for number in range(documents)]
        with open_store(self.url) as store:
            for name in self.names:
                with store.open(name) as doc:
                    THREADS[name] = doc.create_thread(sender_id="ada", content="Hello").thread_id
        self.links: list[Link] = []
        self.servers = [self._server() for _ in range(servers)]
        self.clients = [Client(f"c{one}", self.servers, self.names, seed + one) for one in range(clients)]
        self._is_restarting = threading.Lock()

    def run(self, faults: int) -> Outcome:
        """Inflict so many faults, then let all calm down and look."""
        done: Counter[str] = Counter()
        for client in self.clients:
            client.start()
        kinds = {
            "server killed": self._kill_server,
            "server stopped and continued": self._stop_server,
            "database killed": self._kill_database,
            "hints cut off": lambda: self._cut("chatdoc hints"),
            "connections cut off": lambda: self._cut("chatdoc store"),
            "network cut": self._cut_network,
            "notifications dropped": self._drop_notifications,
        }
        if isinstance(self.cluster, Pair):
            kinds["standby promoted"] = self.cluster.fail_over
        for number in range(faults):
            time.sleep(self._random.uniform(0.05, 0.4))
            kind = list(kinds)[number % len(kinds)]
            kinds[kind]()
            done[kind] += 1
        time.sleep(0.5)
        for client in self.clients:
            client.is_over.set()
        for client in self.clients:
            client.join(90)
        return Outcome(
            done,
            sum(len(client.acknowledged) for client in self.clients),
            sum(client.repeats for client in self.clients),
            sum(link.swallowed for link in self.links),
            self.problems(),
        )

    def problems(self) -> list[str]:
        """What is not as it must be."""
        found = [f"{client.name} did not end" for client in self.clients if client.is_alive()]
        found += [f"{client.name}: {one}" for client in self.clients for one in client.refused]
        acknowledged: dict[str, Counter[str]] = {name: Counter() for name in self.names}
        for client in self.clients:
            for document, content, _ in client.acknowledged:
                acknowledged[document][content] += 1
        with open_store(self.url) as store:
            for name in self.names:
                with store.open(name) as doc:
                    there = Counter(one.content for one in doc.messages(THREADS[name]))
                    if not doc.check(full=True).ok:
                        found.append(f"{name} breaks a rule")
                found += [f"{name}: lost {one}" for one in acknowledged[name] if one not in there]
                found += [f"{name}: {count} times {one}" for one, count in there.items() if count > 1]
                found += [f"{name}: {one}" for one in store.verify(name)]
                for server in self.servers:
                    shown = self._shown(server, name)
                    if shown != sum(there.values()):
                        found.append(f"{name}: a server shows {shown} of {sum(there.values())}")
        return found

    def _shown(self, server: Server, name: str) -> int:
        url = f"http://127.0.0.1:{server.port}/api/documents/{name}/threads"
        came = plain_http.request("GET", url, timeout=20).json()
        return int(next(one["messages"] for one in came["threads"] if one["thread_id"] == THREADS[name]))

    def _server(self) -> Server:
        folders = self.cluster.folders if isinstance(self.cluster, Pair) else [self.cluster.folder]
        link = self._closing.enter_context(Link(folders))
        url = self.url
        for theirs, ours in zip(folders, link.folders, strict=True):
            url = url.replace(str(theirs), str(ours))
        self.links.append(link)
        return Server("--store", url, program=self._program)

    def _kill_server(self) -> None:
        server = self._random.choice(self.servers)
        server.end(signal.SIGKILL)
        server.start()

    def _stop_server(self) -> None:
        server = self._random.choice(self.servers)
        server.tell(signal.SIGSTOP)
        time.sleep(STOPPED_S * self._random.random())
        server.tell(signal.SIGCONT)

    def _kill_database(self) -> None:
        self.cluster.kill()
        self.cluster.start_again()

    def _cut_network(self) -> None:
        """Nothing passes between a server and the database for a while, and nobody is told; then all is reset."""
        link = self._random.choice(self.links)
        link.hold()
        time.sleep(CUT_S * self._random.random())
        link.let_go()

    def _drop_notifications(self) -> None:
        """A server hears no notification for a while, and its connections stay."""
        link = self._random.choice(self.links)
        link.swallow(is_on=True)
        time.sleep(CUT_S * self._random.random())
        link.swallow(is_on=False)

    def _cut(self, who: str) -> None:
        self.cluster.say(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{who}'"
        )

    def __enter__(self) -> Torture:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self.servers:
            server.tell(signal.SIGCONT)
            server.end(signal.SIGKILL)
        self._closing.close()


def main() -> None:
    """Run it from the terminal."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("faults", 50), ("servers", 2), ("clients", 8), ("documents", 20), ("seed", 7)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument(
        "--standby", action="store_true", help="with a synchronous standby, which is promoted"
    )
    given = parser.parse_args()
    begin = time.monotonic()
    with Torture(
        servers=given.servers,
        clients=given.clients,
        documents=given.documents,
        seed=given.seed,
        has_standby=given.standby,
    ) as torture:
        outcome = torture.run(given.faults)
    print(f"{dict(outcome.faults)} in {time.monotonic() - begin:.0f} s")
    print(
        f"{outcome.acknowledged} commands acknowledged, {outcome.repeats} repeats, "
        f"{outcome.swallowed} notifications lost"
    )
    print("\n".join(outcome.problems) or "nothing lost, nothing twice, no gap, no difference")
    sys.exit(bool(outcome.problems))


if __name__ == "__main__":
    main()
