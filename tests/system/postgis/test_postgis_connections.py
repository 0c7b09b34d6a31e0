"""Connections: a bounded number, a bounded time, and none left behind."""

import socket
import threading
from contextlib import ExitStack

import pytest

from layers.errors import SourceError, UnavailableError
from layers.sources.postgis import connections
from layers.sources.postgis.address import connection_string, without_secrets
from layers.sources.postgis.connections import Database, close_all, transaction
from support.postgres import PASSWORD, run_sql

pytestmark = pytest.mark.postgis


def others(database: str) -> int:
    """Connections of ours that the server has."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'garrigue'"
    return run_sql(connection_string(database), sql)[0][0]


def test_there_are_no_more_connections_than_are_allowed_and_few_are_kept(database, monkeypatch):
    close_all()
    monkeypatch.setattr(connections, "WAIT", 0.1)
    asked = Database(database, 21)
    with ExitStack() as stack:
        for _ in range(connections.OPEN):
            stack.enter_context(transaction(asked))
        with pytest.raises(UnavailableError, match="too many requests use the database now"):
            stack.enter_context(transaction(asked))
        assert others(database) == connections.OPEN
    assert others(database) == connections.KEPT
    close_all()
    assert others(database) == 0


def test_many_threads_share_them(database):
    found = []

    def ask() -> None:
        with transaction(Database(database)) as connection:
            found.append(connection.rows("SELECT 1 FROM pg_sleep(0.01)")[0][0])

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 30
    assert others(database) <= connections.KEPT


def test_a_connection_that_the_server_closed_is_opened_again(database):
    for _ in range(3):
        with transaction(Database(database)) as connection:
            assert connection.rows("SELECT 1")
        run_sql(
            connection_string(database),
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'garrigue'",
        )


def test_a_connection_that_is_lost_half_way_is_told_and_given_up(database):
    def lose() -> None:
        with transaction(Database(database)) as connection:
            pid = connection.rows("SELECT pg_backend_pid()")[0][0]
            run_sql(connection_string(database), f"SELECT pg_terminate_backend({pid})")
            connection.rows("SELECT 1")

    with pytest.raises(UnavailableError, match="cannot be reached now"):
        lose()
    with transaction(Database(database)) as connection:
        assert connection.rows("SELECT 1")


def test_a_statement_that_takes_too_long_is_given_up(database):
    asked = Database(database, 1)
    with pytest.raises(UnavailableError, match="did not answer within 1 s"), transaction(asked) as connection:
        connection.rows("SELECT 1 FROM pg_sleep(60)")
    with transaction(asked) as connection:
        assert connection.rows("SELECT 1")


def test_a_server_that_takes_a_connection_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"host=127.0.0.1 port={silent.getsockname()[1]} dbname=x connect_timeout=2"
        with pytest.raises(UnavailableError, match="cannot be reached now"), transaction(Database(address)):
            pass


def test_a_transaction_that_reads_cannot_write(database):
    with pytest.raises(SourceError, match="read-only transaction"), transaction(Database(database)) as connection:
        connection.run("CREATE TABLE interdit (i int)")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("${B_ADRESSE}", "postgresql://h/b?"),
        ("postgresql://u:${B_SECRET}@h/b", "postgresql://u:mot%20de%20passe%3As%C3%A9cret%40%2F%25@h/b?"),
        ("host=h password=${B_SECRET}", "keepalives_count=3 host=h password='mot de passe:sécret@/%'"),
        ("sig", "service='sig'"),
    ],
)
def test_variables_are_put_in_as_their_place_wants_them(monkeypatch, address, expected):
    monkeypatch.setenv("B_ADRESSE", "postgresql://h/b")
    monkeypatch.setenv("B_SECRET", PASSWORD)
    found = connection_string(address)
    assert expected in found
    assert "connect_timeout=5" in found
    told = without_secrets(f"cannot connect to {found} as {PASSWORD}", found)
    assert PASSWORD not in told or address in ("${B_ADRESSE}", "sig")
    assert "s%C3%A9cret" not in told
