"""Runs the dashboard in this process, and the data layer in a child that is kept alive."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx

from data_layer.memory import keep_freed
from poama_panel.settings import JWKS_FILE, ViewSettings

log = logging.getLogger(__name__)

_START_SECONDS = 60.0
_STOP_SECONDS = 25.0


def write_demo_data(folder: Path) -> None:
    """Put the demo data into ``folder``, by another process: NetCDF stays out of this one."""
    subprocess.run([sys.executable, "-m", "data_layer.demo", str(folder)], check=True)  # noqa: S603


class DataLayer:
    """The data layer as a child process, started again when it ends by itself."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self._command = [sys.executable, "-m", "data_layer.server"]
        self._command += ["--data", str(folder), "--keys", str(keys)]
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self._port = int(s.getsockname()[1])
        self._command += ["--port", str(self._port)]
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the child; it has a session of its own, so that Ctrl-C reaches us first."""
        self._child = subprocess.Popen(  # noqa: S603
            self._command, start_new_session=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )

    def ready(self, seconds: float) -> bool:
        """Whether it is ready within that time; ``False`` at once when it gives up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._child is not None and self._child.poll() is not None:
                return False
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return True
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        return False

    async def keep_alive(self) -> None:
        """Start the child again when it ends, ever more slowly when it ends at once."""
        pause = 0.5
        while True:
            await asyncio.sleep(pause)
            if self._child is None or self._child.poll() is None:
                pause = max(0.5, pause / 2)
                continue
            log.error("the data layer ended (%s); starting it again", self._child.returncode)
            self.start()
            pause = min(30.0, pause * 2)

    def stop(self) -> None:
        """Ask the child to finish, and wait for it."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def run(settings: ViewSettings, data: Path | None, *, notice: str = "") -> None:
    """Serve until SIGTERM or Ctrl-C.

    Parameters
    ----------
    settings: of the dashboard.
    data: folder for a data layer beside it; ``None`` for the one at
        ``settings.data_url``.
    notice: printed with the address.
    """
    keep_freed()
    layer = None
    if data is not None:
        layer = DataLayer(data, settings.state_dir / JWKS_FILE)
        settings = settings.model_copy(update={"data_url": layer.url})
        layer.start()
    try:
        asyncio.run(_serve(settings, layer, notice))
    except OSError as error:
        sys.exit(
            f"The dashboard cannot listen on {settings.host}:{settings.port} "
            f"({error.strerror or error}). Choose another port with --port."
        )
    finally:
        if layer is not None:
            layer.stop()


async def _serve(settings: ViewSettings, layer: DataLayer | None, notice: str) -> None:
    from poama_panel.app import make_app
    from poama_panel.serving import build_server

    server = build_server(make_app(settings), settings)
    # What was imported stays, and so does most of what a page makes, some 15,000 objects:
    # looking for garbage among them every 700 is a sixth of what a page costs.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server.start()
    keeper = None
    if layer is not None:
        if not await asyncio.to_thread(layer.ready, _START_SECONDS):
            server.stop()
            sys.exit("The data layer did not start; its own lines above say why.")
        keeper = asyncio.create_task(layer.keep_alive())
    for line in (
        f"\nThe dashboard is at  {settings.origins(server.port)[0]}{settings.prefix}/",
        notice,
    ):
        if line:
            click.echo(line)
    click.echo("Stop it with Ctrl-C.")
    await stop.wait()
    if keeper is not None:
        keeper.cancel()
    server.stop()
