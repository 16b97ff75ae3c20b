"""The application, and its life from start to drained end."""

from __future__ import annotations

import asyncio
import logging
import signal
import time

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from data_layer.auth.tokens import Verifier
from data_layer.memory import keep_freed
from data_layer.server.handlers import UnknownHandler
from data_layer.server.routes import ROUTES
from data_layer.server.service import Service
from data_layer.settings import DataSettings

log = logging.getLogger(__name__)
access = logging.getLogger("data_layer.access")

# Long enough for a balancer that looks at /readyz each second to notice.
NOTICE_SECONDS = 1.0

LIMITS = {
    "max_header_size": 16_384,
    "max_body_size": 65_536,
    "idle_connection_timeout": 75.0,
    "body_timeout": 10.0,
}


def make_app(service: Service, verifier: Verifier) -> web.Application:
    """The Tornado application: the routes of the table, and a refusal for all else."""
    shared = {"service": service, "verifier": verifier}
    return web.Application(
        [(route.pattern, route.handler, shared) for route in ROUTES],
        default_handler_class=UnknownHandler,
        default_handler_args=shared,
        log_function=log_request,
        serve_traceback=False,
    )


def log_request(handler: web.RequestHandler) -> None:
    """One line for an answer: no query, no headers, so no secret."""
    request = handler.request
    milliseconds = 1000 * request.request_time()
    path = request.path[:300].encode("ascii", "backslashreplace").decode()
    access.info("%d %s %s %.1f ms", handler.get_status(), request.method, path, milliseconds)


async def serve(settings: DataSettings, stop: asyncio.Event | None = None) -> None:
    """Serve until SIGTERM, SIGINT or ``stop``; then finish what was begun, and return.

    Raises
    ------
    ValueError, OSError: no usable key file, no folder, or the port is taken.
    """
    if not settings.folder.is_dir():
        raise ValueError(f"There is no folder {str(settings.folder)!r}; name the archive's folder.")
    keep_freed()
    verifier = Verifier.from_file(settings.keys)
    stop = stop or asyncio.Event()
    service = Service(settings)
    server = HTTPServer(make_app(service, verifier), **LIMITS)
    sockets = bind_sockets(settings.port, settings.host)
    server.add_sockets(sockets)
    service.start()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log.info("listening on http://%s:%d", settings.host, sockets[0].getsockname()[1])
    try:
        await stop.wait()
        await _drain(server, service)
    finally:
        await service.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _drain(server: HTTPServer, service: Service) -> None:
    log.info("stopping")
    service.draining = True
    await asyncio.sleep(min(NOTICE_SECONDS, service.settings.drain_seconds))
    server.stop()
    end = time.monotonic() + service.settings.drain_seconds
    while service.active and time.monotonic() < end:
        await asyncio.sleep(0.05)
    await server.close_all_connections()
